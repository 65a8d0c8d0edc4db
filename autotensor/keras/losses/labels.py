"""Class numbers: whole, and each naming a class that the model has."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import DataError
from autotensor.core.spec import Array, Shape, as_array
from autotensor.core.tensor import Tensor
from autotensor.keras.losses.operands import here, misfit
from autotensor.ops import astype, not_equal, reshape, where


class LabelError(DataError):
    """A label that is no class number of the model."""


def class_labels(loss: str, y_true: Any, scores: Shape, *, axis: int = -1, ignore_class: int | None = None) -> tuple[Any, Any]:
    """Labels as integers, of the shape of `scores` without its class axis; and which of them count (None: all).

    Ignored labels become 0. A trailing axis of 1 is dropped.
    Raises: ShapeError if they do not fit the scores; LabelError if one is not whole or names no class.

    >>> labels, counts = class_labels("sparse_categorical_crossentropy", [[1.0], [-1.0]], (2, 3), ignore_class=-1)
    >>> labels, counts
    (tensor([1, 0]), tensor([ True, False]))
    """
    labels = y_true if isinstance(y_true, Tensor) or hasattr(y_true, "interpret") else Tensor(as_array(y_true))
    at = axis % len(scores) if scores else 0
    shape = scores[:at] + scores[at + 1 :]
    given = tuple(labels.shape)
    if given != shape:
        if not scores or given not in ((*shape, 1), (*shape[:at], 1, *shape[at:])):
            raise misfit(loss, given, scores)
        labels = reshape(labels, shape)
    if hasattr(labels, "interpret"):  # while tracing there are no numbers to look at
        counts = None if ignore_class is None else not_equal(labels, ignore_class)
        return astype(labels if counts is None else where(counts, labels, 0), np.intp), counts
    numbers = labels.data
    if ignore_class is None:
        return Tensor(checked(loss, numbers, scores[at])), None
    valid = numbers != ignore_class
    return Tensor(checked(loss, np.where(valid, numbers, 0), scores[at])), Tensor(valid)


def checked(loss: str, numbers: Array, classes: int) -> Array:
    """The labels as integers.

    Raises: LabelError if one is not whole or not in [0, classes).
    """
    if not numbers.size:
        return numbers.astype(np.intp)
    if numbers.dtype.kind == "f" and (broken := (numbers != np.floor(numbers)) | np.isinf(numbers)).any():
        where_, value = _first(numbers, broken)
        raise LabelError(
            here(f"{loss} takes class numbers, got {value} at index {where_}. For labels that are no classes use another loss.")
        )
    if numbers.min() < 0 or numbers.max() >= classes:
        raise LabelError(here(_outside(loss, numbers, classes)))
    return numbers.astype(np.intp, copy=False)


def _outside(loss: str, numbers: Array, classes: int) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    worst = high if high - (classes - 1) >= -low else low
    where_, _ = _first(numbers, numbers == worst)
    message = f"{loss} got label {worst} at index {where_}; the model predicts {classes} "
    message += "class, so every label is 0. " if classes == 1 else f"classes, so labels are 0 to {classes - 1}. "
    if classes == 1:
        return (
            message
            + f"For two classes use loss='binary_crossentropy' with a sigmoid output, or a last layer of {high + 1} units."
        )
    if low == 1 and high == classes:
        return message + "The labels start at 1: subtract 1."
    if low < 0:
        return message + f"To leave out samples without a class, pass ignore_class={low} to the loss."
    return message + f"Give the last layer {high + 1} units, or correct the labels."


def _first(numbers: Array, chosen: Array) -> tuple[int | tuple[int, ...], Any]:
    """The first chosen element: its index (an int in a vector) and value."""
    place = tuple(int(i) for i in np.argwhere(chosen)[0])
    return place[0] if len(place) == 1 else place, numbers[place].item()
