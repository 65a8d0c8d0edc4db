"""Memory: no statement writes where it, or a later one, still reads; and the workspace is as large as what lives at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.tensor import Tensor
from autotensor.plan.memory import ALIGNED, Stretch, lowest, with_stretches
from autotensor.plan.plan import Plan
from autotensor.plan.tracer import Tracer
from tests.plan.programs import Program, programs
from tests.plan.test_fuzzing import traced
from tests.plan.test_state import Step, pack


def planned(program: Any, arrays: Any) -> Plan:
    return Plan(traced(program, arrays)[0], "program")


class Watched:
    """A function that a plan calls: refuses an `out` that overlaps an operand without being the very same view."""

    def __init__(self, function: Callable[..., Any], calls: list[Any]) -> None:
        self.function, self.calls = function, calls

    def __call__(self, *operands: Any, **settings: Any) -> Any:
        self.check(operands, settings)
        return self.function(*operands, **settings)

    def reduce(self, *operands: Any, **settings: Any) -> Any:
        self.check(operands, settings, reduces=True)
        return self.function.reduce(*operands, **settings)

    def check(self, operands: Any, settings: Any, *, reduces: bool = False) -> None:
        out = settings.get("out")
        for x in operands if out is not None else ():
            for one in x if isinstance(x, tuple) else (x,):
                if isinstance(one, np.ndarray) and np.shares_memory(one, out):
                    alike = one.shape == out.shape and one.strides == out.strides and one.ctypes.data == out.ctypes.data
                    assert alike
                    assert not reduces
                    assert isinstance(self.function, np.ufunc)
                    assert self.function is not np.matmul
                    self.calls.append(self.function)


def watched(plan: Plan, calls: list[Any]) -> Callable[..., Any]:
    """An instance whose functions are watched: those of NumPy that the source calls by name."""
    run = plan.instance()
    space: dict[str, Any] = run.__globals__
    for name, thing in list(space.items()):
        if callable(thing) and getattr(np, name, None) is thing:
            space[name] = Watched(thing, calls)
    return run


@given(programs(), st.integers(0, 99))
def test_nothing_is_written_over_an_operand_but_as_the_very_same_view(program: Program, seed: int) -> None:
    arrays = program.numbers(seed)
    with np.errstate(all="ignore"):
        graph, given = traced(program, arrays)
        plan = Plan(graph, "program")
        found = watched(plan, [])(*(arrays[given.index(v)] for v in plan.arguments))
        assert all(np.array_equal(a, b.data, equal_nan=True) for a, b in zip(found, program(*map(Tensor, arrays)), strict=True))


def test_the_watch_sees_writing_in_place() -> None:
    calls: list[Any] = []
    plan = planned(lambda x: (at.tanh(at.exp(at.sin(x))).sum(),), [np.ones((3, 3))])
    watched(plan, calls)(np.ones((3, 3)))
    assert calls == [np.exp, np.tanh]


def living(plan: Plan) -> list[int]:
    """Bytes of the buffers that are needed while each statement runs, counted from the graph alone."""
    memory, values = plan.memory, plan.graph.values

    def home(value: Any) -> Any:
        root = memory.home(memory.root.get(value, value))
        return memory.parts[root][0] if root in memory.parts else root

    spans: dict[Any, list[int]] = {}
    for i, value in enumerate(values):
        for x in (value, *value.parents):
            spans.setdefault(home(x), [i, i])[1] = i
    for y in plan.graph.wanted:
        spans[home(y)][1] = len(values)
    bytes_of = {v: -(-max(math.prod(v.shape) * v.dtype.itemsize, 1) // ALIGNED) * ALIGNED for v in memory.offsets}
    return [sum(size for v, size in bytes_of.items() if spans[v][0] <= i <= spans[v][1]) for i in range(len(values) + 1)]


@given(programs())
def test_the_workspace_holds_what_lives_at_once_and_not_much_more(program: Program) -> None:
    with np.errstate(all="ignore"):
        plan = planned(program, program.numbers(0))
    peak = max(living(plan), default=0)
    assert peak <= plan.peak_bytes <= max(2 * peak, peak + 4 * ALIGNED)
    assert plan.peak_bytes <= plan.memory.unshared


@given(programs())
def test_buffers_that_live_at_the_same_time_do_not_overlap(program: Program) -> None:
    with np.errstate(all="ignore"):
        plan = planned(program, program.numbers(0))
    memory, values = plan.memory, plan.graph.values
    order = {v: i for i, v in enumerate(values)}
    reads: dict[Any, int] = {}
    for i, value in enumerate(values):
        for x in value.parents:
            root = memory.root.get(x, x)
            reads[root] = i
    for y in plan.graph.wanted:
        reads[memory.root.get(y, y)] = len(values)
    roots = [v for v in values if memory.root[v] is v and memory.home(v) in memory.offsets]
    for a in roots:
        for b in roots:
            if a is b or memory.home(a) is memory.home(b) or not math.prod(a.shape) or not math.prod(b.shape):
                continue
            low, high = memory.offsets[memory.home(a)], memory.offsets[memory.home(b)]
            apart = low + math.prod(a.shape) * a.dtype.itemsize <= high or high + math.prod(b.shape) * b.dtype.itemsize <= low
            one_after_the_other = reads.get(a, order[a]) < order[b] or reads.get(b, order[b]) < order[a]
            assert apart or one_after_the_other


@st.composite
def stretches(draw: Any) -> list[Stretch]:
    """One to four stretches of bytes, one after another, each taken for a time of its own."""
    ends = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=4)))
    times = [sorted(draw(st.tuples(st.integers(0, 9), st.integers(0, 9)))) for _ in ends]
    return [Stretch(16 * low, 16 * high, *when) for low, high, when in zip([0, *ends], ends, times, strict=False)]


def meet(one: Stretch, other: Stretch, at: int) -> bool:
    """Whether the other, moved up by `at`, would share a byte with this one while both are taken."""
    apart = one.end < other.begin or other.end < one.begin
    return not apart and one.low < at + other.high and at + other.low < one.high


@given(stretches(), st.lists(stretches(), max_size=5))
def test_a_place_is_free_for_every_stretch(new: list[Stretch], others: list[list[Stretch]]) -> None:
    taken = with_stretches(np.empty((0, 4), np.int64), [])
    for one in [*others, new]:
        at = lowest(one, taken)
        there = [Stretch(*row) for row in taken.tolist()]

        def is_free(at: int, one: list[Stretch] = one, there: list[Stretch] = there) -> bool:
            return not any(meet(stretch, each, at) for stretch in there for each in one)

        assert is_free(at)
        assert not any(map(is_free, range(0, at, ALIGNED)))
        taken = with_stretches(taken, [Stretch(at + low, at + high, begin, end) for low, high, begin, end in one])
        assert np.all(np.diff(taken[:, 0]) >= 0)


def test_what_lives_before_a_part_is_computed_may_lie_in_its_place() -> None:
    def step(t: Tracer, s: list[Any], x: list[Any]) -> Any:
        first = x[0] @ x[1]
        h = at.tanh(x[1] @ x[0])  # which the second part's place has room for
        return [], {0: pack(t, [first, x[0] @ (x[1] * h.sum())]) + s[0]}

    plan = Step(step, [(128,)], [(8, 8), (8, 8)]).check()
    assert plan.memory.unshared > 4 * 256
    assert plan.peak_bytes <= 3 * 256 + ALIGNED


def test_a_chain_needs_two_buffers_at_most() -> None:
    def chain(x: Any) -> Any:
        for _ in range(50):
            x = at.tanh(x) @ x
        return (x.sum(),)

    plan = planned(chain, [np.ones((20, 20), "float32")])
    assert plan.peak_bytes <= 3 * 20 * 20 * 4 + 4 * ALIGNED
    assert plan.memory.unshared > 50 * 20 * 20 * 4
    assert len(re.findall(r"matmul|\.dot\(", plan.source)) == 50
