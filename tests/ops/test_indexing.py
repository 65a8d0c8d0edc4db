"""Reading by index agrees with NumPy, whatever the index, and the cotangent goes back to where the elements came from."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at

shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def check(shape: tuple[int, ...], index: Any) -> None:
    """Value, and the gradient of sum(y * weights), against NumPy's own indexing and np.add.at."""
    array = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    x = at.tensor(array, requires_grad=True)
    y = x[index]
    expected = array[index]
    assert y.shape == expected.shape
    np.testing.assert_array_equal(y.data, expected)
    weights = np.arange(1.0, y.size + 1).reshape(y.shape)
    (y * weights).sum().backward()
    back = np.zeros(shape)
    np.add.at(back, index, weights)
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, back)


@given(data=st.data(), shape=shapes)
def test_basic_indices_agree_with_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    check(shape, data.draw(hnp.basic_indices(shape, allow_newaxis=True)))


@given(data=st.data(), shape=shapes)
def test_integer_array_indices_agree_with_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    check(shape, data.draw(hnp.integer_array_indices(shape)))


@given(data=st.data(), shape=shapes)
def test_masks_agree_with_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    ndim = data.draw(st.integers(1, len(shape)))
    check(shape, data.draw(hnp.arrays(np.bool_, shape[:ndim])))


@given(data=st.data(), shape=hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4))
def test_mixtures_of_slices_and_arrays_agree_with_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    length = data.draw(st.integers(0, 3))
    parts = [
        data.draw(
            st.integers(-n, n - 1)
            | st.slices(n)
            | st.lists(st.integers(-n, n - 1), min_size=length, max_size=length).map(np.array).map(lambda a: a.astype(np.intp))
        )
        for n in shape
    ]
    check(shape, tuple(parts))


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        np.int64(1),
        None,
        ...,
        (),
        (..., 0),
        (None, ..., None),
        slice(None, None, -1),
        [0, 1],
        [[0], [1]],
        ([0, 1], [1, 0]),
        [True, False],
        np.array(True),
        True,
        (slice(None), [0, 0, 2]),
        np.array([], np.intp),
        [],
    ],
    ids=repr,
)
def test_particular_indices_agree_with_numpy(index: Any) -> None:
    check((2, 3), index)


def test_a_tensor_may_be_an_index() -> None:
    x = at.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x[at.tensor([1, 0]), at.tensor([0, 0])].tolist() == [3.0, 1.0]
    assert x[x > 2].tolist() == [3.0, 4.0]
    assert x[at.tensor(1)].tolist() == [3.0, 4.0]


def test_take_repeats_slices_along_an_axis() -> None:
    x = at.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = at.take(x, at.tensor([1, 1, 0]), axis=-1)
    assert y.tolist() == [[2.0, 2.0, 1.0], [4.0, 4.0, 3.0]]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_a_slice_is_a_view_and_its_gradient_is_not() -> None:
    x = at.tensor(np.ones((4, 4)), requires_grad=True)
    y = x[1:3]
    assert np.shares_memory(y.data, x.data)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (4, 4)
