"""Convolution and transposed convolution over one, two or three axes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import Shape
from autotensor.nn.functional.checks import here, known
from autotensor.ops.conversion import lift
from autotensor.ops.convolution import convolution, convolution_transpose
from autotensor.ops.padding import pad
from autotensor.ops.shaping import reshape
from autotensor.ops.sliding_windows import Sides

PerAxis: TypeAlias = int | Sequence[int]
Padding: TypeAlias = int | str | Sequence[int | tuple[int, int]]

AXES = {1: "(N, C, L) or (C, L)", 2: "(N, C, H, W) or (C, H, W)", 3: "(N, C, D, H, W) or (C, D, H, W)"}


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Any:
    """Convolution over one axis: y[n, o, p] = bias[o] + sum_ck input[n, c, stride p + dilation k - padding] weight[o, c, k].

    Shapes: input (N, C, L) or (C, L), weight (O, C / groups, K), bias (O,) -> (N, O, L') or (O, L') with
    L' = (L + before + after - dilation (K - 1) - 1) // stride + 1.
    `padding` is zeros on both sides, or ((before, after),), or "valid" for none, or "same" for L' = L, which needs a stride of 1.
    Channels and outputs are cut into `groups`, each with a convolution of its own.
    Raises: ShapeError if they do not fit; ArgumentError for settings out of range.

    >>> import autotensor as at
    >>> conv1d(at.tensor([[1.0, 2.0, 4.0, 8.0]]), at.tensor([[[-1.0, 1.0]]]))
    tensor([[1., 2., 4.]])
    """
    return _convolved("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Any:
    """Convolution over two axes: `conv1d` with (height, width) in the place of the length.

    Shapes: input (N, C, H, W) or (C, H, W), weight (O, C / groups, KH, KW), bias (O,) -> (N, O, H', W') or (O, H', W').
    Settings are one number for both axes or one for each; padding may be ((top, bottom), (left, right)).
    Raises: as `conv1d`.

    >>> import autotensor as at
    >>> conv2d(at.ones((1, 3, 3)), at.ones((1, 1, 2, 2)), padding=((0, 1), (0, 1)))
    tensor([[[4., 4., 2.],
            [4., 4., 2.],
            [2., 2., 1.]]])
    """
    return _convolved("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Any:
    """Convolution over three axes: `conv1d` with (depth, height, width) in the place of the length.

    Shapes: input (N, C, D, H, W) or (C, D, H, W), weight (O, C / groups, KD, KH, KW), bias (O,) -> (N, O, D', H', W') or
    (O, D', H', W').
    Raises: as `conv1d`.

    >>> import autotensor as at
    >>> conv3d(at.ones((1, 2, 2, 2)), at.ones((1, 1, 2, 2, 2)), bias=at.tensor([0.5]))
    tensor([[[[8.5]]]])
    """
    return _convolved("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Any:
    """The transpose of `conv1d` in its input: each element is spread over its window, with the weights of the kernel.

    Shapes: input (N, C, L) or (C, L), weight (C, O / groups, K), bias (O,) -> (N, O, L') or (O, L') with
    L' = (L - 1) stride - before - after + dilation (K - 1) + 1 + output_padding.
    `padding` is what the convolution had, so it makes the result shorter; `output_padding` says which of the lengths it is that
    a convolution with a stride makes equally long, and is less than the stride or the dilation.
    Raises: as `conv1d`.

    >>> import autotensor as at
    >>> conv_transpose1d(at.tensor([[1.0, 2.0]]), at.tensor([[[1.0, 10.0]]]), stride=2)
    tensor([[ 1., 10.,  2., 20.]])
    """
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Any:
    """The transpose of `conv2d` in its input; `conv_transpose1d` with (height, width) in the place of the length.

    Shapes: input (N, C, H, W) or (C, H, W), weight (C, O / groups, KH, KW), bias (O,) -> (N, O, H', W') or (O, H', W').
    Raises: as `conv1d`.

    >>> import autotensor as at
    >>> conv_transpose2d(at.ones((1, 2, 2)), at.ones((1, 1, 2, 2)))
    tensor([[[1., 2., 1.],
            [2., 4., 2.],
            [1., 2., 1.]]])
    """
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Any:
    """The transpose of `conv3d` in its input; `conv_transpose1d` with (depth, height, width) in the place of the length.

    Shapes: input (N, C, D, H, W) or (C, D, H, W), weight (C, O / groups, KD, KH, KW), bias (O,) -> (N, O, D', H', W') or
    (O, D', H', W').
    Raises: as `conv1d`.

    >>> import autotensor as at
    >>> conv_transpose3d(at.ones((1, 1, 1, 1)), at.ones((1, 1, 1, 1, 2)), stride=2, output_padding=(0, 0, 1))
    tensor([[[[1., 1., 0.]]]])
    """
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _convolved(
    name: str, spatial: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Any:
    x, w = _operands(name, spatial, input, weight)
    steps, spread = per_axis(name, "stride", stride, spatial, 1), per_axis(name, "dilation", dilation, spatial, 1)
    sides = _sides(name, padding, spatial)
    if sides is None:
        if set(steps) != {1}:
            raise ArgumentError(
                here(f'{name}: padding="same" needs a stride of 1, got {stride!r}. Write the padding as numbers.')
            )
        total = [d * (k - 1) for d, k in zip(spread, w.shape[2:], strict=True)]
        sides = tuple((n // 2, n - n // 2) for n in total)
    y = convolution(
        _batched(x, spatial), w, stride=steps, padding=sides, dilation=spread, groups=_number(name, "groups", groups, 1)
    )
    return _finished(name, x, y, bias)


def _transposed(
    name: str,
    spatial: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: Any,
    dilation: Any,
) -> Any:
    y, w = _operands(name, spatial, input, weight)
    steps, spread = per_axis(name, "stride", stride, spatial, 1), per_axis(name, "dilation", dilation, spatial, 1)
    more = per_axis(name, "output_padding", output_padding, spatial, 0)
    sides = _sides(name, padding, spatial)
    if sides is None:
        raise ArgumentError(here(f'{name} does not know padding="same": write it as numbers.'))
    if any(m >= max(s, d) for m, s, d in zip(more, steps, spread, strict=True)):
        raise ArgumentError(
            here(f"{name}: output_padding is less than the stride or the dilation, got {more} for {steps} and {spread}.")
        )
    # more at the end is less cut off there; what lies beyond all windows is 0
    kept = tuple((before, max(after - m, 0)) for (before, after), m in zip(sides, more, strict=True))
    beyond = tuple((0, max(m - after, 0)) for (_, after), m in zip(sides, more, strict=True))
    size = tuple(
        (n - 1) * s - before - after + d * (k - 1) + 1
        for n, s, (before, after), d, k in zip(y.shape[-spatial:], steps, kept, spread, w.shape[2:], strict=True)
    )
    if min(size) < 1:
        raise ShapeError(
            here(f"{name}: input {tuple(y.shape)} and weight {tuple(w.shape)} would give the sizes {size}. Take less padding.")
        )
    x = convolution_transpose(
        _batched(y, spatial), w, size=size, stride=steps, padding=kept, dilation=spread, groups=_number(name, "groups", groups, 1)
    )
    if any(map(any, beyond)):
        x = pad(x, ((0, 0), (0, 0), *beyond))
    return _finished(name, y, x, bias)


def _operands(name: str, spatial: int, input: Any, weight: Any) -> tuple[Any, Any]:
    x, w = lift(input), lift(weight)
    if len(x.shape) not in {spatial + 1, spatial + 2}:
        raise ShapeError(here(f"{name} expects an input of shape {AXES[spatial]}, got {tuple(x.shape)}."))
    if len(w.shape) != spatial + 2:
        raise ShapeError(
            here(f"{name} expects a weight of {spatial + 2} axes, the last {spatial} its kernel, got {tuple(w.shape)}.")
        )
    return x, w


def _batched(x: Any, spatial: int) -> Any:
    return x if len(x.shape) == spatial + 2 else reshape(x, (1, *x.shape))


def _finished(name: str, x: Any, y: Any, bias: Any) -> Any:
    """With the bias, and as many axes as the input has."""
    if bias is not None:
        b = lift(bias)
        if tuple(b.shape) != (y.shape[1],):
            raise ShapeError(
                here(f"{name} expects a bias with one entry for each of {y.shape[1]} outputs, got {tuple(b.shape)}.")
            )
        y = y + reshape(b, (-1, *(1,) * (len(y.shape) - 2)))
    return y if len(y.shape) == len(x.shape) else reshape(y, tuple(y.shape[1:]))


def _number(name: str, what: str, given: Any, least: int) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = least - 1
    if number < least:
        raise ArgumentError(here(f"{name}: {what} is made of ints of at least {least}, got {given!r}."))
    return number


def per_axis(name: str, what: str, given: Any, spatial: int, least: int) -> Shape:
    """A setting as a number for each axis.

    Raises: ArgumentError, which calls it `what`, unless it is an int of at least `least` or one for each axis.

    >>> per_axis("conv2d", "stride", 2, 2, 1)
    (2, 2)
    """
    if not isinstance(given, Sequence):
        return (_number(name, what, given, least),) * spatial
    if len(given) not in {1, spatial}:
        raise ArgumentError(here(f"{name}: {what} is one number or {spatial}, got {given!r}."))
    return tuple(_number(name, what, one, least) for one in given) * (spatial // len(given))


def _sides(name: str, padding: Any, spatial: int) -> Sides | None:
    """(before, after) for each axis; None for "same"."""
    if isinstance(padding, str):
        return None if known("padding", padding, ("valid", "same")) == "same" else ((0, 0),) * spatial
    if isinstance(padding, Sequence) and any(isinstance(one, Sequence) for one in padding):
        if len(padding) != spatial or not all(isinstance(one, Sequence) and len(one) == 2 for one in padding):
            raise ArgumentError(here(f"{name}: padding is a number, one an axis, or (before, after) for each, got {padding!r}."))
        return tuple((_number(name, "padding", a, 0), _number(name, "padding", b, 0)) for a, b in padding)
    return tuple((n, n) for n in per_axis(name, "padding", padding, spatial, 0))
