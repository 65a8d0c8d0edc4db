"""Losses of sides: how far a score is from the right side of a margin, for each sample."""

from __future__ import annotations

from typing import Any

from autotensor.keras.losses.operands import matched
from autotensor.ops import all, logical_or, max, maximum, mean, square, sum, where


def hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of max(1 - t p, 0), for labels -1 and 1; labels that are all 0 or 1 become those.

    Shapes: y_true and y_pred (batch, ..., n) -> (batch, ...); a trailing axis of 1 may be missing in one of them.
    Raises: ShapeError if the shapes differ otherwise (they are not broadcast).

    >>> hinge([[0.0, 1.0]], [[-2.0, 0.5]])
    tensor([0.25])
    """
    t, p = matched("hinge", y_true, y_pred)
    return mean(maximum(1.0 - _signed(t) * p, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of max(1 - t p, 0)**2, for labels as those of `hinge`.

    Shapes: as `hinge`.

    >>> squared_hinge([[-1.0, 1.0]], [[-2.0, 0.5]])
    tensor([0.125])
    """
    t, p = matched("squared_hinge", y_true, y_pred)
    return mean(square(maximum(1.0 - _signed(t) * p, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """How much the best wrong score comes within 1 of the right one: max(0, 1 + max((1 - t) p) - sum(t p)), over the last axis.

    Shapes: as `hinge`; labels are one-hot.

    >>> categorical_hinge([[0.0, 1.0, 0.0]], [[0.25, 0.75, 0.5]])
    tensor([0.75])
    """
    t, p = matched("categorical_hinge", y_true, y_pred)
    return maximum(max((1.0 - t) * p, axis=-1) - sum(t * p, axis=-1) + 1.0, 0.0)


def _signed(t: Any) -> Any:
    binary = all(logical_or(t == 0, t == 1))  # a choice inside the graph: it also holds while tracing
    return where(binary, 2.0 * t - 1.0, t)
