"""What eigenvalues and singular values share: the sign of a vector, and what happens where values coincide.

Where values coincide, the vectors that belong to them are any basis of the space that they span, and one such vector has no
derivative. The rules take 0 for what would be 1/0: vectors of equal values do not turn into one another. So gradients are finite.
They are right for functions of the values that treat equal ones alike (sums, norms, log-determinants), and for functions of the
vectors through the space that equal ones span (a projector). They are not right for v f(w) v.T with f' != 0 at equal values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Array, Shape
from autotensor.ops.matrices import resolution
from autotensor.ops.products import swap

CLEARLY = 0.9  # of the largest element: what is nearer to it counts as equally large


def signs(v: Array) -> Array:
    """-1 or 1 for each column: the sign of its first element that is about as large as its largest.

    >>> signs(np.array([[0.6, 0.5], [-0.6, -2.0]]))
    array([[ 1., -1.]])
    """
    if 0 in v.shape[-2:]:
        return np.ones((*v.shape[:-2], 1, v.shape[-1]), v.dtype)
    size = np.abs(v)
    first = np.argmax(size >= CLEARLY * size.max(axis=-2, keepdims=True), axis=-2, keepdims=True)
    return np.where(np.take_along_axis(v, first, axis=-2) < 0, -1, 1).astype(v.dtype)


def distance(values: Array, v: Array, shape: Shape) -> Array:
    """About how far from a matrix with equal values, or with another sign of a vector; for each element of the matrix."""
    gap = np.min(np.abs(np.diff(values, axis=-1)), axis=-1, initial=1.0)
    ratio = np.abs(v) / np.max(np.abs(v), axis=-2, keepdims=True, initial=1e-300)
    unclear = np.min(np.where(ratio == 1, 1, np.abs(ratio - CLEARLY)), axis=(-2, -1), initial=0.5)
    return np.broadcast_to((gap * unclear)[..., None, None], shape)


def as_row(ns: Namespace, w: Any) -> Any:
    """The values of each matrix as a row, so that they multiply columns."""
    return ns.reshape(w, shape=(*tuple(w.shape[:-1]), 1, w.shape[-1]))


def reciprocal_gaps(ns: Namespace, w: Any, *, squares: bool) -> Any:
    """1/(w_j - w_i), or 1/(w_j**2 - w_i**2); 0 where both are equal within rounding."""
    row = as_row(ns, w)
    column = swap(ns, row)
    gaps = row - column
    if w.shape[-1] == 0:
        return gaps
    largest = ns.max(ns.abs(ns.stop(row)), axis=(len(row.shape) - 1,), keepdims=True)
    equal = ns.less_equal(ns.abs(ns.stop(gaps)), largest * resolution(w))
    return ns.where(equal, 0.0, ns.reciprocal(ns.where(equal, 1.0, gaps * (row + column) if squares else gaps)))
