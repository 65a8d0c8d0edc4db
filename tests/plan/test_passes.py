"""The graph before a pass equals the graph after it, bit for bit; and what each pass is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.plan import passes
from autotensor.plan.graph import Graph
from tests.plan.programs import Program, programs
from tests.plan.test_fuzzing import naive, same, traced

PASSES = [passes.live, passes.shared, passes.simplified, passes.optimized]


@pytest.mark.parametrize("one", PASSES)
@given(program=programs(), seed=st.integers(0, 99))
def test_a_pass_changes_no_bit(one: Any, program: Program, seed: int) -> None:
    arrays = program.numbers(seed)
    with np.errstate(all="ignore"):
        graph, given = traced(program, arrays)
        after = one(graph)
        order = {v: i for i, v in enumerate(after.values)}
        read = [(x, v) for v in after.values for x in v.parents if x.kind != "constant"]
        assert all(x in order for x, _ in read), "an operand is missing"
        assert all(order[x] < order[v] for x, v in read), "an operand comes too late"
        known = dict(zip(given, arrays, strict=True))
        assert all(map(same, naive(after, known), naive(graph, known)))


@pytest.mark.parametrize("one", PASSES)
@given(program=programs())
def test_a_pass_that_has_passed_finds_nothing_more(one: Any, program: Program) -> None:
    with np.errstate(all="ignore"):
        once = one(traced(program, program.numbers(0))[0])
        assert len(one(once).values) == len(once.values)


def operations(f: Any, *shapes: tuple[int, ...]) -> list[str]:
    """The names of the primitives that are left of a function."""
    graph: Graph = passes.optimized(traced(f, [np.ones(shape, "float32") for shape in shapes])[0])
    return [v.primitive.name for v in graph.values if v.primitive is not None]


LEFT = {
    "what nobody reads": (lambda x: (at.exp(x), x + 1)[1:], ["add"]),
    "what is computed twice": (lambda x: (at.exp(x) + at.exp(x),), ["exp", "add"]),
    "a factor of 1": (lambda x: (x * 1 * 1.0 / 1,), []),
    "a factor of 1 that makes it wider": (lambda x: (x * at.ones((2, 1, 1)),), ["multiply"]),
    "a cast to what it is": (lambda x: (at.astype(x, "float32"),), []),
    "reshapes of reshapes": (lambda x: (at.reshape(at.reshape(x, (-1,)), (2, 6)),), ["reshape"]),
    "a transpose of a transpose": (lambda x: (x.T.T,), []),
    "a constant": (lambda x: (x + at.exp(at.ones((4,))) * 2,), ["add"]),
    "0 * x, which may be nan": (lambda x: (x * 0.0,), ["multiply"]),
    "x + 0, which makes 0 of -0": (lambda x: (x + 0.0,), ["add"]),
    "numbers that are equal and not the same": (lambda x: (x * 0.0 + x * -0.0,), ["multiply", "multiply", "add"]),
    "a number and its truth": (lambda x: (at.add(x, 1), at.add(x, True)), ["add", "add"]),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_is_left_of(what: str) -> None:
    f, names = LEFT[what]
    assert operations(f, (3, 4)) == names
