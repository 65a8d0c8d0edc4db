"""A derivative by numbers alone, to stand beside one by rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

LEVELS = 13  # steps of 0.01, 0.005, ... times the size of the operand: near the edge of a domain only the small ones count


class Estimate(NamedTuple):
    """A value, and a bound on how far it is from the truth."""

    value: Any
    error: Any


def derivative(f: Callable[[float], Any], size: float) -> Estimate:
    """d f(h) / dh at h = 0, element by element: central differences at halved steps, extrapolated to step 0.

    `size` is that of the operand that moves. An element takes the entry of the table that it trusts most; NaN is never trusted.
    Source: Ridders 1982, "Accurate computation of F'(x) and F'(x) F''(x)".

    >>> float(derivative(np.exp, 1.0).value)
    1.0
    """
    best: Estimate | None = None
    before: list[Any] = []
    scale = max(abs(size), 1.0) if np.isfinite(size) else 1.0
    with np.errstate(all="ignore"):
        for level in range(LEVELS):
            h = scale * 0.01 / 2**level
            above, below = np.asarray(f(h), np.float64), np.asarray(f(-h), np.float64)
            noise = 2.0**-50 * (np.abs(above) + np.abs(below)) / h
            row = [(above - below) / (2 * h)]
            for k, earlier in enumerate(before):
                row.append(row[k] + (row[k] - earlier) / (4.0 ** (k + 1) - 1))
                error = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - earlier)) + noise
                error = np.where(np.isfinite(error), error, np.inf)
                if best is None:
                    best = Estimate(row[-1], error)
                else:
                    closer = (error < best.error) | np.isnan(best.value)
                    best = Estimate(np.where(closer, row[-1], best.value), np.where(closer, error, best.error))
            before = row
    return best if best is not None else Estimate(np.nan, np.inf)
