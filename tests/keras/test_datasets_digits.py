"""The digits that ship with the package."""

import hashlib
import os
from importlib.resources import files

import numpy as np
import pytest

from autotensor.keras.datasets import digits


def test_shapes_dtypes_and_ranges_are_as_documented():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (x_train.shape, y_train.shape) == ((1437, 64), (1437,))
    assert (x_test.shape, y_test.shape) == ((360, 64), (360,))
    for x, y in ((x_train, y_train), (x_test, y_test)):
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert (x.min(), x.max()) == (0, 16)
        assert np.array_equal(np.unique(y), np.arange(10))
        assert np.array_equal(x, np.round(x))


def test_the_data_and_the_split_never_change():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x, y = np.concatenate([x_train, x_test]).astype(np.uint8), np.concatenate([y_train, y_test]).astype(np.uint8)
    got = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()
    assert got == "55fb2d0f408f2c2377e5169fb648517fb2ceb9e332f578388e43d2cb3055967c"
    # how often each digit occurs in the repository's optdigits.tes, by its own description
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_every_digit_is_in_both_parts_in_fair_share():
    (_, y_train), (_, y_test) = digits.load_data()
    share = np.bincount(y_test) / (np.bincount(y_test) + np.bincount(y_train))
    assert share.min() > 0.15
    assert share.max() < 0.26


def test_a_call_returns_fresh_writable_arrays_in_c_order():
    first, second = digits.load_data(), digits.load_data()
    arrays = [array for part in first for array in part]
    again = [array for part in second for array in part]
    for i, array in enumerate(arrays):
        assert array.flags.c_contiguous
        assert array.flags.owndata
        assert not any(np.shares_memory(array, other) for other in arrays[i + 1 :] + again)
        array[:] = -1
    assert all(array.min() >= 0 for array in again)


def test_loading_does_not_depend_on_the_working_directory_nor_on_the_generator(tmp_path, monkeypatch):
    expected = digits.load_data()
    monkeypatch.chdir(tmp_path)
    np.random.seed(1)  # noqa: NPY002  # the global stream is what must not matter
    got = digits.load_data()
    assert all(np.array_equal(a, b) for mine, its in zip(expected, got, strict=True) for a, b in zip(mine, its, strict=True))


@pytest.mark.parametrize("word", ["Alpaydin", "Kaynak", "1998", "UCI", "CC BY 4.0", "10.24432/C50P49", "optdigits.tes"])
def test_the_attribution_lies_beside_the_data(word):
    assert word in (files("autotensor.keras.datasets") / "data" / "digits.txt").read_text(encoding="utf-8")


def test_the_file_is_small():
    with (files("autotensor.keras.datasets") / "data" / "digits.npz").open("rb") as file:
        assert file.seek(0, os.SEEK_END) < 40_000


def test_the_digits_can_be_told_apart():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    distance = ((x_test[:, None, :] - x_train[None, :, :]) ** 2).sum(-1)
    assert (y_train[distance.argmin(1)] == y_test).mean() > 0.97  # the nearest neighbour's label
