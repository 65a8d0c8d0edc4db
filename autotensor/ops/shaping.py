"""The same elements under another shape, in another order of axes, or repeated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.broadcasting import sum_to_shape
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import Namespace, recorded
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Axis, Shape, ShapeLike, Spec, broadcast_shapes, normalise_axis, normalise_shape, single_axis
from autotensor.core.tensor import Tensor
from autotensor.ops.conversion import lift


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

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        x = operands[0]
        return ns.reshape(x, shape=(x.shape[0], *settings["shape"]))


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

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.permute(operands[0], axes=(0, *(i + 1 for i in settings["axes"])))


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

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        x, shape = operands[0], settings["shape"]
        lead = len(shape) + 1 - len(x.shape)
        aligned = ns.reshape(x, shape=(x.shape[0], *(1,) * lead, *x.shape[1:])) if lead else x
        return ns.expand(aligned, shape=(x.shape[0], *shape))


_reshape, _permute, _expand = Reshape(), Permute(), Expand()


def reshape(x: Any, /, shape: ShapeLike, *, copy: bool | None = None) -> Any:
    """The same elements in row-major order under another shape; one entry may be -1 and is then inferred.

    Memory is shared where that is possible, unless `copy` is True; with `copy=False` it is shared or there is an error.
    Raises: ShapeError if the number of elements differs; ArgumentError if memory cannot be shared and must be.

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
    if copy is False:
        _check_shared(x, wanted)
    return _reshape(recorded.cast(x, dtype=x.dtype) if copy else x, shape=wanted)


def _check_shared(x: Any, shape: Shape) -> None:
    if not isinstance(x, Tensor) or math.prod(shape) != x.size:
        return  # a symbolic value has no memory, and a shape that does not fit has its own error
    try:
        x.data.reshape(shape, copy=False)
    except ValueError:
        raise ArgumentError(
            f"reshape from {x.shape} to {shape} with copy=False: the elements do not lie in memory in that order. "
            f"Leave copy out, to copy them where that is needed."
        ) from None


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


def flip(x: Any, /, *, axis: Axis = None) -> Any:
    """Elements in reverse order along axes, all of them when `axis` is None.

    >>> import autotensor as at
    >>> at.flip(at.tensor([1.0, 2.0, 3.0]))
    tensor([3., 2., 1.])
    """
    x = lift(x)
    axes = normalise_axis(axis, len(x.shape))
    return x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(len(x.shape)))]


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """The tensors, each broadcast to the shape that they have together.

    Raises: ShapeError if they do not broadcast.

    >>> import autotensor as at
    >>> a, b = at.broadcast_arrays(at.zeros((2, 1)), at.zeros((3,)))
    >>> a.shape, b.shape
    ((2, 3), (2, 3))
    """
    given = [lift(x) for x in arrays]
    shape = broadcast_shapes(*(tuple(x.shape) for x in given))
    return tuple(broadcast_to(x, shape) for x in given)
