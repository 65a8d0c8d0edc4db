"""Running sums and products agree with NumPy, with zeros too, and differences undo the sum."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at
from autotensor.core.errors import ArgumentError, ShapeError

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)
SMALL = st.integers(-3, 3).map(float)


@given(data=st.data(), shape=SHAPES, initial=st.booleans())
def test_running_sums_and_products_agree_with_numpy(data: st.DataObject, shape: Any, initial: bool, agrees: Any) -> None:
    x = data.draw(hnp.arrays(np.float64, shape, elements=SMALL))  # zeros included
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    for ours, theirs in ((at.cumulative_sum, np.cumulative_sum), (at.cumulative_prod, np.cumulative_prod)):
        agrees(
            lambda x, f=ours: f(x, axis=axis, include_initial=initial),
            lambda x, f=theirs: f(x, axis=axis, include_initial=initial),
            x,
        )


@given(data=st.data(), shape=SHAPES, n=st.integers(0, 3), prepended=st.booleans(), appended=st.booleans())
def test_differences_agree_with_numpy(
    data: st.DataObject, shape: Any, n: int, prepended: bool, appended: bool, agrees: Any
) -> None:
    x = data.draw(hnp.arrays(np.float64, shape, elements=SMALL))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    ends = {"prepend": 1.5} if prepended else {}
    ends |= {"append": np.flip(x, axis)} if appended else {}
    agrees(lambda x: at.diff(x, axis=axis, n=n, **ends), lambda x: np.diff(x, n, axis, **ends), x)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float32"])
def test_dtypes_are_numpys(dtype: str) -> None:
    x = np.array([1, 0, 1, 1], dtype)
    for name in ("cumulative_sum", "cumulative_prod", "diff"):
        ours, theirs = getattr(at, name)(at.tensor(x)), getattr(np, name)(x)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours.data, theirs)
    assert at.cumulative_sum(at.tensor(x), dtype="float64").dtype == np.float64


def test_the_running_product_is_differentiable_twice_at_zero() -> None:
    # y = a + a b + a b c at (0, 2, 0): d2y/da db = 1 + c, d2y/da dc = b, d2y/db dc = a
    hessian = at.hessian(lambda x: at.sum(at.cumulative_prod(x)))(at.tensor(np.array([0.0, 2.0, 0.0])))
    assert hessian.tolist() == [[0.0, 1.0, 2.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]


def test_errors_say_what_was_expected() -> None:
    with pytest.raises(ArgumentError, match=r"cumulative_sum needs an axis for a tensor of shape \(2, 3\)"):
        at.cumulative_sum(at.zeros((2, 3)))
    with pytest.raises(ArgumentError, match="n >= 0 times, got n=-1"):
        at.diff(at.zeros((2,)), n=-1)
    with pytest.raises(ShapeError, match="at least one axis"):
        at.diff(at.tensor(1.0))
    with pytest.raises(ArgumentError, match=r"take needs an axis for a tensor of shape \(2, 3\)"):
        at.take(at.zeros((2, 3)), [0])
