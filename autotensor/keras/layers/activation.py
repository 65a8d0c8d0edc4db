"""An activation as a layer of its own."""

from __future__ import annotations

from typing import Any

from autotensor.keras import activations
from autotensor.keras.layers.layer import Layer


class Activation(Layer):
    """An activation by name, or any function of a tensor.

    >>> Activation("relu")([[-1.0, 2.0]])
    tensor([[0., 2.]])
    """

    def __init__(self, activation: Any, **common: Any) -> None:
        super().__init__(**common)
        self.activation = activations.get(activation)
        self.built = True

    def call(self, x: Any) -> Any:
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"activation": activations.serialize(self.activation)}


class ReLU(Layer):
    """Rectified linear unit with Keras's options, see `activations.relu`.

    >>> ReLU(max_value=1.0)([[-1.0, 2.0]])
    tensor([[0., 1.]])
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **common: Any
    ) -> None:
        super().__init__(**common)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold
        self.built = True

    def call(self, x: Any) -> Any:
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        own = {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}
        return super().get_config() | own


class Softmax(Layer):
    """Softmax along `axis`.

    >>> Softmax()([[0.0, 0.0]])
    tensor([[0.5, 0.5]])
    """

    def __init__(self, axis: int = -1, **common: Any) -> None:
        super().__init__(**common)
        self.axis = axis
        self.built = True

    def call(self, x: Any) -> Any:
        return activations.softmax(x, self.axis)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}
