"""Several tensors as one: joined along an axis they have, or along a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.examples import spread
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Spec, single_axis
from autotensor.ops.conversion import lift
from autotensor.ops.shaping import expand_dims, reshape


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

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.concatenate(*spread(ns, operands, batched), axis=settings["axis"] + 1)


_concatenate = Concatenate()


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
