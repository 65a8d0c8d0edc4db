"""What one example's graph does, for all examples: each recorded operation once more, by its primitive's batching rule."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, AutotensorError, GraphFreedError, InPlaceError
from autotensor.core.namespace import Namespace, plain, recorded
from autotensor.core.node import Node
from autotensor.core.recording import current
from autotensor.core.spec import SCALARS, Array
from autotensor.core.tensor import Tensor
from autotensor.core.versions import saved, write_after, writes

_order = operator.attrgetter("order")


class Result(NamedTuple):
    """One output."""

    value: Tensor
    moved: bool  # False: it is the same for all examples, and `value` is that of one


def replay(outputs: Sequence[Tensor], moving: dict[Node, Tensor], ns: Namespace | None = None) -> list[Result]:
    """The outputs for all examples, along axis 0, when the nodes in `moving` have those values.

    `ns` is what to compute in; unless given, it follows from whether an enclosing computation goes through.
    Raises: GraphFreedError if backward has cleared values on the way.
    """
    roots = [y.node for y in outputs]
    nodes = dependent(roots, moving)
    outer = enclosing(nodes, roots, moving)
    if ns is None:
        recording = current.scope is not None or current.outer.following is not None
        ns = recorded if recording and (outer or any(x.node is not None for x in moving.values())) else plain
    if any(hasattr(x, "interpret") for x in moving.values()):  # while a function is compiled there are no arrays
        ns = recorded
    _unwritten(moving)
    known: dict[Node | None, Any] = {node: x if ns is recorded else x.data for node, x in moving.items()}
    last = _last_uses(nodes, roots)
    for node in nodes:
        if node.operands is None:
            raise GraphFreedError(f"the values that {node.label} saved are gone: a backward() inside vmap has used them.")
        operands: list[Any] = []
        batched: list[bool] = []
        for x, parent in zip(saved(node)[0], node.parents, strict=True):
            many = parent in known
            batched.append(many)
            if many:
                operands.append(known[parent])
            else:
                operands.append(x if ns is plain or isinstance(x, SCALARS) else _placed(x, parent if parent in outer else None))
        known[node] = _at_once(ns, node, operands, batched)
        for parent in node.parents:
            if last.get(parent) is node:
                known.pop(parent, None)  # its memory serves the next ones
    own = _Own([] if ns is recorded else [x.data for x in moving.values()], nodes)
    results = []
    for y, root in zip(outputs, roots, strict=True):
        if root not in known:
            results.append(Result(y._at(root if ns is recorded and root in outer else None), moved=False))
        else:
            results.append(Result(known[root] if ns is recorded else Tensor(own(known[root])), moved=True))
    return results


def _placed(x: Any, node: Node | None) -> Tensor:
    """A saved operand as a Tensor with that place in the graph."""
    return x._at(node) if isinstance(x, Tensor) else Tensor(x, node)


def _unwritten(moving: dict[Node, Tensor]) -> None:
    """Make sure that the function has not written into its arguments, by another way to their memory.

    Raises: InPlaceError.
    """
    for node, x in moving.items() if writes else ():
        write = write_after(node.order, x.data)
        if write is not None:
            raise InPlaceError(
                f"vmap computes for all examples when the function has run, and {write.what} in it has overwritten its argument "
                f"of shape {x.shape}. Do not write in place there: x = x.at[index].set(v)."
            )


def _at_once(ns: Namespace, node: Node, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    """One operation for all examples. What only a later example does wrong, such as an index outside its axis, shows here."""
    try:
        return node.primitive.batch(ns, operands, batched, node.settings)
    except AutotensorError:
        raise
    except (ValueError, TypeError, IndexError) as reason:
        raise ArgumentError(f"{node.label}, over the examples of vmap: {reason}.") from None


def dependent(roots: Sequence[Node | None], inputs: dict[Node, Any]) -> list[Node]:
    """The operations between `inputs` and `roots` that depend on an input, each after its parents."""
    nodes = [root for root in dict.fromkeys(roots) if root is not None and root not in inputs]
    seen = {*nodes, *inputs}
    for node in nodes:  # grows while it is read
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    nodes.sort(key=_order)
    moved: set[Node | None] = set(inputs)
    for node in nodes:
        if not moved.isdisjoint(node.parents):
            moved.add(node)
    return [node for node in nodes if node in moved]


def enclosing(nodes: Sequence[Node], roots: Sequence[Node | None], moving: dict[Node, Any]) -> set[Node | None]:
    """Those operands of `nodes`, and roots, that do not move, and through which an enclosing computation goes.

    They were recorded before, or lead to a leaf that collects a gradient. The other ones are a transform's inside f.
    """
    start = min(node.order for node in moving)
    known = {*nodes, *moving}
    every = dict.fromkeys([*roots, *(parent for node in nodes for parent in node.parents)])
    fixed = [node for node in every if node is not None and node not in known]
    seen = set(fixed)
    for node in fixed:  # grows while it is read
        if node.order > start:
            new = [parent for parent in node.parents if parent is not None and parent not in seen]
            seen.update(new)
            fixed.extend(new)
    fixed.sort(key=_order)
    found: set[Node | None] = set()
    for node in fixed:
        if node.order < start or (node.is_leaf and node.watch is not None) or not found.isdisjoint(node.parents):
            found.add(node)
    return found


def _last_uses(nodes: Sequence[Node], roots: Sequence[Node | None]) -> dict[Node | None, Node]:
    """For each intermediate value the operation after which nobody asks for it."""
    last: dict[Node | None, Node] = {parent: node for node in nodes for parent in node.parents}
    for root in roots:
        last.pop(root, None)
    return last


class _Own:
    """Arrays for the caller: C-ordered, and sharing no memory with an argument, a constant in the graph or each other."""

    def __init__(self, arguments: Sequence[Array], nodes: Sequence[Node]) -> None:
        self._taken = {id(_memory(x)) for x in arguments}
        self._nodes = nodes

    def __call__(self, value: Any) -> Array:
        y = np.asarray(value)
        memory = _memory(y)
        if id(memory) in self._taken or not isinstance(memory, np.ndarray) or not y.flags.c_contiguous or not y.flags.writeable:
            return np.array(y, order="C")
        if memory is not y and any(memory is _memory(x) for node in self._nodes for x in node.operands or ()):
            return np.array(y, order="C")  # a view of what the graph has saved
        self._taken.add(id(memory))
        return y


def _memory(x: Any) -> Any:
    """The object that holds an array's memory."""
    while isinstance(x, np.ndarray) and x.base is not None:
        x = x.base
    return x
