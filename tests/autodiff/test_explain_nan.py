"""`at.explain_nan`: the birth in a recorded graph, not the first symptom."""

from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import DTypeError, GraphError, GraphFreedError

INF = float("inf")


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def leaf(data: Any) -> at.Tensor:
    return at.tensor(data, requires_grad=True)


def forward(y: at.Tensor) -> Any:
    story = at.explain_nan(y)
    assert story.forward is not None
    return story.forward


def backward(y: at.Tensor) -> Any:
    story = at.explain_nan(y)
    assert story.forward is None
    assert story.backward is not None
    return story.backward


def test_the_birth_is_named_and_not_the_symptoms() -> None:
    x = leaf([1.0, 100.0])
    e = at.exp(x)
    loss = at.tanh((e / e.sum() * 3).sum() + 1)
    assert np.isnan(loss.item())
    birth = forward(loss)
    assert (birth.operation, birth.kinds, birth.indices) == ("exp", "1 inf", ((1,),))
    assert "operand 100.0" in str(birth)


def test_a_loss_that_is_itself_the_birth_is_caught() -> None:
    assert forward(at.log(leaf(0.0))).operation == "log"
    assert forward(leaf(0.0) / leaf(0.0)).kinds == "1 NaN"


def test_infinities_that_never_reach_the_loss_are_not_blamed() -> None:
    x = leaf([0.0, 4.0])
    harmless = at.where(x > 0, at.log(x), 0.0)  # born first
    guilty = at.exp(x * 100)
    assert forward((harmless + guilty).sum()).operation == "exp"


def test_nan_out_of_given_infinities() -> None:
    x = leaf([INF])
    birth = forward((x - x).sum())
    assert (birth.operation, birth.source) == ("subtract", "infinite")


def test_nan_in_the_data_is_said_to_have_been_there() -> None:
    birth = forward((leaf([np.nan]) * 2).sum())
    assert (birth.operation, birth.source) == ("multiply", "given")


def test_given_infinities_are_no_birth() -> None:
    story = at.explain_nan((leaf([INF]) * 2).sum())
    assert (story.forward, story.backward) == (None, None)
    assert "infinite because what it was computed from is" in str(story)


@pytest.mark.parametrize(
    ("f", "data", "kinds", "remedy"),
    [
        (lambda x: at.sqrt(x).sum(), [0.0, 4.0], "1 inf", "1e-12"),
        (lambda x: at.sqrt((x * x).sum()), [0.0, 0.0], "1 inf", "a norm's"),
        (lambda x: at.where(x > 0, at.sqrt(x), 0.0).sum(), [0.0, 4.0], "1 NaN", "at.where differentiates both branches"),
    ],
    ids=["root", "norm", "where"],
)
def test_backward_of_a_finite_loss(f: Any, data: Any, kinds: str, remedy: str) -> None:
    birth = backward(f(leaf(data)))
    assert (birth.direction, birth.operation, birth.kinds) == ("backward", "sqrt", kinds)
    assert remedy in birth.remedy


def test_the_where_trap_with_a_birth_on_the_way() -> None:
    x = leaf([0.0, 4.0])
    story = at.explain_nan(at.where(x > 0, at.log(x), 0.0).sum())
    assert story.forward is not None
    assert story.backward is not None
    assert (story.forward.operation, story.backward.operation) == ("log", "log")
    assert "masked out on the way" in str(story)


def test_a_finite_graph_is_said_to_be_finite() -> None:
    story = at.explain_nan(at.softmax(leaf([1000.0, 0.0]))[0])
    assert (story.forward, story.backward) == (None, None)
    assert repr(story) == "The value is finite.\nThe gradients are finite."


def test_nothing_is_freed_and_no_gradient_is_left() -> None:
    x = leaf([0.0, 4.0])
    y = at.sqrt(x).sum()
    at.explain_nan(y)
    assert x.grad is None
    y.backward()
    assert x.grad is not None


def test_after_backward_the_values_must_have_been_kept() -> None:
    x = leaf([0.0, 4.0])
    y = at.sqrt(x).sum()
    y.backward(retain_graph=True)
    assert backward(y).operation == "sqrt"
    y.backward()
    with pytest.raises(GraphFreedError, match="retain_graph=True"):
        at.explain_nan(y)


def test_a_gradient_may_be_given_for_more_than_one_element() -> None:
    y = at.sqrt(leaf([0.0, 4.0]))
    story = at.explain_nan(y, gradient=[0.0, 1.0])
    assert story.backward is not None
    assert story.backward.kinds == "1 NaN"
    with pytest.raises(ValueError, match="single element"):
        at.explain_nan(y)


def test_under_debug_the_line_is_known() -> None:
    with at.debug():
        x = leaf([0.0])
        y = at.log(x)
    assert ": y = at.log(x)" in str(forward(y.sum()))


def test_constants_and_other_things_are_refused() -> None:
    with pytest.raises(GraphError, match=r'at\.debug\(nan="raise"\)'):
        at.explain_nan(at.tensor([1.0]))
    with pytest.raises(DTypeError, match="takes a Tensor, got float"):
        at.explain_nan(1.0)  # type: ignore[arg-type]


def test_a_long_chain_is_no_deeper_than_one() -> None:
    y = leaf(1.0)
    for _ in range(20_000):
        y = y * 1.01
    birth = forward(y)
    assert (birth.operation, birth.source) == ("multiply", "finite")
