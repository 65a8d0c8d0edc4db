"""The logarithm of the gamma function and its derivatives, elementwise; `at.special` has them."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Elementwise, Primitive
from autotensor.core.spec import Spec, real_array
from autotensor.ops.conversion import lift, lift_together

FAR = 16.0  # from here on the asymptotic series is exact to the last bit
LOWEST = -1000.0  # the recurrence takes a step for each unit up to FAR
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)


def polygamma_values(x: Any, n: int) -> Any:
    """The n-th derivative of digamma: upwards by its recurrence, then by the asymptotic series.

    Source: Abramowitz and Stegun 1964, 6.3.18, 6.4.6 and 6.4.11.
    """
    given = real_array(x)
    z = np.array(given, np.float64)
    bad = ~(z > LOWEST) | ((z <= 0) & (z == np.floor(z)))
    z[bad] = 1.0
    sign, total = (-1) ** (n + 1), np.zeros_like(z)
    while (low := z < FAR).any():
        total[low] += math.factorial(n) / z[low] ** (n + 1)
        z[low] += 1
    series = np.log(z) * -1 if n == 0 else math.factorial(n - 1) / z**n
    series += math.factorial(n) / (2 * z ** (n + 1))
    for k, b in enumerate(BERNOULLI, start=1):
        series += b * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * z ** (2 * k + n))
    y = np.asarray(sign * (series + total))
    y[bad] = np.where(np.isposinf(given[bad]), math.inf if n == 0 else 0.0, math.nan)
    return y.astype(given.dtype) if given.dtype.kind == "f" else y


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):  # the poles, where the limit is infinite
        return math.inf


_each = np.frompyfunc(_lgamma, 1, 1)


@functools.cache
def _around_two() -> list[float]:
    """The c_k of ln gamma(2 + z) = sum_k c_k z**k, c_k = psi_(k-1)(2) / k!, for its two zeros, near which Python loses digits."""
    return [float(polygamma_values(2.0, k - 1)) / math.factorial(k) for k in range(1, 40)]


def lgamma_values(x: Any) -> Any:
    """ln |gamma(x)|: by Python, and from 1/2 to 5/2 by the Taylor series around 2."""
    given = real_array(x)
    z = np.asarray(given, np.float64)
    y = np.array(_each(z), np.float64)
    near = np.abs(z - 1.5) < 1
    u = z[near] - np.where(z[near] < 1.5, 1.0, 2.0)
    series = np.zeros_like(u)
    for coefficient in reversed(_around_two()):
        series = (series + coefficient) * u
    y[near] = series - np.where(z[near] < 1.5, np.log1p(u), 0.0)  # gamma(1 + u) = gamma(2 + u) / (1 + u)
    return y.astype(given.dtype) if given.dtype.kind == "f" else y


class Lgamma(Elementwise):
    """Logarithm of the gamma function, elementwise: y = ln |gamma(x)|, dy/dx = digamma(x)."""

    numpy = staticmethod(lgamma_values)
    partials = (lambda ns, y, x: ns.polygamma(x, order=0),)
    domain = ((0.1, np.inf),)


class Polygamma(Primitive):
    """Derivative number `order` of digamma = d ln gamma/dx, elementwise; its own derivative is the next one. NaN at the poles."""

    domain = ((0.3, np.inf),)
    examples = ((((3,),), {"order": 0}), (((2, 2),), {"order": 1}), (((),), {"order": 2}), (((0,),), {"order": 3}))

    def value(self, x: Any, *, order: int) -> Any:
        return polygamma_values(x, order)

    def shape(self, x: Spec, *, order: int) -> Spec:  # type: ignore[override]
        return Spec(tuple(x.shape), x.dtype if x.dtype.kind == "f" else np.dtype(np.float64))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, order: int) -> Any:
        return g * ns.polygamma(x, order=order + 1)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, order: int) -> Any:
        return tangents[0] * ns.polygamma(x, order=order + 1)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.polygamma(operands[0], **settings)


lgamma = Lgamma()
_polygamma = Polygamma()


def polygamma(n: int, x: Any, /) -> Any:
    """The n-th derivative of digamma, elementwise, for x > -1000; NaN where x is 0, -1, -2, ...

    Raises: ArgumentError unless n is an int >= 0.

    >>> import autotensor as at
    >>> at.special.polygamma(1, at.tensor(1.0))  # pi**2 / 6
    tensor(1.644934)
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ArgumentError(f"polygamma is of an order n >= 0, an int, got {n!r}.")
    return _polygamma(lift(x), order=n)


def digamma(x: Any, /) -> Any:
    """Derivative of the logarithm of the gamma function, elementwise; NaN where x is 0, -1, -2, ...

    >>> import autotensor as at
    >>> at.special.digamma(at.tensor(1.0))  # minus Euler's constant
    tensor(-0.5772157)
    """
    return _polygamma(lift(x), order=0)


def betaln(a: Any, b: Any, /) -> Any:
    """Logarithm of the beta function, elementwise: y = ln gamma(a) + ln gamma(b) - ln gamma(a + b), for a, b > 0.

    >>> import autotensor as at
    >>> float(at.special.betaln(1.0, 1.0))
    0.0
    """
    a, b = lift_together(a, b)
    return lgamma(a) + lgamma(b) - lgamma(a + b)
