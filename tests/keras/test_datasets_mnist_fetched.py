"""MNIST over the wire: the official file, files and folders of one's own, and what is not kept."""

import gzip
import hashlib
import io
import os
import re
import struct

import numpy as np
import pytest

from autotensor.core.errors import DataError, DownloadError
from autotensor.keras.datasets import mnist
from tests.keras.misbehaving_server import closed_port


@pytest.fixture
def arrays():
    generator = np.random.default_rng(1)
    sizes = {"x_train": (5, 28, 28), "y_train": (5,), "x_test": (2, 28, 28), "y_test": (2,)}
    return {key: generator.integers(0, 10, shape, dtype=np.uint8) for key, shape in sizes.items()}


@pytest.fixture
def home(tmp_path, monkeypatch, site):
    """An empty cache, and an official address that is the site's."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(mnist, "OFFICIAL", site.url + "/official/mnist.npz")
    return tmp_path / "home"


@pytest.fixture
def npz(arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.fixture
def official(site, home, npz, monkeypatch):
    site.files["/official/mnist.npz"] = npz
    monkeypatch.setattr(mnist, "OFFICIAL_SHA256", hashlib.sha256(npz).hexdigest())


def idx_files(arrays, *, dotted=False, zipped=True):
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    files = {}
    for name, array in zip(names, arrays.values(), strict=True):
        content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        full = (name.replace("-idx", ".idx") if dotted else name) + "-ubyte" + ".gz" * zipped
        files["/data/" + full] = gzip.compress(content) if zipped else content
    return files


def same(data, arrays):
    flat = [array for part in data for array in part]
    return all(np.array_equal(got, expected) for got, expected in zip(flat, arrays.values(), strict=True))


def test_the_official_file_is_keras_file():
    assert mnist.OFFICIAL == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
    assert mnist.OFFICIAL_SHA256 == "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def test_the_official_file_is_fetched_once(site, home, official, arrays):
    assert same(mnist.load_data(), arrays)
    assert same(mnist.load_data(), arrays)
    assert site.requests == [("/official/mnist.npz", None, None)]
    assert [path.relative_to(home).as_posix() for path in home.rglob("*")] == ["datasets", "datasets/mnist.npz"]


def test_the_official_file_goes_to_an_absolute_path(site, home, official, arrays, tmp_path):
    assert same(mnist.load_data(tmp_path / "mine" / "digits.npz"), arrays)
    assert (tmp_path / "mine" / "digits.npz").is_file()
    assert not home.exists()


def test_an_official_file_with_a_wrong_checksum_is_not_kept(site, home, npz, arrays):
    site.files["/official/mnist.npz"] = npz  # a sound file, but another one
    with pytest.raises(DataError, match=r"official/mnist\.npz: expected .*731c5ac6.*, got .*Put the file by hand at .*source="):
        mnist.load_data()
    assert list((home / "datasets").iterdir()) == []


def test_offline_names_address_reason_place_and_source(home, monkeypatch):
    url = f"http://127.0.0.1:{closed_port()}/mnist.npz"
    monkeypatch.setattr(mnist, "OFFICIAL", url)
    place = re.escape(str(home / "datasets" / "mnist.npz"))
    with pytest.raises(DownloadError, match=rf"download {url}: .*refused.*by hand at {place}, or name by source= another URL"):
        mnist.load_data()
    with pytest.raises(OSError, match="refused"):  # what a Keras user would catch
        mnist.load_data()


@pytest.mark.parametrize("source", ["/data/mnist.npz", "/data/other.npz?download=1", "/data", "/data/", "/data/?token=1"])
def test_a_source_url_of_an_npz_or_of_its_folder_is_fetched_once(site, home, npz, arrays, source):
    site.files |= {"/data/mnist.npz": npz, "/data/other.npz": npz}
    assert same(mnist.load_data(source=site.url + source), arrays)
    assert same(mnist.load_data(source=site.url + source), arrays)
    assert len(site.requests) == 1
    assert site.requests[0][0].partition("?")[2] == source.partition("?")[2]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("path", ["mnist.npz", "mnist"])
def test_a_source_url_of_a_folder_of_idx_files_is_fetched_once(site, home, arrays, dotted, zipped, path):
    site.files |= idx_files(arrays, dotted=dotted, zipped=zipped)
    assert same(mnist.load_data(path, source=site.url + "/data"), arrays)
    site.requests.clear()
    assert same(mnist.load_data(path, source=site.url + "/data"), arrays)
    assert site.requests == []


def test_idx_files_that_were_cut_off_are_taken_up(site, home, arrays):
    files = idx_files(arrays)
    last = "/data/t10k-labels-idx1-ubyte.gz"
    site.files |= {name: content for name, content in files.items() if name != last}
    with pytest.raises(DownloadError, match=r"expected mnist\.npz or the four IDX files.*t10k-labels\.idx1-ubyte\. Put the file"):
        mnist.load_data(source=site.url + "/data")
    site.files |= files
    site.requests.clear()
    assert same(mnist.load_data(source=site.url + "/data"), arrays)
    assert site.requests == [(last, None, None)]


def test_an_empty_source_folder_names_what_was_looked_for(site, home):
    with pytest.raises(DownloadError, match=r"neither mnist\.npz nor train-images-idx3-ubyte\.gz, train-images-idx3-ubyte, "):
        mnist.load_data(source=site.url + "/data")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"<html>please log in</html>",
            r"expected a whole \.npz file, got 26 bytes that begin with b'<html>please log'",
        ),
        (b"", r"got 0 bytes"),
    ],
)
def test_a_source_that_sends_something_else_is_not_kept(site, home, npz, arrays, content, message):
    site.files["/data/mnist.npz"] = content
    with pytest.raises(DataError, match=rf"{site.url}/data/mnist\.npz: .*{message}.*Nothing of it was kept\. Put the file"):
        mnist.load_data(source=site.url + "/data/mnist.npz")
    assert not [path for path in home.rglob("*") if path.is_file()]
    site.files["/data/mnist.npz"] = npz
    assert same(mnist.load_data(source=site.url + "/data/mnist.npz"), arrays)


def test_a_source_that_sends_other_idx_files_is_not_kept(site, home, arrays):
    site.files |= idx_files(arrays | {"x_test": np.zeros((2, 8, 8), np.uint8)})
    with pytest.raises(DataError, match=r"/data/t10k-images\S+gz: expected x_test to be .*got uint8 of shape \(2, 8, 8\)"):
        mnist.load_data(source=site.url + "/data")
    assert sorted(path.name for path in home.rglob("*") if path.is_file()) == [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]


def test_one_source_is_never_taken_for_another_nor_for_the_official_file(site, home, official, arrays):
    others = {key: array + 1 for key, array in arrays.items()}
    site.files |= idx_files(others)
    site.files |= {name.replace("/data", "/more"): content for name, content in idx_files(arrays).items()}
    assert same(mnist.load_data(source=site.url + "/data"), others)
    assert same(mnist.load_data(source=site.url + "/more"), arrays)
    assert same(mnist.load_data(), arrays)
    assert same(mnist.load_data(source=site.url + "/data"), others)


def test_a_cached_file_of_an_absolute_path_needs_no_source(site, home, npz, arrays, tmp_path):
    site.files["/data/mnist.npz"] = npz
    assert same(mnist.load_data(tmp_path / "it.npz", source=site.url + "/data/mnist.npz"), arrays)
    site.files.clear()
    assert same(mnist.load_data(tmp_path / "it.npz"), arrays)
    assert os.listdir(tmp_path) == ["it.npz"]  # noqa: PTH208
