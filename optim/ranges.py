"""The ranges of settings, and the error that names the value and the range."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from autotensor.core.errors import ArgumentError


class Range(NamedTuple):
    """Numbers from `low` to `high`; the ends belong to it or not."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = True

    def __contains__(self, value: object) -> bool:
        number = float(value)  # type: ignore[arg-type]
        above = self.low < number if self.low_open else self.low <= number
        return above and (number < self.high if self.high_open else number <= self.high)

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"{'>' if self.low_open else '>='} {self.low:g}"
        return f"in {'(' if self.low_open else '['}{self.low:g}, {self.high:g}{')' if self.high_open else ']'}"


NOT_NEGATIVE = Range(0.0, math.inf)
POSITIVE = Range(0.0, math.inf, low_open=True)
UP_TO_ONE = Range(0.0, 1.0)
UNIT = Range(0.0, 1.0, high_open=False)


def check_range(name: str, value: Any, allowed: Range) -> None:
    """Nothing, if the number `value` lies in `allowed`.

    Raises: ArgumentError if it does not, or is no number.

    >>> check_range("lr", 0.1, NOT_NEGATIVE)
    >>> check_range("lr", -0.1, NOT_NEGATIVE)
    Traceback (most recent call last):
    autotensor.core.errors.ArgumentError: lr must be a number >= 0, got -0.1.
    """
    try:
        inside = not isinstance(value, str) and value in allowed
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise ArgumentError(f"{name} must be a number {allowed}, got {value!r}.")
