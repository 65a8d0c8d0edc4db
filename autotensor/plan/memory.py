"""Where every value lives: which are views, which share a buffer, which are written into a place made for them.

Decided on real arrays that are thrown away (prototypes), so that NumPy itself says what is a view of what. Liveness is that of
the root: the buffer that a value lies in, whatever view of it is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from autotensor.core.spec import Array
from autotensor.plan.blocks import Run
from autotensor.plan.forms import form_of, is_ufunc
from autotensor.plan.fuse import PART
from autotensor.plan.graph import Graph, Value

VIEWS = {"reshape", "permute", "expand", "getitem"}
OWN = ("op", "pack", "draw")  # kinds of values that a plan makes room for
ALIGNED = 64  # bytes: a cache line, and what vector units like


@dataclass
class Memory:
    """The decisions: for each value its root, and for each root a place."""

    root: dict[Value, Value] = field(default_factory=dict)
    dynamic: set[Value] = field(default_factory=set)  # known in a call only: arguments, and what is computed without a place
    places: dict[Value, Value] = field(default_factory=dict)  # a root that is written into another root's buffer
    parts: dict[Value, tuple[Value, int]] = field(default_factory=dict)  # a root that is a stretch of a pack: (pack, offset)
    copies: list[tuple[Value, Value]] = field(default_factory=list)  # at the end: state, and where its next value is
    runs: dict[Value, Run] = field(default_factory=dict)  # what is done by blocks, and in which run
    short: dict[Value, Run] = field(default_factory=dict)  # roots that only one run uses: their buffers are one block long
    offsets: dict[Value, int] = field(default_factory=dict)  # roots with a buffer of the plan's own: place in the workspace
    workspace: int = 0  # bytes
    unshared: int = 0  # bytes, if no two values shared a place

    def home(self, value: Value) -> Value:
        """The root in whose buffer a root lies."""
        while value in self.places:
            value = self.places[value]
        return value

    def buffer(self, value: Value) -> Value:
        """The root in whose buffer any value lies: a view's, or the pack's of which it is a part."""
        root = self.root.get(value, value)
        return self.parts[root][0] if root in self.parts else self.home(root)

    def elements(self, root: Value) -> int:
        """How many elements a root's buffer has."""
        return self.short[root].block if root in self.short else math.prod(root.shape)


class Stretch(NamedTuple):
    """Bytes of the workspace, and the statements from which on and up to which they are taken."""

    low: int
    high: int
    begin: int
    end: int


def planned(graph: Graph, runs: Iterable[Run] = ()) -> Memory:
    """A place for each value of the graph, of which `runs` are done by blocks."""
    memory = Memory(runs={member: run for run in runs for member in run.members})
    prototypes: dict[Value, Array] = {}
    scratch = np.empty(max((math.prod(v.shape) * v.dtype.itemsize for v in graph.values), default=0) + 1, np.uint8)
    for value in graph.values:
        _classify(memory, prototypes, value, scratch)
    when = {value: i for i, value in enumerate(graph.values)}
    last = _last_reads(graph, memory)
    _fill_packs(graph, memory, last)
    _give_out(graph, memory)
    _update_in_place(graph, memory, when)
    _reuse(graph, memory, last, when)
    _arrange(graph, memory, last, when)
    return memory


def _classify(memory: Memory, prototypes: dict[Value, Array], value: Value, scratch: Array) -> None:
    memory.root[value] = value
    whole = np.ndarray(value.shape, value.dtype, scratch)  # over all others: only what a primitive makes of one is asked
    name = value.primitive.name if value.primitive is not None else value.kind
    if name == "pack" or value.primitive is None:
        prototypes[value] = value.source if value.kind == "constant" else whole
        if value.kind in ("argument", "captured"):
            memory.dynamic.add(value)
        return
    x = value.operands[0]
    if name == "checked" and isinstance(x, Value):  # its operand, which each call looks at
        memory.root[value] = memory.root.get(x, x)
        memory.dynamic.add(value)
        prototypes[value] = whole
        return
    if name in VIEWS and isinstance(x, Value):
        seen = value.primitive.value(_prototype(prototypes, x), **value.settings)
        if x in memory.dynamic:  # NumPy decides in the call
            memory.root[value] = memory.root.get(x, x)
            memory.dynamic.add(value)
            prototypes[value] = whole
            return
        if isinstance(seen, np.ndarray) and (np.may_share_memory(seen, _prototype(prototypes, x)) or not seen.size):
            memory.root[value] = memory.root.get(x, x)
            prototypes[value] = seen
            return
    if not is_ufunc(value.primitive) and name not in ("reshape", "part") and form_of(value) is None:
        memory.dynamic.add(value)  # computed by the primitive itself, into an array of its own
    prototypes[value] = whole


def _prototype(prototypes: dict[Value, Array], x: Value) -> Array:
    if x not in prototypes:  # a constant that a pass has made
        prototypes[x] = x.source
    return prototypes[x]


