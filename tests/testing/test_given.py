"""The decorator finds what single examples miss, the strategy draws all that an operation may meet, the self-test is right."""

import subprocess
import sys
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings

import autotensor as at
from autotensor.core.errors import ArgumentError
from autotensor.core.tensor import Tensor
from autotensor.testing import GradientCheckError, SelfTest, given_gradients, self_test, strategies
from autotensor.testing.mutation import Outcome

QUICK = settings(max_examples=20, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@given_gradients(settings=QUICK)
def test_tanh_times_anything(x: Any, y: Any) -> Any:
    return at.tanh(x) * y


@given_gradients(domain=[(0.5, 3.0), (-2.0, 2.0)], dtypes=("float32", "float64"), settings=QUICK)
def test_powers(x: Any, y: Any) -> Any:
    return x**y


@given_gradients(shapes=[(2, 3), (3, 2)], order=1, settings=QUICK)
def test_products_of_matrices(a: Any, b: Any) -> Any:
    return a @ b


def test_a_wrong_gradient_is_found_and_shrunk() -> None:
    @given_gradients(settings=QUICK)
    def wrong(x: Any, y: Any) -> Any:
        return x * x.detach() + y

    with pytest.raises(GradientCheckError, match="is wrong") as caught:
        wrong()
    assert "Replay: check_grads(wrong, " in str(caught.value)


def test_what_is_wrong_for_repeated_operands_alone_is_found() -> None:
    @given_gradients(shapes=[(2,), (2,)], constants=False, settings=QUICK)
    def wrong(x: Any, y: Any) -> Any:
        return x * y if x is not y else x * x.detach()

    with pytest.raises(GradientCheckError, match="factor 1/2"):
        wrong()


def test_kinks_everywhere_fail_the_health_check() -> None:
    @given_gradients(shapes=[()], settings=settings(max_examples=20, deadline=None, database=None))
    def kinked(x: Any) -> Any:
        return at.abs(at.sin(np.pi * strategies.GRID * x))  # numbers are drawn on the grid

    with pytest.raises(hypothesis.errors.FailedHealthCheck):
        kinked()


def test_the_function_itself_is_kept_and_the_test_bears_its_name() -> None:
    assert test_powers.__name__ == "test_powers"
    assert test_powers.function(2.0, 3.0) == 8.0  # type: ignore[attr-defined]


def test_a_function_without_parameters_is_refused() -> None:
    with pytest.raises(ArgumentError, match="at least one parameter"):
        given_gradients()(lambda: at.tensor(1.0))


PATIENT = settings(max_examples=2000, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    "wanted",
    [
        lambda a, b: a.shape == (),
        lambda a, b: a.size == 0,
        lambda a, b: a.shape != b.shape and a.ndim and b.ndim,
        lambda a, b: a is b,
        lambda a, b: a.requires_grad and not b.requires_grad,
        lambda a, b: a.ndim == 2 and a.data.flags.f_contiguous and not a.data.flags.c_contiguous,
        lambda a, b: any(stride < 0 for stride in a.data.strides),
        lambda a, b: a.ndim == 1 and a.size > 1 and a.data.strides[0] > a.data.itemsize,
    ],
    ids=["0-d", "size 0", "broadcast", "repeated", "constant", "Fortran order", "reversed", "strided"],
)
def test_the_strategy_draws(wanted: Any) -> None:
    assert find(strategies.tensors(2), lambda pair: wanted(*pair), settings=PATIENT)


@given(pair=strategies.tensors(2, shapes=[(3,), (2, 3)], domain=(1.0, 2.0), dtypes=("float32",)))
def test_the_strategy_keeps_to_what_it_is_told(pair: tuple[Tensor, ...]) -> None:
    assert [x.shape for x in pair] == [(3,), (2, 3)]
    assert any(x.requires_grad for x in pair)
    assert all(x.dtype == np.float32 and (x.data > 1).all() and (x.data < 2).all() for x in pair)


def test_the_self_test_passes_and_prints_a_table() -> None:
    done = subprocess.run([sys.executable, "-m", "autotensor.testing"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    table = done.stdout.splitlines()
    assert table[-1] == "20 of 20 wrong rules caught, 0 of 7 right ones accused"
    assert len(table) == len(self_test()) + 1


def test_a_missed_rule_is_seen_in_the_table() -> None:
    result = SelfTest(
        [Outcome("sign", wrong=True, caught=False, said="pass"), Outcome("right", wrong=False, caught=True, said="x")]
    )
    assert not result.passed
    assert "MISSED" in str(result)
    assert "ACCUSED" in str(result)
