"""Lengths of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import Axis, normalise_axis
from autotensor.ops.arithmetic import abs, pow
from autotensor.ops.comparison import equal, isfinite, not_equal, where
from autotensor.ops.conversion import astype, lift, stop_gradient
from autotensor.ops.matrices import matrix
from autotensor.ops.reduction import any, max, min, sum
from autotensor.ops.shaping import moveaxis, reshape
from autotensor.ops.singular_values import svdvals
from autotensor.ops.solving import inv
from autotensor.ops.transcendental import sqrt

INF = math.inf


def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Any:
    """y = (sum_i |x_i|**ord)**(1/ord) over axes, all of them when `axis` is None; dy/dx_i = sign(x_i) |x_i / y|**(ord - 1).

    `ord` may be any number: inf is the largest and -inf the smallest size, 0 counts what is not 0, and below 1 it is no norm.
    At a kink the gradient is a choice: 0 at the zero vector for every `ord`, and 0 for a zero element.
    Large and small elements neither overflow nor vanish: the largest is taken out first.
    Raises: ArgumentError if an axis is out of range; ShapeError if ±inf has no elements to choose from.

    >>> import autotensor as at
    >>> x = at.tensor([3.0, -4.0], requires_grad=True)
    >>> at.linalg.vector_norm(x).backward()
    >>> x.grad
    tensor([ 0.6, -0.8])
    """
    x = lift(x)
    if x.dtype.kind not in "fc":
        x = astype(x, np.float64)
    size = abs(x)
    if ord in {INF, -INF}:
        return (max if ord > 0 else min)(size, axis, keepdims=keepdims)
    if ord == 0:
        return sum(astype(not_equal(x, 0.0), size.dtype), axis, keepdims=keepdims)
    if ord == 1:
        return sum(size, axis, keepdims=keepdims)
    y = _power_norm(size, normalise_axis(axis, len(x.shape)), ord)
    return y if keepdims else reshape(y, sum(stop_gradient(size), axis).shape)


def _power_norm(size: Any, axis: tuple[int, ...], p: float) -> Any:
    """The norm with its axes kept; `where` keeps 0 away from powers and roots that have no derivative there."""
    if 0 in [size.shape[i] for i in axis]:
        return sum(size, axis, keepdims=True)  # of nothing: 0
    largest = max(stop_gradient(size), axis, keepdims=True)
    scale = where(isfinite(largest), where(equal(largest, 0.0), 1.0, largest), 1.0)
    ratio = size / scale
    zero = equal(stop_gradient(size), 0.0)
    if p == 2:
        total = sum(ratio * ratio, axis, keepdims=True)
    else:
        total = sum(where(zero, 0.0, pow(where(zero, 1.0, ratio), p)), axis, keepdims=True)
    nothing = any(zero, axis, keepdims=True) if p < 0 else equal(stop_gradient(total), 0.0)
    some = where(nothing, 1.0, total)
    return where(nothing, 0.0, scale * (sqrt(some) if p == 2 else pow(some, 1 / p)))


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: float | str | None = "fro") -> Any:
    """A norm of each matrix: 'fro' sqrt(sum x_ij**2), 'nuc' the sum of the singular values, 2 the largest and -2 the smallest of
    them, 1 and -1 the largest and smallest column sum of |x|, inf and -inf row sum.

    Shapes: (..., m, n) -> (...), or (..., 1, 1) with `keepdims`.
    At a kink the gradient is a choice: 0 at the zero matrix for 'fro', and equal shares where singular values or sums tie.
    Raises: ArgumentError for another `ord`; ShapeError below two axes.

    >>> import autotensor as at
    >>> x = at.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> [at.linalg.matrix_norm(x, ord=ord).item() for ord in ("fro", "nuc", 2, -2, 1)]
    [5.0, 7.0, 4.0, 3.0, 4.0]
    """  # noqa: D205 - the norms are one list
    x = lift(x)
    matrix(tuple(x.shape), "matrix_norm")
    if ord in {"fro", None}:
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    reduced = {"nuc": sum, 2: max, -2: min, 1: max, -1: min, INF: max, -INF: min}.get(ord)
    if reduced is None:
        raise ArgumentError(f"matrix_norm: ord is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {ord!r}.")
    if ord in {"nuc", 2, -2}:
        y = reduced(svdvals(x), -1)
    else:
        y = reduced(vector_norm(x, axis=-2 if ord in {1, -1} else -1, ord=1), -1)
    return reshape(y, (*y.shape, 1, 1)) if keepdims else y


def norm(x: Any, /, ord: float | str | None = None, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """NumPy's `norm`: of a vector over one axis, of a matrix over two; of all elements as one vector when both are None.

    Raises: ShapeError if `ord` is given for more than two axes; ArgumentError for an `ord` that is no norm of a matrix.

    >>> import autotensor as at
    >>> at.linalg.norm(at.tensor([[3.0, 4.0], [0.0, 0.0]])), at.linalg.norm(at.tensor([[3.0, 4.0], [6.0, 8.0]]), axis=1)
    (tensor(5.), tensor([ 5., 10.]))
    """
    x = lift(x)
    ndim = len(x.shape)
    if axis is None and ord is None:
        return vector_norm(x, keepdims=keepdims)
    given: Any = tuple(axis) if isinstance(axis, (tuple, list)) else tuple(range(ndim)) if axis is None else (axis,)
    if len(given) == 1:
        if isinstance(ord, str):
            raise ArgumentError(f"norm: ord={ord!r} is a norm of matrices; of a vector it is a number.")
        return vector_norm(x, axis=given, keepdims=keepdims, ord=2 if ord is None else ord)
    if len(given) != 2:
        raise ShapeError(f"norm with ord={ord!r} is that of a vector or a matrix, got axes {given} of shape {tuple(x.shape)}.")
    axes = normalise_axis(given, ndim)
    y = matrix_norm(moveaxis(x, given, (-2, -1)), ord=ord)
    return reshape(y, tuple(1 if i in axes else n for i, n in enumerate(x.shape))) if keepdims else y


def cond(x: Any, /, p: float | str | None = None) -> Any:
    """Condition number, |x| |x**-1| in the norm `p`: how much a solution of x y = b may magnify a relative error of b.

    Shapes: (..., n, n) -> (...); for `p` None or 2, the largest over the smallest singular value, and for -2 also (..., m, n).
    It is inf where the one that divides is 0.
    Raises: LinAlgError if another norm is asked for of a singular matrix; ArgumentError for an unknown one.

    >>> import autotensor as at
    >>> x = at.tensor([[2.0, 0.0], [0.0, 0.5]])
    >>> at.linalg.cond(x), at.linalg.cond(x, "fro")
    (tensor(4.), tensor(4.25))
    """
    x = lift(x)
    if p not in {None, 2, -2}:
        return matrix_norm(x, ord=p) * matrix_norm(inv(x), ord=p)
    matrix(tuple(x.shape), "cond")
    s = svdvals(x)
    above, below = (s[..., -1], s[..., 0]) if p == -2 else (s[..., 0], s[..., -1])
    zero = equal(below, 0.0)
    return where(zero, INF, above / where(zero, 1.0, below))
