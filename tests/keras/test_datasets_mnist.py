"""MNIST from files on this machine: every form in which it is found, and what each kind of damage is called."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from autotensor.core.errors import ArgumentError, DataError
from autotensor.keras.datasets import mnist

STEMS = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty cache of its own, and no way out."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(mnist, "OFFICIAL", "http://127.0.0.1:9/mnist.npz")
    return tmp_path / "home"


@pytest.fixture
def arrays():
    generator = np.random.default_rng(0)
    sizes = {"x_train": (5, 28, 28), "y_train": (5,), "x_test": (2, 28, 28), "y_test": (2,)}
    return {key: generator.integers(0, 10, shape, dtype=np.uint8) for key, shape in sizes.items()}


def npz_file(path, arrays, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{key: array for key, array in (arrays | changes).items() if array is not None})
    return path


def idx_folder(folder, arrays, *, dotted=False, zipped=False):
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in arrays.items():
        content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        name = STEMS[key].replace("-idx", ".idx") if dotted else STEMS[key]
        (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


def assert_same(data, arrays):
    (x_train, y_train), (x_test, y_test) = data
    got = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for key, expected in arrays.items():
        assert got[key].dtype == np.uint8
        assert np.array_equal(got[key], expected), key


@pytest.mark.parametrize("as_type", [Path, str, Path.as_uri])
def test_source_may_be_an_npz(tmp_path, arrays, as_type):
    file = npz_file(tmp_path / "a b.npz", arrays)
    assert_same(mnist.load_data(source=as_type(file)), arrays)


@pytest.mark.parametrize("as_type", [Path, str, Path.as_uri])
def test_source_may_be_a_folder_with_the_npz(tmp_path, arrays, as_type):
    npz_file(tmp_path / "folder" / "mnist.npz", arrays)
    assert_same(mnist.load_data(source=as_type(tmp_path / "folder")), arrays)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("as_type", [Path, str, Path.as_uri])
def test_source_may_be_a_folder_of_idx_files(tmp_path, arrays, as_type, dotted, zipped):
    folder = idx_folder(tmp_path / "folder", arrays, dotted=dotted, zipped=zipped)
    assert_same(mnist.load_data(source=as_type(folder)), arrays)


def test_the_four_idx_files_need_not_be_of_one_form(tmp_path, arrays):
    folder = tmp_path / "folder"
    for i, (key, array) in enumerate(arrays.items()):
        idx_folder(folder, {key: array}, dotted=bool(i & 1), zipped=bool(i & 2))
    assert_same(mnist.load_data(source=folder), arrays)


def test_a_folder_that_is_named_like_a_file_is_passed_over(tmp_path, arrays):
    folder = idx_folder(tmp_path / "folder", arrays, dotted=True)
    (folder / STEMS["x_train"]).mkdir()
    assert_same(mnist.load_data(source=folder), arrays)


def test_a_relative_path_lies_in_the_cache(home, arrays, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    npz_file(home / "datasets" / "mnist.npz", arrays)
    assert_same(mnist.load_data(), arrays)
    npz_file(home / "datasets" / "sub" / "other.npz", arrays)
    assert_same(mnist.load_data("sub/other.npz"), arrays)
    idx_folder(home / "datasets" / "mnist-idx", arrays, zipped=True)
    assert_same(mnist.load_data(path="mnist-idx"), arrays)


def test_the_cache_is_that_of_keras_where_keras_home_is_not_set(tmp_path, monkeypatch, arrays):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    npz_file(tmp_path / ".keras" / "datasets" / "mnist.npz", arrays)
    monkeypatch.delenv("KERAS_HOME")
    assert_same(mnist.load_data(), arrays)
    monkeypatch.setenv("KERAS_HOME", "")
    assert_same(mnist.load_data(), arrays)
    monkeypatch.setenv("KERAS_HOME", "~/.keras")
    assert_same(mnist.load_data(), arrays)


@pytest.mark.parametrize("as_type", [Path, str])
def test_an_absolute_path_is_used_as_it_is(tmp_path, arrays, as_type):
    file = npz_file(tmp_path / "elsewhere" / "my.npz", arrays)
    assert_same(mnist.load_data(as_type(file)), arrays)
    folder = idx_folder(tmp_path / "elsewhere" / "idx", arrays)
    assert_same(mnist.load_data(as_type(folder)), arrays)


def test_a_local_source_wins_over_the_cache_and_leaves_it_alone(home, arrays, tmp_path):
    npz_file(home / "datasets" / "mnist.npz", {key: 0 * array for key, array in arrays.items()})
    before = sorted(home.rglob("*"))
    assert_same(mnist.load_data(source=npz_file(tmp_path / "it.npz", arrays)), arrays)
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("form", ["npz", "idx"])
def test_the_arrays_are_fresh_and_writable(tmp_path, arrays, form):
    source = npz_file(tmp_path / "it.npz", arrays) if form == "npz" else idx_folder(tmp_path / "it", arrays)
    for part in mnist.load_data(source=source):
        for array in part:
            array[:] = 255
    assert_same(mnist.load_data(source=source), arrays)


def test_a_source_with_nothing_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"source=.*nowhere.*got nothing at .*nowhere.*leave source= out"):
        mnist.load_data(source=tmp_path / "nowhere")


@pytest.mark.parametrize("source", ["ftp://example.org/mnist.npz", "s3://bucket/mnist.npz"])
def test_a_url_of_another_kind_is_refused(source):
    with pytest.raises(ArgumentError, match=r"expected a path or an http, https or file URL, got one of '(ftp|s3)'"):
        mnist.load_data(source=source)


def test_a_folder_without_some_files_names_them(tmp_path, arrays):
    folder = idx_folder(tmp_path / "folder", {key: arrays[key] for key in ("x_train", "y_test")})
    with pytest.raises(DataError, match=r"folder: .*four IDX files.*without train-labels-\S+gz, t10k-images-\S+gz\."):
        mnist.load_data(source=folder)


def pickled():
    return np.array([{"any": "object"}] * 5, dtype=object)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, r"expected the arrays x_train, y_train, x_test, y_test; got x_train, y_train, x_test\."),
        ({"y_train": np.zeros(4, np.uint8)}, r"as many labels as images, got x_train with 5 and y_train with 4"),
        ({"y_test": np.zeros(3, np.uint8)}, r"as many labels as images, got x_test with 2 and y_test with 3"),
        ({"y_train": np.zeros(5)}, r"expected y_train to be uint8 of shape \(n,\), got float64 of shape \(5,\)"),
        ({"y_train": np.zeros((), np.uint8)}, r"expected y_train to be uint8 of shape \(n,\), got uint8 of shape \(\)"),
        (
            {"x_test": np.zeros((2, 784), np.uint8)},
            r"x_test to be uint8 of shape \(n, 28, 28\), got .* shape \(2, 784\)",
        ),
        ({"x_test": np.zeros((2, 28, 28), np.int64)}, r"x_test to be uint8 .*got int64 of shape \(2, 28, 28\)"),
        ({"y_train": pickled()}, r"npz file of numbers.*allow_pickle"),
    ],
)
def test_an_npz_of_other_arrays_is_refused(tmp_path, arrays, changes, message):
    file = npz_file(tmp_path / "it.npz", arrays, **changes)
    with pytest.raises(DataError, match=message) as caught:
        mnist.load_data(file)
    assert str(file) in str(caught.value)
    assert f"Delete {file}" in str(caught.value)


def test_idx_files_of_other_arrays_are_refused(tmp_path, arrays):
    folder = idx_folder(tmp_path / "a", arrays | {"x_test": np.zeros((2, 8, 8), np.uint8)})
    with pytest.raises(DataError, match=r"t10k-images\S+: expected x_test to be uint8 of shape \(n, 28, 28\), got .*8, 8"):
        mnist.load_data(source=folder)
    folder = idx_folder(tmp_path / "b", arrays | {"y_test": arrays["y_train"]})
    with pytest.raises(DataError, match=r"as many labels as images, got x_test with 2 and y_test with 5"):
        mnist.load_data(source=folder)


def test_a_member_that_is_no_array_is_refused(tmp_path, arrays):
    file = npz_file(tmp_path / "it.npz", arrays, y_test=None)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("y_test", "text")
    with pytest.raises(DataError, match=r"expected y_test to be uint8 of shape \(n,\), got bytes"):
        mnist.load_data(file)


def test_a_damaged_npz_is_refused_wherever_the_damage_is(tmp_path, arrays):
    whole = npz_file(tmp_path / "whole.npz", arrays).read_bytes()
    file = tmp_path / "it.npz"
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"it\.npz: expected a whole \.npz file, got {length} bytes that begin with"):
            mnist.load_data(file)
    file.write_bytes(b"<!DOCTYPE html><html>")
    with pytest.raises(DataError, match=r"got 21 bytes that begin with b'<!DOCTYPE html><'"):
        mnist.load_data(file)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_flipped_bits_in_an_npz_are_noticed(tmp_path, arrays, save):
    file = tmp_path / "it.npz"
    save(file, **arrays)
    with zipfile.ZipFile(file) as archive:
        start = archive.getinfo("x_train.npy").header_offset + 300
    content = bytearray(file.read_bytes())
    content[start : start + 20] = bytes(255 - byte for byte in content[start : start + 20])
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"it\.npz: expected a whole \.npz file of numbers, got one that cannot be read: "):
        mnist.load_data(file)
