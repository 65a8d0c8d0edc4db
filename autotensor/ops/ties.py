"""Equal eigenvalues and equal singular values: which ones they are, and what has no derivative there.

The vectors that belong to equal values are any basis of the space that they span, and which one is found hangs on rounding. So
there is a derivative only of what does not depend on that basis, and of that only what v and w by themselves can tell:

- functions of the values that treat equal ones alike: sums, norms, log-determinants;
- functions of the vectors of other values, such as those of the few largest singular values where many are 0.

What else comes back to equal values, or to their vectors, is refused (`LinAlgError`). That includes functions of the whole matrix
that are put together from its vectors, such as v f(w) v^H, although these have a derivative: how f changes has gone into w alone,
and what comes back to v is 0/0. Only where nothing at all comes back can this not be seen, as of a single element of v w v^H at
w = 0.

`eigvalsh`, `svdvals` and `eigvals` never ask for vectors: there equal values share their cotangents equally, as equal elements do
under `max`, which is right for what treats them alike and a choice for a single one. Their second derivative at equal values is
refused in the same way, for it asks how the vectors turn.

In these primitives values w are rows, (..., 1, n), so that they have as many axes as the matrices beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import LinAlgError, ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.spec import Array, Shape, Spec, broadcast_shapes
from autotensor.ops.matrices import MatrixFunction, floating, inexact, on_diagonal, real_of, resolution
from autotensor.ops.products import swap

WHICH = {  # what coincides, and the function that asks for no vectors
    "eigh": ("eigenvalue {} is equal to another", "eigvalsh"),
    "eig": ("eigenvalue {} is equal to another", "eigvals"),
    "svd": ("singular value {} is 0 or equal to another", "svdvals"),
}


def _refusal(case: str, index: tuple[int, ...], j: int) -> LinAlgError:
    """The error for value j of the matrix at `index` of a stack."""
    coincidence, way_out = WHICH[case]
    where = f" in the matrix at index {index}" if index else ""
    return LinAlgError(
        f"the derivative of {case}: {coincidence.format(j)} within rounding{where}, and what is differentiated depends on the "
        f"vectors that were found for these values, or tells the values apart: it has no derivative this way. Use {way_out} for "
        f"a function of the values alone, one that needs no vectors (inv, matrix_power, expm, sqrtm) for a function of the whole "
        f"matrix, or move the values apart."
    )


class Ties(MatrixFunction):
    """Which values are equal: y_ij = 1/k where w_i and w_j are among the same k that rounding cannot tell apart, else 0.

    A constant, not differentiable; w @ y is the mean over equal values.
    """

    differentiable = False
    examples = ((((1, 3),), {}), (((2, 1, 3),), {}), (((1, 1),), {}), (((0, 1, 2),), {}))

    def value(self, w: Any) -> Any:
        w = inexact(w)
        near = np.abs(w - np.swapaxes(w, -1, -2)) <= np.max(np.abs(w), axis=-1, keepdims=True, initial=0.0) * resolution(w)
        near |= on_diagonal(w)  # also where w is NaN
        if np.count_nonzero(near) > w.size:
            for _ in range(w.shape[-1].bit_length()):  # a chain of neighbours is one tie
                near = near @ near
        return near / near.sum(axis=-1, keepdims=True, dtype=real_of(w.dtype))

    def shape(self, w: Spec) -> Spec:  # type: ignore[override]
        return Spec((*_row(w.shape, self.name)[:-2], w.shape[-1], w.shape[-1]), real_of(w.dtype))


def _row(shape: Shape, name: str) -> Shape:
    if len(shape) < 2 or shape[-2] != 1:
        raise ShapeError(f"{name} takes values as rows (..., 1, n), got shape {shape}.")
    return shape


class Apart(MatrixFunction):
    """Quotient by differences of values: y = x / d, elementwise, but 0/0 = 0; dy/dx = 1/d, dy/dd = -y/d.

    x/0 is an error, unless x is 0 within rounding of the largest element of its matrix: see `ops.ties`.
    """

    analytic = True
    domain = ((-np.inf, np.inf), (0.5, np.inf))
    examples = (
        (((2, 2), (1, 2)), {"case": "eigh"}),
        (((2, 3, 3), (3, 3)), {"case": "eigh"}),
        (((2, 3, 2), (2, 1, 2)), {"case": "eig"}),
        (((0, 2, 2), (2, 2)), {"case": "svd"}),
    )

    def value(self, x: Any, d: Any, *, case: str) -> Any:
        x, d = inexact(x), inexact(d)
        zero = d == 0
        if not zero.any():
            return x / d
        size = np.abs(x)
        bad = zero & (size > np.max(size, axis=(-2, -1), keepdims=True, initial=0.0) * resolution(x))
        if bad.any():
            *index, _, j = (int(k) for k in np.argwhere(bad)[0])
            raise _refusal(case, tuple(index), j)
        return np.where(zero, 0, x / np.where(zero, 1, d))

    def shape(self, x: Spec, d: Spec, *, case: str) -> Spec:  # type: ignore[override]
        return Spec(broadcast_shapes(x.shape, d.shape), floating(x.dtype, d.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, d: Any, *, case: str) -> Any:
        return ns.apart(g if i == 0 else -g * y, d, case=case)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, d: Any, *, case: str) -> Any:
        tx, td = tangents
        return ns.apart(-y * td if tx is None else tx if td is None else tx - y * td, d, case=case)


class Alike(MatrixFunction):
    """The same matrix, y = x, if equal values w meet a multiple of the identity in it; dy/dx = 1, dy/dw = 0.

    It is an error if they do not. Of singular values, w holds the negatives too: see `ops.singular_values`.
    """

    examples = (
        (((3, 3), (1, 3)), {"case": "eigh"}),
        (((2, 2, 2), (2, 1, 2)), {"case": "svd"}),
        (((0, 2, 2), (1, 2)), {"case": "eig"}),
    )

    def value(self, x: Any, w: Any, *, case: str) -> Any:
        equal = ties.value(w)
        if np.count_nonzero(equal) > w.size:
            self._check(inexact(x), equal > 0, case)
        return np.array(np.broadcast_to(x, broadcast_shapes(x.shape, equal.shape)))

    def _check(self, x: Array, equal: Array, case: str) -> None:
        diagonal = np.diagonal(x, axis1=-2, axis2=-1)
        wrong = np.where(on_diagonal(x), 0, np.abs(x)) + np.abs(diagonal[..., None, :] - diagonal[..., :, None])
        bad = equal & (wrong > np.max(np.abs(x), axis=(-2, -1), keepdims=True, initial=0.0) * resolution(x))
        if bad.any():
            *index, i, _ = (int(k) for k in np.argwhere(bad)[0])
            raise _refusal(case, tuple(index), i % (x.shape[-1] // 2) if case == "svd" else i)

    def shape(self, x: Spec, w: Spec, *, case: str) -> Spec:  # type: ignore[override]
        return Spec(broadcast_shapes(x.shape, (*_row(w.shape, self.name)[:-2], 1, w.shape[-1])), x.dtype)

    def kinks(self, x: Any, w: Any, *, case: str) -> Any:  # type: ignore[override]
        return smallest_gap(w)[..., None, None]

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, w: Any, *, case: str) -> Any:
        return g if i == 0 else _nothing(ns, w)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, w: Any, *, case: str) -> Any:
        t = tangents[0]
        return t if t is None or t.shape == y.shape else ns.expand(t, shape=tuple(y.shape))


class Spread(MatrixFunction):
    """The diagonal matrix of a row, in which equal values w share equally: y = diag(x @ ties(w)); dx = (diag g).T, dw = 0.

    A cotangent g that tells equal values apart, or mixes them, is an error: `Alike`.
    """

    examples = (
        (((1, 3), (1, 3)), {"case": "eigh"}),
        (((2, 1, 2), (1, 2)), {"case": "svd"}),
        (((0, 1, 2), (0, 1, 2)), {"case": "eig"}),
    )

    def value(self, x: Any, w: Any, *, case: str) -> Any:
        return np.asarray(x @ ties.value(w)) * np.eye(w.shape[-1], dtype=x.dtype)

    def shape(self, x: Spec, w: Spec, *, case: str) -> Spec:  # type: ignore[override]
        *lead, _, n = broadcast_shapes(_row(x.shape, self.name), _row(w.shape, self.name))
        return Spec((*lead, n, n), np.result_type(x.dtype, real_of(w.dtype)))

    def kinks(self, x: Any, w: Any, *, case: str) -> Any:  # type: ignore[override]
        return smallest_gap(w)[..., None, None]

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, w: Any, *, case: str) -> Any:
        return ns.collect(ns.alike(g, w, case=case), w, case=case) if i == 0 else _nothing(ns, w)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, w: Any, *, case: str) -> Any:
        return None if tangents[0] is None else ns.spread(tangents[0], w, case=case)


class Collect(MatrixFunction):
    """The diagonal of a matrix as a row, of equal values w the mean: y = (diag x).T @ ties(w); dx = diag g, dw = 0.

    Its derivative is an error where x tells equal values apart, or mixes them: `Alike`.
    """

    examples = (
        (((3, 3), (1, 3)), {"case": "eigh"}),
        (((2, 2, 2), (1, 2)), {"case": "svd"}),
        (((0, 2, 2), (0, 1, 2)), {"case": "eig"}),
    )

    def value(self, x: Any, w: Any, *, case: str) -> Any:
        return np.asarray(np.diagonal(x, axis1=-2, axis2=-1)[..., None, :] @ ties.value(w))

    def shape(self, x: Spec, w: Spec, *, case: str) -> Spec:  # type: ignore[override]
        *lead, _, n = broadcast_shapes(x.shape, (*_row(w.shape, self.name)[:-2], 1, w.shape[-1]))
        return Spec((*lead, 1, n), np.result_type(x.dtype, real_of(w.dtype)))

    def kinks(self, x: Any, w: Any, *, case: str) -> Any:  # type: ignore[override]
        return smallest_gap(w)[..., None, None]

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, w: Any, *, case: str) -> Any:
        if i == 1:
            return _nothing(ns, w)
        return ns.spread(g, w, case=case) + 0 * ns.alike(x, w, case=case)  # which adds nothing: it refuses

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, w: Any, *, case: str) -> Any:
        t = tangents[0]
        if t is None:
            return None
        t = ns.collect(t, w, case=case)
        return t if t.shape == y.shape else ns.expand(t, shape=tuple(y.shape))


def _nothing(ns: Namespace, w: Any) -> Any:
    return ns.full(shape=tuple(w.shape), fill=0, dtype=w.dtype)


ties, apart, alike, spread, collect = Ties(), Apart(), Alike(), Spread(), Collect()


def smallest_gap(w: Array) -> Array:
    """How near to one another the nearest two values of each row are; at most 1.

    >>> float(smallest_gap(np.array([[1.0, 5.0, 1.25]])))
    0.25
    """
    gaps = np.abs(w - np.swapaxes(w, -1, -2)) + np.where(on_diagonal(w), np.inf, 0)
    return np.asarray(np.min(gaps, axis=(-2, -1), initial=1.0))


def differences(ns: Namespace, w: Any) -> Any:
    """w_j - w_i; 0 where both are equal within rounding, and infinite for i = j, so that nothing on the diagonal remains."""
    equal = ns.greater(ns.ties(w), 0.0)
    return ns.where(on_diagonal(w), math.inf, ns.where(equal, 0.0, w - swap(ns, w)))


def refusing(ns: Namespace, d: Any, w: Any) -> Any:
    """d, which cotangents are divided by, with 0 in the columns of equal values: nothing may come back to their vectors."""
    alone = ns.equal(ns.max(ns.ties(w), axis=(len(w.shape) - 2,), keepdims=True), 1.0)
    return ns.where(alone, d, ns.where(ns.equal(d, math.inf), d, 0.0))
