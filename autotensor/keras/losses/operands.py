"""What a loss is given, made comparable: one dtype, one shape, or an error that names the repair."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import DTypeError, ShapeError
from autotensor.core.recording import current
from autotensor.core.spec import DType, Shape, as_array
from autotensor.core.tensor import Tensor
from autotensor.ops import astype

SINGLE = np.dtype(np.float32)
SPARSE = {  # what takes class numbers where these take one-hot labels
    "binary_crossentropy": "loss='sparse_categorical_crossentropy' with a softmax output",
    "categorical_crossentropy": "loss='sparse_categorical_crossentropy' with a softmax output",
    "categorical_hinge": "loss='sparse_categorical_crossentropy' with a softmax output",
    "kl_divergence": "loss='sparse_categorical_crossentropy' with a softmax output",
    "binary_accuracy": "'sparse_categorical_accuracy'",
    "categorical_accuracy": "'sparse_categorical_accuracy'",
    "top_k_categorical_accuracy": "'sparse_top_k_categorical_accuracy'",
}


def here(message: str) -> str:
    """`message` behind the path of the module that is being called; a loss that is called by its own name is not said twice."""
    path = current.outer.path
    if path and message.startswith((f"{path[-1]} ", f"{path[-1]}:")):
        path = path[:-1]
    return f"{'.'.join(path)}: {message}" if path else message


def predictions(y_pred: Any, dtype: DType | None = None) -> Any:
    """`y_pred` as a Tensor of `dtype`; by default of its own, but at least float32: half precision cannot hold 1 - 1e-7.

    Raises: DTypeError unless it is real.
    """
    p = y_pred if isinstance(y_pred, Tensor) or hasattr(y_pred, "interpret") else Tensor(as_array(y_pred))
    if p.dtype.kind not in "fiub":
        raise DTypeError(here(f"predictions (y_pred) must be real, got dtype {p.dtype}."))
    wanted = dtype or (p.dtype if p.dtype.kind == "f" and p.dtype.itemsize >= 4 else SINGLE)
    return p if p.dtype == wanted else astype(p, wanted)


def targets(y_true: Any, p: Any) -> Any:
    """`y_true` as a Tensor of the dtype of the predictions `p`.

    Raises: DTypeError unless it is numeric.
    """
    if isinstance(y_true, Tensor) or hasattr(y_true, "interpret"):
        return y_true if y_true.dtype == p.dtype else astype(y_true, p.dtype)
    return Tensor(as_array(y_true, p.dtype))


def same_rank(t: Any, p: Any) -> tuple[Any, Any]:
    """Operands whose ranks differ by a trailing axis of 1, with that axis given to both (beside a vector) or to neither.

    >>> import numpy as np
    >>> t, p = same_rank(np.zeros(5), np.zeros((5, 1)))
    >>> t.shape, p.shape
    ((5, 1), (5, 1))
    """
    labels, given = tuple(t.shape), tuple(p.shape)
    if len(labels) + 1 == len(given) and given[-1] == 1:
        return (t.reshape((*labels, 1)), p) if len(labels) == 1 else (t, p.reshape(given[:-1]))
    if len(given) + 1 == len(labels) and labels[-1] == 1:
        return (t, p.reshape((*given, 1))) if len(given) == 1 else (t.reshape(labels[:-1]), p)
    return t, p


def matched(loss: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions as Tensors of one dtype and one shape; never broadcast.

    Raises: ShapeError if the shapes differ by more than a trailing axis of 1.

    >>> t, p = matched("mean_squared_error", [1, 2], [[0.5], [2.5]])
    >>> t.shape, t.dtype
    ((2, 1), dtype('float32'))
    """
    p = predictions(y_pred)
    t = targets(y_true, p)
    if tuple(t.shape) != tuple(p.shape):
        labels = tuple(t.shape)
        t, p = same_rank(t, p)
        if tuple(t.shape) != tuple(p.shape):
            raise misfit(loss, labels, tuple(p.shape))
    if not p.shape:
        raise ShapeError(here(f"{loss} needs an axis to reduce, got two single numbers. Give them a batch: [[y]]."))
    return t, p


def misfit(loss: str, labels: Shape, given: Shape) -> ShapeError:
    """The error for shapes that do not fit: the loss, both shapes and the repair."""
    got = f"{loss} got labels (y_true) of shape {labels} for predictions (y_pred) of shape {given}."
    return ShapeError(here(f"{got} {_repair(loss, labels, given)}"))


def _repair(loss: str, labels: Shape, given: Shape) -> str:
    width = given[-1] if given else 1
    if loss.startswith("sparse_"):
        return _sparse_repair(loss, labels, given)
    if labels[:1] != given[:1]:
        return "The number of samples differs: give one label for each prediction."
    if width > 1 and labels in (given[:-1], (*given[:-1], 1)):
        sparse = SPARSE.get(loss, SPARSE["categorical_crossentropy"])
        repair = f"f the labels are class numbers, use {sparse}, or one-hot labels: keras.utils.to_categorical(y, {width})."
        return f"I{repair}" if loss in SPARSE else f"For one value a sample, give the last layer 1 unit; i{repair}"
    if len(labels) == len(given) and labels[:-1] == given[:-1]:
        count, unit = labels[-1], "unit" if labels[-1] == 1 else "units"
        return f"The labels hold {count} for each prediction of {width}: give the last layer {count} {unit}."
    return f"Bring the labels into the shape {given}, or change what the last layer gives."


def _sparse_repair(loss: str, labels: Shape, given: Shape) -> str:
    if labels == given:
        dense = loss.removeprefix("sparse_")
        return f"Labels that are one-hot need {dense!r}; for this one pass class numbers: y.argmax(axis=-1)."
    if labels[:1] != given[:1]:
        return "The number of samples differs: give one label for each prediction."
    return f"It takes one class number for each prediction: labels of shape {given[:-1]}."
