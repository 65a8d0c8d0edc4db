"""The recorded graph behind some results, in order of computation, in units that a picture shows as one box.

Walked without recursion, from the results up: a chain of a million operations is no deeper than one.
"""

from __future__ import annotations

from collections.abc import Sequence

from autotensor.core.node import Node
from autotensor.core.tensor import Tensor
from autotensor.pictures.grouping import in_order, split


class Walk:
    """Nodes in order of computation, in units: an operation, or all operations of one call of a collapsed module.

    It refers to nodes, so it lives no longer than the reading.
    """

    def __init__(self, tensors: Sequence[Tensor], depth: int | None) -> None:
        self.results = {id(x.node): x for x in tensors if x.node is not None}
        self.alone = list({id(x): x for x in tensors if x.node is None}.values())
        self.nodes = _ordered([x.node for x in tensors if x.node is not None])
        place = {id(node): i for i, node in enumerate(self.nodes)}
        self.parents = [[None if p is None else place[id(p)] for p in node.parents] for node in self.nodes]
        self.operations = [i for i, node in enumerate(self.nodes) if not node.is_leaf]
        edges = [(p, i) for i in self.operations for p in self.parents[i] if p is not None and not self.nodes[p].is_leaf]
        self.unit = {i: n for n, i in enumerate(self.operations)}
        self.units = [[i] for i in self.operations]
        self.collapsed: set[int] = set()
        if depth is not None:
            paths = {i: self.nodes[i].scope.path for i in self.operations}
            key = {i: path[: depth + 1] if len(path) > depth else None for i, path in paths.items()}
            self.units = split(self.operations, edges, dict(key))
            self.unit = {i: n for n, unit in enumerate(self.units) for i in unit}
            self.collapsed = {n for n, unit in enumerate(self.units) if key[unit[0]] is not None}
        between = [(self.unit[a], self.unit[b]) for a, b in edges if self.unit[a] != self.unit[b]]
        backwards = in_order(len(self.units), [(b, a) for a, b in between])
        self.order = backwards[::-1]  # units, operands first
        self.consumers: list[list[int]] = [[] for _ in self.nodes]
        for i in self.operations:
            for p in self.parents[i]:
                if p is not None:
                    self.consumers[p].append(i)

    def leaving(self, unit: int) -> list[int]:
        """The operations of the unit whose values go elsewhere, or are results."""
        return [
            i
            for i in self.units[unit]
            if id(self.nodes[i]) in self.results or any(self.unit[c] != unit for c in self.consumers[i])
        ]

    def nearest(self, most: int) -> set[int]:
        """The units nearest to the results, as many as fit with their operands in `most` boxes; at least one."""
        shown: set[int] = set()
        leaves: set[int] = set()
        room = most
        for unit in reversed(self.order):
            operands = [p for i in self.units[unit] for p in self.parents[i]]
            new = {p for p in operands if p is not None and self.nodes[p].is_leaf} - leaves
            room -= 1 + len(new) + (0 if unit in self.collapsed else operands.count(None))
            if room < 0 and shown:
                break
            shown.add(unit)
            leaves |= new
        return shown


def _ordered(roots: Sequence[Node]) -> list[Node]:
    """Every node behind the roots, operands before what is computed from them, those near the roots last."""
    found = {id(node): node for node in roots}
    waiting = dict.fromkeys(found, 0)
    stack = list(found.values())
    while stack:
        for parent in stack.pop().parents:
            if parent is not None:
                if id(parent) not in found:
                    found[id(parent)] = parent
                    waiting[id(parent)] = 0
                    stack.append(parent)
                waiting[id(parent)] += 1
    order = [node for key, node in found.items() if not waiting[key]]
    for node in order:  # grows while it is read
        for parent in node.parents:
            if parent is not None:
                waiting[id(parent)] -= 1
                if not waiting[id(parent)]:
                    order.append(parent)
    return order[::-1]
