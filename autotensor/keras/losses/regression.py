"""Losses of numbers: how far a prediction is from the value it should have, for each sample."""

from __future__ import annotations

import math
from typing import Any

from autotensor.keras import config
from autotensor.keras.losses.operands import matched
from autotensor.ops import abs, log, maximum, mean, pow, softplus, square, sum, where


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the squared differences over the last axis: mean((t - p)**2).

    Shapes: y_true and y_pred (batch, ..., n) -> (batch, ...); a trailing axis of 1 may be missing in one of them.
    Raises: ShapeError if the shapes differ otherwise (they are not broadcast).

    >>> mean_squared_error([[0.0, 1.0]], [[0.0, 3.0]])
    tensor([2.])
    """
    t, p = matched("mean_squared_error", y_true, y_pred)
    return mean(square(t - p), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the absolute differences over the last axis: mean(|t - p|); the gradient is 0 where they are equal.

    Shapes: as `mean_squared_error`.

    >>> mean_absolute_error([[0.0, 1.0]], [[0.0, 3.0]])
    tensor([1.])
    """
    t, p = matched("mean_absolute_error", y_true, y_pred)
    return mean(abs(t - p), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the differences relative to the label, over the last axis: 100 mean(|t - p| / max(|t|, epsilon)).

    Shapes: as `mean_squared_error`. Units: per cent.

    >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]])
    tensor([25.])
    """
    t, p = matched("mean_absolute_percentage_error", y_true, y_pred)
    return 100.0 * mean(abs((t - p) / maximum(abs(t), config.epsilon())), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of the squared differences of log(1 + x), for growth: values below epsilon count as epsilon.

    Shapes: as `mean_squared_error`.

    >>> mean_squared_logarithmic_error([[0.0]], [[1.0]])
    tensor([0.48045287])
    """
    t, p = matched("mean_squared_logarithmic_error", y_true, y_pred)
    # log(1 + x), not log1p: Keras's numbers
    return mean(square(log(maximum(p, config.epsilon()) + 1.0) - log(maximum(t, config.epsilon()) + 1.0)), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Half the squared error near zero, `delta` times the absolute error (less delta**2 / 2) beyond; the mean over the last axis.

    Shapes: as `mean_squared_error`. Units: `delta` is in the units of the labels, > 0.
    Source: Huber 1964, "Robust estimation of a location parameter".

    >>> huber([[0.0, 0.0]], [[0.0, 3.0]])
    tensor([1.25])
    """
    t, p = matched("huber", y_true, y_pred)
    error = p - t
    size = abs(error)
    return mean(where(size <= delta, 0.5 * square(error), delta * size - 0.5 * delta**2), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Mean of ln(cosh(p - t)) over the last axis: quadratic near zero, absolute beyond, smooth everywhere, without overflow.

    Shapes: as `mean_squared_error`.

    >>> log_cosh([[0.0]], [[2.0]])
    tensor([1.325])
    """
    t, p = matched("log_cosh", y_true, y_pred)
    x = p - t
    return mean(x + softplus(-2.0 * x) - math.log(2.0), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle along `axis`, negated so that less is nearer: -sum(t p) / (|t| |p|).

    Shapes: y_true and y_pred (batch, ..., n) -> (batch, ...). Range: [-1, 1]; 0 beside a zero vector.

    >>> cosine_similarity([[0.0, 1.0]], [[0.0, 2.0]])
    tensor([-1.])
    """
    t, p = matched("cosine_similarity", y_true, y_pred)
    return -sum(_unit(t, axis) * _unit(p, axis), axis=axis)


def _unit(x: Any, axis: int) -> Any:
    # the norm is bounded before the root, whose derivative at 0 is infinite
    return x * pow(maximum(sum(square(x), axis=axis, keepdims=True), config.epsilon() ** 2), -0.5)
