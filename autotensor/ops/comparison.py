"""Comparisons, choices and steps: where the derivative is nothing, or a choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from autotensor.core.examples import aligned
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Elementwise, Primitive
from autotensor.core.spec import Scalar, Spec, broadcast_shapes


class _Truth(Elementwise):
    """A comparison: its result is boolean and never recorded."""

    differentiable = False
    partials: ClassVar[tuple[None, ...]] = (None, None)


class Equal(_Truth):
    """Equality, elementwise: y = (a == b), boolean, not differentiable."""

    numpy = np.equal


class NotEqual(_Truth):
    """Inequality, elementwise: y = (a != b), boolean, not differentiable."""

    numpy = np.not_equal


class Less(_Truth):
    """Strictly smaller, elementwise: y = (a < b), boolean, not differentiable."""

    numpy = np.less


class LessEqual(_Truth):
    """Smaller or equal, elementwise: y = (a <= b), boolean, not differentiable."""

    numpy = np.less_equal


class Greater(_Truth):
    """Strictly larger, elementwise: y = (a > b), boolean, not differentiable."""

    numpy = np.greater


class GreaterEqual(_Truth):
    """Larger or equal, elementwise: y = (a >= b), boolean, not differentiable."""

    numpy = np.greater_equal


class LogicalAnd(_Truth):
    """Both, elementwise: y = a and b, boolean, not differentiable."""

    numpy = np.logical_and


class LogicalOr(_Truth):
    """Either, elementwise: y = a or b, boolean, not differentiable."""

    numpy = np.logical_or


class LogicalXor(_Truth):
    """One but not both, elementwise: y = a xor b, boolean, not differentiable."""

    numpy = np.logical_xor


class LogicalNot(_Truth):
    """Negation, elementwise: y = not x, boolean, not differentiable."""

    numpy = np.logical_not
    partials = (None,)


class Isnan(_Truth):
    """Not a number, elementwise: y = (x is NaN), boolean, not differentiable."""

    numpy = np.isnan
    partials = (None,)


class Isinf(_Truth):
    """Infinite, elementwise: y = (|x| is infinite), boolean, not differentiable."""

    numpy = np.isinf
    partials = (None,)


class Isfinite(_Truth):
    """Finite, elementwise: y = (x is neither infinite nor NaN), boolean, not differentiable."""

    numpy = np.isfinite
    partials = (None,)


class _Step(Elementwise):
    """A function that is constant but for jumps: its derivative is 0 wherever there is one."""

    partials = (0,)

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        return np.abs(x - np.round(x))


class Sign(_Step):
    """Sign, elementwise: y = -1, 0 or 1, dy/dx = 0; of a complex x y = x/|x|, 0 at 0, dy = i y Im(conj(y) dx)/|x|."""

    numpy = np.sign

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, *operands: Any) -> Any:
        return g * 0 if y.dtype.kind != "c" else 1j * ns.conj(y) * (ns.imag(g * y) / _length(ns, operands[0]))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, *operands: Any, **settings: Any) -> Any:
        (t,) = tangents
        return t * 0 if y.dtype.kind != "c" else 1j * y * (ns.imag(ns.conj(y) * t) / _length(ns, operands[0]))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        return np.abs(x)


def _length(ns: Namespace, x: Any) -> Any:
    """|x|, and 1 where that is 0."""
    return ns.where(ns.equal(x, 0), 1.0, ns.abs(x))


class Floor(_Step):
    """Largest integer not above x, elementwise: y = floor(x), dy/dx = 0."""

    numpy = np.floor


class Ceil(_Step):
    """Smallest integer not below x, elementwise: y = ceil(x), dy/dx = 0."""

    numpy = np.ceil


class Trunc(_Step):
    """Integer part, elementwise: y = trunc(x), dy/dx = 0."""

    numpy = np.trunc


class Round(_Step):
    """Nearest integer, halves to even, elementwise: y = round(x), dy/dx = 0; integers stay as they are."""

    numpy = staticmethod(np.round)  # np.rint makes floating numbers of integers
    numpy_names = (np.rint,)

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        re, im = np.real(x), np.imag(x)  # each is rounded by itself
        return np.minimum(np.abs(re - np.floor(re) - 0.5), np.abs(im - np.floor(im) - 0.5))


class Where(Primitive):
    """Choice, elementwise: y = a where the condition holds, else b; the cotangent goes to the one that was chosen.

    The other one receives exactly 0, also where its own derivative is not finite.
    """

    numpy_names = (np.where,)
    kinds = ("bool", "float", "float")
    examples = (
        (((3,), (3,), (3,)), {}),
        (((2, 1), (3,), ()), {}),
        (((), (), ()), {}),
        (((0,), (1,), (0,)), {}),
        (((2, 3), (2, 3), (2, 1)), {}),
    )

    def value(self, condition: Any, a: Any, b: Any) -> Any:
        return np.where(condition, a, b)

    def shape(self, condition: Spec | Scalar, a: Spec | Scalar, b: Spec | Scalar) -> Spec:  # type: ignore[override]
        probes = [np.empty((0,), x.dtype) if isinstance(x, Spec) else x for x in (a, b)]
        shapes = [x.shape for x in (condition, a, b) if isinstance(x, Spec)]
        return Spec(broadcast_shapes(*shapes), np.where(np.empty((0,), np.bool_), *probes).dtype)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, condition: Any, a: Any, b: Any) -> Any:
        return None if i == 0 else ns.where(condition, g, 0.0) if i == 1 else ns.where(condition, 0.0, g)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, condition: Any, a: Any, b: Any) -> Any:
        _, ta, tb = tangents
        if ta is None and tb is None:
            return None
        t = ns.where(condition, 0.0 if ta is None else ta, 0.0 if tb is None else tb)
        return t if t.shape == y.shape else ns.expand(t, shape=tuple(y.shape))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.where(*aligned(ns, operands, batched))


equal = Equal()
not_equal = NotEqual()
less = Less()
less_equal = LessEqual()
greater = Greater()
greater_equal = GreaterEqual()
logical_and = LogicalAnd()
logical_or = LogicalOr()
logical_xor = LogicalXor()
logical_not = LogicalNot()
isnan = Isnan()
isinf = Isinf()
isfinite = Isfinite()
sign = Sign()
floor = Floor()
ceil = Ceil()
trunc = Trunc()
round = Round()
where = Where()
