"""The IDX format, in which the original MNIST files and many data sets after it are written.

A file is: two zero bytes; a byte for the type of the numbers (0x08: uint8); a byte for the number of axes; the size of
each axis in 4 bytes, big-endian; the numbers in C order, big-endian.
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotensor.core.errors import DataError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def read_idx(file: str | os.PathLike[str], *, label: str | None = None) -> NDArray[Any]:
    """The array in an IDX file, gzipped or not (the content decides, not the name), in the machine's byte order.

    `label` is what an error calls the file: where it came from, if that says more than where it lies.
    Raises: DataError if the file is no IDX file, or holds more or fewer numbers than its header says.
    Source: LeCun, Cortes and Burges, The MNIST database, section "File formats".

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "labels")
    ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     read_idx(file)
    array([5, 0, 4], dtype=uint8)
    """
    label = label or str(file)
    content = _unzipped(Path(file).read_bytes(), label)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES or content[3] == 0:
        raise DataError(
            f"{label}: expected an IDX file, which begins with two zero bytes, a type (one of "
            f"{', '.join(f'0x{code:02x}' for code in _TYPES)}) and the number of axes; got {content[:4]!r}."
        )
    dtype, axes = np.dtype(_TYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(f"{label}: expected an IDX header of {start} bytes for {axes} axes, got {len(content)} bytes.")
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    # compared before anything is allocated: a corrupt header may announce exabytes
    expected, got = math.prod(shape) * dtype.itemsize, len(content) - start
    if got != expected:
        raise DataError(
            f"{label}: expected {expected} bytes after the header, for {dtype.name} of shape {tuple(shape)}; got {got}."
            f" The file is {'cut off' if got < expected else 'longer than it should be'}."
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def _unzipped(content: bytes, label: str) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{label}: expected a whole gzip file of {len(content)} bytes, got a damaged one: {error}.") from error
