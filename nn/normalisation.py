"""Normalisation as modules: over an example's features, or over a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.spec import DEFAULT_FLOAT, DTypeLike
from autotensor.core.tensor import Tensor
from autotensor.nn import init
from autotensor.nn.functional.checks import here
from autotensor.nn.functional.normalisation import batch_norm, layer_norm
from autotensor.nn.module import Module
from autotensor.nn.parameter import Parameter
from autotensor.nn.sizes import size
from autotensor.ops.conversion import lift


class LayerNorm(Module):
    """Each example normalised over its last axes: y = (x - mean) / sqrt(var + eps) * weight + bias.

    Shapes: x (..., *normalized_shape) -> the same; weight and bias normalized_shape.
    Raises: ShapeError if the input does not end in normalized_shape.
    Source: Ba, Kiros and Hinton 2016, "Layer normalization".

    >>> import autotensor as at
    >>> LayerNorm(2)(at.tensor([[1.0, 3.0]])).detach()
    tensor([[-0.999995,  0.999995]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        shape = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
        self.normalized_shape = tuple(size("LayerNorm: normalized_shape", n) for n in shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        ones = np.ones(self.normalized_shape, dtype or DEFAULT_FLOAT)
        self.register_parameter("weight", Parameter(ones) if elementwise_affine else None)
        self.register_parameter("bias", Parameter(0 * ones) if elementwise_affine and bias else None)

    def reset_parameters(self) -> None:
        """Weight 1 and bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Any) -> Any:
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class BatchNorm1d(Module):
    """Each channel normalised over the batch while training, by running statistics after `eval()`.

    Training moves the statistics by `momentum` towards those of the batch (the variance unbiased); a momentum of None
    makes them the plain average of all batches.
    Shapes: x (batch, num_features) or (batch, num_features, length) -> the same.
    Raises: ShapeError for another shape, or a training batch with one value a channel.
    Source: Ioffe and Szegedy 2015, "Batch normalization".

    >>> import autotensor as at
    >>> layer = BatchNorm1d(1)
    >>> layer(at.tensor([[1.0], [3.0]])).detach()
    tensor([[-0.999995],
            [ 0.999995]])
    >>> layer.running_mean, layer.running_var
    (tensor([0.2]), tensor([1.1]))
    """

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.num_features = size("BatchNorm1d: num_features", num_features)
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        ones = np.ones(self.num_features, dtype or DEFAULT_FLOAT)
        self.register_parameter("weight", Parameter(ones) if affine else None)
        self.register_parameter("bias", Parameter(0 * ones) if affine and bias else None)
        self.register_buffer("running_mean", 0 * ones if track_running_stats else None)
        self.register_buffer("running_var", ones if track_running_stats else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if track_running_stats else None)

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches seen."""
        for tensor, value in ((self.running_mean, 0.0), (self.running_var, 1.0), (self.num_batches_tracked, 0)):
            if tensor is not None:
                init.constant_(tensor, value)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and no batches seen."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Any) -> Any:
        x = lift(x)
        if len(x.shape) not in (2, 3) or x.shape[1] != self.num_features:
            n = self.num_features
            raise ShapeError(
                here(f"BatchNorm1d expects inputs of shape (batch, {n}) or (batch, {n}, length), got {tuple(x.shape)}.")
            )
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            (self.num_batches_tracked + 1).put_into(self.num_batches_tracked)
            if self.momentum is None:
                momentum = 1 / self.num_batches_tracked.item()
        statistics = (self.running_mean, self.running_var)
        return batch_norm(
            x,
            *statistics,
            self.weight,
            self.bias,
            training=self.training or self.running_mean is None,
            momentum=momentum,
            eps=self.eps,
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )
