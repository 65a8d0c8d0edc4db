"""From the losses of samples to one number: what `reduction` and `sample_weight` mean."""

from __future__ import annotations

import math
from typing import Any

from autotensor.core.errors import ShapeError, UnknownNameError, did_you_mean
from autotensor.core.spec import Shape
from autotensor.keras.losses.operands import here, same_rank, targets
from autotensor.ops import astype, maximum, reshape, sum, where

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


def known_reduction(reduction: str | None) -> str | None:
    """`reduction`, if it is one.

    Raises: UnknownNameError with the nearest one.
    """
    if reduction is None or reduction in REDUCTIONS:
        return reduction
    options = ", ".join(map(repr, REDUCTIONS))
    raise UnknownNameError(f"reduction is one of {options} or None, got {reduction!r}.{did_you_mean(reduction, REDUCTIONS)}")


def reduced(values: Any, sample_weight: Any = None, counts: Any = None, *, reduction: str | None) -> Any:
    """The losses of samples, weighted and reduced as Keras does.

    "sum_over_batch_size" and "mean" divide the weighted sum by the number of values, "mean_with_sample_weight" by the sum of the
    weights; "sum" does not divide; "none" and None do not reduce. Nothing over nothing is 0.
    Shapes: values (batch, ...); sample_weight the same, or with axes missing at the end or of length 1. `counts`, boolean and
    of the shape of the values, leaves values out, also of the number that is divided by.
    Raises: ShapeError if the weights do not fit.

    >>> from autotensor.core.tensor import Tensor
    >>> reduced(Tensor([1.0, 3.0]), [1.0, 0.0], reduction="sum_over_batch_size")
    tensor(0.5)
    >>> reduced(Tensor([1.0, 3.0]), [1.0, 0.0], reduction="mean_with_sample_weight")
    tensor(1.)
    """
    weight = None if sample_weight is None else targets(sample_weight, values)
    if counts is not None:
        valid = astype(counts, values.dtype)
        if reduction in ("sum_over_batch_size", "mean"):  # their divisor is all values: the weights make up for it
            valid = valid * (math.prod(counts.shape) / maximum(sum(valid), 1.0))
        if weight is not None:
            valid, weight = aligned(valid, weight)
        weight = valid if weight is None else valid * weight
    if weight is not None:
        values, weight = aligned(values, weight)
        values = values * weight
    if reduction in (None, "none") or values.shape == ():
        return values
    total = sum(values)
    if reduction == "mean_with_sample_weight" and weight is not None:
        return _over(total, sum(weight))
    size = math.prod(values.shape)
    return total if reduction == "sum" or size == 0 else total / size


def aligned(values: Any, weight: Any) -> tuple[Any, Any]:
    """Values and weights in shapes that multiply: a trailing axis of 1 is reconciled, missing axes are added at the end.

    Raises: ShapeError if weights have an axis that the values do not have.

    >>> from autotensor.ops import zeros
    >>> aligned(zeros((2, 3)), zeros(2))[1].shape
    (2, 1)
    """
    before: tuple[Shape, Shape] = tuple(values.shape), tuple(weight.shape)
    if before[0] == before[1] or () in before:
        return values, weight
    weight, values = same_rank(weight, values)
    have, given = tuple(values.shape), tuple(weight.shape)
    if len(given) < len(have):
        weight = reshape(weight, given := (*given, *(1,) * (len(have) - len(given))))
    if len(given) > len(have) or any(w not in (1, n) for w, n in zip(given, have, strict=True)):
        raise ShapeError(
            here(
                f"sample_weight of shape {before[1]} does not fit losses of shape {before[0]}: "
                f"give one weight for each sample, shape {before[0][:1]}, or one for each loss."
            )
        )
    return values, weight


def _over(total: Any, divisor: Any) -> Any:
    empty = divisor == 0
    return where(empty, 0.0, total / where(empty, 1.0, divisor))
