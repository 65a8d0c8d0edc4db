"""Keras's RMSprop: epsilon is inside the root, and momentum accumulates the steps themselves."""
# ruff: noqa: ARG001 - every scalars(t, hyper) and update(ns, leaf, g, slots, s) has the whole signature

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from autotensor.core.namespace import Namespace
from autotensor.keras.optimizers.common import EPSILON, Common
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.optim.ranges import NOT_NEGATIVE, UNIT, Range
from autotensor.optim.rmsprop import RMSpropScalars, variance
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


def scalars(t: int, hyper: Hyper) -> RMSpropScalars:
    """Keras's convention: the learning rate multiplies the gradient on its way into the momentum. Its rho is alpha."""
    rho = float(hyper["rho"])
    return RMSpropScalars(float(hyper["lr"]), rho, 1.0 - rho, float(hyper["epsilon"]), float(hyper["momentum"]))


def _rmsprop(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v = s.alpha * slots[0] + s.take * (g * g)
    return leaf - s.lr * g / ns.sqrt(v + s.eps), (v,)


def _with_momentum(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v, m = slots
    v = s.alpha * v + s.take * (g * g)
    m = s.momentum * m + s.lr * g / ns.sqrt(v + s.eps)
    return leaf - m, (v, m)


def _centered(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v, mean = slots
    v = s.alpha * v + s.take * (g * g)
    mean = s.alpha * mean + s.take * g
    return leaf - s.lr * g / ns.sqrt(variance(ns, v, mean) + s.eps), (v, mean)


def _centered_with_momentum(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: RMSpropScalars) -> tuple[Any, Slots]:
    v, m, mean = slots
    v = s.alpha * v + s.take * (g * g)
    mean = s.alpha * mean + s.take * g
    m = s.momentum * m + s.lr * g / ns.sqrt(variance(ns, v, mean) + s.eps)
    return leaf - m, (v, m, mean)


SQUARE, MOMENTUM, MEAN = Slot("velocity"), Slot("momentum"), Slot("average_gradient")
RMSPROP = Rule("rmsprop, epsilon inside", (SQUARE,), scalars, _rmsprop, counts=False)
WITH_MOMENTUM = Rule("rmsprop with momentum, epsilon inside", (SQUARE, MOMENTUM), scalars, _with_momentum, counts=False)
CENTERED = Rule("centered rmsprop, epsilon inside", (SQUARE, MEAN), scalars, _centered, counts=False)
CENTERED_WITH_MOMENTUM = Rule(
    "centered rmsprop with momentum, epsilon inside",
    (SQUARE, MOMENTUM, MEAN),
    scalars,
    _centered_with_momentum,
    counts=False,
)


class RMSprop(Optimizer):
    """w -= learning_rate g / sqrt(v + epsilon), with v = rho v + (1 - rho) g**2.

    `momentum` accumulates the steps; `centered` subtracts the square of the running mean of g from v. Common keywords:
    `Optimizer`. PyTorch adds eps outside the root, and 1e-8, with alpha = 0.99.
    Range: rho, momentum in [0, 1]; epsilon >= 0 (None is 1e-7).
    Source: Hinton, Srivastava and Swersky 2012, lecture 6e; centered: Graves 2013, "Generating sequences", eq. 38 to 45.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> RMSprop(0.1, rho=0.75).apply([[2.0]], [w])
    >>> w
    tensor([0.8], requires_grad=True)
    """

    settings: ClassVar[tuple[str, ...]] = ("rho", "momentum", "epsilon", "centered")
    ranges: ClassVar[dict[str, Range]] = {"rho": UNIT, "momentum": UNIT, "epsilon": NOT_NEGATIVE}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = EPSILON,
        centered: bool = False,
        **common: Unpack[Common],
    ) -> None:
        self.rho = rho
        self.momentum = momentum
        self.epsilon = EPSILON if epsilon is None else epsilon
        self.centered = centered
        super().__init__(learning_rate, **common)

    def plain_rule(self) -> Rule:
        if self.centered:
            return CENTERED_WITH_MOMENTUM if self.momentum else CENTERED
        return WITH_MOMENTUM if self.momentum else RMSPROP
