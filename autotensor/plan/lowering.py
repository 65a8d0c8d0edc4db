"""Primitives that are several NumPy calls, as those calls: so that their parts can share buffers and be fused.

Each entry computes, from the same NumPy functions in the same order, the very numbers that the primitive's own value gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotensor.core.namespace import recorded as ns
from autotensor.ops.products import swap

LOWERED: dict[str, Callable[..., Any]] = {
    "relu": lambda x: ns.maximum(x, 0),
    "sigmoid": lambda x: ns.exp(ns.minimum(x, 0)) / (1 + ns.exp(-ns.abs(x))),
    "softplus": lambda x: ns.maximum(x, 0) + ns.log1p(ns.exp(-ns.abs(x))),
    "linear": lambda x, w: ns.matmul(x, swap(ns, w)),
}


def lowered(name: str, operands: list[Any]) -> Any:
    """The value of a primitive by what it consists of; None if it is one call, or for shapes that it treats in another way."""
    compose = LOWERED.get(name)
    if compose is None or (name == "linear" and len(operands[0].shape) < 2):
        return None
    if name != "linear" and operands[0].dtype.kind != "f":
        return None
    return compose(*operands)
