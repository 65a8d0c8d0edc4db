"""Norms agree with NumPy's, are safe from overflow, and have the documented gradient where there is a kink."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at
from autotensor.core.errors import ArgumentError, ShapeError

INF = math.inf
ORDERS = (0, 0.5, 1, 1.5, 2, 3, -1, -2, -0.5, INF, -INF)
MATRIX_ORDERS = ("fro", "nuc", 1, -1, 2, -2, INF, -INF)
arrays = hnp.arrays(np.float64, (3, 2, 4), elements=st.integers(-8, 8).map(float))


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("order", ORDERS)
@given(x=arrays, axis=st.sampled_from([None, 0, -1, (0, 2)]), keepdims=st.booleans())
def test_vector_norms_agree_with_numpy(order: float, x: Any, axis: Any, *, keepdims: bool) -> None:
    ours = at.linalg.vector_norm(at.tensor(x), axis=axis, keepdims=keepdims, ord=order)
    theirs = np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=order)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.data, theirs, rtol=1e-13)


@pytest.mark.parametrize("order", MATRIX_ORDERS)
@given(x=arrays, keepdims=st.booleans())
def test_matrix_norms_agree_with_numpy(order: Any, x: Any, *, keepdims: bool) -> None:
    ours = at.linalg.matrix_norm(at.tensor(x), keepdims=keepdims, ord=order)
    theirs = np.linalg.matrix_norm(x, keepdims=keepdims, ord=order)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.data, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"axis": 1},
        {"axis": (0, 2)},
        {"ord": 1, "axis": (2, 1)},
        {"ord": "nuc", "axis": (0, 1), "keepdims": True},
        {"ord": 3, "axis": 2},
    ],
)
def test_norm_is_numpys(settings: dict[str, Any]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 2, 4))
    ours, theirs = at.linalg.norm(at.tensor(x), **settings), np.linalg.norm(x, **settings)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.data, theirs, rtol=1e-13)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("order", [2, 3, -2])
def test_large_and_small_vectors_keep_their_norm_and_gradient(scale: float, order: float) -> None:
    x = at.tensor(np.array([3.0, -4.0]) * scale, requires_grad=True)
    y = at.linalg.vector_norm(x, ord=order)
    np.testing.assert_allclose(y.data, np.linalg.vector_norm([3.0, 4.0], ord=order) * scale, rtol=1e-14)
    y.backward()
    assert x.grad is not None
    expected = np.sign(x.data) * np.abs(x.data / y.data) ** (order - 1)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-13)


@pytest.mark.parametrize("order", [0.5, 1, 1.5, 2, 3, INF])
def test_the_gradient_at_the_zero_vector_is_zero(order: float) -> None:
    g = at.grad(lambda x: at.linalg.vector_norm(x, ord=order))(at.tensor([0.0, 0.0]))
    assert g.tolist() == [0.0, 0.0]
    h = at.hessian(lambda x: at.linalg.vector_norm(x, ord=order))(at.tensor([0.0, 0.0]))
    assert h.tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("order", [0.5, 1.5, 2, 3])
def test_a_zero_element_has_gradient_zero(order: float) -> None:
    g = at.grad(lambda x: at.linalg.vector_norm(x, ord=order))(at.tensor([0.0, 5.0]))
    assert g.tolist() == [0.0, 1.0]


def test_the_norm_of_nothing_is_zero_and_infinite_elements_stay() -> None:
    assert at.linalg.vector_norm(at.zeros((0, 2)), axis=0).tolist() == [0.0, 0.0]
    assert at.linalg.vector_norm(at.tensor([INF, 1.0])).item() == INF
    assert math.isnan(at.linalg.vector_norm(at.tensor([math.nan, 1.0])).item())


def test_the_hessian_of_the_norm_is_the_projector_over_the_norm() -> None:
    x = np.array([1.0, 2.0, 2.0])
    h = at.hessian(at.linalg.vector_norm)(at.tensor(x)).data
    np.testing.assert_allclose(h, (np.eye(3) - np.outer(x, x) / 9) / 3, atol=1e-15)


def test_wrong_orders_are_named() -> None:
    with pytest.raises(ArgumentError, match=r"ord is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got 3"):
        at.linalg.matrix_norm(at.eye(2), ord=3)
    with pytest.raises(ArgumentError, match="'fro' is a norm of matrices"):
        at.linalg.norm(at.ones((2,)), ord="fro")
    with pytest.raises(ShapeError, match=r"got axes \(0, 1, 2\) of shape \(1, 1, 1\)"):
        at.linalg.norm(at.ones((1, 1, 1)), ord=2)
