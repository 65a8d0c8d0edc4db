"""Modified Bessel functions of the first kind, of whole orders, elementwise; `at.special` has them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Primitive
from autotensor.core.spec import Spec, real_array
from autotensor.ops.conversion import lift

HIGHEST = 720.0  # beyond it float64 overflows


def bessel_values(x: Any, n: int) -> Any:
    """The power series: sum_k (x/2)**(2k + n) / (k! (k + n)!). Its terms have one sign, so nothing cancels."""
    given = real_array(x)
    half = np.clip(np.asarray(given, np.float64), -HIGHEST, HIGHEST) / 2
    term = half**n / math.factorial(n)
    total, square, k = term.copy(), half * half, 0
    with np.errstate(over="ignore"):
        while (np.abs(term) > np.spacing(np.abs(total)) / 4).any():
            k += 1
            term = term * square / (k * (k + n))
            total = total + term
    total = np.where(np.abs(given) > HIGHEST, np.copysign(np.inf, half**n), total)
    with np.errstate(over="ignore"):
        return np.asarray(total, given.dtype if given.dtype.kind == "f" else np.float64)


class BesselI(Primitive):
    """Modified Bessel function of the first kind, elementwise: y = I_n(x), dy/dx = (I_(n-1) + I_(n+1))/2, and I_1 for n = 0."""

    name = "bessel_i"
    examples = ((((3,),), {"order": 0}), (((2, 2),), {"order": 1}), (((),), {"order": 2}), (((0,),), {"order": 0}))

    def value(self, x: Any, *, order: int) -> Any:
        return bessel_values(x, order)

    def shape(self, x: Spec, *, order: int) -> Spec:  # type: ignore[override]
        return Spec(tuple(x.shape), x.dtype if x.dtype.kind == "f" else np.dtype(np.float64))

    def _slope(self, ns: Namespace, x: Any, order: int) -> Any:
        above = ns.bessel_i(x, order=order + 1)
        return (above + ns.bessel_i(x, order=order - 1)) * 0.5 if order else above

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, order: int) -> Any:
        return g * self._slope(ns, x, order)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, order: int) -> Any:
        return tangents[0] * self._slope(ns, x, order)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.bessel_i(operands[0], **settings)


_bessel_i = BesselI()


def i0(x: Any, /) -> Any:
    """Modified Bessel function of the first kind and order 0, elementwise; its derivative is `special.i1`.

    >>> import autotensor as at
    >>> at.i0(at.tensor(1.0))
    tensor(1.2660658)
    """
    return _bessel_i(lift(x), order=0)


def i1(x: Any, /) -> Any:
    """Modified Bessel function of the first kind and order 1, elementwise: odd, 0 at 0.

    >>> import autotensor as at
    >>> at.special.i1(at.tensor(1.0))
    tensor(0.5651591)
    """
    return _bessel_i(lift(x), order=1)
