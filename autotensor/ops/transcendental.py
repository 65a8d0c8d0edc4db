"""Exponential, logarithmic, trigonometric and hyperbolic functions, all elementwise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Elementwise
from autotensor.core.spec import ONE

POSITIVE = ((0.05, np.inf),)
LN2 = math.log(2)
LN10 = math.log(10)


class Exp(Elementwise):
    """Exponential, elementwise: y = e**x, dy/dx = y."""

    numpy = np.exp
    partials = (lambda ns, y, x: y,)
    analytic = True


class Exp2(Elementwise):
    """Power of two, elementwise: y = 2**x, dy/dx = y ln 2."""

    numpy = np.exp2
    partials = (lambda ns, y, x: y * LN2,)
    analytic = True


class Expm1(Elementwise):
    """Exponential less one, exact near 0, elementwise: y = e**x - 1, dy/dx = y + 1."""

    numpy = np.expm1
    partials = (lambda ns, y, x: y + 1,)
    analytic = True


class Log(Elementwise):
    """Natural logarithm, elementwise: y = ln(x), dy/dx = 1/x, for x > 0."""

    numpy = np.log
    partials = (lambda ns, y, x: 1 / x,)
    analytic = True
    domain = POSITIVE

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        return g / x  # rounded once, in one call


class Log2(Elementwise):
    """Logarithm to base 2, elementwise: y = log2(x), dy/dx = 1/(x ln 2), for x > 0."""

    numpy = np.log2
    partials = (lambda ns, y, x: 1 / (x * LN2),)
    analytic = True
    domain = POSITIVE


class Log10(Elementwise):
    """Logarithm to base 10, elementwise: y = log10(x), dy/dx = 1/(x ln 10), for x > 0."""

    numpy = np.log10
    partials = (lambda ns, y, x: 1 / (x * LN10),)
    analytic = True
    domain = POSITIVE


class Log1p(Elementwise):
    """Logarithm of one more, exact near 0, elementwise: y = ln(1 + x), dy/dx = 1/(1 + x), for x > -1."""

    numpy = np.log1p
    partials = (lambda ns, y, x: 1 / (1 + x),)
    analytic = True
    domain = ((-0.95, np.inf),)


class Logaddexp(Elementwise):
    """Logarithm of a sum of exponentials, elementwise: y = ln(e**a + e**b), dy/da = e**(a-y), dy/db = e**(b-y)."""

    numpy = np.logaddexp
    partials = (lambda ns, y, a, b: ns.exp(a - y), lambda ns, y, a, b: ns.exp(b - y))


class Sqrt(Elementwise):
    """Square root, elementwise: y = x**(1/2), dy/dx = 1/(2 y), for x > 0; not finite at 0."""

    numpy = np.sqrt
    partials = (lambda ns, y, x: 0.5 / y,)
    analytic = True
    domain = POSITIVE


class Sin(Elementwise):
    """Sine, elementwise: y = sin(x), dy/dx = cos(x), x in radians."""

    numpy = np.sin
    partials = (lambda ns, y, x: ns.cos(x),)
    analytic = True


class Cos(Elementwise):
    """Cosine, elementwise: y = cos(x), dy/dx = -sin(x), x in radians."""

    numpy = np.cos
    partials = (lambda ns, y, x: -ns.sin(x),)
    analytic = True


class Tan(Elementwise):
    """Tangent, elementwise: y = tan(x), dy/dx = 1 + y**2, x in radians."""

    numpy = np.tan
    partials = (lambda ns, y, x: 1 + y * y,)
    analytic = True
    domain = ((-1.3, 1.3),)


class Asin(Elementwise):
    """Inverse sine in radians, elementwise: y = asin(x), dy/dx = 1/sqrt(1 - x**2), for |x| < 1."""

    numpy = np.arcsin
    partials = (lambda ns, y, x: 1 / ns.sqrt(1 - x * x),)
    analytic = True
    domain = ((-0.9, 0.9),)


class Acos(Elementwise):
    """Inverse cosine in radians, elementwise: y = acos(x), dy/dx = -1/sqrt(1 - x**2), for |x| < 1."""

    numpy = np.arccos
    partials = (lambda ns, y, x: -1 / ns.sqrt(1 - x * x),)
    analytic = True
    domain = ((-0.9, 0.9),)


class Atan(Elementwise):
    """Inverse tangent in radians, elementwise: y = atan(x), dy/dx = 1/(1 + x**2)."""

    numpy = np.arctan
    partials = (lambda ns, y, x: 1 / (1 + x * x),)
    analytic = True


class Sinh(Elementwise):
    """Hyperbolic sine, elementwise: y = sinh(x), dy/dx = cosh(x)."""

    numpy = np.sinh
    partials = (lambda ns, y, x: ns.cosh(x),)
    analytic = True


class Cosh(Elementwise):
    """Hyperbolic cosine, elementwise: y = cosh(x), dy/dx = sinh(x)."""

    numpy = np.cosh
    partials = (lambda ns, y, x: ns.sinh(x),)
    analytic = True


class Tanh(Elementwise):
    """Hyperbolic tangent, elementwise: y = tanh(x), dy/dx = 1 - y**2."""

    numpy = np.tanh
    partials = (lambda ns, y, x: ONE[y.dtype] - y * y,)
    analytic = True


class Asinh(Elementwise):
    """Inverse hyperbolic sine, elementwise: y = asinh(x), dy/dx = 1/sqrt(x**2 + 1)."""

    numpy = np.arcsinh
    partials = (lambda ns, y, x: 1 / ns.sqrt(x * x + 1),)
    analytic = True


class Acosh(Elementwise):
    """Inverse hyperbolic cosine, elementwise: y = acosh(x), dy/dx = 1/(sqrt(x - 1) sqrt(x + 1)), for x > 1."""

    numpy = np.arccosh
    partials = (
        lambda ns, y, x: 1 / (ns.sqrt(x - 1) * ns.sqrt(x + 1)),
    )  # two roots: for complex x with Re x < 0 one has another sign
    analytic = True
    domain = ((1.2, np.inf),)


class Atanh(Elementwise):
    """Inverse hyperbolic tangent, elementwise: y = atanh(x), dy/dx = 1/(1 - x**2), for |x| < 1."""

    numpy = np.arctanh
    partials = (lambda ns, y, x: 1 / (1 - x * x),)
    analytic = True
    domain = ((-0.9, 0.9),)


class Atan2(Elementwise):
    """Angle of the point (b, a) in radians, elementwise: y = atan2(a, b), dy/da = b/(a**2 + b**2), dy/db = -a/(a**2 + b**2)."""

    numpy = np.arctan2
    partials = (lambda ns, y, a, b: b / (a * a + b * b), lambda ns, y, a, b: -a / (a * a + b * b))
    domain = ((-np.inf, np.inf), (0.3, np.inf))


class Hypot(Elementwise):
    """Length of the hypotenuse, elementwise: y = sqrt(a**2 + b**2), dy/da = a/y, dy/db = b/y; not finite where both are 0."""

    numpy = np.hypot
    partials = (lambda ns, y, a, b: a / y, lambda ns, y, a, b: b / y)
    domain = ((0.3, np.inf), (-np.inf, np.inf))


exp = Exp()
exp2 = Exp2()
expm1 = Expm1()
log = Log()
log2 = Log2()
log10 = Log10()
log1p = Log1p()
logaddexp = Logaddexp()
sqrt = Sqrt()
sin = Sin()
cos = Cos()
tan = Tan()
asin = Asin()
acos = Acos()
atan = Atan()
sinh = Sinh()
cosh = Cosh()
tanh = Tanh()
asinh = Asinh()
acosh = Acosh()
atanh = Atanh()
atan2 = Atan2()
hypot = Hypot()
