"""Signs, steps and neighbours of floating numbers, and the sine that is divided by its angle."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Elementwise
from autotensor.ops.conversion import apart, lift


class Copysign(Elementwise):
    """Size of one with the sign of the other, elementwise: y = |a| sign(b), dy/da = sign(a) sign(b), 0 at 0, dy/db = 0."""

    numpy = np.copysign
    partials = (lambda ns, y, a, b: ns.sign(a) * ns.copysign(1.0, b), 0)

    def kinks(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return np.minimum(np.abs(a), np.abs(b))


class Signbit(Elementwise):
    """Whether the sign is set, elementwise: y = (x < 0 or x is -0.0), boolean, not differentiable."""

    numpy = np.signbit
    differentiable = False
    partials: ClassVar[tuple[None, ...]] = (None,)


class Nextafter(Elementwise):
    """The next number of the dtype after a towards b, elementwise; not differentiable."""

    numpy = np.nextafter
    differentiable = False
    partials: ClassVar[tuple[None, ...]] = (None, None)


class Heaviside(Elementwise):
    """Unit step, elementwise: y = 0 for x < 0, b at 0, 1 for x > 0; dy/dx = 0, dy/db = 1 where x = 0, else 0."""

    numpy = np.heaviside
    partials = (0, lambda ns, y, x, b: ns.cast(ns.equal(x, 0), dtype=y.dtype))

    def kinks(self, x: Any, b: Any) -> Any:  # type: ignore[override]
        return np.abs(x)


# d sinc / dx = pi s(pi x) with s(z) = -z/3 + z**3/30 - ..., from the series of sin(z)/z
_SERIES = tuple((-1) ** k * 2 * k / math.factorial(2 * k + 1) for k in range(1, 11))


def _slope_of_sinc(ns: Namespace, y: Any, x: Any) -> Any:
    z = x * math.pi
    near = ns.less(ns.abs(z), 1.0)  # the formula below subtracts equal numbers there
    small, large = ns.where(near, z, 0.0), ns.where(near, 1.0, x)
    square, total = small * small, 0.0
    for coefficient in reversed(_SERIES):
        total = total * square + coefficient
    return ns.where(near, math.pi * small * total, (ns.cos(large * math.pi) - ns.sinc(large)) / large)


class Sinc(Elementwise):
    """Sine over angle, elementwise: y = sin(pi x)/(pi x), 1 at 0, dy/dx = (cos(pi x) - y)/x, by its series near 0."""

    numpy = staticmethod(lambda x: np.asarray(np.sinc(x)))
    numpy_names = (np.sinc,)
    partials = (_slope_of_sinc,)


copysign = Copysign()
signbit = Signbit()
nextafter = Nextafter()
heaviside = Heaviside()
sinc = Sinc()


def positive(x: Any, /) -> Any:
    """The number itself, elementwise: y = x.

    >>> import autotensor as at
    >>> at.positive(at.tensor([-1.0]))
    tensor([-1.])
    """
    return apart(lift(x))
