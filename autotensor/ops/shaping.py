"""Rearranging, joining and converting without touching the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.broadcasting import sum_to_shape
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear, Primitive
from autotensor.core.spec import (
    Axis,
    DType,
    DTypeLike,
    Shape,
    ShapeLike,
    Spec,
    broadcast_shapes,
    normalise_axis,
    normalise_shape,
    single_axis,
)
from autotensor.core.tensor import Tensor


class Reshape(Multilinear):
    """The same elements in row-major order under another shape: y = x, dy/dx = 1."""

    analytic = True
    c_ordered = False
    examples = (
        (((2, 3),), {"shape": (3, 2)}),
        (((4,),), {"shape": (2, 1, 2)}),
        (((1,),), {"shape": ()}),
        (((0, 3),), {"shape": (3, 0)}),
    )
    transposes = (lambda ns, g, x, shape: ns.reshape(g, shape=tuple(x.shape)),)

    def value(self, x: Any, *, shape: Shape) -> Any:
        return x.reshape(shape)

    def shape(self, x: Spec, *, shape: Shape) -> Spec:  # type: ignore[override]
        if math.prod(shape) != math.prod(x.shape):
            raise ShapeError(f"cannot reshape {x.shape} ({math.prod(x.shape)} elements) to {shape} ({math.prod(shape)}).")
        return Spec(shape, x.dtype)


class Permute(Multilinear):
    """Axes in another order: y[i_axes] = x[i], dy/dx = 1."""

    analytic = True
    c_ordered = False
    examples = ((((2, 3),), {"axes": (1, 0)}), (((2, 3, 4),), {"axes": (2, 0, 1)}), (((),), {"axes": ()}))
    transposes = (lambda ns, g, x, axes: ns.permute(g, axes=tuple(sorted(range(len(axes)), key=axes.__getitem__))),)

    def value(self, x: Any, *, axes: tuple[int, ...]) -> Any:
        return x.transpose(axes)

    def shape(self, x: Spec, *, axes: tuple[int, ...]) -> Spec:  # type: ignore[override]
        return Spec(tuple(x.shape[i] for i in axes), x.dtype)


class Expand(Multilinear):
    """Broadcasting to a shape: y = x repeated along new and unit axes; the cotangent is summed over them."""

    analytic = True
    c_ordered = False
    examples = (
        (((3,),), {"shape": (2, 3)}),
        (((2, 1),), {"shape": (2, 3)}),
        (((),), {"shape": (2,)}),
        (((1,),), {"shape": (0,)}),
    )
    transposes = (lambda ns, g, x, shape: sum_to_shape(ns, g, tuple(x.shape)),)

    def value(self, x: Any, *, shape: Shape) -> Any:
        return np.broadcast_to(x, shape)

    def shape(self, x: Spec, *, shape: Shape) -> Spec:  # type: ignore[override]
        try:
            fits = broadcast_shapes(x.shape, shape) == shape
        except ShapeError:
            fits = False
        if not fits:
            raise ShapeError(f"shape {x.shape} does not broadcast to {shape}.")
        return Spec(shape, x.dtype)


class Concatenate(Multilinear):
    """Joining along an axis: y = [x1, x2, ...], each operand's cotangent is its own slice."""

    analytic = True
    examples = (
        (((2, 3), (2, 1)), {"axis": 1}),
        (((2,), (0,), (3,)), {"axis": 0}),
        (((1, 2),), {"axis": 0}),
    )

    def value(self, *operands: Any, axis: int) -> Any:
        return np.concatenate(operands, axis=axis)

    def shape(self, *operands: Any, axis: int) -> Spec:  # type: ignore[override]
        first = operands[0].shape
        for x in operands:
            if x.shape[:axis] + x.shape[axis + 1 :] != first[:axis] + first[axis + 1 :] or len(x.shape) != len(first):
                raise ShapeError(f"shapes to join along axis {axis} may differ only there, got {[x.shape for x in operands]}.")
        joined = sum(x.shape[axis] for x in operands)
        return Spec((*first[:axis], joined, *first[axis + 1 :]), np.result_type(*(x.dtype for x in operands)))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, *operands: Any, axis: int) -> Any:
        start = sum(x.shape[axis] for x in operands[:i])
        own = slice(start, start + operands[i].shape[axis])
        return ns.getitem(g, index=(*(slice(None),) * axis, own))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, *operands: Any, axis: int) -> Any:
        filled = (
            ns.full(shape=tuple(x.shape), fill=0, dtype=x.dtype) if t is None else t
            for t, x in zip(tangents, operands, strict=True)
        )
        return ns.concatenate(*filled, axis=axis)


