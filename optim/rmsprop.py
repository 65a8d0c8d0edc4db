"""RMSprop: gradients divided by their running root mean square."""
# ruff: noqa: ARG001 - every scalars(t, hyper) and update(ns, leaf, g, slots, s) has the whole signature

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from autotensor.core.namespace import Namespace
from autotensor.optim.optimizer import Optimizer, Parameters
from autotensor.optim.ranges import NOT_NEGATIVE, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


class RMSpropScalars(NamedTuple):
    """What one pass of RMSprop needs beside arrays."""

    lr: float
    alpha: float
    take: float  # 1 - alpha
    eps: float
    momentum: float


def scalars(t: int, hyper: Hyper) -> RMSpropScalars:
    """PyTorch's convention: eps is outside the root, and the learning rate multiplies the ball."""
    alpha = float(hyper["alpha"])
    return RMSpropScalars(float(hyper["lr"]), alpha, 1.0 - alpha, float(hyper["eps"]), float(hyper["momentum"]))


def variance(ns: Namespace, v: Any, mean: Any) -> Any:
    """v - mean**2, the running variance of the gradient."""
    # for equal gradients the difference is rounding error, and the root of a negative one would be nan
    return ns.maximum(v - mean * mean, 0.0)


def _rmsprop(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v = s.alpha * slots[0] + s.take * (g * g)
    return leaf - s.lr * g / (ns.sqrt(v) + s.eps), (v,)


def _with_momentum(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v, ball = slots
    v = s.alpha * v + s.take * (g * g)
    ball = s.momentum * ball + g / (ns.sqrt(v) + s.eps)
    return leaf - s.lr * ball, (v, ball)


def _centered(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v, mean = slots
    v = s.alpha * v + s.take * (g * g)
    mean = mean + s.take * (g - mean)
    return leaf - s.lr * g / (ns.sqrt(variance(ns, v, mean)) + s.eps), (v, mean)


def _centered_with_momentum(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v, ball, mean = slots
    v = s.alpha * v + s.take * (g * g)
    mean = mean + s.take * (g - mean)
    ball = s.momentum * ball + g / (ns.sqrt(variance(ns, v, mean)) + s.eps)
    return leaf - s.lr * ball, (v, ball, mean)


SQUARE, BALL, MEAN = Slot("square_avg"), Slot("momentum_buffer"), Slot("grad_avg")
RMSPROP = Rule("rmsprop", (SQUARE,), scalars, _rmsprop)
WITH_MOMENTUM = Rule("rmsprop with momentum", (SQUARE, BALL), scalars, _with_momentum)
CENTERED = Rule("centered rmsprop", (SQUARE, MEAN), scalars, _centered)
CENTERED_WITH_MOMENTUM = Rule("centered rmsprop with momentum", (SQUARE, BALL, MEAN), scalars, _centered_with_momentum)


class RMSprop(Optimizer):
    """leaf -= lr g / (sqrt(v) + eps), with v = alpha v + (1 - alpha) g**2.

    `centered` subtracts the square of the running mean of g from v; `momentum` accumulates the increments; `weight_decay` adds
    weight_decay * leaf to the gradient; `maximize` climbs.
    Range: lr, alpha, eps, weight_decay, momentum >= 0.
    Raises: ArgumentError outside of that.
    Source: Hinton, Srivastava and Swersky 2012, lecture 6e; centered: Graves 2013, "Generating sequences", eq. 38 to 45.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> optimizer = RMSprop([w], lr=0.01)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9], requires_grad=True)
    """

    ranges: ClassVar[dict[str, Range]] = {
        "lr": NOT_NEGATIVE, "alpha": NOT_NEGATIVE, "eps": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE, "momentum": NOT_NEGATIVE
    }  # fmt: skip

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
        )

    def plain_rule(self, group: Hyper) -> Rule:
        if group["centered"]:
            return CENTERED_WITH_MOMENTUM if group["momentum"] else CENTERED
        return WITH_MOMENTUM if group["momentum"] else RMSPROP
