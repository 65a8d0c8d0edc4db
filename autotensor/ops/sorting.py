"""Order: sorting, the largest k, and searching in what is sorted. Gradients go back to where the elements came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Primitive
from autotensor.core.spec import Spec, single_axis
from autotensor.ops.along import take_along_axis
from autotensor.ops.conversion import lift, stop_gradient
from autotensor.ops.shaping import moveaxis

ORDERS = (
    (((3, 4),), {"descending": False}),
    (((2, 1, 3),), {"descending": True}),
    (((0,),), {"descending": True}),
)


class Argsort(Primitive):
    """Indices that sort each row, ties in their order, NaN last: integers, not differentiable."""

    rowwise = True
    differentiable = False
    examples = ORDERS

    def value(self, x: Any, *, descending: bool) -> Any:
        if not descending:
            return np.argsort(x, axis=-1, stable=True)
        # sorted from behind and read from behind, so that ties stay in their order
        backwards = np.argsort(x[..., ::-1], axis=-1, stable=True)[..., ::-1]
        return np.ascontiguousarray(x.shape[-1] - 1 - backwards)

    def shape(self, x: Spec, *, descending: bool) -> Spec:  # type: ignore[override]
        return Spec(tuple(x.shape), np.dtype(np.intp))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.argsort(operands[0], **settings)


class Searchsorted(Primitive):
    """Where values belong in a sorted row: the first i with a[i] >= v ("left") or a[i] > v ("right"); not differentiable."""

    differentiable = False
    numpy_names = (np.searchsorted,)
    examples = ((((4,), (2, 3)), {"side": "left"}), (((3,), ()), {"side": "right"}), (((0,), (2,)), {"side": "left"}))

    def value(self, a: Any, v: Any, *, side: Literal["left", "right"] = "left") -> Any:
        return np.asarray(np.searchsorted(a, v, side=side))

    def shape(self, a: Spec, v: Spec, *, side: str = "left") -> Spec:  # type: ignore[override]
        return Spec(tuple(v.shape), np.dtype(np.intp))


class TopK(NamedTuple):
    """What `top_k` gives."""

    values: Any  # (..., k), the best first
    indices: Any  # (..., k), where they are along the axis


_argsort, _searchsorted = Argsort(), Searchsorted()


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Indices that sort along `axis`; ties stay in their order, NaN counts as largest.

    `stable` is accepted for the standard's sake: the order of ties is always kept.

    >>> import autotensor as at
    >>> at.argsort(at.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    x = lift(x)
    place = single_axis(axis, len(x.shape))
    return moveaxis(_argsort(moveaxis(stop_gradient(x), place, -1), descending=bool(descending)), -1, place)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Elements in order along `axis`; each keeps its gradient. NaN counts as largest.

    >>> import autotensor as at
    >>> x = at.tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> at.sort(x)[0].backward()
    >>> x.grad
    tensor([0., 1., 0.])
    """
    x = lift(x)
    return take_along_axis(x, argsort(x, axis=axis, descending=descending, stable=stable), axis=axis)


def top_k(x: Any, k: int, /, *, axis: int = -1, mode: str = "largest") -> TopK:
    """The k largest elements along `axis`, the largest first, and where they are; or the smallest, with mode="smallest".

    Shapes: as `x`, but k along `axis`.
    Raises: ArgumentError unless 0 <= k <= the length of the axis, or for another mode.

    >>> import autotensor as at
    >>> values, indices = at.top_k(at.tensor([3.0, 1.0, 2.0]), 2)
    >>> values, indices
    (tensor([3., 2.]), tensor([0, 2]))
    """
    x = lift(x)
    place = single_axis(axis, len(x.shape))
    if mode not in {"largest", "smallest"}:
        raise ArgumentError(f'top_k takes mode "largest" or "smallest", got {mode!r}.')
    if not 0 <= k <= x.shape[place]:
        raise ArgumentError(f"top_k needs k from 0 to {x.shape[place]}, the length of axis {place}, got k={k}.")
    best = argsort(x, axis=place, descending=mode == "largest")[(*(slice(None),) * place, slice(k))]
    return TopK(take_along_axis(x, best, axis=place), best)


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Where each of `x2` belongs in the sorted `x1`, before ("left") or after ("right") its equals; never recorded.

    Shapes: x1 (n,), x2 any -> the shape of x2.
    Raises: ShapeError unless x1 has one axis; ArgumentError for another side.

    >>> import autotensor as at
    >>> at.searchsorted(at.tensor([1.0, 2.0, 3.0]), at.tensor([2.0, 9.0]))
    tensor([1, 3])
    """
    x1, x2 = lift(x1), lift(x2)
    if len(x1.shape) != 1:
        raise ShapeError(f"searchsorted looks in a tensor of one axis, got shape {tuple(x1.shape)}.")
    if side not in {"left", "right"}:
        raise ArgumentError(f'searchsorted takes side "left" or "right", got {side!r}.')
    return _searchsorted(x1 if sorter is None else x1[sorter], x2, side=side)
