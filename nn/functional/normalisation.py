"""Normalisation: centred, divided by the standard deviation, then scaled and shifted by what is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autotensor import ops
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.core.recording import no_grad
from autotensor.core.tensor import Tensor
from autotensor.nn.functional.checks import here
from autotensor.ops.conversion import lift
from autotensor.ops.normalising import standardized


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """x * weight + bias; both may be None, and broadcast."""
    y = x if weight is None else x * weight
    return y if bias is None else y + bias


def by_channel(centred: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    """centred / sqrt(variance + eps) * weight + bias, all but the first of one small shape; weight and bias may be None."""
    scale = 1.0 / ns.sqrt(variance + eps)
    return affine(centred, scale if weight is None else scale * weight, bias)  # one product of whole arrays


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
    return affine(standardized(x, tuple(range(-n, 0)), eps), weight, bias)


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
        count = _values_per_channel(tuple(x.shape))
        axes = (0, *range(2, len(x.shape)))
        centred = ns.center(x, axis=axes)
        variance = ops.mean(ns.square(centred), axes, keepdims=True)
        if running_mean is not None:
            move_running(running_mean, ops.mean(x.detach(), axes, keepdims=True), momentum)  # in a plan, center's own
        move_running(running_var, variance, momentum, count / (count - 1))
        return by_channel(centred, variance, w, b, eps)
    if running_mean is None or running_var is None:
        raise ArgumentError(here("batch_norm needs running_mean and running_var unless training."))
    return by_channel(x - ops.reshape(running_mean, column), ops.reshape(running_var, (1, *column)), w, b, eps)


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
