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


def packed(x: Any, y: Any, w: Any) -> Any:
    """What a step is given: (x, y, w) without what is None at the end, and a single array alone, as Keras does.

    >>> packed(1, 2, None), packed(1, None, None), packed([1, 2], None, None)
    ((1, 2), 1, ([1, 2],))
    """
    if w is not None:
        return x, y, w
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


def floats(logs: Any) -> dict[str, float]:
    """The values that a step returned, whatever a step of one's own made them, as floats by name."""
    return {name: float(value) for name, value in logs.items()}


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


def check_shuffle(shuffle: Any) -> None:
    """Raise ArgumentError unless `shuffle` is True, False or "batch"."""
    if not (isinstance(shuffle, (bool, np.bool_)) or shuffle in (0, 1) or shuffle == "batch"):
        raise ArgumentError(f"shuffle is True, False or 'batch', got {shuffle!r}.")


def validation_epochs(frequency: int | Sequence[int], epochs: int) -> set[int]:
    """The epochs, counted from 1, after which to validate.

    Raises: ArgumentError unless `frequency` is an int >= 1 or a list of epochs.

    >>> validation_epochs(2, 5), validation_epochs([1, 5], 5)
    ({2, 4}, {1, 5})
    """
    if isinstance(frequency, (list, tuple, set, range, np.ndarray)):
        return {at_least_one("each epoch in validation_freq", epoch) for epoch in frequency}
    step = at_least_one("validation_freq (or give a list of epochs)", frequency)
    return set(range(step, epochs + 1, step))
