"""Layers that do something in training alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autotensor import ops
from autotensor.core.errors import ArgumentError
from autotensor.keras.layers.layer import Layer
from autotensor.random import Generator, default, drawn


class Dropout(Layer):
    """In training, each element is 0 with probability `rate`, else divided by 1 - rate; in inference the input itself.

    `noise_shape` (None where it follows the input): elements along its unit axes fall together. `seed` gives the layer
    a generator of its own.
    Raises: ArgumentError unless 0 <= rate <= 1.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    >>> Dropout(0.5)([[1.0, 2.0]])
    tensor([[1., 2.]])
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **common: Any
    ) -> None:
        super().__init__(**common)
        if not 0 <= rate <= 1:
            raise ArgumentError(f"rate is the share of elements to drop, in [0, 1], got {rate!r}.")
        self.rate = float(rate)
        self.noise_shape = noise_shape
        self.seed = seed
        self.built = True
        self._generator = None if seed is None else Generator(seed)  # None: the one that all share, also in a copy

    def call(self, x: Any) -> Any:
        if not self.training or self.rate == 0:
            return x
        if self.rate == 1:
            return x * 0.0
        noise = self.noise_shape or (None,) * len(x.shape)
        shape = tuple(n if m is None else m for n, m in zip(x.shape, noise, strict=True))
        generator = self._generator or default
        kept = drawn(lambda lead, out: generator.bernoulli(lead + shape, 1 - self.rate, out), generator)
        return x * (ops.astype(kept, x.dtype) * (1 / (1 - self.rate)))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}
