"""Reading elements by index, and the scatter that is its transpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError, IndexRangeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Shape, Spec, single_axis
from autotensor.core.tensor import Tensor
from autotensor.ops.conversion import lift
from autotensor.ops.followed_index import at_followed, moves

BASIC = (int, np.integer, slice, type(None), type(...))


class Getitem(Multilinear):
    """Elements by NumPy's basic and advanced indexing: y = x[index]; the cotangent is added back where they came from."""

    analytic = True
    c_ordered = False
    examples = (
        (((3, 4),), {"index": (slice(None), 1)}),
        (((3, 4),), {"index": (slice(None, None, -1), slice(1, 3))}),
        (((4,),), {"index": (np.array([0, 2, 2]),)}),
        (((2, 3),), {"index": (np.array([[True, False, True], [False, True, False]]),)}),
        (((2, 3),), {"index": (..., None, 0)}),
        (((3, 2),), {"index": (np.array([2, 0]), np.array([1, 1]))}),
        (((),), {"index": ()}),
    )
    transposes = (lambda ns, g, x, index: ns.scatter(g, index=index, shape=tuple(x.shape)),)

    def value(self, x: Any, *, index: tuple[Any, ...]) -> Any:
        try:
            y = x[index]
        except IndexError as reason:
            raise IndexRangeError(f"index {_written(index)} does not fit a tensor of shape {x.shape}: {reason}.") from None
        if y.flags.c_contiguous or y.base is x or (y.base is not None and y.base is x.base):
            return y
        return np.ascontiguousarray(y)  # no view, and in an order of NumPy's own

    def shape(self, x: Spec, *, index: tuple[Any, ...]) -> Spec:  # type: ignore[override]
        # a tensor without memory: the index itself says what it selects
        return Spec(self.value(np.broadcast_to(np.zeros((), np.bool_), x.shape), index=index).shape, x.dtype)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        x, index = operands[0], settings["index"]
        if not _scattered(index):
            return ns.getitem(x, index=(slice(None), *index))
        return _first(ns, ns.getitem(_last(ns, x), index=_whole(index)))


class Scatter(Multilinear):
    """Addition into zeros at an index, repeated places summed: y = 0; y[index] += x. The transpose of `getitem`."""

    analytic = True
    examples = (
        (((3,),), {"index": (slice(None), 1), "shape": (3, 4)}),
        (((3,),), {"index": (np.array([0, 2, 2]),), "shape": (4,)}),
    )
    transposes = (lambda ns, g, x, index, shape: ns.getitem(g, index=index),)

    def value(self, x: Any, *, index: tuple[Any, ...], shape: Shape) -> Any:
        y = np.zeros(shape, x.dtype)
        if all(isinstance(part, BASIC) for part in index):
            y[index] = x  # a basic index never names a place twice
        else:
            np.add.at(y, index, x)
        return y

    def shape(self, x: Spec, *, index: tuple[Any, ...], shape: Shape) -> Spec:  # type: ignore[override]
        return Spec(shape, x.dtype)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        x, index, shape = operands[0], settings["index"], settings["shape"]
        if not _scattered(index):
            return ns.scatter(x, index=(slice(None), *index), shape=(x.shape[0], *shape))
        return _first(ns, ns.scatter(_last(ns, x), index=_whole(index), shape=(*shape, x.shape[0])))


class Pick(Multilinear):
    """One element of each row: y[i] = x[i, label[i]], over the last axis. The cotangent goes back to that element."""

    rowwise = True
    kinds = ("float", "label")
    examples = ((((3, 4), (3,)), {}), (((2, 3, 2), (2, 3)), {}), (((5,), ()), {}))
    transposes = (lambda ns, g, x, label: ns.unpick(g, label, classes=x.shape[-1]), None)

    def value(self, x: Any, label: Any) -> Any:
        try:
            if label.ndim == 1:  # NumPy's general form takes twice as long
                return x[np.arange(len(label)), label]
            return np.take_along_axis(x, label[..., None], axis=-1)[..., 0]
        except IndexError as reason:
            raise IndexRangeError(f"labels do not fit the axis that they pick from, of length {x.shape[-1]}: {reason}.") from None

    def shape(self, x: Spec, label: Spec) -> Spec:  # type: ignore[override]
        return Spec(x.shape[:-1], x.dtype)

    def jvp(self, ns: Any, tangents: Any, y: Any, x: Any, label: Any) -> Any:
        return None if tangents[0] is None else ns.pick(tangents[0], label)


