"""The law of memory: a primitive changes nothing it was given, and a gradient shares memory with nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.primitive import Primitive
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.testing.subject import LawError, Subject, directions, leaf, subject, subsets


def nothing_is_shared(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> None:
    """Law 6: no operand, seed or value is mutated; a leaf's gradient is its own memory, writable, C-ordered, of its leaf's dtype.

    For every subset of the leaves recorded, once with a plain and once with a recorded sweep.
    """
    s = subject(primitive, operands, settings)
    if not primitive.differentiable:
        _never_recorded(s)
        return
    for recording in subsets(len(s.point)):
        for create_graph in (False, True):
            before = [np.copy(x) for x in s.operands]
            leaves = [leaf(x) if k in recording else Tensor(x) for k, x in enumerate(s.point)]
            y = s.record(leaves)
            (g,) = directions([y.data], salt=4)
            kept = [np.copy(y.data), np.copy(g)]
            y.backward(g, create_graph=create_graph)
            _unchanged(s, [*zip(s.operands, before, strict=True), (y.data, kept[0]), (g, kept[1])])
            _own(s, [leaves[k] for k in recording], [*(x for x in s.operands if isinstance(x, np.ndarray)), y.data, g])


def _never_recorded(s: Subject) -> None:
    before = [np.copy(x) for x in s.operands]
    y = s.record([leaf(x) for x in s.point])
    _unchanged(s, zip(s.operands, before, strict=True))
    if y.requires_grad:
        raise LawError(f"sharing: {s.primitive.name} is declared not differentiable, and its result is recorded, in {s}.")


def _unchanged(s: Subject, pairs: Any) -> None:
    for now, before in pairs:
        if not np.array_equal(now, before, equal_nan=np.asarray(now).dtype.kind in "fc"):
            raise LawError(f"mutation: {before.tolist()} became {np.asarray(now).tolist()}, in {s}.")


def _own(s: Subject, leaves: Sequence[Tensor], others: Sequence[Array]) -> None:
    taken = list(others)
    for x in leaves:
        if x.grad is None:
            raise LawError(f"sharing: the leaf of shape {x.shape} received no gradient, in {s}.")
        grad = x.grad.data
        complaints = {
            f"has shape {grad.shape}": grad.shape != x.shape,
            f"has dtype {grad.dtype}": grad.dtype != x.dtype,
            "is not an array": type(grad) is not np.ndarray,
            "is not writable": not grad.flags.writeable,
            f"is not C-ordered (strides {grad.strides})": not grad.flags.c_contiguous,
            "shares memory with a value, an operand, the seed or another gradient": any(
                np.shares_memory(grad, other) for other in taken
            ),
        }
        for complaint, holds in complaints.items():
            if holds:
                raise LawError(f"sharing: the gradient of a leaf of shape {x.shape}, {x.dtype} {complaint}, in {s}.")
        taken.append(grad)
