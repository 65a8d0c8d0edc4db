"""Sums, extremes and counts over axes. Settings in normal form: `axis` a sorted tuple, `keepdims` a bool."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear, Primitive
from autotensor.core.spec import Axis, DTypeLike, Scalar, Shape, Spec, normalise_axis, reduced_shape, single_axis
from autotensor.ops.conversion import astype

EXAMPLES = (
    (((3, 4),), {"axis": (0,), "keepdims": False}),
    (((3, 4),), {"axis": (1,), "keepdims": True}),
    (((2, 3, 2),), {"axis": (0, 2), "keepdims": False}),
    (((2, 3),), {"axis": (0, 1), "keepdims": True}),
    (((),), {"axis": (), "keepdims": False}),
    (((1, 3),), {"axis": (), "keepdims": False}),
)


class Sum(Multilinear):
    """Sum over axes: y = sum_i x_i, dy/dx_i = 1."""

    analytic = True
    examples = (*EXAMPLES, (((0, 3),), {"axis": (0,), "keepdims": False}))
    transposes = (lambda ns, g, x, axis, keepdims: ns.expand(_kept(ns, g, x, axis), shape=tuple(x.shape)),)

    def value(self, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
        return np.add.reduce(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]

    def shape(self, x: Spec, *, axis: tuple[int, ...], keepdims: bool) -> Spec:  # type: ignore[override]
        return Spec(reduced_shape(x.shape, axis, keepdims), np.add.reduce(np.empty((0,), x.dtype)).dtype)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        axes = tuple(i + 1 for i in settings["axis"])
        return getattr(ns, self.name)(operands[0], axis=axes, keepdims=settings["keepdims"])


def _kept(ns: Namespace, y: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """`y` with the reduced axes back as ones, so that it broadcasts against `x`; a single number does so as it is."""
    return y if not y.shape else ns.reshape(y, shape=reduced_shape(tuple(x.shape), axis, keepdims=True))


class _Extreme(Primitive):
    """A largest or smallest element; elements that tie for it share the cotangent equally."""

    ufunc: ClassVar[np.ufunc]
    examples = EXAMPLES

    def value(self, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
        return self.ufunc.reduce(x, axis=axis, keepdims=keepdims)

    def shape(self, x: Spec, *, axis: tuple[int, ...], keepdims: bool) -> Spec:  # type: ignore[override]
        if 0 in [x.shape[i] for i in axis]:
            raise ShapeError(f"no {self.name} over axes {axis} of shape {x.shape}: there are no elements to choose from.")
        return Spec(reduced_shape(x.shape, axis, keepdims), x.dtype)

    def _shares(self, ns: Namespace, y: Any, x: Any, axis: tuple[int, ...]) -> Any:
        ties = ns.cast(ns.equal(x, _kept(ns, y, x, axis)), dtype=x.dtype)
        return ties / ns.sum(ties, axis=axis, keepdims=True)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return _kept(ns, g, x, axis) * self._shares(ns, y, x, axis)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return ns.sum(tangents[0] * self._shares(ns, y, x, axis), axis=axis, keepdims=keepdims)

    def kinks(self, x: Any, *, axis: Any, keepdims: bool) -> Any:  # type: ignore[override]
        """Half the distance between the winner and the runner-up."""
        rest = tuple(i for i in range(x.ndim) if i not in axis)
        rows = x.transpose(*rest, *axis).reshape(*(x.shape[i] for i in rest), -1)
        best = np.sort(rows if self.ufunc is np.maximum else -rows, axis=-1)
        return (best[..., -1] - best[..., -2]) / 2 if rows.shape[-1] > 1 else np.inf

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        axes = tuple(i + 1 for i in settings["axis"])
        return getattr(ns, self.name)(operands[0], axis=axes, keepdims=settings["keepdims"])


class Max(_Extreme):
    """Largest element over axes: y = max_i x_i, dy/dx_i = 1 / (number of ties) where x_i = y, else 0; NaN propagates."""

    ufunc = np.maximum


class Min(_Extreme):
    """Smallest element over axes: y = min_i x_i, dy/dx_i = 1 / (number of ties) where x_i = y, else 0; NaN propagates."""

    ufunc = np.minimum


class _Count(Primitive):
    """A reduction with a boolean or integer result: not differentiable."""

    differentiable = False
    examples: ClassVar[Any] = EXAMPLES
    function: ClassVar[Any]

    def value(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return self.function(x, axis=axis, keepdims=keepdims)

    def shape(self, x: Spec | Scalar, *, axis: Any, keepdims: bool) -> Spec:  # type: ignore[override]
        shape = x.shape if isinstance(x, Spec) else ()
        axes = tuple(range(len(shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        dtype = np.dtype(np.bool_) if self.name in ("any", "all") else np.dtype(np.intp)
        return Spec(reduced_shape(shape, axes, keepdims), dtype)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        x, axis, keepdims = operands[0], settings["axis"], settings["keepdims"]
        apply = getattr(ns, self.name)
        if axis is None:  # of all elements of an example
            y = apply(ns.reshape(x, shape=(x.shape[0], math.prod(x.shape[1:]))), axis=1, keepdims=False)
            return ns.reshape(y, shape=(x.shape[0], *(1,) * (len(x.shape) - 1))) if keepdims else y
        return apply(x, axis=tuple(i + 1 for i in axis) if isinstance(axis, tuple) else axis + 1, keepdims=keepdims)


class Any_(_Count):  # noqa: N801 - `Any` is typing's
    """Whether some element is nonzero over axes: boolean, not differentiable."""

    function = staticmethod(np.any)


class All(_Count):
    """Whether every element is nonzero over axes: boolean, not differentiable."""

    function = staticmethod(np.all)


class CountNonzero(_Count):
    """Number of nonzero elements over axes: an integer, not differentiable."""

    function = staticmethod(np.count_nonzero)


ARG_EXAMPLES = (
    (((3, 4),), {"axis": 0, "keepdims": False}),
    (((3, 4),), {"axis": 1, "keepdims": True}),
    (((2, 3),), {"axis": None, "keepdims": False}),
)


class Argmax(_Count):
    """Index of the first largest element over one axis, or of the flattened tensor: an integer, not differentiable."""

    function = staticmethod(np.argmax)
    examples = ARG_EXAMPLES


class Argmin(_Count):
    """Index of the first smallest element over one axis, or of the flattened tensor: an integer, not differentiable."""

    function = staticmethod(np.argmin)
    examples = ARG_EXAMPLES


Any_.name = "any"
_sum, _max, _min, _any, _all, _count, _argmax, _argmin = (
    Sum(),
    Max(),
    Min(),
    Any_(),
    All(),
    CountNonzero(),
    Argmax(),
    Argmin(),
)


def _shape(x: Any) -> Shape:
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def sum(x: Any, axis: Axis = None, *, dtype: DTypeLike | None = None, keepdims: bool = False) -> Any:
    """Sum over axes: y = sum_i x_i; all axes when `axis` is None; in `dtype` if that is given.

    Raises: ArgumentError if an axis is out of range or named twice.

    >>> import autotensor as at
    >>> at.sum(at.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([4., 6.])
    """
    x = x if dtype is None else astype(x, dtype, copy=False)
    y = _sum(x, axis=normalise_axis(axis, len(_shape(x))), keepdims=bool(keepdims))
    return y if dtype is None else astype(y, dtype, copy=False)  # NumPy adds up small integers in large ones


def mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Arithmetic mean over axes: y = sum_i x_i / n; NaN of no elements.

    >>> import autotensor as at
    >>> at.mean(at.tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    n = _count_over(_shape(x), axis)
    total = sum(x, axis, keepdims=keepdims)
    return total / n if n else total * math.nan


def _count_over(shape: Shape, axis: Axis) -> int:
    n = 1
    for i in normalise_axis(axis, len(shape)):
        n *= shape[i]
    return n


def _check_elements(name: str, shape: Shape, axis: Axis) -> None:
    if not _count_over(shape, axis):
        raise ShapeError(f"no {name} over axes {axis} of shape {shape}: there are no elements.")


def max(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Largest element over axes; ties share the gradient equally, NaN propagates.

    Raises: ShapeError if there are no elements to choose from.

    >>> import autotensor as at
    >>> x = at.tensor([1.0, 3.0, 3.0], requires_grad=True)
    >>> at.max(x).backward()
    >>> x.grad
    tensor([0. , 0.5, 0.5])
    """
    return _max(x, axis=normalise_axis(axis, len(_shape(x))), keepdims=bool(keepdims))


def min(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Smallest element over axes; ties share the gradient equally, NaN propagates.

    Raises: ShapeError if there are no elements to choose from.

    >>> import autotensor as at
    >>> at.min(at.tensor([[1.0, 2.0], [3.0, 0.0]]), axis=1)
    tensor([1., 0.])
    """
    return _min(x, axis=normalise_axis(axis, len(_shape(x))), keepdims=bool(keepdims))


def any(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Whether some element is nonzero over axes.

    >>> import autotensor as at
    >>> at.any(at.tensor([0.0, 2.0]))
    tensor(True)
    """
    return _any(x, axis=normalise_axis(axis, len(_shape(x))), keepdims=bool(keepdims))


def all(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Whether every element is nonzero over axes.

    >>> import autotensor as at
    >>> at.all(at.tensor([0.0, 2.0]))
    tensor(False)
    """
    return _all(x, axis=normalise_axis(axis, len(_shape(x))), keepdims=bool(keepdims))


def count_nonzero(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Number of nonzero elements over axes.

    >>> import autotensor as at
    >>> at.count_nonzero(at.tensor([0.0, 2.0, 3.0]))
    tensor(2)
    """
    return _count(x, axis=normalise_axis(axis, len(_shape(x))), keepdims=bool(keepdims))


def argmax(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Index of the first largest element over one axis; of the flattened tensor when `axis` is None.

    Raises: ShapeError if there are no elements to choose from.

    >>> import autotensor as at
    >>> at.argmax(at.tensor([[1.0, 5.0], [7.0, 2.0]]), axis=1)
    tensor([1, 0])
    """
    _check_elements("argmax", _shape(x), axis)
    return _argmax(x, axis=None if axis is None else single_axis(axis, len(_shape(x))), keepdims=bool(keepdims))


def argmin(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Index of the first smallest element over one axis; of the flattened tensor when `axis` is None.

    Raises: ShapeError if there are no elements to choose from.

    >>> import autotensor as at
    >>> at.argmin(at.tensor([[1.0, 5.0], [7.0, 2.0]]))
    tensor(0)
    """
    _check_elements("argmin", _shape(x), axis)
    return _argmin(x, axis=None if axis is None else single_axis(axis, len(_shape(x))), keepdims=bool(keepdims))
