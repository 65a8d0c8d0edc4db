"""One seed for all random numbers."""

from __future__ import annotations

import operator
import random as python_random

import numpy as np

from autotensor import random
from autotensor.core.errors import ArgumentError, DTypeError


def set_random_seed(seed: int) -> None:
    """Start anew, from `seed`, the random numbers of Python, of NumPy's global generator, and of autotensor.

    Units: `seed` is in 0 to 2**32 - 1, the range of NumPy's global generator.
    Raises: DTypeError if it is no integer; ArgumentError if it is outside that range.

    >>> set_random_seed(7)
    >>> first = random.uniform((2,)).tolist()
    >>> set_random_seed(7)
    >>> random.uniform((2,)).tolist() == first
    True
    """
    try:
        number = operator.index(seed)
    except TypeError:
        raise DTypeError(f"set_random_seed expects an int, got {seed!r}.") from None
    if not 0 <= number < 2**32:
        raise ArgumentError(f"set_random_seed expects an int in 0 to 2**32 - 1, got {seed}.")
    python_random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - user code that draws from the global generator must repeat
    random.seed(number)
