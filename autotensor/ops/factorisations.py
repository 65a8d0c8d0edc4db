"""Matrices as products of triangular and orthogonal ones.

A factorisation has several results and a primitive has one, so `Qr` (and `Eigh`, `Svd` in files of their own) puts its factors
into one array, one below the other, and the public function cuts them out. Then one node holds the one factorisation, its rules
see the cotangents of all factors together, the laws test all factors at once, and no node needs several values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, LinAlgError, ShapeError
from autotensor.core.namespace import Namespace, recorded
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift
from autotensor.ops.joining import concat
from autotensor.ops.matrices import (
    MatrixFunction,
    adjoint,
    conjugate,
    floating,
    hermitian,
    inexact,
    lower,
    matrix,
    resolution,
    square,
    symmetrised,
)
from autotensor.ops.products import matmul, swap
from autotensor.ops.shaping import matrix_transpose


class Cholesky(MatrixFunction):
    """Cholesky factor of (x + x^H)/2, lower triangular with a positive diagonal: x = y y^H.

    dy = y P(y**-1 dx y^H**-1), where P keeps what is below the diagonal and half of what is on it; dx is Hermitian.
    Source: Murray 2016, "Differentiation of the Cholesky decomposition", eqs. 8 and 9.
    """

    kinds = ("positive",)
    examples = ((((2, 2),), {}), (((2, 3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))
    refusal = "is not positive definite: its smallest eigenvalue is not above 0. Add a small multiple of the identity"

    def value(self, x: Any) -> Any:
        return self.guarded(np.linalg.cholesky, symmetrised(inexact(x))) if np.ndim(x) > 1 else self._no_matrix(x)

    def _no_matrix(self, x: Any) -> Any:
        raise ShapeError(f"{self.name} takes square matrices (..., n, n), got shape {np.shape(x)}.")

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        yt = swap(ns, y)
        inner = (yt @ g) * lower(y, diagonal=0.5)
        return hermitian(ns, swap(ns, ns.solve(adjoint(ns, y), swap(ns, ns.solve(yt, inner)))))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        t = ns.solve(y, hermitian(ns, tangents[0]))
        return y @ (ns.solve(y, adjoint(ns, t)) * lower(y, diagonal=0.5))


class Qr(MatrixFunction):
    """Orthogonal times triangular, of matrices (..., m, n) with m >= n: x = q r, in one array y = [q; r.T], (..., m + n, n).

    The diagonal of r is positive, so q and r are unique and smooth where the columns are independent.
    With b = dx r**-1, M = q^H b and L the part of M below the diagonal and half of what is on it: N = M - L + L^H, dr = N r,
    dq = b - q N.
    Source: Walter and Lehmann 2013, "Algorithmic differentiation of linear algebra functions with application in optimum
    experimental design", QR decomposition.
    """

    kinds = ("regular",)
    examples = ((((2, 2),), {}), (((3, 2),), {}), (((2, 3, 3),), {}), (((2, 1),), {}), (((0, 3, 2),), {}))

    def value(self, x: Any) -> Any:
        q, r = self.guarded(np.linalg.qr, inexact(x))
        diagonal = np.diagonal(r, axis1=-2, axis2=-1)
        turns = np.where(diagonal == 0, 1, np.sign(diagonal))
        r = r * np.conjugate(turns)[..., None] + 0  # no -0 below the diagonal
        return np.concatenate([q * turns[..., None, :], np.swapaxes(r, -1, -2)], axis=-2)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, m, n = matrix(x.shape, self.name)
        if m < n:
            raise ShapeError(f"the primitive qr takes matrices with at least as many rows as columns, got shape {x.shape}.")
        return Spec((*lead, m + n, n), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        (q, rt), (gq, grt) = _split(ns, y), _split(ns, g)
        rt = ns.independent(rt)
        z = swap(ns, grt) @ rt - swap(ns, q) @ gq
        below = lower(rt, diagonal=0.5)
        gm = z * (1 - below) + adjoint(ns, z) * below
        return swap(ns, ns.solve(swap(ns, rt), swap(ns, gq + conjugate(ns, q) @ gm)))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        q, rt = _split(ns, y)
        b = swap(ns, ns.solve(ns.independent(rt), swap(ns, tangents[0])))
        m = adjoint(ns, q) @ b
        below = m * lower(rt, diagonal=0.5)
        n = m - below + adjoint(ns, below)
        return ns.concatenate(b - q @ n, rt @ swap(ns, n), axis=len(y.shape) - 2)


def _split(ns: Namespace, y: Any) -> tuple[Any, Any]:
    """q and r.T of what `Qr` gives."""
    rows = y.shape[-2] - y.shape[-1]
    return ns.getitem(y, index=(..., slice(None, rows), slice(None))), ns.getitem(y, index=(..., slice(rows, None), slice(None)))


class Independent(Multilinear):
    """The same triangular matrix, y = x; an error if its diagonal has a 0 within rounding, for then its columns are dependent."""

    kinds = ("positive",)
    examples = ((((2, 2),), {}), (((2, 3, 3),), {}), (((0, 2, 2),), {}))
    transposes = (lambda ns, g, x: g,)

    def value(self, x: Any) -> Any:
        x = inexact(x)
        smallest = np.min(np.abs(np.diagonal(x, axis1=-2, axis2=-1)), axis=-1, initial=np.inf)
        bad = smallest <= np.max(np.abs(x), axis=(-2, -1), initial=0.0) * resolution(x)
        if bad.any() and x.size:
            index = tuple(int(k) for k in np.argwhere(bad)[0])
            which = f"the matrix at index {index}" if index else "the matrix"
            raise LinAlgError(
                f"the derivative of qr: the first {x.shape[-1]} columns of {which} are dependent within rounding, so q has none. "
                f"Leave out dependent columns, or use svd or pinv, which need none to be independent."
            )
        return np.array(x)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name), floating(x.dtype))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.independent(operands[0])


class Complement(MatrixFunction):
    """Orthonormal columns that are orthogonal to those of x, (..., m, k) -> (..., m, m - k): a constant, not differentiable."""

    differentiable = False
    kinds = ("regular",)
    examples = ((((3, 2),), {}), (((2, 3, 1),), {}), (((2, 2),), {}))

    def value(self, x: Any) -> Any:
        return np.linalg.qr(inexact(x), mode="complete")[0][..., x.shape[-1] :]

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, m, k = matrix(x.shape, self.name)
        return Spec((*lead, m, m - k), floating(x.dtype))


_cholesky, _qr, independent, _complement = Cholesky(), Qr(), Independent(), Complement()


def completed(q: Any) -> Any:
    """Orthonormal columns q with more of them, to an orthogonal matrix that is a smooth function of q.

    A constant basis c of the complement follows q as it moves: p = c - q q^H c is orthogonal to q, and p (p^H p)**(-1/2), with a
    Cholesky factor for the root, orthonormal.
    """
    c = _complement(q)
    p = c - matmul(q, matmul(adjoint(recorded, q), c))
    back = adjoint(recorded, p)
    factor = _cholesky(matmul(back, p))
    return concat([q, adjoint(recorded, recorded.solve(factor, back))], axis=len(q.shape) - 1)


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The triangular factor with a positive diagonal of a positive definite matrix: x = y y^H, or y^H y if `upper`.

    Shapes: (..., n, n) -> the same. What is not symmetric, or for complex numbers Hermitian, is taken as (x + x^H)/2, so the
    gradient is Hermitian.
    Raises: LinAlgError unless every matrix is positive definite, with its index; ShapeError unless they are square.
    Source: Murray 2016, "Differentiation of the Cholesky decomposition".

    >>> import autotensor as at
    >>> at.linalg.cholesky(at.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    y = _cholesky(lift(x))
    return adjoint(recorded, y) if upper else y


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Any  # (..., m, k), or (..., m, m) for mode="complete"
    R: Any  # (..., k, n), or (..., m, n) for mode="complete"


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """x = q r, with orthonormal columns in q and r upper triangular with a diagonal that is real and not negative.

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
        r = concat([r, matmul(adjoint(recorded, q), x[..., m:])], axis=len(x.shape) - 1)
    if mode == "complete" and m > k:
        r = concat([r, np.zeros((*x.shape[:-2], m - k, n), r.dtype)], axis=len(x.shape) - 2)
        q = completed(q)
    return QRResult(q, r)
