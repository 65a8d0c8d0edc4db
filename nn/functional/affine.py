"""The affine map, and dropout, which thins what goes into it."""

from __future__ import annotations

from typing import Any

from autotensor import ops, random
from autotensor.core.errors import ArgumentError
from autotensor.core.spec import DTypeLike, Shape
from autotensor.core.tensor import Tensor
from autotensor.nn.functional.checks import here
from autotensor.ops.conversion import lift


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """y = x W.T + b.

    Shapes: input (..., n_in), weight (n_out, n_in), bias (n_out,) -> (..., n_out).
    Raises: ShapeError if they do not fit.

    >>> import autotensor as at
    >>> linear(at.tensor([1.0, 2.0]), at.tensor([[3.0, 4.0]]), at.tensor([0.5]))
    tensor([11.5])
    """
    y = ops.linear(input, weight)
    return y if bias is None else y + bias


def dropout(input: Any, p: float = 0.5, training: bool = True) -> Any:
    """Each element 0 with probability p, else divided by 1 - p, so that the mean stays; the input itself unless training.

    Randomness: the project's generator, `autotensor.random.seed`.
    Raises: ArgumentError unless 0 <= p <= 1.
    Source: Srivastava et al. 2014, "Dropout".

    >>> import autotensor as at
    >>> at.random.seed(0)
    >>> dropout(at.ones(4))
    tensor([2., 0., 0., 0.])
    """
    if not 0 <= p <= 1:
        raise ArgumentError(here(f"dropout needs a probability p between 0 and 1, got {p}."))
    x = lift(input)
    if not training or p == 0:
        return x
    return x * dropout_mask(tuple(x.shape), p, x.dtype)


def dropout_mask(shape: Shape, p: float, dtype: DTypeLike) -> Tensor:
    """A constant with 0 at each place with probability p, and 1 / (1 - p) elsewhere."""
    kept = random.bernoulli(shape, 1 - p)
    return kept.astype(dtype) * (0.0 if p == 1 else 1 / (1 - p))
