"""Small helpers around models: labels, seeds, progress."""

from autotensor.keras.utils.categorical import to_categorical
from autotensor.keras.utils.normalization import normalize
from autotensor.keras.utils.progbar import Progbar
from autotensor.keras.utils.seeding import set_random_seed
from autotensor.keras.utils.session import clear_session

__all__ = ["Progbar", "clear_session", "normalize", "set_random_seed", "to_categorical"]
