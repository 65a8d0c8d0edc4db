"""Primitives that are several NumPy calls, as those calls: so that their parts can share buffers and be fused.

Each entry computes, from the same NumPy functions in the same order, the very numbers that the primitive's own value gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotensor.core.namespace import recorded as ns
from autotensor.ops.conversion import floating_dtype
from autotensor.ops.normalising import mean_over, root_mean_square
from autotensor.ops.probabilities import exponentials
from autotensor.ops.products import swap


def _clip(x: Any, *, min: Any, max: Any) -> Any:
    y = x if min is None else ns.maximum(x, min)
    return y if max is None else ns.minimum(y, max)


def _below_largest(x: Any, axis: tuple[int, ...]) -> Any:
    return x - ns.max(x, axis=axis, keepdims=True)


def _surprisal(x: Any, label: Any) -> Any:
    shifted, _, total = exponentials(ns, x)
    return ns.log(ns.reshape(total, shape=tuple(label.shape))) - ns.pick(shifted, label)


def _softmax(x: Any, *, axis: tuple[int, ...]) -> Any:
    e = ns.exp(_below_largest(x, axis))
    return e / ns.sum(e, axis=axis, keepdims=True)


def _log_softmax(x: Any, *, axis: tuple[int, ...]) -> Any:
    shifted = _below_largest(x, axis)
    return shifted - ns.log(ns.sum(ns.exp(shifted), axis=axis, keepdims=True))


LOWERED: dict[str, Callable[..., Any]] = {
    "relu": lambda x: ns.maximum(x, 0),
    "sigmoid": lambda x: ns.exp(ns.minimum(x, 0)) / (1 + ns.exp(-ns.abs(x))),
    "softplus": lambda x: ns.maximum(x, 0) + ns.log1p(ns.exp(-ns.abs(x))),
    "clip": _clip,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "surprisal": _surprisal,
    "center": lambda x, axis: x - mean_over(ns, x, axis),
    "rms_norm": lambda x, axis, eps: x / root_mean_square(ns, x, axis, eps),
    "linear": lambda x, w: ns.matmul(x, swap(ns, w)),
}
KINDS = {"relu": "f", "sigmoid": "f", "softplus": "f", "rms_norm": "fiub"}  # dtypes of other kinds go another way, or nowhere
AS_FLOATS = ("softmax", "log_softmax", "surprisal", "center", "rms_norm")  # integers become floating first


def lowered(name: str, operands: list[Any], settings: dict[str, Any]) -> Any:
    """The value of a primitive by what it consists of; None if it is one call, or for what it treats in another way."""
    compose = LOWERED.get(name)
    if compose is None or (name == "linear" and len(operands[0].shape) < 2):
        return None
    x = operands[0]
    if name in KINDS and x.dtype.kind not in KINDS[name]:
        return None
    if name in AS_FLOATS and x.dtype.kind not in "fc":
        x = ns.cast(x, dtype=floating_dtype(x.dtype))
    return compose(x, *operands[1:], **settings)
