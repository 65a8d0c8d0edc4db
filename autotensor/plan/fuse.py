"""Fusion: runs of elementwise operations become one kernel, a loop that reads each operand once and writes what others need.

Only operations whose result is fixed to the last bit take part: IEEE arithmetic, comparisons, choices; sums over the leading
axis, which NumPy adds in the order of the loop; sums, maxima and picked elements of short rows, by `row_functions`. exp, tanh and
erf take part, as polynomials, where that is admitted; else they stay NumPy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from autotensor.core.spec import SCALARS, Shape, Spec
from autotensor.plan.graph import Graph, Value
from autotensor.plan.kernel_text import EXPRESSIONS, FLOATS, OF_ROWS, of_columns, of_rows
from autotensor.plan.polynomials import APPROXIMATED
from autotensor.plan.row_functions import LONGEST

MOST_AXES = 4
ARITHMETIC = ("add", "subtract", "multiply", "divide", "negative", "square", "sqrt", "abs", "maximum", "minimum", "where")


class Part:
    """Stands for a primitive where a value is one of a kernel's results."""

    name = "part"
    value = None
    c_ordered = True


PART = Part()


def fused(graph: Graph, *, approximate: bool = False) -> Graph:
    """The graph with kernels, each before its results, in place of runs of two operations or more.

    `approximate` admits polynomials for exp, tanh and erf of float32 (`polynomials`).
    """
    return _Fuser(graph, approximate=approximate).graph()


class _Run:
    """Operations of one shape, or of a matrix and its rows, that have been gathered and not yet written."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.members: list[Value] = []
        self.sums: list[Value] = []  # over the leading axis, of members


class _Fuser:
    def __init__(self, graph: Graph, *, approximate: bool) -> None:
        self.before = graph
        self.approximate = approximate
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
        if _sums_columns(value):
            source = value.operands[0]
            run = self.where.get(source)
            if run is None or source in run.sums or run.shape != source.shape:
                return False
            run.sums.append(value)
            self.where[value] = run
            return True
        if not self._may(value) or (not value.shape and not any(x in self.where for x in value.parents)):
            return False
        shape = _loop(value)
        runs: list[_Run] = []
        for x in value.parents:
            waiting = self.where.get(x)
            if waiting is None:
                continue
            joint = None if x in waiting.sums or not _together(x, value) else _joint(waiting.shape, shape)
            if joint is None:
                self._write(waiting)
                continue
            shape = joint
            if waiting not in runs:
                runs.append(waiting)
        runs = [one for one in runs if one in self.open]
        if not runs and (_moves(value) or not value.shape):
            return False
        shape = _loop(value)
        for one in runs:  # those that are left
            shape = _joint(one.shape, shape) or shape
        first = runs[0] if runs else _Run(shape)
        if not runs:
            self.open.append(first)
        for other in runs[1:]:
            first.members += other.members
            first.sums += other.sums
            self.where.update(dict.fromkeys([*other.members, *other.sums], first))
            self.open.remove(other)
        first.shape = shape
        first.members.sort(key=self._place)
        first.members.append(value)
        self.where[value] = first
        return True

    def _may(self, value: Value) -> bool:
        if _sums_rows(value):
            return True
        if _reduces_rows(value):
            x = value.operands[0]
            return x in self.where or _in_order(x)
        return fusable(value, approximate=self.approximate)

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
        if sum(not _moves(v) for v in run.members) + len(run.sums) < 2:
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
        rows = any(v.shape != run.shape or of_rows(v) for v in run.members)
        settings = {"members": members, "results": [twins[v] for v in results], "parts": parts, "rows": rows}
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


def fusable(value: Value, *, approximate: bool = False) -> bool:
    """Whether an operation may be part of a kernel."""
    if value.primitive is None or value.primitive.name not in EXPRESSIONS or len(value.shape) > MOST_AXES:
        return False
    name = value.primitive.name
    if name == "unpick" or _moves(value):
        return value.dtype in FLOATS and (_moves_rows(value) if _moves(value) else _unpicks(value))
    if name in APPROXIMATED:
        return approximate and value.dtype == np.float32
    return _computes(value, name)


def _computes(value: Value, name: str) -> bool:
    """Arithmetic, a cast or a comparison of dtypes that kernels have."""
    operands = list(value.parents)
    known = all(x.dtype in FLOATS or x.dtype.kind == "b" or x.dtype == np.int64 for x in operands)
    if not known or (value.dtype not in FLOATS and value.dtype.kind != "b"):
        return False
    if name in ARITHMETIC:
        numbers = [x for x in operands if not (name == "where" and x is value.operands[0])]
        return value.dtype in FLOATS and all(x.dtype == value.dtype for x in numbers)
    if name == "cast":
        return isinstance(value.operands[0], Value) and value.dtype in FLOATS
    floating = any(x.dtype in FLOATS for x in operands)
    return len({x.dtype for x in operands}) == 1 and (floating or not any(isinstance(x, SCALARS) for x in value.operands))


def _unpicks(value: Value) -> bool:
    return _picks(value.operands[1]) and len(value.shape) == 2 and 1 < value.shape[1] <= LONGEST


def _moves(value: Value) -> bool:
    """Whether an operation computes nothing: it may come along in a kernel, and makes none."""
    return value.primitive.name in ("reshape", "expand")


def _moves_rows(value: Value) -> bool:
    """(n,) to (n, 1) or back, or (n, 1) along its rows."""
    x, after = value.operands[0], value.shape
    if not isinstance(x, Value) or not x.shape:
        return False
    n = x.shape[0]
    along = len(after) == 2 and x.shape == (after[0], 1) and 1 < after[1] <= LONGEST
    return along or {x.shape, after} == {(n,), (n, 1)}


def _loop(value: Value) -> Shape:
    """The shape of the loop that an operation needs: for what is computed of rows, that of the matrix."""
    return value.operands[0].shape if of_rows(value) else value.shape


def _joint(a: Shape, b: Shape) -> Shape | None:
    """The shape of a loop that does for both: one of them a matrix with short rows, the other a number for each of its rows."""
    if a == b or not b:
        return a
    wide, narrow = (a, b) if a[1:] > b[1:] else (b, a)
    fits = len(wide) == 2 and 0 < wide[1] <= LONGEST and narrow in (wide[:1], (wide[0], 1))
    return wide if fits else None


def _together(x: Value, reader: Value) -> bool:
    """Whether an operand and what reads it may be computed in one loop: element by element, or a row's number with its row."""
    if of_rows(reader):
        return x.shape == (reader.operands[0].shape if x is reader.operands[0] else reader.operands[0].shape[:1])
    if reader.primitive.name == "unpick":
        return x.shape == reader.shape[:1]
    rows = len(reader.shape) == 2 and reader.shape[1] <= LONGEST and x.shape == (reader.shape[0], 1)
    return x.shape == reader.shape or rows or _moves(reader) or _sums_rows(reader)


