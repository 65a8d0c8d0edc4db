"""The packages that autotensor wants: those it cannot do without, and the extras, present or missing.

Nothing is imported to find out: versions are read from what the installers wrote.
"""

from __future__ import annotations

import configparser
import contextlib
import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from autotensor.doctor.facts import Extra, Package

PURPOSES = {  # what an extra is for, in a few words
    "fast": "fused loops, by Numba",
    "viz": "drawings without `dot`",
    "plot": "figures, by matplotlib",
    "io": "files of other frameworks",
    "special": "special functions, by SciPy",
    "onnx": "models as ONNX",
    "sklearn": "scikit-learn estimators",
    "tensorboard": "TensorBoard's logs",
    "mpi": "several processes, by MPI",
    "gpu": "NVIDIA GPUs, by CuPy",
    "xla": "XLA, by JAX",
    "test": "developers: the tests",
    "lint": "developers: lint and types",
    "docs": "developers: these pages",
    "bench": "developers: the peers",
}
FOR_DEVELOPERS = "developers"

REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*\(?([^;)]*)\)?\s*(?:;(.*))?$")
OF_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


class Wanted(NamedTuple):
    """Requirements as they are declared, `numpy>=2.1`: always, and by extra."""

    required: tuple[str, ...]
    extras: dict[str, tuple[str, ...]]


def wanted() -> Wanted:
    """What the package declares: in a checkout's setup.cfg, which is never out of date, else in what pip installed."""
    checkout = Path(__file__).resolve().parents[2] / "setup.cfg"
    parser = configparser.ConfigParser()
    with contextlib.suppress(OSError, configparser.Error, UnicodeError):
        parser.read(checkout, encoding="utf-8")
    if parser.get("metadata", "name", fallback="") == "autotensor":
        return from_setup(parser)
    try:
        return from_metadata(metadata.requires("autotensor") or ())
    except metadata.PackageNotFoundError:  # the folder alone, copied somewhere
        return Wanted((), {})


def from_setup(parser: configparser.ConfigParser) -> Wanted:
    """The declarations in setup.cfg."""
    extras = {name: tuple(lines.split()) for name, lines in parser["options.extras_require"].items()}
    return Wanted(tuple(parser.get("options", "install_requires").split()), extras)


def from_metadata(requirements: Iterable[str]) -> Wanted:
    """The declarations in a wheel.

    >>> from_metadata(["numpy>=2.1", 'numba>=0.61; extra == "fast"'])
    Wanted(required=('numpy>=2.1',), extras={'fast': ('numba>=0.61',)})
    """
    required: list[str] = []
    extras: dict[str, list[str]] = {}
    for requirement in requirements:
        bare, _, condition = requirement.partition(";")
        extra = OF_EXTRA.search(condition)
        (extras.setdefault(extra[1], []) if extra else required).append(bare.strip())
    return Wanted(tuple(required), {name: tuple(group) for name, group in extras.items()})


def required(declared: Wanted) -> tuple[Package, ...]:
    """The packages without which autotensor does not work."""
    return tuple(_packages(declared.required))


def extras(declared: Wanted) -> tuple[Extra, ...]:
    """Every extra with what is installed of it."""
    return tuple(Extra(name, tuple(_packages(group))) for name, group in declared.extras.items())


def older(version: str, wanted: str) -> bool:
    """Whether a version is below the `>=` of a requirement; other conditions are pip's business.

    >>> older("0.9.2", ">=0.10,<2"), older("2.4.0rc1", ">=2.4"), older("3.1", "==3.0")
    (True, False, False)
    """
    least = re.search(r">=\s*([0-9.]+)", wanted)
    return least is not None and _release(version) < _release(least[1])


def _release(version: str) -> tuple[int, ...]:
    numbers = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else []
    while parts and parts[-1] == 0:  # 2.0 is 2
        parts.pop()
    return tuple(parts)


def _packages(requirements: Iterable[str]) -> Iterator[Package]:
    for requirement in requirements:
        parts = REQUIREMENT.match(requirement)
        if parts is None:
            continue
        name, condition = parts[1], parts[2].strip()
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Package(name, condition, None)
        else:
            yield Package(name, condition, version, older(version, condition))
