"""Singular values and vectors of any matrix, and its rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import Namespace, recorded
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift
from autotensor.ops.factorisations import completed
from autotensor.ops.matrices import (
    MatrixFunction,
    adjoint,
    conjugate,
    floating,
    hermitian,
    identity,
    inexact,
    matrix,
    real_of,
    real_part,
)
from autotensor.ops.products import swap
from autotensor.ops.spectral import distance, held, holding, turns
from autotensor.ops.ties import differences, refusing, smallest_gap

EXAMPLES: Any = ((((2, 2),), {}), (((3, 2),), {}), (((2, 3),), {}), (((2, 3, 3),), {}), (((3, 1),), {}), (((0, 2, 2),), {}))
REFUSAL = "has no singular values that could be found"


class Svd(MatrixFunction):
    """Singular values s, descending, and vectors: x = u s v^H, as y = [u; s; v], (..., m + 1 + n, k), k = min(m, n).

    With P = u^H dx v, its Hermitian part H and the rest R, D_ij = H_ij/(s_j - s_i), D_ii = 0, and T_ij = R_ij/(s_j + s_i):
    ds = Re diag P, du = u (D + T) + (1 - u u^H) dx v / s, dv = v (D - T) + (1 - v v^H) dx^H u / s, less what would turn the
    phase, which is fixed as by `Eigh`, for u.
    Source: Townsend 2016, "Differentiating the singular value decomposition"; Giles 2008, 3.2, for the values.
    """

    kinds = ("regular",)
    examples = EXAMPLES
    refusal = REFUSAL

    def value(self, x: Any) -> Any:
        u, s, vh = self.guarded(lambda a: np.linalg.svd(a, full_matrices=False), inexact(x))
        turn = turns(u)
        return np.concatenate([u * turn, s[..., None, :], np.conjugate(np.swapaxes(vh, -1, -2)) * turn], axis=-2)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, m, n = matrix(x.shape, self.name)
        return Spec((*lead, m + 1 + n, min(m, n)), floating(x.dtype))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        y, m = self.value(x), x.shape[-2]
        s = np.concatenate([np.real(y[..., m, :]), np.zeros((*y.shape[:-2], 1))], axis=-1)
        return distance(s, y[..., :m, :], x.shape)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        m, n = x.shape[-2:]
        (u, s, v), (gu, gs, gv) = _triple(ns, y, m), _triple(ns, g, m)
        if u.dtype.kind == "c":
            axis = (len(y.shape) - 2,)
            turning = ns.imag(ns.sum(gu * u, axis=axis, keepdims=True) + ns.sum(gv * v, axis=axis, keepdims=True))
            gu = gu + holding(ns, turning, u)
        a, b = swap(ns, u) @ gu, swap(ns, v) @ gv
        odd, both = (a - b) / 2, _both(ns, s)
        gaps, sums = _gaps(ns, both)
        gaps, twice = refusing(ns, gaps, s), refusing(ns, _diagonal(ns, sums), s)
        inner = hermitian(ns, ns.apart(a, gaps, case="svd") + ns.apart(b, gaps, case="svd"))
        inner = inner + ns.apart(odd - adjoint(ns, odd), sums, case="svd")
        inner = inner + _folded(ns, ns.alike(_both(ns, gs / 2) * identity(both), both, case="svd"))
        c = conjugate(ns, u) @ inner @ swap(ns, v)
        if m > n:
            c = c + _beyond(ns, conjugate(ns, u), ns.apart(2 * gu, twice, case="svd")) @ swap(ns, v)
        if m < n:
            c = c + conjugate(ns, u) @ adjoint(ns, _beyond(ns, conjugate(ns, v), ns.apart(2 * gv, twice, case="svd")))
        return c

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        (t,) = tangents
        m, n = x.shape[-2:]
        u, s, v = _triple(ns, y, m)
        both = _both(ns, s)
        gaps, sums = _gaps(ns, both)
        twice = _diagonal(ns, sums)
        even, odd = _quarters(ns, ns.alike(_unfolded(ns, adjoint(ns, u) @ t @ v), both, case="svd"))[::2]
        d, r = ns.apart(even, gaps, case="svd"), ns.apart(odd, sums, case="svd")
        tu, tv = u @ (d + r), v @ (d - r)
        if m > n:
            tu = tu + _beyond(ns, u, ns.apart(2 * t @ v, twice, case="svd"))
        if m < n:
            tv = tv + _beyond(ns, v, ns.apart(2 * adjoint(ns, t) @ u, twice, case="svd"))
        if u.dtype.kind == "c":
            turn = 1j * held(ns, tu, u)
            tu, tv = tu - u * turn, tv - v * turn
        return ns.concatenate(tu, _diagonal(ns, even), tv, axis=len(y.shape) - 2)


def _triple(ns: Namespace, y: Any, m: int) -> tuple[Any, Any, Any]:
    """u, s as a row of real numbers, and v of what `Svd` gives for matrices with m rows."""
    parts = (slice(None, m), slice(m, m + 1), slice(m + 1, None))
    u, s, v = (ns.getitem(y, index=(..., part, slice(None))) for part in parts)
    return u, real_part(ns, s), v


def _both(ns: Namespace, s: Any) -> Any:
    """s and -s, the eigenvalues of [[0, x], [x^H, 0]]: there a singular value 0 is one of two that are equal."""
    return ns.concatenate(s, -s, axis=len(s.shape) - 1)


def _unfolded(ns: Namespace, p: Any) -> Any:
    """[[h, -r], [r, -h]] of p = h + r, h Hermitian: how [[0, x], [x^H, 0]] moves in its eigenvectors when x does by u p v^H."""
    h, last = hermitian(ns, p), len(p.shape) - 1
    r = p - h
    return ns.concatenate(ns.concatenate(h, -r, axis=last), ns.concatenate(r, -h, axis=last), axis=last - 1)


def _folded(ns: Namespace, c: Any) -> Any:
    """The transpose of `_unfolded`."""
    upper, right, left, lower = _quarters(ns, c)
    odd = (left - right) / 2
    return hermitian(ns, upper - lower) + odd - adjoint(ns, odd)


def _quarters(ns: Namespace, x: Any) -> tuple[Any, Any, Any, Any]:
    """The blocks [[a, b], [c, d]] of a matrix, as a, b, c, d."""
    halves = (slice(None, x.shape[-1] // 2), slice(x.shape[-1] // 2, None))
    a, b, c, d = (ns.getitem(x, index=(..., rows, columns)) for rows in halves for columns in halves)
    return a, b, c, d


def _gaps(ns: Namespace, both: Any) -> tuple[Any, Any]:
    """s_j - s_i, infinite for i = j, and s_j + s_i; 0 where that is within rounding."""
    gaps, _, sums, _ = _quarters(ns, differences(ns, both))
    return gaps, sums


def _beyond(ns: Namespace, u: Any, x: Any) -> Any:
    """What of the columns of x is orthogonal to those of u."""
    return x - u @ (adjoint(ns, u) @ x)


def _diagonal(ns: Namespace, x: Any) -> Any:
    """The diagonal as a row."""
    return ns.sum(x * identity(x), axis=(len(x.shape) - 2,), keepdims=True)


class Svdvals(MatrixFunction):
    """Singular values, descending: dy_i = Re u_i^H dx v_i, of equal ones the mean, and 0 for those that are 0.

    Source: Giles 2008, 3.2.
    """

    kinds = ("regular",)
    examples = EXAMPLES
    refusal = REFUSAL

    def value(self, x: Any) -> Any:
        return self.guarded(np.linalg.svdvals, inexact(x))

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, m, n = matrix(x.shape, self.name)
        return Spec((*lead, min(m, n)), real_of(x.dtype))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        s = self.value(x)
        zero = np.zeros((*s.shape[:-1], 1))
        return np.broadcast_to(smallest_gap(np.concatenate([s, zero], axis=-1)[..., None, :])[..., None, None], x.shape)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        u, s, v = _triple(ns, ns.svd(x), x.shape[-2])
        gs = ns.reshape(g, shape=tuple(s.shape))
        inner = _folded(ns, ns.spread(_both(ns, gs / 2), _both(ns, s), case="svd"))
        return conjugate(ns, u) @ inner @ swap(ns, v)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        u, s, v = _triple(ns, ns.svd(x), x.shape[-2])
        ts = ns.collect(_unfolded(ns, adjoint(ns, u) @ tangents[0] @ v), _both(ns, s), case="svd")
        return ns.reshape(real_part(ns, ns.getitem(ts, index=(..., slice(None, s.shape[-1])))), shape=tuple(y.shape))


class MatrixRank(MatrixFunction):
    """Rank: y = the number of singular values above rtol times the largest, an integer, not differentiable."""

    differentiable = False
    kinds = ("regular",)
    examples = ((((3, 2),), {"rtol": None}), (((2, 2, 2),), {"rtol": 0.5}))
    refusal = REFUSAL

    def value(self, x: Any, *, rtol: Any) -> Any:
        matrix(x.shape, self.name)  # NumPy gives a vector the rank 0 or 1
        return np.asarray(self.guarded(lambda a: np.linalg.matrix_rank(a, rtol=rtol), inexact(x)), np.intp)

    def shape(self, x: Spec, *, rtol: Any = None) -> Spec:  # type: ignore[override]
        return Spec(matrix(x.shape, self.name)[:-2], np.dtype(np.intp))


_svd, _svdvals, _matrix_rank = Svd(), Svdvals(), MatrixRank()


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Any  # (..., m, k), or (..., m, m) with full_matrices
    S: Any  # (..., k), descending
    Vh: Any  # (..., k, n), or (..., n, n) with full_matrices


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular value decomposition: x = u s vh, with orthonormal columns in u and rows in vh, and s >= 0 descending.

    Shapes: (..., m, n) -> u (..., m, k), s (..., k), vh (..., k, n) with k = min(m, n); with `full_matrices` u is (..., m, m) and
    vh (..., n, n), and the further vectors are any orthonormal ones: what is computed of them should depend only on their space.
    The phase of each u: its first element that is at least 0.9 times as large as its largest is positive.
    Raises: ShapeError below two axes; LinAlgError if a matrix is not finite, and in the gradient if what is differentiated
    depends on the vectors of equal values, or of 0, or tells equal values apart (`ops.ties` says more).
    Source: Townsend 2016, "Differentiating the singular value decomposition".

    >>> import autotensor as at
    >>> at.linalg.svd(at.tensor([[0.0, 2.0], [1.0, 0.0]])).S
    tensor([2., 1.])
    """
    x = lift(x)
    m, n = matrix(tuple(x.shape), "svd")[-2:]
    u, s, v = _triple(recorded, _svd(x), m)
    s = s[..., 0, :]
    if full_matrices:
        u, v = (completed(u) if m > n else u), (completed(v) if n > m else v)
    return SVDResult(u, s, adjoint(recorded, v))


def svdvals(x: Any, /) -> Any:
    """Singular values, descending; ds_i = Re u_i^H dx v_i.

    Shapes: (..., m, n) -> (..., min(m, n)). Equal values share their gradient equally; that of a value 0 is 0.
    Raises: ShapeError below two axes; LinAlgError if a matrix is not finite.

    >>> import autotensor as at
    >>> at.linalg.svdvals(at.tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])
    """
    return _svdvals(lift(x))


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """The number of singular values above `rtol` times the largest, an integer: not differentiable.

    Shapes: (..., m, n) -> (...). None for `rtol` is max(m, n) times the dtype's epsilon.
    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.linalg.matrix_rank(at.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    return _matrix_rank(lift(x), rtol=rtol)
