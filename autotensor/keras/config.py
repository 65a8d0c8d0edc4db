"""Settings of the facade: the floating dtype to which data and weights are cast, and the epsilon of its losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError

_settings: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7}


def floatx() -> str:
    """The dtype of new weights and of data at the door of a model: "float32" unless changed.

    >>> floatx()
    'float32'
    """
    return str(_settings["floatx"])


def set_floatx(dtype: str) -> None:
    """Choose "float16", "float32" or "float64" for models made from here on.

    Raises: ArgumentError for any other dtype.
    """
    if dtype not in ("float16", "float32", "float64"):
        raise ArgumentError(f"floatx is 'float16', 'float32' or 'float64', got {dtype!r}.")
    _settings["floatx"] = dtype


def epsilon() -> float:
    """The small number that keeps losses from dividing by zero: 1e-7 unless changed."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Choose another epsilon, > 0."""
    if not value > 0:
        raise ArgumentError(f"epsilon must be > 0, got {value!r}.")
    _settings["epsilon"] = float(value)


def float_dtype() -> np.dtype[Any]:
    """`floatx()` as a dtype."""
    return np.dtype(floatx())
