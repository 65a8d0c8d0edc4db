"""The four operations and their relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Elementwise
from autotensor.core.spec import ONE


class Add(Elementwise):
    """Addition, elementwise: y = a + b, dy/da = 1, dy/db = 1."""

    numpy = np.add
    partials = (1, 1)
    analytic = True


class Subtract(Elementwise):
    """Subtraction, elementwise: y = a - b, dy/da = 1, dy/db = -1."""

    numpy = np.subtract
    partials = (1, -1)
    analytic = True


class Multiply(Elementwise):
    """Multiplication, elementwise: y = a b, dy/da = b, dy/db = a."""

    numpy = np.multiply
    partials = (lambda ns, y, a, b: b, lambda ns, y, a, b: a)
    analytic = True


class Divide(Elementwise):
    """True division, elementwise: y = a / b, dy/da = 1/b, dy/db = -y/b."""

    numpy = np.divide
    partials = (lambda ns, y, a, b: ONE[y.dtype] / b, lambda ns, y, a, b: -y / b)  # NumPy's 1: of a Python 0 it makes inf
    analytic = True
    domain = ((-np.inf, np.inf), (0.1, np.inf))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, a: Any, b: Any) -> Any:
        return g / b if i == 0 else g / b * -y  # a call the less, and one for both in a plan


class Negative(Elementwise):
    """Negation, elementwise: y = -x, dy/dx = -1."""

    numpy = np.negative
    partials = (-1,)
    analytic = True


class Reciprocal(Elementwise):
    """Reciprocal, elementwise: y = 1/x, dy/dx = -y**2."""

    numpy = np.reciprocal
    partials = (lambda ns, y, x: -y * y,)
    analytic = True
    domain = ((0.1, np.inf),)


class Square(Elementwise):
    """Square, elementwise: y = x**2, dy/dx = 2 x."""

    numpy = np.square
    partials = (lambda ns, y, x: 2 * x,)
    analytic = True

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        return 2 * g * x  # a mean's cotangent is one number: a plan doubles that alone


def _power_by_base(ns: Namespace, y: Any, x: Any, b: Any) -> Any:
    if isinstance(b, (int, float)):
        return 0 if b == 0 else b * ns.power(x, b - 1)
    corner = ns.logical_and(ns.equal(x, 0), ns.equal(b, 0))  # x**0 is constant, where 0 * 0**-1 would be nan
    return b * ns.power(ns.where(corner, 1.0, x), b - 1)


def _power_by_exponent(ns: Namespace, y: Any, x: Any, b: Any) -> Any:
    zero = ns.equal(x, 0)  # 0**b is constant for b > 0, although log(0) is not finite
    x = ns.where(zero, 1.0, x)
    # a complex exponent: of a negative base the logarithm is complex too
    return y * ns.log(ns.cast(x, dtype=y.dtype) if y.dtype.kind == "c" else x)


class Power(Elementwise):
    """Power, elementwise: y = x**b, dy/dx = b x**(b-1), dy/db = y log(x); both are 0 where x = 0 = b, dy/db also where x = 0."""

    numpy = np.power
    partials = (_power_by_base, _power_by_exponent)
    analytic = True
    domain = ((0.1, 4.0), (-3.0, 3.0))


class Abs(Elementwise):
    """Absolute value, elementwise: y = |x|, dy/dx = sign(x), which is 0 at 0; of a complex x dy = Re(conj(sign(x)) dx)."""

    numpy = np.absolute
    numpy_names = (np.fabs,)
    partials = (lambda ns, y, x: ns.conj(ns.sign(x)) if x.dtype.kind == "c" else ns.sign(x),)

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        return np.abs(x)


def _share(ns: Namespace, y: Any, winner: Any, loser: Any) -> Any:
    """1 where `winner` is the larger, 1/2 at a tie, 0 elsewhere."""
    ahead = ns.cast(ns.greater(winner, loser), dtype=y.dtype)
    level = ns.cast(ns.greater_equal(winner, loser), dtype=y.dtype)
    return (ahead + level) * 0.5


class Maximum(Elementwise):
    """The larger of two, elementwise: y = max(a, b), dy/da = 1 where a > b, 1/2 where a = b, else 0; NaN propagates."""

    numpy = np.maximum
    partials = (_share, lambda ns, y, a, b: _share(ns, y, b, a))

    def kinks(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return np.abs(np.real(a) - np.real(b))  # complex numbers are ordered by their real parts first


class Minimum(Elementwise):
    """The smaller of two, elementwise: y = min(a, b), dy/da = 1 where a < b, 1/2 where a = b, else 0; NaN propagates."""

    numpy = np.minimum
    partials = (lambda ns, y, a, b: _share(ns, y, b, a), _share)

    def kinks(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return np.abs(np.real(a) - np.real(b))


class FloorDivide(Elementwise):
    """Floor division, elementwise: y = floor(a / b), dy/da = 0, dy/db = 0."""

    numpy = np.floor_divide
    partials = (0, 0)
    domain = ((-np.inf, np.inf), (0.5, np.inf))

    def kinks(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return np.abs(a / b - np.round(a / b)) / 4


class Remainder(Elementwise):
    """Remainder with the sign of the divisor, elementwise: y = a - b floor(a / b), dy/da = 1, dy/db = -floor(a / b)."""

    numpy = np.remainder
    partials = (1, lambda ns, y, a, b: -ns.floor_divide(a, b))
    domain = ((-np.inf, np.inf), (0.5, np.inf))

    def kinks(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return np.abs(a / b - np.round(a / b)) / 4


add = Add()
subtract = Subtract()
multiply = Multiply()
divide = Divide()
negative = Negative()
reciprocal = Reciprocal()
square = Square()
power = Power()
abs = Abs()
maximum = Maximum()
minimum = Minimum()
floor_divide = FloorDivide()
remainder = Remainder()


def pow(x: Any, exponent: Any, /) -> Any:
    """Power, elementwise: y = x**exponent; an exponent of 2 is recorded as `square`.

    >>> import autotensor as at
    >>> at.pow(at.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    return square(x) if isinstance(exponent, (int, float)) and exponent == 2 else power(x, exponent)
