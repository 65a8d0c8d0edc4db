"""The models: `autotensor.keras.models`."""

from autotensor.keras.models.model import Model
from autotensor.keras.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