class Cast(Multilinear):
    """Conversion to another dtype: y = x; the cotangent is converted back."""

    examples = (
        (((3,),), {"dtype": np.dtype(np.float64)}),
        (((2, 2),), {"dtype": np.dtype(np.float64)}),
        (((),), {"dtype": np.dtype(np.float64)}),
    )
    transposes = (lambda ns, g, x, dtype: ns.cast(g, dtype=x.dtype),)

    def value(self, x: Any, *, dtype: DType) -> Any:
        return np.asarray(x).astype(dtype)

    def shape(self, x: Any, *, dtype: DType) -> Spec:  # type: ignore[override]
        return Spec(x.shape if isinstance(x, Spec) else (), dtype)


class Stop(Primitive):
    """The same value as a constant: y = x, and nothing flows back."""

    differentiable = False
    c_ordered = False
    examples = ((((2, 3),), {}), (((),), {}))

    def value(self, x: Any) -> Any:
        return x

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return x


class Full(Primitive):
    """A constant of a shape and dtype: y = fill, everywhere."""

    differentiable = False
    examples = (((), {"shape": (2, 3), "fill": 1.5, "dtype": np.dtype(np.float64)}),)

    def value(self, *, shape: Shape, fill: Any, dtype: DType) -> Any:
        return np.full(shape, fill, dtype)

    def shape(self, *, shape: Shape, fill: Any, dtype: DType) -> Spec:  # type: ignore[override]
        return Spec(shape, dtype)


_reshape, _permute, _expand, _concatenate = Reshape(), Permute(), Expand(), Concatenate()
_cast, _stop, _full = Cast(), Stop(), Full()


def lift(x: Any) -> Any:
    """`x` itself if it is a Tensor or a symbolic value, else a Tensor of it."""
    return x if isinstance(x, Tensor) or hasattr(x, "interpret") else Tensor(x)


