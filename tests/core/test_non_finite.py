"""`at.debug(nan="raise")`: the first operation born non-finite, forward and backward told apart."""

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import AutotensorError, NonFiniteError
from autotensor.core.finite import Birth
from autotensor.core.primitive import registry
from autotensor.core.remedies import BACKWARD, FORWARD

INF, NAN = float("inf"), float("nan")


class Case(NamedTuple):
    f: Callable[..., Any]
    operands: Sequence[Any]
    direction: str
    operation: str
    kinds: str
    index: tuple[int, ...]
    says: Sequence[str]


CASES = {
    "log of 0": Case(at.log, [[1.0, 0.0]], "forward", "log", "1 -inf", (1,), ("at [1]: operand 0.0, result -inf", "at.log1p")),
    "log below 0": Case(at.log, [[-1.0]], "forward", "log", "1 NaN", (0,), ("operand -1.0, result nan",)),
    "0/0": Case(
        lambda a, b: a / b, [[0.0], [0.0]], "forward", "divide", "1 NaN", (0,), ("operand 1 0.0, operand 2 0.0", "divisor")
    ),
    "1/0": Case(at.divide, [[1.0], [0.0]], "forward", "divide", "1 inf", (0,), ("divisor",)),
    "exp overflows": Case(at.exp, [[1.0, 89.0]], "forward", "exp", "1 inf", (1,), ("operand 89.0", "subtract the maximum")),
    "root below 0": Case(at.sqrt, [[-4.0]], "forward", "sqrt", "1 NaN", (0,), ("no real root",)),
    "sum overflows": Case(at.sum, [[3e38, 3e38]], "forward", "sum", "1 inf", (), ("shape (2,), from 3e+38 to 3e+38",)),
    "inf - inf": Case(lambda x: x - x, [[INF]], "forward", "subtract", "1 NaN", (0,), ("out of infinite operands",)),
    "root at 0": Case(at.sqrt, [[4.0, 0.0]], "backward", "sqrt", "1 inf", (1,), ("at [1]", "at.sqrt(x + 1e-12)")),
    "norm at 0": Case(
        lambda x: at.sqrt((x * x).sum()),
        [[0.0, 0.0]],
        "backward",
        "sqrt",
        "1 inf",
        (),
        ("a norm's", "arrives 1.0, gradient that leaves inf"),
    ),
    "the where trap": Case(
        lambda x: at.where(x > 0, at.sqrt(x), 0.0),
        [[1.0, 0.0]],
        "backward",
        "sqrt",
        "1 NaN",
        (1,),
        ("gradient that arrives 0.0", "at.where(ok, at.sqrt(at.where(ok, x, 1.0)), 0.0)"),
    ),
}


def run(f: Callable[..., Any], *operands: Any) -> list[at.Tensor]:
    leaves = [at.tensor(x, requires_grad=True) for x in operands]
    f(*leaves).sum().backward()
    return leaves


def born(f: Callable[..., Any], *operands: Any) -> tuple[Birth, str]:
    with pytest.raises(NonFiniteError) as caught, at.debug(nan="raise"):
        run(f, *operands)
    assert isinstance(caught.value.birth, Birth)
    return caught.value.birth, str(caught.value)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_birth_is_named(case: Case) -> None:
    birth, text = born(case.f, *case.operands)
    assert (birth.direction, birth.operation, birth.kinds) == (case.direction, case.operation, case.kinds)
    assert birth.indices == (case.index,)
    assert f"({case.direction})" in text
    for words in case.says:
        assert words in text


def test_softmax_does_not_overflow() -> None:
    for f in (at.softmax, at.log_softmax, at.logsumexp):
        with at.debug(nan="raise"):
            run(f, [1000.0, -1000.0])


def test_the_remedy_of_the_where_trap_works() -> None:
    with at.debug(nan="raise"):
        (x,) = run(lambda x: at.where(x > 0, at.sqrt(at.where(x > 0, x, 1.0)), 0.0), [4.0, 0.0])
    assert x.grad is not None
    assert x.grad.tolist() == [0.25, 0.0]


def test_nan_in_the_data_is_said_to_have_been_there() -> None:
    birth, text = born(lambda x: x * 2, [1.0, NAN])
    assert birth.source == "given"
    assert birth.indices == ((1,),)
    assert "NaN went in: it was there already" in text
    assert "What to do" not in text


def test_the_first_born_is_named_among_elements_that_were_infinite_before() -> None:
    birth, _ = born(at.log, [INF, 0.0])
    assert birth.indices == ((1,),)
    assert birth.kinds == "1 -inf"


def test_an_infinite_mask_may_pass() -> None:
    with at.debug(nan="raise"):
        scores = at.tensor([1.0, 2.0, 3.0], requires_grad=True)
        masked = at.where(at.tensor([True, True, False]), scores, -INF)
        at.softmax(masked)[0].backward()
    assert scores.grad is not None
    assert np.isfinite(scores.grad.numpy()).all()


