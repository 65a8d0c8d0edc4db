"""MNIST: 70,000 handwritten digits, 28 x 28 pixels, downloaded on first use."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
from numpy.typing import NDArray

from autotensor.core.errors import ArgumentError, DataError, DownloadError
from autotensor.keras.datasets.downloading import AddressMissingError, cache_folder, fetch, sha256_check
from autotensor.keras.datasets.mnist_files import ARCHIVE, KEYS, find_idx, idx_names, read, read_idx_of, read_npz

OFFICIAL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
OFFICIAL_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"  # as in Keras's own sources

MnistPart = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data(
    path: str | os.PathLike[str] = "mnist.npz", source: str | os.PathLike[str] | None = None
) -> tuple[MnistPart, MnistPart]:
    """The MNIST digits as `(x_train, y_train), (x_test, y_test)`, downloaded once and cached where Keras caches them.

    `path` is the cached file: a relative one lies in `$KERAS_HOME/datasets` or else `~/.keras/datasets`. What is there
    is used as it is, be it an .npz with these four arrays or a folder with the four original IDX files; otherwise the
    official file is downloaded to there and its checksum compared.

    `source` names another place. An .npz or a folder on this machine (a path or a file: URL) is read where it lies, and
    `path` plays no part. From an http or https URL of an .npz, or of a folder with mnist.npz or the IDX files in it,
    they are fetched into the cache; a relative `path` then lies in a subfolder that belongs to this URL, so that one
    source is never taken for another. IDX files come gzipped or not, as train-images-idx3-ubyte or as
    train-images.idx3-ubyte.

    Shapes: x_train (60000, 28, 28), y_train (60000,), x_test (10000, 28, 28), y_test (10000,), all uint8.
    Range: x 0 (paper) to 255 (ink); y 0 to 9.
    Raises: DownloadError if nothing could be downloaded; DataError if what came or lay there is corrupt or something
    else; ArgumentError if `source` is a URL of another kind.
    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits.

    >>> import tempfile
    >>> from autotensor.keras.datasets import mnist
    >>> images, labels = np.zeros((3, 28, 28), np.uint8), np.array([5, 0, 4], np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "small.npz")
    ...     np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels)
    ...     (x_train, y_train), (x_test, y_test) = mnist.load_data(source=file)
    >>> x_train.shape, y_train
    ((3, 28, 28), array([5, 0, 4], dtype=uint8))
    """
    local = None if source is None else _local(source)
    if local is None:
        place = _cached_or_fetched(path, source)
        advice = f"Delete {place} and call again to download it anew, or name another place by source=."
    else:
        place, advice = local, "Name another place by source=, or leave source= out to download the official file."
        if not place.exists():
            raise DataError(f"source={source!r}: expected an .npz file or a folder, got nothing at {place}. {advice}")
    try:
        data = read(place)
    except DataError as error:
        raise DataError(f"{error} {advice}") from error
    return (data.x_train, data.y_train), (data.x_test, data.y_test)


def _local(source: str | os.PathLike[str]) -> Path | None:
    """The path that `source` names; None for an http or https URL."""
    text = os.fspath(source)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", text)  # two letters or more: C:/ is a drive
    if scheme is None:
        return Path(text).expanduser()
    match scheme[1].lower():
        case "file":
            return Path(url2pathname(urlsplit(text).path))
        case "http" | "https":
            return None
    raise ArgumentError(f"source={text!r}: expected a path or an http, https or file URL, got one of {scheme[1]!r}.")


def _cached_or_fetched(path: str | os.PathLike[str], source: str | os.PathLike[str] | None) -> Path:
    place = Path(path).expanduser()
    if source is None:
        place = cache_folder() / place  # an absolute path stays as it is
        return fetch(OFFICIAL, place, sha256_check(OFFICIAL_SHA256, OFFICIAL), advice=_advice(place))
    url = os.fspath(source)
    place = cache_folder() / f"source-{hashlib.sha256(url.encode()).hexdigest()[:12]}" / place
    if urlsplit(url).path.endswith(".npz"):
        return _fetch_npz(url, place)
    folder = place.with_suffix("")  # a folder of IDX files is no .npz
    if not any(find_idx(folder, key) for key in KEYS):
        with suppress(AddressMissingError):
            return _fetch_npz(_joined(url, ARCHIVE), place)
    for key in KEYS:
        if find_idx(folder, key) is None:
            _fetch_idx(url, folder, key)
    return folder


def _fetch_npz(url: str, place: Path) -> Path:
    return fetch(url, place, partial(read_npz, label=url), advice=_advice(place))


def _fetch_idx(url: str, folder: Path, key: str) -> None:
    for name in idx_names(key):
        address = _joined(url, name)
        with suppress(AddressMissingError):
            fetch(address, folder / name, partial(read_idx_of, key, label=address), advice=_advice(folder / name))
            return
    names = idx_names(key)
    raise DownloadError(
        f"{url}: expected {ARCHIVE} or the four IDX files in this folder; its server has neither {ARCHIVE} nor "
        f"{', '.join(names)}. {_advice(folder / names[0])}"
    )


def _joined(url: str, name: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def _advice(place: Path) -> str:
    return f"Put the file by hand at {place}, or name by source= another URL, an .npz file or a folder of IDX files."
