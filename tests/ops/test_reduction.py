"""Reductions agree with NumPy over every choice of axes, and treat nothing, NaN and ties as they say."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at

OVER_AXES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sum": (at.sum, np.sum),
    "mean": (at.mean, np.mean),
    "max": (at.max, np.max),
    "min": (at.min, np.min),
    "prod": (at.prod, np.prod),
    "var": (at.var, np.var),
    "std": (at.std, np.std),
    "any": (at.any, np.any),
    "all": (at.all, np.all),
    "count_nonzero": (at.count_nonzero, np.count_nonzero),
}
DIFFERENTIABLE = ("sum", "mean", "max", "min", "prod", "var")
AXES = [None, (), *itertools.chain.from_iterable(itertools.combinations((0, 1, -1), k) for k in (1, 2, 3)), 1]
X = np.random.default_rng(0).integers(-2, 3, (2, 3, 4)).astype(np.float64)


@pytest.mark.parametrize("name", OVER_AXES)
@pytest.mark.parametrize("axis", AXES, ids=repr)
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_agree_with_numpy(name: str, axis: Any, keepdims: bool) -> None:
    ours, theirs = OVER_AXES[name]
    y, expected = ours(at.tensor(X), axis=axis, keepdims=keepdims), theirs(X, axis=axis, keepdims=keepdims)
    assert y.shape == np.shape(expected)
    assert y.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(y.data, expected, rtol=1e-14, atol=1e-15)


@given(data=st.data(), name=st.sampled_from(DIFFERENTIABLE))
def test_the_gradient_of_a_reduction_equals_the_difference_quotient(data: st.DataObject, name: str) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=3))
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape)))
    array = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(int(np.prod(shape)))
    array = array.reshape(shape) / 8 - 0.3  # no ties
    t = np.random.default_rng(1).normal(size=shape)
    x = at.tensor(array, requires_grad=True)
    OVER_AXES[name][0](x, axis).sum().backward()
    h = 1e-5
    theirs = OVER_AXES[name][1]
    above, below = theirs(array + h * t, axis=axis).sum(), theirs(array - h * t, axis=axis).sum()
    assert x.grad is not None
    np.testing.assert_allclose(np.sum(x.grad.data * t), (above - below) / (2 * h), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("ours", "theirs"), [(at.argmax, np.argmax), (at.argmin, np.argmin)])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_positions_of_extremes_agree_with_numpy(ours: Any, theirs: Any, axis: Any, keepdims: bool) -> None:
    y, expected = ours(at.tensor(X), axis=axis, keepdims=keepdims), theirs(X, axis=axis, keepdims=keepdims)
    np.testing.assert_array_equal(y.data, expected)
    assert y.shape == np.shape(expected)


@pytest.mark.parametrize("correction", [0, 1, 0.5])
def test_variance_takes_a_correction(correction: float) -> None:
    n = X.size
    np.testing.assert_allclose(at.var(at.tensor(X), correction=correction).item(), X.var() * n / (n - correction))


def test_variance_does_not_cancel() -> None:
    x = np.float64(1e8) + np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(at.var(at.tensor(x)).item(), 2 / 3, rtol=1e-12)


@pytest.mark.parametrize(("function", "nothing"), [(at.sum, 0.0), (at.prod, 1.0), (at.any, False), (at.all, True)])
def test_reductions_of_nothing_give_the_neutral_element(function: Any, nothing: Any) -> None:
    assert function(at.zeros((0,))).item() == nothing
    assert function(at.zeros((0, 2)), axis=0).tolist() == [nothing, nothing]


def test_nan_propagates() -> None:
    x = at.tensor([1.0, np.nan, 3.0])
    for y in (at.max(x), at.min(x), at.maximum(x, 2.0)[1], at.minimum(2.0, x)[1]):
        assert np.isnan(y.item())


@pytest.mark.parametrize(
    ("dtype", "total"), [("bool", "int64"), ("int8", "int64"), ("float16", "float16"), ("float32", "float32")]
)
def test_sums_widen_integers_and_keep_floats(dtype: str, total: str) -> None:
    assert at.sum(at.tensor(np.ones(3, dtype))).dtype == total


@pytest.mark.parametrize(
    ("data", "expected"),
    [([2.0, 3.0, 4.0], [12, 8, 6]), ([0.0, 3.0, 4.0], [12, 0, 0]), ([0.0, 0.0, 4.0], [0, 0, 0]), ([5.0], [1])],
)
def test_the_gradient_of_a_product_is_exact_with_zeros(data: list[float], expected: list[float]) -> None:
    x = at.tensor(data, requires_grad=True)
    at.prod(x).backward()
    assert x.grad is not None
    assert x.grad.tolist() == expected
