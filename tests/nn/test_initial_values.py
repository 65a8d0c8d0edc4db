"""Initialisers: variances, limits, orthogonality; and the clipping of gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import ArgumentError, AutotensorError, DataError, ShapeError, UnknownNameError
from autotensor.nn import init, initial_values
from autotensor.nn.initial_values import Fans
from autotensor.random import Generator

N_IN, N_OUT = 120, 300
VARIANCES = {  # the variance each promises for a weight of N_IN inputs and N_OUT outputs
    "xavier_uniform_": 2 / (N_IN + N_OUT),
    "xavier_normal_": 2 / (N_IN + N_OUT),
    "kaiming_uniform_": 2 / N_IN,
    "kaiming_normal_": 2 / N_IN,
    "lecun_uniform_": 1 / N_IN,
    "lecun_normal_": 1 / N_IN,
    "uniform_": 1 / 12 + 1 / 4,
    "normal_": 1.0,
}


@pytest.mark.parametrize("name", VARIANCES)
def test_an_initialiser_has_the_variance_it_promises(name: str) -> None:
    weight = nn.Parameter(np.zeros((N_OUT, N_IN)))
    assert getattr(init, name)(weight, generator=Generator(1)) is weight
    assert np.mean(weight.numpy() ** 2) == pytest.approx(VARIANCES[name], rel=0.03)
    assert (weight.dtype, weight.requires_grad) == (np.float64, True)
    limit = np.sqrt(3 * VARIANCES[name])
    assert "uniform" not in name or np.abs(weight.numpy()).max() <= limit + 1e-12


@pytest.mark.parametrize("distribution", initial_values.DISTRIBUTIONS)
@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 50), ("fan_out", 150), ("fan_avg", 100)])
def test_variance_scaling_divides_by_the_fan(distribution: str, mode: str, fan: int) -> None:
    values = initial_values.variance_scaling(Generator(2), (100, 200), Fans(50, 150), 3.0, mode, distribution)
    assert values.dtype == np.float32
    assert values.var() == pytest.approx(3 / fan, rel=0.03)
    if distribution == "truncated_normal":
        assert np.abs(values).max() <= 2 * np.sqrt(3 / fan) / initial_values.TRUNCATED_STD


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (6, 2, 2)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape: tuple[int, ...]) -> None:
    weight = init.orthogonal_(nn.Parameter(np.zeros(shape)), gain=2.0, generator=Generator(0)).numpy()
    matrix = weight.reshape(shape[0], -1)
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_constants_and_the_identity() -> None:
    weight = nn.Parameter(np.ones((2, 3), np.float32))
    assert not init.zeros_(weight).numpy().any()
    assert init.ones_(weight).numpy().all()
    assert init.eye_(weight).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.constant_(weight, 0.5).dtype == np.float32


def test_trunc_normal_stays_within_its_bounds() -> None:
    weight = init.trunc_normal_(nn.Parameter(np.zeros(2000)), mean=1.0, std=2.0, a=0.0, b=4.0, generator=Generator(0)).numpy()
    assert weight.min() >= 0
    assert weight.max() <= 4
    assert weight.std() > 1


def test_initialising_replaces_the_array_so_that_recorded_graphs_keep_theirs() -> None:
    weight, x = nn.Parameter([3.0]), at.tensor([1.0], requires_grad=True)
    y = weight * x
    init.zeros_(weight)
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 3


@pytest.mark.parametrize(
    ("name", "param", "gain"), [("linear", None, 1), ("relu", None, 2**0.5), ("leaky_relu", 1.0, 1), ("selu", None, 0.75)]
)
def test_gains_are_pytorchs(name: str, param: float | None, gain: float) -> None:
    assert init.calculate_gain(name, param) == pytest.approx(gain)


def test_keras_names_are_the_same_functions() -> None:
    assert init.glorot_uniform_ is init.xavier_uniform_
    assert init.he_normal_ is init.kaiming_normal_


# clipping


def with_gradients(*gradients: Any) -> list[at.Tensor]:
    tensors = [at.tensor(np.zeros(np.shape(g), np.float32), requires_grad=True) for g in gradients]
    for t, g in zip(tensors, gradients, strict=True):
        t.grad = at.tensor(np.array(g, np.float32))
    return tensors


@pytest.mark.parametrize(
    ("norm_type", "norm"), [(2.0, 13.0), (1.0, 19.0), (float("inf"), 12.0), (3.0, (27 + 64 + 1728) ** (1 / 3))]
)
def test_gradients_are_scaled_together_to_the_norm(norm_type: float, norm: float) -> None:
    tensors = [*with_gradients([3.0, -4.0], [[12.0]]), at.tensor([1.0], requires_grad=True)]
    before = tensors[0].grad
    assert nn.utils.clip_grad_norm_(iter(tensors), 1.0, norm_type).item() == pytest.approx(norm)
    assert tensors[0].grad is not None
    np.testing.assert_allclose(tensors[0].grad.numpy(), np.array([3.0, -4.0]) / norm, rtol=1e-5)
    assert before is not None
    assert before.tolist() == [3, -4]
    assert tensors[2].grad is None


def test_small_gradients_are_left_alone() -> None:
    (tensor,) = with_gradients([0.3, 0.4])
    held = tensor.grad
    assert nn.utils.clip_grad_norm_(tensor, 1.0).item() == pytest.approx(0.5)
    assert tensor.grad is held
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0


def test_values_are_limited_one_by_one() -> None:
    (tensor,) = with_gradients([3.0, -0.5, -7.0])
    nn.utils.clip_grad_value_([tensor], 1.0)
    assert tensor.grad is not None
    assert tensor.grad.tolist() == [1, -0.5, -1]


def test_huge_float32_gradients_do_not_overflow_the_norm() -> None:
    (tensor,) = with_gradients([3e30, 4e30])
    assert nn.utils.clip_grad_norm_(tensor, 1.0).item() == pytest.approx(5e30)
    assert tensor.grad is not None
    np.testing.assert_allclose(tensor.grad.numpy(), [0.6, 0.8], rtol=1e-5)


MATRIX, VECTOR = nn.Parameter(np.zeros((2, 2))), nn.Parameter(np.zeros(2))
REFUSALS = [
    (lambda: init.xavier_uniform_(VECTOR), ShapeError, r"fans need a weight of shape \(outputs, inputs, \.\.\.\), got \(2,\)"),
    (lambda: init.orthogonal_(VECTOR), ShapeError, r"at least two axes, got shape \(2,\)"),
    (lambda: init.eye_(VECTOR), ShapeError, "takes a matrix"),
    (lambda: init.kaiming_normal_(MATRIX, mode="fan_inn"), UnknownNameError, "Did you mean 'fan_in'"),
    (lambda: init.kaiming_normal_(MATRIX, nonlinearity="rleu"), UnknownNameError, "Did you mean 'relu'"),
    (lambda: init.trunc_normal_(MATRIX, 0.0, 1.0, 9.0, 10.0), ArgumentError, r"hardly ever falls into \[9\.0, 10\.0\]"),
    (lambda: initial_values.variance_scaling(Generator(0), (2, 2), Fans(2, 2), 0.0), ArgumentError, "scale > 0, got 0"),
    (
        lambda: initial_values.variance_scaling(Generator(0), (2, 2), Fans(2, 2), distribution="unifrom"),
        UnknownNameError,
        "Did you mean 'uniform'",
    ),
    (lambda: nn.utils.clip_grad_norm_([], -1.0), ArgumentError, "max_norm >= 0 and norm_type > 0, got -1"),
    (lambda: nn.utils.clip_grad_value_([], -1.0), ArgumentError, "clip_value >= 0, got -1"),
    (
        lambda: nn.utils.clip_grad_norm_(with_gradients([np.nan]), 1.0, error_if_nonfinite=True),
        DataError,
        "the norm of the gradients is nan",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS)
def test_an_initialiser_or_a_limit_says_what_it_expected(
    call: Callable[[], Any], error: type[AutotensorError], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
