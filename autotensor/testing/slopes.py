"""Directional derivatives of a vector function, with their own error, and with the jump of the slope where there is a kink.

Let g(h) = (f(x + h) - 2 f(x) + f(x - h)) / h, the slope to the right less the slope to the left. Where f is smooth, g halves as h
does; where the slope jumps by J, g tends to J. So 2 g(h/2) - g(h) tends to 0 or to J, whatever the scale of f. Every three
successive steps are looked at. Where there is a kink, or where differences do not settle, finer steps are tried: a kink that is
merely near is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.spec import Array
from autotensor.testing.numeric import EPSILON, SAFETY, Estimate

Vector = Callable[[Sequence[Any]], Array]  # arrays -> all outputs in one row
COARSEST = (1e-2, 1e-4, 1e-6)  # the first step of each attempt
LEVELS = 7
GOOD = 1e-6  # an error of this share of the derivative ends the search for a better step
SLIGHT = 1e-5  # of the slope
NEGLIGIBLE = 1e-11  # of the function's size: what no difference resolves


class Slopes(NamedTuple):
    """A directional derivative for each output."""

    value: Array
    error: Array
    jump: Array  # of the slope, right less left; 0 where no kink was seen


def slopes(f: Vector, point: Sequence[Array], direction: Sequence[Array], noise: Array, epsilon: float = EPSILON) -> Slopes:
    """d/dh f(point + h direction) at h = 0. `noise` is how far rounding moves each output, `epsilon` its unit.

    >>> import numpy as np
    >>> at = slopes(lambda x: np.abs(x[0]), [np.array([0.0, 2.0])], [np.ones(2)], np.zeros(2))
    >>> at.jump.round(6), at.value.round(6)
    (array([2., 0.]), array([0., 1.]))
    """
    with np.errstate(all="ignore"):
        middle = f(point)
        tried: list[Slopes] = []
        best: Slopes | None = None
        finer, wider = _steps(point, direction)
        for step in finer:
            tried.append(_attempt(f, point, direction, middle, step, noise, epsilon))
            best = tried[-1] if best is None else _better(best, tried[-1])
            if _settled(best, middle):
                return best
        if best is None:
            raise AssertionError("there is at least one step")
        best = _confirmed(best, tried)
        for step in wider:
            best = _steadier(best, _attempt(f, point, direction, middle, step, noise, epsilon))
        return best


def _steps(point: Sequence[Array], direction: Sequence[Array]) -> tuple[list[float], list[float]]:
    """First steps to try, the finest last, and wider ones that may be steadier where operands are large."""
    sizes = np.concatenate(
        [np.ravel(np.abs(x / t)[(t != 0) & (x != 0)]) for x, t in zip(point, direction, strict=True)] or [np.zeros(0)]
    )
    least, most = float(np.min(sizes, initial=1.0)), float(np.max(sizes, initial=1.0))
    smaller = [step * least for step in COARSEST[:2] if step * least < COARSEST[-1]]
    return [*COARSEST, *smaller], [step * most for step in COARSEST[:2]] if most > 10 else []


def _confirmed(best: Slopes, tried: Sequence[Slopes]) -> Slopes:
    """With kinks that two attempts agree on; other bends count as kinks too, of a slope that is not known."""
    before, last = tried[-2:]
    agree = np.abs(last.jump - before.jump) <= 0.1 * np.abs(last.jump)
    # a difference that grows as the step shrinks: f itself jumps, half on each side
    grows = (np.abs(last.value) > 10 * np.abs(before.value)) & (best.error > 0.1 * np.abs(best.value)) & (best.jump == 0)
    jump = np.where(grows, 2 * last.value, best.jump)
    return Slopes(best.value, np.where((jump != 0) & ~agree, np.inf, best.error), jump)


def _steadier(one: Slopes, other: Slopes) -> Slopes:
    """For each output without a kink the attempt with the smaller error."""
    take = (one.jump == 0) & (other.jump == 0) & (other.error < one.error)
    return Slopes(*(np.where(take, b, a) for a, b in zip(one, other, strict=True)))


def _attempt(
    f: Vector, point: Sequence[Array], direction: Sequence[Array], middle: Array, coarsest: float, noise: Array, epsilon: float
) -> Slopes:
    """Ridders' extrapolation from one first step, and the look for a kink."""
    h = coarsest
    rows: list[Array] = []
    bends: list[Array] = []
    best: Estimate | None = None
    kink = np.zeros(middle.shape)
    size = max((float(np.max(np.abs(x), initial=0.0)) for x in point), default=0.0)
    for level in range(LEVELS):
        above, below = (f([x + s * h * t for x, t in zip(point, direction, strict=True)]) for s in (1, -1))
        # x + h t is rounded too: that moves f by as much times its slope
        ulps = SAFETY * epsilon * (np.abs(above) + np.abs(below) + np.abs(middle)) + noise
        unsure = (ulps + SAFETY * EPSILON * np.abs(above - below) / h * size) / h
        row = [(above - below) / (2 * h)]
        for k, earlier in enumerate(rows):
            row.append(row[k] + (row[k] - earlier) / (4.0 ** (k + 1) - 1))
            error = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - earlier)) + unsure
            error = np.where(np.isfinite(error), error, np.inf)
            best = Estimate(row[-1], error) if best is None else _closer(best, Estimate(row[-1], error))
        rows = row
        bends.append((above - 2 * middle + below) / h)
        if level > 1:
            kink = _kinked(kink, bends[-3:], 4 * unsure)
        h /= 2
    if best is None:
        raise AssertionError("extrapolation needs two levels")
    # a bend that small is rounding somewhere inside, or might as well be: it is a matter of the error
    slight = np.abs(kink) <= SLIGHT * np.abs(best.value)
    return Slopes(best.value, best.error + np.where(slight, np.abs(kink), 0.0), np.where(slight, 0.0, kink))


def _kinked(known: Array, bends: Sequence[Array], unsure: Array) -> Array:
    """The jump, where these three scales show one and none was known."""
    first, second = 2 * bends[1] - bends[0], 2 * bends[2] - bends[1]
    seen = (np.abs(second) > unsure) & (np.abs(second) > 0.5 * np.abs(first))
    return np.where(seen & (np.abs(second) > np.abs(known)), second, known)


def _closer(one: Estimate, other: Estimate) -> Estimate:
    closer = other.error < one.error
    return Estimate(np.where(closer, other.value, one.value), np.where(closer, other.error, one.error))


def _better(one: Slopes, other: Slopes) -> Slopes:
    """For each output the attempt to trust: one without a kink before one with, then the smaller error; of kinks the finer."""
    smooth_one, smooth_other = one.jump == 0, other.jump == 0
    take = np.where(smooth_one == smooth_other, ~smooth_one | (other.error < one.error), smooth_other)
    return Slopes(*(np.where(take, b, a) for a, b in zip(one, other, strict=True)))


def _settled(found: Slopes, middle: Array) -> bool:
    size = np.max(np.abs(found.value), initial=0.0, where=np.isfinite(found.value))
    enough = GOOD * np.maximum(np.abs(found.value), 1e-3 * size) + NEGLIGIBLE * np.max(np.abs(middle), initial=0.0)
    return bool(np.all((found.jump == 0) & (found.error <= enough)))
