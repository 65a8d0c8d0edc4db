"""From the recorded graph to a diagram: what each box says.

Only text leaves this module: a diagram keeps no node and no array alive.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from autotensor.core.node import Node
from autotensor.core.spec import SCALARS, Shape, Spec
from autotensor.core.tensor import Tensor
from autotensor.pictures import summaries
from autotensor.pictures.diagram import Arrow, Box, Diagram, Line, printable
from autotensor.pictures.grouping import Path
from autotensor.pictures.walking import Walk

Values: TypeAlias = Literal["auto"] | bool

SMALL = 60  # operations up to which values are shown unless told otherwise


def diagram_of(tensors: Sequence[Tensor], *, values: Values, depth: int | None, max_nodes: int) -> Diagram:
    """What `at.draw` shows of the graph behind `tensors`."""
    return _Reader(Walk(tensors, depth), values, depth, max_nodes).diagram()


class _Reader:
    """Writes the boxes and arrows of the units that are shown."""

    def __init__(self, walk: Walk, values: Values, depth: int | None, max_nodes: int) -> None:
        self.walk = walk
        self.nodes = walk.nodes
        self.depth = depth
        shown = walk.nearest(max_nodes)
        self.shown = [unit for unit in walk.order if unit in shown]
        self.hidden = {i for unit in walk.order if unit not in shown for i in walk.units[unit]}
        self.values = len(self.shown) <= SMALL if values == "auto" else values
        self.all_values = values is True
        self.boxes: dict[str, Box] = {}
        self.arrows: dict[tuple[str, str, int], Arrow] = {}
        self.calls = numbered_calls(walk, depth)

    def diagram(self) -> Diagram:
        if self.hidden:
            self.boxes["more"] = left_out(self.walk, self.hidden, self.depth)
        for unit in self.shown:
            if unit in self.walk.collapsed:
                self.add_module(unit)
            else:
                self.add_operation(self.walk.units[unit][0])
        for i, node in enumerate(self.nodes):
            if node.is_leaf and id(node) in self.walk.results:
                self.leaf(i)
        for n, x in enumerate(self.walk.alone):
            self.boxes[f"alone{n}"] = _constant_box(f"alone{n}", x.data, (), values=self.values, statistics=True, result=True)
        return Diagram(tuple(self.boxes.values()), tuple(self.arrows.values()))

    def key(self, i: int) -> str:
        """The key of the box that shows operation `i`."""
        unit = self.walk.unit[i]
        return f"module{self.walk.units[unit][0]}" if unit in self.walk.collapsed else f"node{i}"

    def arrow(self, tail: str, head: str, note: str, operand: int = -1) -> None:
        self.arrows.setdefault((tail, head, operand), Arrow(tail, head, note))

    def add_operation(self, i: int) -> None:
        node = self.nodes[i]
        key = self.key(i)
        parents = self.walk.parents[i]
        for k, p in enumerate(parents):
            tail = self.operand(i, k, p)
            if tail == "more":
                self.arrow(tail, key, "")  # one for all operands that are left out
            elif tail:
                self.arrow(tail, key, f"operand {k + 1} of {len(parents)}" if len(parents) > 1 else "", k)
        first: Shape | None = None
        if parents and (parents[0] is not None or node.operands is not None):
            first = self.nodes[parents[0]].spec.shape if parents[0] is not None else np.shape((node.operands or [0])[0])
        values = self.value_lines(node)
        # a number alone says that it is one
        shown = self.values and not node.spec.shape and not (node.freed and not self.is_result(node))
        lines = [] if shown else [Line(summaries.shape_and_dtype(node.spec))]
        settings = summaries.settings_line(node.settings, first, node.spec.shape)
        if settings:
            lines.append(Line(printable(settings)))
        lines += values + _gradient_lines(node)
        fact = (node.primitive.__doc__ or "").partition("\n")[0]
        note = f"{node.label}{'. ' * bool(fact)}{fact}"
        self.boxes[key] = Box(
            key,
            printable(node.primitive.name),
            tuple(lines),
            "operation",
            node.scope.path,
            printable(note, 300),
            self.is_result(node),
        )

    def is_result(self, node: Node) -> bool:
        return id(node) in self.walk.results

    def value_lines(self, node: Node) -> list[Line]:
        if not self.values:
            return []
        if self.is_result(node):
            return summaries.value_lines(self.walk.results[id(node)].data)
        return [Line("freed", "muted")] if node.freed else summaries.value_lines(node.value)

    def operand(self, i: int, k: int, p: int | None) -> str | None:
        """The key of the box that gives operand `k` of operation `i`; None where it lies in the same box."""
        if p is None:
            return self.constant(i, k)
        if self.nodes[p].is_leaf:
            return self.leaf(p)
        if p in self.hidden:
            return "more"
        return None if self.walk.unit[p] == self.walk.unit[i] else self.key(p)

    def constant(self, i: int, k: int) -> str:
        node = self.nodes[i]
        value: Any = None if node.operands is None else node.operands[k]
        scalar = isinstance(value, SCALARS)
        path = () if _is_data(self.walk, i, k) and not scalar else self.path(i)
        # one box for each use of a scalar, one for all uses of an array in a module
        key = f"constant{i}.{k}" if scalar or value is None else f"array{id(value)} {path}"
        if key not in self.boxes:
            self.boxes[key] = _constant_box(key, value, path, values=self.values, statistics=self.all_values)
        return key

    def leaf(self, i: int) -> str:
        key = f"node{i}"
        if key in self.boxes:
            return key
        node = self.nodes[i]
        consumers = self.walk.consumers[i]
        lines = [Line(summaries.shape_and_dtype(node.spec, always=True))]
        if self.values:
            lines += summaries.value_lines(data) if (data := self.leaf_data(i)) is not None else []
        lines += _gradient_lines(node)
        name = node.watch.name if node.watch else None
        path = self.path(consumers[0]) if name and consumers else ()
        title = self.leaf_name(i)
        self.boxes[key] = Box(key, printable(title), tuple(lines), "leaf", path, title, self.is_result(node))
        return key

    def leaf_data(self, i: int) -> Any:
        """The leaf's array, as long as a consumer or the drawn Tensor has it."""
        if self.is_result(self.nodes[i]):
            return self.walk.results[id(self.nodes[i])].data
        for consumer in self.walk.consumers[i]:
            operands = self.nodes[consumer].operands
            if operands is not None:
                return operands[self.walk.parents[consumer].index(i)]
        return None

    def leaf_name(self, i: int) -> str:
        """The leaf's name behind the path of the module that uses it first, as a state_dict has it."""
        node = self.nodes[i]
        name = node.watch.name if node.watch else None
        if not name:
            return "leaf"
        scope = str(self.nodes[self.walk.consumers[i][0]].scope) if self.walk.consumers[i] else ""
        return name if not scope or name.startswith(f"{scope}.") else f"{scope}.{name}"

    def path(self, i: int) -> Path:
        """The modules around operation `i` that are drawn as frames."""
        return self.nodes[i].scope.path[: self.depth]

    def add_module(self, unit: int) -> None:
        """One box for all operations of a call of a module, with what enters it and what leaves it."""
        members = self.walk.units[unit]
        key = self.key(members[0])
        own: list[Node] = []
        for i in members:
            for k, p in enumerate(self.walk.parents[i]):
                if p is not None and self.nodes[p].is_leaf and self.is_private(p, unit):
                    own.append(self.nodes[p])
                elif (p is not None or _is_data(self.walk, i, k)) and (tail := self.operand(i, k, p)):
                    self.arrow(tail, key, "", -1 if p is None or tail == "more" else p)
        own = list({id(leaf): leaf for leaf in own}.values())
        lines = [Line(f"{len(members):,} operation{'s' * (len(members) != 1)}")]
        shapes = dict.fromkeys(summaries.shape_and_dtype(self.nodes[i].spec) for i in self.walk.leaving(unit))
        lines += [Line(f"to {shape}") for shape in list(shapes)[:3]]
        if own:
            size = sum(math.prod(leaf.spec.shape) for leaf in own)
            lines.append(Line(f"{size:,} parameter{'s' * (size != 1)}"))
            gradients = [leaf.watch.grad for leaf in own if leaf.watch is not None]
            done = [gradient.data for gradient in gradients if gradient is not None]
            if len(done) == len(own):
                lines.append(summaries.norm_line(sum(map(summaries.squared_norm, done))))
            else:
                lines.append(Line("no gradient yet" if not done else f"gradients of {len(done)} of {len(own)}", "muted"))
        full = self.calls[unit]
        result = any(self.is_result(self.nodes[i]) for i in members)
        self.boxes[key] = Box(key, printable(full), tuple(lines), "module", self.path(members[0]), printable(full, 300), result)

    def is_private(self, leaf: int, unit: int) -> bool:
        """Whether the leaf is a parameter of this module alone."""
        watch = self.nodes[leaf].watch
        return bool(watch and watch.name) and all(self.walk.unit[i] == unit for i in self.walk.consumers[leaf])


