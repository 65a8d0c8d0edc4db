"""What lies around the process: environment variables, cached files, the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autotensor.doctor.facts import Folder, Terminal
from autotensor.keras.datasets.downloading import cache_folder
from autotensor.pictures.sparklines import can_show

if TYPE_CHECKING:
    from rich.console import Console

KERNEL_CHOICE = "OPENBLAS_CORETYPE"
NUMPY_CHOICE = "NPY_DISABLE_CPU_FEATURES"
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
WATCHED = (KERNEL_CHOICE, NUMPY_CHOICE, *THREADS, NO_BYTECODE, "KERAS_HOME")


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that matter here and are set, in `variables` or else in this process.

    >>> environment({"OMP_NUM_THREADS": "2", "HOME": "/"})
    {'OMP_NUM_THREADS': '2'}
    """
    given = os.environ if variables is None else variables
    return {name: given[name] for name in WATCHED if given.get(name)}


def folders() -> tuple[Folder, ...]:
    """Where autotensor keeps files: the data sets that it downloaded."""
    return (_folder("data sets", cache_folder()),)


def terminal(console: Console) -> Terminal:
    """What standard output can show; `console` is rich's, which knows the variables and terminals that there are."""
    return Terminal(
        interactive=console.is_terminal,
        width=console.width,
        colours=console.color_system or "none",
        unicode=can_show("█×", sys.stdout),
    )


def _folder(purpose: str, path: Path) -> Folder:
    sizes = []
    for place, _, names in os.walk(path):  # what may not be read is passed over
        for name in names:
            try:
                sizes.append(Path(place, name).stat().st_size)
            except OSError:  # removed meanwhile, or a link to nothing
                continue
    return Folder(purpose, str(path), path.is_dir(), len(sizes), sum(sizes))
