"""The BLAS that NumPy has loaded, asked itself: which library, which kernels, how many threads."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autotensor.doctor.facts import Blas
from autotensor.doctor.processors import NUMPY_EXTENSION

PREFIXES = ("scipy_", "")  # the wheels' OpenBLAS has names of its own, lest it meet another one in the process
SUFFIXES = ("64_", "_64", "")  # 64: integers of 64 bits


def blas() -> Blas:
    """The library in this process."""
    return read(_libraries(), built())


def read(libraries: list[Any], built: Mapping[str, Any]) -> Blas:
    """What the first of `libraries` that is a known BLAS says; where none does, what NumPy was built with.

    `libraries` have C functions as attributes, as ctypes loads them; `built` is NumPy's build record of its BLAS.
    """
    name, version = str(built.get("name") or "unknown"), str(built.get("version") or "")
    for library in libraries:
        for reader in (_openblas, _mkl, _blis):
            found: Blas | None = reader(library, version)
            if found is not None:
                return found
    if "accelerate" in name.lower():
        reason = "Accelerate does not tell its kernels or threads; VECLIB_MAXIMUM_THREADS sets the threads"
        return Blas("Accelerate", version, None, None, (reason,))
    return Blas(name, version, None, None, (f"kernels and threads: {name!r} is not a library that the doctor can ask",))


def built() -> Mapping[str, Any]:
    """NumPy's build record of its BLAS; empty if it keeps none."""
    record: Any = np.show_config(mode="dicts")
    return record.get("Build Dependencies", {}).get("blas", {})


def _libraries() -> list[ctypes.CDLL]:
    """NumPy's own extension, whose look-up reaches the libraries that it is linked to, and those that lie in the wheel.

    Nothing new is loaded: the extension is in the process, and opening it again finds the one that is there. On Windows a look-up
    does not go on to other libraries, so there the one in the wheel is opened.
    """
    paths = []
    with contextlib.suppress(ImportError):
        paths.append(str(importlib.import_module(NUMPY_EXTENSION).__file__))
    if hasattr(ctypes, "WinDLL"):
        paths += map(str, Path(np.__file__).parent.with_name("numpy.libs").glob("*openblas*.dll"))
    opened = []
    for path in paths:
        with contextlib.suppress(OSError):  # linked into the interpreter
            opened.append(ctypes.CDLL(path))
    return opened


def _openblas(library: Any, version: str) -> Blas | None:
    for prefix in PREFIXES:
        for suffix in SUFFIXES:
            corename = _function(library, f"{prefix}openblas_get_corename{suffix}", ctypes.c_char_p)
            if corename is None:
                continue
            config = _function(library, f"{prefix}openblas_get_config{suffix}", ctypes.c_char_p)
            threads = _function(library, f"{prefix}openblas_get_num_threads{suffix}", ctypes.c_int)
            words = _text(config).split() if config else []  # "OpenBLAS 0.3.31 DYNAMIC_ARCH ..."
            return Blas(
                "OpenBLAS",
                words[1] if len(words) > 1 else version,
                _text(corename) or None,
                threads() if threads else None,
                () if threads else ("threads: this OpenBLAS has no function that tells",),
            )
    return None


def _mkl(library: Any, version: str) -> Blas | None:
    threads = _function(library, "MKL_Get_Max_Threads", ctypes.c_int)
    if threads is None:
        return None
    describe = _function(library, "MKL_Get_Version_String", None)
    if describe is not None:
        buffer = ctypes.create_string_buffer(200)
        describe(buffer, ctypes.c_int(len(buffer)))
        version = buffer.value.decode("ascii", "replace").strip() or version
    return Blas("MKL", version, None, threads(), ("kernels: MKL chooses them and does not tell",))


def _blis(library: Any, version: str) -> Blas | None:
    name = _function(library, "bli_arch_query_id", ctypes.c_int)
    word = _function(library, "bli_arch_string", ctypes.c_char_p)
    threads = _function(library, "bli_thread_get_num_threads", ctypes.c_long)
    if name is None or word is None or threads is None:
        return None
    word.argtypes = [ctypes.c_int]  # type: ignore[attr-defined]
    return Blas("BLIS", version, (word(name()) or b"").decode("ascii", "replace") or None, max(1, threads()))


def _function(library: Any, name: str, result: Any) -> Callable[..., Any] | None:
    found: Any = getattr(library, name, None)
    if found is not None:
        found.restype = result
    return found


def _text(function: Callable[..., Any]) -> str:
    return (function() or b"").decode("ascii", "replace").strip()
