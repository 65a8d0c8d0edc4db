"""The graph before a pass equals the graph after it, bit for bit; and what each pass is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.namespace import recorded
from autotensor.plan import passes
from autotensor.plan.graph import Graph
from tests.plan.programs import Program, programs
from tests.plan.test_fuzzing import naive, same, traced

PASSES = [passes.live, passes.shared, passes.simplified, passes.asked_first, passes.optimized]


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
    "a factor of 1": (lambda x: (at.exp(x) * 1 * 1.0 / 1,), ["exp"]),
    "a factor of 1 beside what lies as it likes": (lambda x: (x * 1 * 1.0 / 1, x / 1), ["multiply", "divide"]),
    "a factor of 1 that makes it wider": (lambda x: (x * at.ones((2, 1, 1)),), ["multiply"]),
    "a cast to what it is": (lambda x: (at.astype(at.exp(x), "float32"),), ["exp"]),
    "a cast of what lies as it likes": (
        lambda x: (at.astype(x, "float32"), at.astype(at.exp(x).T, "float32")),
        ["cast", "exp", "permute", "cast"],
    ),
    "a cast by way of what holds every number": (
        lambda x: (at.astype(at.astype(x > 0, "float32"), "float64"),),
        ["greater", "cast"],
    ),
    "a cast by way of what does not": (lambda x: (at.astype(at.astype(x, "float16"), "float32"),), ["cast", "cast"]),
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


def test_what_numbers_do_to_an_expanded_value_is_done_to_few_elements() -> None:
    def f(x: Any) -> Any:
        column = recorded.expand(at.max(x, axis=1, keepdims=True), shape=(3, 4))
        return (x * (2.0 * column + 1.0),)

    graph = passes.optimized(traced(f, [np.ones((3, 4), "float32")])[0])
    assert [(v.primitive.name, v.shape) for v in graph.values if v.primitive is not None] == [
        ("max", (3, 1)),
        ("multiply", (3, 1)),
        ("add", (3, 1)),
        ("multiply", (3, 4)),
    ]


def test_what_is_expanded_and_summed_is_summed_as_it_was() -> None:
    """A sum over what is not laid out adds up in another order."""

    def f(x: Any) -> Any:
        return (at.sum(2.0 * recorded.expand(x, shape=(16, 4)), axis=0),)

    graph = passes.optimized(traced(f, [np.ones(4, "float32")])[0])
    assert [(v.primitive.name, v.shape) for v in graph.values if v.primitive is not None] == [
        ("expand", (16, 4)),
        ("multiply", (16, 4)),
        ("sum", (4,)),
    ]
