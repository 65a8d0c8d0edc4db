"""Forward mode on the recorded graph: the same derivatives as reverse mode, carried the other way."""

from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.autodiff.forward import pushforward
from autotensor.core.errors import GraphFreedError
from autotensor.core.namespace import plain, recorded


def leaf(data: Any) -> Any:
    return at.tensor(np.asarray(data, np.float64), requires_grad=True)


def model(w: Any, x: Any) -> Any:
    return (at.tanh(x @ w) * at.sigmoid(x).sum(axis=1, keepdims=True)).sum(axis=0)


RNG = np.random.default_rng(0)
W, X, TW, TX = (RNG.normal(size=s) for s in ((3, 2), (4, 3), (3, 2), (4, 3)))


def test_a_tangent_is_the_adjoint_of_the_gradient() -> None:
    w, x = leaf(W), leaf(X)
    y = model(w, x)
    g = np.array([0.5, -2.0])
    t = pushforward(plain, y.node, {w.node: TW, x.node: TX})
    y.backward(g)
    np.testing.assert_allclose(g @ t, (w.grad.data * TW).sum() + (x.grad.data * TX).sum(), rtol=1e-13)


def test_a_tangent_equals_the_difference_quotient() -> None:
    w, x = leaf(W), leaf(X)
    t = pushforward(plain, model(w, x).node, {w.node: TW})
    h = 1e-6
    above, below = (model(at.tensor(W + s * TW), at.tensor(X)).data for s in (h, -h))
    np.testing.assert_allclose(t, (above - below) / (2 * h), rtol=1e-8)


def test_recorded_and_plain_tangents_agree() -> None:
    w, x = leaf(W), leaf(X)
    y = model(w, x)
    one = pushforward(plain, y.node, {x.node: TX})
    other = pushforward(recorded, y.node, {x.node: at.tensor(TX)})
    np.testing.assert_array_equal(one, other.data)


def test_a_recorded_tangent_can_be_differentiated_backward() -> None:
    x, t = leaf(0.7), leaf(2.0)
    tangent = pushforward(recorded, at.sin(x).node, {x.node: t})
    tangent.backward()
    np.testing.assert_allclose(x.grad.data, -np.sin(0.7) * 2.0)
    np.testing.assert_allclose(t.grad.data, np.cos(0.7))


def test_forward_over_forward() -> None:
    x = leaf(0.7)
    y = x * x * x
    first = pushforward(recorded, y.node, {x.node: at.tensor(np.float64(1.0))})
    second = pushforward(recorded, first.node, {x.node: at.tensor(np.float64(1.0))})
    third = pushforward(plain, second.node, {x.node: np.float64(1.0)})
    np.testing.assert_allclose([first.item(), second.item(), third], [3 * 0.49, 6 * 0.7, 6.0])


def test_forward_over_reverse_is_the_hessian_product() -> None:
    x, v = leaf([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0])
    (x**3).sum().backward(create_graph=True)
    np.testing.assert_allclose(pushforward(plain, x.grad.node, {x.node: v}), 6 * x.data * v)


def test_the_tangent_of_what_does_not_move_is_none() -> None:
    x, other = leaf(1.0), leaf(1.0)
    y = at.exp(x)
    assert pushforward(plain, y.node, {other.node: np.ones(())}) is None
    assert pushforward(plain, y.node, {}) is None


def test_the_tangent_of_an_input_is_its_own() -> None:
    x = leaf(1.0)
    assert pushforward(plain, x.node, {x.node: 5.0}) == 5.0


def test_an_inner_node_may_be_an_input_and_hides_what_is_behind_it() -> None:
    x = leaf(2.0)
    y = at.exp(x)
    z = y * y
    t = pushforward(plain, z.node, {y.node: np.array(1.0), x.node: np.array(1000.0)})
    np.testing.assert_allclose(t, 2 * np.exp(2.0))
    t = pushforward(plain, (z + x).node, {y.node: np.array(1.0), x.node: np.array(3.0)})
    np.testing.assert_allclose(t, 2 * np.exp(2.0) + 3.0)


def test_a_tangent_has_its_values_shape_and_dtype() -> None:
    a = at.tensor([1.0, 2.0], requires_grad=True)
    y = a + np.ones((3, 2))
    t = pushforward(plain, y.node, {a.node: np.ones(2, np.float32)})
    assert (t.shape, t.dtype) == (y.shape, y.dtype)


def test_a_freed_graph_is_refused_by_name() -> None:
    x = leaf(1.0)
    y = at.exp(x)
    y.backward()
    with pytest.raises(GraphFreedError, match="the values that exp saved for backward are gone"):
        pushforward(plain, y.node, {x.node: np.ones(())})


def test_a_long_chain_is_followed_without_recursion() -> None:
    x = leaf(0.0)
    y = x
    for _ in range(50_000):
        y = y + 1.0
    assert pushforward(plain, y.node, {x.node: np.array(2.0)}) == 2.0
