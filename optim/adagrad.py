"""Adagrad: gradients divided by the root of the sum of all their squares."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from autotensor.core.namespace import Namespace
from autotensor.optim.optimizer import Optimizer, Parameters
from autotensor.optim.ranges import NOT_NEGATIVE, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


class AdagradScalars(NamedTuple):
    """What one pass of Adagrad needs beside arrays."""

    lr: float  # decayed
    eps: float


def scalars(t: int, hyper: Hyper) -> AdagradScalars:
    """The learning rate lr / (1 + (t - 1) lr_decay), as in PyTorch."""
    return AdagradScalars(float(hyper["lr"]) / (1.0 + (t - 1) * float(hyper["lr_decay"])), float(hyper["eps"]))


def _adagrad(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: AdagradScalars) -> tuple[Any, Slots]:
    total = slots[0] + g * g
    return leaf - s.lr * g / (ns.sqrt(total) + s.eps), (total,)


ADAGRAD = Rule("adagrad", (Slot("sum", "initial_accumulator_value"),), scalars, _adagrad)


class Adagrad(Optimizer):
    """leaf -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(sum of g**2) + eps).

    `initial_accumulator_value` is what the sum starts as; `weight_decay` adds weight_decay * leaf to the gradient; `maximize`
    climbs.
    Range: all >= 0.
    Raises: ArgumentError outside of that.
    Source: Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> optimizer = Adagrad([w], lr=0.1)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9], requires_grad=True)
    """

    ranges: ClassVar[dict[str, Range]] = dict.fromkeys(
        ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"), NOT_NEGATIVE
    )

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "maximize": maximize,
            },
        )

    def plain_rule(self, group: Hyper) -> Rule:
        return ADAGRAD
