"""Layers that rearrange."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autotensor import ops
from autotensor.keras.layers.layer import Layer


class Flatten(Layer):
    """All axes but the batch as one: (batch, a, b, ...) -> (batch, a b ...).

    >>> import autotensor as at
    >>> Flatten()(at.zeros((2, 28, 28))).shape
    (2, 784)
    """

    def __init__(self, **common: Any) -> None:
        super().__init__(**common)
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))


class Reshape(Layer):
    """Each sample under another shape; one entry may be -1.

    >>> import autotensor as at
    >>> Reshape((4, -1))(at.zeros((2, 12))).shape
    (2, 4, 3)
    """

    def __init__(self, target_shape: Sequence[int], **common: Any) -> None:
        super().__init__(**common)
        self.target_shape = tuple(target_shape)
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.reshape(x, (x.shape[0], *self.target_shape))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"target_shape": self.target_shape}
