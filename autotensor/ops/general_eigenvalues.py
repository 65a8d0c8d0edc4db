"""Eigenvalues and eigenvectors of any square matrix: complex numbers, in no particular order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import Namespace, recorded
from autotensor.core.spec import Spec
from autotensor.ops.conversion import lift
from autotensor.ops.matrices import MatrixFunction, conjugate, floating, identity, inexact, real_part, square
from autotensor.ops.products import swap
from autotensor.ops.spectral import distance, held, holding, turns
from autotensor.ops.ties import differences, refusing


class _OfSquare(MatrixFunction):
    """A function of square matrices whose values are complex, also where none has an imaginary part."""

    kinds = ("regular",)
    examples = ((((2, 2),), {}), (((2, 3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))
    refusal = "has no eigenvalues that could be found"

    def _found(self, function: Any, x: Any) -> Any:
        square(x.shape, self.name)
        return self.guarded(function, inexact(x))

    def kinks(self, x: Any) -> Any:  # type: ignore[override]
        """The distance to equal eigenvalues, or to a zero beside the diagonal: there LAPACK finds them in another order."""
        w, v = self._found(np.linalg.eig, x)
        beside = np.abs(x)[..., ~np.eye(x.shape[-1], dtype=bool)]
        return np.minimum(distance(w, v, x.shape), np.min(beside, initial=np.inf))


class Eig(_OfSquare):
    """Eigenvalues w and eigenvectors v of length 1, x v = v w, as y = [w; v], (..., n + 1, n), complex.

    With M = v**-1 dx v and F_ij = 1/(w_j - w_i), F_ii = 0: dw = diag M, dv = v (F * M), less what would change the length of a
    vector or turn its phase, which is fixed as by `Eigh`.
    Source: Boeddeker, Hanebrink, Drude, Heymann and Haeb-Umbach 2017, "On the computation of complex-valued gradients with
    application to statistically optimum beamforming", eq. 4.77.
    """

    def value(self, x: Any) -> Any:
        w, v = self._found(np.linalg.eig, x)
        v = v.astype(_complex(x), copy=False)
        return np.concatenate([w[..., None, :], v * turns(v)], axis=-2)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        *lead, n, _ = square(x.shape, self.name)
        return Spec((*lead, n + 1, n), _complex(x))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        (w, v), (gw, gv) = _values_and_vectors(ns, y), _values_and_vectors(ns, g)
        along = ns.sum(gv * v, axis=(len(v.shape) - 2,), keepdims=True)
        gv = gv - ns.real(along) * conjugate(ns, v) + holding(ns, ns.imag(along), v)
        inner = ns.apart(swap(ns, v) @ gv, refusing(ns, differences(ns, w), w), case="eig")
        inner = inner + ns.alike(gw * identity(x), w, case="eig")
        return _like(ns, ns.solve(swap(ns, v), inner @ swap(ns, v)), x)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        w, v = _values_and_vectors(ns, y)
        m = ns.alike(ns.solve(v, tangents[0] @ v), w, case="eig")
        axis = len(y.shape) - 2
        tv = v @ ns.apart(m, differences(ns, w), case="eig")
        tv = tv - v * ns.real(ns.sum(conjugate(ns, v) * tv, axis=(axis,), keepdims=True))
        tv = tv - 1j * v * held(ns, tv, v)
        return ns.concatenate(ns.sum(m * identity(x), axis=(axis,), keepdims=True), tv, axis=axis)


def _complex(x: Any) -> Any:
    return np.result_type(floating(x.dtype), np.complex64)


def _like(ns: Namespace, c: Any, x: Any) -> Any:
    """A cotangent for x: of real matrices the real part."""
    return c if x.dtype.kind == "c" else real_part(ns, c)


def _values_and_vectors(ns: Namespace, y: Any) -> tuple[Any, Any]:
    """w as a row, and v, of what `Eig` gives."""
    w, v = (ns.getitem(y, index=(..., part, slice(None))) for part in (slice(None, 1), slice(1, None)))
    return w, v


class Eigvals(_OfSquare):
    """Eigenvalues, complex: dy = diag(v**-1 dx v), of equal ones the mean.

    Source: as of `Eig`.
    """

    def value(self, x: Any) -> Any:
        return self._found(np.linalg.eigvals, x).astype(_complex(x), copy=False)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name)[:-1], _complex(x))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        w, v = _values_and_vectors(ns, ns.eig(x))
        inner, vt = ns.spread(ns.reshape(g, shape=tuple(w.shape)), w, case="eig"), swap(ns, v)
        return _like(ns, ns.solve(vt, inner @ vt), x)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        w, v = _values_and_vectors(ns, ns.eig(x))
        return ns.reshape(ns.collect(ns.solve(v, tangents[0] @ v), w, case="eig"), shape=tuple(y.shape))


_eig, _eigvals = Eig(), Eigvals()


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Any  # (..., n), complex
    eigenvectors: Any  # (..., n, n), complex, in the columns


def eig(x: Any, /) -> EigResult:
    """Eigenvalues, in no particular order, and eigenvectors of length 1 of any square matrix: x v = v w, always complex.

    Shapes: (..., n, n) -> w (..., n), v (..., n, n). Of symmetric or Hermitian matrices take `eigh`.
    The phase of a vector: its first element that is at least 0.9 times as large as its largest is positive.
    Raises: ShapeError unless the matrices are square; LinAlgError in the gradient if what is differentiated depends on the
    vectors of equal eigenvalues, or tells these apart (`ops.ties` says more), or if there are not n independent vectors.
    Source: Boeddeker et al. 2017, "On the computation of complex-valued gradients", eq. 4.77, for the derivative.

    >>> import autotensor as at
    >>> at.linalg.eig(at.tensor([[0.0, -1.0], [1.0, 0.0]])).eigenvalues
    tensor([0.+1.j, 0.-1.j], dtype=complex64)
    """
    w, v = _values_and_vectors(recorded, _eig(lift(x)))
    return EigResult(w[..., 0, :], v)


def eigvals(x: Any, /) -> Any:
    """Eigenvalues of any square matrix, complex, in no particular order; dw = diag(v**-1 dx v).

    Shapes: (..., n, n) -> (..., n). Equal eigenvalues share their gradient equally.
    Raises: ShapeError unless the matrices are square; LinAlgError in the gradient if there are not n independent eigenvectors.

    >>> import autotensor as at
    >>> x = at.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> at.real(at.linalg.eigvals(x)).sum().backward()
    >>> x.grad
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _eigvals(lift(x))
