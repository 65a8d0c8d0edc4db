"""Class numbers as rows of zeros and a one."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, DataError, DTypeError
from autotensor.core.spec import Array, DTypeLike
from autotensor.core.tensor import Tensor


def to_categorical(x: Any, num_classes: int | None = None, dtype: DTypeLike | None = None) -> Any:
    """Class numbers as a binary matrix, for `categorical_crossentropy`: y[i, x[i]] = 1.

    Shapes: x (n,) or (n, 1) -> (n, classes); any other (..., k) -> (..., k, classes). The classes are `num_classes`, or one more
    than the greatest number. The result is float64, as in Keras 3; `dtype` is Keras 2's way to ask for another. A Tensor
    gives a Tensor of float32.
    Raises: DataError for a number that is negative, not whole, or not below `num_classes`; DTypeError for what is no number.

    >>> to_categorical([0, 2, 1], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    tensor = isinstance(x, Tensor)
    labels = _whole(x.numpy() if tensor else x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    classes = _number_of_classes(labels, num_classes)
    _check_range(labels, classes)
    rows = np.zeros((labels.size, classes), dtype or ("float32" if tensor else "float64"))
    rows[np.arange(labels.size), labels.reshape(-1)] = 1
    result = rows.reshape(*labels.shape, classes)
    return Tensor(result) if tensor else result


def _whole(x: Any) -> Array:
    try:
        given = np.asarray(x)
        labels = given.astype(np.int64) if given.dtype.kind not in "fc" else np.nan_to_num(given.real).astype(np.int64)
    except (TypeError, ValueError) as reason:
        raise DTypeError(
            f"to_categorical expects class numbers, got {type(x).__name__} that NumPy cannot make integers of ({reason}). "
            f"If the labels are names, number them: names, labels = np.unique(labels, return_inverse=True)."
        ) from None
    if given.dtype.kind in "fcO":
        _complain_of(given != labels, given, "which is not a whole number. Pass class numbers, not probabilities or scores.")
    return labels


def _number_of_classes(labels: Array, num_classes: int | None) -> int:
    if num_classes:
        if num_classes < 0:
            raise ArgumentError(f"to_categorical expects num_classes > 0, got {num_classes}.")
        return int(num_classes)
    if not labels.size:
        raise DataError("to_categorical cannot tell the number of classes from no labels. Pass num_classes.")
    return int(labels.max()) + 1


def _check_range(labels: Array, classes: int) -> None:
    _complain_of(labels < 0, labels, "which is negative. Class numbers begin at 0; drop or relabel what has no class.")
    advice = (
        "Subtract 1: these labels begin at 1."
        if labels.size and labels.min() == 1 and labels.max() == classes
        else "Pass a greater num_classes, or none to have it found."
    )
    _complain_of(labels >= classes, labels, f"outside the {classes} classes 0 to {classes - 1}. {advice}")


def _complain_of(wrong: Array, given: Array, what: str) -> None:
    if not wrong.any():
        return
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    index = ", ".join(map(str, where))
    value = np.asarray(given[where]).item()
    raise DataError(f"to_categorical: the label{f' at [{index}]' if where else ''} is {value!r}, {what}")
