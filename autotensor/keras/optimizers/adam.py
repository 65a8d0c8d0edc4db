"""Keras's Adam and AdamW: the pass of `autotensor.optim.adam`, with other scalars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Unpack

from autotensor.core.errors import ArgumentError
from autotensor.keras.optimizers.common import EPSILON, Common, Shared
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.optim.adam import ADAM as PYTORCH_ADAM
from autotensor.optim.adam import AMSGRAD as PYTORCH_AMSGRAD
from autotensor.optim.adam import AdamScalars
from autotensor.optim.ranges import NOT_NEGATIVE, UP_TO_ONE, Range
from autotensor.optim.rule import Hyper, Rule, Slot


def scalars(t: int, hyper: Hyper) -> AdamScalars:
    """Keras's convention: epsilon is added before the bias correction, so that it stays as it is."""
    beta1, beta2 = float(hyper["beta_1"]), float(hyper["beta_2"])
    step = float(hyper["lr"]) * (1.0 - beta2**t) ** 0.5 / (1.0 - beta1**t)
    return AdamScalars(1.0 - beta1, beta2, 1.0 - beta2, step, float(hyper["epsilon"]))


MEANS = (Slot("momentum"), Slot("velocity"))
ADAM = replace(PYTORCH_ADAM, slots=MEANS, scalars=scalars)
AMSGRAD = replace(PYTORCH_AMSGRAD, slots=(*MEANS, Slot("velocity_hat")), scalars=scalars)


class Adam(Optimizer):
    """w -= a m / (sqrt(v) + epsilon) with a = learning_rate sqrt(1 - beta_2**t) / (1 - beta_1**t).

    m and v are the running means of g and g**2; `amsgrad` divides by the largest v so far. Common keywords: `Optimizer`.
    PyTorch adds epsilon after the bias correction, and 1e-8.
    Range: beta_1, beta_2 in [0, 1); epsilon >= 0 (None is 1e-7).
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", end of section 2; amsgrad: Reddi et al. 2018.

    >>> import autotensor as at
    >>> w = at.tensor([1.0, -1.0], requires_grad=True)
    >>> Adam(0.1).apply([[3.0, 0.001]], [w])
    >>> w
    tensor([ 0.9000001, -1.0996847], requires_grad=True)
    """

    settings: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon", "amsgrad")
    ranges: ClassVar[dict[str, Range]] = {"beta_1": UP_TO_ONE, "beta_2": UP_TO_ONE, "epsilon": NOT_NEGATIVE}
    together: ClassVar[tuple[str, ...]] = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = EPSILON,
        amsgrad: bool = False,
        **common: Unpack[Common],
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = EPSILON if epsilon is None else epsilon
        self.amsgrad = amsgrad
        super().__init__(learning_rate, **common)

    def plain_rule(self) -> Rule:
        return AMSGRAD if self.amsgrad else ADAM


class AdamW(Adam):
    """Adam, after w -= w * weight_decay * learning_rate; weight_decay is 0.004.

    Raises: ArgumentError if weight_decay is None.
    Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2.

    >>> import autotensor as at
    >>> w = at.tensor([1.0], requires_grad=True)
    >>> AdamW(0.1, weight_decay=0.5).apply([[0.0]], [w])
    >>> w
    tensor([0.95], requires_grad=True)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = EPSILON,
        amsgrad: bool = False,
        **common: Unpack[Shared],
    ) -> None:
        if weight_decay is None:
            raise ArgumentError("AdamW needs a weight_decay, got None. Use Adam without one.")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **common)
