"""Elements of rows by an index for each row, and the sum that is its transpose; sorting is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import DTypeError, IndexRangeError, ShapeError
from autotensor.core.examples import spread
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Spec, broadcast_shapes, single_axis
from autotensor.ops.conversion import lift
from autotensor.ops.shaping import broadcast_to, moveaxis


class Gather(Multilinear):
    """Elements of each row by that row's labels: y[i, j] = x[i, label[i, j]], over the last axis."""

    rowwise = True
    analytic = True
    kinds = ("float", "label")
    examples = ((((3, 4), (3, 2)), {}), (((2, 3, 2), (2, 3, 5)), {}), (((5,), (5,)), {}), (((3,), (0,)), {}))
    transposes = (lambda ns, g, x, label: ns.ungather(g, label, classes=x.shape[-1]), None)

    def value(self, x: Any, label: Any) -> Any:
        try:
            return np.take_along_axis(x, label, axis=-1)
        except IndexError as reason:
            raise IndexRangeError(f"indices do not fit the axis they go along, of length {x.shape[-1]}: {reason}.") from None

    def shape(self, x: Spec, label: Spec) -> Spec:  # type: ignore[override]
        return Spec(tuple(label.shape), x.dtype)

    def jvp(self, ns: Any, tangents: Any, y: Any, x: Any, label: Any) -> Any:
        return None if tangents[0] is None else ns.gather(tangents[0], label)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.gather(*spread(ns, operands, batched))


class Ungather(Multilinear):
    """Sums in each row by that row's labels: y = 0; y[i, label[i, j]] += x[i, j]. The transpose of `gather`."""

    rowwise = True
    analytic = True
    kinds = ("float", "label")
    examples = ((((3, 2), (3, 2)), {"classes": 4}), (((4,), (4,)), {"classes": 2}), (((2, 0), (2, 0)), {"classes": 3}))
    transposes = (lambda ns, g, x, label, classes: ns.gather(g, label), None)

    def value(self, x: Any, label: Any, *, classes: int) -> Any:
        y = np.zeros((*label.shape[:-1], classes), x.dtype)
        rows = np.arange(y.size // classes if classes else 0).reshape(*label.shape[:-1], 1) * classes
        np.add.at(y.reshape(-1), (rows + label % classes).reshape(-1) if label.size else np.zeros(0, np.intp), x.reshape(-1))
        return y

    def shape(self, x: Spec, label: Spec, *, classes: int) -> Spec:  # type: ignore[override]
        return Spec((*label.shape[:-1], classes), x.dtype)

    def jvp(self, ns: Any, tangents: Any, y: Any, x: Any, label: Any, *, classes: int) -> Any:
        return None if tangents[0] is None else ns.ungather(tangents[0], label, classes=classes)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.ungather(*spread(ns, operands, batched), **settings)


_gather, _ungather = Gather(), Ungather()


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """Elements of each row along `axis` by that row's indices: y[i, j] = x[i, indices[i, j]] for the last axis.

    Shapes: `indices` has as many axes as `x`; the others broadcast.
    Raises: DTypeError unless the indices are ints; ShapeError if the axes do not fit; IndexRangeError outside the axis.

    >>> import autotensor as at
    >>> at.take_along_axis(at.tensor([[1.0, 2.0], [3.0, 4.0]]), at.tensor([[1], [0]]))
    tensor([[2.],
            [3.]])
    """
    x, indices = lift(x), lift(indices)
    place = single_axis(axis, len(x.shape))
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"take_along_axis needs integer indices, got dtype {indices.dtype}.")
    if len(indices.shape) != len(x.shape):
        raise ShapeError(
            f"take_along_axis needs indices with as many axes as the tensor, got {tuple(indices.shape)} for {tuple(x.shape)}; "
            f"expand_dims adds one."
        )
    rows, labels = moveaxis(x, place, -1), moveaxis(indices, place, -1)
    try:
        lead = broadcast_shapes(tuple(rows.shape[:-1]), tuple(labels.shape[:-1]))
    except ShapeError:
        raise ShapeError(
            f"take_along_axis: shapes {tuple(x.shape)} and {tuple(indices.shape)} do not broadcast beside axis {place}."
        ) from None
    rows, labels = broadcast_to(rows, (*lead, rows.shape[-1])), broadcast_to(labels, (*lead, labels.shape[-1]))
    return moveaxis(_gather(rows, labels), -1, place)
