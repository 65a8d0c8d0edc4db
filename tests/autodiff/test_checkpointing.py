"""Checkpoints: the same derivatives, computed again instead of remembered."""

import tracemalloc

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import DTypeError

X = np.array([0.3, -0.7, 1.1])


def wave(x):
    return at.sin(x) * x


def test_gradients_of_arguments_and_of_parameters_inside_are_those_without_it():
    at.random.seed(0)
    layer = nn.Linear(4, 4).double()
    data = np.random.default_rng(0).normal(size=(5, 4))

    def net(z):
        return at.tanh(layer(at.tanh(layer(z))))

    found = []
    for f in (net, at.checkpoint(net)):
        layer.zero_grad()
        x = at.tensor(data, requires_grad=True)
        (f(x) ** 2).sum().backward()
        found.append([x.grad.numpy(), *(p.grad.numpy() for p in layer.parameters())])
    for plain, again in zip(*found, strict=True):
        np.testing.assert_array_equal(plain, again)


def test_parameters_receive_gradients_when_no_argument_is_tracked():
    layer = nn.Linear(2, 1)
    at.checkpoint(layer)(at.ones((3, 2))).sum().backward()
    assert layer.weight.grad.tolist() == [[3, 3]]


def test_tensors_recorded_before_receive_theirs_through_their_own_graph():
    w = at.tensor(2.0, requires_grad=True)
    squared = w * w
    at.checkpoint(lambda x: squared * x)(at.tensor(3.0, requires_grad=True)).backward()
    assert w.grad.item() == 12


def test_derivatives_of_any_order_and_both_modes_pass_through():
    saved = at.checkpoint(wave)
    x, t = at.tensor(X), at.tensor(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(at.jvp(saved, (x,), (t,))[1].numpy(), at.jvp(wave, (x,), (t,))[1].numpy())
    second = at.hessian(lambda z: saved(z).sum())(x).numpy()
    np.testing.assert_allclose(second, at.hessian(lambda z: wave(z).sum())(x).numpy())
    np.testing.assert_allclose(at.grad(lambda z: at.checkpoint(saved)(z).sum())(x).numpy(), np.cos(X) * X + np.sin(X))


def test_dropout_drops_the_same_elements_again_and_leaves_the_stream_where_it_was():
    dropout = nn.Dropout(0.5)
    at.random.seed(3)
    x = at.tensor(np.ones(200), requires_grad=True)
    y = at.checkpoint(lambda z: dropout(z) * 2)(x)
    before = at.random.default.state
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())  # linear in x = 1: the gradient is the mask that was used
    assert at.random.default.state == before


def test_containers_go_in_and_come_out():
    def f(pair, scale):
        return {"sum": (pair[0] + pair[1]["b"]) * scale, "first": pair[0] * 2}

    a, b = at.tensor(1.0, requires_grad=True), at.tensor(2.0, requires_grad=True)
    out = at.checkpoint(f)((a, {"b": b}), 3.0)
    (out["sum"] + out["first"]).backward()
    assert (out["sum"].item(), a.grad.item(), b.grad.item()) == (9, 5, 3)


def test_nothing_is_recorded_under_no_grad_or_for_constants():
    with at.no_grad():
        assert not at.checkpoint(wave)(at.tensor(X, requires_grad=True)).requires_grad
    assert not at.checkpoint(wave)(at.tensor(X)).requires_grad


def test_a_function_that_returns_no_tensor_is_refused():
    with pytest.raises(DTypeError, match="checkpoint needs a function that returns a Tensor"):
        at.checkpoint(lambda x: x.numpy())(at.tensor(X, requires_grad=True))


def peak_of(f, x):
    """Bytes at the highest point of a forward and a backward pass."""
    tracemalloc.start()
    f(x).sum().backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_eight_checkpoints_on_sixty_four_layers_hold_less_than_a_quarter():
    x = at.tensor(np.random.default_rng(0).normal(size=(64, 1000)), requires_grad=True)

    def block(z):
        for _ in range(8):
            z = at.tanh(z * 1.5)
        return z

    def plain(z):
        for _ in range(8):
            z = block(z)
        return z

    def saving(z):
        for _ in range(8):
            z = at.checkpoint(block)(z)
        return z

    assert peak_of(saving, x) < peak_of(plain, x) / 4
