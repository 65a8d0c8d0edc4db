"""Windows that slide over the last axes of an array: where they fit, their elements without a copy, and which to take at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.spec import Array, DType, Shape

Sides: TypeAlias = tuple[tuple[int, int], ...]  # (before, after) for each axis

AT_ONCE = 2**20  # bytes of windows: they are copied side by side for one matrix product, and should stay in the cache until then


class Sliding(NamedTuple):
    """How windows slide: an entry for each axis."""

    stride: Shape  # from one window to the next
    padding: Sides  # zeros around the array
    dilation: Shape  # from one element of a window to the next


def count_windows(size: Shape, kernel: Shape, sliding: Sliding) -> Shape:
    """How many windows of shape `kernel` there are along each axis of an array of shape `size`.

    Raises: ShapeError unless there is one along each axis.

    >>> count_windows((5, 5), (3, 3), Sliding((1, 2), ((1, 1), (0, 0)), (1, 1)))
    (5, 2)
    """
    found = []
    for axis, (n, k, s, (before, after), d) in enumerate(zip(size, kernel, *sliding, strict=True)):
        reach, padded = d * (k - 1) + 1, before + n + after
        if k < 1 or reach > padded:
            raise ShapeError(
                f"a kernel of shape {kernel} and dilation {sliding.dilation} covers {reach} elements, and axis {axis} of the "
                f"sizes {size} has only {padded} with its padding. Take a smaller kernel or more padding."
            )
        found.append((padded - reach) // s + 1)
    return tuple(found)


def padded_zeros(shape: Shape, padding: Sides, dtype: DType) -> tuple[Array, Array]:
    """Zeros with padding around the last axes, and the view of them inside the padding."""
    lead = len(shape) - len(padding)
    sides = [b + n + a for n, (b, a) in zip(shape[lead:], padding, strict=True)]
    whole = np.zeros((*shape[:lead], *sides), dtype)
    inside: tuple[Any, ...] = (..., *(slice(b, b + n) for n, (b, _) in zip(shape[lead:], padding, strict=True)))
    return whole, whole[inside]


def padded(x: Array, padding: Sides) -> Array:
    """The array with zeros around its last axes, C-ordered; itself if that is what it is."""
    if not any(map(any, padding)):
        return np.ascontiguousarray(x)
    whole, inside = padded_zeros(x.shape, padding, x.dtype)
    inside[...] = x
    return whole


def windows_of(whole: Array, kernel: Shape, count: Shape, sliding: Sliding) -> Array:
    """All windows of a C-ordered, padded array, as a view of it.

    Shapes: whole (*lead, *padded) -> (*lead, *kernel, *count).

    >>> windows_of(np.arange(4), (2,), (3,), Sliding((1,), ((0, 0),), (1,)))
    array([[0, 1, 2],
           [1, 2, 3]])
    """
    lead = whole.ndim - len(kernel)
    along = whole.strides[lead:]
    within = [n * d for n, d in zip(along, sliding.dilation, strict=True)]
    between = [n * s for n, s in zip(along, sliding.stride, strict=True)]
    # by hand what as_strided does, in a tenth of its time
    return np.ndarray((*whole.shape[:lead], *kernel, *count), whole.dtype, whole, 0, (*whole.strides[:lead], *within, *between))


def portions(windows: Array, spatial: int) -> Iterator[tuple[Any, ...]]:
    """Indices that cover the windows in portions of AT_ONCE bytes: by examples, the first axis, or by rows of one example.

    They also fit an array whose first axis and whose `spatial` last ones are the same.
    """
    examples, rows = windows.shape[0], windows.shape[-spatial]
    if not windows.size:
        return
    fit = max(1, AT_ONCE * examples * rows // windows.nbytes)
    if fit >= rows:
        for i in range(0, examples, fit // rows):
            yield (slice(i, i + fit // rows),)
    else:
        for i in range(examples):
            for j in range(0, rows, fit):
                yield slice(i, i + 1), ..., slice(j, j + fit), *(slice(None),) * (spatial - 1)


def flattened(x: Array, ndim: int, spatial: int) -> Array:
    """The first `ndim` axes kept, those up to the last `spatial` ones as one, and these as one; a copy only where it must be."""
    shape = x.shape
    rest = len(shape) - spatial
    return x.reshape(*shape[:ndim], math.prod(shape[ndim:rest]), math.prod(shape[rest:]))


def add_windows(windows: Array, parts: Any, kernel: Shape, lead: int) -> None:
    """Each window's part added to it, the elements that windows share receiving all of theirs."""
    for place in np.ndindex(*kernel):  # those of one place in the kernel are all different elements
        one = (*(slice(None),) * lead, *place)
        windows[one] += parts[one]
