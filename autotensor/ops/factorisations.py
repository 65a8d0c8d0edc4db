"""Matrices as products of triangular and orthogonal ones.

A factorisation has several results and a primitive has one, so `Qr` (and `Eigh`, `Svd` in files of their own) puts its factors
into one array, one below the other, and the public function cuts them out. Then one node holds the one factorisation, its rules
see the cotangents of all factors together, the laws test all factors at once, and no node needs several values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import Namespace, recorded
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift
from autotensor.ops.joining import concat
from autotensor.ops.matrices import MatrixFunction, floating, lower, matrix, real, square, symmetrised
from autotensor.ops.products import matmul, swap
from autotensor.ops.shaping import matrix_transpose


class Cholesky(MatrixFunction):
    """Cholesky factor of (x + x.T)/2, lower triangular with a positive diagonal: x = y y.T.

    dy = y P(y**-1 dx y.T**-1), where P keeps what is below the diagonal and half of what is on it; dx is symmetric.
    Source: Murray 2016, "Differentiation of the Cholesky decomposition", eqs. 8 and 9.
    """

    kinds = ("positive",)
    examples = ((((2, 2),), {}), (((2, 3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))
    refusal = "is not positive definite: its smallest eigenvalue is not above 0. Add a small multiple of the identity"

    def value(self, x: Any) -> Any:
        return self.guarded(np.linalg.cholesky, symmetrised(real(x))) if np.ndim(x) > 1 else self._no_matrix(x)

    def _no_matrix(self, x: Any) -> Any:
        raise ShapeError(f"{self.name} takes square matrices (..., n, n), got shape {np.shape(x)}.")

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        yt = swap(ns, y)
        inner = (yt @ g) * lower(y, diagonal=0.5)
        c = swap(ns, ns.solve(yt, swap(ns, ns.solve(yt, inner))))  # y.T**-1 inner y**-1
        return (c + swap(ns, c)) / 2

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        t = (tangents[0] + swap(ns, tangents[0])) / 2
        return y @ (ns.solve(y, swap(ns, ns.solve(y, t))) * lower(y, diagonal=0.5))


class Qr(MatrixFunction):
    """Orthogonal times triangular, of matrices (..., m, n) with m >= n: x = q r, in one array y = [q; r.T], (..., m + n, n).

    The diagonal of r is positive, so q and r are unique and smooth where the columns are independent.
    With b = dx r**-1 and N = triu(q.T b) + (strictly lower part of q.T b).T: dr = N r, dq = b - q N.
    Source: Walter and Lehmann 2013, "Algorithmic differentiation of linear algebra functions with application in optimum
    experimental design", QR decomposition.
    """

    kinds = ("regular",)
    examples = ((((2, 2),), {}), (((3, 2),), {}), (((2, 3, 3),), {}), (((2, 1),), {}), (((0, 3, 2),), {}))

    def value(self, x: Any) -> Any:
        q, r = self.guarded(np.linalg.qr, real(x))
        signs = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1, 1).astype(r.dtype)
        r = r * signs[..., None] + 0  # no -0 below the diagonal
        return np.concatenate([q * signs[..., None, :], np.swapaxes(r, -1, -2)], axis=-2)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, m, n = matrix(x.shape, self.name)
        if m < n:
            raise ShapeError(f"the primitive qr takes matrices with at least as many rows as columns, got shape {x.shape}.")
        return Spec((*lead, m + n, n), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        (q, rt), (gq, grt) = _split(ns, y), _split(ns, g)
        z = swap(ns, grt) @ rt - swap(ns, q) @ gq
        strict = lower(rt, diagonal=0.0)
        gm = z * (1 - strict) + swap(ns, z) * strict  # the upper triangle, and its mirror image
        return swap(ns, ns.solve(swap(ns, rt), swap(ns, gq + q @ gm)))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        q, rt = _split(ns, y)
        b = swap(ns, ns.solve(rt, swap(ns, tangents[0])))
        m = swap(ns, q) @ b
        strict = lower(rt, diagonal=0.0)
        n = m * (1 - strict) + swap(ns, m * strict)
        return ns.concatenate(b - q @ n, rt @ swap(ns, n), axis=len(y.shape) - 2)


def _split(ns: Namespace, y: Any) -> tuple[Any, Any]:
    """q and r.T of what `Qr` gives."""
    rows = y.shape[-2] - y.shape[-1]
    return ns.getitem(y, index=(..., slice(None, rows), slice(None))), ns.getitem(y, index=(..., slice(rows, None), slice(None)))


class Complement(MatrixFunction):
    """Orthonormal columns that are orthogonal to those of x, (..., m, k) -> (..., m, m - k): a constant, not differentiable."""

    differentiable = False
    kinds = ("regular",)
    examples = ((((3, 2),), {}), (((2, 3, 1),), {}), (((2, 2),), {}))

    def value(self, x: Any) -> Any:
        return np.linalg.qr(real(x), mode="complete")[0][..., x.shape[-1] :]

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, m, k = matrix(x.shape, self.name)
        return Spec((*lead, m, m - k), floating(x.dtype))


_cholesky, _qr, _complement = Cholesky(), Qr(), Complement()


def completed(q: Any) -> Any:
    """Orthonormal columns q with more of them, to an orthogonal matrix that is a smooth function of q.

    A constant basis c of the complement follows q as it moves: p = c - q q.T c is orthogonal to q, and p (p.T p)**(-1/2), with a
    Cholesky factor for the root, orthonormal.
    """
    c = _complement(q)
    p = c - matmul(q, matmul(matrix_transpose(q), c))
    factor = cholesky(matmul(matrix_transpose(p), p))
    return concat([q, matrix_transpose(recorded.solve(factor, matrix_transpose(p)))], axis=len(q.shape) - 1)


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The triangular factor with a positive diagonal of a symmetric positive definite matrix: x = y y.T, or y.T y if `upper`.

    Shapes: (..., n, n) -> the same. What is not symmetric is taken as (x + x.T)/2, so the gradient is symmetric.
    Raises: LinAlgError unless every matrix is positive definite, with its index; ShapeError unless they are square.
    Source: Murray 2016, "Differentiation of the Cholesky decomposition".

    >>> import autotensor as at
    >>> at.linalg.cholesky(at.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    y = _cholesky(lift(x))
    return matrix_transpose(y) if upper else y


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Any  # (..., m, k), or (..., m, m) for mode="complete"
    R: Any  # (..., k, n), or (..., m, n) for mode="complete"


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """x = q r, with orthonormal columns in q and r upper triangular with a diagonal that is not negative.

    Shapes: (..., m, n) -> q (..., m, k), r (..., k, n) with k = min(m, n); with mode="complete" q is (..., m, m), and its further
    columns are any orthonormal ones: what is computed of them should depend only on the space that they span.
    Raises: ArgumentError for another mode; LinAlgError in the gradient if the first k columns are not independent.
    Source: Walter and Lehmann 2013, for the derivative.

    >>> import autotensor as at
    >>> at.linalg.qr(at.tensor([[0.0, 1.0], [2.0, 3.0]])).R
    tensor([[2., 3.],
            [0., 1.]])
    """
    if mode not in {"reduced", "complete"}:
        raise ArgumentError(f"qr: mode is 'reduced' or 'complete', got {mode!r}.")
    x = lift(x)
    m, n = matrix(tuple(x.shape), "qr")[-2:]
    k = min(m, n)
    y = _qr(x if m >= n else x[..., :m])  # of a wide matrix the first columns give q
    q, r = y[..., :m, :], matrix_transpose(y[..., m:, :])
    if m < n:
        r = concat([r, matmul(matrix_transpose(q), x[..., m:])], axis=len(x.shape) - 1)
    if mode == "complete" and m > k:
        r = concat([r, np.zeros((*x.shape[:-2], m - k, n), r.dtype)], axis=len(x.shape) - 2)
        q = completed(q)
    return QRResult(q, r)
