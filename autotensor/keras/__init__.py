"""The facade: a script written for Keras runs with its import changed to `from autotensor import keras`."""

from autotensor.keras import (
    activations,
    callbacks,
    config,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from autotensor.keras.layers import Input, Layer
from autotensor.keras.models import Model, Sequential
from autotensor.keras.symbolic import KerasTensor

__all__ = [
    "Input",
    "KerasTensor",
    "Layer",
    "Model",
    "Sequential",
    "activations",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]
