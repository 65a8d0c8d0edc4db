"""Compositions of primitives, stable where the naive form is not; their derivatives follow by themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.spec import Axis, DTypeLike, normalise_axis
from autotensor.ops.activation import softplus
from autotensor.ops.arithmetic import multiply, square
from autotensor.ops.comparison import isfinite, where
from autotensor.ops.complex_numbers import imag, real
from autotensor.ops.conversion import apart, astype, lift, stop_gradient
from autotensor.ops.joining import concat
from autotensor.ops.reduction import max, mean, sum
from autotensor.ops.shaping import permute_dims, reshape
from autotensor.ops.transcendental import exp, log, sqrt


def prod(x: Any, axis: Axis = None, *, dtype: DTypeLike | None = None, keepdims: bool = False) -> Any:
    """Product over axes: y = x_1 x_2 ... x_n, dy/dx_i = the product of the others, exact with zeros among them.

    A tree of multiplications (pairs, then pairs of pairs), so no division is needed in the derivative.

    >>> import autotensor as at
    >>> x = at.tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> at.prod(x).backward()
    >>> x.grad
    tensor([0., 6., 0.])
    """
    x = lift(x)
    if dtype is not None or x.dtype.kind in "biu":
        x = astype(x, dtype or np.prod(np.empty((0,), x.dtype)).dtype, copy=False)
    axes = normalise_axis(axis, len(x.shape))
    rest = tuple(i for i in range(len(x.shape)) if i not in axes)
    kept = tuple(x.shape[i] for i in rest)
    n = math.prod(x.shape[i] for i in axes)
    rows = reshape(permute_dims(x if n > 1 else apart(x), (*axes, *rest)), (n, *kept))
    if n == 0:
        rows = concat([rows, np.ones((1, *kept), x.dtype)])  # the product of nothing is 1
    while (n := rows.shape[0]) > 1:
        pairs = multiply(rows[: n // 2], rows[n // 2 : n // 2 * 2])
        rows = pairs if n % 2 == 0 else concat([pairs, rows[-1:]])
    return reshape(rows, tuple(1 if i in axes else m for i, m in enumerate(x.shape)) if keepdims else kept)


def var(x: Any, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Variance over axes: y = sum_i |x_i - mean|**2 / (n - correction); in two passes, so it does not cancel.

    NaN where there are no more elements than `correction`.

    >>> import autotensor as at
    >>> at.var(at.tensor([1.0, 2.0, 3.0]), correction=1)
    tensor(1.)
    """
    x = lift(x)
    n = math.prod(x.shape[i] for i in normalise_axis(axis, len(x.shape)))
    d = x - mean(x, axis, keepdims=True)
    squares = square(d) if x.dtype.kind != "c" else square(real(d)) + square(imag(d))  # smooth where d = 0, as abs is not
    total = sum(squares, axis, keepdims=keepdims)
    return total / (n - correction) if n > correction else total * math.nan


def std(x: Any, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Standard deviation over axes: the square root of `var`; its gradient is not finite where all elements are equal.

    >>> import autotensor as at
    >>> at.std(at.tensor([1.0, 3.0]))
    tensor(1.)
    """
    return sqrt(var(x, axis, correction=correction, keepdims=keepdims))


def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """ln sum_i e**x_i over axes, without overflow: the largest element is taken out first.

    >>> import autotensor as at
    >>> at.logsumexp(at.tensor([1000.0, 1000.0]))
    tensor(1000.6932)
    """
    x = lift(x)
    top = stop_gradient(max(x, axis, keepdims=True))
    top = where(isfinite(top), top, 0.0)  # -inf everywhere, or +inf somewhere: subtracting it would give nan
    total = log(sum(exp(x - top), axis, keepdims=True)) + top
    return total if keepdims else reshape(total, sum(stop_gradient(x), axis).shape)


def log_sigmoid(x: Any, /) -> Any:
    """y = ln(1 / (1 + e**-x)) = -softplus(-x), elementwise, without overflow.

    >>> import autotensor as at
    >>> at.log_sigmoid(at.tensor([-1000.0, 1000.0]))
    tensor([-1000.,    -0.])
    """
    return -softplus(-lift(x))
