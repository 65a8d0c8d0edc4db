"""Layers with a memory or a choice of shape: Linear, Dropout, normalisation, Flatten, and the activations as modules."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import (
    ArgumentError,
    AutotensorError,
    DataError,
    DTypeError,
    IndexRangeError,
    ShapeError,
    UnknownNameError,
)
from autotensor.nn import functional as F


def test_linear_starts_uniform_within_one_over_the_root_of_its_inputs() -> None:
    at.random.seed(3)
    layer = nn.Linear(100, 400)
    for parameter in layer.parameters():
        assert 0.099 < np.abs(parameter.numpy()).max() <= 0.1
        assert np.var(parameter.numpy()) == pytest.approx(0.01 / 3, rel=0.15)
    assert nn.Linear(3, 2, dtype=np.float64).weight.dtype == np.float64
    assert nn.Linear(3, 2, bias=False).bias is None


def test_the_same_seed_gives_the_same_layer() -> None:
    at.random.seed(1)
    first = nn.Linear(3, 2)
    at.random.seed(1)
    assert nn.Linear(3, 2).weight.tolist() == first.weight.tolist()


def test_dropout_keeps_the_mean_and_only_while_training() -> None:
    at.random.seed(0)
    layer = nn.Dropout(0.25)
    x = at.ones((100, 100))
    x.requires_grad_()
    y = layer(x)
    assert set(np.unique(y.numpy())) == {np.float32(0), np.float32(1 / 0.75)}
    assert y.numpy().mean() == pytest.approx(1, abs=0.02)
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())
    assert layer.eval()(x) is x


def test_dropout_of_0_is_the_input_and_of_1_is_0() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    assert F.dropout(x, 0.0) is x
    y = F.dropout(x, 1.0)
    y.sum().backward()
    assert x.grad is not None
    assert (y.tolist(), x.grad.tolist()) == ([0, 0], [0, 0])


def test_batch_norm_follows_the_batch_while_training_and_its_statistics_after() -> None:
    layer = nn.BatchNorm1d(2, momentum=0.5)
    x = at.tensor([[0.0, 1.0], [2.0, 5.0]])
    y = layer(x)
    np.testing.assert_allclose(y.numpy(), [[-1, -1], [1, 1]], atol=1e-5)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    assert layer.num_batches_tracked is not None
    assert (layer.running_mean.tolist(), layer.running_var.tolist()) == ([0.5, 1.5], [1.5, 4.5])
    held = layer.running_mean
    layer.eval()
    np.testing.assert_allclose(layer(x).numpy(), (x.numpy() - [0.5, 1.5]) / np.sqrt(np.array([1.5, 4.5]) + 1e-5), rtol=1e-5)
    assert layer.num_batches_tracked.item() == 1
    assert layer.running_mean is held
    layer.reset_parameters()
    assert (layer.running_mean.tolist(), layer.num_batches_tracked.item()) == ([0, 0], 0)


def test_batch_norm_without_momentum_averages_all_batches() -> None:
    layer = nn.BatchNorm1d(1, momentum=None)
    for mean in (1.0, 2.0, 6.0):
        layer(at.tensor([[mean - 1], [mean + 1]]))
    assert layer.running_mean is not None
    assert layer.running_mean.item() == pytest.approx(3.0)


def test_batch_norm_without_statistics_follows_the_batch_also_in_eval() -> None:
    layer = nn.BatchNorm1d(1, affine=False, track_running_stats=False).eval()
    np.testing.assert_allclose(layer(at.tensor([[0.0], [2.0]])).numpy(), [[-1], [1]], atol=1e-5)
    assert list(layer.state_dict()) == []
    assert list(nn.BatchNorm1d(1, bias=False).state_dict()) == ["weight", "running_mean", "running_var", "num_batches_tracked"]


def test_layer_norm_has_the_parameters_that_are_asked_for() -> None:
    assert list(nn.LayerNorm((2, 3)).state_dict()) == ["weight", "bias"]
    assert list(nn.LayerNorm(2, bias=False).state_dict()) == ["weight"]
    assert list(nn.LayerNorm(2, elementwise_affine=False).state_dict()) == []
    layer = nn.LayerNorm(2)
    nn.init.constant_(layer.weight, 5.0)
    layer.reset_parameters()
    assert layer.weight is not None
    assert layer.weight.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Flatten(), (2, 3, 4), (2, 12)),
        (nn.Flatten(0), (2, 3, 4), (24,)),
        (nn.Flatten(0, 1), (2, 3, 4), (6, 4)),
        (nn.Flatten(), (0, 3, 4), (0, 12)),
        (nn.Flatten(0), (), (1,)),
        (nn.Unflatten(1, (3, 4)), (2, 12), (2, 3, 4)),
        (nn.Unflatten(-1, (-1, 4)), (2, 12), (2, 3, 4)),
        (nn.Identity(), (2, 3), (2, 3)),
    ],
)
def test_a_shaping_layer_gives_the_shape(layer: nn.Module, shape: Any, expected: Any) -> None:
    assert layer(at.zeros(shape)).shape == expected


ACTIVATIONS = [
    (nn.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
    (nn.ELU(0.5), lambda x: F.elu(x, 0.5)),
    (nn.CELU(0.5), lambda x: F.celu(x, 0.5)),
    (nn.GELU("tanh"), lambda x: F.gelu(x, "tanh")),
    (nn.Softplus(2.0, 1.0), lambda x: F.softplus(x, 2.0, 1.0)),
    (nn.Hardtanh(-0.5, 0.25), lambda x: F.hardtanh(x, -0.5, 0.25)),
    (nn.Threshold(0.1, 9.0), lambda x: F.threshold(x, 0.1, 9.0)),
    (nn.Softshrink(0.2), lambda x: F.softshrink(x, 0.2)),
    (nn.Hardshrink(0.2), lambda x: F.hardshrink(x, 0.2)),
    (nn.Softmax(0), lambda x: F.softmax(x, 0)),
    (nn.LogSoftmax(0), lambda x: F.log_softmax(x, 0)),
    (nn.GLU(0), lambda x: F.glu(x, 0)),
    (nn.PReLU(init=0.5), lambda x: F.prelu(x, at.tensor([0.5]))),
    *((module(), getattr(F, name)) for module, name in [
        (nn.Tanh, "tanh"), (nn.Sigmoid, "sigmoid"), (nn.LogSigmoid, "logsigmoid"), (nn.Softsign, "softsign"),
        (nn.Tanhshrink, "tanhshrink"), (nn.ReLU, "relu"), (nn.ReLU6, "relu6"), (nn.Hardsigmoid, "hardsigmoid"),
        (nn.Hardswish, "hardswish"), (nn.SELU, "selu"), (nn.SiLU, "silu"), (nn.Mish, "mish"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("module", "function"), ACTIVATIONS, ids=lambda one: repr(one) if isinstance(one, nn.Module) else "")
def test_an_activation_module_is_its_function(module: nn.Module, function: Callable[[Any], Any]) -> None:
    x = at.tensor([-2.0, -0.3, 0.15, 3.0])
    np.testing.assert_array_equal(module(x).numpy(), function(x).numpy())


def test_an_activations_settings_are_read_at_each_call() -> None:
    layer = nn.LeakyReLU(0.2)
    layer.negative_slope = 0.5
    assert layer(at.tensor(-2.0)).item() == -1


def test_one_hot_marks_the_label() -> None:
    assert F.one_hot(at.tensor([[1], [0]])).tolist() == [[[0, 1]], [[1, 0]]]
    assert F.one_hot(at.tensor([1]), 3).tolist() == [[0, 1, 0]]


def test_nan_is_not_swallowed_by_piecewise_activations() -> None:
    x = at.tensor([np.nan])
    for function in (F.relu, F.relu6, F.leaky_relu, F.hardtanh, F.hardsigmoid, F.hardswish, F.softshrink, F.hardshrink, F.elu):
        assert np.isnan(function(x).numpy()).all(), function
    assert np.isnan(F.threshold(x, 0.0, 1.0).numpy()).all()


REFUSALS = [
    (lambda: nn.Linear(0, 2), ArgumentError, "Linear: in_features is a whole number of at least 1, got 0"),
    (lambda: nn.Linear(2, 2.5), ArgumentError, r"Linear: out_features is a whole number of at least 1, got 2\.5"),
    (lambda: nn.BatchNorm1d(True), ArgumentError, "num_features is a whole number of at least 1, got True"),
    (lambda: nn.Dropout(1.5), ArgumentError, "probability p between 0 and 1, got 1.5"),
    (lambda: F.dropout(at.ones(2), -0.1), ArgumentError, "probability p between 0 and 1, got -0.1"),
    (lambda: nn.LayerNorm(3)(at.ones((2, 4))), ShapeError, r"inputs of shape \(\.\.\., 3\), got \(2, 4\)"),
    (lambda: nn.Sequential(nn.LayerNorm(3))(at.ones((2, 4))), ShapeError, "^0: layer_norm expects"),
    (lambda: nn.BatchNorm1d(3)(at.ones((2, 4))), ShapeError, r"\(batch, 3\) or \(batch, 3, length\), got \(2, 4\)"),
    (lambda: nn.BatchNorm1d(3)(at.ones((1, 3))), ShapeError, r"one value a channel \(input of shape \(1, 3\)\).*eval\(\)"),
    (lambda: F.batch_norm(at.ones(3), None, None, training=True), ShapeError, r"\(batch, channels, \.\.\.\), got \(3,\)"),
    (lambda: F.batch_norm(at.ones((2, 3)), at.ones(2), None), ShapeError, r"running_mean has shape \(2,\).*has 3 channels"),
    (lambda: F.batch_norm(at.ones((2, 3)), None, None), ArgumentError, "needs running_mean and running_var unless training"),
    (lambda: nn.Flatten(2, 1)(at.ones((2, 3, 4))), ShapeError, "start_dim 2 comes after end_dim 1"),
    (lambda: nn.Unflatten(1, (5, -1))(at.ones((2, 12))), ShapeError, r"axis 1 of shape \(2, 12\) does not divide into \(5, -1\)"),
    (lambda: nn.Unflatten(1, (-1, -1))(at.ones((2, 12))), ShapeError, "does not divide"),
    (lambda: nn.Softmax()(at.ones(2)), ArgumentError, "softmax needs dim"),
    (lambda: F.gelu(at.ones(2), "tahn"), UnknownNameError, "Did you mean 'tanh'"),
    (lambda: F.glu(at.ones((2, 3))), ShapeError, "axis 1, which has the odd length 3"),
    (lambda: F.prelu(at.ones((2, 3)), at.ones(2)), ShapeError, r"each of the 3 channels, got shape \(2,\)"),
    (lambda: F.hardtanh(at.ones(2), 1.0, -1.0), ArgumentError, "min_val <= max_val"),
    (lambda: F.softshrink(at.ones(2), -1.0), ArgumentError, "lambd >= 0, got -1"),
    (lambda: F.softplus(at.ones(2), 0.0), ArgumentError, "divides by beta"),
    (lambda: F.celu(at.ones(2), 0.0), ArgumentError, "divides by alpha"),
    (lambda: F.normalize(at.ones((2, 2)), p=0.0), ArgumentError, "p > 0, got 0"),
    (lambda: F.one_hot(at.tensor([0, 3]), 3), IndexRangeError, r"label 3 at index \(1,\) is outside the 3 classes"),
    (lambda: F.one_hot(at.tensor([0.5])), DTypeError, "one_hot takes integers, got dtype float32"),
    (lambda: F.one_hot(at.zeros(0, dtype=np.int64)), DataError, "give num_classes"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS)
def test_a_layer_says_what_it_expected(call: Callable[[], Any], error: type[AutotensorError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
