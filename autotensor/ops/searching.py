"""What there is and where: places that are not zero, distinct elements, membership; only the last has a shape known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Primitive
from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.ops.conversion import lift
from autotensor.ops.shaping import reshape


class Isin(Primitive):
    """Whether each element of the first is among those of the second, or, inverted, is not; not differentiable."""

    differentiable = False
    examples = ((((2, 3), (4,)), {"invert": False}), (((), (2, 2)), {"invert": True}), (((3,), (0,)), {"invert": False}))

    def value(self, x: Any, elements: Any, *, invert: bool) -> Any:
        return np.asarray(np.isin(x, elements, invert=invert))

    def shape(self, x: Spec, elements: Spec, *, invert: bool) -> Spec:  # type: ignore[override]
        return Spec(tuple(x.shape), np.dtype(np.bool_))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        if batched[1]:
            return super().batch(ns, operands, batched, settings)
        return ns.isin(*operands, **settings)


_isin = Isin()


class UniqueAll(NamedTuple):
    """What `unique_all` gives."""

    values: Any  # (m,), in order
    indices: Any  # (m,), where each stands first in the flattened tensor
    inverse_indices: Any  # the shape of x, with values[inverse_indices] == x
    counts: Any  # (m,)


class UniqueCounts(NamedTuple):
    """What `unique_counts` gives."""

    values: Any  # (m,), in order
    counts: Any  # (m,)


class UniqueInverse(NamedTuple):
    """What `unique_inverse` gives."""

    values: Any  # (m,), in order
    inverse_indices: Any  # the shape of x, with values[inverse_indices] == x


def _numbers(x: Any, what: str) -> Array:
    """The array behind a tensor; a symbolic value refuses, and its error names `where`."""
    if hasattr(x, "interpret"):
        x._no_number(f"{what}, how many depends on the numbers,")
    return x.numpy()


def nonzero(x: Any, /) -> tuple[Any, ...]:
    """The indices of the nonzero elements, one tensor for each axis, in row-major order.

    Raises: ShapeError for a 0-dimensional tensor; an error that names `where` while shapes alone are known.

    >>> import autotensor as at
    >>> at.nonzero(at.tensor([[0.0, 3.0], [4.0, 0.0]]))
    (tensor([0, 1]), tensor([1, 0]))
    """
    numbers = _numbers(lift(x), "the places of what is not zero")
    if not numbers.ndim:
        raise ShapeError("nonzero needs at least one axis, got a 0-dimensional tensor.")
    return tuple(Tensor(places) for places in np.nonzero(numbers))


def unique_all(x: Any, /) -> UniqueAll:
    """The distinct elements in order, where each stands first, which one each element is, and how many there are of each.

    NaN is unequal to itself, so each stands for itself. The values keep the gradient of the elements that stand first.

    >>> import autotensor as at
    >>> at.unique_all(at.tensor([3, 1, 3])).counts
    tensor([1, 2])
    """
    x = lift(x)
    _, places, inverse, counts = np.unique(
        _numbers(x, "the distinct elements"), return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    row = reshape(x, (-1,))
    return UniqueAll(row[places], Tensor(places), Tensor(np.reshape(inverse, tuple(x.shape))), Tensor(counts))


def unique_counts(x: Any, /) -> UniqueCounts:
    """The distinct elements in order, and how many there are of each.

    >>> import autotensor as at
    >>> at.unique_counts(at.tensor([3, 1, 3]))
    UniqueCounts(values=tensor([1, 3]), counts=tensor([1, 2]))
    """
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The distinct elements in order, and which of them each element is.

    >>> import autotensor as at
    >>> at.unique_inverse(at.tensor([3, 1, 3]))
    UniqueInverse(values=tensor([1, 3]), inverse_indices=tensor([1, 0, 1]))
    """
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> Any:
    """The distinct elements in order.

    >>> import autotensor as at
    >>> at.unique_values(at.tensor([3, 1, 3]))
    tensor([1, 3])
    """
    return unique_all(x).values


def isin(x: Any, elements: Any, /, *, invert: bool = False) -> Any:
    """Whether each element of `x` is among `elements`, or, with `invert`, is not; never recorded.

    >>> import autotensor as at
    >>> at.isin(at.tensor([1, 2, 3]), at.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    return _isin(lift(x), lift(elements), invert=bool(invert))
