"""Determinants, and the cofactors that are their derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift, stop_gradient
from autotensor.ops.matrices import MatrixFunction, floating, real_of, real_part, square
from autotensor.ops.products import swap

EXAMPLES: Any = ((((2, 2),), {}), (((2, 3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))


class _OfDeterminant(MatrixFunction):
    """One number for each square matrix."""

    kinds = ("regular",)
    examples = EXAMPLES

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name)[:-2], floating(x.dtype))


def _column(ns: Namespace, y: Any) -> Any:
    """One number a matrix, with two axes more, so that it multiplies matrices."""
    return ns.reshape(y, shape=(*tuple(y.shape), 1, 1))


def _inner(ns: Namespace, a: Any, b: Any) -> Any:
    """<a, b>, the sum over the elements of each matrix."""
    ndim = len(a.shape)
    return ns.sum(a * b, axis=(ndim - 2, ndim - 1), keepdims=False)


class Det(_OfDeterminant):
    """Determinant: y = det x; dx = g cof x, the cofactors, so the derivative is right at singular matrices too.

    Source: Giles 2008, 2.2.4, where x is invertible: cof x = det(x) x.T**-1.
    """

    analytic = True

    def value(self, x: Any) -> Any:
        return np.asarray(np.linalg.det(x))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        return _column(ns, g) * ns.cofactor(x)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        return _inner(ns, ns.cofactor(x), tangents[0])


class Cofactor(MatrixFunction):
    """Cofactors: y[i, j] = (-1)**(i + j) det(x without row i and column j), dy = (<y, dx> y - y dx.T y) / det x.

    The value exists for every matrix, this form of its derivative only for those that are not singular: there it is not finite.
    """

    analytic = True
    kinds = ("regular",)
    examples = tuple(example for example in EXAMPLES if example[0] != ((1, 1),))  # its second derivative there is all rounding

    def value(self, x: Any) -> Any:
        try:
            return np.linalg.det(x)[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2)
        except np.linalg.LinAlgError:
            return self._by_singular_values(*np.linalg.svd(x))

    def _by_singular_values(self, u: Any, s: Any, vh: Any) -> Any:
        """cof(u s v) = cof(u) cof(s) cof(v), and the cofactors of a unitary matrix are its conjugate times its determinant."""
        n = s.shape[-1]
        others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
        return (np.linalg.det(u) * np.linalg.det(vh))[..., None, None] * (
            (np.conjugate(u) * others[..., None, :]) @ np.conjugate(vh)
        )

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        return (_column(ns, _inner(ns, y, g)) * y - y @ swap(ns, g) @ y) / _column(ns, ns.det(x))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        return self.vjp(0, ns, tangents[0], y, x)  # it is its own adjoint: both are the second derivative of det


class Logabsdet(_OfDeterminant):
    """Logarithm of the determinant's size: y = ln |det x|; dx = g x.T**-1.

    Source: Giles 2008, 2.2.4.
    """

    def value(self, x: Any) -> Any:
        return np.asarray(np.linalg.slogdet(x)[1])

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name)[:-2], real_of(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        return _column(ns, g) * swap(ns, ns.inv(x))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        return real_part(ns, _inner(ns, swap(ns, ns.inv(x)), tangents[0]))


class SignOfDet(_OfDeterminant):
    """Sign of the determinant: y = det x / |det x|, or 0; dy = i y Im tr(x**-1 dx), which of a real matrix is 0."""

    def value(self, x: Any) -> Any:
        return np.asarray(np.linalg.slogdet(x)[0])

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        if x.dtype.kind != "c":
            return ns.full(shape=tuple(x.shape), fill=0, dtype=x.dtype)
        return _column(ns, 1j * ns.imag(g * y)) * swap(ns, ns.inv(x))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        return None if x.dtype.kind != "c" else 1j * y * ns.imag(_inner(ns, swap(ns, ns.inv(x)), tangents[0]))


_det, cofactor, _logabsdet, _sign = Det(), Cofactor(), Logabsdet(), SignOfDet()


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Any  # (...): -1, 0 or 1, a constant; of a complex matrix a number of size 1, or 0
    logabsdet: Any  # (...), real


def det(x: Any, /) -> Any:
    """Determinant; its first derivative, the cofactors, is right at singular matrices too, its second is not finite there.

    Shapes: (..., n, n) -> (...).
    Raises: ShapeError unless the matrices are square.

    >>> import autotensor as at
    >>> x = at.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    >>> at.linalg.det(x).backward()
    >>> x.grad
    tensor([[ 4., -2.],
            [-2.,  1.]])
    """
    return _det(lift(x))


def slogdet(x: Any, /) -> SlogdetResult:
    """Sign and ln |det x|, where the determinant itself would overflow; d ln |det x| / dx = x.T**-1.

    Shapes: (..., n, n) -> (...), twice.
    Raises: ShapeError unless the matrices are square; LinAlgError in the gradient at a singular matrix, whose value is -inf.

    >>> import autotensor as at
    >>> at.linalg.slogdet(at.tensor([[-1.0, 0.0], [0.0, 1.0]]))
    SlogdetResult(sign=tensor(-1.), logabsdet=tensor(0.))
    """
    x = lift(x)
    return SlogdetResult(_sign(x if x.dtype.kind == "c" else stop_gradient(x)), _logabsdet(x))
