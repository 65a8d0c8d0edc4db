"""Diagonals as the standard's linear algebra has them: of each matrix of a stack."""

from __future__ import annotations

from typing import Any

from autotensor.core.spec import DTypeLike
from autotensor.ops import diagonals
from autotensor.ops.conversion import lift
from autotensor.ops.matrices import matrix


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The elements y_i = x[i, i + offset] of each matrix: above the main diagonal for a positive offset.

    Shapes: (..., m, n) -> (..., k), where k = min(m, n) for offset 0.
    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.linalg.diagonal(at.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    x = lift(x)
    matrix(tuple(x.shape), "diagonal")
    return diagonals.diagonal(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> Any:
    """The sum of the diagonal of each matrix: y = sum_i x[i, i + offset].

    Shapes: (..., m, n) -> (...).
    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.linalg.trace(at.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    return diagonals.trace(x, offset=offset, dtype=dtype)
