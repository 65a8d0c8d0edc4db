"""Keras's Adamax: epsilon is added to the largest gradient where it divides, and stays out of its memory."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from autotensor.core.namespace import Namespace
from autotensor.keras.optimizers.common import EPSILON, Common
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.optim.adamax import AdamaxScalars
from autotensor.optim.ranges import NOT_NEGATIVE, UP_TO_ONE, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


def scalars(t: int, hyper: Hyper) -> AdamaxScalars:
    """The step with its bias correction."""
    beta1 = float(hyper["beta_1"])
    step = float(hyper["lr"]) / (1.0 - beta1**t)
    return AdamaxScalars(1.0 - beta1, float(hyper["beta_2"]), step, float(hyper["epsilon"]))


def _adamax(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: AdamaxScalars) -> tuple[Any, Slots]:
    m, u = slots
    m = m + s.take_m * (g - m)
    u = ns.maximum(s.beta2 * u, ns.abs(g))
    return leaf - s.step * m / (u + s.eps), (m, u)


ADAMAX = Rule("adamax, epsilon in the division", (Slot("momentum"), Slot("norm")), scalars, _adamax)


class Adamax(Optimizer):
    """w -= learning_rate / (1 - beta_1**t) * m / (u + epsilon), with u = max(beta_2 u, |g|) and m the running mean of g.

    Common keywords: `Optimizer`. PyTorch keeps eps within u, and has 1e-8.
    Range: beta_1, beta_2 in [0, 1); epsilon >= 0 (None is 1e-7).
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 2.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> Adamax(0.1).apply([[3.0]], [w])
    >>> w
    tensor([0.9], requires_grad=True)
    """

    settings: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")
    ranges: ClassVar[dict[str, Range]] = {"beta_1": UP_TO_ONE, "beta_2": UP_TO_ONE, "epsilon": NOT_NEGATIVE}
    together: ClassVar[tuple[str, ...]] = ("momentum", "norm")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = EPSILON,
        **common: Unpack[Common],
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = EPSILON if epsilon is None else epsilon
        super().__init__(learning_rate, **common)

    def plain_rule(self) -> Rule:
        return ADAMAX
