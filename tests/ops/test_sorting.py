"""Order agrees with NumPy's, ties stay in their order, and gradients find the elements that were moved."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at
from autotensor.core.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def distinct(data: st.DataObject, shape: tuple[int, ...]) -> Any:
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    return rng.permutation(int(np.prod(shape))).reshape(shape) / 4 - 1


@given(data=st.data(), shape=SHAPES, descending=st.booleans())
def test_sort_agrees_with_numpy(data: st.DataObject, shape: Any, descending: bool, agrees: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    step = -1 if descending else 1
    agrees(
        lambda x: at.sort(x, axis=axis, descending=descending),
        lambda x: np.flip(np.sort(x, axis), axis) if step < 0 else np.sort(x, axis),
        distinct(data, shape),
    )


@given(data=st.data(), shape=SHAPES)
def test_argsort_keeps_ties_in_their_order(data: st.DataObject, shape: Any) -> None:
    x = data.draw(hnp.arrays(np.int64, shape, elements=st.integers(-2, 2)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    np.testing.assert_array_equal(at.argsort(at.tensor(x), axis=axis).data, np.argsort(x, axis, stable=True))
    np.testing.assert_array_equal(at.argsort(at.tensor(x), axis=axis, descending=True).data, np.argsort(-x, axis, stable=True))


@given(data=st.data(), shape=SHAPES)
def test_take_along_axis_agrees_with_numpy(data: st.DataObject, shape: Any, agrees: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    n = shape[axis]
    wanted = list(shape)
    wanted[axis] = data.draw(st.integers(0, 3))
    index = data.draw(hnp.arrays(np.int64, tuple(wanted), elements=st.integers(-n, n - 1)))
    agrees(
        lambda x: at.take_along_axis(x, index, axis=axis),
        lambda x: np.take_along_axis(x, index, axis=axis),
        distinct(data, shape),
    )


@given(data=st.data(), shape=SHAPES, largest=st.booleans())
def test_top_k_gives_the_first_of_the_sorted(data: st.DataObject, shape: Any, largest: bool) -> None:
    x = distinct(data, shape)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    k = data.draw(st.integers(0, shape[axis]))
    values, indices = at.top_k(at.tensor(x), k, axis=axis, mode="largest" if largest else "smallest")
    order = np.argsort(-x if largest else x, axis=axis)
    expected = np.take(order, np.arange(k), axis=axis)
    np.testing.assert_array_equal(indices.data, expected)
    np.testing.assert_array_equal(values.data, np.take_along_axis(x, expected, axis=axis))


@given(
    a=hnp.arrays(np.float64, st.integers(0, 5), elements=st.integers(-3, 3)).map(np.sort),
    v=hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=2), elements=st.integers(-4, 4)),
    side=st.sampled_from(["left", "right"]),
)
def test_searchsorted_agrees_with_numpy(a: Any, v: Any, side: str) -> None:
    np.testing.assert_array_equal(at.searchsorted(at.tensor(a), at.tensor(v), side=side).data, np.searchsorted(a, v, side))


def test_searchsorted_looks_through_a_sorter() -> None:
    x = at.tensor([3.0, 1.0, 2.0])
    assert at.searchsorted(x, at.tensor([2.5]), sorter=at.argsort(x)).tolist() == [2]


QUANTILES: Any = ["linear", "lower", "higher", "midpoint", "nearest"]


@given(data=st.data(), shape=SHAPES, method=st.sampled_from(QUANTILES), keepdims=st.booleans())
def test_quantiles_agree_with_numpy(data: st.DataObject, shape: Any, method: Any, keepdims: bool, agrees: Any) -> None:
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape), min_size=1))
    q = data.draw(st.sampled_from([0.0, 0.3, 0.5, 1.0, [0.25, 0.9], [[0.1]]]))
    agrees(
        lambda x: at.quantile(x, q, axis, method=method, keepdims=keepdims),
        lambda x: np.quantile(x, q, axis, method=method, keepdims=keepdims),
        distinct(data, shape),
    )


@given(data=st.data(), shape=SHAPES)
def test_the_median_agrees_with_numpy(data: st.DataObject, shape: Any, agrees: Any) -> None:
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape), min_size=1))
    agrees(lambda x: at.median(x, axis), lambda x: np.median(x, axis), distinct(data, shape))


def test_nan_propagates_and_infinity_does_not_become_nan() -> None:
    x = np.array([[1.0, np.nan, 2.0], [np.inf, np.inf, 1.0]])
    np.testing.assert_array_equal(at.median(at.tensor(x), axis=1).data, [np.nan, np.inf])
    assert at.quantile(at.tensor([1, 2, 4]), 0.5).item() == 2.0


def test_sorting_is_differentiable_twice() -> None:
    x = at.tensor(np.array([3.0, 1.0, 2.0]))
    hessian = at.hessian(lambda x: at.sum(at.sort(x) * np.array([0.0, 1.0, 2.0]) * x**2))(x)
    # x sorted is (b, c, a): the function is c b**2 + 2 a c**2
    assert hessian.tolist() == [[0.0, 0.0, 8.0], [0.0, 4.0, 2.0], [8.0, 2.0, 12.0]]


def test_errors_say_what_was_expected() -> None:
    x = at.zeros((2, 3))
    with pytest.raises(ArgumentError, match=r"k from 0 to 3, the length of axis 1, got k=4"):
        at.top_k(x, 4)
    with pytest.raises(ArgumentError, match='"largest" or "smallest", got \'best\''):
        at.top_k(x, 1, mode="best")
    with pytest.raises(ArgumentError, match=r"fractions from 0 to 1, got 1\.5"):
        at.quantile(x, 1.5)
    with pytest.raises(ArgumentError, match=r"knows the methods linear, .*, got 'weibull'"):
        at.quantile(x, 0.5, method="weibull")
    with pytest.raises(ShapeError, match=r"no quantile over axes 0 of shape \(0,\)"):
        at.median(at.zeros((0,)), axis=0)
    with pytest.raises(ShapeError, match=r"a tensor of one axis, got shape \(2, 3\)"):
        at.searchsorted(x, 1.0)
    with pytest.raises(ArgumentError, match='"left" or "right", got \'middle\''):
        at.searchsorted(x[0], 1.0, side="middle")
    with pytest.raises(DTypeError, match="integer indices, got dtype float32"):
        at.take_along_axis(x, x)
    with pytest.raises(IndexRangeError, match="indices do not fit the axis they go along, of length 3"):
        at.take_along_axis(x, at.tensor([[3], [0]]))
    with pytest.raises(ShapeError, match="as many axes as the tensor"):
        at.take_along_axis(x, at.tensor([0]))
