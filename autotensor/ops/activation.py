"""The two activations that are primitives because their composition would be slower or less exact; others are compositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.primitive import Elementwise


class Relu(Elementwise):
    """Rectified linear unit, elementwise: y = max(x, 0), dy/dx = 1 where x > 0, else 0 (also at 0); NaN propagates.

    Source: Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
    """

    partials = (lambda ns, y, x: ns.cast(ns.greater(y, 0), dtype=y.dtype),)

    @staticmethod
    def numpy(x: Any) -> Any:
        return np.maximum(x, 0)

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        return np.abs(x)


class Sigmoid(Elementwise):
    """Logistic function, elementwise: y = 1/(1 + e**-x), dy/dx = y (1 - y); exact in both tails."""

    partials = (lambda ns, y, x: y * (1 - y),)

    @staticmethod
    def numpy(x: Any) -> Any:
        tail = np.exp(-np.abs(x))  # never above 1: neither side overflows
        return np.where(np.greater_equal(x, 0), 1, tail) / (1 + tail)


relu = Relu()
sigmoid = Sigmoid()
