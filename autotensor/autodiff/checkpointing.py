"""Trading time for memory: a part of a computation keeps its inputs alone and is computed again when backward comes by.

Source: Chen, Xu, Zhang and Guestrin 2016, "Training deep nets with sublinear memory cost".
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.forward import pushforward
from autotensor.autodiff.inputs import Recorded, record
from autotensor.autodiff.reverse import backwards_from, pullback
from autotensor.autodiff.trees import flatten
from autotensor.core.namespace import Namespace
from autotensor.core.node import Node
from autotensor.core.primitive import Primitive
from autotensor.core.recording import current, watching
from autotensor.core.rereading import rereading
from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.core.versions import moment
from autotensor.random import default


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with f's value and derivatives that saves its tensor arguments only; backward computes f once more.

    Parameters that f uses without taking them as arguments receive their gradients as always. What f draws from `at.random`
    is drawn again alike. A chain of n layers in checkpoints of sqrt(n) layers holds about 2 sqrt(n) of them at a time.
    Raises: DTypeError if f returns anything but Tensors.

    >>> import autotensor as at
    >>> x = at.tensor([0.5, 1.0], requires_grad=True)
    >>> checkpoint(lambda x: at.exp(at.sin(x)))(x).sum().backward()
    >>> x.grad
    tensor([1.417..., 1.253...])
    """

    @functools.wraps(f)
    def saving(*args: Any) -> Any:
        state = default.state
        tracked = [i for i, arg in enumerate(args) if any(_tracked(x) for x in flatten(arg)[0])]
        traced = watching and current.watcher is not None and current.watcher.traces  # a plan decides what is kept
        if traced or current.scope is None or current.outer.following is not None:  # vmap records what f does, and replays it
            return f(*args)
        began = moment()
        found = record(f, args, tracked, "checkpoint")
        outside = _outside(found)
        if not tracked and not outside:
            return found.rebuild([y.detach() for y in found.outputs])
        tensors = [x for i in tracked for x in flatten(args[i])[0]]
        again = _Again(f, args, tracked, outside, state, began)
        parents = [*(x.node if _tracked(x) else None for x in tensors), *outside]
        operands = [*(x.data if isinstance(x, Tensor) else x for x in tensors), *(_without_memory(node.spec) for node in outside)]
        outputs = []
        for k, y in enumerate(found.outputs):
            node = Node(Recomputed(again, k), parents, operands, y.data, {}, current.scope)
            outputs.append(y if y.node is None else Tensor(y.data, node))
        return found.rebuild(outputs)

    return saving


def _without_memory(spec: Spec) -> Array:
    """An array of that shape and dtype whose elements are one: what f did not take as an argument it reads itself."""
    return np.broadcast_to(np.zeros((), spec.dtype), spec.shape)


def _tracked(x: Any) -> bool:
    return isinstance(x, Tensor) and x.node is not None


def _outside(found: Recorded) -> list[Node]:
    """The nodes that f reached without taking them as arguments: parameters, and what was recorded before."""
    inputs = set(found.inputs)
    first = min((node.order for node in inputs), default=0)
    nodes: dict[Node, None] = {}
    for y in found.outputs:
        if y.node is not None:
            earlier = _Earlier(first, inputs)
            nodes |= dict.fromkeys(node for node in backwards_from(y.node, earlier) if node in earlier and node not in inputs)
    return sorted(nodes, key=lambda node: node.order)


class _Earlier:
    """The nodes that were there before f began, and f's own inputs: as a container, to stop at."""

    def __init__(self, first: int, inputs: set[Node]) -> None:
        self.first = first
        self.inputs = inputs

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Node) and (node in self.inputs or node.order < self.first or node.is_leaf)


class _Again:
    """f with its arguments, to be recorded once more, with the random numbers of the first time."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        tracked: Sequence[int],
        outside: list[Node],
        state: dict[str, Any],
        began: int,
    ) -> None:
        self.f, self.args, self.tracked, self.outside, self.state, self.began = f, args, tracked, outside, state, began

    def record(self, operands: Sequence[Any]) -> Recorded:
        """f recorded on operands that take the places of the tracked arguments' tensors."""
        given = iter(operands)
        args = list(self.args)
        for i in self.tracked:
            leaves, rebuild = flatten(args[i])
            args[i] = rebuild([next(given) for _ in leaves])
        now = default.state
        default.state = self.state
        try:
            with rereading(self.began):
                return record(self.f, args, self.tracked, "checkpoint")
        finally:
            default.state = now


class Recomputed(Primitive):
    """One output of a checkpointed function: its rules record the function again and ask what it recorded."""

    def __init__(self, again: _Again, output: int) -> None:
        # not registered: it is no primitive of its own, but stands for those of the function
        self.again = again
        self.output = output
        self._pulled: tuple[Any, list[Any]] | None = None  # (cotangent, what flows to every operand): asked for one by one

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, *operands: Any) -> Any:
        if self._pulled is None or self._pulled[0] is not g:
            count = len(operands) - len(self.again.outside)
            found = self.again.record(operands[:count])
            root = found.outputs[self.output].node
            targets = [*found.inputs, *self.again.outside]
            self._pulled = g, [None] * len(targets) if root is None else pullback(ns, root, g, targets)
        c = self._pulled[1][i]
        if all(later is None for later in self._pulled[1][i + 1 :]):
            self._pulled = None
        return c

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, *operands: Any) -> Any:
        count = len(operands) - len(self.again.outside)
        found = self.again.record(operands[:count])
        root = found.outputs[self.output].node
        moving = {node: t for node, t in zip([*found.inputs, *self.again.outside], tangents, strict=True) if t is not None}
        return None if root is None else pushforward(ns, root, moving)
