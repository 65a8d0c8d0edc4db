"""Mean 0 and variance 1 over axes: the mean taken away, then divided by what is the standard deviation then.

Two primitives rather than one: to take the mean away is linear and its own transpose, and the deviation, which both passes need,
comes from the centred numbers, which are saved, by one square and one sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace, plain
from autotensor.core.primitive import Multilinear, Primitive
from autotensor.core.spec import Axis, Spec, normalise_axis, real_array
from autotensor.ops.conversion import floating, floating_dtype, in_order, lift


def mean_over(ns: Namespace, x: Any, axis: tuple[int, ...]) -> Any:
    """The mean over axes that stay as ones, in a rule; 0 of no elements."""
    return ns.sum(x, axis=axis, keepdims=True) / max(math.prod([x.shape[i] for i in axis]), 1)


def root_mean_square(ns: Namespace, x: Any, axis: tuple[int, ...], eps: float) -> Any:
    """sqrt(mean(x**2) + eps) over axes that stay as ones, in a rule: of centred numbers the standard deviation."""
    return ns.sqrt(mean_over(ns, ns.square(in_order(x)), axis) + eps)


class Center(Multilinear):
    """The mean taken away, over axes: y_i = x_i - sum_j x_j / n, dy_i = dx_i - sum_j dx_j / n."""

    analytic = True
    examples = (
        (((2, 3),), {"axis": (1,)}),
        (((3, 2),), {"axis": (0,)}),
        (((2, 3, 2),), {"axis": (0, 2)}),
        (((0, 3),), {"axis": (0,)}),
        (((),), {"axis": ()}),
    )
    transposes = (lambda ns, g, x, axis: ns.center(g, axis=axis),)

    def value(self, x: Any, *, axis: tuple[int, ...]) -> Any:
        x = floating(x)
        return np.subtract(x, mean_over(plain, x, axis))

    def shape(self, x: Spec, *, axis: tuple[int, ...]) -> Spec:  # type: ignore[override]
        return Spec(x.shape, floating_dtype(x.dtype))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.center(operands[0], axis=tuple(i + 1 for i in settings["axis"]))


class RmsNorm(Primitive):
    """Divided by the root mean square r, over axes: y = x / r, dy_i = (dx_i - y_i sum_j y_j dx_j / n) / r.

    The root mean square is r = sqrt(sum_j x_j**2 / n + eps).

    Source: Zhang and Sennrich 2019, "Root mean square layer normalization", eq. 4.
    """

    examples = (
        (((2, 3),), {"axis": (1,), "eps": 0.1}),
        (((3, 2),), {"axis": (0,), "eps": 0.5}),
        (((2, 3, 2),), {"axis": (0, 2), "eps": 0.1}),
        (((2, 1),), {"axis": (1,), "eps": 0.1}),
        (((0, 3),), {"axis": (0,), "eps": 0.1}),
        (((),), {"axis": (), "eps": 0.5}),
    )

    def value(self, x: Any, *, axis: tuple[int, ...], eps: float) -> Any:
        x = floating(real_array(x))
        return np.divide(x, root_mean_square(plain, x, axis, eps))

    def shape(self, x: Spec, *, axis: tuple[int, ...], eps: float) -> Spec:  # type: ignore[override]
        return Spec(x.shape, floating_dtype(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, axis: Any, eps: float) -> Any:
        # the root again: a plan has it from the forward pass, and to keep it would make a second result
        return (g - y * mean_over(ns, g * y, axis)) / root_mean_square(ns, x, axis, eps)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, axis: Any, eps: float) -> Any:
        t = tangents[0]
        return (t - y * mean_over(ns, t * y, axis)) / root_mean_square(ns, x, axis, eps)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.rms_norm(operands[0], axis=tuple(i + 1 for i in settings["axis"]), eps=settings["eps"])


center, rms_norm = Center(), RmsNorm()


def standardized(x: Any, axis: Axis, eps: float) -> Any:
    """Mean 0 and variance 1 over axes: y = (x - mean) / sqrt(var + eps), with the biased variance.

    >>> import autotensor as at
    >>> standardized(at.tensor([[1.0, 3.0]]), -1, 1e-5)
    tensor([[-0.999995,  0.999995]])
    """
    x = lift(x)
    axes = normalise_axis(axis, len(x.shape))
    return rms_norm(center(x, axis=axes), axis=axes, eps=float(eps))
