"""Primitives of one's own."""

import pickle

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, MissingRuleError
from autotensor.core.primitive import registry
from autotensor.core.spec import Spec
from autotensor.plan import Symbol

X = np.array([0.5, -1.0, 2.0])


@at.primitive(partials=(lambda ns, y, x: 3 * ns.square(x),), analytic=True)
def cubed(x):
    """Cube, elementwise: y = x**3, dy/dx = 3 x**2."""
    return x * x * x


def twice_vjp(i, ns, g, y, x, *, times):
    return g * times


def twice_jvp(ns, tangents, y, x, *, times):
    return tangents[0] * times


@at.primitive(vjp=twice_vjp, jvp=twice_jvp, shape=lambda x, *, times: Spec(x.shape, x.dtype))
def many_times(x, *, times):
    return x * times


def test_partials_give_every_order_mode_and_batch():
    x = at.tensor(X)
    np.testing.assert_allclose(at.grad(lambda z: cubed(z).sum())(x).numpy(), 3 * X**2)
    np.testing.assert_allclose(np.diag(at.hessian(lambda z: cubed(z).sum())(x).numpy()), 6 * X)
    np.testing.assert_allclose(at.jvp(cubed, (x,), (x,))[1].numpy(), 3 * X**3)
    np.testing.assert_allclose(at.vmap(at.grad(cubed))(x).numpy(), 3 * X**2)
    at.testing.check_grads(cubed, x)


def test_stated_rules_serve_with_settings_and_are_traced_by_their_shape():
    x = at.tensor(X, requires_grad=True)
    many_times(x, times=2.0).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
    assert at.jvp(lambda z: many_times(z, times=5.0), (at.tensor(1.0),), (at.tensor(1.0),))[1].item() == 5
    assert many_times(Symbol(Spec((4, 2), np.dtype("float32"))), times=2.0).shape == (4, 2)


def test_it_is_no_entry_of_the_registry_and_survives_pickling():
    assert "cubed" not in registry
    assert pickle.loads(pickle.dumps(cubed)) is cubed
    assert cubed.__doc__.startswith("Cube")


def test_a_missing_rule_is_named_where_it_is_needed():
    @at.primitive
    def silent(x):
        return x + 1

    assert silent(at.tensor(1.0)).item() == 2
    with pytest.raises(MissingRuleError, match="'silent' states no vjp"):
        silent(at.tensor(1.0, requires_grad=True)).backward()
    with pytest.raises(MissingRuleError, match="'silent' states no jvp"):
        at.jvp(silent, (at.tensor(1.0),), (at.tensor(1.0),))


MISTAKES = [
    (lambda: at.primitive(lambda x: x, name="tanh"), "autotensor has a primitive called 'tanh'"),
    (lambda: at.primitive(lambda x: x), "name that is an identifier, got '<lambda>'"),
    (lambda: at.primitive(lambda a, b: a, name="first", partials=(1,)), "first has 2 operands and 1 partials"),
    (lambda: at.primitive(lambda x: x, name="same", partials=(1,), vjp=twice_vjp), "not both"),
]


@pytest.mark.parametrize(("mistake", "words"), MISTAKES)
def test_mistakes_in_a_declaration_are_answered(mistake, words):
    with pytest.raises(ArgumentError) as error:
        mistake()
    assert words in str(error.value)
