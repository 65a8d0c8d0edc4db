"""Activations and losses at +-1e4 in float32: finite values and gradients, no warning, and the limit that is right."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.nn import functional as F

FAR = [-1e4, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4]
ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], float, float]] = {  # the function, its values at -1e4 and at 1e4
    "relu": (F.relu, 0, 1e4),
    "relu6": (F.relu6, 0, 6),
    "leaky_relu": (F.leaky_relu, -100, 1e4),
    "threshold": (lambda x: F.threshold(x, 0.5, -2.0), -2, 1e4),
    "hardtanh": (F.hardtanh, -1, 1),
    "hardsigmoid": (F.hardsigmoid, 0, 1),
    "hardswish": (F.hardswish, 0, 1e4),
    "softshrink": (F.softshrink, -9999.5, 9999.5),
    "hardshrink": (F.hardshrink, -1e4, 1e4),
    "tanh": (F.tanh, -1, 1),
    "sigmoid": (F.sigmoid, 0, 1),
    "logsigmoid": (F.logsigmoid, -1e4, 0),
    "elu": (F.elu, -1, 1e4),
    "selu": (F.selu, -1.6732632 * 1.050701, 10507.01),
    "celu": (lambda x: F.celu(x, 0.5), -0.5, 1e4),
    "gelu": (F.gelu, 0, 1e4),
    "gelu tanh": (lambda x: F.gelu(x, "tanh"), 0, 1e4),
    "silu": (F.silu, 0, 1e4),
    "mish": (F.mish, 0, 1e4),
    "softplus": (F.softplus, 0, 1e4),
    "softsign": (F.softsign, -1, 1),
    "tanhshrink": (F.tanhshrink, -9999, 9999),
    "glu": (lambda x: F.glu(x[None].T * at.ones((1, 2)), dim=1)[:, 0], 0, 1e4),
    "prelu": (lambda x: F.prelu(x, at.tensor([0.25])), -2500, 1e4),
    "softmax": (lambda x: F.softmax(x, dim=0), 0, 1),
    "log_softmax": (lambda x: F.log_softmax(x, dim=0), -2e4, 0),
    "normalize": (lambda x: F.normalize(x, dim=0), -0.70706, 0.70706),
    "layer_norm": (lambda x: F.layer_norm(x, (7,)), -1.87069, 1.87069),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_stable_far_out(name: str) -> None:
    function, low, high = ACTIVATIONS[name]
    x = at.tensor(FAR, requires_grad=True)
    y = function(x)
    y.backward(np.ones(y.shape, np.float32))
    assert y.dtype == np.float32
    assert np.isfinite(y.numpy()).all()
    assert x.grad is not None
    assert np.isfinite(x.grad.numpy()).all()
    np.testing.assert_allclose([y.numpy()[0], y.numpy()[-1]], [low, high], rtol=1e-3, atol=1e-6)


def test_every_activation_is_tried_far_out() -> None:
    losses = {name for name in F.__all__ if name.endswith(("loss", "entropy", "logits", "kl_div"))}
    linear = {"linear", *(name for name in F.__all__ if name.startswith("conv"))}
    assert set(F.__all__) - losses - linear - {"dropout", "batch_norm", "one_hot"} <= {name.split()[0] for name in ACTIVATIONS}


FAR_SCORES = [[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]]
SIGNS = [[1.0, 1.0, -1.0], [1.0, -1.0, 1.0]]
LABELS = at.tensor([1, 1])
LOSSES: dict[str, tuple[Callable[[Any], Any], float]] = {  # the function and the mean loss at FAR_SCORES
    "cross_entropy": (lambda x: F.cross_entropy(x, LABELS), 1e4),
    "cross_entropy smoothed": (lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.3), 1e4),
    "cross_entropy of probabilities": (lambda x: F.cross_entropy(x, at.tensor([[0.0, 1.0, 0.0]] * 2)), 1e4),
    "nll_loss": (lambda x: F.nll_loss(x, LABELS), 0.0),
    "multi_margin_loss": (lambda x: F.multi_margin_loss(x, LABELS), (20001 + 10001) / 6),
    "binary_cross_entropy_with_logits": (
        lambda x: F.binary_cross_entropy_with_logits(x, at.ones((2, 3))),
        (2e4 + 2 * np.log(2)) / 6,
    ),
    "binary_cross_entropy": (lambda x: F.binary_cross_entropy(F.sigmoid(x), at.ones((2, 3))), (200 + 2 * np.log(2)) / 6),
    "soft_margin_loss": (lambda x: F.soft_margin_loss(x, at.tensor(SIGNS)), (3e4 + 1e4 - 1e4 + 2 * np.log(2)) / 6),
    "hinge_embedding_loss": (lambda x: F.hinge_embedding_loss(x, at.tensor(SIGNS)), (1e4 - 1e4 + 1 - 1e4 + 0 + 0) / 6),
    "margin_ranking_loss": (lambda x: F.margin_ranking_loss(x, -x, at.tensor(SIGNS)), (2e4 + 2e4 + 2e4) / 6),
    "mse_loss": (lambda x: F.mse_loss(x, at.zeros((2, 3))), 4e8 / 6),
    "l1_loss": (lambda x: F.l1_loss(x, at.zeros((2, 3))), 4e4 / 6),
    "huber_loss": (lambda x: F.huber_loss(x, at.zeros((2, 3))), 4 * (1e4 - 0.5) / 6),
    "smooth_l1_loss": (lambda x: F.smooth_l1_loss(x, at.zeros((2, 3))), 4 * (1e4 - 0.5) / 6),
    "kl_div": (lambda x: F.kl_div(F.log_softmax(x, dim=1), at.tensor([[0.0, 1.0, 0.0]] * 2)), 2e4 / 6),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_stable_far_out(name: str) -> None:
    function, expected = LOSSES[name]
    x = at.tensor(FAR_SCORES, requires_grad=True)
    loss = function(x)
    loss.backward()
    assert loss.dtype == np.float32
    assert loss.shape == ()
    assert x.grad is not None
    assert np.isfinite(x.grad.numpy()).all()
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-4, atol=1e-6)


def test_every_loss_is_tried_far_out() -> None:
    losses = {name for name in F.__all__ if name.endswith(("loss", "entropy", "logits", "kl_div"))}
    assert losses == {name.split()[0] for name in LOSSES}


def test_binary_cross_entropy_limits_logarithms_to_minus_100_and_its_gradient_there_is_0() -> None:
    p = at.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = F.binary_cross_entropy(p, at.tensor([0.0, 1.0, 1.0, 0.0]), reduction="none")
    loss.backward(np.ones(4, np.float32))
    np.testing.assert_array_equal(loss.numpy(), [0, 0, 100, 100])
    assert p.grad is not None
    np.testing.assert_array_equal(p.grad.numpy(), [1, -1, 0, 0])


def test_the_second_derivative_of_logistic_losses_at_0_is_a_quarter() -> None:
    for function in (
        lambda x: F.binary_cross_entropy_with_logits(x, at.zeros(1), reduction="sum"),
        lambda x: F.soft_margin_loss(x, at.ones(1), reduction="sum"),
    ):
        x = at.tensor([0.0], requires_grad=True)
        function(x).backward(create_graph=True)
        first = x.grad
        assert first is not None
        x.grad = None
        first.sum().backward()
        assert x.grad is not None
        assert x.grad.item() == pytest.approx(0.25)
