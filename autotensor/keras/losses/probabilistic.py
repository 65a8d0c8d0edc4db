"""Losses of probabilities: how surprised a prediction is by the label, for each sample.

From logits they are computed in logarithms, exact in both tails; from probabilities as Keras does: clipped to
[epsilon, 1 - epsilon], with a gradient of 0 beyond.
"""

from __future__ import annotations

import warnings
from typing import Any

from autotensor.core.errors import ArgumentError
from autotensor.core.namespace import recorded
from autotensor.keras import config
from autotensor.keras.losses.labels import class_labels
from autotensor.keras.losses.operands import here, matched, predictions
from autotensor.ops import clip, expand_dims, log, log_sigmoid, log_softmax, maximum, mean, minimum, moveaxis, sum, where


def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1) -> Any:
    """Mean over `axis` of -t log(p) - (1 - t) log(1 - p): independent yes-or-no questions.

    Shapes: y_true and y_pred (batch, ..., n) -> (batch, ...); a trailing axis of 1 may be missing in one of them.
    Units: `y_pred` in [0, 1], or any real with `from_logits`; `label_smoothing` s in [0, 1] takes labels to t (1 - s) + s / 2.
    Raises: ShapeError if the shapes differ otherwise; ArgumentError for a smoothing outside [0, 1].

    >>> binary_crossentropy([[0, 1]], [[0.0, 0.0]], from_logits=True)
    tensor([0.6931472])
    """
    t, p = matched("binary_crossentropy", y_true, y_pred)
    t = _smoothed("binary_crossentropy", t, label_smoothing, 2)
    if from_logits:
        return mean(-t * log_sigmoid(p) - (1.0 - t) * log_sigmoid(-p), axis=axis)
    p = _clipped(p)
    return mean(-(t * log(p) + (1.0 - t) * log(1.0 - p)), axis=axis)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(t log(p)) over the classes on `axis`: one class of many, with labels as probabilities (one-hot or soft).

    Shapes: y_true and y_pred (batch, ..., classes) -> (batch, ...).
    Units: `y_pred` >= 0, brought to the sum 1, or any real with `from_logits`; `label_smoothing` s in [0, 1] takes labels
    to t (1 - s) + s / classes.
    Raises: ShapeError if the shapes differ (class numbers need the sparse loss); ArgumentError for a smoothing outside [0, 1].

    >>> categorical_crossentropy([[0, 1]], [[0.5, 0.5]])
    tensor([0.6931472])
    """
    t, p = matched("categorical_crossentropy", y_true, y_pred)
    classes = int(p.shape[axis])
    if classes == 1:
        warnings.warn(
            f"categorical_crossentropy over one class is always 0 (y_pred has shape {tuple(p.shape)}). "
            f"For two classes with one output use binary_crossentropy.",
            stacklevel=2,
        )
    t = _smoothed("categorical_crossentropy", t, label_smoothing, classes)
    scores = log_softmax(p, axis=axis) if from_logits else log(_clipped(p / sum(p, axis=axis, keepdims=True)))
    return -sum(t * scores, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log(p[label]): one class of many, with labels as class numbers.

    Shapes: y_true (batch, ...) or (batch, ..., 1), y_pred (batch, ..., classes) -> (batch, ...).
    Units: labels are whole numbers from 0 to classes - 1; those equal to `ignore_class` give 0 and no gradient.
    Raises: ShapeError if labels do not fit (one-hot labels need `categorical_crossentropy`); LabelError for a label that is
    not whole or not a class.

    >>> sparse_categorical_crossentropy([2], [[0.25, 0.25, 0.5]])
    tensor([0.6931472])
    """
    p = predictions(y_pred)
    labels, counts = class_labels("sparse_categorical_crossentropy", y_true, tuple(p.shape), axis=axis, ignore_class=ignore_class)
    if axis not in (-1, len(p.shape) - 1):
        p = moveaxis(p, axis, -1)
    if counts is not None:
        p = where(expand_dims(counts, axis=-1), p, 1.0)  # before anything can be 0/0: such rows may hold anything
    loss = recorded.surprisal(p, labels) if from_logits else -log(_clipped(recorded.pick(p, labels) / sum(p, axis=-1)))
    return loss if counts is None else where(counts, loss, 0.0)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(t log(t / p)) over the last axis, both clipped to [epsilon, 1].

    Shapes: y_true and y_pred (batch, ..., n) -> (batch, ...).
    Source: Kullback and Leibler 1951, "On information and sufficiency".

    >>> kl_divergence([[0.5, 0.5]], [[0.5, 0.5]])
    tensor([0.])
    """
    t, p = matched("kl_divergence", y_true, y_pred)
    t = clip(t, config.epsilon(), 1.0)
    p = minimum(maximum(p, config.epsilon()), 1.0)  # not clip: of certainty Keras shares the slope
    return sum(t * log(t / p), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of p - t log(p + epsilon): the surprise of a count t at a rate p, but for a constant.

    Shapes: y_true and y_pred (batch, ..., n) -> (batch, ...); a trailing axis of 1 may be missing in one of them.

    >>> poisson([[2.0]], [[1.0]])
    tensor([1.000])
    """
    t, p = matched("poisson", y_true, y_pred)
    return mean(p - t * log(p + config.epsilon()), axis=-1)


def _clipped(p: Any) -> Any:
    return clip(p, config.epsilon(), 1.0 - config.epsilon())


def _smoothed(loss: str, t: Any, smoothing: float, classes: int) -> Any:
    if not smoothing:
        return t
    if not 0.0 <= smoothing <= 1.0:
        raise ArgumentError(here(f"{loss}: label_smoothing must be in [0, 1], got {smoothing!r}."))
    return t * (1.0 - smoothing) + smoothing / classes
