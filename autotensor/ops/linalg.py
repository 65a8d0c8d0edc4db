"""Products of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Spec, broadcast_shapes
from autotensor.ops.conversion import lift
from autotensor.ops.shaping import reshape


def _swap(ns: Namespace, x: Any) -> Any:
    """The last two axes exchanged."""
    ndim = len(x.shape)
    return ns.permute(x, axes=(*range(ndim - 2), ndim - 1, ndim - 2))


class Matmul(Multilinear):
    """Matrix product over the last two axes, leading axes broadcast: y = a @ b; da = g @ b.T, db = a.T @ g."""

    analytic = True
    examples = (
        (((2, 3), (3, 4)), {}),
        (((5, 2, 3), (3, 2)), {}),
        (((2, 1, 2, 3), (4, 3, 2)), {}),
        (((0, 3), (3, 2)), {}),
        (((2, 0), (0, 3)), {}),
    )
    transposes = (lambda ns, g, a, b: ns.matmul(g, _swap(ns, b)), lambda ns, g, a, b: ns.matmul(_swap(ns, a), g))

    def value(self, a: Any, b: Any) -> Any:
        return np.matmul(a, b)

    def shape(self, a: Spec, b: Spec) -> Spec:  # type: ignore[override]
        if a.shape[-1] != b.shape[-2]:
            raise ShapeError(
                f"{a.shape} @ {b.shape} does not fit: the left has {a.shape[-1]} columns, the right {b.shape[-2]} rows."
            )
        lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return Spec((*lead, a.shape[-2], b.shape[-1]), np.result_type(a.dtype, b.dtype))


class Linear(Multilinear):
    """Product with a transposed weight: y = x @ W.T, for x (..., n_in) and W (n_out, n_in); dx = g @ W, dW = g.T @ x."""

    analytic = True
    examples = ((((2, 3), (4, 3)), {}), (((3,), (4, 3)), {}), (((2, 2, 3), (1, 3)), {}), (((0, 3), (2, 3)), {}))
    transposes = (
        lambda ns, g, x, w: ns.matmul(g, w) if len(x.shape) > 1 else ns.reshape(ns.matmul(_rows(ns, g), w), shape=tuple(x.shape)),
        lambda ns, g, x, w: ns.matmul(_swap(ns, _rows(ns, g)), _rows(ns, x)),
    )

    def value(self, x: Any, w: Any) -> Any:
        return np.matmul(x, w.T)

    def shape(self, x: Spec, w: Spec) -> Spec:  # type: ignore[override]
        if not x.shape or x.shape[-1] != w.shape[-1]:
            raise ShapeError(f"inputs of shape (..., {w.shape[-1]}) expected for a weight {w.shape}, got {x.shape}.")
        return Spec((*x.shape[:-1], w.shape[0]), np.result_type(x.dtype, w.dtype))


def _rows(ns: Namespace, x: Any) -> Any:
    """All leading axes as one: a matrix of rows."""
    if len(x.shape) == 2:
        return x
    rows = 1
    for n in x.shape[:-1]:
        rows *= n
    return ns.reshape(x, shape=(rows, x.shape[-1]))


_matmul = Matmul()
linear = Linear()


def matmul(a: Any, b: Any, /) -> Any:
    """Matrix product, y = a @ b: over the last two axes, leading axes broadcast; a 1-dimensional operand is a row or a column.

    Raises: ShapeError if the inner sizes differ or an operand is 0-dimensional.

    >>> import autotensor as at
    >>> at.matmul(at.tensor([[1.0, 2.0]]), at.tensor([3.0, 4.0]))
    tensor([11.])
    """
    a, b = lift(a), lift(b)
    if not a.shape or not b.shape:
        raise ShapeError(
            f"matmul needs at least one axis each, got shapes {tuple(a.shape)} and {tuple(b.shape)}; use * for scalars."
        )
    row, column = len(a.shape) == 1, len(b.shape) == 1
    if not row and not column:
        return _matmul(a, b)
    y = _matmul(reshape(a, (1, *a.shape)) if row else a, reshape(b, (*b.shape, 1)) if column else b)
    shape = tuple(y.shape)
    return reshape(y, shape[:-2] + (() if row else shape[-2:-1]) + (() if column else shape[-1:]))
