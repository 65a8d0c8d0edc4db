"""Singular values and vectors of any matrix, and its rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift
from autotensor.ops.factorisations import completed
from autotensor.ops.matrices import MatrixFunction, floating, identity, matrix, real, resolution
from autotensor.ops.products import swap
from autotensor.ops.shaping import matrix_transpose
from autotensor.ops.spectral import distance, reciprocal_gaps, signs


class Svd(MatrixFunction):
    """Singular values s, descending, and vectors: x = u s v.T, as y = [u; s; v], (..., m + 1 + n, k), k = min(m, n).

    With P = u.T dx v and F_ij = 1/(s_j**2 - s_i**2), F_ii = 0: ds = diag P, du = u (F * (P s + s P.T)) + (1 - u u.T) dx v / s,
    dv = v (F * (s P + P.T s)) + (1 - v v.T) dx.T u / s; 1/0 counts as 0. The signs are those of `Eigh`, for u.
    Source: Townsend 2016, "Differentiating the singular value decomposition"; Giles 2008, 3.2, for the values.
    """

    kinds = ("regular",)
    examples = ((((2, 2),), {}), (((3, 2),), {}), (((2, 3),), {}), (((2, 3, 3),), {}), (((3, 1),), {}), (((0, 2, 2),), {}))
    refusal = "has no singular values that could be found"

    def value(self, x: Any) -> Any:
        u, s, vh = self.guarded(lambda a: np.linalg.svd(a, full_matrices=False), real(x))
        sign = signs(u)
        return np.concatenate([u * sign, s[..., None, :], np.swapaxes(vh, -1, -2) * sign], axis=-2)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, m, n = matrix(x.shape, self.name)
        return Spec((*lead, m + 1 + n, min(m, n)), floating(x.dtype))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        y, m = self.value(x), x.shape[-2]
        s = np.concatenate([y[..., m, :], np.zeros((*y.shape[:-2], 1))], axis=-1)
        return distance(s, y[..., :m, :], x.shape)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        m, n = x.shape[-2:]
        (u, s, v), (gu, gs, gv) = _triple(ns, y, m), _triple(ns, g, m)
        f = reciprocal_gaps(ns, ns.getitem(y, index=(..., m, slice(None))), squares=True)
        a, b = f * (swap(ns, u) @ gu), f * (swap(ns, v) @ gv)
        inner = (a + swap(ns, a)) * s + swap(ns, (b + swap(ns, b)) * s) + gs * identity(f)
        c = u @ inner @ swap(ns, v)
        if m > n:
            c = c + _beyond(ns, u, gu * _reciprocals(ns, s)) @ swap(ns, v)
        if m < n:
            c = c + u @ swap(ns, _beyond(ns, v, gv * _reciprocals(ns, s)))
        return c

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        (t,) = tangents
        m, n = x.shape[-2:]
        u, s, v = _triple(ns, y, m)
        f = reciprocal_gaps(ns, ns.getitem(y, index=(..., m, slice(None))), squares=True)
        p = swap(ns, u) @ t @ v
        pt, axis = swap(ns, p), len(y.shape) - 2
        tu = u @ (f * (p * s + swap(ns, p * s)))
        tv = v @ (f * (swap(ns, pt * s) + pt * s))
        if m > n:
            tu = tu + _beyond(ns, u, t @ v * _reciprocals(ns, s))
        if m < n:
            tv = tv + _beyond(ns, v, swap(ns, t) @ u * _reciprocals(ns, s))
        return ns.concatenate(tu, ns.sum(p * identity(f), axis=(axis,), keepdims=True), tv, axis=axis)


def _triple(ns: Namespace, y: Any, m: int) -> tuple[Any, Any, Any]:
    """u, s as a row, and v of what `Svd` gives for matrices with m rows."""
    parts = (slice(None, m), slice(m, m + 1), slice(m + 1, None))
    u, s, v = (ns.getitem(y, index=(..., part, slice(None))) for part in parts)
    return u, s, v


def _beyond(ns: Namespace, u: Any, x: Any) -> Any:
    """What of the columns of x is orthogonal to those of u."""
    return x - u @ (swap(ns, u) @ x)


def _reciprocals(ns: Namespace, s: Any) -> Any:
    """1/s; 0 for what is 0 within rounding."""
    if s.shape[-1] == 0:
        return s
    zero = ns.less_equal(ns.stop(s), ns.max(ns.stop(s), axis=(len(s.shape) - 1,), keepdims=True) * resolution(s))
    return ns.where(zero, 0.0, ns.reciprocal(ns.where(zero, 1.0, s)))


class MatrixRank(MatrixFunction):
    """Rank: y = the number of singular values above rtol times the largest, an integer, not differentiable."""

    differentiable = False
    kinds = ("regular",)
    examples = ((((3, 2),), {"rtol": None}), (((2, 2, 2),), {"rtol": 0.5}))
    refusal = "has no singular values that could be found"

    def value(self, x: Any, *, rtol: Any) -> Any:
        matrix(x.shape, self.name)  # NumPy gives a vector the rank 0 or 1
        return np.asarray(self.guarded(lambda a: np.linalg.matrix_rank(a, rtol=rtol), real(x)), np.intp)

    def shape(self, x: Spec, *, rtol: Any = None) -> Spec:  # type: ignore[override]
        return Spec(matrix(x.shape, self.name)[:-2], np.dtype(np.intp))


_svd, _matrix_rank = Svd(), MatrixRank()


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Any  # (..., m, k), or (..., m, m) with full_matrices
    S: Any  # (..., k), descending
    Vh: Any  # (..., k, n), or (..., n, n) with full_matrices


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular value decomposition: x = u s vh, with orthonormal columns in u and rows in vh, and s >= 0 descending.

    Shapes: (..., m, n) -> u (..., m, k), s (..., k), vh (..., k, n) with k = min(m, n); with `full_matrices` u is (..., m, m) and
    vh (..., n, n), and the further vectors are any orthonormal ones: what is computed of them should depend only on their space.
    The sign: of each u, its first element at least 0.9 times as large as its largest is positive. Equal values: as for `eigh`.
    Raises: ShapeError below two axes; LinAlgError if a matrix is not finite.
    Source: Townsend 2016, "Differentiating the singular value decomposition".

    >>> import autotensor as at
    >>> at.linalg.svd(at.tensor([[0.0, 2.0], [1.0, 0.0]])).S
    tensor([2., 1.])
    """
    x = lift(x)
    m, n = matrix(tuple(x.shape), "svd")[-2:]
    y = _svd(x)
    u, v = y[..., :m, :], y[..., m + 1 :, :]
    if full_matrices:
        u, v = (completed(u) if m > n else u), (completed(v) if n > m else v)
    return SVDResult(u, y[..., m, :], matrix_transpose(v))


def svdvals(x: Any, /) -> Any:
    """Singular values, descending; ds_i = u_i.T dx v_i.

    Shapes: (..., m, n) -> (..., min(m, n)).
    Raises: ShapeError below two axes; LinAlgError if a matrix is not finite.

    >>> import autotensor as at
    >>> at.linalg.svdvals(at.tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])
    """
    return svd(x, full_matrices=False).S


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """The number of singular values above `rtol` times the largest, an integer: not differentiable.

    Shapes: (..., m, n) -> (...). None for `rtol` is max(m, n) times the dtype's epsilon.
    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.linalg.matrix_rank(at.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    return _matrix_rank(lift(x), rtol=rtol)
