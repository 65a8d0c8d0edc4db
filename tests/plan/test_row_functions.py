"""What kernels do with a row is what NumPy does with it, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from autotensor.plan import row_functions as rows

LENGTHS = [1, 2, 7, 8, 9, 15, 16, 17, 64, 100, 127, rows.LONGEST]


def matrix(n: int, dtype: str) -> np.ndarray:
    rng = np.random.default_rng(n)
    x = (rng.standard_normal((6, n)) * 10 ** rng.uniform(-4, 4, (6, n))).astype(dtype)
    x[1, n // 2] = np.nan
    x[2, -1] = np.inf
    x[3] = x[3, 0]
    x[4] = -0.0
    return x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", LENGTHS)
def test_sums_are_added_in_numpys_order(n: int, dtype: str) -> None:
    x = matrix(n, dtype)
    found = np.array([rows.row_sum(x, i, n, x.dtype.type(0)) for i in range(6)])
    assert found.dtype == x.dtype
    expected = np.add.reduce(x, axis=1)
    assert np.array_equal(found, expected, equal_nan=True)
    assert np.array_equal(np.signbit(found[2:]), np.signbit(expected[2:]))


def test_numpy_adds_longer_rows_in_another_order() -> None:
    n = rows.LONGEST + 8
    x = np.random.default_rng(0).standard_normal((200, n)).astype("float32")
    found = [rows.row_sum(x, i, n, np.float32(0)) for i in range(200)]
    assert not np.array_equal(found, np.add.reduce(x, axis=1))  # so LONGEST is not a matter of taste


@pytest.mark.parametrize("n", LENGTHS)
def test_extremes_and_their_places(n: int) -> None:
    x = matrix(n, "float32")
    for i in range(6):
        np.testing.assert_equal(rows.row_max(x, i, n), np.maximum.reduce(x[i]))
        np.testing.assert_equal(rows.row_min(x, i, n), np.minimum.reduce(x[i]))
        assert rows.row_argmax(x, i, n) == np.argmax(x[i])
    two = np.array([[np.nan, 1.0, np.nan]])
    assert rows.row_argmax(two, 0, 3) == 0
    assert rows.row_argmax(two[:, 1:], 0, 2) == 1


def test_a_label_that_is_none_gives_nan() -> None:
    x = np.arange(8.0).reshape(2, 4)
    nan = np.float64(np.nan)
    assert [rows.row_pick(x, 1, 4, label, nan) for label in (0, 3, -1, -4)] == [4, 7, 7, 4]
    assert all(np.isnan(rows.row_pick(x, 0, 4, label, nan)) for label in (4, -5, 100))
