"""Triangles and diagonals of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.spec import DTypeLike, single_axis
from autotensor.ops.comparison import where
from autotensor.ops.conversion import astype, lift
from autotensor.ops.indexing import getitem
from autotensor.ops.joining import concat
from autotensor.ops.reduction import sum
from autotensor.ops.shaping import moveaxis, reshape


def tril(x: Any, /, *, k: int = 0) -> Any:
    """The lower triangle: y_ij = x_ij where j - i <= k, 0 elsewhere; leading axes are carried along.

    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.tril(at.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 0.],
            [3., 4.]])
    """
    x = _matrix("tril", x)
    rows, columns = x.shape[-2:]
    return where(np.tri(rows, columns, k, dtype=np.bool_), x, x.dtype.type(0))


def triu(x: Any, /, *, k: int = 0) -> Any:
    """The upper triangle: y_ij = x_ij where j - i >= k, 0 elsewhere; leading axes are carried along.

    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.triu(at.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 2.],
            [0., 4.]])
    """
    x = _matrix("triu", x)
    rows, columns = x.shape[-2:]
    return where(np.tri(rows, columns, k - 1, dtype=np.bool_), x.dtype.type(0), x)


def diagonal(x: Any, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements y_i = x[i, i + offset] over two axes, as a new last axis: above the main diagonal for a positive offset.

    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.diagonal(at.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    x = _matrix("diagonal", x)
    ndim = len(x.shape)
    x = moveaxis(x, (single_axis(axis1, ndim), single_axis(axis2, ndim)), (-2, -1))
    rows, columns = _along_diagonal(x.shape[-2], x.shape[-1], offset)
    return getitem(x, (..., rows, columns))


def diag(x: Any, /, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix that has a vector as its k-th diagonal and 0 elsewhere.

    Raises: ShapeError unless there are one or two axes.

    >>> import autotensor as at
    >>> at.diag(at.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    x = lift(x)
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        raise ShapeError(f"diag takes a vector or a matrix, got shape {tuple(x.shape)}.")
    n = x.shape[0] + (k if k >= 0 else -k)
    places = np.full((n, n), x.shape[0])  # an element of x, or the 0 behind them
    places[_along_diagonal(n, n, k)] = np.arange(x.shape[0])
    return concat([x, np.zeros(1, x.dtype)])[places] if n else reshape(x, (0, 0))


def trace(x: Any, /, *, offset: int = 0, axis1: int = -2, axis2: int = -1, dtype: DTypeLike | None = None) -> Any:
    """The sum of a diagonal over two axes: y = sum_i x[i, i + offset].

    Raises: ShapeError below two axes.

    >>> import autotensor as at
    >>> at.trace(at.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    y = diagonal(x, offset, axis1, axis2)
    return sum(y if dtype is None else astype(y, dtype), axis=-1)


def _matrix(name: str, x: Any) -> Any:
    x = lift(x)
    if len(x.shape) < 2:
        raise ShapeError(f"{name} needs at least two axes, got shape {tuple(x.shape)}.")
    return x


def _along_diagonal(rows: int, columns: int, offset: int) -> tuple[Any, Any]:
    """The indices of a diagonal's elements."""
    down, right = max(-offset, 0), max(offset, 0)
    steps = np.arange(max(min(rows - down, columns - right), 0))
    return down + steps, right + steps
