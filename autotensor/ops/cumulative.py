"""Running sums and products, and the differences that undo the sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import DTypeLike, Spec, single_axis
from autotensor.ops.arithmetic import multiply, subtract
from autotensor.ops.comparison import not_equal
from autotensor.ops.conversion import astype, lift
from autotensor.ops.joining import concat
from autotensor.ops.shaping import broadcast_to, moveaxis


def _reversed(ns: Namespace, x: Any, axis: int) -> Any:
    return ns.getitem(x, index=(*(slice(None),) * axis, slice(None, None, -1)))


class CumulativeSum(Multilinear):
    """Running sum along an axis: y_k = x_1 + ... + x_k; the cotangent is summed from the other end."""

    analytic = True
    examples = ((((3, 4),), {"axis": 1}), (((2, 3, 2),), {"axis": 0}), (((0,),), {"axis": 0}))
    transposes = (lambda ns, g, x, axis: _reversed(ns, ns.cumulative_sum(_reversed(ns, g, axis), axis=axis), axis),)

    def value(self, x: Any, *, axis: int) -> Any:
        return np.cumsum(x, axis=axis)

    def shape(self, x: Spec, *, axis: int) -> Spec:  # type: ignore[override]
        return Spec(tuple(x.shape), np.cumsum(np.empty((0,), x.dtype)).dtype)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.cumulative_sum(operands[0], axis=settings["axis"] + 1)


_cumulative_sum = CumulativeSum()


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False) -> Any:
    """Running sum along `axis`: y_k = x_1 + ... + x_k; with `include_initial` a 0 comes first.

    Raises: ArgumentError if `axis` is omitted and there is more than one.

    >>> import autotensor as at
    >>> at.cumulative_sum(at.tensor([1.0, 2.0, 3.0]))
    tensor([1., 3., 6.])
    """
    x, place = _prepared("cumulative_sum", x, axis, dtype)
    y = _cumulative_sum(x, axis=place)
    y = y if dtype is None else astype(y, dtype, copy=False)  # NumPy adds up small integers in large ones
    return _with_initial(y, place, 0, wanted=include_initial)


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False) -> Any:
    """Running product along `axis`: y_k = x_1 x_2 ... x_k; with `include_initial` a 1 comes first.

    In log2(n) multiplications by what stands 1, 2, 4, ... places before: nothing is divided, so that the gradient is exact with
    zeros too.
    Raises: ArgumentError if `axis` is omitted and there is more than one.
    Source: Hillis and Steele 1986, "Data parallel algorithms".

    >>> import autotensor as at
    >>> x = at.tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> at.cumulative_prod(x)[-1].backward()
    >>> x.grad
    tensor([0., 6., 0.])
    """
    x, place = _prepared("cumulative_prod", x, axis, dtype)
    if dtype is None and x.dtype.kind in "biu":
        x = astype(x, np.cumprod(np.empty((0,), x.dtype)).dtype)
    rows = moveaxis(x, place, 0)
    n, reach = rows.shape[0], 1
    while reach < n:
        rows = concat([rows[:reach], multiply(rows[reach:], rows[:-reach])])
        reach *= 2
    return _with_initial(moveaxis(rows, 0, place), place, 1, wanted=include_initial)


def _prepared(name: str, x: Any, axis: int | None, dtype: DTypeLike | None) -> tuple[Any, int]:
    x = lift(x)
    if axis is None and len(x.shape) != 1:
        raise ArgumentError(f"{name} needs an axis for a tensor of shape {tuple(x.shape)}; reshape(x, (-1,)) flattens it.")
    return x if dtype is None else astype(x, dtype), single_axis(0 if axis is None else axis, len(x.shape))


def _with_initial(y: Any, axis: int, first: int, *, wanted: bool) -> Any:
    if not wanted:
        return y
    return concat([np.full((*y.shape[:axis], 1, *y.shape[axis + 1 :]), first, y.dtype), y], axis=axis)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along `axis`, n times over: y_k = x_(k+1) - x_k; of booleans, whether they differ.

    Shapes: as `x`, but n shorter along `axis`; `prepend` and `append` are joined on before, a scalar as one element.
    Raises: ArgumentError if n is negative; ShapeError for a 0-dimensional tensor.

    >>> import autotensor as at
    >>> at.diff(at.tensor([1.0, 4.0, 9.0]))
    tensor([3., 5.])
    """
    x = lift(x)
    if n < 0:
        raise ArgumentError(f"diff is taken n >= 0 times, got n={n}.")
    if not x.shape:
        raise ShapeError("diff needs at least one axis, got a 0-dimensional tensor.")
    place = single_axis(axis, len(x.shape))
    if n and (prepend is not None or append is not None):
        x = concat([_beside(x, prepend, place), x, _beside(x, append, place)], axis=place)
    lead = (slice(None),) * place
    for _ in range(n):
        later, earlier = x[(*lead, slice(1, None))], x[(*lead, slice(None, -1))]
        x = not_equal(later, earlier) if x.dtype.kind == "b" else subtract(later, earlier)
    return x


def _beside(x: Any, end: Any, axis: int) -> Any:
    """What is joined on at one end."""
    shape = (*x.shape[:axis], 0 if end is None else 1, *x.shape[axis + 1 :])
    if end is None:
        return np.zeros(shape, x.dtype)
    end = lift(end)
    return end if end.shape else broadcast_to(end, shape)
