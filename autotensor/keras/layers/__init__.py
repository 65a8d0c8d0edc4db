"""The layers: `autotensor.keras.layers`."""

from autotensor.keras.layers.activation import Activation, ReLU, Softmax
from autotensor.keras.layers.dense import Dense
from autotensor.keras.layers.input_layer import Input, InputLayer
from autotensor.keras.layers.layer import Layer
from autotensor.keras.layers.lookup import deserialize, serialize
from autotensor.keras.layers.merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from autotensor.keras.layers.normalisation import BatchNormalization, LayerNormalization
from autotensor.keras.layers.regularisation import Dropout
from autotensor.keras.layers.shaping import Flatten, Reshape

__all__ = [
    "Activation",
    "Add",
    "Average",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "Maximum",
    "Minimum",
    "Multiply",
    "ReLU",
    "Reshape",
    "Softmax",
    "Subtract",
    "deserialize",
    "serialize",
]