def reshape(x: Any, /, shape: ShapeLike) -> Any:
    """The same elements in row-major order under another shape; one entry may be -1 and is then inferred.

    Raises: ShapeError if the number of elements differs.

    >>> import autotensor as at
    >>> at.reshape(at.tensor([1.0, 2.0, 3.0, 4.0]), (2, -1)).shape
    (2, 2)
    """
    x = lift(x)
    wanted = normalise_shape(shape)
    if wanted.count(-1) == 1:
        known = -math.prod(wanted)
        size = math.prod(x.shape)
        if known == 0 or size % known:
            raise ShapeError(f"cannot reshape {tuple(x.shape)} ({size} elements) to {wanted}: -1 would not be a whole number.")
        wanted = tuple(size // known if n == -1 else n for n in wanted)
    if any(n < 0 for n in wanted):
        raise ArgumentError(f"a shape has no negative entries but for a single -1, got {wanted}.")
    return _reshape(x, shape=wanted)


def permute_dims(x: Any, /, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order, reversed when `axes` is None.

    Raises: ArgumentError unless `axes` names each axis once.

    >>> import autotensor as at
    >>> at.permute_dims(at.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    x = lift(x)
    ndim = len(x.shape)
    order = tuple(reversed(range(ndim))) if axes is None else tuple(single_axis(a, ndim) for a in axes)
    if sorted(order) != list(range(ndim)):
        raise ArgumentError(f"axes must name each of the {ndim} axes once, got {axes}.")
    return _permute(x, axes=order)


def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged.

    Raises: ShapeError if there are fewer than two axes.

    >>> import autotensor as at
    >>> at.matrix_transpose(at.zeros((5, 2, 3))).shape
    (5, 3, 2)
    """
    x = lift(x)
    if len(x.shape) < 2:
        raise ShapeError(f"matrix_transpose needs at least two axes, got shape {tuple(x.shape)}.")
    return swapaxes(x, -1, -2)


def swapaxes(x: Any, axis1: int, axis2: int, /) -> Any:
    """Two axes exchanged.

    >>> import autotensor as at
    >>> at.swapaxes(at.zeros((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    x = lift(x)
    order = list(range(len(x.shape)))
    i, j = single_axis(axis1, len(order)), single_axis(axis2, len(order))
    order[i], order[j] = order[j], order[i]
    return _permute(x, axes=tuple(order))


def moveaxis(x: Any, source: ShapeLike, destination: ShapeLike, /) -> Any:
    """Axes moved to new places, the others in their order.

    >>> import autotensor as at
    >>> at.moveaxis(at.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = lift(x)
    ndim = len(x.shape)
    sources = [single_axis(a, ndim) for a in normalise_shape(source)]
    places = [single_axis(a, ndim) for a in normalise_shape(destination)]
    if len(sources) != len(places):
        raise ArgumentError(f"moveaxis needs as many sources as destinations, got {source} and {destination}.")
    order = [a for a in range(ndim) if a not in sources]
    for place, a in sorted(zip(places, sources, strict=True)):
        order.insert(place, a)
    return permute_dims(x, order)


def broadcast_to(x: Any, /, shape: ShapeLike) -> Any:
    """`x` repeated along new and unit axes, without copying.

    Raises: ShapeError if it does not broadcast to `shape`.

    >>> import autotensor as at
    >>> at.broadcast_to(at.tensor([1.0, 2.0]), (2, 2))
    tensor([[1., 2.],
            [1., 2.]])
    """
    return _expand(lift(x), shape=normalise_shape(shape))


def squeeze(x: Any, /, axis: Axis = None) -> Any:
    """Without axes of length one: those named, or all when `axis` is None.

    Raises: ShapeError if a named axis is longer.

    >>> import autotensor as at
    >>> at.squeeze(at.zeros((1, 3, 1)), axis=0).shape
    (3, 1)
    """
    x = lift(x)
    gone = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else normalise_axis(axis, len(x.shape))
    for i in gone:
        if x.shape[i] != 1:
            raise ShapeError(f"only axes of length one can be squeezed, axis {i} of shape {tuple(x.shape)} is longer.")
    return _reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in gone))


def expand_dims(x: Any, /, axis: int = 0) -> Any:
    """With a new axis of length one at `axis`.

    >>> import autotensor as at
    >>> at.expand_dims(at.zeros((3,)), axis=-1).shape
    (3, 1)
    """
    x = lift(x)
    place = single_axis(axis, len(x.shape) + 1)
    return _reshape(x, shape=(*x.shape[:place], 1, *x.shape[place:]))


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Any:
    """Tensors joined along an existing axis; flattened first when `axis` is None.

    Raises: ShapeError if the shapes differ elsewhere; ArgumentError if there is nothing to join.

    >>> import autotensor as at
    >>> at.concat([at.tensor([1.0]), at.tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    operands = [lift(x) for x in arrays]
    if not operands:
        raise ArgumentError("concat needs at least one tensor, got none.")
    if axis is None:
        operands, axis = [reshape(x, (-1,)) for x in operands], 0
    if not operands[0].shape:
        raise ShapeError("0-dimensional tensors cannot be joined along an axis; use stack, which makes one.")
    return _concatenate(*operands, axis=single_axis(axis, len(operands[0].shape)))


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    """Tensors of one shape joined along a new axis.

    Raises: ShapeError if the shapes differ.

    >>> import autotensor as at
    >>> at.stack([at.tensor([1.0, 2.0]), at.tensor([3.0, 4.0])], axis=1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    operands = [lift(x) for x in arrays]
    if len({tuple(x.shape) for x in operands}) > 1:
        raise ShapeError(f"stack needs tensors of one shape, got {[tuple(x.shape) for x in operands]}.")
    return concat([expand_dims(x, axis) for x in operands], axis=single_axis(axis, len(operands[0].shape) + 1) if operands else 0)


def flip(x: Any, /, *, axis: Axis = None) -> Any:
    """Elements in reverse order along axes, all of them when `axis` is None.

    >>> import autotensor as at
    >>> at.flip(at.tensor([1.0, 2.0, 3.0]))
    tensor([3., 2., 1.])
    """
    x = lift(x)
    axes = normalise_axis(axis, len(x.shape))
    return x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(len(x.shape)))]


def astype(x: Any, dtype: DTypeLike, /) -> Any:
    """Converted to another dtype; only conversions between floating dtypes are differentiable.

    >>> import autotensor as at
    >>> at.astype(at.tensor([1.7]), "int64")
    tensor([1])
    """
    kind = np.dtype(dtype)
    return _cast(lift(x) if kind.kind in "fc" else _stop(lift(x)), dtype=kind)


def stop_gradient(x: Any, /) -> Any:
    """The same value as a constant: nothing flows back.

    >>> import autotensor as at
    >>> at.stop_gradient(at.tensor(2.0, requires_grad=True)).requires_grad
    False
    """
    return _stop(lift(x))
