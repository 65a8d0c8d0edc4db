"""Optimizers under Keras's names, with Keras's defaults and updates."""

from autotensor.keras.optimizers.adagrad import Adagrad
from autotensor.keras.optimizers.adam import Adam, AdamW
from autotensor.keras.optimizers.adamax import Adamax
from autotensor.keras.optimizers.naming import deserialize, get, serialize
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.keras.optimizers.rmsprop import RMSprop
from autotensor.keras.optimizers.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Adamax", "Optimizer", "RMSprop", "deserialize", "get", "serialize"]
