"""The part of the recorded graph between x and y, once more in float64: its paths, and the elements on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from autotensor.autodiff.forward import advance
from autotensor.autodiff.reverse import backwards_from, flow_back, freed
from autotensor.core.broadcasting import sum_to_shape
from autotensor.core.errors import GraphError
from autotensor.core.namespace import plain
from autotensor.core.node import Node, leaf
from autotensor.core.primitive import Elementwise
from autotensor.core.spec import SCALARS, Array, Shape
from autotensor.core.tensor import Tensor
from autotensor.core.versions import intact

Index: TypeAlias = tuple[int, ...]
Edge: TypeAlias = tuple[Node, int]  # an operation, and the operand through which the path goes on

EVALUATED = 64  # paths that are followed
CHAINS = 24  # ways through single elements that are told one by one


class Twin:
    """The operations between x and y once more, in float64; all else is constant."""

    def __init__(self, y: Tensor, x: Tensor) -> None:
        if y.node is None or x.node is None:
            raise GraphError("explain needs recorded tensors.")
        leads = {x.node}
        self.order: list[Node] = []
        twins: dict[Node, Node] = {}
        for node in reversed(backwards_from(y.node, {x.node})):  # each after its parents
            if node is x.node or not any(parent in leads for parent in node.parents if parent is not None):
                continue
            leads.add(node)
            if node.operands is None:
                raise freed(node)
            intact(node)
            if x.node not in twins:
                recorded = node.operands[list(node.parents).index(x.node)]  # the array as it was then
                self.x_value = np.asarray(recorded, np.float64)
                self.x = twins[x.node] = leaf(self.x_value)
            parents = [twins.get(parent) if parent is not None else None for parent in node.parents]
            pairs = zip(parents, node.operands, strict=True)
            operands = [self.x_value if p is self.x else _widened(a) if p is None else p.value for p, a in pairs]
            settings = {key: np.dtype(np.float64) if _floating(key, v) else v for key, v in node.settings.items()}
            value = np.asarray(node.primitive.value(*operands, **settings))
            twins[node] = Node(node.primitive, parents, operands, value, settings, node.scope)
            self.order.append(twins[node])
        if y.node not in twins:
            raise GraphError("y was not computed from wrt: no path leads from one to the other in the recorded graph.")
        self.y = twins[y.node]

    def replayed(self, change: Array) -> Any:
        """The value of y when x changes."""
        values = {self.x: self.x_value + change}
        for node in self.order:
            pairs = zip(node.parents, node.operands or (), strict=True)
            operands = [a if p is None else values[p] for p, a in pairs]
            values[node] = node.primitive.value(*operands, **node.settings)
        return values[self.y]

    def pushed(self, tangent: Array) -> Array:
        """The tangent of y when x moves by `tangent`."""
        tangents: dict[Node, Any] = {self.x: tangent}
        for node in self.order:
            t = advance(plain, node, [None if p is None else tangents.get(p) for p in node.parents])
            if t is not None:
                tangents[node] = t
        return np.asarray(tangents.get(self.y, np.zeros(self.y.spec.shape)))

    def paths(self) -> tuple[int, list[list[Edge]]]:
        """How many paths there are, and the first of them: each the operations from y to x."""
        count = {self.x: 1}
        for node in self.order:
            count[node] = sum(count[p] for p in node.parents if p is not None)
        found: list[list[Edge]] = []
        stack: list[tuple[Node, Any]] = [(self.y, _onward(self.y))]
        trail: list[Edge] = []
        while stack and len(found) < EVALUATED:
            node, branches = stack[-1]
            i, parent = next(branches, (-1, None))
            if parent is None:
                stack.pop()
                if trail:
                    trail.pop()
            elif parent is self.x:
                found.append([*trail, (node, i)])
            else:
                trail.append((node, i))
                stack.append((parent, _onward(parent)))
        return count[self.y], found


def _onward(node: Node) -> Iterator[tuple[int, Node]]:
    return ((i, parent) for i, parent in enumerate(node.parents) if parent is not None)


def _widened(x: Any) -> Any:
    return x.astype(np.float64) if not isinstance(x, SCALARS) and x.dtype.kind == "f" else x


def _floating(key: str, value: Any) -> bool:
    return key == "dtype" and value is not None and np.dtype(value).kind == "f"


def one_hot(shape: Shape, index: Index) -> Array:
    """Zeros with a single 1."""
    array = np.zeros(shape)
    array[index] = 1
    return array


def chains_through(edges: Sequence[Edge], alive: Sequence[Array]) -> list[list[Array]] | None:
    """The ways through single elements, each a mask for every value from y to x; None if they are many."""
    chains = [[alive[0]]]
    for n, (node, operand) in enumerate(edges):
        longer: list[list[Array]] = []
        for chain in chains:
            onward = alive[n + 1] & _back_from(node, operand, chain[-1])
            if len(longer) + onward.sum() > CHAINS:
                return None
            longer += [[*chain, one_hot(onward.shape, tuple(at)) != 0] for at in np.argwhere(onward)]
        chains = longer
    return chains


def alive_on(twin: Twin, edges: Sequence[Edge], i: Index, k: Index) -> list[Array] | None:
    """For y, each value on the way, and x: which elements lie between the two chosen ones."""
    forward = [one_hot(twin.x.spec.shape, i) != 0]
    for node, operand in reversed(edges):
        forward.append(_onward_from(node, operand, forward[-1]))
    forward.reverse()
    backward = [one_hot(twin.y.spec.shape, k) != 0]
    for node, operand in edges:
        backward.append(_back_from(node, operand, backward[-1]))
    alive = [a & b for a, b in zip(forward, backward, strict=True)]
    return alive if all(mask.any() for mask in alive) else None


def _onward_from(node: Node, operand: int, mask: Array) -> Array:
    """The elements of the result that depend on those of the operand in the mask."""
    if isinstance(node.primitive, Elementwise):
        return np.broadcast_to(mask, node.spec.shape)
    t = advance(plain, node, [_weighed(mask) if n == operand else None for n in range(len(node.parents))])
    return _reached(t, mask, node.spec.shape)


def _back_from(node: Node, operand: int, mask: Array) -> Array:
    """The elements of the operand that those of the result in the mask depend on."""
    shape = np.shape((node.operands or ())[operand])
    if isinstance(node.primitive, Elementwise):  # also where the derivative is 0, as behind a relu that is off
        return np.asarray(sum_to_shape(plain, mask * 1.0, shape)) != 0
    return _reached(pulled(node, operand, _weighed(mask)), mask, shape)


def _weighed(mask: Array) -> Array:
    """Positive and unequal numbers in the mask: a sum that would cancel does not hide an element."""
    return mask * np.random.default_rng(0).uniform(1, 2, mask.shape)


def _reached(flow: Any, before: Array, shape: Shape) -> Array:
    """Where something arrives; where nothing does, the elements that it would have come to."""
    mask = np.zeros(shape, np.bool_) if flow is None else np.asarray(flow) != 0
    if mask.any():
        return mask
    return before if before.shape == tuple(shape) else np.ones(shape, np.bool_)


def pulled(node: Node, operand: int, g: Any) -> Any:
    """What flows from a node to one of its operands."""
    parents = [parent if n == operand else None for n, parent in enumerate(node.parents)]
    cotangents: dict[Node, Any] = {}
    flow_back(plain, node, g, parents, cotangents)
    parent = node.parents[operand]
    shape = np.shape((node.operands or ())[operand])
    return cotangents.get(parent, np.zeros(shape)) if parent is not None else np.zeros(shape)
