"""x.at[i] inside `vmap` where i differs between the examples: `where`, with a mask that is computed from the index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autotensor.core.namespace import recorded
from autotensor.ops.arithmetic import add, maximum, minimum, multiply, subtract
from autotensor.ops.comparison import equal, less, logical_and, where
from autotensor.ops.conversion import astype, lift
from autotensor.ops.followed_index import at_followed, parted
from autotensor.ops.shaping import broadcast_to, expand_dims, reshape


@dataclass(frozen=True, slots=True, eq=False)
class FollowedPlace:
    """An index with integer Tensors in it that vmap follows; several places that one array names are written in turn.

    The methods are those of `writing.Place`.
    """

    x: Any
    parts: tuple[Any, ...]

    def get(self) -> Any:
        """The elements there: x[index]."""
        return at_followed(self.x, self.parts)

    def set(self, values: Any, /) -> Any:
        """A copy of x with y[index] = values."""
        # what was there is read all the same: that looks whether the index of each example fits
        return self._in_turn(lambda old, new: where(np.False_, old, new), values)

    def add(self, values: Any, /) -> Any:
        """A copy of x with `values` added at index."""
        return self._in_turn(add, values)

    def subtract(self, values: Any, /) -> Any:
        """A copy of x with `values` subtracted at index."""
        return self._in_turn(subtract, values)

    def multiply(self, values: Any, /) -> Any:
        """A copy of x multiplied by `values` at index."""
        return self._in_turn(multiply, values)

    def min(self, values: Any, /) -> Any:
        """A copy of x with the smaller of x and `values` at index."""
        return self._in_turn(minimum, values)

    def max(self, values: Any, /) -> Any:
        """A copy of x with the larger of x and `values` at index."""
        return self._in_turn(maximum, values)

    def apply(self, function: Callable[[Any], Any], /) -> Any:
        """A copy of x with `function` applied to x[index]."""
        return self.set(function(self.get()))

    def _in_turn(self, operation: Callable[[Any, Any], Any], values: Any) -> Any:
        """The operation at one place after another."""
        values = lift(values)
        values = broadcast_to(values if values.dtype == self.x.dtype else astype(values, self.x.dtype), tuple(self.get().shape))
        _, axes = parted(self.x, self.parts)
        axis, index = axes[0]
        x = self.x
        for m in np.ndindex(tuple(index.shape)):  # without axes: once
            parts = tuple(part[m] if part is index and m else part for part in self.parts)
            x = _changed(x, parts, operation, values[(*(slice(None),) * axis, *m)] if m else values)
        return x


def _changed(x: Any, parts: Sequence[Any], operation: Callable[[Any, Any], Any], value: Any) -> Any:
    """A copy of x with the operation's result at one place."""
    whole, axes = parted(x, parts)
    region = recorded.getitem(x, index=whole)
    new = operation(at_followed(x, parts), value)
    here: Any = np.True_
    for axis, index in axes:
        n = region.shape[axis]
        new = expand_dims(new, axis=axis)
        row = equal(np.arange(n), where(less(index, 0), index + n, index))
        here = logical_and(here, reshape(row, (n, *(1,) * (len(region.shape) - axis - 1))))
    y = where(here, new, region)
    mask = np.zeros(tuple(x.shape), np.bool_)
    mask[whole] = True
    return y if mask.all() and y.shape == x.shape else where(mask, recorded.scatter(y, index=whole, shape=tuple(x.shape)), x)
