"""What the doctor knows of a machine: plain values, so that findings can be drawn from any, measured or invented."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """The interpreter and the processors."""

    python: str
    platform: str
    processor: str
    vectors: str | None  # the widest instructions it has, one of processors.LEVELS; None if it has others or does not tell
    processors: int  # logical, of the whole machine
    allowed: int  # of them, those that this process may run on
    quota: float | None  # processors' worth of time that its container grants; None without a limit
    load: float | None  # programs that want to run, averaged over a minute
    slowed_by: tuple[str, ...]  # what makes this interpreter slow: a tracer, a debug build

    @property
    def usable(self) -> int:
        """Threads that can run at once.

        >>> Machine("3.13", "Linux", "", "AVX2", 64, 64, 1.5, None, ()).usable
        2
        """
        return self.allowed if self.quota is None else max(1, min(self.allowed, math.ceil(self.quota)))


@dataclass(frozen=True)
class Blas:
    """The library that multiplies NumPy's matrices, as it is loaded."""

    library: str
    version: str
    kernels: str | None  # the processor family that it computes for, in its own word
    threads: int | None
    unknown: tuple[str, ...] = ()  # what could not be found out, and why


@dataclass(frozen=True)
class Package:
    """A distribution, wanted and found."""

    name: str
    wanted: str  # ">=3.9"; "" if any version does
    version: str | None  # None: not installed
    old: bool = False  # older than wanted


@dataclass(frozen=True)
class Extra:
    """A group of packages that can be installed with autotensor."""

    name: str
    packages: tuple[Package, ...]


@dataclass(frozen=True)
class Folder:
    """A place where files are kept between runs."""

    purpose: str
    path: str
    exists: bool
    files: int
    size: int  # bytes


@dataclass(frozen=True)
class Terminal:
    """What standard output can show."""

    interactive: bool  # False: a pipe or a file
    width: int  # columns
    colours: str  # "truecolor", "256", "standard", "windows"; "none"
    unicode: bool


@dataclass(frozen=True)
class Timing:
    """A figure of this machine beside the same work in NumPy on this machine."""

    name: str
    unit: str  # us, ms or GFLOP/s
    here: float
    by_hand: float
    ratio: float  # of the times: above 1 autotensor takes longer
    usual: float  # a ratio up to this is nothing to wonder at


@dataclass(frozen=True)
class Measured:
    """What the self-check found."""

    gradient: float  # largest difference between gradient and numeric derivative, by the largest gradient
    product_is_exact: bool  # BLAS multiplies whole numbers as integer arithmetic does
    timings: tuple[Timing, ...]
    one_thread: tuple[float, ...]  # GFLOP/s of NumPy's products of the sizes in `timings`, with one thread; empty: not known
    seconds: float  # that the self-check took


@dataclass(frozen=True)
class Facts:
    """Everything that the report shows and that findings are drawn from."""

    autotensor: str  # version
    machine: Machine
    blas: Blas
    environment: dict[str, str]  # the variables that matter here and are set
    required: tuple[Package, ...]
    extras: tuple[Extra, ...]
    folders: tuple[Folder, ...]
    terminal: Terminal
    measured: Measured
