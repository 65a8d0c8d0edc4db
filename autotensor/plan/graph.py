"""The graph that is compiled: one value an operation, in the order in which they were traced.

A Value knows its shape and dtype and how it comes about, and no numbers. Passes take a graph and give a graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from autotensor.core.spec import SCALARS, DType, Shape, Spec


class Value:
    """One value of a graph: an operation's result, or what comes from outside (`primitive` None, `kind` says from where).

    Kinds of what comes from outside: "argument" is given at each call, "captured" read from a Tensor at each call, "constant" an
    array that stays, "state" a buffer of the plan's own that calls change, "scalar" a number given at each step, "draw" random
    numbers drawn at each call. `source` is the Tensor, array or function behind it.
    """

    __slots__ = ("kind", "name", "operands", "path", "primitive", "settings", "source", "spec")

    def __init__(
        self,
        spec: Spec,
        kind: str,
        *,
        primitive: Any = None,
        operands: Sequence[Any] = (),
        settings: dict[str, Any] | None = None,
        source: Any = None,
        path: tuple[str, ...] = (),
        name: str = "",
    ) -> None:
        self.spec = spec
        self.kind = kind
        self.primitive = primitive
        self.operands = tuple(operands)  # Values and Python scalars
        self.settings = settings or {}
        self.source = source
        self.path = path  # the modules that were being called
        self.name = name

    @property
    def shape(self) -> Shape:
        return self.spec.shape

    @property
    def dtype(self) -> DType:
        return self.spec.dtype

    @property
    def parents(self) -> Iterator[Value]:
        """The operands that are Values."""
        return (x for x in self.operands if not isinstance(x, SCALARS))

    def __repr__(self) -> str:
        what = self.kind if self.primitive is None else self.primitive.name
        return f"<{what} {self.name}{self.spec.shape} {self.spec.dtype}>"


@dataclass
class Graph:
    """Values in an order in which each comes after its operands, what is asked of them, and the state they leave behind."""

    values: list[Value]
    outputs: list[Value]
    updates: dict[Value, Value] = field(default_factory=dict)  # state -> its value after the call

    @property
    def wanted(self) -> list[Value]:
        """What must be computed: outputs and new state."""
        return [*self.outputs, *self.updates.values()]

    def replaced(self, new: dict[Value, Value], values: list[Value]) -> Graph:
        """The graph of `values`, with others in the places of those that `new` names."""
        return Graph(
            values, [new.get(y, y) for y in self.outputs], {new.get(s, s): new.get(y, y) for s, y in self.updates.items()}
        )
