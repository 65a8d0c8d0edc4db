"""Special functions, elementwise: `at.special`."""

from __future__ import annotations

import math

from autotensor.core.primitive import Elementwise
from autotensor.ops.activation import sigmoid as expit
from autotensor.ops.error_function import erf_values, erfc_values
from autotensor.ops.transcendental import expm1, log1p, logaddexp

__all__ = ["erf", "erfc", "expit", "expm1", "log1p", "logaddexp"]

TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)


class Erf(Elementwise):
    """Error function, elementwise: y = 2/sqrt(pi) int_0^x e**(-t**2) dt, dy/dx = 2/sqrt(pi) e**(-x**2); 2 ulp in float64."""

    numpy = staticmethod(erf_values)
    partials = (lambda ns, y, x: TWO_OVER_SQRT_PI * ns.exp(-x * x),)


class Erfc(Elementwise):
    """Complementary error function, elementwise: y = 1 - erf(x), dy/dx = -2/sqrt(pi) e**(-x**2); 2 ulp in float64."""

    numpy = staticmethod(erfc_values)
    partials = (lambda ns, y, x: -TWO_OVER_SQRT_PI * ns.exp(-x * x),)


erf = Erf()
erfc = Erfc()
