"""Numbers of features and the like, as constructors take them."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from autotensor.core.errors import ArgumentError


def size(what: str, given: SupportsIndex) -> int:
    """A whole number of at least 1.

    Raises: ArgumentError, which calls it `what`.

    >>> size("Linear: in_features", 3)
    3
    """
    try:
        number = operator.index(given)
    except TypeError:
        number = 0
    if number < 1 or isinstance(given, bool):
        raise ArgumentError(f"{what} is a whole number of at least 1, got {given!r}.")
    return number
