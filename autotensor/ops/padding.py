"""Larger and shifted: padding, rolling, repeating and tiling."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.core.spec import Axis, ShapeLike, normalise_shape, single_axis
from autotensor.ops.arithmetic import add
from autotensor.ops.conversion import apart, lift
from autotensor.ops.joining import concat
from autotensor.ops.shaping import broadcast_to, reshape

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def pad(x: Any, pad_width: Any, /, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    """Elements added at both ends of each axis: a constant, the edge, or what stands there mirrored or repeated.

    Shapes: `pad_width` is n, (before, after), or one such pair for each axis, as in NumPy; so is `constant_values`.
    Raises: ArgumentError for another mode, or for widths that do not fit the axes or are negative.

    >>> import autotensor as at
    >>> at.pad(at.tensor([1.0, 2.0, 3.0]), (1, 2))
    tensor([0., 1., 2., 3., 0., 0.])
    >>> at.pad(at.tensor([1.0, 2.0, 3.0]), (1, 2), mode="reflect")
    tensor([2., 1., 2., 3., 2., 1.])
    """
    x = lift(x)
    if mode not in MODES:
        raise ArgumentError(f"pad knows the modes {', '.join(MODES)}, got {mode!r}.")
    widths = _pairs("pad_width", pad_width, len(x.shape))
    if widths.dtype.kind not in "iu" or (widths < 0).any():
        raise ArgumentError(f"pad_width is made of ints >= 0, got {pad_width!r}.")
    if mode == "constant":
        return _with_constants(x, widths, constant_values)
    for axis, (before, after) in enumerate(widths.tolist()):
        n = x.shape[axis]
        if before or after:
            if not n:
                raise ShapeError(f'mode "{mode}" has nothing to repeat along axis {axis} of shape {tuple(x.shape)}.')
            # NumPy pads the positions, we take what stands there
            places = np.pad(np.arange(n), (before, after), mode=mode)  # type: ignore[call-overload]
            x = x[(*(slice(None),) * axis, places)]
    return x


def _pairs(name: str, given: Any, ndim: int) -> Any:
    """(before, after) for each axis, from any of NumPy's forms."""
    try:
        return np.broadcast_to(np.asarray(given), (ndim, 2))
    except ValueError:
        raise ArgumentError(f"{name} is n, (before, after) or one pair for each of {ndim} axes, got {given!r}.") from None


def _with_constants(x: Any, widths: Any, constant_values: Any) -> Any:
    shape = tuple(n + int(w.sum()) for n, w in zip(x.shape, widths, strict=True))
    inside = tuple(slice(int(w[0]), int(w[0]) + n) for n, w in zip(x.shape, widths, strict=True))
    padded = ns.scatter(x, index=inside, shape=shape)
    constants = _pairs("constant_values", constant_values, len(shape))
    if not constants.any():
        return padded
    frame = np.pad(np.zeros(tuple(x.shape), x.dtype), widths, constant_values=constants.tolist())
    return add(padded, frame)


def roll(x: Any, /, shift: ShapeLike, *, axis: Axis = None) -> Any:
    """Elements moved on by `shift` along axes, those that leave coming in at the other end; flattened when `axis` is None.

    >>> import autotensor as at
    >>> at.roll(at.tensor([1.0, 2.0, 3.0]), 1)
    tensor([3., 1., 2.])
    """
    x = apart(lift(x))
    shape = tuple(x.shape)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), sum(normalise_shape(shift)), axis=0), shape)
    axes = list(axis) if isinstance(axis, Sequence) else [axis]
    shifts = list(shift) if isinstance(shift, Sequence) else [shift] * len(axes)
    axes = axes * len(shifts) if len(axes) == 1 else axes
    if len(shifts) != len(axes):
        raise ArgumentError(f"roll needs a shift for each axis, got shift={shift!r} and axis={axis!r}.")
    for by, a in zip(shifts, axes, strict=True):
        place = single_axis(a, len(shape))
        lead = (slice(None),) * place
        cut = -operator.index(by) % shape[place] if shape[place] else 0
        if cut:
            x = concat([x[(*lead, slice(cut, None))], x[(*lead, slice(None, cut))]], axis=place)
    return x


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Each element `repeats` times in a row along `axis`; flattened first when `axis` is None.

    Shapes: `repeats` is an int, or one for each element along the axis.
    Raises: ArgumentError if there is another number of them, or one is negative or not an int.

    >>> import autotensor as at
    >>> at.repeat(at.tensor([1.0, 2.0]), [1, 3])
    tensor([1., 2., 2., 2.])
    """
    x = lift(x)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    place = single_axis(axis, len(x.shape))
    counts = np.asarray(repeats)
    n = x.shape[place]
    if counts.dtype.kind not in "iu" or (counts < 0).any() or counts.shape not in {(), (1,), (n,)}:
        raise ArgumentError(f"repeat needs an int >= 0, or one for each of the {n} elements of axis {place}, got {repeats!r}.")
    return x[(*(slice(None),) * place, np.repeat(np.arange(n), counts))]


def tile(x: Any, repetitions: ShapeLike, /) -> Any:
    """The whole tensor repeated along axes; missing axes come first, as in broadcasting.

    Raises: ArgumentError if a number is negative.

    >>> import autotensor as at
    >>> at.tile(at.tensor([1.0, 2.0]), (2, 2))
    tensor([[1., 2., 1., 2.],
            [1., 2., 1., 2.]])
    """
    x = lift(x)
    times = normalise_shape(repetitions)
    if any(r < 0 for r in times):
        raise ArgumentError(f"tile repeats n >= 0 times, got {repetitions!r}.")
    ndim = max(len(times), len(x.shape))
    times = (*(1,) * (ndim - len(times)), *times)
    shape = (*(1,) * (ndim - len(x.shape)), *x.shape)
    if all(r == 1 for r in times):
        return reshape(apart(x), shape)
    spaced = reshape(x, tuple(m for n in shape for m in (1, n)))
    stretched = broadcast_to(spaced, tuple(m for r, n in zip(times, shape, strict=True) for m in (r, n)))
    return reshape(stretched, tuple(r * n for r, n in zip(times, shape, strict=True)))
