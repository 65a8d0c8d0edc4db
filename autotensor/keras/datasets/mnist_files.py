"""MNIST as files: one .npz with four arrays, or the four original IDX files, gzipped or not."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autotensor.core.errors import DataError
from autotensor.keras.datasets.idx import read_idx

ARCHIVE = "mnist.npz"

# each array, the two parts of its original file's name, and the shape of one example
_ARRAYS = {
    "x_train": ("train-images", "idx3", (28, 28)),
    "y_train": ("train-labels", "idx1", ()),
    "x_test": ("t10k-images", "idx3", (28, 28)),
    "y_test": ("t10k-labels", "idx1", ()),
}
KEYS = tuple(_ARRAYS)


class Mnist(NamedTuple):
    """The four arrays."""

    x_train: NDArray[np.uint8]  # (n, 28, 28)
    y_train: NDArray[np.uint8]  # (n,)
    x_test: NDArray[np.uint8]  # (m, 28, 28)
    y_test: NDArray[np.uint8]  # (m,)


def idx_names(key: str) -> list[str]:
    """The names by which the IDX file of an array is found in the wild, the commonest first.

    >>> idx_names("y_test")
    ['t10k-labels-idx1-ubyte.gz', 't10k-labels-idx1-ubyte', 't10k-labels.idx1-ubyte.gz', 't10k-labels.idx1-ubyte']
    """
    stem, kind, _ = _ARRAYS[key]
    return [f"{stem}{mark}{kind}-ubyte{ending}" for mark in "-." for ending in (".gz", "")]


def find_idx(folder: Path, key: str) -> Path | None:
    """The IDX file of an array in `folder`, under any of its names."""
    return next((folder / name for name in idx_names(key) if (folder / name).is_file()), None)


def read(place: Path) -> Mnist:
    """The arrays in an .npz file, or in a folder with mnist.npz or the IDX files in it.

    Raises: DataError if anything is missing, corrupt, or of another dtype or shape.
    """
    if place.is_dir():
        return read_npz(place / ARCHIVE) if (place / ARCHIVE).is_file() else _read_folder(place)
    return read_npz(place)


def read_npz(file: Path, label: str | None = None) -> Mnist:
    """The arrays in an .npz file; `label` is what an error calls it. Raises: DataError, as `read`."""
    label = label or str(file)
    if not zipfile.is_zipfile(file):
        with file.open("rb") as handle:
            start = handle.read(16)
        raise DataError(f"{label}: expected a whole .npz file, got {file.stat().st_size} bytes that begin with {start!r}.")
    try:
        with np.load(file, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive.files]
            if missing:
                raise DataError(f"{label}: expected the arrays {', '.join(KEYS)}; got {', '.join(archive.files) or 'none'}.")
            return _paired({key: _checked(archive[key], key, label) for key in KEYS}, label)
    except DataError:
        raise
    # what zipfile, zlib and NumPy raise for bytes that make no sense or that they refuse (pickles, encryption)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{label}: expected a whole .npz file of numbers, got one that cannot be read: {error}.") from error


def read_idx_of(key: str, file: Path, label: str | None = None) -> NDArray[np.uint8]:
    """The array `key` in its IDX file; `label` is what an error calls the file. Raises: DataError, as `read`."""
    label = label or str(file)
    return _checked(read_idx(file, label=label), key, label)


def _read_folder(folder: Path) -> Mnist:
    files = {key: file for key in KEYS if (file := find_idx(folder, key))}
    missing = [idx_names(key)[0] for key in KEYS if key not in files]
    if missing:
        raise DataError(
            f"{folder}: expected a folder with {ARCHIVE} or the four IDX files in it, gzipped or not; "
            f"got one without {', '.join(missing)}."
        )
    return _paired({key: read_idx_of(key, file) for key, file in files.items()}, str(folder))


def _checked(array: Any, key: str, label: str) -> NDArray[np.uint8]:
    example = _ARRAYS[key][2]
    if isinstance(array, np.ndarray) and array.dtype == np.uint8 and array.ndim > 0 and array.shape[1:] == example:
        return array
    got = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
    shape = ", ".join(("n", *map(str, example))) + ("" if example else ",")
    raise DataError(f"{label}: expected {key} to be uint8 of shape ({shape}), got {got}.")


def _paired(arrays: dict[str, NDArray[np.uint8]], label: str) -> Mnist:
    for part in ("train", "test"):
        images, labels = len(arrays[f"x_{part}"]), len(arrays[f"y_{part}"])
        if images != labels:
            raise DataError(f"{label}: expected as many labels as images, got x_{part} with {images} and y_{part} with {labels}.")
    return Mnist(**arrays)
