"""Derivatives of a candidate by numbers alone: the complex step where it can be trusted, differences elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from autotensor.core.errors import ArgumentError, AutotensorError
from autotensor.core.spec import Array
from autotensor.testing.candidate import Candidate
from autotensor.testing.numeric import EPSILON, SAFETY, TINY, ULPS
from autotensor.testing.slopes import Slopes, slopes

Method: TypeAlias = Literal["auto", "complex", "richardson"]
METHODS = ("auto", "complex", "richardson")


class Measure:
    """A candidate's numeric derivatives at its point, with what rounding does there.

    "auto" takes the complex step if every recorded primitive is analytic and it agrees with the differences; "complex" insists on
    it, "richardson" never takes it.
    """

    def __init__(self, candidate: Candidate, method: Method) -> None:
        self.candidate = candidate
        self.point = candidate.point
        self.middle = candidate.row(self.point)
        analytic, self.epsilon, self.coarse = candidate.graph()
        self.complex = method == "complex" or (method == "auto" and analytic)
        self.insists = method == "complex"
        self.used: set[str] = set()
        with np.errstate(all="ignore"):
            # what cancels inside, to a result of 0, has the rounding of what is of the function's size
            self.floor = SAFETY * EPSILON * float(np.max(np.abs(self.middle), initial=0.0))
            self.noise = (wobble(candidate.row, self.middle, self.point) + self.floor) * (self.epsilon / EPSILON)

    def along(self, direction: Sequence[Array]) -> Slopes:
        """The derivative of every output along a direction.

        Raises: ArgumentError if the complex step was asked for and the function cannot take complex numbers.
        """
        exact = self._complex_step(direction) if self.complex else None
        if self.insists and exact is not None:
            self.used.add("complex step")
            return exact
        found = slopes(self.candidate.row, self.point, direction, self.noise, self.epsilon)
        if exact is None:
            self.used.add("differences")
            return found
        agree = (np.abs(exact.value - found.value) <= exact.error + found.error) & (found.jump == 0)
        self.used |= {"complex step"} if agree.any() or not agree.size else set()
        self.used |= set() if agree.all() else {"differences"}
        return Slopes(*(np.where(agree, a, b) for a, b in zip(exact, found, strict=True)))

    def _complex_step(self, direction: Sequence[Array]) -> Slopes | None:
        def derivative(arrays: Sequence[Array]) -> Array:
            x, t = arrays[: len(self.point)], arrays[len(self.point) :]
            moved = [a + 1j * TINY * b for a, b in zip(x, t, strict=True)]
            return np.asarray(np.imag(self.candidate.row(moved)) / TINY, np.float64)

        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)  # the imaginary part is the derivative
                arrays = [*self.point, *direction]
                value = derivative(arrays)
                rounding = wobble(derivative, value, arrays) + self.floor + TINY
                return Slopes(value, rounding, np.zeros(value.shape))
        except (AutotensorError, TypeError, ValueError, np.exceptions.ComplexWarning) as reason:
            if self.insists:
                raise ArgumentError(
                    f"method='complex' needs a function that takes complex numbers, and this one does not: {reason} "
                    f"Use method='auto'."
                ) from reason
            self.complex = False
            return None


def wobble(function: Callable[[Sequence[Any]], Any], value: Array, arrays: Sequence[Array]) -> Array:
    """How far `value` moves when the operands do by a few units in the last place.

    Rounding in a stable computation does what such a change of its operands does. Equal elements move equally: ties stay ties.
    """
    error = 4 * EPSILON * np.where(np.isfinite(value), np.abs(value), 0.0)
    for salt in range(3):
        off = np.abs(np.asarray(function(jittered(arrays, salt))) - value)
        error = np.maximum(error, np.where(np.isfinite(off), off, 0.0))
    return np.asarray(SAFETY * error)


def jittered(arrays: Sequence[Array], salt: int) -> list[Array]:
    """The arrays a few units in the last place away, equal magnitudes by equal factors.

    >>> one, other = jittered([np.array([2.0, 3.0]), np.array(-2.0)], 1)
    >>> bool(one[0] == -other), bool(one[0] == 2.0)
    (True, False)
    """
    sizes, places = np.unique(np.concatenate([np.ravel(np.abs(x)) for x in arrays] or [np.zeros(0)]), return_inverse=True)
    rng = np.random.default_rng(salt)
    factors = 1 + ULPS * EPSILON * rng.choice([-1.0, 1.0], sizes.shape) * rng.uniform(0.25, 1.0, sizes.shape)
    flat, result, start = factors[places], [], 0
    for x in arrays:
        result.append(np.asarray(x * flat[start : start + x.size].reshape(x.shape)))
        start += x.size
    return result
