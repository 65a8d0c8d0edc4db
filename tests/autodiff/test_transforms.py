"""Functions of functions: gradients, products with Jacobians, and any nesting of them."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autotensor as at
from autotensor.core.errors import ArgumentError, DTypeError, ShapeError

X = np.array([0.3, -0.7, 1.1])
VECTORS = arrays(np.float64, 3, elements=st.floats(-2, 2))


def bowl(x):
    return (at.sin(x) * x * x).sum() + at.prod(x)


def spiral(x):
    return at.stack([x[0] * x[1], at.tanh(x[2]) * x[0], at.exp(x[1]), x.sum()])


@given(VECTORS)
def test_grad_equals_backward(x):
    leaf = at.tensor(x, requires_grad=True)
    bowl(leaf).backward()
    assert np.array_equal(at.grad(bowl)(at.tensor(x)).numpy(), leaf.grad.numpy())


@given(VECTORS, VECTORS, arrays(np.float64, 4, elements=st.floats(-2, 2)))
def test_vjp_is_the_adjoint_of_jvp(x, t, g):
    y, tangent = at.jvp(spiral, (at.tensor(x),), (at.tensor(t),))
    same, back = at.vjp(spiral, at.tensor(x))
    (cotangent,) = back(at.tensor(g))
    assert np.array_equal(y.numpy(), same.numpy())
    assert math.isclose(g @ tangent.numpy(), cotangent.numpy() @ t, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("mode", ["reverse", "forward", None])
def test_the_jacobian_is_the_same_in_both_modes(mode):
    x = at.tensor(X)
    rows = at.jacobian(spiral, mode=mode)(x).numpy()
    assert rows.shape == (4, 3)
    for i, unit in enumerate(np.eye(3)):
        np.testing.assert_allclose(rows[:, i], at.jvp(spiral, (x,), (at.tensor(unit),))[1].numpy(), rtol=1e-14)


@given(VECTORS, VECTORS)
def test_the_hessian_is_symmetric_and_hvp_is_its_product(x, v):
    matrix = at.hessian(bowl)(at.tensor(x)).numpy()
    forward = at.jacobian(at.grad(bowl), mode="forward")(at.tensor(x)).numpy()
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    np.testing.assert_allclose(matrix, forward, atol=1e-12)
    np.testing.assert_allclose(at.hvp(bowl, at.tensor(x), at.tensor(v)).numpy(), matrix @ v, atol=1e-12)


def test_derivatives_of_any_order_of_the_sine():
    f = at.sin
    for order in range(1, 7):
        f = at.grad(f)
        expected = math.sin(0.4 + order * math.pi / 2)
        assert math.isclose(f(at.tensor(np.array(0.4))).item(), expected, rel_tol=1e-12), order


def forward_derivative(f):
    return lambda x: at.jvp(f, (x,), (at.ones_like(x),))[1]


@pytest.mark.parametrize("outer", [at.grad, forward_derivative])
@pytest.mark.parametrize("inner", [at.grad, forward_derivative])
def test_perturbations_are_not_confused(outer, inner):
    three = at.tensor(np.array(3.0))
    # d/dx [x d/dy (x + y)] = 1: an inner derivative that took x for y would say 2
    assert outer(lambda x: x * inner(lambda y: x + y)(at.tensor(np.array(2.0))))(three).item() == 1
    # d/dx [x d/dy (x y)] = 2 x
    assert outer(lambda x: x * inner(lambda y: x * y)(at.tensor(np.array(2.0))))(three).item() == 6
    # d/dx [d/dy (y**2 x) at y = x] = d/dx 2 x**2 = 4 x
    assert outer(lambda x: inner(lambda y: y * y * x)(x))(three).item() == 12


def test_a_derivative_inside_reaches_a_parameter_outside():
    w = at.tensor(2.0, requires_grad=True)
    slope = at.grad(lambda x: w * x * x)(3.0)
    slope.backward()
    assert (slope.item(), w.grad.item()) == (12, 6)


class Pair(NamedTuple):
    weight: object
    rest: dict


def test_gradients_have_the_structure_of_the_argument():
    parameters = Pair(at.tensor(X), {"bias": [at.tensor(2.0), None], "scale": (at.tensor(3.0),)})
    gradient = at.grad(lambda p: (p.weight * p.rest["scale"][0]).sum() + p.rest["bias"][0])(parameters)
    assert isinstance(gradient, Pair)
    assert np.array_equal(gradient.weight.numpy(), [3, 3, 3])
    assert gradient.rest["bias"][0].item() == 1
    assert gradient.rest["bias"][1] is None
    assert math.isclose(gradient.rest["scale"][0].item(), X.sum(), rel_tol=1e-6)


def test_argnums_and_aux_arrange_the_result():
    def f(a, b):
        return a * b, {"sum": a + b}

    (value, aux), (da, db) = at.value_and_grad(f, argnums=(0, 1), has_aux=True)(2.0, 3.0)
    assert (value.item(), da.item(), db.item(), aux["sum"].item()) == (6, 3, 2, 5)
    assert at.grad(lambda a, b: a / b, argnums=1)(6.0, 2.0).item() == -1.5
    assert at.grad(lambda a, b: a / b, argnums=-1)(6.0, 2.0).item() == -1.5


def test_results_are_constants_that_share_no_memory_with_the_arguments():
    x = at.tensor(X)
    y, gradient = at.value_and_grad(lambda t: t.sum())(x)
    assert not y.requires_grad
    assert not gradient.requires_grad
    assert not np.shares_memory(gradient.data, x.data)
    gradient.data[:] = 7
    assert np.array_equal(at.grad(lambda t: t.sum())(x).numpy(), [1, 1, 1])


def test_what_does_not_depend_on_an_input_has_zeros():
    assert np.array_equal(at.grad(lambda x: at.tensor(1.0))(at.tensor(X)).numpy(), [0, 0, 0])
    _, tangent = at.jvp(lambda x: at.tensor([1.0, 2.0]), (at.tensor(X),), (at.tensor(X),))
    assert np.array_equal(tangent.numpy(), [0, 0])


def test_a_pullback_and_a_linear_map_serve_many_times():
    y, back = at.vjp(at.exp, at.tensor(X))
    assert np.array_equal(back(y)[0].numpy(), back(y)[0].numpy())
    _, push = at.linearize(at.exp, at.tensor(X))
    np.testing.assert_allclose(push(at.tensor(2 * X)).numpy(), 2 * push(at.tensor(X)).numpy())


def test_transforms_record_under_no_grad_too():
    with at.no_grad():
        assert at.grad(at.square)(3.0).item() == 6


MISTAKES = [
    ("a vector for grad", lambda: at.grad(lambda x: x)(at.tensor(X)), ShapeError, "single element as result, got shapes [(3,)]"),
    ("a float for a tensor", lambda: at.grad(lambda x: 3.0)(1.0), DTypeError, "it returned float"),
    ("integers", lambda: at.grad(at.square)(at.tensor(1)), DTypeError, "got dtype int64"),
    ("argnums", lambda: at.grad(at.square, argnums=2)(1.0), ArgumentError, "names argument 2, the function was called with 1"),
    ("a tangent's shape", lambda: at.jvp(at.sin, (at.tensor(X),), (1.0,)), ShapeError, "must have shapes [(3,)], got [()]"),
    ("no tuples", lambda: at.jvp(at.sin, 1.0, 1.0), ArgumentError, "jvp(f, (x,), (t,))"),
    ("a cotangent", lambda: at.vjp(at.sin, 1.0)[1](at.tensor(X)), ShapeError, "must have shapes [()], got [(3,)]"),
    ("a mode", lambda: at.jacobian(at.sin, mode="backward"), ArgumentError, "got 'backward'"),
]


@pytest.mark.parametrize(("mistake", "kind", "words"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_answered(mistake, kind, words):
    with pytest.raises(kind) as error:
        mistake()
    assert words in str(error.value)
