"""Numeric derivatives in float64 that say how far they can be trusted.

An estimate carries its own error, element by element, and a comparison takes its tolerance from there: no relative or absolute
tolerance is chosen by hand. Two methods: the complex step, exact but for rounding, where a function is analytic and NumPy
computes it so for complex numbers, and central differences extrapolated to step 0 elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.spec import Array

EPSILON = float(np.finfo(np.float64).eps)
TINY = 1e-30  # the complex step: its square vanishes beside 1
STEP = 0.01  # the largest real step; a kink must be farther away than an operand moves within it
LEVELS = 7  # steps STEP, STEP/2, STEP/4, ...
ULPS = 8.0  # how far operands are moved to see what rounding does
SAFETY = 8.0  # an estimated error times this bounds the true one

Function = Callable[[Sequence[Any]], Any]


class Estimate(NamedTuple):
    """A value and, of the same shape, a bound on how far it is from the truth."""

    value: Array
    error: Array


def directional(function: Function, point: Sequence[Any], direction: Sequence[Any], *, analytic: bool) -> Estimate:
    """d/dh function(point + h direction) at h = 0, by the method that fits."""
    return (complex_step if analytic else extrapolated)(function, point, direction)


def complex_step(function: Function, point: Sequence[Any], direction: Sequence[Any]) -> Estimate:
    """Im f(x + ih)/h: no difference is taken, so nothing cancels and h may be as small as one likes.

    Source: Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions".

    >>> import numpy as np
    >>> float(complex_step(lambda x: np.exp(x[0]), [np.array(0.0)], [np.array(3.0)]).value)
    3.0
    """

    def derivative(arrays: Sequence[Any]) -> Any:
        x, t = arrays[: len(point)], arrays[len(point) :]
        moved = [a + 1j * TINY * b for a, b in zip(x, t, strict=True)]
        return np.imag(function(moved)) / TINY

    value, error = rounded(derivative, (*point, *direction))
    return Estimate(value, error + TINY)  # what is cut off is of the order of TINY**2


def extrapolated(function: Function, point: Sequence[Any], direction: Sequence[Any]) -> Estimate:
    """Central differences at halved steps, extrapolated to step 0; each element takes the entry that it trusts most.

    Source: Ridders 1982, "Accurate computation of F'(x) and F'(x) F''(x)".

    >>> import numpy as np
    >>> float(extrapolated(lambda x: np.exp(x[0]), [np.array(0.0)], [np.array(3.0)]).value)
    3.0
    """

    def at(h: float) -> Array:
        y = np.asarray(function([x + h * t for x, t in zip(point, direction, strict=True)]))
        return y.astype(np.complex128 if y.dtype.kind == "c" else np.float64, copy=False)

    best: Estimate | None = None
    before: list[Array] = []
    # what cancels to nothing, such as the gradient of x/x, has the rounding of what is of the function's size
    inside = np.max(rounded(function, point).error, initial=0.0)
    for level in range(LEVELS):
        h = STEP / 2**level
        above, below = at(h), at(-h)
        noise = (inside + SAFETY * EPSILON * (np.abs(above) + np.abs(below) + _slope_noise(point, above - below, h))) / h
        row = [(above - below) / (2 * h)]
        for k, earlier in enumerate(before):
            row.append(row[k] + (row[k] - earlier) / (4.0 ** (k + 1) - 1))
            error = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - earlier)) + noise
            if best is None:
                best = Estimate(row[-1], error)
            else:
                closer = error < best.error
                best = Estimate(np.where(closer, row[-1], best.value), np.where(closer, error, best.error))
        before = row
    if best is None:
        raise AssertionError("extrapolation needs two levels")
    return best


def _slope_noise(point: Sequence[Any], difference: Array, h: float) -> Any:
    """What the rounding of x + h t does to the function: an ulp of the operand times the slope."""
    size = max((float(np.max(np.abs(x), initial=0.0)) for x in point), default=0.0)
    return np.abs(difference) / h * size


def rounded(function: Function, arrays: Sequence[Any]) -> Estimate:
    """function(arrays), and how it answers to operands a few units in the last place away.

    Rounding in a stable computation does what such a small change of its operands does, so this shows both cancellation inside
    and the condition of the problem.
    """
    value = np.asarray(function(arrays))
    error = 4 * EPSILON * np.abs(value)
    rng = np.random.default_rng(0)
    for _ in range(3):
        moved = np.asarray(function([jitter(x, rng) for x in arrays]))
        error = np.maximum(error, np.abs(moved - value))
    return Estimate(value, SAFETY * error)


def jitter(x: Any, rng: np.random.Generator) -> Any:
    """Floating values moved by up to a few units in the last place, others as they are."""
    if isinstance(x, (bool, int)) or np.asarray(x).dtype.kind not in "fc":
        return x
    moved = x * (1 + ULPS * EPSILON * rng.uniform(-1, 1, np.shape(x)))
    return float(moved) if type(x) is float else np.asarray(moved, np.asarray(x).dtype)
