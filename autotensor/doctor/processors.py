"""The processors: their widest instructions, and how many of them this process may really use."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from autotensor.doctor.facts import Machine

NUMPY_EXTENSION = "numpy._core._multiarray_umath"
LEVELS = ("SSE", "AVX", "AVX2", "AVX-512")  # vectors of 4, 8, 8 (with multiply-add) and 16 float32 numbers
KERNELS = {  # what OpenBLAS calls its kernels for x86, by the instructions that they use
    "SSE": "Katmai Coppermine Northwood Prescott Banias Core2 Penryn Dunnington Nehalem Atom Athlon Opteron Opteron_SSE3"
    " Barcelona Bobcat Nano",
    "AVX": "Sandybridge Bulldozer Piledriver Steamroller",
    "AVX2": "Haswell Zen Excavator",
    "AVX-512": "SkylakeX Cooperlake SapphireRapids",
}
LEVEL_OF_KERNELS = {name.lower(): level for level, names in KERNELS.items() for name in names.split()}


def machine() -> Machine:
    """What runs here."""
    return Machine(
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        platform=platform.platform(),
        processor=_processor(),
        vectors=level_of(_cpu_flags() | _numpy_features()),
        processors=os.cpu_count() or 1,
        allowed=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        quota=quota(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        slowed_by=tuple(_slowed_by()),
    )


def level_of(features: Iterable[str]) -> str | None:
    """The highest of LEVELS that a processor with these features reaches; they may be named as in Linux or in NumPy.

    >>> level_of({"sse2", "avx", "avx2", "fma"}), level_of({"AVX512F", "AVX512_SKX", "AVX2"}), level_of({"ASIMD"})
    ('AVX2', 'AVX-512', None)
    """
    names = {name.lower() for name in features}
    # OpenBLAS's own condition: the first processors with AVX-512, Knights Landing, have F without VL and do not meet it
    if {"avx512f", "avx512vl"} <= names or {"avx512_skx", "x86_v4"} & names:
        return "AVX-512"
    if "avx2" in names or "x86_v3" in names:
        return "AVX2"
    return "AVX" if "avx" in names else "SSE" if {"sse2", "x86_v2"} & names else None


def level_of_kernels(kernels: str | None) -> str | None:
    """The instructions that kernels of this name use; None for other processors and new names.

    >>> level_of_kernels("Haswell"), level_of_kernels("NEOVERSEN1")
    ('AVX2', None)
    """
    return LEVEL_OF_KERNELS.get(kernels.lower()) if kernels else None


def quota(listing: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Processors' worth of time that control groups grant to this process, those above its own included.

    None without a limit, and on systems without control groups. `listing` and `root` are where Linux shows them.

    Source: the kernel's admin-guide, cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (cpu.cfs_quota_us).
    """
    try:
        lines = listing.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return None
    limits = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            bases = [root, root / "unified"]
        elif "cpu" in controllers.split(","):
            bases = [root / "cpu", root / controllers]
        else:
            continue
        for base in bases:
            # a container may see the machine's path and only its own folders: what is not there is passed over
            own = base / path.lstrip("/")
            limits += [limit for folder in (own, *own.parents) if folder.is_relative_to(base) for limit in _limits(folder)]
    return min(limits, default=None)


def _limits(folder: Path) -> Iterator[float]:
    """The limit that one control group sets, in either version."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            words = [word for name in names for word in (folder / name).read_text(encoding="utf-8").split()]
            granted, period = map(int, words)
        except (OSError, ValueError):  # absent, or "max": no limit
            continue
        if granted > 0 and period > 0:
            yield granted / period


def _processor() -> str:
    for line in _cpuinfo():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cpu_flags() -> set[str]:
    for line in _cpuinfo():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()


def _cpuinfo() -> list[str]:
    """Linux's description of the processors."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _numpy_features() -> set[str]:
    """What NumPy has found; its table is not public, and may go."""
    try:
        extension = importlib.import_module(NUMPY_EXTENSION)
    except ImportError:
        return set()
    return {name for name, has in getattr(extension, "__cpu_features__", {}).items() if has}


def _slowed_by() -> Iterator[str]:
    if sys.gettrace() is not None:
        yield "a tracer (a debugger, a coverage tool)"
    if sys.getprofile() is not None:
        yield "a profiler"
    if hasattr(sys, "gettotalrefcount"):
        yield "a debug build of Python"
    if sys.flags.dev_mode:
        yield "Python's development mode (-X dev)"
