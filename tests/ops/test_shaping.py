"""Rearranging agrees with NumPy, and the gradient finds its way back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at

X = np.arange(24.0).reshape(2, 3, 4)

SAME: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "reshape": (lambda x: x.reshape(4, 6), lambda x: x.reshape(4, 6)),
    "reshape with -1": (lambda x: x.reshape((3, -1)), lambda x: x.reshape(3, -1)),
    "reshape to nothing new": (lambda x: at.reshape(x, (2, 3, 4)), lambda x: x),
    "flatten": (lambda x: x.flatten(), lambda x: x.ravel()),
    "ravel": (lambda x: x.ravel(), lambda x: x.ravel()),
    "T": (lambda x: x.T, lambda x: x.T),
    "mT": (lambda x: x.mT, lambda x: x.swapaxes(-1, -2)),
    "transpose": (lambda x: x.transpose(2, 0, 1), lambda x: x.transpose(2, 0, 1)),
    "transpose by a tuple": (lambda x: x.transpose((-1, 0, 1)), lambda x: x.transpose(2, 0, 1)),
    "swapaxes": (lambda x: x.swapaxes(0, -1), lambda x: x.swapaxes(0, -1)),
    "moveaxis": (lambda x: at.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, 0, -1)),
    "moveaxis of two": (lambda x: at.moveaxis(x, (0, 1), (2, 0)), lambda x: np.moveaxis(x, (0, 1), (2, 0))),
    "expand_dims": (lambda x: at.expand_dims(x, axis=1), lambda x: np.expand_dims(x, 1)),
    "squeeze": (lambda x: x[:1].squeeze(0), lambda x: x[:1].squeeze(0)),
    "squeeze all": (lambda x: x[:1, :, :1].squeeze(), lambda x: x[:1, :, :1].squeeze()),
    "broadcast_to": (lambda x: at.broadcast_to(x, (5, 2, 3, 4)), lambda x: np.broadcast_to(x, (5, 2, 3, 4))),
    "flip": (at.flip, np.flip),
    "flip one": (lambda x: at.flip(x, axis=-1), lambda x: np.flip(x, -1)),
    "concat": (lambda x: at.concat([x, x, 2 * x], axis=1), lambda x: np.concatenate([x, x, 2 * x], 1)),
    "concat flattened": (lambda x: at.concat([x, x], axis=None), lambda x: np.concatenate([x, x], None)),
    "stack": (lambda x: at.stack([x, 3 * x], axis=-1), lambda x: np.stack([x, 3 * x], -1)),
    "astype": (lambda x: x.astype("float32"), lambda x: x.astype("float32")),
}


@pytest.mark.parametrize("name", SAME)
def test_rearranging_agrees_with_numpy_and_is_linear(name: str) -> None:
    ours, theirs = SAME[name]
    x = at.tensor(X, requires_grad=True)
    y, expected = ours(x), theirs(X)
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(y.data, expected)
    g, t = (np.random.default_rng(i).integers(-4, 5, s).astype(float) for i, s in enumerate((y.shape, X.shape)))
    y.backward(g)
    assert x.grad is not None
    assert np.sum(x.grad.data * t) == np.sum(g * theirs(t))


@given(data=st.data(), shape=hnp.array_shapes(max_dims=4))
def test_permutations_agree_with_numpy_and_undo_themselves(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axes = data.draw(st.permutations(range(len(shape))))
    array = np.arange(np.prod(shape)).reshape(shape)
    y = at.permute_dims(at.tensor(array), axes)
    np.testing.assert_array_equal(y.data, array.transpose(axes))
    np.testing.assert_array_equal(at.permute_dims(y, [axes.index(i) for i in range(len(shape))]).data, array)


def test_a_view_shares_memory_and_a_joining_does_not() -> None:
    x = at.tensor(X)
    assert np.shares_memory(x.T.data, x.data)
    assert np.shares_memory(x.reshape(6, 4).data, x.data)
    assert not np.shares_memory(at.concat([x]).data, x.data)


def test_conversions_to_integers_and_booleans_are_not_recorded() -> None:
    x = at.tensor([1.7, 0.0], requires_grad=True)
    for dtype in ("int64", "bool"):
        assert not x.astype(dtype).requires_grad
    assert x.astype("int64").tolist() == [1, 0]
    assert x.astype("bool").tolist() == [True, False]


def test_stop_gradient_shares_the_value_and_stops() -> None:
    x = at.tensor([1.0], requires_grad=True)
    y = at.stop_gradient(x)
    assert y.tolist() == [1.0]
    assert not y.requires_grad


CREATION: dict[str, tuple[Callable[[], Any], Any, str]] = {
    "zeros": (lambda: at.zeros((2, 1)), np.zeros((2, 1)), "float32"),
    "zeros of an int": (lambda: at.zeros(2), np.zeros(2), "float32"),
    "ones": (lambda: at.ones((2,), dtype="int8"), np.ones(2), "int8"),
    "full": (lambda: at.full((2,), 1.5), np.full(2, 1.5), "float32"),
    "full of ints": (lambda: at.full((2,), 7), np.full(2, 7), "int64"),
    "full of bools": (lambda: at.full((2,), fill_value=True), np.full(2, 1), "bool"),
    "zeros_like": (lambda: at.zeros_like(at.tensor(X)), np.zeros_like(X), "float64"),
    "ones_like": (lambda: at.ones_like(at.tensor([1, 2]), dtype="float32"), np.ones(2), "float32"),
    "full_like": (lambda: at.full_like(at.tensor([1.0, 2.0]), 5), np.full(2, 5), "float32"),
    "arange": (lambda: at.arange(5), np.arange(5), "int64"),
    "arange with bounds": (lambda: at.arange(1, 7, 2), np.arange(1, 7, 2), "int64"),
    "arange of floats": (lambda: at.arange(0.0, 1.0, 0.25), np.arange(0, 1, 0.25), "float32"),
    "arange as float64": (lambda: at.arange(3, dtype="float64"), np.arange(3), "float64"),
    "linspace": (lambda: at.linspace(0, 1, 5), np.linspace(0, 1, 5), "float32"),
    "linspace open": (lambda: at.linspace(0, 1, 4, endpoint=False), np.linspace(0, 1, 4, endpoint=False), "float32"),
    "eye": (lambda: at.eye(2, 3, k=1), np.eye(2, 3, 1), "float32"),
}


@pytest.mark.parametrize("name", CREATION)
def test_created_tensors_agree_with_numpy_and_have_the_projects_dtype(name: str) -> None:
    make, expected, dtype = CREATION[name]
    x = make()
    assert x.dtype == dtype
    assert not x.requires_grad
    np.testing.assert_array_equal(x.data, expected)
