"""Bessel functions of the first kind, of whole orders, elementwise; `at.special` has them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Primitive
from autotensor.core.spec import Spec, real_array
from autotensor.ops.conversion import lift

FAR = 50.0  # from here on Hankel's expansion is exact to the last bit, for small orders


def _by_series(x: Any, n: int) -> Any:
    """The power series: sum_k (-1)**k (x/2)**(2k + n) / (k! (k + n)!). Near 0 its terms only shrink, so little cancels."""
    half = x / 2
    term = half**n / math.factorial(n)
    total, square, k = term.copy(), half * half, 0
    while (np.abs(term) > np.spacing(np.abs(total)) / 4).any():
        k += 1
        term = -term * square / (k * (k + n))
        total = total + term
    return total


def _by_integral(x: Any, n: int) -> Any:
    """The mean of cos(n t - x sin t) over a circle: the trapezoid rule is exact as soon as there are more points than turns."""
    points = 2 * int(FAR + n + 20)
    total = np.zeros_like(x)
    for k in range(points):
        t = 2 * math.pi * k / points
        total += np.cos(n * t - x * math.sin(t))
    return total / points


def _by_expansion(x: Any, n: int) -> Any:
    """sqrt(2/(pi x)) (P cos u - Q sin u), u = x - n pi/2 - pi/4. Source: Abramowitz and Stegun 1964, 9.2.5."""
    even, odd, term = np.ones_like(x), np.zeros_like(x), np.ones_like(x)
    for k in range(1, 20):
        term = term * (4 * n * n - (2 * k - 1) ** 2) / (8 * k * x)
        if k % 2:
            odd += term * (-1) ** (k // 2)
        else:
            even += term * (-1) ** (k // 2)
    # the angle's sine and cosine by those of x, whose reduction is exact
    turn = n * math.pi / 2 + math.pi / 4
    cos, sin = np.cos(x), np.sin(x)
    c, s = cos * math.cos(turn) + sin * math.sin(turn), sin * math.cos(turn) - cos * math.sin(turn)
    return np.sqrt(2 / (math.pi * x)) * (even * c - odd * s)


def bessel_j_values(x: Any, n: int) -> Any:
    """J_n: a series near 0, an integral farther out, where J_n of a small order is not small beside 1, an expansion far out."""
    given = real_array(x)
    z = np.asarray(given, np.float64)
    a = np.abs(z)
    near, far = 2 * math.sqrt(n + 1), FAR + n * n  # from `near` on terms of the series grow at first
    with np.errstate(invalid="ignore"):
        y = np.where(a < far, _by_integral(np.minimum(a, far), n), 0.0)
        y = np.where(a < far, y, _by_expansion(np.maximum(a, far), n))
        y = np.where(a < near, _by_series(np.minimum(a, near), n), y)
    y = np.where(np.isinf(a), 0.0, y)
    return np.asarray(np.where((z < 0) & (n % 2 == 1), -y, y), given.dtype if given.dtype.kind == "f" else np.float64)


class BesselJ(Primitive):
    """Bessel function of the first kind, elementwise: y = J_n(x), dy/dx = (J_(n-1) - J_(n+1))/2, and -J_1 for n = 0."""

    name = "bessel_j"
    examples = ((((3,),), {"order": 0}), (((2, 2),), {"order": 1}), (((),), {"order": 2}), (((0,),), {"order": 0}))

    def value(self, x: Any, *, order: int) -> Any:
        return bessel_j_values(x, order)

    def shape(self, x: Spec, *, order: int) -> Spec:  # type: ignore[override]
        return Spec(tuple(x.shape), x.dtype if x.dtype.kind == "f" else np.dtype(np.float64))

    def _slope(self, ns: Namespace, x: Any, order: int) -> Any:
        above = ns.bessel_j(x, order=order + 1)
        return (ns.bessel_j(x, order=order - 1) - above) * 0.5 if order else -above

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, order: int) -> Any:
        return g * self._slope(ns, x, order)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, order: int) -> Any:
        return tangents[0] * self._slope(ns, x, order)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.bessel_j(operands[0], **settings)


_bessel_j = BesselJ()


def j0(x: Any, /) -> Any:
    """Bessel function of the first kind and order 0, elementwise: 1 at 0; its derivative is -j1(x).

    >>> import autotensor as at
    >>> at.special.j0(at.tensor(1.0))
    tensor(0.7651977)
    """
    return _bessel_j(lift(x), order=0)


def j1(x: Any, /) -> Any:
    """Bessel function of the first kind and order 1, elementwise: odd, 0 at 0.

    >>> import autotensor as at
    >>> at.special.j1(at.tensor(1.0))
    tensor(0.4400506)
    """
    return _bessel_j(lift(x), order=1)
