"""Eigenvalues and eigenvectors of symmetric, or Hermitian, matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import Namespace, recorded
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift
from autotensor.ops.matrices import (
    MatrixFunction,
    adjoint,
    conjugate,
    floating,
    hermitian,
    identity,
    inexact,
    real_of,
    real_part,
    square,
    symmetrised,
)
from autotensor.ops.products import swap
from autotensor.ops.spectral import distance, held, holding, turns
from autotensor.ops.ties import differences, refusing, smallest_gap

EXAMPLES: Any = ((((2, 2),), {}), (((2, 3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))


class _OfHermitian(MatrixFunction):
    """A function of (x + x^H)/2 that does not exist where LAPACK does not converge."""

    kinds = ("symmetric",)
    examples = EXAMPLES
    refusal = "has no eigenvalues that could be found"

    def _found(self, function: Any, x: Any) -> Any:
        return self.guarded(lambda a: function(symmetrised(a) if a.ndim > 1 else a), inexact(x))


class Eigh(_OfHermitian):
    """Eigenvalues w, ascending, and orthonormal eigenvectors v of (x + x^H)/2: x v = v w, as y = [w; v], (..., n + 1, n).

    With M = v^H dx v and F_ij = 1/(w_j - w_i), F_ii = 0: dw = diag M, dv = v (F * M), less what would turn the phase, which is
    fixed: the pivot of a vector, its first element that is at least 0.9 times as large as its largest, is positive.
    Source: Giles 2008, 3.1.
    """

    def value(self, x: Any) -> Any:
        w, v = self._found(np.linalg.eigh, x)
        return np.concatenate([w[..., None, :], v * turns(v)], axis=-2)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, n, _ = square(x.shape, self.name)
        return Spec((*lead, n + 1, n), floating(x.dtype))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        y = self.value(x)
        return distance(np.real(y[..., 0, :]), y[..., 1:, :], x.shape)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        (w, v), (gw, gv) = _values_and_vectors(ns, y), _values_and_vectors(ns, g)
        if v.dtype.kind == "c":
            gv = gv + holding(ns, ns.imag(ns.sum(gv * v, axis=(len(v.shape) - 2,), keepdims=True)), v)
        inner = ns.apart(swap(ns, v) @ gv, refusing(ns, differences(ns, w), w), case="eigh")
        inner = inner + ns.alike(gw * identity(x), w, case="eigh")
        return hermitian(ns, conjugate(ns, v) @ inner @ swap(ns, v))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        w, v = _values_and_vectors(ns, y)
        m = ns.alike(adjoint(ns, v) @ hermitian(ns, tangents[0]) @ v, w, case="eigh")
        axis = len(y.shape) - 2
        tw = ns.sum(m * identity(x), axis=(axis,), keepdims=True)
        tv = v @ ns.apart(m, differences(ns, w), case="eigh")
        if v.dtype.kind == "c":
            tv = tv - 1j * v * held(ns, tv, v)
        return ns.concatenate(tw, tv, axis=axis)


def _values_and_vectors(ns: Namespace, y: Any) -> tuple[Any, Any]:
    """w as a row of real numbers, and v, of what `Eigh` gives."""
    w, v = (ns.getitem(y, index=(..., part, slice(None))) for part in (slice(None, 1), slice(1, None)))
    return real_part(ns, w), v


class Eigvalsh(_OfHermitian):
    """Eigenvalues of (x + x^H)/2, ascending: dy_i = v_i^H dx v_i, of equal ones the mean.

    Source: Giles 2008, 3.1.
    """

    def value(self, x: Any) -> Any:
        return self._found(np.linalg.eigvalsh, x)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name)[:-1], real_of(x.dtype))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        return np.broadcast_to(smallest_gap(self.value(x)[..., None, :])[..., None, None], x.shape)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        w, v = _values_and_vectors(ns, ns.eigh(x))
        inner = ns.spread(ns.reshape(g, shape=tuple(w.shape)), w, case="eigh")
        return hermitian(ns, conjugate(ns, v) @ inner @ swap(ns, v))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        w, v = _values_and_vectors(ns, ns.eigh(x))
        m = adjoint(ns, v) @ hermitian(ns, tangents[0]) @ v
        return ns.reshape(real_part(ns, ns.collect(m, w, case="eigh")), shape=tuple(y.shape))


_eigh, _eigvalsh = Eigh(), Eigvalsh()


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Any  # (..., n), ascending, real
    eigenvectors: Any  # (..., n, n), in the columns


def eigh(x: Any, /) -> EighResult:
    """Eigenvalues, ascending, and orthonormal eigenvectors of symmetric, or complex Hermitian, matrices: x v = v w.

    Shapes: (..., n, n) -> w (..., n), v (..., n, n). What is not Hermitian is taken as (x + x^H)/2, so the gradient is Hermitian.
    The phase of a vector: its first element that is at least 0.9 times as large as its largest is positive.
    Raises: ShapeError unless the matrices are square; LinAlgError in the gradient if what is differentiated depends on the
    vectors of equal eigenvalues, or tells these apart (`ops.ties` says more).
    Source: Giles 2008, 3.1, for the derivative.

    >>> import autotensor as at
    >>> at.linalg.eigh(at.tensor([[2.0, 0.0], [0.0, 1.0]]))
    EighResult(eigenvalues=tensor([1., 2.]), eigenvectors=tensor([[0., 1.],
            [1., 0.]]))
    """
    w, v = _values_and_vectors(recorded, _eigh(lift(x)))
    return EighResult(w[..., 0, :], v)


def eigvalsh(x: Any, /) -> Any:
    """Eigenvalues of symmetric, or complex Hermitian, matrices, ascending; dw_i = v_i^H dx v_i.

    Shapes: (..., n, n) -> (..., n). Equal eigenvalues share their gradient equally.
    Raises: ShapeError unless the matrices are square.

    >>> import autotensor as at
    >>> at.linalg.eigvalsh(at.tensor([[0.0, 2.0], [2.0, 0.0]]))
    tensor([-2.,  2.])
    """
    return _eigvalsh(lift(x))
