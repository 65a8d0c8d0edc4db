"""Complex numbers: their parts, their conjugate and their angle; `abs` and `sign` of them are with the real ones.

The conjugate is the one door between the two conventions of complex gradients: see `core.primitive`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Elementwise
from autotensor.ops.conversion import lift, lift_together
from autotensor.ops.transcendental import cos, sin


class Real(Elementwise):
    """Real part, elementwise: y = Re x, dy = Re dx."""

    numpy_names = (np.real,)
    kinds = ("complex",)
    partials = (1,)

    @staticmethod
    def numpy(x: Any) -> Any:
        return np.array(x.real)  # a copy: NumPy gives a view


class Imag(Elementwise):
    """Imaginary part, elementwise: y = Im x, dy = Re(-i dx); 0 for real x."""

    numpy_names = (np.imag,)
    kinds = ("complex",)
    partials = (lambda ns, y, x: -1j,)

    @staticmethod
    def numpy(x: Any) -> Any:
        return np.array(x.imag)


class Conj(Elementwise):
    """Complex conjugate, elementwise: y = Re x - i Im x, dy = conj(dx): linear in both parts, and without a derivative dy/dx."""

    numpy = np.conjugate
    kinds = ("complex",)
    partials = (1,)  # along the real axis

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, *operands: Any) -> Any:
        return ns.conj(g)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, *operands: Any, **settings: Any) -> Any:
        return ns.conj(tangents[0])


def _turning(ns: Namespace, y: Any, x: Any) -> Any:
    zero = ns.equal(x, 0)
    return ns.where(zero, 0.0, -1j / ns.where(zero, 1.0, x))


class Angle(Elementwise):
    """Angle to the positive real axis in radians, elementwise: y = atan2(Im x, Re x), dy = Re(-i dx / x), which is 0 at 0."""

    numpy = staticmethod(np.angle)
    numpy_names = (np.angle,)
    kinds = ("complex",)
    partials = (_turning,)

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        """The distance to 0, and to the negative real axis, across which the angle jumps from pi to -pi."""
        return np.where((np.real(x) < 0) & np.iscomplexobj(x), np.abs(np.imag(x)), np.abs(x))


class Complex(Elementwise):
    """Complex number of its two parts, elementwise: y = re + i im, dy/dre = 1, dy/dim = i."""

    partials = (1, lambda ns, y, re, im: 1j)

    @staticmethod
    def numpy(re: Any, im: Any) -> Any:
        if np.iscomplexobj(re) or np.iscomplexobj(im):
            raise TypeError("the parts of a complex number are real; x + 1j * y adds complex ones")
        y = np.empty(np.broadcast_shapes(np.shape(re), np.shape(im)), np.result_type(re, im, 1j))
        y.real, y.imag = re, im
        return y


_real, _imag, _conj, angle, _complex = Real(), Imag(), Conj(), Angle(), Complex()


def real(x: Any, /) -> Any:
    """Real part, elementwise: y = Re x; a real tensor is returned as it is.

    >>> import autotensor as at
    >>> at.real(at.tensor([1 + 2j, 3j]))
    tensor([1., 0.])
    """
    x = lift(x)
    return _real(x) if x.dtype.kind == "c" else x


def imag(x: Any, /) -> Any:
    """Imaginary part, elementwise: y = Im x; 0 for real x.

    >>> import autotensor as at
    >>> at.imag(at.tensor([1 + 2j, 3j]))
    tensor([2., 3.])
    """
    return _imag(lift(x))


def conj(x: Any, /) -> Any:
    """Complex conjugate, elementwise: y = Re x - i Im x; a real tensor is returned as it is.

    >>> import autotensor as at
    >>> at.conj(at.tensor(1 + 2j))
    tensor(1.-2.j, dtype=complex64)
    """
    x = lift(x)
    return _conj(x) if x.dtype.kind == "c" else x


def complex(re: Any, im: Any, /) -> Any:
    """Complex number of its two parts, elementwise: y = re + i im; of float32 parts complex64, of float64 parts complex128.

    Raises: DTypeError if a part is complex itself.

    >>> import autotensor as at
    >>> at.complex(at.tensor([1.0, 2.0]), at.tensor([0.0, -1.0]))
    tensor([1.+0.j, 2.-1.j], dtype=complex64)
    """
    return _complex(*lift_together(re, im))


def polar(r: Any, angle: Any, /) -> Any:
    """Complex number of its length and its angle in radians, elementwise: y = r (cos(angle) + i sin(angle)).

    >>> import autotensor as at
    >>> at.polar(at.tensor(2.0), at.tensor(0.0))
    tensor(2.+0.j, dtype=complex64)
    """
    r, angle = lift_together(r, angle)
    return complex(r * cos(angle), r * sin(angle))
