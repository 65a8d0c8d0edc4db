"""Whether predictions are right, as functions of samples: 1 for a hit, 0 for a miss. They work on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.keras.losses.functions import family_for
from autotensor.keras.losses.labels import checked
from autotensor.keras.losses.operands import misfit, same_rank
from autotensor.keras.metrics.metric import plain_array


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where prediction and label are the same number, elementwise.

    Shapes: y_true and y_pred (batch, ...) -> the same; a trailing axis of 1 may be missing in one of them.
    Raises: ShapeError if the shapes differ otherwise.

    >>> accuracy([1, 2], [1.0, 3.0])
    tensor([1., 0.])
    """
    t, p = _pair("accuracy", y_true, y_pred)
    return _hits(t == p)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where the prediction is above `threshold` and the label 1, or not above and the label 0; elementwise.

    Shapes: as `accuracy`.

    >>> binary_accuracy([1, 0, 1], [[0.7], [0.5], [0.5]])
    tensor([[1.],
            [1.],
            [0.]])
    """
    t, p = _pair("binary_accuracy", y_true, y_pred)
    return _hits((p > threshold) == t)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest prediction stands where the largest label does, over the last axis.

    Shapes: y_true and y_pred (batch, ..., classes) -> (batch, ...).
    Raises: ShapeError if the shapes differ.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    tensor([1., 0.])
    """
    t, p = plain_array(y_true), plain_array(y_pred)
    if t.shape != p.shape or not p.ndim:
        raise misfit("categorical_accuracy", t.shape, p.shape)
    return _hits(t.argmax(-1) == p.argmax(-1))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest prediction stands at the label, a class number.

    Shapes: y_true (batch, ...) or (batch, ..., 1), y_pred (batch, ..., classes) -> (batch, ...).
    Raises: ShapeError if they do not fit.

    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    tensor([1., 0.])
    """
    t, p = _numbers("sparse_categorical_accuracy", y_true, y_pred)
    return _hits(t == p.argmax(-1))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where fewer than `k` predictions are larger than the one at the largest label.

    Shapes: as `categorical_accuracy`.

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], k=2)
    tensor([1., 0.])
    """
    t, p = plain_array(y_true), plain_array(y_pred)
    if t.shape != p.shape or not p.ndim:
        raise misfit("top_k_categorical_accuracy", t.shape, p.shape)
    return _hits(_among_the_largest(t.argmax(-1), p, k))


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1 where fewer than `k` predictions are larger than the one at the label, a class number.

    With `from_sorted_ids`, `y_pred` holds class numbers, best first, and the label must be among the first `k`.
    Shapes: as `sparse_categorical_accuracy`.
    Raises: LabelError for a label that is no class.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], k=2)
    tensor([1., 0.])
    """
    t, p = _numbers("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if from_sorted_ids:
        return _hits((t[..., None] == p[..., :k]).any(-1))
    return _hits(_among_the_largest(checked("sparse_top_k_categorical_accuracy", t, p.shape[-1]), p, k))


def accuracy_by_shape(y_true: Any, y_pred: Any) -> Tensor:
    """The accuracy that fits the shapes: what `compile(metrics=["accuracy"])` means.

    >>> accuracy_by_shape([1], [[0.2, 0.8]])
    tensor([1.])
    """
    t, p = plain_array(y_true), plain_array(y_pred)
    return BY_FAMILY[family_for(t.shape, p.shape)](t, p)


BY_FAMILY = {
    "binary": binary_accuracy,
    "categorical": categorical_accuracy,
    "sparse_categorical": sparse_categorical_accuracy,
}
OWN: frozenset[Any] = frozenset(
    (
        accuracy,
        binary_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        top_k_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        accuracy_by_shape,
    )
)


def _pair(metric: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    t, p = plain_array(y_true), plain_array(y_pred)
    if t.shape != p.shape:
        given = t.shape, p.shape
        t, p = same_rank(t, p)
        if t.shape != p.shape:
            raise misfit(metric, *given)
    return t, p


def _numbers(metric: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    t, p = plain_array(y_true), plain_array(y_pred)
    if t.shape != p.shape[:-1]:
        if not p.ndim or t.shape != (*p.shape[:-1], 1):
            raise misfit(metric, t.shape, p.shape)
        t = t.reshape(p.shape[:-1])
    return t, p


def _among_the_largest(labels: Array, p: Array, k: int) -> Array:
    if k < 1:
        raise ArgumentError(f"k must be at least 1, got {k}.")
    own = np.take_along_axis(p, labels[..., None], axis=-1)
    larger: Array = np.count_nonzero(p > np.where(np.isnan(own), -np.inf, own), axis=-1)  # NaN is never among the best
    return larger < k


def _hits(right: Any) -> Tensor:
    return right.astype(np.float32) if hasattr(right, "interpret") else Tensor(np.asarray(right, np.float32))
