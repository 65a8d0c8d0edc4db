"""Convolution and correlation of whole arrays, and linear interpolation."""

from __future__ import annotations

from typing import Any

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import Shape
from autotensor.ops.along import take_along_axis
from autotensor.ops.arithmetic import remainder
from autotensor.ops.comparison import equal, greater, less, where
from autotensor.ops.complex_numbers import conj
from autotensor.ops.conversion import lift, lift_together
from autotensor.ops.convolution import convolution
from autotensor.ops.joining import concat
from autotensor.ops.limits import clip
from autotensor.ops.shaping import broadcast_to, flip, reshape
from autotensor.ops.sorting import argsort, searchsorted

MODES = ("full", "same", "valid")


def convolve(a: Any, v: Any, /, mode: str = "full") -> Any:
    """Convolution over all axes, as many as both have: y_k = sum_i a_i v_(k-i), with tuples for k and i.

    Shapes: a (n, ...), v (m, ...) -> along each axis n + m - 1 "full", max(n, m) "same", the middle of that, and
    max(n, m) - min(n, m) + 1 "valid", where one of them lies wholly within the other.
    Raises: ShapeError unless both have as many axes, with elements, and for "valid" if neither fits into the other;
    ArgumentError for another mode.

    >>> import autotensor as at
    >>> at.convolve(at.tensor([1.0, 2.0, 3.0]), at.tensor([1.0, 1.0]))
    tensor([1., 3., 5., 3.])
    >>> at.convolve(at.tensor([[1.0, 2.0], [3.0, 4.0]]), at.ones((2, 2)), "same")
    tensor([[ 1.,  3.],
            [ 4., 10.]])
    """
    a, v = lift(a), lift(v)
    if len(a.shape) != len(v.shape) or not a.shape or 0 in {*a.shape, *v.shape}:
        raise ShapeError(
            f"convolve and correlate need as many axes of both, with elements, got {tuple(a.shape)} and {tuple(v.shape)}."
        )
    if mode not in MODES:
        raise ArgumentError(f"convolve and correlate know the modes {', '.join(MODES)}, got {mode!r}.")
    if not _fits(v.shape, a.shape) and _fits(a.shape, v.shape):
        a, v = v, a  # it commutes, and windows of the shorter one are fewer numbers
    elif mode == "valid" and not _fits(v.shape, a.shape):
        raise ShapeError(
            f'mode "valid" needs one of them to be as long as the other along every axis, got shapes {tuple(a.shape)} '
            f"and {tuple(v.shape)}."
        )
    ndim = len(a.shape)
    y = convolution(
        reshape(a, (1, 1, *a.shape)),
        reshape(flip(v), (1, 1, *v.shape)),
        stride=(1,) * ndim,
        padding=tuple(_padding(n, m, mode) for n, m in zip(a.shape, v.shape, strict=True)),
        dilation=(1,) * ndim,
        groups=1,
    )
    return reshape(y, tuple(y.shape[2:]))


def _fits(inner: Shape, outer: Shape) -> bool:
    """Whether no axis of `inner` is longer than that of `outer`."""
    return all(n <= m for n, m in zip(inner, outer, strict=True))


def _padding(n: int, m: int, mode: str) -> tuple[int, int]:
    """Zeros before and after n elements, over which a window of m slides."""
    if mode == "valid":
        return 0, 0
    if mode == "full":
        return m - 1, m - 1
    before = m - 1 - (min(n, m) - 1) // 2
    return before, max(n, m) + m - 1 - n - before


def correlate(a: Any, v: Any, /, mode: str = "valid") -> Any:
    """Correlation over all axes: y_k = sum_i a_(k+i) conj(v_i), with tuples for k and i.

    Shapes: as `convolve`.
    Raises: as `convolve`.

    >>> import autotensor as at
    >>> at.correlate(at.tensor([1.0, 2.0, 3.0]), at.tensor([0.0, 1.0]))
    tensor([2., 3.])
    """
    a, v = lift(a), lift(v)
    if len(a.shape) == len(v.shape) and not _fits(v.shape, a.shape) and _fits(a.shape, v.shape):
        return conj(flip(correlate(v, a, mode)))
    return convolve(a, flip(conj(v)), mode)


def interp(x: Any, xp: Any, fp: Any, /, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """The piecewise linear curve through the points (xp, fp), read at x; differentiable in all three.

    Shapes: x any; xp (n,) increasing, fp (n,) -> the shape of x.
    Beyond the ends it has the values `left` and `right`, which are those of the ends unless given; with `period` it has none.
    Raises: ShapeError unless xp and fp have one axis, of the same length.

    >>> import autotensor as at
    >>> at.interp(at.tensor([0.5, 9.0]), at.tensor([0.0, 1.0]), at.tensor([10.0, 20.0]))
    tensor([15., 20.])
    """
    x, xp, fp = lift_together(x, xp, fp)
    if len(xp.shape) != 1 or tuple(xp.shape) != tuple(fp.shape) or not xp.shape[0]:
        raise ShapeError(f"interp needs points of one axis, as many xp as fp, got {tuple(xp.shape)} and {tuple(fp.shape)}.")
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    row = reshape(x, (-1,))
    first, last = (fp[0] if left is None else left), (fp[-1] if right is None else right)
    y = _between(row, xp, fp) if xp.shape[0] > 1 else broadcast_to(fp, tuple(row.shape))
    return reshape(where(less(row, xp[0]), first, where(greater(row, xp[-1]), last, y)), tuple(x.shape))


def _between(x: Any, xp: Any, fp: Any) -> Any:
    """The line through the two points around each place; at a point, the line to its right."""
    after = clip(searchsorted(xp, x, side="right"), 1, xp.shape[0] - 1)
    x0, y0 = take_along_axis(xp, after - 1), take_along_axis(fp, after - 1)
    x1, y1 = take_along_axis(xp, after), take_along_axis(fp, after)
    width = where(equal(x0, x1), 1.0, x1 - x0)  # a jump at the last point: no line is read there
    return y0 + (y1 - y0) / width * (x - x0)


def _periodic(x: Any, xp: Any, fp: Any, period: float) -> tuple[Any, Any, Any]:
    """Points and places within one period, with a point of the neighbouring period at each end."""
    if period == 0:
        raise ArgumentError("interp needs a period other than 0.")
    period = abs(period)
    x, xp = remainder(x, period), remainder(xp, period)
    order = argsort(xp)
    xp, fp = xp[order], fp[order]
    return x, concat([xp[-1:] - period, xp, xp[:1] + period]), concat([fp[-1:], fp, fp[:1]])
