"""The median and other quantiles: weighted means of two neighbours in order, which share the gradient by their weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError, ShapeError
from autotensor.core.spec import Axis, normalise_axis
from autotensor.ops.comparison import isnan, where
from autotensor.ops.conversion import lift
from autotensor.ops.shaping import permute_dims, reshape
from autotensor.ops.sorting import sort

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile(x: Any, q: Any, /, axis: Axis = None, *, keepdims: bool = False, method: str = "linear") -> Any:
    """The values below which the fractions `q` of the elements lie, between neighbours by `method`; NaN propagates.

    Shapes: that of `q`, then what is left of `x`.
    Range: 0 <= q <= 1.
    Raises: ArgumentError for a q outside, or a method that is not one of linear, lower, higher, midpoint, nearest; ShapeError if
    there are no elements; DTypeError for complex numbers.
    Source: Hyndman and Fan 1996, "Sample quantiles in statistical packages", definition 7.

    >>> import autotensor as at
    >>> at.quantile(at.tensor([1.0, 2.0, 4.0]), 0.75)
    tensor(3.)
    """
    x = lift(x)
    if x.dtype.kind == "c":
        raise DTypeError(
            f"complex numbers lie in no order, got dtype {x.dtype}: take the quantile of x.real, x.imag or at.abs(x)."
        )
    fractions = np.asarray(q, np.float64)
    if not ((fractions >= 0) & (fractions <= 1)).all():
        raise ArgumentError(f"quantile takes fractions from 0 to 1, got {q!r}.")
    if method not in METHODS:
        raise ArgumentError(f"quantile knows the methods {', '.join(METHODS)}, got {method!r}.")
    axes = normalise_axis(axis, len(x.shape))
    rest = tuple(i for i in range(len(x.shape)) if i not in axes)
    n = math.prod(x.shape[i] for i in axes)
    if n == 0:
        raise ShapeError(f"no quantile over axes {axis} of shape {tuple(x.shape)}: there are no elements.")
    kept = tuple(x.shape[i] for i in rest)
    rows = sort(reshape(permute_dims(x, (*axes, *rest)), (n, *kept)), axis=0)
    place = fractions * (n - 1)
    below, above = np.floor(place).astype(np.intp), np.ceil(place).astype(np.intp)
    y = _between(rows, below, above, place - below, method)
    last = rows[-1:] if fractions.ndim else rows[-1]  # NaN is sorted to the end
    if x.dtype.kind == "f":
        y = where(isnan(reshape(last, (*(1,) * fractions.ndim, *kept))), math.nan, y)
    return reshape(y, (*fractions.shape, *(1 if i in axes else m for i, m in enumerate(x.shape)))) if keepdims else y


def _between(rows: Any, below: Any, above: Any, weight: Any, method: str) -> Any:
    """The two neighbours, mixed: weight 0 gives the lower, 1 the upper one."""
    if method == "lower":
        return rows[below]
    if method == "higher":
        return rows[above]
    if method == "nearest":  # halves to even, as NumPy
        return rows[np.rint(below + weight).astype(np.intp)]
    if method == "midpoint":
        weight = np.where(above > below, 0.5, 0.0)
    low, high = rows[below], rows[above]
    dtype = low.dtype if low.dtype.kind == "f" else np.dtype(np.float64)
    weight = weight.reshape((*weight.shape, *(1,) * (len(rows.shape) - 1))).astype(dtype)
    return low * (1 - weight) + where(weight == 0, 0.0, high) * weight  # where: an infinite neighbour times 0 would be nan


def median(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The element in the middle of the order, or the mean of the two there, which share the gradient; NaN propagates.

    Raises: ShapeError if there are no elements.

    >>> import autotensor as at
    >>> x = at.tensor([5.0, 1.0, 2.0, 9.0], requires_grad=True)
    >>> at.median(x).backward()
    >>> x.grad
    tensor([0.5, 0. , 0.5, 0. ])
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)