class Unpick(Multilinear):
    """One element of each row set, the rest 0: y[i, label[i]] = x[i]. The transpose of `pick`."""

    rowwise = True
    kinds = ("float", "label")
    examples = ((((3,), (3,)), {"classes": 4}), (((), ()), {"classes": 4}))
    transposes = (lambda ns, g, x, label, classes: ns.pick(g, label), None)

    def value(self, x: Any, label: Any, *, classes: int) -> Any:
        y = np.zeros((*label.shape, classes), x.dtype)
        if label.ndim == 1:
            y[np.arange(len(label)), label] = x
        else:
            np.put_along_axis(y, label[..., None], x[..., None], axis=-1)
        return y

    def shape(self, x: Spec, label: Spec, *, classes: int) -> Spec:  # type: ignore[override]
        return Spec((*label.shape, classes), x.dtype)

    def jvp(self, ns: Any, tangents: Any, y: Any, x: Any, label: Any, *, classes: int) -> Any:
        return None if tangents[0] is None else ns.unpick(tangents[0], label, classes=classes)


_getitem, _scatter, _pick, _unpick = Getitem(), Scatter(), Pick(), Unpick()


def getitem(x: Any, index: Any) -> Any:
    """x[index], with NumPy's basic and advanced indexing; Tensors in the index are read as arrays.

    Raises: IndexRangeError outside an axis; DTypeError for an index that is not ints, booleans, slices, None or Ellipsis.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if any(map(moves, parts)):
        return at_followed(lift(x), parts)
    return _getitem(x, index=tuple(plain_index(part) for part in parts))


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """Slices of `x` at integer `indices` along `axis`, which may repeat; of one axis, `axis` may be omitted.

    Raises: ArgumentError if it is omitted and there is more than one; IndexRangeError outside the axis.

    >>> import autotensor as at
    >>> at.take(at.tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 1], axis=0)
    tensor([[3., 4.],
            [3., 4.]])
    """
    x = lift(x)
    if axis is None and len(x.shape) != 1:
        raise ArgumentError(f"take needs an axis for a tensor of shape {tuple(x.shape)}; reshape(x, (-1,)) flattens it.")
    return x[(*(slice(None),) * single_axis(0 if axis is None else axis, len(x.shape)), indices)]


def plain_index(part: Any) -> Any:
    """One part of an index as NumPy takes it; a Tensor as its array."""
    if isinstance(part, BASIC) and not isinstance(part, bool):
        return part
    array = np.asarray(part.numpy() if isinstance(part, Tensor) else part)
    if array.dtype.kind not in "biu" and array.size:
        raise DTypeError(f"an index is made of ints, booleans, slices, None and ..., got {part!r}.")
    return array if array.size else array.astype(np.intp) if array.dtype.kind == "f" else array


def _scattered(index: tuple[Any, ...]) -> bool:
    """Whether arrays or ints beside arrays stand apart from each other, so that NumPy puts their axes first, before others."""
    arrays = [i for i, part in enumerate(index) if isinstance(part, np.ndarray)]
    if not arrays:
        return False
    places = [i for i, part in enumerate(index) if isinstance(part, (np.ndarray, int, np.integer))]
    return places[-1] - places[0] >= len(places)


def _last(ns: Namespace, x: Any) -> Any:
    """The first axis as the last: there no index reaches it."""
    return ns.permute(x, axes=(*range(1, len(x.shape)), 0))


def _first(ns: Namespace, x: Any) -> Any:
    """The last axis as the first."""
    last = len(x.shape) - 1
    return ns.permute(x, axes=(last, *range(last)))


def _whole(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index with the last axis left whole, also where `...` would take it for one of its own."""
    return (*index, slice(None)) if any(part is ... for part in index) else index


def _written(index: tuple[Any, ...]) -> str:
    return "[" + ", ".join(f"array of shape {p.shape}" if isinstance(p, np.ndarray) else repr(p) for p in index) + "]"
