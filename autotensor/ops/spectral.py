"""What eigenvectors and singular vectors share: the sign, or the phase, that makes each of them one definite vector.

A vector v that is determined up to a factor of size 1 is turned so that its pivot, the first element that is at least 0.9 times
as large as its largest, is positive. That is a smooth function of the matrix as long as the pivot stays the same, so a derivative
also exists of what depends on the phase. Where values coincide: `ops.ties`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Array, Shape, Spec
from autotensor.ops.matrices import MatrixFunction, matrix, real_of
from autotensor.ops.ties import smallest_gap

CLEARLY = 0.9  # of the largest element: what is nearer to it counts as equally large


class Pivots(MatrixFunction):
    """The element of each column that is made positive, as 1 among zeros: a constant, not differentiable."""

    differentiable = False
    examples = ((((3, 2),), {}), (((2, 2, 2),), {}), (((0, 2),), {}))

    def value(self, v: Any) -> Any:
        matrix(v.shape, self.name)
        if 0 in v.shape[-2:]:
            return np.zeros(v.shape, real_of(v.dtype))
        size = np.abs(v)
        first = np.argmax(size >= CLEARLY * size.max(axis=-2, keepdims=True), axis=-2, keepdims=True)
        return (np.arange(v.shape[-2])[:, None] == first).astype(real_of(v.dtype))

    def shape(self, v: Spec) -> Spec:  # type: ignore[override]
        return Spec(matrix(v.shape, self.name), real_of(v.dtype))


pivots = Pivots()


def turns(v: Array) -> Array:
    """What each column is multiplied by so that its pivot is positive: -1 or 1, or a complex number of size 1.

    >>> turns(np.array([[0.6, 0.5], [-0.6, -2.0]]))
    array([[ 1., -1.]])
    """
    pivot = np.sum(v * pivots.value(v), axis=-2, keepdims=True)
    if v.dtype.kind != "c":
        return np.where(pivot < 0, -1, 1).astype(v.dtype)
    return np.asarray(np.conjugate(np.where(pivot == 0, 1, np.sign(pivot))), v.dtype)


def held(ns: Namespace, tv: Any, v: Any) -> Any:
    """How far the columns v turn when they move by tv: the angle of each pivot, which the phase is then turned back by."""
    mask, axis = ns.pivots(v), (len(v.shape) - 2,)
    return ns.imag(ns.sum(tv * mask, axis=axis, keepdims=True)) / ns.real(ns.sum(v * mask, axis=axis, keepdims=True))


def holding(ns: Namespace, turning: Any, v: Any) -> Any:
    """The transpose of `held`: what the cotangent of that angle, a row of real numbers, does to the cotangent of v."""
    mask = ns.pivots(v)
    return -1j * turning * mask / ns.real(ns.sum(v * mask, axis=(len(v.shape) - 2,), keepdims=True))


def distance(values: Array, v: Array, shape: Shape) -> Array:
    """About how far from a matrix with equal values, or with another pivot of a vector; for each element of the matrix."""
    size = np.abs(v)
    ratio = size / np.max(size, axis=-2, keepdims=True, initial=1e-300)
    unclear = np.min(np.where(ratio == 1, 1, np.abs(ratio - CLEARLY)), axis=(-2, -1), initial=0.5)
    return np.broadcast_to((smallest_gap(values[..., None, :]) * unclear)[..., None, None], shape)
