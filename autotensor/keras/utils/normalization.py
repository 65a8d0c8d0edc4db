"""Arrays scaled to length one."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor import ops
from autotensor.core.tensor import Tensor

_TINY = 1e-12  # what Keras takes for the norm of a tensor of zeros


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """x / norm(x), the norm of `order` along `axis`; where it is 0, x stays 0.

    Shapes: x (...) -> the same. An array or list gives an array, of float64 if it held integers; a Tensor gives a Tensor,
    through which gradients flow.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    if isinstance(x, Tensor):
        return _normalized(x, axis, order)
    array = np.asarray(x)
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(norm == 0, norm.dtype.type(1), norm)


def _normalized(x: Tensor, axis: int, order: float) -> Tensor:
    if order == 2:  # maximum before sqrt: the slope of sqrt at 0 is infinite
        return x / ops.sqrt(ops.maximum(ops.sum(x * x, axis=axis, keepdims=True), _TINY**2))
    sizes = ops.abs(x)
    if order == np.inf:
        return x / ops.maximum(ops.max(sizes, axis=axis, keepdims=True), _TINY)
    return x / ops.maximum(ops.sum(sizes**order, axis=axis, keepdims=True), _TINY**order) ** (1 / order)
