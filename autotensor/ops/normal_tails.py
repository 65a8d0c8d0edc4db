"""The error function's tails without underflow, and its inverse: for logarithms and quantiles of the normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.primitive import Elementwise
from autotensor.core.spec import real_array
from autotensor.ops.error_function import erf_values, erfc_values

SQRT_PI = math.sqrt(math.pi)
FAR = 25.0  # from here on the asymptotic series of erfcx is exact to the last bit
MIDDLE = 0.5  # up to here an inverse is found by erf, beyond by erfc, so that it keeps its digits on both sides


def _computed(x: Any) -> tuple[Any, np.dtype[Any]]:
    """float64 to compute in, and the dtype of the result."""
    given = real_array(x)
    return np.asarray(given, np.float64), given.dtype if given.dtype.kind == "f" else np.dtype(np.float64)


def erfcx_values(x: Any) -> Any:
    """e**(x**2) erfc(x): by its factors, the square split so that its exponential is exact, and by the asymptotic series."""
    z, dtype = _computed(x)
    a = np.abs(z)
    with np.errstate(all="ignore"):  # infinities are limits here
        near = np.minimum(a, FAR)
        high = np.asarray(near.astype(np.float32), np.float64)  # its square has no rounding
        squared = np.exp(high * high) * np.exp((near - high) * (near + high))
        series, inverse = np.zeros_like(a), 1 / (2 * a * a)
        for k in range(15, 0, -2):
            series = 1 - k * inverse * series if k < 15 else np.ones_like(a)
        y = np.where(a < FAR, squared * erfc_values(near), series / (a * SQRT_PI))
        y = np.where(z < 0, 2 * np.exp(a * a) - y, y)
    return np.asarray(np.where(np.isnan(z), np.nan, y), dtype)


def log_ndtr_values(x: Any) -> Any:
    """ln of the normal distribution up to x: by erfcx below 0, where it would underflow, and by erfc above."""
    z, dtype = _computed(x)
    low, high = np.minimum(z, 0.0), np.maximum(z, 0.0)
    with np.errstate(divide="ignore"):  # the limit at minus infinity
        below = np.log(0.5 * erfcx_values(low * -math.sqrt(0.5))) - 0.5 * low * low
    return np.asarray(np.where(z < 0, below, np.log1p(-0.5 * erfc_values(high * math.sqrt(0.5)))), dtype)


def _inverse_erfc(c: Any) -> Any:
    """y >= 0 with erfc(y) = c, for 0 < c <= 1: from Winitzki's formula by Halley's steps, each of which triples the digits."""
    log = np.log(c) + np.log(2 - c)
    half = 2 / (math.pi * 0.147) + log / 2
    y = np.sqrt(np.sqrt(half * half - log / 0.147) - half)
    for _ in range(3):
        step = (c - erfc_values(y)) * np.exp(y * y) * (SQRT_PI / 2)
        y = y - step / (1 + y * step)
    return y


def _inverse_erf(x: Any) -> Any:
    """y with erf(y) = x, for |x| <= 1/2: Halley's steps from the first terms of its series."""
    y = x * (SQRT_PI / 2) * (1 + math.pi / 12 * x * x)
    for _ in range(3):
        step = (erf_values(y) - x) * np.exp(y * y) * (SQRT_PI / 2)
        y = y - step / (1 + y * step)
    return y


def _inverse(x: Any, left: Any) -> Any:
    """y with erf(y) = x, where `left` is 1 - |x| with all its digits; infinite at +-1, NaN beyond."""
    inside = left > 0
    middle = np.abs(x) <= MIDDLE
    y = np.where(
        middle,
        _inverse_erf(np.where(middle, x, 0.0)),
        np.copysign(_inverse_erfc(np.where(inside & ~middle, left, 1.0)), x),
    )
    return np.where(inside, y, np.where(left == 0, np.copysign(np.inf, x), np.nan))


def erfinv_values(x: Any) -> Any:
    """The inverse of the error function."""
    z, dtype = _computed(x)
    return np.asarray(_inverse(z, 1 - np.abs(z)), dtype)


def ndtri_values(p: Any) -> Any:
    """The inverse of the normal distribution."""
    z, dtype = _computed(p)
    return np.asarray(math.sqrt(2) * _inverse(2 * z - 1, 2 * np.minimum(z, 1 - z)), dtype)


class Erfcx(Elementwise):
    """Scaled complementary error function, elementwise: y = e**(x**2) erfc(x), dy/dx = 2 x y - 2/sqrt(pi)."""

    numpy = staticmethod(erfcx_values)
    partials = (lambda ns, y, x: 2 * x * y - 2 / SQRT_PI,)


class LogNdtr(Elementwise):
    """Logarithm of the normal distribution, elementwise: y = ln(erfc(-x/sqrt(2))/2), dy/dx = sqrt(2/pi)/erfcx(-x/sqrt(2))."""

    numpy = staticmethod(log_ndtr_values)
    partials = (lambda ns, y, x: math.sqrt(2 / math.pi) / ns.erfcx(x * -math.sqrt(0.5)),)


class Erfinv(Elementwise):
    """Inverse of the error function, elementwise: erf(y) = x, dy/dx = sqrt(pi)/2 e**(y**2); infinite at +-1, NaN beyond."""

    numpy = staticmethod(erfinv_values)
    partials = (lambda ns, y, x: SQRT_PI / 2 * ns.exp(y * y),)
    domain = ((-0.95, 0.95),)


class Ndtri(Elementwise):
    """Quantile of the normal distribution, elementwise: ndtr(y) = x, dy/dx = sqrt(2 pi) e**(y**2/2); infinite at 0 and 1."""

    numpy = staticmethod(ndtri_values)
    partials = (lambda ns, y, x: math.sqrt(2 * math.pi) * ns.exp(y * y * 0.5),)
    domain = ((0.05, 0.95),)


erfcx = Erfcx()
log_ndtr = LogNdtr()
erfinv = Erfinv()
ndtri = Ndtri()