def _is_data(walk: Walk, i: int, k: int) -> bool:
    """Whether a constant operand is data that comes into a module, rather than a constant of the module.

    That is: the first operand of an operation that has no computed one, as x in x @ W.
    """
    return k == 0 and all(p is None or walk.nodes[p].is_leaf for p in walk.parents[i])


def left_out(walk: Walk, hidden: set[int], depth: int | None) -> Box:
    """An honest word on the operations that are left out, and how to see them."""
    count = len(hidden)
    lines = [Line(f"more boxes: draw(x, max_nodes={2 * len(walk.nodes)})", "muted")]
    if depth != 0 and any(walk.nodes[i].scope.path for i in hidden):
        lines.append(Line("fewer boxes: draw(x, depth=0) makes each module one box", "muted"))
    return Box("more", f"… {count:,} more operation{'s' * (count != 1)}", tuple(lines), "note")


def numbered_calls(walk: Walk, depth: int | None) -> dict[int, str]:
    """For each collapsed unit the path of its module, with a number where the module has several."""
    paths = {
        unit: ".".join(walk.nodes[walk.units[unit][0]].scope.path[: (depth or 0) + 1])
        for unit in walk.order
        if unit in walk.collapsed
    }
    total, seen = Counter(paths.values()), Counter[str]()
    names = {}
    for unit, path in paths.items():
        seen[path] += 1
        names[unit] = f"{path} (call {seen[path]})" if total[path] > 1 else path
    return names


def _constant_box(key: str, value: Any, path: Path, *, values: bool, statistics: bool, result: bool = False) -> Box:
    """A small box: a Python scalar by its value, an array by its shape, and by its elements when they are few."""
    if value is None:
        return Box(key, "constant", (Line("freed", "muted"),), "constant", path, "a constant operand; backward has let it go")
    if isinstance(value, SCALARS):
        return Box(key, summaries.number(value), (), "constant", path, f"the Python number {value}")
    spec = Spec(value.shape, value.dtype)
    lines = tuple(summaries.value_lines(value, few_only=not statistics)) if values else ()
    note = f"a constant of shape {summaries.shape_and_dtype(spec, always=True)}"
    return Box(key, summaries.shape_and_dtype(spec), lines, "constant", path, note, result)


def _gradient_lines(node: Node) -> list[Line]:
    watch = node.watch
    if watch is None or (watch.grad is None and not watch.retain):
        return []
    return [summaries.gradient_line(None if watch.grad is None else watch.grad.data)]
