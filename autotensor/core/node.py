"""The recorded graph: one node an operation, and one for each leaf that collects a gradient."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from autotensor.core.errors import BatchingError
from autotensor.core.lines import Line, users_line
from autotensor.core.recording import Scope, current, watching
from autotensor.core.spec import Spec

NOWHERE = Scope()
_next = itertools.count().__next__


class Watch:
    """Where a node leaves its gradient, and whom it tells; leaves have one, others after `retain_grad`."""

    __slots__ = ("grad", "hooks", "name", "retain")

    def __init__(self, name: str | None = None, retain: bool = True) -> None:
        self.grad: Any = None  # a Tensor of the node's shape and dtype
        self.hooks: dict[int, Callable[[Any], Any]] = {}
        self.name = name
        self.retain = retain


class Node:
    """An operation that was done: the primitive, where its operands came from, and the arrays its rules need.

    `parents` has one entry an operand: its node, or None for a constant. Backward clears `operands` and `value` as it passes and
    leaves the structure, so that a graph can still be drawn; `value` is then the (shape, dtype) of what was there.
    `order` grows with time: every node comes after its parents. `freed_at`, the line of that backward, is set under `at.debug()`.
    """

    __slots__ = ("__weakref__", "freed_at", "operands", "order", "parents", "primitive", "scope", "settings", "value", "watch")

    freed_at: Line | None

    def __init__(
        self,
        primitive: Any,
        parents: Sequence[Node | None],
        operands: Sequence[Any] | None,
        value: Any,
        settings: dict[str, Any],
        scope: Scope,
        watch: Watch | None = None,
    ) -> None:
        self.primitive = primitive
        self.parents = parents
        self.operands = operands
        self.value = value
        self.settings = settings
        self.scope = scope
        self.watch = watch
        self.order = _next()

    @property
    def is_leaf(self) -> bool:
        return self.primitive is None

    @property
    def freed(self) -> bool:
        """Whether backward has cleared the arrays that this node's rules need."""
        return self.operands is None and not self.is_leaf

    @property
    def spec(self) -> Spec:
        value = self.value
        return Spec(*value) if type(value) is tuple else Spec(value.shape, value.dtype)

    @property
    def label(self) -> str:
        """The operation with the module path, as errors and pictures name it."""
        name = (self.watch.name if self.watch else None) or "leaf" if self.is_leaf else self.primitive.name
        return f"{self.scope}: {name}" if self.scope.path else name

    def __repr__(self) -> str:
        return f"<{self.label} {self.spec.shape}>"


def leaf(array: Any, name: str | None = None) -> Node:
    """A node that collects the gradient of a Tensor made by hand: of the shape and dtype of `array`."""
    scope = Scope((), users_line()) if watching and current.watcher is not None else NOWHERE
    return Node(None, (), None, (array.shape, array.dtype), {}, scope, Watch(name))


def followed(node: Node | None) -> bool:
    """Whether a value depends on the examples of a vmap that is recording in this thread."""
    following = current.outer.following
    if node is None or following is None:
        return False
    inputs: set[Node] = set()
    while following is not None:
        inputs |= following.inputs
        following = following.outer
    nodes, seen = [node], {node}
    for one in nodes:  # grows while it is read
        if one in inputs:
            return True
        new = [parent for parent in one.parents if parent is not None and parent not in seen]
        seen.update(new)
        nodes.extend(new)
    return False


def stay(node: Node | None, what: str) -> None:
    """Refuse to give one example's number away while vmap records it for all.

    Raises: BatchingError if the value depends on the examples.
    """
    if node is not None and followed(node):
        where = f"{current.outer}: " if current.outer.path else ""
        origin = f"{'an input' if node.is_leaf else f'the result of {node.label}'}, of shape {node.spec.shape}"
        raise BatchingError(
            f"{where}{what} inside vmap of {origin}: it differs between the examples, and only the first one is at hand. "
            f"Use at.where(condition, a, b) instead of `if` or a mask, autotensor's functions instead of NumPy's, "
            f"or do it outside vmap."
        )
