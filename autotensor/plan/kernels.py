"""Kernels as machine code, by Numba (extra `fast`): each text is compiled once, kept on disk and shared by all plans.

Without fast-math, so a kernel gives the very bits of the NumPy calls that it stands for.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import inspect
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from autotensor.core.spec import Array
from autotensor.plan import polynomials
from autotensor.plan.row_functions import row_argmax, row_max, row_min, row_pick, row_sum

HEADER = '''"""A kernel that autotensor wrote; safe to delete."""
from math import inf, nan, sqrt
from typing import Any

from numba import njit
from numpy import bool_, empty, float32, float64, int32
'''
CALLED = {
    f.__name__: f for f in (row_sum, row_max, row_min, row_argmax, row_pick, polynomials.exp, polynomials.tanh, polynomials.erf)
}
"""What a kernel may call: its file holds their text too."""
_known: dict[str, Callable[..., None]] = {}
_lock = threading.Lock()


def available() -> bool:
    """Whether Numba is installed; it is not imported yet."""
    return importlib.util.find_spec("numba") is not None


def folder() -> Path:
    """Where kernels are kept: the user's cache, or `AUTOTENSOR_CACHE`."""
    base = os.environ.get("AUTOTENSOR_CACHE")
    if base:
        return Path(base) / "kernels"
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "autotensor" / "kernels"


def compiled(text: str) -> Callable[..., None]:
    """The kernel of a text as a function of arrays; its machine code is made at the first call, or read from disk."""
    key = key_of(text)
    with _lock:
        found = _known.get(key)
        if found is None:
            found = _known[key] = _loaded(text)
        return found


def prepare(kernel: Any, arrays: Sequence[Array]) -> None:
    """Make the machine code of a kernel for arrays like these, or read it from disk; nothing is run."""
    from numba import typeof

    kernel.compile(tuple(map(typeof, arrays)))


@functools.cache
def file_of(text: str) -> str:
    """The file of a kernel: with the functions that it calls."""
    called = [inspect.getsource(f) for name, f in CALLED.items() if re.search(rf"\b{name}\(", text)]
    parts = [HEADER, *(f'@njit(error_model="numpy")\n{each}' for each in called)]
    return "\n\n".join([*parts, f'@njit(cache=True, error_model="numpy", nogil=True)\n{text}'])


def _loaded(text: str) -> Callable[..., None]:
    name = _module(text)
    place = _written(f"{name}.py", file_of(text))
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None  # noqa: S101 - for the type checker: the file ends in .py
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # without it Numba does not find its cache again
    spec.loader.exec_module(module)
    return module.kernel


def _written(name: str, text: str) -> Path:
    """The file of a kernel; in a temporary folder where the cache cannot be written."""
    for place in (folder(), Path(tempfile.gettempdir()) / f"autotensor-kernels-{os.getuid() if hasattr(os, 'getuid') else 0}"):
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
            path = place / name
            if not path.exists() or path.read_text() != text:
                handle, part = tempfile.mkstemp(dir=place, suffix=".part")
                with os.fdopen(handle, "w") as file:
                    file.write(text)
                Path(part).replace(path)  # whole or not at all, also with several processes
            return path
    raise OSError("no folder for compiled kernels can be written; set AUTOTENSOR_CACHE to one.")


LEAST = 0.05  # seconds that making kernels ready costs at least


def cost(texts: Iterable[str]) -> float:
    """Seconds that it takes to make kernels ready: a guess, on the safe side, from what is on disk."""
    start = 0.0 if "numba" in sys.modules else 0.6
    ready = [key_of(text) in _known or (folder() / f"{_module(text)}.py").exists() for text in set(texts)]
    return start + sum(0.03 if there else 0.35 for there in ready)


def key_of(text: str) -> str:
    """What a kernel is known by: the text of its file alone."""
    return hashlib.sha256(file_of(text).encode()).hexdigest()[:20]


def _module(text: str) -> str:
    return f"autotensor_kernel_{key_of(text)}"


def call_name(members: Any) -> str:
    """A name for a kernel in a plan's source: what it computes, unless that is too much for a name."""
    words: list[str] = []
    for v in members:
        if not words or words[-1] != v.primitive.name:
            words.append(v.primitive.name)
    return f"{words[0]}_kernel" if len(words) == 1 else "_".join(words) if len(words) <= 4 else ""
