"""The activations that are primitives because a composition would be slower or less exact; the others are compositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.primitive import Elementwise
from autotensor.core.spec import ONE, real_array


class Relu(Elementwise):
    """Rectified linear unit, elementwise: y = max(x, 0), dy/dx = 1 where x > 0, else 0 (also at 0); NaN propagates.

    Source: Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
    """

    partials = (lambda ns, y, x: ns.cast(ns.greater(y, 0), dtype=y.dtype),)

    @staticmethod
    def numpy(x: Any) -> Any:
        return np.maximum(x, 0)

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        return np.abs(np.real(x))


class Sigmoid(Elementwise):
    """Logistic function, elementwise: y = 1/(1 + e**-x), dy/dx = y (1 - y); exact in both tails."""

    partials = (lambda ns, y, x: y * (ONE[y.dtype] - y),)

    @staticmethod
    def numpy(x: Any) -> Any:
        if x.dtype.kind == "c":
            left = x.real < 0
            e = np.exp(np.where(left, x, -x))
            return np.where(left, e, 1) / (1 + e)
        return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))  # neither exponent is positive: nothing overflows


class Softplus(Elementwise):
    """Smooth ReLU, elementwise: y = ln(1 + e**x), dy/dx = sigmoid(x); without overflow.

    Source: Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing".

    >>> import autotensor as at
    >>> at.softplus(at.tensor([-1000.0, 1000.0]))
    tensor([   0., 1000.])
    """

    partials = (lambda ns, y, x: ns.sigmoid(x),)

    @staticmethod
    def numpy(x: Any) -> Any:
        x = real_array(x)
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


relu = Relu()
sigmoid = Sigmoid()
softplus = Softplus()
