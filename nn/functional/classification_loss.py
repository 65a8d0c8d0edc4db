"""Losses between scores of classes and the right class, or the right probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor import ops
from autotensor.core.errors import ArgumentError, DataError, DTypeError, ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.core.spec import Array
from autotensor.nn.functional.checks import REDUCTIONS, asked, class_labels, class_weights, here, known, paired, reduced
from autotensor.ops.conversion import lift


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross-entropy of softmax(scores): -ln p[label], or -sum_c t_c ln p_c for target probabilities t.

    Shapes: input (classes,), (batch, classes) or (batch, classes, ...); target the same without the class axis and integer,
    or the same and floating -> (), or the shape without the class axis for "none".
    The mean over labels weighs each by `weight[label]`; labels equal to `ignore_index` do not count.
    Raises: ShapeError, DTypeError, IndexRangeError for labels outside [0, classes); ArgumentError unless
    0 <= label_smoothing <= 1; DataError if the mean is asked of ignored labels only.
    Source: Szegedy et al. 2016, "Rethinking the Inception architecture", section 7, for label smoothing.

    >>> import autotensor as at
    >>> cross_entropy(at.tensor([[0.0, 0.0], [0.0, 1000.0]]), at.tensor([0, 1]))
    tensor(0.3465736)
    """
    known("reduction", reduction, REDUCTIONS)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(here(f"label_smoothing is between 0 and 1, got {label_smoothing}."))
    x = _classes_last(lift(input))
    classes = x.shape[-1]
    w = None if weight is None else class_weights(weight, classes)
    if _is_distribution(lift(input), lift(target)):
        _, t = paired(x, _classes_last(lift(target)))
        if label_smoothing:
            t = t * (1 - label_smoothing) + label_smoothing / classes
        return reduced(-ops.sum(ops.log_softmax(x) * (t if w is None else t * w), -1), reduction)
    labels, counts = class_labels(target, classes, tuple(x.shape[:-1]), ignore_index)
    share = _shares(labels, counts, w, x.dtype)
    loss = ns.surprisal(x, labels)
    if share is not None:
        loss = loss * share
    if label_smoothing:
        log_p = ops.log_softmax(x)
        even = -ops.sum(log_p if w is None else log_p * w, -1)
        if counts is not None:
            even = even * counts.astype(x.dtype)
        loss = loss * (1 - label_smoothing) + even * (label_smoothing / classes)
    return _weighted(loss, share, reduction)


def nll_loss(input: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """Negative log-likelihood of the right class: -x[label], for log-probabilities x.

    Shapes: input (classes,), (batch, classes) or (batch, classes, ...); target the same without the class axis, integer.
    Raises: as cross_entropy.

    >>> import autotensor as at
    >>> nll_loss(at.tensor([[-0.5, -2.0]]), at.tensor([1]))
    tensor(2.)
    """
    known("reduction", reduction, REDUCTIONS)
    x = _classes_last(lift(input))
    labels, counts = class_labels(target, x.shape[-1], tuple(x.shape[:-1]), ignore_index)
    share = _shares(labels, counts, None if weight is None else class_weights(weight, x.shape[-1]), x.dtype)
    loss = -ns.pick(x, labels)
    return _weighted(loss if share is None else loss * share, share, reduction)


def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """Kullback-Leibler divergence, elementwise: t (ln t - x) for log-probabilities x; 0 where t = 0.

    "batchmean" divides the sum by the length of the first axis: the divergence itself, which "mean" is not.
    `log_target`: target holds log-probabilities too.
    Raises: ShapeError if the shapes differ; UnknownNameError for another reduction.
    Source: Kullback and Leibler 1951, "On information and sufficiency".

    >>> import autotensor as at
    >>> kl_div(at.log(at.tensor([[0.5, 0.5]])), at.tensor([[1.0, 0.0]]), reduction="batchmean")
    tensor(0.6931472)
    """
    known("reduction", reduction, (*REDUCTIONS, "batchmean"))
    x, t = paired(input, target)
    if log_target:
        loss = ns.exp(t) * (t - x)
    else:
        nothing = ns.equal(t, 0)
        loss = t * (ns.log(ns.where(nothing, 1.0, t)) - x)
    if reduction != "batchmean":
        return reduced(loss, reduction)
    if not x.shape or not x.shape[0]:
        raise ShapeError(here(f"batchmean divides by the length of the first axis, got shape {tuple(x.shape)}."))
    return ops.sum(loss) / x.shape[0]


def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
) -> Any:
    """Hinge loss of many classes: sum over the wrong classes i of max(0, margin - x[label] + x[i])**p / classes.

    Shapes: input (classes,) or (batch, classes), target () or (batch,), integer -> (), or target's for "none".
    Raises: ArgumentError unless p is 1 or 2; ShapeError, DTypeError and IndexRangeError for labels.
    Source: Crammer and Singer 2001, "On the algorithmic implementation of multiclass kernel-based vector machines".

    >>> import autotensor as at
    >>> multi_margin_loss(at.tensor([[0.0, 0.5]]), at.tensor([0]))
    tensor(0.75)
    """
    if p not in (1, 2):
        raise ArgumentError(here(f"multi_margin_loss needs p = 1 or p = 2, got {p}."))
    x = lift(input)
    if len(x.shape) not in (1, 2):
        raise ShapeError(here(f"multi_margin_loss expects inputs of shape (batch, classes), got {tuple(x.shape)}."))
    classes = x.shape[-1]
    labels, _ = class_labels(target, classes, tuple(x.shape[:-1]))
    short = ops.relu(x - ops.expand_dims(ns.pick(x, labels), -1) + margin)
    right = ns.equal(ops.expand_dims(labels, -1), np.arange(classes))
    loss = ops.sum(ns.where(right, 0.0, short if p == 1 else ns.square(short)), -1) / classes
    share = _shares(labels, None, None if weight is None else class_weights(weight, classes), x.dtype)
    return reduced(loss if share is None else loss * share, reduction)


def _classes_last(x: Any) -> Any:
    if not x.shape:
        raise ShapeError(here("scores have a class axis: (batch, classes), got a single number."))
    return x if len(x.shape) <= 2 else ops.moveaxis(x, 1, -1)


def _is_distribution(x: Any, t: Any) -> bool:
    """Whether the target holds probabilities: it has the shape of the scores."""
    if tuple(x.shape) != tuple(t.shape):
        return False
    if t.dtype.kind != "f":
        raise DTypeError(
            here(f"a target with the shape of the scores, {tuple(x.shape)}, holds probabilities, got dtype {t.dtype}. ")
            + "Write target.astype('float32'), or give one integer label for each row."
        )
    return True


def _shares(labels: Any, counts: Any, weight: Any, dtype: Any) -> Any:
    """How much each label counts: the weight of its class, 0 if it is ignored; None if all count as 1."""
    if weight is None:
        return None if counts is None else lift(counts.astype(dtype))
    share = ops.astype(ops.take(weight, labels, axis=0), dtype)
    return share if counts is None else share * counts.astype(dtype)


def _weighted(loss: Any, share: Any, reduction: str) -> Any:
    """The reduction of losses that carry their shares already: the mean is over the shares."""
    if share is None or reduction != "mean":
        return reduced(loss, reduction)
    return ops.sum(loss) / asked(ops.sum(share), _is_a_sum)


def _is_a_sum(share: Array, where: str) -> None:
    if share == 0:
        raise DataError(f"{where}no mean over labels that all are ignored or weigh 0; use reduction='sum', or skip the batch.")
