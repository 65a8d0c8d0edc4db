"""Adamax: Adam with the largest recent gradient in the place of the root mean square."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from autotensor.core.namespace import Namespace
from autotensor.optim.optimizer import Optimizer, Parameters
from autotensor.optim.ranges import NOT_NEGATIVE, UP_TO_ONE, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


class AdamaxScalars(NamedTuple):
    """What one pass of Adamax needs beside arrays."""

    take_m: float  # 1 - beta1
    beta2: float
    step: float  # lr / (1 - beta1**t)
    eps: float


def scalars(t: int, hyper: Hyper) -> AdamaxScalars:
    """The step with its bias correction, as in PyTorch."""
    beta1, beta2 = (float(beta) for beta in hyper["betas"])
    return AdamaxScalars(1.0 - beta1, beta2, float(hyper["lr"]) / (1.0 - beta1**t), float(hyper["eps"]))


def _adamax(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: AdamaxScalars) -> tuple[Any, Slots]:
    m, u = slots
    m = m + s.take_m * (g - m)
    u = ns.maximum(s.beta2 * u, ns.abs(g) + s.eps)
    return leaf - s.step * m / u, (m, u)


ADAMAX = Rule("adamax", (Slot("exp_avg"), Slot("exp_inf")), scalars, _adamax)


class Adamax(Optimizer):
    """leaf -= lr / (1 - beta1**t) * m / u, with u = max(beta2 u, |g| + eps) and m the running mean of g.

    `weight_decay` adds weight_decay * leaf to the gradient; `maximize` climbs.
    Range: lr, eps, weight_decay >= 0; each of betas in [0, 1).
    Raises: ArgumentError outside of that.
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 2.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> optimizer = Adamax([w], lr=0.1)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9], requires_grad=True)
    """

    ranges: ClassVar[dict[str, Range]] = {
        "lr": NOT_NEGATIVE, "betas": UP_TO_ONE, "eps": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE
    }  # fmt: skip

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def plain_rule(self, group: Hyper) -> Rule:
        return ADAMAX
