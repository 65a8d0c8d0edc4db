"""A plan's source: straight-line NumPy, one line an operation, written into places that were decided before.

What can be known before a call (buffers, their views, constants) is made once and bound to a
name; a call computes and nothing else.
"""

from __future__ import annotations

import itertools
import linecache
import math
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.core.spec import Array
from autotensor.plan.blocks import Loop, Run, blocks
from autotensor.plan.forms import form_of, is_ufunc
from autotensor.plan.fuse import PART
from autotensor.plan.graph import Graph, Value
from autotensor.plan.kernel_text import kernel_text
from autotensor.plan.kernels import call_name, compiled, prepare
from autotensor.plan.memory import OWN, Memory
from autotensor.plan.naming import Names, base_of

_number = itertools.count(1).__next__


class Source(Names):
    """The text of a plan, and what its names stand for."""

    def __init__(
        self, graph: Graph, memory: Memory, name: str, items: Sequence[bool], *, compiles: bool = True, ordered: bool = False
    ) -> None:
        super().__init__(memory, {name, "empty", "own", "fresh", "blocks"})
        self.graph, self.items = graph, items
        self.ordered = ordered  # whether the elements of arguments lie in order
        self.title = name
        self.arguments = [v for v in graph.values if v.kind in ("argument", "captured")]
        self.kernels: list[str] = []
        self.calls: list[tuple[str, list[tuple[str, Value]]]] = []  # of kernels: the name, and those of what it is given
        self._compiles = compiles
        self.loops: dict[str, Loop] = {}  # what runs by blocks, under the names of their blocks
        self.lines: list[str] = []
        for value in graph.values:
            if value.kind != "kernel":
                self.name(value)
        self._write()
        self.text = "\n".join(
            [f"def {name}({', '.join(self.names[v] for v in self.arguments)}):", *(f"    {x}" for x in self.lines)]
        )
        self.file = f"<autotensor plan {_number()}: {name}>"
        linecache.cache[self.file] = (len(self.text), None, self.text.splitlines(keepends=True), self.file)
        weakref.finalize(self, linecache.cache.pop, self.file, None)
        self.code = compile(self.text, self.file, "exec")

    # lines
    def _write(self) -> None:
        path: tuple[str, ...] | None = None
        for value in self.graph.values:
            run = self.memory.runs.get(value)
            lines = self._statement(value) if run is None else self._loop(run) if value is run.members[0] else []
            if lines and value.path != path:
                path = value.path
                self.lines.append(f"# {_heading(path)}")
            self.lines += lines
        outputs = [self._outgoing(y, item=item) for y, item in zip(self.graph.outputs, self.items, strict=True)]
        copied = {state for state, _ in self.memory.copies}
        for k, y in enumerate(self.graph.outputs):
            if self.memory.root.get(y, y) in copied:  # asked for as it is before the copies below
                self.lines.append(f"out_{k} = {outputs[k]}")
                outputs[k] = f"out_{k}"
        self._copy_states()
        self.lines.append(f"return ({', '.join(outputs)}{',' if len(outputs) == 1 else ''})")
        read = [line for line in self.lines if not line.startswith("#")] + [loop.source for loop in self.loops.values()]
        used = set(re.findall(r"\w+", " ".join(read)))
        self.lines = [text for line in self.lines for text in (self.loops[line].lines(used) if line in self.loops else [line])]

    def _loop(self, run: Run) -> list[str]:
        """What a run by blocks makes, and a line in the place of its loop, which is written when all other lines are known."""
        before: list[str] = []
        body: list[str] = []
        for value in run.members:
            *made, call = self._statement(value)
            before += made
            body.append(call)
        vectors = dict.fromkeys(x for v in run.members for x in (*v.parents, v) if x.shape == v.shape)
        given = any(x in self.memory.dynamic for x in vectors)
        names = dict.fromkeys(map(self.name, sorted(vectors, key=lambda x: self.memory.buffer(x) in self.memory.short)))
        name = self.bind(f"{base_of(run.members[0], self.memory)}_blocks", run)
        self.loops[name] = Loop(run, list(names), body, "" if given else name)
        return [*before, name]

    def _statement(self, value: Value) -> list[str]:
        kinds = {"draw": self._draw, "pack": self._pack, "kernel": self._kernel, "op": self._operation}
        return kinds[value.kind](value) if value.kind in kinds else []

    def _draw(self, value: Value) -> list[str]:
        name, draw = self.names[value], self.bind("draw", value.source)
        return [f"{name} = {draw}()" if value in self.memory.dynamic else f"{draw}({name})"]

    def _operation(self, value: Value) -> list[str]:
        if value.primitive is PART:  # its kernel writes it
            return []
        memory, name = self.memory, self.names[value]
        wide = value.primitive.name in ("maximum", "minimum") and value not in memory.runs
        operands = [(self.wide(x, value) if wide else "") or self.operand(x, value) for x in value.operands]
        if memory.root[value] is not value:  # a view: made once, or in the call if what it shows is
            return [f"{name} = {_view(value, operands[0], self)}"] if value in memory.dynamic else []
        if is_ufunc(value.primitive):
            function = value.primitive.value.__name__
            self.function(function, value.primitive.value)
            call = [f"{function}({', '.join(operands)}, out={name})"]
        else:
            form = form_of(value)
            if form is None or (value in memory.dynamic and not self._goes_out(value)):
                return [self._by_primitive(value, name, operands)]
            by_dot = value.primitive.name == "matmul" and self._by_dot(value)
            call = [f"{operands[0]}.dot({operands[1]}, out={name})"] if by_dot else form(value, operands, name)
            self._rows(call)
            for word in re.findall(r"\b([a-z]+)(?:\.reduce)?\(", "\n".join(call)):
                if hasattr(np, word):
                    self.function(word, getattr(np, word))
        if value in memory.dynamic:
            return [f"{name} = empty({value.shape}, {self.bind(value.dtype.name, value.dtype)})", *call]
        return call

    def _kernel(self, kernel: Value) -> list[str]:
        parts = [kernel.settings["parts"][v] for v in kernel.settings["results"]]
        whole = [x for x in (*kernel.parents, *parts) if x.shape == kernel.shape]
        flat = (
            len(kernel.shape) > 1
            and not kernel.settings["rows"]
            and all(x.shape in (kernel.shape, ()) for x in (*kernel.parents, *parts))
        )
        flat = flat and all(x not in self.memory.dynamic and self.memory.root.get(x, x) is x for x in whole)
        text, arguments = kernel_text(kernel, self._place, flat=flat)
        new = [part for part in parts if part in self.memory.dynamic]
        lines = [f"{self.name(part)} = empty({part.shape}, {self.bind(part.dtype.name, part.dtype)})" for part in new]
        words = call_name(kernel.settings["members"]) or f"{base_of(parts[0], self.memory).lower()}_kernel"
        self.kernels.append(text)
        name = self.bind(f"_{words}" if words[0].isdigit() else words, compiled(text) if self._compiles else object())
        given = [self.flat_name(x) if flat and x.shape else self.name(x) for x in arguments]
        self.calls.append((name, list(zip(given, arguments, strict=True))))
        return [*lines, f"{name}({', '.join(given)})"]

    def _place(self, x: Value) -> Any:
        """Where a whole array lies; a view is itself."""
        root = self.memory.root.get(x, x)
        return self.memory.home(root) if root is x and root not in self.memory.parts and x.kind != "constant" else x

    def _by_dot(self, product: Value) -> bool:
        """Whether a matrix product may be the method `dot`: the same call of the BLAS, made half a microsecond sooner.

        Not for rows of one number: there one of the two multiplies without adding 0, and -0.0 stays.
        """
        a, b = product.operands
        alike = isinstance(a, Value) and isinstance(b, Value) and a.dtype == b.dtype and a.dtype.kind == "f"
        if not alike or len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] < 2 or 0 in product.shape:
            return False
        return self._in_order(a) and self._in_order(b)

    def _in_order(self, x: Value) -> bool:
        """Whether a matrix is known to lie in order, or its transpose."""
        if x.primitive is None or self.memory.root.get(x, x) is x:
            return x not in self.memory.dynamic or (self.ordered and x.kind in ("argument", "captured"))
        inner = x.operands[0]
        name, settings = x.primitive.name, x.settings
        if name == "getitem":  # a stretch of a vector
            index = settings["index"]
            return len(inner.shape) == 1 and len(index) == 1 and isinstance(index[0], slice) and index[0].step in (None, 1)
        turned = name == "permute" and settings["axes"] == (1, 0)
        return (turned or name == "reshape") and self._in_order(inner)

    def _goes_out(self, value: Value) -> bool:
        return value in self.graph.outputs

    def _rows(self, lines: Sequence[str]) -> None:
        """Bind rows_32, the numbers 0 to 31, where lines speak of it."""
        for word, n in re.findall(r"\b(rows_(\d+))\b", " ".join(lines)):
            self.bound[word] = np.arange(int(n))
            self.taken.add(word)

    def _by_primitive(self, value: Value, name: str, operands: Sequence[str]) -> str:
        if value.primitive.name == "pick" and len(value.shape) == 1:
            line = f"{name} = {operands[0]}[rows_{value.shape[0]}, {operands[1]}]"
            self._rows([line])
            return line
        settings = "".join(f", {key}={self.setting(key, x)}" for key, x in value.settings.items())
        function = self.of_primitive(value)
        keep = "own" if value.primitive.c_ordered else "fresh"
        call = f"{keep}({function}({', '.join(operands)}{settings}))"
        if value in self.memory.dynamic:
            return f"{name} = {call}"
        return f"{name}[...] = {call}"

    def _pack(self, pack: Value) -> list[str]:
        lines, start = [], 0
        for x in pack.parents:
            size = math.prod(x.shape)
            root = self.memory.root.get(x, x)
            if self.memory.parts.get(root) != (pack, start):
                lines.append(f"{self.names[pack]}[{start}:{start + size}] = {self.name(x)}.reshape(-1)")
            start += size
        return lines

    def _copy_states(self) -> None:
        late = []
        for state, y in self.memory.copies:
            root = self.memory.root.get(y, y)
            new = self.name(y)
            if root.kind == "state":  # another copy may come first
                self.lines.append(f"{new}_now = {new}.copy()")
                new = f"{new}_now"
            late.append(f"{self.name(state)}[...] = {new}")
        self.lines += late

    def _outgoing(self, y: Value, *, item: bool) -> str:
        name = self.name(y)
        if item:
            return f"{name}.item()"
        return name if y in self.memory.dynamic and self.memory.root.get(y, y) is y and y.kind in OWN else f"{name}.copy()"

    # instances
    def instance(self, given: dict[Value, Array]) -> Callable[..., Any]:
        """The function with buffers of its own; `given` are the arrays of states, scalars and inputs that are bound."""
        workspace = np.empty(self.memory.workspace + 64, np.uint8)
        start = -workspace.ctypes.data % 64
        arrays: dict[Value, Array] = dict(given)

        def array(value: Value) -> Array:
            found = arrays.get(value)
            if found is None:
                found = arrays[value] = self._array(value, array, workspace[start:])  # noqa: F821 - deleted when all is made
            return found

        names = {name: array(value) for name, value in self.made}
        names |= {name: array(value).reshape(-1) for value, name in self.flat.items()}
        del array  # a function that knows itself would keep the workspace until the next garbage collection
        space = {"empty": np.empty, "own": own, "fresh": fresh, "blocks": blocks, **self.bound, **names}
        space |= {name: loop.made(space) for name, loop in self.loops.items()}
        exec(self.code, space)  # noqa: S102 - the source that this module has just written
        return space[self.title]

    def prepare(self, run: Callable[..., Any]) -> None:
        """Make the machine code of all kernels that an instance calls, without running any."""
        space: dict[str, Any] = run.__globals__
        for name, given in self.calls:  # what a call alone knows has its elements in order, or is compiled for then
            prepare(space[name], [space[x] if x in space else np.empty(value.shape, value.dtype) for x, value in given])

    def _array(self, value: Value, array: Callable[[Value], Array], workspace: Array) -> Array:
        memory = self.memory
        root = memory.root.get(value, value)
        if value.kind == "constant":
            return value.source
        if root is not value:
            return value.primitive.value(array(value.operands[0]), **value.settings)
        if root in memory.parts:
            pack, start = memory.parts[root]
            return array(pack)[start : start + math.prod(value.shape)].reshape(value.shape)
        if root in memory.places:
            return array(memory.places[root])
        shape = (memory.short[value].block,) if value in memory.short else value.shape
        at = memory.offsets[value]
        return workspace[at : at + math.prod(shape) * value.dtype.itemsize].view(value.dtype).reshape(shape)


def own(value: Any) -> Array:
    """A primitive's result as eager execution has it: an array whose elements lie in order."""
    array = np.asarray(value)
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def fresh(value: Any) -> Array:
    """A primitive's result that may be a view, copied."""
    return np.array(value)


def _view(value: Value, x: str, source: Source) -> str:
    name, settings = value.primitive.name, value.settings
    if name == "reshape":
        return f"{x}.reshape({settings['shape']})"
    if name == "permute":
        return f"{x}.T" if settings["axes"] == tuple(reversed(range(len(value.shape)))) else f"{x}.transpose({settings['axes']})"
    return f"{source.of_primitive(value)}({x}, " + ", ".join(f"{key}={source.setting(key, y)})" for key, y in settings.items())


def _heading(path: tuple[str, ...]) -> str:
    back = path[-1:] == ("backward",)
    where = ".".join(path[:-1] if back else path)
    return f"{where or 'the function itself'}{', backward' if back else ''}"