def _reduces_rows(value: Value) -> bool:
    """A sum, maximum or picked element of each row of a matrix with short rows."""
    if value.primitive is None or value.primitive.name not in OF_ROWS or not isinstance(value.operands[0], Value):
        return False
    x = value.operands[0]
    if x.dtype not in FLOATS or len(x.shape) != 2 or not 1 < x.shape[1] <= LONGEST or not x.shape[0]:
        return False
    return of_rows(value) and (value.primitive.name != "pick" or _picks(value.operands[1]))


def _picks(label: object) -> bool:
    return isinstance(label, Value) and label.dtype == np.int64 and len(label.shape) == 1


def _in_order(x: Value) -> bool:
    """Whether a value's elements lie in order, as the order of a sum asks: an operation's own result."""
    return x.primitive is not None and x.primitive.name not in ("permute", "expand", "getitem", "reshape")


def _sums_rows(value: Value) -> bool:
    """The sum of a short vector: of one number for each row."""
    if value.primitive is None or value.primitive.name != "sum" or value.shape:
        return False
    x = value.operands[0]
    return (
        isinstance(x, Value) and len(x.shape) == 1 and 0 < x.shape[0] <= LONGEST and x.dtype in FLOATS and x.dtype == value.dtype
    )


def _sums_columns(value: Value) -> bool:
    """A sum over the leading axis of a matrix, whose order is that of a loop over rows."""
    if value.primitive is None or value.primitive.name != "sum" or not of_columns(value) or value.settings["keepdims"]:
        return False
    x = value.operands[0]
    return isinstance(x, Value) and len(x.shape) == 2 and x.shape[0] > 0 and x.shape[1] > 1 and x.dtype in FLOATS


def _common(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The module that most operations of a kernel belong to."""
    listed = list(paths)
    return max(listed, key=listed.count)
