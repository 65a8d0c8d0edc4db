"""An `nn.Module` among Keras layers."""

from __future__ import annotations

from typing import Any

from autotensor.keras import names
from autotensor.keras.layers.layer import Layer
from autotensor.nn.module import Module


class ModuleLayer(Layer):
    """Wraps any `nn.Module`, whose parameters and buffers become the layer's weights; `Sequential.add` does it by itself.

    >>> from autotensor import keras, nn
    >>> keras.Sequential([keras.Input((4,)), nn.Linear(4, 2)]).count_params()
    10
    """

    def __init__(self, module: Module, **common: Any) -> None:
        common.setdefault("name", names.unique_name(names.snake_case(type(module).__name__)))
        super().__init__(**common)
        self.module = module
        self.module.train(False)
        self.built = True

    def call(self, x: Any) -> Any:
        return self.module(x)
