"""Where Keras 2 kept `to_categorical` and `normalize`."""

from autotensor.keras.utils.categorical import to_categorical
from autotensor.keras.utils.normalization import normalize

__all__ = ["normalize", "to_categorical"]
