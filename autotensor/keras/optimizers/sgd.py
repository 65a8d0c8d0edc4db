"""Keras's SGD: its momentum is a velocity that already contains the learning rate."""
# ruff: noqa: ARG001 - every scalars(t, hyper) and update(ns, leaf, g, slots, s) has the whole signature

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Unpack

from autotensor.core.namespace import Namespace
from autotensor.keras.optimizers.common import Common
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.optim.ranges import UNIT, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots
from autotensor.optim.sgd import DESCENT


class VelocityScalars(NamedTuple):
    """What a step with a velocity needs beside arrays."""

    lr: float
    momentum: float


def scalars(t: int, hyper: Hyper) -> VelocityScalars:
    """Keras's convention: the learning rate multiplies the gradient on its way into the velocity."""
    return VelocityScalars(float(hyper["lr"]), float(hyper["momentum"]))


def _velocity(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: VelocityScalars) -> tuple[Any, Slots]:
    v = s.momentum * slots[0] - s.lr * g
    return leaf + v, (v,)


def _nesterov(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: VelocityScalars) -> tuple[Any, Slots]:
    move = s.lr * g
    v = s.momentum * slots[0] - move
    return leaf + (s.momentum * v - move), (v,)


VELOCITY = Rule("velocity", (Slot("momentum"),), scalars, _velocity, counts=False)
NESTEROV = Rule("nesterov velocity", (Slot("momentum"),), scalars, _nesterov, counts=False)


class SGD(Optimizer):
    """w += v with v = momentum * v - learning_rate * g; without momentum, w -= learning_rate * g.

    `nesterov` moves by momentum * v - learning_rate * g instead. Common keywords: `Optimizer`.
    PyTorch's SGD keeps the learning rate out of v: the two differ once it changes during training.
    Range: momentum in [0, 1].
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", section 2.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> sgd = SGD(0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     sgd.apply([[1.0]], [w])
    >>> w
    tensor([0.71], requires_grad=True)
    """

    settings: ClassVar[tuple[str, ...]] = ("momentum", "nesterov")
    ranges: ClassVar[dict[str, Range]] = {"momentum": UNIT}

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **common: Unpack[Common]
    ) -> None:
        self.momentum = momentum
        self.nesterov = nesterov
        super().__init__(learning_rate, **common)

    def plain_rule(self) -> Rule:
        if not self.momentum:
            return DESCENT
        return NESTEROV if self.nesterov else VELOCITY
