"""Eigenvalues and eigenvectors of symmetric matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift
from autotensor.ops.matrices import MatrixFunction, floating, identity, real, square, symmetrised
from autotensor.ops.products import swap
from autotensor.ops.spectral import as_row, distance, reciprocal_gaps, signs


class Eigh(MatrixFunction):
    """Eigenvalues w, ascending, and orthonormal eigenvectors v of (x + x.T)/2: x v = v w, as y = [w; v], (..., n + 1, n).

    With M = v.T dx v and F_ij = 1/(w_j - w_i): dw = diag M, dv = v (F * M); 1/0 counts as 0. The first element of a vector that
    is at least 0.9 times as large as its largest is positive.
    Source: Giles 2008, 3.1.
    """

    kinds = ("symmetric",)
    examples = ((((2, 2),), {}), (((2, 3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))
    refusal = "has no eigenvalues that could be found"

    def value(self, x: Any) -> Any:
        x = real(x)
        w, v = self.guarded(lambda a: np.linalg.eigh(symmetrised(a) if a.ndim > 1 else a), x)
        return np.concatenate([w[..., None, :], v * signs(v)], axis=-2)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, n, _ = square(x.shape, self.name)
        return Spec((*lead, n + 1, n), floating(x.dtype))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        y = self.value(x)
        return distance(y[..., 0, :], y[..., 1:, :], x.shape)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        (w, v), (gw, gv) = _values_and_vectors(ns, y), _values_and_vectors(ns, g)
        inner = reciprocal_gaps(ns, w, squares=False) * (swap(ns, v) @ gv) + as_row(ns, gw) * identity(x)
        c = v @ inner @ swap(ns, v)
        return (c + swap(ns, c)) / 2

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        w, v = _values_and_vectors(ns, y)
        t = (tangents[0] + swap(ns, tangents[0])) / 2
        m = swap(ns, v) @ t @ v
        axis = len(y.shape) - 2
        tw = ns.sum(m * identity(x), axis=(axis,), keepdims=True)
        return ns.concatenate(tw, v @ (reciprocal_gaps(ns, w, squares=False) * m), axis=axis)


def _values_and_vectors(ns: Namespace, y: Any) -> tuple[Any, Any]:
    """w and v of what `Eigh` gives."""
    return ns.getitem(y, index=(..., 0, slice(None))), ns.getitem(y, index=(..., slice(1, None), slice(None)))


_eigh = Eigh()


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Any  # (..., n), ascending
    eigenvectors: Any  # (..., n, n), in the columns


def eigh(x: Any, /) -> EighResult:
    """Eigenvalues, ascending, and orthonormal eigenvectors of symmetric matrices: x v = v w.

    Shapes: (..., n, n) -> w (..., n), v (..., n, n). What is not symmetric is taken as (x + x.T)/2, so the gradient is symmetric.
    The sign of a vector: its first element that is at least 0.9 times as large as its largest is positive. Equal eigenvalues: the
    gradient is finite, and right where it does not depend on which basis of their space was found (`ops.spectral` says more).
    Raises: ShapeError unless the matrices are square.
    Source: Giles 2008, 3.1, for the derivative.

    >>> import autotensor as at
    >>> at.linalg.eigh(at.tensor([[2.0, 0.0], [0.0, 1.0]]))
    EighResult(eigenvalues=tensor([1., 2.]), eigenvectors=tensor([[0., 1.],
            [1., 0.]]))
    """
    y = _eigh(lift(x))
    return EighResult(y[..., 0, :], y[..., 1:, :])


def eigvalsh(x: Any, /) -> Any:
    """Eigenvalues of symmetric matrices, ascending; dw_i = v_i.T dx v_i.

    Shapes: (..., n, n) -> (..., n).
    Raises: ShapeError unless the matrices are square.

    >>> import autotensor as at
    >>> at.linalg.eigvalsh(at.tensor([[0.0, 2.0], [2.0, 0.0]]))
    tensor([-2.,  2.])
    """
    return eigh(x).eigenvalues
