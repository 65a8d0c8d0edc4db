"""A kernel as Python source: loops over the elements, every operand read once, one line an operation.

The text has canonical names, so that kernels that do the same are the same, whatever plan they come from.
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
}
"""How each is written in a kernel; NaN goes through maximum and minimum as in NumPy."""

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
        self.kernel, self.place, self.flat = kernel, place, flat
        self.shape = kernel.shape
        self.arguments: list[Value] = []
        self.names: dict[Any, str] = {}  # of arguments, by their places
        self.local: dict[Value, str] = {}  # of what was computed
        self.read: dict[Value, str] = {}  # of what was read
        self.body: list[str] = []

    def written(self) -> str:
        """The whole text."""
        loop = [f"i{k}" for k in range(1 if self.flat else len(self.shape))]
        for v in self.kernel.settings["members"]:
            if v.shape == self.shape:
                self._compute(v)
        parts, results = self.kernel.settings["parts"], self.kernel.settings["results"]
        for v in (v for v in results if v.shape == self.shape):
            self.body.append(f"{self._argument(parts[v])}[{', '.join(loop)}] = {self.local[v]}")
        for v in (v for v in results if v.shape != self.shape):
            total, x = f"{self._argument(parts[v])}[{loop[1]}]", self.local[v.operands[0]]
            self.body += [f"if {loop[0]} == 0:", f"    {total} = {x}", "else:", f"    {total} += {x}"]
        sizes = self.names[self.place(next(a for a in self.arguments if a.shape == self.shape))]
        lines = [f"def kernel({', '.join(f'p{i}' for i in range(len(self.arguments)))}):"]
        lines += ["    " * (k + 1) + f"for {i} in range({sizes}.shape[{k}]):" for k, i in enumerate(loop)]
        return "\n".join([*lines, *("    " * (len(loop) + 1) + line for line in self.body)]) + "\n"

    def _compute(self, v: Value) -> None:
        floating = next((x.dtype for x in v.parents if x.dtype in FLOATS), v.dtype)
        words = [self._operand(x, floating) for x in v.operands]
        self.local[v] = f"t{len(self.local)}"
        self.body.append(f"{self.local[v]} = " + EXPRESSIONS[v.primitive.name].format(*words, type=v.dtype.name))

    def _operand(self, x: Any, dtype: Any) -> str:
        if isinstance(x, SCALARS):
            return _number(x, dtype)
        if x in self.local:
            return self.local[x]
        if x.kind == "constant" and x.source.size == 1 and float(x.source.reshape(())) in BAKED:
            return _number(x.source.item(), x.dtype)
        if x not in self.read:
            self.read[x] = f"r{len(self.read)}"
            self.body.append(f"{self.read[x]} = {self._argument(x)}{self._index(x.shape)}")
        return self.read[x]

    def _argument(self, value: Value) -> str:
        key = self.place(value)
        if key not in self.names:
            self.names[key] = f"p{len(self.arguments)}"
            self.arguments.append(value)
        return self.names[key]

    def _index(self, shape: Shape) -> str:
        """The place of an operand's element: 0 along axes that are broadcast."""
        if not shape:
            return "[()]"
        if self.flat:
            return "[i0]"
        lead = len(self.shape) - len(shape)
        return f"[{', '.join('0' if n == 1 else f'i{lead + k}' for k, n in enumerate(shape))}]"


def _number(x: Any, dtype: Any) -> str:
    return f"{dtype.name}({float(x)!r})" if dtype in FLOATS else repr(x)
