"""Adam and AdamW: steps of a size of their own for each element, from running means of the gradient and of its square.

The idea: m, a running mean of the gradient, says where to go; v, a running mean of its square, says how far the gradient
usually swings. The step m / sqrt(v) is about 1 where gradients agree and small where they disagree, whatever their scale. Both
means start at 0 and are too small at first; dividing them by 1 - beta**t corrects exactly that.

As written in the paper, with m' = m / (1 - beta1**t) and v' = v / (1 - beta2**t), the step is lr m' / (sqrt(v') + eps). Both
corrections are plain numbers, the same for all elements, so they move out of the arrays into `scalars`:

    lr m' / (sqrt(v') + eps)  =  step * m / (sqrt(v) + eps'),    step = lr sqrt(1 - beta2**t) / (1 - beta1**t)
                                                                 eps' = eps sqrt(1 - beta2**t)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from autotensor.core.namespace import Namespace
from autotensor.optim.optimizer import Optimizer, Parameters
from autotensor.optim.ranges import NOT_NEGATIVE, UP_TO_ONE, Range
from autotensor.optim.rule import Hyper, Rule, Slot, Slots


class AdamScalars(NamedTuple):
    """What one pass of Adam needs beside arrays."""

    take_m: float  # 1 - beta1
    beta2: float
    take_v: float  # 1 - beta2
    step: float
    eps: float


def scalars(t: int, hyper: Hyper) -> AdamScalars:
    """Bias corrections in PyTorch's convention: eps is added after the correction."""
    beta1, beta2 = (float(beta) for beta in hyper["betas"])
    root = (1.0 - beta2**t) ** 0.5
    step = float(hyper["lr"]) * root / (1.0 - beta1**t)
    return AdamScalars(1.0 - beta1, beta2, 1.0 - beta2, step, float(hyper["eps"]) * root)


def _adam(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: AdamScalars) -> tuple[Any, Slots]:
    m, v = slots
    m = m + s.take_m * (g - m)
    v = s.beta2 * v + s.take_v * (g * g)
    return leaf - s.step * m / (ns.sqrt(v) + s.eps), (m, v)


def _amsgrad(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: AdamScalars) -> tuple[Any, Slots]:
    m, v, top = slots
    m = m + s.take_m * (g - m)
    v = s.beta2 * v + s.take_v * (g * g)
    top = ns.maximum(top, v)
    return leaf - s.step * m / (ns.sqrt(top) + s.eps), (m, v, top)


MEANS = (Slot("exp_avg"), Slot("exp_avg_sq"))
ADAM = Rule("adam", MEANS, scalars, _adam)
AMSGRAD = Rule("amsgrad", (*MEANS, Slot("max_exp_avg_sq")), scalars, _amsgrad)


class Adam(Optimizer):
    """leaf -= lr m' / (sqrt(v') + eps), with m' and v' the corrected running means of g and g**2.

    `weight_decay` adds weight_decay * leaf to the gradient (AdamW, or `decoupled_weight_decay=True`, shrinks the leaf instead);
    `amsgrad` divides by the largest v so far; `maximize` climbs.
    Range: lr, eps, weight_decay >= 0; each of betas in [0, 1).
    Raises: ArgumentError outside of that.
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1; amsgrad: Reddi, Kale and Kumar 2018.

    >>> import autotensor as at
    >>> w = at.tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * at.tensor([3.0, 0.001])).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9    , -1.09999], requires_grad=True)
    """

    ranges: ClassVar[dict[str, Range]] = {
        "lr": NOT_NEGATIVE, "betas": UP_TO_ONE, "eps": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE
    }  # fmt: skip

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def plain_rule(self, group: Hyper) -> Rule:
        return AMSGRAD if group["amsgrad"] else ADAM


class AdamW(Adam):
    """Adam with decoupled weight decay: leaf *= 1 - lr weight_decay, then Adam's step.

    Everything else as in Adam; `weight_decay` is 0.01.
    Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (0 * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.95], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        # as in PyTorch: whatever Adam's state says, AdamW stays decoupled
        groups = [{**group, "decoupled_weight_decay": True} for group in state_dict.get("param_groups", ())]
        super().load_state_dict({**state_dict, "param_groups": groups} if groups else state_dict)