def test_nan_that_is_masked_at_once_may_pass() -> None:
    with at.debug(nan="raise"):
        x = at.tensor([1.0, NAN])
        assert at.where(at.isnan(x), 0.0, x).tolist() == [1.0, 0.0]


def test_the_program_stops_in_the_line_that_called_the_operation() -> None:
    def middle(x: at.Tensor) -> at.Tensor:
        return at.log(x)  # here

    with pytest.raises(NonFiniteError) as caught, at.debug(nan="raise"):
        middle(at.tensor([0.0]))
    frames = [f for f in traceback.extract_tb(caught.value.__traceback__) if Path(f.filename) == Path(__file__)]
    assert frames[-1].line == "return at.log(x)  # here"


def test_backward_names_the_line_that_made_the_operation() -> None:
    with at.debug(nan="raise"):
        x = at.tensor([0.0], requires_grad=True)
        y = at.sqrt(x)
        with pytest.raises(NonFiniteError) as caught:
            y.sum().backward()
    assert ": y = at.sqrt(x)" in str(caught.value)


def test_the_path_of_the_module_is_named() -> None:
    class Log(nn.Module):
        def forward(self, x: at.Tensor) -> at.Tensor:
            return at.log(x)

    model = nn.Sequential(nn.ReLU(), Log())
    birth, text = born(model, [-1.0])
    assert birth.operation == "1: log"
    assert text.startswith("the value of 1: log")


def test_backward_of_a_graph_recorded_outside_is_watched() -> None:
    x = at.tensor([0.0], requires_grad=True)
    y = at.sqrt(x).sum()
    with pytest.raises(NonFiniteError, match="gradient through sqrt"), at.debug(nan="raise"):
        y.backward()


def test_gradients_whose_sum_overflows_are_seen() -> None:
    x = at.tensor([1e-3], requires_grad=True)
    with pytest.raises(NonFiniteError, match="their sum is not"), at.debug(nan="raise"):
        (x * 3e38 + x * 3e38).backward()


def test_an_infinite_seed_is_no_birth() -> None:
    x = at.tensor([1.0], requires_grad=True)
    with pytest.raises(NonFiniteError) as caught, at.debug(nan="raise"):
        (x * 2).backward(gradient=[NAN])
    assert caught.value.birth.source == "given"


def test_transforms_are_watched() -> None:
    with pytest.raises(NonFiniteError, match=r"gradient through sqrt.*\(backward\)"), at.debug(nan="raise"):
        at.grad(lambda x: at.sqrt(x).sum())(at.tensor([0.0]))


def test_create_graph_says_backward_too() -> None:
    x = at.tensor([0.0], requires_grad=True)
    with pytest.raises(NonFiniteError, match=r"gradient through sqrt.*\(backward\)"), at.debug(nan="raise"):
        at.sqrt(x).sum().backward(create_graph=True)


@pytest.mark.parametrize(
    ("f", "numbers", "told"),
    [
        (at.sqrt, [0.0, 1.0], r"the tangent of sqrt is not finite, .* \(forward mode\): 1 inf"),
        (lambda x: at.sqrt(x * x).sum(), [0.0, 1.0], r"the tangent of sqrt is not finite"),
    ],
)
def test_forward_mode_is_watched(f: Any, numbers: list[float], told: str) -> None:
    x = at.tensor(numbers)
    with at.debug(nan="raise"), pytest.raises(NonFiniteError, match=told):
        at.jvp(f, (x,), (at.ones(2),))
    with at.debug(), np.errstate(all="ignore"):
        assert not np.isfinite(at.jvp(f, (x,), (at.ones(2),))[1].data).all()
    with at.debug(nan="raise"):
        assert at.jvp(f, (x + 1,), (at.ones(2),))[1].shape == f(x).shape


def test_operations_that_are_not_recorded_are_watched() -> None:
    with at.no_grad(), at.debug(nan="raise"), pytest.raises(NonFiniteError):
        at.log(at.tensor([0.0]))


def test_without_the_setting_nothing_is_raised() -> None:
    with at.debug(), np.errstate(all="ignore"):
        assert at.log(at.tensor([0.0])).tolist() == [-INF]


def test_it_is_a_floating_point_error_of_ours() -> None:
    assert issubclass(NonFiniteError, AutotensorError)
    assert issubclass(NonFiniteError, FloatingPointError)


def test_complex_values_are_watched() -> None:
    with at.debug(nan="raise"), pytest.raises(NonFiniteError):
        at.tensor([1 + 1j]) / at.tensor([0j])


def test_remedies_are_for_primitives_that_exist() -> None:
    assert set(FORWARD) | set(BACKWARD) <= set(registry)
