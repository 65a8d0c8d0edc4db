"""One tensor as several, and several as a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import single_axis
from autotensor.ops.conversion import apart, lift
from autotensor.ops.shaping import broadcast_to, reshape


def split(x: Any, indices_or_sections: int | Sequence[int], /, *, axis: int = 0) -> tuple[Any, ...]:
    """Parts along `axis`: so many of equal length, or cut before each of the given places.

    Raises: ShapeError if the axis has no such number of equal parts; `array_split` allows unequal ones.

    >>> import autotensor as at
    >>> at.split(at.tensor([1.0, 2.0, 3.0, 4.0]), [1, 3])
    (tensor([1.]), tensor([2., 3.]), tensor([4.]))
    """
    x = lift(x)
    place = single_axis(axis, len(x.shape))
    n = x.shape[place]
    if not isinstance(indices_or_sections, Sequence) and np.ndim(indices_or_sections) == 0:
        sections = int(indices_or_sections)
        if sections < 1 or n % sections:
            raise ShapeError(
                f"axis {place} of shape {tuple(x.shape)} cannot be cut into {sections} equal parts; array_split does it."
            )
    return array_split(x, indices_or_sections, axis=place)


def array_split(x: Any, indices_or_sections: int | Sequence[int], /, *, axis: int = 0) -> tuple[Any, ...]:
    """Parts along `axis`: so many, the first ones longer by one where it does not divide, or cut before each of the places.

    Raises: ArgumentError for fewer than one part.

    >>> import autotensor as at
    >>> at.array_split(at.tensor([1.0, 2.0, 3.0]), 2)
    (tensor([1., 2.]), tensor([3.]))
    """
    x = lift(x)
    place = single_axis(axis, len(x.shape))
    n = x.shape[place]
    if isinstance(indices_or_sections, Sequence) or np.ndim(indices_or_sections):
        cuts = [int(i) for i in indices_or_sections]  # type: ignore[union-attr]
    else:
        sections = int(indices_or_sections)
        if sections < 1:
            raise ArgumentError(f"a tensor is split into at least one part, got {sections}.")
        short, longer = divmod(n, sections)
        cuts = [i * short + min(i, longer) for i in range(1, sections)]
    lead = (slice(None),) * place
    return tuple(x[(*lead, slice(start, stop))] for start, stop in zip([0, *cuts], [*cuts, n], strict=True))


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices along `axis`, which they no longer have.

    Raises: ShapeError for a 0-dimensional tensor.

    >>> import autotensor as at
    >>> at.unstack(at.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    (tensor([1., 3.]), tensor([2., 4.]))
    """
    x = lift(x)
    if not x.shape:
        raise ShapeError("unstack needs at least one axis, got a 0-dimensional tensor.")
    place = single_axis(axis, len(x.shape))
    return tuple(x[(*(slice(None),) * place, i)] for i in range(x.shape[place]))


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """The coordinates of a grid, one tensor for each axis; with indexing "xy" the first two axes are exchanged.

    Raises: ShapeError unless each tensor has at most one axis; ArgumentError for another indexing.

    >>> import autotensor as at
    >>> x, y = at.meshgrid(at.tensor([1.0, 2.0, 3.0]), at.tensor([5.0, 6.0]))
    >>> x.shape, y[:, 0]
    ((2, 3), tensor([5., 6.]))
    """
    if indexing not in {"xy", "ij"}:
        raise ArgumentError(f'meshgrid takes indexing "xy" or "ij", got {indexing!r}.')
    rows = [lift(x) for x in arrays]
    for x in rows:
        if len(x.shape) > 1:
            raise ShapeError(f"meshgrid takes tensors of one axis, got shape {tuple(x.shape)}.")
    rows = [reshape(x, (-1,)) for x in rows]
    order = list(range(len(rows)))
    if indexing == "xy" and len(rows) > 1:
        order[:2] = [1, 0]
    shape = tuple(rows[k].shape[0] for k in order)
    spread = [broadcast_to(reshape(x, tuple(-1 if k == i else 1 for k in order)), shape) for i, x in enumerate(rows)]
    return tuple(map(apart, spread))  # as NumPy's: each may be written to
