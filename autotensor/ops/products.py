"""Products of matrices and of vectors, and sums of products over any axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.examples import aligned
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Spec, broadcast_shapes, single_axis
from autotensor.ops.complex_numbers import conj
from autotensor.ops.conversion import lift
from autotensor.ops.joining import stack
from autotensor.ops.reduction import sum
from autotensor.ops.shaping import moveaxis, permute_dims, reshape


def swap(ns: Namespace, x: Any) -> Any:
    """The last two axes exchanged, in a rule."""
    ndim = len(x.shape)
    return ns.permute(x, axes=(*range(ndim - 2), ndim - 1, ndim - 2))


class Matmul(Multilinear):
    """Matrix product over the last two axes, leading axes broadcast: y = a @ b; da = g @ b.T, db = a.T @ g."""

    analytic = True
    examples = (
        (((2, 3), (3, 4)), {}),
        (((5, 2, 3), (3, 2)), {}),
        (((2, 1, 2, 3), (4, 3, 2)), {}),
        (((0, 3), (3, 2)), {}),
        (((2, 0), (0, 3)), {}),
    )
    transposes = (lambda ns, g, a, b: ns.matmul(g, swap(ns, b)), lambda ns, g, a, b: ns.matmul(swap(ns, a), g))

    def value(self, a: Any, b: Any) -> Any:
        return np.matmul(a, b)

    def shape(self, a: Spec, b: Spec) -> Spec:  # type: ignore[override]
        if a.shape[-1] != b.shape[-2]:
            raise ShapeError(
                f"{a.shape} @ {b.shape} does not fit: the left has {a.shape[-1]} columns, the right {b.shape[-2]} rows."
            )
        lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return Spec((*lead, a.shape[-2], b.shape[-1]), np.result_type(a.dtype, b.dtype))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        a, b = operands
        if a.shape[-1] == 1:  # outer products: a call of BLAS would cost more than they do
            return ns.multiply(*aligned(ns, operands, batched))
        if all(batched):
            return ns.matmul(*aligned(ns, operands, batched))
        if batched[0] and len(b.shape) == 2:  # the rows of all examples in one product
            return ns.reshape(ns.matmul(_rows(ns, a), b), shape=(*a.shape[:-1], b.shape[-1]))
        if batched[1] and len(a.shape) == 2 and b.shape[-1] == 1:
            columns = ns.linear(_rows(ns, ns.reshape(b, shape=tuple(b.shape[:-1]))), a)
            return ns.reshape(columns, shape=(*b.shape[:-2], a.shape[0], 1))
        return ns.matmul(*aligned(ns, operands, batched))


class Linear(Multilinear):
    """Product with a transposed weight: y = x @ W.T, for x (..., n_in) and W (n_out, n_in); dx = g @ W, dW = g.T @ x."""

    analytic = True
    examples = ((((2, 3), (4, 3)), {}), (((3,), (4, 3)), {}), (((2, 2, 3), (1, 3)), {}), (((0, 3), (2, 3)), {}))
    transposes = (
        lambda ns, g, x, w: ns.matmul(g, w) if len(x.shape) > 1 else ns.linear(g, swap(ns, w)),
        lambda ns, g, x, w: (
            ns.matmul(swap(ns, _rows(ns, g)), _rows(ns, x))
            if len(x.shape) > 1
            else ns.reshape(g, shape=(g.shape[0], 1)) * x  # the outer product of two vectors
        ),
    )

    def value(self, x: Any, w: Any) -> Any:
        return np.matmul(x, w.T)

    def shape(self, x: Spec, w: Spec) -> Spec:  # type: ignore[override]
        if not x.shape or x.shape[-1] != w.shape[-1]:
            raise ShapeError(f"inputs of shape (..., {w.shape[-1]}) expected for a weight {w.shape}, got {x.shape}.")
        return Spec((*x.shape[:-1], w.shape[0]), np.result_type(x.dtype, w.dtype))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        x, w = operands
        if not batched[1] and w.shape[1] == 1:
            return ns.multiply(x, ns.reshape(w, shape=(w.shape[0],)))
        if not batched[1]:
            return ns.reshape(ns.linear(_rows(ns, x), w), shape=(*x.shape[:-1], w.shape[0]))
        size, n_out, n_in = w.shape
        lead = tuple(x.shape[1:-1] if batched[0] else x.shape[:-1])
        if batched[0]:
            y = ns.matmul(ns.reshape(x, shape=(size, math.prod(lead), n_in)), swap(ns, w))
        else:  # the weights of all examples in one product
            rows = ns.linear(ns.reshape(x, shape=(math.prod(lead), n_in)), ns.reshape(w, shape=(size * n_out, n_in)))
            y = ns.permute(ns.reshape(rows, shape=(math.prod(lead), size, n_out)), axes=(1, 0, 2))
        return ns.reshape(y, shape=(size, *lead, n_out))


def _rows(ns: Namespace, x: Any) -> Any:
    """All leading axes as one: a matrix of rows."""
    if len(x.shape) == 2:
        return x
    rows = 1
    for n in x.shape[:-1]:
        rows *= n
    return ns.reshape(x, shape=(rows, x.shape[-1]))


_matmul = Matmul()
linear = Linear()


def matmul(a: Any, b: Any, /) -> Any:
    """Matrix product, y = a @ b: over the last two axes, leading axes broadcast; a 1-dimensional operand is a row or a column.

    Raises: ShapeError if the inner sizes differ or an operand is 0-dimensional.

    >>> import autotensor as at
    >>> at.matmul(at.tensor([[1.0, 2.0]]), at.tensor([3.0, 4.0]))
    tensor([11.])
    """
    a, b = lift(a), lift(b)
    if not a.shape or not b.shape:
        raise ShapeError(
            f"matmul needs at least one axis each, got shapes {tuple(a.shape)} and {tuple(b.shape)}; use * for scalars."
        )
    row, column = len(a.shape) == 1, len(b.shape) == 1
    if not row and not column:
        return _matmul(a, b)
    y = _matmul(reshape(a, (1, *a.shape)) if row else a, reshape(b, (*b.shape, 1)) if column else b)
    shape = tuple(y.shape)
    return reshape(y, shape[:-2] + (() if row else shape[-2:-1]) + (() if column else shape[-1:]))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """y = sum_i conj(a_i) b_i along `axis`, the other axes broadcast.

    Raises: ShapeError if the lengths along `axis` differ.

    >>> import autotensor as at
    >>> at.vecdot(at.tensor([[1.0, 2.0], [3.0, 4.0]]), at.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """
    a, b = lift(x1), lift(x2)
    a, b = moveaxis(a, single_axis(axis, len(a.shape)), -1), moveaxis(b, single_axis(axis, len(b.shape)), -1)
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"vecdot needs vectors of one length, got {a.shape[-1]} and {b.shape[-1]} along axis {axis}.")
    products = conj(a) * b
    # small integers stay small, as in a matrix product
    return sum(products, -1, dtype=products.dtype if products.dtype.kind in "iu" else None)


def tensordot(x1: Any, x2: Any, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Any:
    """Sum of products over axes of both: the last `axes` of the first with the first of the second, or the pairs that are named.

    Shapes: the other axes of the first, then those of the second.
    Raises: ShapeError if the lengths differ; ArgumentError if there are not as many axes of one as of the other.

    >>> import autotensor as at
    >>> at.tensordot(at.ones((2, 3)), at.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    a, b = lift(x1), lift(x2)
    left, right = _paired_axes(axes, len(a.shape), len(b.shape))
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ShapeError(
            f"tensordot of shapes {tuple(a.shape)} and {tuple(b.shape)}: axes {left} of the first are not as long "
            f"as axes {right} of the second."
        )
    free_a = [i for i in range(len(a.shape)) if i not in left]
    free_b = [i for i in range(len(b.shape)) if i not in right]
    inner = math.prod(a.shape[i] for i in left)
    shape_a, shape_b = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    rows = reshape(permute_dims(a, free_a + left), (math.prod(shape_a), inner))
    columns = reshape(permute_dims(b, right + free_b), (inner, math.prod(shape_b)))
    return reshape(_matmul(rows, columns), (*shape_a, *shape_b))


def _paired_axes(axes: Any, n_a: int, n_b: int) -> tuple[list[int], list[int]]:
    if isinstance(axes, int):
        if not 0 <= axes <= min(n_a, n_b):
            raise ArgumentError(f"tensordot takes axes from 0 to {min(n_a, n_b)} for {n_a} and {n_b} dimensions, got {axes}.")
        return list(range(n_a - axes, n_a)), list(range(axes))
    named = [[one] if isinstance(one, int) else list(one) for one in axes]
    if len(named) != 2 or len(named[0]) != len(named[1]):
        raise ArgumentError(f"tensordot takes a number, or two lists of as many axes, got axes={axes!r}.")
    return [single_axis(i, n_a) for i in named[0]], [single_axis(i, n_b) for i in named[1]]


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Vector product along `axis`, which has length 3, the others broadcast: orthogonal to both.

    Raises: ShapeError if the axis has another length.

    >>> import autotensor as at
    >>> at.cross(at.tensor([1.0, 0.0, 0.0]), at.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    a, b = lift(x1), lift(x2)
    a, b = moveaxis(a, single_axis(axis, len(a.shape)), -1), moveaxis(b, single_axis(axis, len(b.shape)), -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(f"cross needs vectors of length 3, got {a.shape[-1]} and {b.shape[-1]} along axis {axis}.")
    a1, a2, a3, b1, b2, b3 = (x[..., i] for x in (a, b) for i in range(3))
    return moveaxis(stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1], axis=-1), -1, axis)