def _last_reads(graph: Graph, memory: Memory) -> dict[Value, int]:
    """The last statement that reads a root, through any view; outputs and state are read after the last."""
    last: dict[Value, int] = {}
    for i, value in enumerate(graph.values):
        root = memory.root[value]
        last[root] = max(last.get(root, i), i)
        for x in value.parents:
            last[memory.root.get(x, x)] = i
    for y in graph.wanted:
        last[memory.root.get(y, y)] = len(graph.values)
    return last


def _fill_packs(graph: Graph, memory: Memory, last: dict[Value, int]) -> None:
    """The operands of a pack are computed where it wants them."""
    for pack in graph.values:
        if pack.kind != "pack":
            continue
        start = 0
        for x in pack.parents:
            root = memory.root.get(x, x)
            own = root.kind == "op" and root not in memory.dynamic and root not in memory.parts
            whole = math.prod(root.shape) == math.prod(x.shape) and root.dtype == pack.dtype
            if own and whole and _is_flat_view(x, root):
                memory.parts[root] = (pack, start)
                last[root] = max(last[root], last[pack])  # it may be read by itself, after the pack
            start += math.prod(x.shape)


def _is_flat_view(x: Value, root: Value) -> bool:
    while x is not root:
        if x.primitive.name != "reshape":
            return False
        x = x.operands[0]
    return True


def _give_out(graph: Graph, memory: Memory) -> None:
    """What goes out is computed into a new array."""
    for y in graph.outputs:
        root = memory.root.get(y, y)
        own = y is root and root.kind in OWN and root.kind != "pack"  # which is a place before it is a value
        if own and root not in memory.parts and root not in graph.updates.values() and y.shape:
            memory.dynamic.add(y)
            for value in graph.values:  # views of it are known in the call only
                if memory.root[value] is y:
                    memory.dynamic.add(value)


def _update_in_place(graph: Graph, memory: Memory, when: dict[Value, int]) -> None:
    """The next value of a state is written into its buffer, if nothing reads the present one later."""
    for state, y in graph.updates.items():
        root = memory.root.get(y, y)
        free = (
            y is root
            and root.kind == "op"
            and root not in memory.dynamic
            and root not in memory.parts
            and root not in memory.places
        )
        if (
            free
            and _is_elementwise(y)
            and y.spec == state.spec
            and list(graph.updates.values()).count(y) == 1
            and _may_overwrite(graph, memory, y, state, when[_statement(y)])
        ):
            memory.places[y] = state
        elif y is not state:
            memory.copies.append((state, y))


def _may_overwrite(graph: Graph, memory: Memory, y: Value, target: Value, now: int) -> bool:
    """Whether statement `now` may write over a root: nothing reads it later, and it reads it only as it is."""
    if any(memory.root.get(x, x) is target and x is not target for x in _statement(y).parents):
        return False
    home = memory.home(target)
    for later in graph.values[now + 1 :]:
        for x in later.parents:
            root = memory.root.get(x, x)
            if root is target or (root in memory.places and memory.home(root) is home and root is not y):
                return False
    asked = [*graph.outputs, *(new for new in graph.updates.values() if new is not y)]
    return all(memory.root.get(o, o) is not target for o in asked)


def _reuse(graph: Graph, memory: Memory, last: dict[Value, int], when: dict[Value, int]) -> None:
    """An elementwise operation writes over an operand that nobody reads later: a result, a pack, a state's old numbers."""
    claimed: set[Value] = set()  # operands whose places results have taken
    packed: dict[Value, int] = {}  # the last read of any part of a pack
    for part, (pack, _) in memory.parts.items():
        packed[pack] = max(packed.get(pack, 0), last[part])
    for value in graph.values:
        statement = _statement(value)
        now = when[statement]
        taken = value in memory.dynamic or value in memory.places or value in memory.parts or memory.root[value] is not value
        if value.primitive is None or taken or not _is_elementwise(value):
            continue
        for x in statement.parents:
            free = x not in claimed and memory.root.get(x, x) is x and x not in memory.dynamic and x not in memory.parts
            if not free or x.spec != value.spec or last.get(x, now) > now or packed.get(x, 0) > now:
                continue
            home = memory.home(x)
            if not _may_house(graph, memory, home, last[value], when) or _reads_otherwise(memory, statement, x, home):
                continue
            memory.places[value] = x
            claimed.add(x)
            last[home] = max(last[home], last[value])
            break


def _may_house(graph: Graph, memory: Memory, home: Value, until: int, when: dict[Value, int]) -> bool:
    """Whether a buffer may hold something else, which is read until then."""
    if home.kind != "state":
        return home.kind in OWN and home not in memory.dynamic and home not in memory.parts
    new = graph.updates.get(home, home)  # a state that gets another value: the old one is not needed any more
    if new is home or home in graph.outputs:
        return False
    return until <= when[_statement(new)] if memory.places.get(new) is home else until < len(graph.values)


def _reads_otherwise(memory: Memory, statement: Value, x: Value, home: Value) -> bool:
    """Whether a statement reads the buffer in which an operand lies by another way too."""
    for other in statement.parents:
        root = memory.root.get(other, other)
        lies = memory.parts[root][0] if root in memory.parts else memory.home(root)
        if other is not x and lies is home:
            return True
    return False


