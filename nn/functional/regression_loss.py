"""Losses between numbers. Input and target have one shape and are never broadcast."""

from __future__ import annotations

from typing import Any

from autotensor.core.errors import ArgumentError
from autotensor.core.namespace import recorded as ns
from autotensor.nn.functional.checks import here, paired, reduced


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Squared error: (x - t)**2.

    Raises: ShapeError if the shapes differ; UnknownNameError if reduction is not "mean", "sum" or "none".

    >>> import autotensor as at
    >>> mse_loss(at.tensor([1.0, 2.0]), at.tensor([1.0, 4.0]))
    tensor(2.)
    """
    x, t = paired(input, target)
    return reduced(ns.square(x - t), reduction)


def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Absolute error: |x - t|; its derivative where they agree is 0.

    Raises: ShapeError if the shapes differ; UnknownNameError if reduction is not "mean", "sum" or "none".

    >>> import autotensor as at
    >>> l1_loss(at.tensor([1.0, 2.0]), at.tensor([1.0, 4.0]))
    tensor(1.)
    """
    x, t = paired(input, target)
    return reduced(ns.abs(x - t), reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Squared error near 0, absolute error beyond delta: d**2 / 2 where |d| <= delta, else delta (|d| - delta/2).

    Units: delta is in the units of the target, > 0.
    Raises: ShapeError if the shapes differ; ArgumentError unless delta > 0.
    Source: Huber 1964, "Robust estimation of a location parameter", eq. 2.1.

    >>> import autotensor as at
    >>> huber_loss(at.tensor([0.0, 3.0]), at.tensor([0.0, 0.0]))
    tensor(1.25)
    """
    if not delta > 0:
        raise ArgumentError(here(f"huber_loss needs delta > 0, got {delta}."))
    x, t = paired(input, target)
    return reduced(_huber(x - t, delta), reduction)


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Huber's loss divided by beta: d**2 / (2 beta) where |d| < beta, else |d| - beta/2; with beta = 0 the absolute error.

    Raises: ShapeError if the shapes differ; ArgumentError if beta is negative.
    Source: Girshick 2015, "Fast R-CNN", eq. 3.

    >>> import autotensor as at
    >>> smooth_l1_loss(at.tensor([0.0, 3.0]), at.tensor([0.0, 0.0]))
    tensor(1.25)
    """
    if not beta >= 0:
        raise ArgumentError(here(f"smooth_l1_loss needs beta >= 0, got {beta}."))
    if beta == 0:
        return l1_loss(input, target, reduction)
    x, t = paired(input, target)
    return reduced(_huber(x - t, beta) / beta, reduction)


def _huber(d: Any, delta: float) -> Any:
    size = ns.abs(d)
    inside = ns.minimum(size, delta)
    return inside * (size - inside * 0.5)  # one formula for both pieces: its derivative is `inside`, also where they meet
