"""Writing by index without changing anything: `x.at[index].add(v)` is a new tensor, and gradients flow to both `x` and `v`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.core.primitive import registry
from autotensor.core.spec import Array, Shape, Spec
from autotensor.ops.arithmetic import maximum, minimum, multiply
from autotensor.ops.comparison import where
from autotensor.ops.conversion import astype, lift
from autotensor.ops.followed_index import moves
from autotensor.ops.followed_place import FollowedPlace
from autotensor.ops.indexing import BASIC, getitem, plain_index
from autotensor.ops.shaping import broadcast_to, reshape


class Writer:
    """What `x.at` gives: `x.at[index]` names a place, and its methods give copies of `x` that differ there.

    >>> import autotensor as at
    >>> x = at.tensor([1.0, 2.0, 3.0])
    >>> x.at[[0, 2]].set(9.0)
    tensor([9., 2., 9.])
    >>> x
    tensor([1., 2., 3.])
    """

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = lift(x)

    def __getitem__(self, index: Any) -> Place | FollowedPlace:
        parts = index if isinstance(index, tuple) else (index,)
        if any(map(moves, parts)):
            return FollowedPlace(self.x, parts)
        return Place(self.x, tuple(plain_index(part) for part in parts))


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """An index of a tensor, by NumPy's basic and advanced indexing. What is written takes the tensor's dtype."""

    x: Any
    index: tuple[Any, ...]

    def get(self) -> Any:
        """The elements there: x[index]."""
        return getitem(self.x, self.index)

    def set(self, values: Any, /) -> Any:
        """A copy of x with y[index] = values; of several values for one place the last is taken, and it has the gradient.

        Shapes: `values` broadcasts to x[index].
        Raises: IndexRangeError outside an axis; ShapeError if the values do not fit.

        >>> import autotensor as at
        >>> at.zeros((3,)).at[[0, 0, 2]].set(at.tensor([1.0, 2.0, 3.0]))
        tensor([2., 0., 3.])
        """
        return self._write(self._fitted(values))

    def add(self, values: Any, /) -> Any:
        """A copy of x with `values` added at index; values for the same place are summed.

        >>> import autotensor as at
        >>> at.zeros((3,)).at[[0, 0, 2]].add(at.tensor([1.0, 2.0, 3.0]))
        tensor([3., 0., 3.])
        """
        return self.x + ns.scatter(self._fitted(values), index=self.index, shape=tuple(self.x.shape))

    def subtract(self, values: Any, /) -> Any:
        """A copy of x with `values` subtracted at index; values for the same place are summed.

        >>> import autotensor as at
        >>> at.ones((2,)).at[0].subtract(3.0)
        tensor([-2.,  1.])
        """
        return self.x - ns.scatter(self._fitted(values), index=self.index, shape=tuple(self.x.shape))

    def multiply(self, values: Any, /) -> Any:
        """A copy of x multiplied by `values` at index, once for each value.

        >>> import autotensor as at
        >>> at.ones((2,)).at[[0, 0]].multiply(at.tensor([3.0, 5.0]))
        tensor([15.,  1.])
        """
        return self._one_after_another(multiply, values)

    def min(self, values: Any, /) -> Any:
        """A copy of x with the smaller of x and `values` at index; at a tie both have half the gradient.

        >>> import autotensor as at
        >>> at.ones((2,)).at[[0, 0]].min(at.tensor([3.0, -5.0]))
        tensor([-5.,  1.])
        """
        return self._one_after_another(minimum, values)

    def max(self, values: Any, /) -> Any:
        """A copy of x with the larger of x and `values` at index; at a tie both have half the gradient.

        >>> import autotensor as at
        >>> at.ones((2,)).at[[0, 0]].max(at.tensor([3.0, -5.0]))
        tensor([3., 1.])
        """
        return self._one_after_another(maximum, values)

    def apply(self, function: Callable[[Any], Any], /) -> Any:
        """A copy of x with `function` applied to x[index], once however often a place is named.

        >>> import autotensor as at
        >>> at.tensor([4.0, 9.0]).at[1].apply(at.sqrt)
        tensor([4., 3.])
        """
        return self._write(self._fitted(function(self.get())))

    def _fitted(self, values: Any) -> Any:
        """`values` in the dtype of x and the shape of x[index]."""
        spec = Spec(tuple(self.x.shape), self.x.dtype)
        wanted = registry["getitem"].shape(spec, index=self.index).shape
        values = lift(values)
        if values.dtype != self.x.dtype:
            values = astype(values, self.x.dtype)
        given = tuple(values.shape)
        extra = len(given) - len(wanted)
        if extra > 0 and set(given[:extra]) == {1}:  # as NumPy: leading axes of length one are no obstacle
            values = reshape(values, given[extra:])
        try:
            return values if tuple(values.shape) == wanted else broadcast_to(values, wanted)
        except ShapeError:
            raise ShapeError(
                f"values of shape {given} do not fit the place: x[index] has shape {wanted}, x has shape {tuple(self.x.shape)}."
            ) from None

    def _write(self, values: Any) -> Any:
        """A copy of x with y[index] = values, already fitted."""
        shape = tuple(self.x.shape)
        mask = np.zeros(shape, np.bool_)
        mask[self.index] = True
        if all(isinstance(part, BASIC) for part in self.index):
            return where(mask, ns.scatter(values, index=self.index, shape=shape), self.x)
        places = _places(self.index, shape)
        latest = np.empty(mask.size, np.intp)
        latest[places] = np.arange(places.size)  # NumPy assigns in order: the last stays
        chosen = latest[mask.reshape(-1)]
        return where(mask, _into(reshape(values, (-1,))[chosen], places[chosen], shape), self.x)

    def _one_after_another(self, operation: Callable[[Any, Any], Any], values: Any) -> Any:
        """The operation with each value in turn; in as many steps as the most wanted place has values."""
        values = self._fitted(values)
        if all(isinstance(part, BASIC) for part in self.index):
            return self._write(operation(self.get(), values))
        x, shape = self.x, tuple(self.x.shape)
        places = _places(self.index, shape)
        row = reshape(values, (-1,))
        for chosen in _rounds(places):
            index = np.unravel_index(places[chosen], shape)
            x = Place(x, tuple(index))._write(operation(getitem(x, index), row[chosen]))
        return x


def _places(index: tuple[Any, ...], shape: Shape) -> Array:
    """Which elements of a flattened tensor an index names, in order."""
    return np.asarray(np.arange(math.prod(shape)).reshape(shape)[index]).reshape(-1)


def _into(values: Any, places: Array, shape: Shape) -> Any:
    """Values at distinct places of a flattened tensor, 0 elsewhere, in `shape`."""
    if not shape:
        return reshape(values, ()) if places.size else lift(np.zeros((), values.dtype))
    return reshape(ns.scatter(values, index=(places,), shape=(math.prod(shape),)), shape)


def _rounds(places: Array) -> Iterator[Array]:
    """Positions in `places` such that no round names a place twice: first all first occurrences, then all second ones.

    >>> [r.tolist() for r in _rounds(np.array([5, 7, 5, 5]))]
    [[0, 1], [2], [3]]
    """
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if places.size else np.zeros(0, np.intp)
    counts = np.diff(np.r_[starts, places.size])
    rank = np.empty(places.size, np.intp)
    rank[order] = np.arange(places.size) - np.repeat(starts, counts)
    for r in range(int(rank.max(initial=-1)) + 1):
        yield np.flatnonzero(rank == r)
