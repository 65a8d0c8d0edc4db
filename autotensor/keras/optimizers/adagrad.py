"""Keras's Adagrad: epsilon is inside the root."""
# ruff: noqa: ARG001 - every scalars(t, hyper) and update(ns, leaf, g, slots, s) has the whole signature

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from autotensor.core.namespace import Namespace
from autotensor.keras.optimizers.common import EPSILON, Common
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.optim.adagrad import AdagradScalars
from autotensor.optim.ranges import NOT_NEGATIVE, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


def scalars(t: int, hyper: Hyper) -> AdagradScalars:
    """The learning rate does not decay by itself, as it may in PyTorch."""
    return AdagradScalars(float(hyper["lr"]), float(hyper["epsilon"]))


def _adagrad(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: AdagradScalars) -> tuple[Any, Slots]:
    total = slots[0] + g * g
    return leaf - s.lr * g / ns.sqrt(total + s.eps), (total,)


ADAGRAD = Rule("adagrad, epsilon inside", (Slot("accumulator", "initial_accumulator_value"),), scalars, _adagrad, counts=False)


class Adagrad(Optimizer):
    """w -= learning_rate g / sqrt(sum + epsilon), with sum += g**2, which starts as `initial_accumulator_value`.

    Common keywords: `Optimizer`. PyTorch adds eps outside the root, and 1e-10, and starts at 0.
    Range: both >= 0 (epsilon None is 1e-7).
    Source: Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> Adagrad(0.1, initial_accumulator_value=0.0).apply([[3.0]], [w])
    >>> w
    tensor([0.9], requires_grad=True)
    """

    settings: ClassVar[tuple[str, ...]] = ("initial_accumulator_value", "epsilon")
    ranges: ClassVar[dict[str, Range]] = {"initial_accumulator_value": NOT_NEGATIVE, "epsilon": NOT_NEGATIVE}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = EPSILON,
        **common: Unpack[Common],
    ) -> None:
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = EPSILON if epsilon is None else epsilon
        super().__init__(learning_rate, **common)

    def plain_rule(self) -> Rule:
        return ADAGRAD
