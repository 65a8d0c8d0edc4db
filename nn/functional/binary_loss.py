"""Losses between one score or probability and a yes or no: entropies and hinges."""

from __future__ import annotations

from typing import Any

from autotensor import ops
from autotensor.core.errors import DataError
from autotensor.core.namespace import recorded as ns
from autotensor.core.spec import Array
from autotensor.nn.functional.checks import asked, paired, reduced, signs

FLOOR = -100.0  # no logarithm of a probability is taken to be smaller


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """-(t ln p + (1 - t) ln(1 - p)) for probabilities p; logarithms are limited to -100, and there the derivative is 0.

    Shapes: input and target the same; weight broadcasts against them.
    Raises: ShapeError if the shapes differ; DataError for a p outside [0, 1].

    >>> import autotensor as at
    >>> binary_cross_entropy(at.tensor([0.5, 1.0]), at.tensor([1.0, 1.0]))
    tensor(0.3465736)
    """
    p, t = paired(input, target)
    p = asked(p, _are_probabilities)
    yes, no = p > 0, p < 1
    log_p = ns.maximum(ns.where(yes, ns.log(ns.where(yes, p, 1.0)), FLOOR), FLOOR)
    log_q = ns.maximum(ns.where(no, ns.log1p(-ns.where(no, p, 0.0)), FLOOR), FLOOR)
    loss = -(t * log_p + (1 - t) * log_q)
    return reduced(loss if weight is None else loss * weight, reduction)


def _are_probabilities(p: Array, where: str) -> None:
    if p.size and (p.min() < 0 or p.max() > 1):
        worst = p.min() if -p.min() > p.max() - 1 else p.max()
        raise DataError(
            f"{where}binary_cross_entropy takes probabilities from 0 to 1, got {worst}. "
            f"Apply sigmoid first, or use binary_cross_entropy_with_logits."
        )


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """Binary cross-entropy of sigmoid(x), without overflow: (1 - t) x + (1 + (pos_weight - 1) t) ln(1 + e**-x).

    Shapes: input and target the same; weight and pos_weight broadcast against them.
    Raises: ShapeError if the shapes differ; UnknownNameError if reduction is not "mean", "sum" or "none".

    >>> import autotensor as at
    >>> binary_cross_entropy_with_logits(at.tensor([0.0, 1000.0]), at.tensor([1.0, 1.0]))
    tensor(0.3465736)
    """
    x, t = paired(input, target)
    miss = ops.softplus(-x)
    if pos_weight is not None:
        miss = miss * (t * (pos_weight - 1.0) + 1.0)
    loss = (1 - t) * x + miss
    return reduced(loss if weight is None else loss * weight, reduction)


def soft_margin_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Logistic loss for labels -1 and 1: ln(1 + e**(-t x)), without overflow.

    Raises: ShapeError if the shapes differ; DataError for other labels.

    >>> import autotensor as at
    >>> soft_margin_loss(at.tensor([0.0, 1000.0]), at.tensor([1.0, 1.0]))
    tensor(0.3465736)
    """
    x, t = paired(input, target)
    t = signs(t)
    return reduced(ops.softplus(-(t * x)), reduction)


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    """For distances x: x where the label is 1, max(0, margin - x) where it is -1.

    Raises: ShapeError if the shapes differ; DataError for other labels.

    >>> import autotensor as at
    >>> hinge_embedding_loss(at.tensor([0.5, 0.25]), at.tensor([1.0, -1.0]), reduction="none")
    tensor([0.5 , 0.75])
    """
    x, t = paired(input, target)
    t = signs(t)
    return reduced(ns.where(t > 0, x, ops.relu(margin - x)), reduction)


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    """max(0, margin - t (x1 - x2)): the label 1 says that x1 ranks higher, -1 that x2 does.

    Raises: ShapeError if the shapes differ; DataError for other labels.

    >>> import autotensor as at
    >>> margin_ranking_loss(at.tensor([1.0]), at.tensor([3.0]), at.tensor([1.0]))
    tensor(2.)
    """
    a, b = paired(input1, input2, names=("input1", "input2"))
    _, t = paired(a, target, names=("input1", "target"))
    t = signs(t)
    return reduced(ops.relu(margin - t * (a - b)), reduction)
