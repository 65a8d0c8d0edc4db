"""Gradient descent: plain, with a heavy ball's momentum, and with Nesterov's look ahead."""
# ruff: noqa: ARG001 - every scalars(t, hyper) and update(ns, leaf, g, slots, s) has the whole signature

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from autotensor.core.errors import ArgumentError
from autotensor.core.namespace import Namespace
from autotensor.optim.optimizer import Optimizer, Parameters
from autotensor.optim.ranges import NOT_NEGATIVE, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


class DescentScalars(NamedTuple):
    """What a step without memory needs beside arrays."""

    lr: float


class BallScalars(NamedTuple):
    """What a step with momentum needs beside arrays."""

    lr: float
    momentum: float
    gain: float  # 1 - dampening, but 1 at first: the ball starts as the gradient


def descent_scalars(t: int, hyper: Hyper) -> DescentScalars:
    """The learning rate, in either convention."""
    return DescentScalars(float(hyper["lr"]))


def ball_scalars(t: int, hyper: Hyper) -> BallScalars:
    """PyTorch's convention: the learning rate multiplies the ball when the leaf moves."""
    gain = 1.0 if t == 1 else 1.0 - float(hyper["dampening"])
    return BallScalars(float(hyper["lr"]), float(hyper["momentum"]), gain)


def _descent(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: DescentScalars) -> tuple[Any, Slots]:
    return leaf - s.lr * g, ()


def _heavy_ball(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: BallScalars) -> tuple[Any, Slots]:
    ball = s.momentum * slots[0] + g
    return leaf - s.lr * ball, (ball,)


def _dampened_ball(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: BallScalars) -> tuple[Any, Slots]:
    ball = s.momentum * slots[0] + s.gain * g
    return leaf - s.lr * ball, (ball,)


def _nesterov(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: BallScalars) -> tuple[Any, Slots]:
    ball = s.momentum * slots[0] + g
    return leaf - s.lr * (g + s.momentum * ball), (ball,)


BALL = (Slot("momentum_buffer"),)
DESCENT = Rule("descent", (), descent_scalars, _descent, counts=False)
HEAVY_BALL = Rule("heavy ball", BALL, ball_scalars, _heavy_ball, counts=False)
DAMPENED_BALL = Rule("dampened ball", BALL, ball_scalars, _dampened_ball, counts=False)
NESTEROV = Rule("nesterov", BALL, ball_scalars, _nesterov, counts=False)


class SGD(Optimizer):
    """leaf -= lr * ball, with ball = momentum * ball + (1 - dampening) * g; without momentum, leaf -= lr * g.

    `nesterov` steps along g + momentum * ball; `weight_decay` adds weight_decay * leaf to the gradient; `maximize` climbs.
    The first ball is the gradient itself, undampened.
    Range: lr, momentum, weight_decay >= 0; nesterov needs momentum > 0 and dampening = 0.
    Raises: ArgumentError outside of that.
    Source: Polyak 1964, "Some methods of speeding up the convergence of iteration methods"; Sutskever et al. 2013, section 2.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     w.sum().backward()
    ...     optimizer.step()
    >>> w
    tensor([0.71], requires_grad=True)
    """

    ranges: ClassVar[dict[str, Range]] = {"lr": NOT_NEGATIVE, "momentum": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE}

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def check(self, group: Hyper) -> None:
        super().check(group)
        momentum, dampening = group["momentum"], group["dampening"]
        if group["nesterov"] and (momentum <= 0 or dampening != 0):
            raise ArgumentError(
                f"nesterov needs momentum > 0 and dampening = 0, got momentum={momentum} and dampening={dampening}. "
                f"Pass momentum=0.9, or nesterov=False."
            )

    def plain_rule(self, group: Hyper) -> Rule:
        if not group["momentum"]:
            return DESCENT
        return NESTEROV if group["nesterov"] else DAMPENED_BALL if group["dampening"] else HEAVY_BALL
