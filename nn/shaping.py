"""Modules without parameters that pass numbers on, as they are or under another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autotensor import ops
from autotensor.core.errors import ShapeError
from autotensor.core.spec import single_axis
from autotensor.nn.functional.checks import here
from autotensor.nn.module import Module
from autotensor.ops.conversion import lift


class Identity(Module):
    """y = x; arguments are accepted and mean nothing, so that it can stand in for any other module.

    >>> import autotensor as at
    >>> Identity(54, unused=True)(at.tensor([1.0]))
    tensor([1.])
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def forward(self, x: Any) -> Any:
        return x


class Flatten(Module):
    """The axes from start_dim to end_dim as one; by default all but the first.

    >>> import autotensor as at
    >>> Flatten()(at.zeros((5, 28, 28))).shape
    (5, 784)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Any) -> Any:
        x = lift(x)
        shape = tuple(x.shape) or (1,)
        first, last = single_axis(self.start_dim, len(shape)), single_axis(self.end_dim, len(shape))
        if first > last:
            raise ShapeError(here(f"Flatten: start_dim {self.start_dim} comes after end_dim {self.end_dim} in shape {shape}."))
        return ops.reshape(x, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One axis as several: the reverse of Flatten; one entry of the sizes may be -1.

    Raises: ShapeError if the axis does not have as many elements.

    >>> import autotensor as at
    >>> Unflatten(1, (28, -1))(at.zeros((5, 784))).shape
    (5, 28, 28)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, x: Any) -> Any:
        x = lift(x)
        axis = single_axis(self.dim, len(x.shape))
        sizes, length = self.unflattened_size, x.shape[axis]
        known = math.prod(n for n in sizes if n != -1)
        fits = known == length if -1 not in sizes else sizes.count(-1) == 1 and known and length % known == 0
        if not fits:
            raise ShapeError(here(f"Unflatten: axis {axis} of shape {tuple(x.shape)} does not divide into {sizes}."))
        full = (length // known if n == -1 else n for n in sizes)
        return ops.reshape(x, (*x.shape[:axis], *full, *x.shape[axis + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
