"""Update rules, under PyTorch's names; imported as `autotensor.optim`."""

if __name__ != "autotensor.optim":
    # The folder lies at the top of the repository; under its bare name its classes would exist a second time.
    raise ImportError(f"{__name__!r} is a folder of autotensor, not a package by itself: write `from autotensor import optim`.")

from autotensor.optim.adagrad import Adagrad
from autotensor.optim.adam import Adam, AdamW
from autotensor.optim.adamax import Adamax
from autotensor.optim.optimizer import Optimizer
from autotensor.optim.rmsprop import RMSprop
from autotensor.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Adamax", "Optimizer", "RMSprop"]
