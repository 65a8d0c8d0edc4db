"""Probabilities from scores, their logarithms, and how they miss the right class: primitives with derivatives in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.namespace import Namespace, plain
from autotensor.core.primitive import Primitive
from autotensor.core.spec import Array, Axis, Spec, normalise_axis
from autotensor.ops.conversion import floating, floating_dtype, in_order, lift


class _OfScores(Primitive):
    """A function of scores along axes. Settings in normal form: `axis` a sorted tuple."""

    analytic = True
    examples = (
        (((2, 3),), {"axis": (1,)}),
        (((3, 2),), {"axis": (0,)}),
        (((2, 3, 2),), {"axis": (0, 2)}),
        (((3,),), {"axis": (0,)}),
        (((1, 1),), {"axis": (1,)}),
        (((0, 3),), {"axis": (1,)}),
        (((),), {"axis": ()}),
    )

    def shape(self, x: Spec, *, axis: tuple[int, ...]) -> Spec:  # type: ignore[override]
        if 0 in [x.shape[i] for i in axis]:
            raise ShapeError(f"no {self.name} over axes {axis} of shape {x.shape}: there are no scores.")
        return Spec(x.shape, floating_dtype(x.dtype))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return getattr(ns, self.name)(operands[0], axis=tuple(i + 1 for i in settings["axis"]))


def _below_largest(x: Any, axis: tuple[int, ...]) -> Array:
    """x less its largest, in an array of its own: no exponential of it overflows."""
    x = floating(x)
    shifted: Array = np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True), out=np.empty(x.shape, x.dtype))
    return shifted


class Softmax(_OfScores):
    """Probabilities from scores, over axes: y_i = e**x_i / sum_j e**x_j, dy_i = y_i (dx_i - sum_j y_j dx_j).

    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".
    """

    def value(self, x: Any, *, axis: tuple[int, ...]) -> Any:
        y = _below_largest(x, axis)
        np.exp(y, out=y)
        return np.divide(y, np.add.reduce(y, axis=axis, keepdims=True), out=y)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> Any:
        return y * (g - ns.sum(g * y, axis=axis, keepdims=True))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, axis: tuple[int, ...]) -> Any:
        return y * (tangents[0] - ns.sum(tangents[0] * y, axis=axis, keepdims=True))


class LogSoftmax(_OfScores):
    """Logarithms of probabilities from scores, over axes: y_i = x_i - ln sum_j e**x_j, dy_i = dx_i - sum_j e**y_j dx_j."""

    def value(self, x: Any, *, axis: tuple[int, ...]) -> Any:
        y = _below_largest(x, axis)
        return np.subtract(y, np.log(np.add.reduce(np.exp(y), axis=axis, keepdims=True)), out=y)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> Any:
        return g - ns.exp(y) * ns.sum(g, axis=axis, keepdims=True)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, axis: tuple[int, ...]) -> Any:
        return tangents[0] - ns.sum(ns.exp(y) * tangents[0], axis=axis, keepdims=True)


def exponentials(ns: Namespace, x: Any) -> tuple[Any, Any, Any]:
    """Of rows of scores, in a rule: less their largest, the exponentials of that, and their sums, kept as ones."""
    axis = (len(x.shape) - 1,)
    x = in_order(x)
    shifted = x - ns.stop(ns.max(x, axis=axis, keepdims=True))  # whatever is taken away, the shares are the same
    e = ns.exp(shifted)
    return shifted, e, ns.sum(e, axis=axis, keepdims=True)


class Surprisal(Primitive):
    """Cross-entropy of scores and the right class: y = ln sum_j e**x_j - x_label, dy/dx = softmax(x) less 1 at the label.

    Shapes: x (..., classes), label (...), integers -> (...).
    """

    rowwise = True
    kinds = ("float", "label")
    examples = ((((3, 4), (3,)), {}), (((2, 3, 2), (2, 3)), {}), (((5,), ()), {}), (((2, 1), (2,)), {}), (((0, 3), (0,)), {}))

    def value(self, x: Any, label: Any) -> Any:
        shifted, _, total = exponentials(plain, floating(x))
        return np.log(total[..., 0]) - plain.pick(shifted, label)

    def shape(self, x: Spec, label: Spec) -> Spec:  # type: ignore[override]
        if x.shape[-1] == 0:
            raise ShapeError(f"no {self.name} of scores of shape {x.shape}: there are no classes.")
        return Spec(x.shape[:-1], floating_dtype(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, label: Any) -> Any:
        if i == 1:
            return None
        _, e, total = exponentials(ns, x)  # again: a plan has them from the forward pass
        shares = e * (ns.reshape(g, shape=(*g.shape, 1)) / total)
        return shares - ns.unpick(g, label, classes=x.shape[-1])

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, label: Any) -> Any:
        if tangents[0] is None:
            return None
        _, e, total = exponentials(ns, x)
        mean = ns.sum(tangents[0] * e, axis=(len(x.shape) - 1,), keepdims=True) / total
        return ns.reshape(mean, shape=tuple(y.shape)) - ns.pick(tangents[0], label)


_softmax, _log_softmax, surprisal = Softmax(), LogSoftmax(), Surprisal()


def softmax(x: Any, /, axis: Axis = -1) -> Any:
    """y_i = e**x_i / sum_j e**x_j along `axis`; positive, summing to 1, without overflow.

    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".

    >>> import autotensor as at
    >>> at.softmax(at.tensor([0.0, 0.0]))
    tensor([0.5, 0.5])
    """
    x = lift(x)
    return _softmax(x, axis=normalise_axis(axis, len(x.shape)))


def log_softmax(x: Any, /, axis: Axis = -1) -> Any:
    """y_i = x_i - ln sum_j e**x_j along `axis`; exact where softmax would round to 0.

    >>> import autotensor as at
    >>> at.log_softmax(at.tensor([0.0, 1000.0]))
    tensor([-1000.,    -0.])
    """
    x = lift(x)
    return _log_softmax(x, axis=normalise_axis(axis, len(x.shape)))
