"""A kernel as Python source: loops over the elements, every operand read once a loop, one line an operation.

The text has canonical names, so that kernels that do the same are the same, whatever plan they come from. Where a kernel reduces
rows, the loop over a row is cut in stages: what needs a row's sum or maximum comes in a stage after it. What is computed of the
sum over all rows comes after the loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autotensor.core.spec import SCALARS, Shape
from autotensor.plan.graph import Value

EXPRESSIONS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "square": "{0} * {0}",
    "sqrt": "sqrt({0})",
    "abs": "abs({0})",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",
    "minimum": "({0} if {0} <= {1} or {0} != {0} else {1})",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "cast": "{type}({0})",
    "where": "({1} if {0} else {2})",
    "reshape": "{0}",
    "expand": "{0}",
    "exp": "exp({0})",
    "tanh": "tanh({0})",
    "erf": "erf({0})",
    "unpick": "({0} if {1} == {i} or {1} + {n} == {i} else {type}(0.0))",
}
"""How each is written in a kernel; NaN goes through maximum and minimum as in NumPy."""

OF_ROWS = {
    "sum": "row_sum({x}, {i}, {n}, {type}(0.0))",
    "max": "row_max({x}, {i}, {n})",
    "min": "row_min({x}, {i}, {n})",
    "argmax": "row_argmax({x}, {i}, {n})",
    "pick": "row_pick({x}, {i}, {n}, {label}, {type}(nan))",
}
"""What makes one number of a row."""

ROW, TOTAL = -1, -2  # where a number holds that is no element's: see _Text._scope
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
BAKED = (
    0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
)  # numbers that may be part of a kernel's text; others are arguments, so that kernels are shared


def kernel_text(kernel: Value, place: Callable[[Value], Any], *, flat: bool) -> tuple[str, list[Value]]:
    """The kernel's source under canonical names, and the values that are its arguments, each buffer once.

    `place` says where an operand or result lies: those in one place are one argument. With `flat` all arguments are vectors, or
    without axes.
    """
    text = _Text(kernel, place, flat=flat)
    return text.written(), text.arguments


class _Text:
    def __init__(self, kernel: Value, place: Callable[[Value], Any], *, flat: bool) -> None:
        self.place, self.flat = place, flat
        self.shape = kernel.shape
        self.members: list[Value] = kernel.settings["members"]
        self.parts: dict[Value, Value] = kernel.settings["parts"]
        self.axes = [f"i{k}" for k in range(1 if flat else len(self.shape))]
        self.arguments: list[Value] = []
        self.names: dict[Any, str] = {}  # of arguments, by their places
        self.local: dict[tuple[Value, int], str] = {}  # of what was computed: a row's number, an element in one stage's loop
        self.read: dict[tuple[Any, ...], str] = {}  # of what was read
        self.kept: dict[Value, str] = {}  # rows that later stages read and that are no results
        self.count = 0
        self.stage: dict[Value, int] = {}
        self.totals = [v for v in self.members if not v.shape]
        self.members = [v for v in self.members if v.shape]
        for v in self.members:
            ready = [self.stage[x] + (self._is_whole(x) and self._is_row(v)) for x in v.parents if x in self.stage]
            self.stage[v] = max(ready, default=0)

    def _is_whole(self, v: Value) -> bool:
        """Whether a member has an element for each of the kernel's: it is computed in the loop of its stage."""
        return v.shape == self.shape and not of_rows(v)

    def _is_row(self, v: Value) -> bool:
        """Whether a member has one number a row: it is computed before the loop of its stage."""
        return not self._is_whole(v) and not of_columns(v)

    def written(self) -> str:
        """The whole text."""
        stages = range(max(self.stage.values()) + 1)
        for v in self.members:
            for x in v.parents:  # a row's elements that a later stage reads
                later = x in self.stage and self._is_whole(x) and self.stage[x] < self.stage[v]
                if later and x not in self.parts and x not in self.kept:
                    self.kept[x] = f"s{len(self.kept)}"
        self.added = {v.operands[0]: f"a{i}" for i, v in enumerate(v for v in self.totals if v.primitive.name == "sum")}
        body = [line for k in stages for line in self._staged(k)]
        sizes = self._sizes()
        lines = [f"    {name} = empty((1, {sizes[-1]}), {_type(v.dtype)})" for v, name in self.kept.items()]
        lines += [f"    {name} = empty((1, {sizes[0]}), {_type(v.dtype)})" for v, name in self.added.items()]
        outer = self.axes[:-1]
        after = self._after(sizes[0])
        head = f"def kernel({', '.join(f'p{i}' for i in range(len(self.arguments)))}):"
        lines += ["    " * (k + 1) + f"for {i} in range({sizes[k]}):" for k, i in enumerate(outer)]
        lines += ["    " * (len(outer) + 1) + line for line in body] + ["    " + line for line in after]
        text = "\n".join([head, *lines]) + "\n"
        return text.replace("{last}", sizes[-1])

    def _sizes(self) -> list[str]:
        """The kernel's lengths, as some argument knows them: kernels are shared by all sizes."""
        whole = next((self.names[self.place(a)] for a in self.arguments if a.shape == self.shape), None)
        if self.flat:
            return [f"{whole}.shape[0]"]
        return [f"{whole}.shape[{k}]" if whole else str(n) for k, n in enumerate(self.shape)]

    def _staged(self, k: int) -> list[str]:
        """Stage k: numbers of the row, then the loop over its elements."""
        members = [v for v in self.members if self.stage[v] == k]
        before: list[str] = []
        for v in members:
            if self._is_row(v):
                self._compute(v, k, before)
                if v in self.parts:
                    before.append(f"{self._argument(self.parts[v])}{self._index(v.shape, v.shape)} = {self._name(v, k)}")
        loop: list[str] = []
        for v in members:
            if self._is_whole(v):
                self._compute(v, k, loop)
                if v in self.kept:
                    loop.append(f"{self.kept[v]}[0, {self.axes[-1]}] = {self._name(v, k)}")
        written = [v for v in members if self._is_whole(v) and v in self.parts]
        loop += [f"{self._argument(self.parts[v])}[{', '.join(self.axes)}] = {self._name(v, k)}" for v in written]
        for v in members:
            if of_columns(v):
                total, x = f"{self._argument(self.parts[v])}[{self.axes[1]}]", self._operand(v.operands[0], v, k, loop, v.dtype)
                loop += [f"if {self.axes[0]} == 0:", f"    {total} = {x}", "else:", f"    {total} += {x}"]
        if loop:
            before += [f"for {self.axes[-1]} in range({{last}}):", *("    " + line for line in loop)]
        return before

    def _after(self, n: str) -> list[str]:
        """After the loops: sums over all rows, and what is computed of them."""
        lines: list[str] = []
        for v in self.totals:
            if v.primitive.name == "sum":
                name = f"t{self.count}"
                self.count += 1
                lines.append(f"{name} = {OF_ROWS['sum'].format(x=self.added[v.operands[0]], i='0', n=n, type=v.dtype.name)}")
                self.local[v, TOTAL] = name
            else:
                self._compute(v, TOTAL, lines)
        return lines + [f"{self._argument(self.parts[v])}[()] = {self._name(v, TOTAL)}" for v in self.totals if v in self.parts]

    def _compute(self, v: Value, k: int, lines: list[str]) -> None:
        name = v.primitive.name
        if of_rows(v):
            x = v.operands[0]
            array, i = (self.kept[x], "0") if x in self.kept else (self._argument(self.parts.get(x, x)), self.axes[0])
            label = self._operand(v.operands[1], v, k, lines, v.dtype) if name == "pick" else ""
            text = OF_ROWS[name].format(x=array, i=i, n="{last}", type=v.dtype.name, label=label)
        else:
            floating = next((x.dtype for x in v.parents if x.dtype in FLOATS), v.dtype)
            words = [self._operand(x, v, k, lines, floating) for x in v.operands]
            text = EXPRESSIONS[name].format(*words, type=v.dtype.name, i=self.axes[-1], n="{last}")
        self.local[v, self._scope(v, k)] = f"t{self.count}"
        lines.append(f"t{self.count} = {text}")
        if v in self.added:
            lines.append(f"{self.added[v]}[0, {self.axes[0]}] = t{self.count}")
        self.count += 1

    def _scope(self, v: Value, k: int) -> int:
        """Where a name holds: an element's in its stage's loop, a row's number to the end of the row, a total's to the end."""
        return k if self._is_whole(v) else ROW if v.shape else TOTAL

    def _name(self, v: Value, k: int) -> str:
        return self.local[v, self._scope(v, k)]

    def _operand(self, x: Any, reader: Value, k: int, lines: list[str], dtype: Any) -> str:
        if isinstance(x, SCALARS):
            return _number(x, dtype)
        if (x in self.stage or x in self.totals) and (x, self._scope(x, k)) in self.local:
            return self._name(x, k)
        if x.kind == "constant" and x.source.size == 1 and float(x.source.reshape(())) in BAKED:
            return _number(x.source.item(), x.dtype)
        in_loop = reader.shape != () and not self._is_row(reader)
        last = self.axes[-1] if in_loop else "0"  # of rows that have one element
        if x in self.kept:
            where = f"{self.kept[x]}[0, {last}]"
        elif x in self.stage:  # a result of an earlier stage
            where = f"{self._argument(self.parts[x])}[{', '.join([*self.axes[:-1], last])}]"
        else:
            rows = of_rows(reader) or reader.primitive.name == "unpick"  # whose labels are one a row
            seen = self.shape[:1] if rows else self.shape if in_loop else reader.shape
            where = self._argument(x) + self._index(x.shape, seen)
        key = (where, k if in_loop or k == TOTAL else ROW)
        if key not in self.read:
            self.read[key] = f"r{len(self.read)}"
            lines.append(f"{self.read[key]} = {where}")
        return self.read[key]

    def _argument(self, value: Value) -> str:
        key = self.place(value)
        if key not in self.names:
            self.names[key] = f"p{len(self.arguments)}"
            self.arguments.append(value)
        return self.names[key]

    def _index(self, shape: Shape, seen: Shape) -> str:
        """The place of an operand's element where the result has shape `seen`: 0 along axes that are broadcast."""
        if not shape:
            return "[()]"
        if self.flat:
            return "[i0]"
        lead = len(seen) - len(shape)
        return f"[{', '.join('0' if n == 1 else self.axes[lead + k] for k, n in enumerate(shape))}]"


def of_rows(v: Value) -> bool:
    """Whether an operation makes one number of each row."""
    return v.primitive.name == "pick" or (v.primitive.name in OF_ROWS and v.settings["axis"] in ((1,), 1))


def of_columns(v: Value) -> bool:
    """Whether an operation adds up each column."""
    return v.primitive.name == "sum" and v.settings["axis"] == (0,) and len(v.operands[0].shape) > 1


def _type(dtype: Any) -> str:
    return "bool_" if dtype.kind == "b" else dtype.name


def _number(x: Any, dtype: Any) -> str:
    return f"{dtype.name}({float(x)!r})" if dtype in FLOATS else repr(x)
