"""Normalisation: centred, divided by the standard deviation, then scaled and shifted by what is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autotensor import ops
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.core.recording import no_grad
from autotensor.core.tensor import Tensor
from autotensor.nn.functional.checks import here
from autotensor.ops.conversion import lift


class Moments(NamedTuple):
    """Mean and biased variance over axes that are kept as ones, and what is left when the mean is taken away."""

    mean: Any
    variance: Any
    centred: Any


def moments(input: Any, axes: tuple[int, ...]) -> Moments:
    """Mean and biased variance over `axes`, in two passes, so that a large mean does not swallow the variance.

    >>> import autotensor as at
    >>> moments(at.tensor([[1.0, 3.0]]), (1,)).variance
    tensor([[1.]])
    """
    x = lift(input)
    mean = ops.mean(x, axes, keepdims=True)
    centred = x - mean
    return Moments(mean, ops.mean(ns.square(centred), axes, keepdims=True), centred)


def standardised(centred: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    """centred / sqrt(variance + eps) * weight + bias; weight and bias may be None, and broadcast."""
    scale = 1.0 / ns.sqrt(variance + eps)
    # one array the less where the weight has the variance's shape: their product is small
    small = weight is not None and tuple(weight.shape) == tuple(variance.shape)
    y = centred * (scale * weight if small else scale)
    if weight is not None and not small:
        y = y * weight
    return y if bias is None else y + bias


def layer_norm(input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Each example normalised over its last axes: y = (x - mean) / sqrt(var + eps) * weight + bias.

    Shapes: input (..., *normalized_shape), weight and bias normalized_shape -> input's.
    Raises: ShapeError if the input does not end in normalized_shape.
    Source: Ba, Kiros and Hinton 2016, "Layer normalization".

    >>> import autotensor as at
    >>> layer_norm(at.tensor([[1.0, 3.0]]), (2,))
    tensor([[-0.999995,  0.999995]])
    """
    x = lift(input)
    n = len(normalized_shape)
    if n == 0 or tuple(x.shape[-n:]) != tuple(normalized_shape):
        expected = ", ".join(["...", *map(str, normalized_shape)])
        raise ShapeError(here(f"layer_norm expects inputs of shape ({expected}), got {tuple(x.shape)}."))
    _, variance, centred = moments(x, tuple(range(-n, 0)))
    return standardised(centred, variance, weight, bias, eps)


def batch_norm(
    input: Any,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel normalised over the batch while training, by the running statistics otherwise.

    Training also moves them: running = (1 - momentum) running + momentum batch, with the unbiased variance.
    Shapes: input (batch, channels) or (batch, channels, ...), the others (channels,) -> input's.
    Raises: ShapeError if they do not fit, or if training sees one value a channel; ArgumentError without statistics.
    Source: Ioffe and Szegedy 2015, "Batch normalization".

    >>> import autotensor as at
    >>> batch_norm(at.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-0.999995],
            [ 0.999995]])
    """
    x = lift(input)
    if len(x.shape) < 2:
        raise ShapeError(here(f"batch_norm expects inputs of shape (batch, channels, ...), got {tuple(x.shape)}."))
    channels = x.shape[1]
    column = (channels, *(1,) * (len(x.shape) - 2))
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, tensor in named.items():
        if tensor is not None and tuple(tensor.shape) != (channels,):
            problem = f"{name} has shape {tuple(tensor.shape)}, and an input of shape {tuple(x.shape)} has {channels} channels."
            raise ShapeError(here(f"batch_norm: {problem}"))
    w, b = (None if t is None else ops.reshape(t, (1, *column)) for t in (weight, bias))
    if training:
        own = moments(x, (0, *range(2, len(x.shape))))
        count = _values_per_channel(tuple(x.shape))
        move_running(running_mean, own.mean, momentum)
        move_running(running_var, own.variance, momentum, count / (count - 1))
        return standardised(own.centred, own.variance, w, b, eps)
    if running_mean is None or running_var is None:
        raise ArgumentError(here("batch_norm needs running_mean and running_var unless training."))
    return standardised(x - ops.reshape(running_mean, column), ops.reshape(running_var, (1, *column)), w, b, eps)


def _values_per_channel(shape: tuple[int, ...]) -> int:
    count = shape[0]
    for n in shape[2:]:
        count *= n
    if count < 2:
        raise ShapeError(
            here(f"batch_norm cannot train on one value a channel (input of shape {shape}): its variance is unknown. ")
            + "Use a larger batch, or eval() the module."
        )
    return count


def move_running(running: Tensor | None, batch: Any, momentum: float, correction: float = 1.0) -> None:
    """running = (1 - momentum) running + momentum correction batch: a new array in the same Tensor, outside the graph."""
    if running is not None:
        with no_grad():
            fresh = ops.reshape(batch, running.shape) * (momentum * correction)
            ops.astype(running * (1 - momentum) + fresh, running.dtype, copy=False).put_into(running)
