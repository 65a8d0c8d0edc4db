"""Small questions about the arguments of `fit` and its relatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) from a tuple of one to three of them, or from x alone.

    Raises: ArgumentError for a tuple of any other length.
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ArgumentError(f"data is a tuple (x,), (x, y) or (x, y, sample_weight), got {len(data)} parts.")
    return (*data, *(None,) * (3 - len(data)))


def check_verbose(verbose: Any) -> None:
    """Raise ArgumentError unless `verbose` is 0, 1, 2 or "auto"."""
    if verbose not in (0, 1, 2, "auto"):
        raise ArgumentError(f"verbose is 0, 1, 2 or 'auto', got {verbose!r}.")


def check_counts(**counts: Any) -> None:
    """Raise ArgumentError unless each is an int >= 0."""
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
            raise ArgumentError(f"{name} must be an int >= 0, got {value!r}.")


def at_least_one(name: str, value: Any) -> int:
    """`value`, or ArgumentError unless it is an int >= 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ArgumentError(f"{name} must be an int >= 1, got {value!r}.")
    return int(value)


def validation_epochs(frequency: int | Sequence[int], epochs: int) -> set[int]:
    """The epochs, counted from 1, after which to validate."""
    if isinstance(frequency, int):
        return set(range(at_least_one("validation_freq", frequency), epochs + 1, frequency))
    return set(frequency)
