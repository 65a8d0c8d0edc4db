"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from autotensor.core.errors import ArgumentError, did_you_mean


def suffix_of(path: str | os.PathLike[str], known: tuple[str, ...]) -> str:
    """The format that the name asks for, without its dot.

    Raises: ArgumentError if it is not one of `known`.

    >>> suffix_of("graph.SVG", ("svg", "png"))
    'svg'
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in known:
        names = ", ".join(f".{one}" for one in known)
        raise ArgumentError(
            f"the name of a picture's file ends in one of {names}, got {os.fspath(path)!r}.{did_you_mean(suffix, known)}"
        )
    return suffix


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write beside the target and move there: nobody sees half a file, and a failure leaves the old one."""
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        beside.chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return target


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
