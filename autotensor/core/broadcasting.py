"""Undoing NumPy broadcasting: cotangents are summed back to the shape of the operand that was stretched."""

from __future__ import annotations

from typing import Any

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Shape


def sum_to_shape(ns: Namespace, g: Any, shape: Shape) -> Any:
    """Sum `g` over the axes along which `shape` was broadcast: the transpose of broadcasting.

    >>> import numpy as np
    >>> from autotensor.core.namespace import plain
    >>> sum_to_shape(plain, np.ones((4, 3)), (3,))
    array([4., 4., 4.])
    """
    lead = g.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1))
    return ns.reshape(ns.sum(g, axis=axes, keepdims=False), shape=shape)
