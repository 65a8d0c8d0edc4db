"""Layers as the dicts that Keras writes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autotensor.core.errors import DTypeError
from autotensor.keras import configs
from autotensor.keras.layers.activation import Activation, ReLU, Softmax
from autotensor.keras.layers.dense import Dense
from autotensor.keras.layers.input_layer import InputLayer
from autotensor.keras.layers.layer import Layer
from autotensor.keras.layers.merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from autotensor.keras.layers.normalisation import BatchNormalization, LayerNormalization
from autotensor.keras.layers.regularisation import Dropout
from autotensor.keras.layers.shaping import Flatten, Reshape

CLASSES: tuple[type[Layer], ...] = (InputLayer, Dense, Activation, ReLU, Softmax, Flatten, Reshape, Dropout)
CLASSES += (BatchNormalization, LayerNormalization, Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate)
TABLE: dict[str, type[Layer]] = {c.__name__: c for c in CLASSES}


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer as the dict that Keras writes, without its weights.

    >>> serialize(Dense(3, name="digits"))["config"]["units"]
    3
    """
    return configs.described(layer, "keras.layers")


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """The layer that `serialize` described; `custom_objects` are classes of the user's own, by name.

    Raises: UnknownNameError for a class that is in neither; DTypeError for what describes no layer.
    """
    layer = configs.rebuilt("layer", config, TABLE, custom_objects)
    if not isinstance(layer, Layer):
        raise DTypeError(f"a layer is described by a dict with 'class_name' and 'config', got {config!r}.")
    return layer
