"""What batching rules share: operands of which some hold many examples, one after another along axis 0.

A batching rule is what `vmap` asks of a primitive, `batch(ns, operands, batched, settings)`: `batched` says of each operand
whether axis 0 runs over the examples, the settings are those for one example, and the result has the examples along axis 0 again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autotensor.core.namespace import Namespace


def count(operands: Sequence[Any], batched: Sequence[bool]) -> int:
    """How many examples there are."""
    return next(x.shape[0] for x, many in zip(operands, batched, strict=True) if many)


def aligned(ns: Namespace, operands: Sequence[Any], batched: Sequence[bool]) -> Sequence[Any]:
    """The operands so that they broadcast as one example's do: ones are put in after the batch axis.

    >>> import numpy as np
    >>> from autotensor.core.namespace import plain
    >>> [x.shape for x in aligned(plain, [np.zeros(5), np.zeros((2, 3))], [True, False])]
    [(5, 1, 1), (2, 3)]
    """
    if len(operands) == 1:
        return operands
    rank = max([getattr(x, "ndim", 0) - many for x, many in zip(operands, batched, strict=True)])
    return [
        ns.reshape(x, shape=(x.shape[0], *(1,) * (rank - x.ndim + 1), *x.shape[1:])) if many and x.ndim <= rank else x
        for x, many in zip(operands, batched, strict=True)
    ]


def spread(ns: Namespace, operands: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """The operands with all of them batched: those that are not are repeated, without a copy."""
    size = count(operands, batched)
    return [x if many else ns.expand(x, shape=(size, *x.shape)) for x, many in zip(operands, batched, strict=True)]


def one_by_one(
    apply: Callable[..., Any], ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]
) -> Any:
    """`apply` to each example in turn, the results joined: the rule of a primitive that states none."""
    rows = []
    for k in range(count(operands, batched)):
        y = apply(*(ns.getitem(x, index=(k, ...)) if many else x for x, many in zip(operands, batched, strict=True)), **settings)
        rows.append(ns.reshape(y, shape=(1, *y.shape)))
    return ns.concatenate(*rows, axis=0)
