"""Dropout as a module."""

from __future__ import annotations

from typing import Any

from autotensor.core.errors import ArgumentError
from autotensor.nn.functional import affine
from autotensor.nn.module import Module


class Dropout(Module):
    """While training each element 0 with probability p, else divided by 1 - p; otherwise the input itself.

    Raises: ArgumentError unless 0 <= p <= 1. `inplace` is only written: results are new arrays.

    >>> import autotensor as at
    >>> Dropout(0.9).eval()(at.tensor([1.0]))
    tensor([1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ArgumentError(f"Dropout needs a probability p between 0 and 1, got {p}.")
        self.p = p
        self.inplace = inplace

    def forward(self, x: Any) -> Any:
        return affine.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
