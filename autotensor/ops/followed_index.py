"""x[i] where i is an operand, not a setting: inside `vmap` it differs between examples, while tracing it has no numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from autotensor.core.errors import BatchingError, IndexRangeError
from autotensor.core.namespace import recorded
from autotensor.core.node import followed
from autotensor.core.tensor import Tensor
from autotensor.ops.shaping import broadcast_to, moveaxis, reshape


def moves(part: Any) -> bool:
    """Whether a part of an index is no fixed array: vmap follows it, or it has no numbers as yet and is one place or several."""
    if hasattr(part, "interpret"):
        return part.dtype.kind in "iu"
    return isinstance(part, Tensor) and followed(part.node)


def at_followed(x: Any, parts: Sequence[Any]) -> Any:
    """x[parts], where integer Tensors that vmap follows stand in the place of axes; beside them slices, None and ... may stand.

    Several of them, and ints beside them, must be single numbers.
    Raises: BatchingError for a mask, whose result would differ in shape, or other mixtures; IndexRangeError outside the axis.
    """
    whole, axes = parted(x, parts)
    y = recorded.getitem(x, index=whole)
    for axis, index in reversed(axes):  # one of these after another, the last first
        y = _along(y, index, axis)
    return y


def parted(x: Any, parts: Sequence[Any]) -> tuple[tuple[Any, ...], list[tuple[int, Tensor]]]:
    """The rest of the index, with the followed axes left whole; and the followed indices, with the axes that they then have.

    Raises: BatchingError.
    """
    indices = [part for part in parts if moves(part)]
    for part in indices:
        if part.dtype.kind not in "iu":
            _refuse("a mask selects a different number of elements in each example. Use at.where(mask, x, 0) or weights")
    others = [part for part in parts if not any(part is one for one in indices)]
    if any(isinstance(part, (Tensor, np.ndarray, list)) for part in others):
        _refuse("one index differs between the examples and another is an array. Index in two steps, x[...][...]")
    single = all(part.ndim == 0 for part in indices)
    if not single and (len(indices) > 1 or any(isinstance(part, (int, np.integer)) for part in others)):
        _refuse("several indices, of which one is an array that differs between the examples. Index in two steps, x[...][...]")
    taken = sum(part is not None and part is not ... for part in parts)
    whole: list[Any] = []
    axes: list[tuple[int, Tensor]] = []
    at = 0
    for part in parts:
        if part is ...:
            whole.append(part)
            at += len(x.shape) - taken
        elif any(part is one for one in indices):
            whole.append(slice(None))
            axes.append((at, part))
            at += 1
        else:
            whole.append(part)
            at += not isinstance(part, (int, np.integer))
    return tuple(whole), axes


def _along(x: Any, index: Tensor, axis: int) -> Any:
    """The slices of x at `index` along `axis`; the index's own axes come in its place."""
    n = x.shape[axis]
    numbers = np.zeros(0) if hasattr(index, "interpret") else index.data  # of one example: the others are looked at later
    if numbers.size and not (-n <= numbers.min() and numbers.max() < n):
        raise IndexRangeError(f"indices from {numbers.min()} to {numbers.max()} do not fit axis {axis} of shape {x.shape}.")
    rows = moveaxis(x, axis, -1)
    lead = tuple(rows.shape[:-1])
    labels = broadcast_to(reshape(index, (-1,)), (*lead, math.prod(index.shape)))
    y = reshape(recorded.gather(rows, labels), (*lead, *index.shape))
    added = range(len(lead), len(lead) + index.ndim)
    return moveaxis(y, tuple(added), tuple(range(axis, axis + index.ndim)))


def _refuse(why: str) -> NoReturn:
    raise BatchingError(f"an index inside vmap or a compiled function: {why}.")