def _statement(value: Value) -> Value:
    """The statement that computes a value: its own, or the kernel's whose result it is."""
    return value.operands[0] if value.primitive is PART else value


def _is_elementwise(value: Value) -> bool:
    """Whether a value may be written over an operand: each element depends on those in its place alone."""
    if value.dtype.kind == "c" and math.prod(value.shape) == 1:  # of a single product NumPy rounds another way in place
        return False
    kernel = value.operands[0] if value.primitive is PART else None
    return is_ufunc(value.primitive) or (kernel is not None and value.shape == kernel.shape and not kernel.settings["rows"])


def _arrange(graph: Graph, memory: Memory, last: dict[Value, int], when: dict[Value, int]) -> None:
    """Places in one workspace: largest first, each at the lowest place that is free for as long as it lives."""
    spans = _spans(graph, memory, last, when)
    _go_by_blocks(graph, memory, spans, when)
    taken = np.empty((0, 4), np.int64)  # rows are stretches, from the lowest
    for home in sorted(spans, key=lambda v: -_bytes(memory, v)):
        size = -(-max(_bytes(memory, home), 1) // ALIGNED) * ALIGNED
        memory.unshared += size
        stretches = _stretches(memory, home, spans[home], when)
        at = memory.offsets[home] = lowest(stretches, taken)
        taken = with_stretches(taken, [Stretch(at + low, at + high, begin, end) for low, high, begin, end in stretches])
        memory.workspace = max(memory.workspace, at + size)


def _spans(graph: Graph, memory: Memory, last: dict[Value, int], when: dict[Value, int]) -> dict[Value, list[int]]:
    """The first and the last statement that needs each buffer of the workspace."""
    spans: dict[Value, list[int]] = {}
    for value in graph.values:
        root = memory.root[value]
        if root in memory.dynamic or (root.primitive is None and root.kind not in OWN):
            continue
        home = memory.buffer(value)
        if home.kind not in OWN or home in memory.dynamic:
            continue
        begin = when[_statement(value)]
        span = spans.setdefault(home, [begin, begin])
        span[0] = min(span[0], begin)
        span[1] = max(span[1], last.get(root, when[value]), last.get(home, when[value]))
    return spans


def _go_by_blocks(graph: Graph, memory: Memory, spans: dict[Value, list[int]], when: dict[Value, int]) -> None:
    """What one run alone uses is short; what it reads or leaves, it needs from its first statement to its last."""
    users: dict[Value, set[Run | None]] = {}
    for value in graph.values if memory.runs else ():
        for x in (value, *value.parents):
            users.setdefault(memory.buffer(x), set()).add(memory.runs.get(value))
    for y in graph.wanted if memory.runs else ():
        users.setdefault(memory.buffer(y), set()).add(None)
    for home, span in spans.items():
        used = users.get(home, set())
        for run in used - {None}:
            assert run is not None  # noqa: S101 - for the type checker: just taken out
            if len(used) == 1 and home.kind == "op":
                memory.short[home] = run
            else:
                span[:] = [min(span[0], when[run.members[0]]), max(span[1], when[run.members[-1]])]


def _stretches(memory: Memory, home: Value, span: list[int], when: dict[Value, int]) -> list[Stretch]:
    """What a buffer takes of the workspace: a pack each stretch only once it is written, so that others may be there before."""
    begin, end = span
    if home.kind != "pack":
        return [Stretch(0, max(_bytes(memory, home), 1), begin, end)]
    stretches, start = [], 0
    for x in home.parents:
        root, n = memory.root.get(x, x), math.prod(x.shape)
        first = _statement(root) if memory.parts.get(root) == (home, start) else home
        written = when[memory.runs[first].members[0] if first in memory.runs else first]
        stretches.append(Stretch(start * home.dtype.itemsize, (start + n) * home.dtype.itemsize, written, end))
        start += n
    return stretches


def lowest(stretches: Sequence[Stretch], taken: Array) -> int:
    """The lowest place where none of the stretches meets one that is taken; of these each row is one, from the lowest."""
    at, moved = 0, True
    while moved:
        moved = False
        for one in stretches:
            up = _lowest_of_one(one, taken, at)
            moved |= up > at and len(stretches) > 1
            at = up
    return at


def _lowest_of_one(one: Stretch, taken: Array, at: int) -> int:
    """The lowest place for one stretch, from `at` on: below the first of those taken at its time that leave it room."""
    low, high, begin, end = taken.T
    at_its_time = (begin <= one.end) & (end >= one.begin) & (high > at + one.low)
    ends = np.maximum.accumulate(np.append(at, -(-(high[at_its_time] - one.low) // ALIGNED) * ALIGNED))
    room = ends[:-1] + one.high <= low[at_its_time]
    return int(ends[room.argmax()] if room.any() else ends[-1])


def with_stretches(taken: Array, more: Sequence[Stretch]) -> Array:
    """Those that are taken, and more, from the lowest."""
    both = np.concatenate([taken, np.array(more, np.int64).reshape(-1, 4)])
    return both[np.argsort(both[:, 0], kind="stable")]


def _bytes(memory: Memory, root: Value) -> int:
    return memory.elements(root) * root.dtype.itemsize
