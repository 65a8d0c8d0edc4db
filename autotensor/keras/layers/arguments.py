"""What every layer's constructor is told of inputs and dtypes, in one form."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.core.spec import Spec
from autotensor.keras import config


def known_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype by name; `config.floatx()` for None.

    Raises: DTypeError for a name of none.
    """
    try:
        return np.dtype(dtype or config.floatx())
    except TypeError:
        raise DTypeError(f"dtype is the name of one, such as 'float32' or 'int64', got {dtype!r}.") from None


def given_shape(input_shape: Any, input_dim: Any, batch_input_shape: Any) -> tuple[Any, ...] | None:
    """The shape of a first layer's input, batch first, however it was said; None if it was not.

    >>> given_shape((28, 28), None, None), given_shape(None, 64, None)
    ((None, 28, 28), (None, 64))
    """
    if batch_input_shape is not None:
        return tuple(batch_input_shape)
    if input_dim is not None:
        if not isinstance(input_dim, (int, np.integer)) or input_dim < 1:
            raise ArgumentError(f"input_dim is the number of features, an int >= 1, got {input_dim!r}.")
        return (None, int(input_dim))
    if input_shape is not None:
        return (None, *((input_shape,) if isinstance(input_shape, int) else input_shape))
    return None


def specs(shape: Any, dtype: np.dtype[Any]) -> Any:
    """A shape, or a list of shapes, as Specs of one dtype."""
    if isinstance(shape, (tuple, list)) and (not shape or shape[0] is None or isinstance(shape[0], (int, np.integer))):
        return Spec(tuple(shape), dtype)
    return [specs(each, dtype) for each in shape]
