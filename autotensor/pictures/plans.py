"""From a plan to a diagram: what was traced, or what the passes have made of it, with kernels and the buffers that values lie in.

The graph is walked and framed like a recorded one; the backward pass has a frame of its own, in which modules have theirs.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal, TypeAlias, cast

from autotensor.core.errors import ArgumentError
from autotensor.core.spec import SCALARS
from autotensor.pictures import summaries
from autotensor.pictures.diagram import Arrow, Box, Diagram, Line, printable
from autotensor.pictures.grouping import Path
from autotensor.pictures.reading import left_out, numbered_calls
from autotensor.pictures.walking import Walk
from autotensor.plan.fuse import PART
from autotensor.plan.graph import Graph, Value
from autotensor.plan.kernels import call_name
from autotensor.plan.plan import Plan

Stage: TypeAlias = Literal["traced", "optimized"]

MEMBERS = 12  # operations of a kernel that are listed
FROM = {
    "argument": "argument",
    "captured": "read at each call",
    "bound": "given at each step",
    "scalar": "given at each step",
    "state": "state",
    "draw": "drawn at each call",
}


def diagram_of_plan(plan: Plan, *, stage: Stage, depth: int | None, max_nodes: int) -> Diagram:
    """What `at.draw` shows of a plan.

    Raises: ArgumentError on another stage.
    """
    if stage not in ("traced", "optimized"):
        raise ArgumentError(f'stage must be "traced" or "optimized", got {stage!r}.')
    if stage == "traced":
        return _Reader(plan.traced, None, depth, max_nodes).diagram()
    return _Reader(plan.graph, plan, depth, max_nodes).diagram()


class _Step:
    """A Value as a walk sees the node of a recorded graph; the results of a kernel are the kernel."""

    def __init__(self, value: Value, steps: dict[Value, _Step]) -> None:
        self.value = value
        self.is_leaf = value.primitive is None and not value.operands
        self.parents = [None if isinstance(x, SCALARS) else _step_of(x, steps) for x in value.operands]

    @property
    def scope(self) -> _Step:
        return self

    @property
    def path(self) -> Path:
        """The modules around the operation, those of the backward pass within one frame."""
        path = self.value.path
        return ("backward", *path[:-1]) if path[-1:] == ("backward",) else path


def _step_of(value: Value, steps: dict[Value, _Step]) -> _Step:
    key = value.operands[0] if value.primitive is PART else value
    if key not in steps:  # a graph lists operands first, and does not list constants that a pass has made
        steps[key] = _Step(key, steps)
    return steps[key]


class _Reader:
    """Writes the boxes and arrows of the units that are shown; without a plan, of a graph that has no places yet."""

    def __init__(self, graph: Graph, plan: Plan | None, depth: int | None, max_nodes: int) -> None:
        self.plan = plan
        self.depth = depth
        self.states = {y: state for state, y in graph.updates.items()}
        steps: dict[Value, _Step] = {}
        for value in graph.values:
            _step_of(value, steps)
        self.outputs = {id(_step_of(y, steps)) for y in graph.outputs}
        read = {id(p) for step in steps.values() for p in step.parents}
        ends = [*(_step_of(y, steps) for y in graph.wanted), *(step for step in steps.values() if id(step) not in read)]
        # what nobody reads is drawn too; and a walk asks a node for nothing that a step has not
        self.walk = Walk(cast(Any, [SimpleNamespace(node=step) for step in ends]), depth)
        self.nodes = cast(list[_Step], self.walk.nodes)
        shown = self.walk.nearest(max_nodes)
        self.shown = [unit for unit in self.walk.order if unit in shown]
        self.hidden = {i for unit in self.walk.order if unit not in shown for i in self.walk.units[unit]}
        self.parts: dict[Value, list[Value]] = {}  # kernel -> its results
        for value in graph.values:
            if value.primitive is PART:
                self.parts.setdefault(value.operands[0], []).append(value)
        self.calls = numbered_calls(self.walk, depth)
        self.boxes: dict[str, Box] = {}
        self.arrows: dict[tuple[str, str, int], Arrow] = {}

    def diagram(self) -> Diagram:
        if self.hidden:
            self.boxes["more"] = left_out(self.walk, self.hidden, self.depth)
        for unit in self.shown:
            if unit in self.walk.collapsed:
                self.add_module(unit)
            else:
                self.add_step(self.walk.units[unit][0])
        for i, node in enumerate(self.nodes):
            if node.is_leaf and id(node) in self.walk.results:
                self.leaf(i, ())
        return Diagram(tuple(self.boxes.values()), tuple(self.arrows.values()))

    def key(self, i: int) -> str:
        """The key of the box that shows step `i`."""
        unit = self.walk.unit[i]
        return f"module{self.walk.units[unit][0]}" if unit in self.walk.collapsed else f"step{i}"

    def add_step(self, i: int) -> None:
        value, key = self.nodes[i].value, self.key(i)
        for k, p in enumerate(self.walk.parents[i]):
            tail = self.operand(i, k, p)
            note = f"operand {k + 1} of {len(value.operands)}" if len(value.operands) > 1 and tail != "more" else ""
            self.arrows.setdefault((tail, key, -1 if tail == "more" else k), Arrow(tail, key, note))
        if value.kind == "kernel":
            title, lines, note = call_name(value.settings["members"]) or "kernel", self.kernel_lines(value), "one loop"
        else:
            title = value.kind if value.primitive is None else value.primitive.name
            lines, note = self.lines(value), (getattr(value.primitive, "__doc__", None) or "").partition("\n")[0]
        kind: Any = "kernel" if value.kind == "kernel" else "operation"
        result = id(self.nodes[i]) in self.outputs
        self.boxes[key] = Box(
            key, printable(title), tuple(lines), kind, self.nodes[i].path[: self.depth], printable(note, 300), result
        )

    def operand(self, i: int, k: int, p: int | None) -> str:
        """The key of the box that gives operand `k` of step `i`."""
        path = self.nodes[i].path[: self.depth]
        if p is None:
            number = self.nodes[i].value.operands[k]
            key = f"number{i}.{k}"
            self.boxes[key] = Box(key, summaries.number(number), (), "constant", path, f"the Python number {number}")
            return key
        if self.nodes[p].is_leaf:
            return self.leaf(p, path)
        return "more" if p in self.hidden else self.key(p)

    def leaf(self, i: int, path: Path) -> str:
        """The box of what comes from outside; it lies in a module if nothing else takes it."""
        value, key = self.nodes[i].value, f"step{i}"
        if key in self.boxes:
            return key
        shape = summaries.shape_and_dtype(value.spec, always=True)
        result = id(self.nodes[i]) in self.outputs
        if value.kind == "constant":
            alone = value.source.size == 1
            title = summaries.number(value.source.reshape(-1)[0]) if alone else summaries.shape_and_dtype(value.spec)
            self.boxes[key] = Box(key, title, (), "constant", path, f"a constant of shape {shape}", result)
            return key
        name = self.name(value) or value.name or value.kind
        lines = [Line(shape), Line(FROM[value.kind], "muted"), *self.next_state(value)]
        outside = () if value.kind in ("argument", "bound") else path
        self.boxes[key] = Box(key, printable(name), tuple(lines), "leaf", outside, printable(name, 300), result)
        return key

    def lines(self, value: Value) -> list[Line]:
        """Shape, settings, and the place of a value."""
        first = value.operands[0].shape if value.operands and isinstance(value.operands[0], Value) else None
        lines = [Line(summaries.shape_and_dtype(value.spec))]
        if settings := summaries.settings_line(value.settings, first, value.shape):
            lines.append(Line(printable(settings)))
        return [*lines, *self.place(value), *self.next_state(value)]

    def kernel_lines(self, kernel: Value) -> list[Line]:
        """The operations of a kernel, and where its results lie."""
        members = kernel.settings["members"]
        lines = [Line(f"{v.primitive.name} {summaries.shape_and_dtype(v.spec)}") for v in members[:MEMBERS]]
        if len(members) > MEMBERS:
            lines.append(Line(f"… {len(members) - MEMBERS} more", "muted"))
        for part in self.parts.get(kernel, ()):
            lines += [*self.place(part), *self.next_state(part)]
        return lines

    def place(self, value: Value) -> list[Line]:
        """The buffer that a value lies in, by the name that the plan's source has for it."""
        name = self.name(value)
        if self.plan is None or not name:
            return []
        memory = self.plan.memory
        root = memory.root.get(value, value)
        if root is not value:
            return [Line(printable(f"{name}: a view of {self.name(root)}"), "muted")]
        return [Line(printable(f"{name}: a new array" if value in memory.dynamic else f"in {name}"), "buffer")]

    def name(self, value: Value) -> str:
        return "" if self.plan is None else self.plan.names.get(value, "")

    def next_state(self, value: Value) -> list[Line]:
        state = self.states.get(value)
        return [] if state is None else [Line(printable(f"the next {self.name(state) or state.name or 'state'}"), "gradient")]

    def add_module(self, unit: int) -> None:
        """One box for all operations of a module."""
        members = self.walk.units[unit]
        key = self.key(members[0])
        for i in members:
            for k, p in enumerate(self.walk.parents[i]):
                constant = p is None or self.nodes[p].value.kind == "constant"
                if not constant and (tail := self.operand(i, k, p)) != key:
                    self.arrows.setdefault((tail, key, -1 if tail == "more" or p is None else p), Arrow(tail, key))
        lines = [Line(f"{len(members):,} operation{'s' * (len(members) != 1)}")]
        shapes = dict.fromkeys(summaries.shape_and_dtype(self.nodes[i].value.spec) for i in self.walk.leaving(unit))
        lines += [Line(f"to {shape}") for shape in list(shapes)[:3]]
        name = self.calls[unit]
        result = any(id(self.nodes[i]) in self.outputs for i in members)
        path = self.nodes[members[0]].path[: self.depth]
        self.boxes[key] = Box(key, printable(name), tuple(lines), "module", path, printable(name, 300), result)
