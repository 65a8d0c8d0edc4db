"""Compositions stay exact where the naive formula overflows, cancels or divides by nothing; so do their gradients."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

import autotensor as at
from autotensor import special

INF = math.inf
FLOATS = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements={"min_value": -50, "max_value": 50}
)


def value_and_grad(function: Any, data: Any, seed: Any = None) -> tuple[Any, Any]:
    x = at.tensor(data, requires_grad=True)
    y = function(x)
    y.backward(np.ones(y.shape) if seed is None else seed)
    assert x.grad is not None
    return y.data, x.grad.data


@pytest.mark.parametrize("big", [1e4, -1e4, 80.0, -80.0])
def test_softmax_neither_overflows_nor_divides_by_nothing(big: float) -> None:
    y, _ = value_and_grad(at.softmax, [0.0, big, big])
    assert np.isfinite(y).all()
    np.testing.assert_allclose(y.sum(), 1, rtol=1e-6)
    assert y.tolist() == ([0.0, 0.5, 0.5] if big > 0 else [1.0, 0.0, 0.0]) or abs(big) == 80


def test_log_softmax_is_exact_where_softmax_is_zero() -> None:
    y, g = value_and_grad(at.log_softmax, [0.0, 1e4, -1e4], [1.0, 0.0, 0.0])
    assert y.tolist() == [-1e4, 0.0, -2e4]
    assert g.tolist() == [1.0, -1.0, 0.0]


@pytest.mark.parametrize("function", [at.softmax, at.log_softmax, at.logsumexp])
def test_a_masked_element_takes_no_part(function: Any) -> None:
    whole, part = (None, None) if function is at.logsumexp else ([1.0, 0.0, 2.0], [1.0, 2.0])
    masked, g = value_and_grad(function, [1.0, -INF, 2.0], whole)
    alone, expected = value_and_grad(function, [1.0, 2.0], part)
    np.testing.assert_allclose(np.delete(masked, 1) if masked.ndim else masked, alone, rtol=1e-6)
    np.testing.assert_allclose(g, [expected[0], 0.0, expected[1]], rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([-INF, -INF], -INF),
        ([INF, 0.0], INF),
        ([1e4, 1e4], 1e4 + math.log(2)),
        ([-1e4, -1e4], -1e4 + math.log(2)),
        ([0.0], 0.0),
        ([-INF, 3.0], 3.0),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_logsumexp_at_the_extremes(data: list[float], expected: float) -> None:
    assert at.logsumexp(at.tensor(np.array(data))).item() == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_logsumexp_reduces_over_any_axes(axis: Any, keepdims: bool) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    y = at.logsumexp(at.tensor(x), axis, keepdims=keepdims)
    np.testing.assert_allclose(y.data, np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)), rtol=1e-13)


def test_the_gradient_of_logsumexp_is_softmax() -> None:
    data = np.random.default_rng(0).normal(size=7) * 30
    _, g = value_and_grad(at.logsumexp, data)
    np.testing.assert_allclose(g, at.softmax(at.tensor(data)).data, rtol=1e-12)


@given(x=FLOATS)
def test_softmax_sums_to_one_and_is_the_exponential_of_log_softmax(x: Any) -> None:
    for axis in range(x.ndim):
        y = at.softmax(at.tensor(x), axis).data
        np.testing.assert_allclose(y.sum(axis), 1, rtol=1e-13)
        np.testing.assert_allclose(np.exp(at.log_softmax(at.tensor(x), axis).data), y, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("function", "x", "y", "slope"),
    [
        (at.softplus, 1e4, 1e4, 1.0),
        (at.softplus, -1e4, 0.0, 0.0),
        (at.softplus, 0.0, math.log(2), 0.5),
        (at.log_sigmoid, 1e4, 0.0, 0.0),
        (at.log_sigmoid, -1e4, -1e4, 1.0),
        (at.log_sigmoid, 0.0, -math.log(2), 0.5),
        (at.sigmoid, 1e4, 1.0, 0.0),
        (at.sigmoid, -1e4, 0.0, 0.0),
        (at.tanh, 1e4, 1.0, 0.0),
        (at.softplus, -40.0, math.exp(-40), math.exp(-40)),
        (at.log_sigmoid, 40.0, -math.exp(-40), math.exp(-40)),
        (special.expit, 0.0, 0.5, 0.25),
    ],
)
def test_activations_at_the_extremes_are_exact_with_their_slopes(function: Any, x: float, y: float, slope: float) -> None:
    value, g = value_and_grad(function, np.float64(x))
    assert value == pytest.approx(y, rel=1e-14)
    assert g == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize("function", [at.softmax, at.log_softmax])
def test_the_second_derivative_equals_the_difference_quotient(function: Any) -> None:
    data = np.array([0.3, -1.0, 2.0])
    weights, direction = np.array([1.0, -2.0, 0.5]), np.array([0.7, 0.1, -0.4])
    x = at.tensor(data, requires_grad=True)
    (function(x) * weights).sum().backward(create_graph=True)
    g, x.grad = x.grad, None
    assert g is not None
    g.backward(direction)
    h = 1e-6
    above, below = (value_and_grad(function, data + s * direction, weights)[1] for s in (h, -h))
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.data, (above - below) / (2 * h), rtol=1e-7, atol=1e-9)


def test_std_is_the_root_of_var_with_its_gradient() -> None:
    data = np.array([1.0, 3.0])
    y, g = value_and_grad(at.std, data)
    assert y == 1.0
    np.testing.assert_allclose(g, [-0.5, 0.5])
