"""The self-test of the checker: every planted wrong rule is caught, and what stands beside it and is right passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import recorded
from autotensor.testing.checking import check_grads
from autotensor.testing.outcome import GradientCheckError
from autotensor.testing.planted import OTHER, PLANTS, ROW, TABLE, TIED, planted


class Outcome(NamedTuple):
    """What `check_grads` said of one function."""

    name: str
    wrong: bool  # whether it is
    caught: bool  # whether it was found to be
    said: str  # the suspected cause, or the verdict

    @property
    def as_it_should_be(self) -> bool:
        """Whether a wrong rule was caught or a right one passed."""
        return self.wrong == self.caught


class SelfTest(tuple[Outcome, ...]):
    """All outcomes; as text, their table."""

    __slots__ = ()

    @property
    def passed(self) -> bool:
        """Whether every wrong rule was caught and no right one was accused."""
        return all(one.as_it_should_be for one in self)

    def __str__(self) -> str:
        width = max(len(one.name) for one in self)
        lines = []
        for one in self:
            verdict = ("caught" if one.caught else "MISSED") if one.wrong else ("ACCUSED" if one.caught else "passes")
            lines.append(f"{one.name:<{width}}  {verdict:<7}  {one.said.partition(':')[0]}")
        caught, wrong = sum(one.caught for one in self if one.wrong), sum(one.wrong for one in self)
        right = [one for one in self if not one.wrong]
        lines.append(
            f"{caught} of {wrong} wrong rules caught, {sum(one.caught for one in right)} of {len(right)} right ones accused"
        )
        return "\n".join(lines)


RIGHT: tuple[tuple[str, Callable[..., Any], tuple[Any, ...]], ...] = (
    ("right: tanh", recorded.tanh, (ROW,)),
    ("right: product of matrices", recorded.matmul, (TABLE, OTHER)),
    ("right: row added to rows", lambda x, b: x + b, (TABLE, ROW)),
    ("right: max with ties", lambda x: x.max(), (TIED,)),
    ("right: |x| at 0", abs, (np.array([0.0, 1.0, -2.0]),)),
    ("right: cancellation", lambda x: x * x + 1e6, (ROW,)),
    (
        "right: where, both branches finite",
        lambda x: recorded.where(x > 0, recorded.where(x > 0, x, 1.0).sqrt(), 0.0 * x),
        (ROW,),
    ),
)


def self_test() -> SelfTest:
    """Plant every wrong rule in turn and let `check_grads` find it; the same for some that are right.

    `python -m autotensor.testing` prints the table.

    >>> result = self_test()
    >>> result.passed
    True
    """
    outcomes = []
    for plant in PLANTS:
        with planted(plant) as f:
            outcomes.append(_tried(plant.mistake, f, plant.inputs, wrong=True))
    outcomes += [_tried(name, f, inputs, wrong=False) for name, f, inputs in RIGHT]
    return SelfTest(outcomes)


def _tried(name: str, f: Callable[..., Any], inputs: tuple[Any, ...], *, wrong: bool) -> Outcome:
    try:
        report = check_grads(f, *inputs)
    except GradientCheckError as error:
        return Outcome(name, wrong, error.verdict == "fail", error.cause or error.verdict)
    return Outcome(name, wrong, caught=False, said=report.verdict)
