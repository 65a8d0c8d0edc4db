"""Special functions, elementwise: `at.special`."""

from __future__ import annotations

import math
from typing import Any

from autotensor.core.primitive import Elementwise
from autotensor.ops.activation import sigmoid as expit
from autotensor.ops.bessel_functions import i0, i1
from autotensor.ops.comparison import equal, greater, greater_equal, isnan, less, logical_and, where
from autotensor.ops.conversion import lift, lift_together
from autotensor.ops.error_function import erf_values, erfc_values
from autotensor.ops.gamma_functions import betaln, digamma, lgamma, polygamma
from autotensor.ops.normal_tails import erfcx, erfinv, log_ndtr, ndtri
from autotensor.ops.ordinary_bessel import j0, j1
from autotensor.ops.transcendental import expm1, log, log1p, logaddexp

__all__ = [
    "betaln", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "expit", "expm1", "i0", "i1", "j0", "j1", "kl_div", "lgamma",
    "log1p", "log_ndtr", "logaddexp", "logit", "ndtr", "ndtri", "polygamma", "rel_entr", "xlog1py", "xlogy",
]  # fmt: skip

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


def logit(x: Any, /) -> Any:
    """Logarithm of the odds, elementwise: y = ln(x / (1 - x)), for 0 < x < 1; the inverse of `expit`.

    >>> import autotensor as at
    >>> at.special.logit(at.tensor([0.5, 0.75]))
    tensor([0.       , 1.0986123])
    """
    x = lift(x)
    return log(x) - log1p(-x)


def ndtr(x: Any, /) -> Any:
    """The normal distribution up to x, elementwise: y = erfc(-x / sqrt(2)) / 2.

    >>> import autotensor as at
    >>> at.special.ndtr(at.tensor([0.0, 1.0]))
    tensor([0.5       , 0.84134...])
    """
    return erfc(lift(x) * -math.sqrt(0.5)) * 0.5


def xlogy(x: Any, y: Any, /) -> Any:
    """x ln(y), elementwise, and 0 where x = 0, for any y.

    >>> import autotensor as at
    >>> at.special.xlogy(at.tensor([0.0, 1.0]), at.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    x, y = lift_together(x, y)
    return x * log(where(equal(x, 0), 1.0, y))


def xlog1py(x: Any, y: Any, /) -> Any:
    """x ln(1 + y), elementwise, and 0 where x = 0, for any y.

    >>> import autotensor as at
    >>> at.special.xlog1py(at.tensor([0.0, 1.0]), at.tensor([-1.0, 0.0]))
    tensor([0., 0.])
    """
    x, y = lift_together(x, y)
    return x * log1p(where(equal(x, 0), 0.0, y))


def entr(x: Any, /) -> Any:
    """Entropy of one probability, elementwise: y = -x ln(x), 0 at 0 and minus infinity below; its slope at 0 is taken as 0.

    >>> import autotensor as at
    >>> at.special.entr(at.tensor([0.0, 0.5]))
    tensor([0.       , 0.3465736])
    """
    x = lift(x)
    return where(less(x, 0), -math.inf, -x * log(where(greater(x, 0), x, 1.0)))


def rel_entr(x: Any, y: Any, /) -> Any:
    """Relative entropy of one pair, elementwise: x ln(x/y) for x, y > 0, 0 where x = 0 <= y, else infinite.

    >>> import autotensor as at
    >>> at.special.rel_entr(at.tensor([0.0, 0.5]), at.tensor([0.5, 0.25]))
    tensor([0.       , 0.3465736])
    """
    x, y = lift_together(x, y)
    inside = logical_and(greater(x, 0), greater(y, 0))
    outside = where(isnan(x), x, where(isnan(y), y, math.inf))
    outside = where(logical_and(equal(x, 0), greater_equal(y, 0)), 0.0, outside)
    return where(inside, x * log(where(inside, x, 1.0) / where(inside, y, 1.0)), outside)


def kl_div(x: Any, y: Any, /) -> Any:
    """Term of the Kullback-Leibler divergence, elementwise: x ln(x/y) - x + y, never below 0.

    Summed over two distributions it is what `rel_entr` gives. `nn.functional.kl_div` is the loss, which takes logarithms.

    >>> import autotensor as at
    >>> at.special.kl_div(at.tensor([0.5]), at.tensor([0.5]))
    tensor([0.])
    """
    x, y = lift_together(x, y)
    return rel_entr(x, y) - x + y
