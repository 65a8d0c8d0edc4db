"""Blocks: a run of elementwise operations on long vectors goes through them a stretch at a time.

An operation on vectors that no cache holds waits for memory, and so does the next one. In blocks what one operation has written
the next finds in the cache, and what the run alone reads has a place of one block's length.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autotensor.core.spec import SCALARS, Array
from autotensor.plan.forms import is_ufunc
from autotensor.plan.graph import Graph, Value

LEAST = 2**17  # elements from which on a run goes by blocks: on shorter vectors the calls cost what the cache saves
BLOCK = 2**15  # elements of a block: the handful of vectors of an update rule stay in the second cache


@dataclass(frozen=True, eq=False)
class Run:
    """Operations on vectors of one length, one after another, that are done block by block."""

    members: tuple[Value, ...]
    block: int

    @property
    def length(self) -> int:
        """Elements of the whole vectors."""
        return int(self.members[0].shape[0])


def runs(graph: Graph) -> list[Run]:
    """The runs of two operations or more; the graph stays as it is."""
    found: list[list[Value]] = [[]]
    for value in graph.values:
        if value.primitive is None and value.kind not in ("pack", "draw", "kernel"):  # an input, which is no statement
            continue
        if not _goes_by_blocks(value):
            found.append([])
            continue
        if found[-1] and found[-1][0].shape != value.shape:
            found.append([])
        found[-1].append(value)
    return [Run(tuple(members), BLOCK) for members in found if len(members) > 1]


def _goes_by_blocks(value: Value) -> bool:
    """Whether each element of a long vector depends on those in its place alone."""
    if len(value.shape) != 1 or value.shape[0] < LEAST or not is_ufunc(value.primitive):
        return False
    if any(x.dtype.kind == "c" for x in (value, *value.parents)):  # whose last bits may depend on where a vector begins
        return False
    return all(isinstance(x, SCALARS) or x.shape == () or (x.shape == value.shape and _is_whole(x)) for x in value.operands)


def _is_whole(x: Value) -> bool:
    """Whether a vector is an array of its own: of a view, another place may be written before it is read."""
    return x.primitive is None or is_ufunc(x.primitive)


@dataclass(frozen=True)
class Loop:
    """A run's source: its vectors by name, what is done with a block of each, and the name of their blocks.

    The blocks are made once with each instance; where a vector is known in a call only they have no name, and are made there.
    """

    run: Run
    vectors: list[str]
    body: list[str]
    name: str

    @property
    def source(self) -> str:
        """What the loop goes through."""
        return self.name or f"blocks({self.run.length}, {self.run.block}, {', '.join(self.vectors)})"

    def lines(self, used: Collection[str]) -> list[str]:
        """The text. A block is called as its vector is, unless other lines speak of that: those names are `used`."""
        body = "\n    ".join(self.body)
        taken = {*used, *re.findall(r"\w+", body)}
        inner = []
        for x in self.vectors:
            names = itertools.chain((f"{x}_block",), (f"{x}_block_{i}" for i in itertools.count(2)))
            block = next(name for name in names if name not in taken) if x in used else x
            body = re.sub(rf"\b{x}\b(?!=)", block, body)  # `out=` is no vector
            inner.append(block)
        return [f"for {', '.join(inner)}{',' if len(inner) == 1 else ''} in {self.source}:", *f"    {body}".split("\n")]

    def made(self, space: Mapping[str, Any]) -> list[tuple[Array, ...]]:
        """The blocks of the arrays that an instance has."""
        return list(blocks(self.run.length, self.run.block, *(space[x] for x in self.vectors))) if self.name else []


def blocks(length: int, block: int, *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Vectors, a stretch of each at a time; of what is only one block long, as much as the stretch has.

    >>> import numpy as np
    >>> [(x.tolist(), len(y)) for x, y in blocks(5, 2, np.arange(5), np.zeros(2))]
    [([0, 1], 2), ([2, 3], 2), ([4], 1)]
    """
    for start in range(0, length, block):
        stop = min(start + block, length)
        yield tuple([x[start:stop] if len(x) == length else x[: stop - start] for x in arrays])
