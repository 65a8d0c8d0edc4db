"""Fusion: runs of elementwise operations become one kernel, a loop that reads each operand once and writes what others need.

Only operations whose result is fixed to the last bit (IEEE arithmetic, comparisons, choices) take part, and sums over the leading
axis, which NumPy adds in the order of the loop. exp, log and sums along rows stay NumPy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from autotensor.core.spec import SCALARS, Shape, Spec
from autotensor.plan.graph import Graph, Value
from autotensor.plan.kernel_text import EXPRESSIONS, FLOATS

MOST_AXES = 4


class Part:
    """Stands for a primitive where a value is one of a kernel's results."""

    name = "part"
    value = None
    c_ordered = True


PART = Part()


def fused(graph: Graph) -> Graph:
    """The graph with kernels, each before its results, in place of runs of two operations or more."""
    return _Fuser(graph).graph()


class _Run:
    """Operations of one shape that have been gathered and not yet written."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.members: list[Value] = []
        self.sums: list[Value] = []  # over the leading axis, of members


class _Fuser:
    def __init__(self, graph: Graph) -> None:
        self.before = graph
        self.open: list[_Run] = []
        self.where: dict[Value, _Run] = {}  # members of open runs
        self.values: list[Value] = []
        self.new: dict[Value, Value] = {}
        self.places = {v: i for i, v in enumerate(graph.values)}
        self.readers: dict[Value, list[Value]] = {}
        for value in graph.values:
            for x in value.parents:
                self.readers.setdefault(x, []).append(value)

    def graph(self) -> Graph:
        for value in self.before.values:
            if not self._gather(value):
                for x in value.parents:
                    self._close(x)
                self._append(value)
        for run in list(self.open):
            self._write(run)
        return self.before.replaced(self.new, self.values)

    def _gather(self, value: Value) -> bool:
        """Take an operation into a run, if it may take part in one."""
        source = value.operands[0] if value.operands else None
        if _sums_rows(value) and isinstance(source, Value) and source in self.where and source in self.where[source].members:
            run = self.where[source]
            run.sums.append(value)
            self.where[value] = run
            return True
        if not fusable(value):
            return False
        runs: list[_Run] = []
        for x in value.parents:
            waiting = self.where.get(x)
            if waiting is None:
                continue
            if x in waiting.sums or waiting.shape != value.shape:
                self._write(waiting)
            elif waiting not in runs:
                runs.append(waiting)
        runs = [one for one in runs if one in self.open]
        first = runs[0] if runs else _Run(value.shape)
        if not runs:
            self.open.append(first)
        for other in runs[1:]:
            first.members += other.members
            first.sums += other.sums
            self.where.update(dict.fromkeys([*other.members, *other.sums], first))
            self.open.remove(other)
        first.members.sort(key=self._place)
        first.members.append(value)
        self.where[value] = first
        return True

    def _place(self, value: Value) -> int:
        return self.places[value]

    def _close(self, x: Value) -> None:
        run = self.where.get(x)
        if run is not None:
            self._write(run)

    def _append(self, value: Value) -> None:
        if any(x in self.new for x in value.parents):
            operands = [self.new.get(x, x) if isinstance(x, Value) else x for x in value.operands]
            twin = Value(value.spec, value.kind, primitive=value.primitive, operands=operands, settings=value.settings,
                         source=value.source, path=value.path, name=value.name)  # fmt: skip
            self.new[value] = twin
            value = twin
        self.values.append(value)

    def _write(self, run: _Run) -> None:
        """End a run: what it needs is there, and somebody wants to read it."""
        self.open.remove(run)
        for value in (*run.members, *run.sums):
            del self.where[value]
        inside = set(run.members)
        external = {x for v in run.members for x in v.parents if x not in inside}
        for x in list(external):  # an operand may wait in another run
            self._close(x)
        if len(run.members) + len(run.sums) < 2:
            for value in (*run.members, *run.sums):
                self._append(value)
            return
        wanted = set(self.before.wanted)
        results = [
            v for v in run.members if v in wanted or any(r not in inside and r not in run.sums for r in self.readers.get(v, ()))
        ]
        self._kernel(run, [*results, *run.sums])

    def _kernel(self, run: _Run, results: Sequence[Value]) -> None:
        twins = _rewired(run, self.new)
        members = list(twins.values())
        inside = set(members)
        external: list[Value] = []
        for v in members:
            external += [x for x in v.parents if x not in inside and x not in external]
        parts: dict[Value, Value] = {}
        settings = {"members": members, "results": [twins[v] for v in results], "parts": parts}
        path = _common(v.path for v in members)
        kernel = Value(Spec(run.shape, np.dtype(np.bool_)), "kernel", operands=external, settings=settings, path=path)
        self.values.append(kernel)
        for v in results:
            part = Value(v.spec, "op", primitive=PART, operands=[kernel], path=v.path, name=v.name)
            parts[twins[v]] = part
            self.new[v] = part
            self.values.append(part)


def _rewired(run: _Run, new: dict[Value, Value]) -> dict[Value, Value]:
    """Twins of a run's operations that read what has taken the places of their operands."""
    twins: dict[Value, Value] = {}
    for v in (*run.members, *run.sums):
        operands = [twins.get(x, new.get(x, x)) if isinstance(x, Value) else x for x in v.operands]
        twins[v] = Value(v.spec, v.kind, primitive=v.primitive, operands=operands, settings=v.settings, path=v.path, name=v.name)
    return twins


def fusable(value: Value) -> bool:
    """Whether an operation may be part of a kernel."""
    if value.primitive is None or value.primitive.name not in EXPRESSIONS or not 0 < len(value.shape) <= MOST_AXES:
        return False
    floating = [x.dtype for x in value.parents if x.dtype in FLOATS]
    known = all(
        x.dtype in FLOATS or x.dtype.kind == "b" or (x.dtype.kind == "i" and x.dtype.itemsize == 8) for x in value.parents
    )
    name = value.primitive.name
    if not known or (value.dtype not in FLOATS and value.dtype.kind != "b"):
        return False
    if name in ("add", "subtract", "multiply", "divide", "negative", "square", "sqrt", "abs", "maximum", "minimum", "where"):
        numbers = [x for x in value.parents if not (name == "where" and x is value.operands[0])]
        return value.dtype in FLOATS and all(x.dtype == value.dtype for x in numbers)
    if name == "cast":
        return isinstance(value.operands[0], Value) and (value.dtype in FLOATS)
    kinds = {x.dtype for x in value.parents}
    return len(kinds) == 1 and (bool(floating) or not any(isinstance(x, SCALARS) for x in value.operands))


def _sums_rows(value: Value) -> bool:
    """A sum over the leading axis of a matrix, whose order is that of a loop over rows."""
    if value.primitive is None or value.primitive.name != "sum" or value.settings["axis"] != (0,) or value.settings["keepdims"]:
        return False
    x = value.operands[0]
    return isinstance(x, Value) and len(x.shape) == 2 and x.shape[0] > 0 and x.shape[1] > 1 and x.dtype in FLOATS


def _common(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The module that most operations of a kernel belong to."""
    listed = list(paths)
    return max(listed, key=listed.count)
