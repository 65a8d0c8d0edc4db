"""Random programs: computed value by value, planned, and eagerly, bit for bit, again and again with other numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.spec import SCALARS, Spec
from autotensor.core.tensor import Tensor
from autotensor.plan.graph import Graph, Value
from autotensor.plan.plan import Plan
from autotensor.plan.tracer import Traced, Tracer
from tests.plan.programs import Program, programs


def same(one: Any, other: Any) -> bool:
    """Bit for bit, but for the sign and payload of a NaN."""
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    one, other = np.array(one), np.array(other)
    if one.dtype.kind == "f":
        one[np.isnan(one)] = 0.5
        other[np.isnan(other)] = 0.5
    return one.tobytes() == other.tobytes()


def naive(graph: Graph, given: dict[Value, Any]) -> list[Any]:
    """The outputs of a graph with every value computed by its primitive, in an array of its own."""
    known = dict(given)
    for value in graph.values:
        known |= {x: x.source for x in (value, *value.parents) if x.kind == "constant"}  # a pass may have made one
        if value.primitive is not None:
            x = [o if isinstance(o, SCALARS) else known[o] for o in value.operands]
            y = np.asarray(value.primitive.value(*x, **value.settings))
            known[value] = np.ascontiguousarray(y).reshape(y.shape) if value.primitive.c_ordered else y
    return [known[y] for y in graph.outputs]


def traced(f: Any, arrays: list[np.ndarray]) -> tuple[Graph, list[Value]]:
    tracer = Tracer()
    given = [tracer.input(Spec(x.shape, x.dtype), "argument") for x in arrays]
    with tracer:
        outputs = [tracer.lift(y).value for y in f(*(Traced(v) for v in given))]
    tracer.settle()
    return tracer.graph(outputs, {}), given


def check(f: Any, first: list[np.ndarray], second: list[np.ndarray]) -> None:
    """Naive, planned and eager agree, in both calls, and the second call leaves the first one's results alone."""
    with np.errstate(all="ignore"):
        graph, given = traced(f, first)
        plan = Plan(graph, "program")
        kept = []
        for arrays in (first, second, first):
            before = [x.copy() for x in arrays]
            eager = f(*map(Tensor, arrays))
            slow = naive(graph, dict(zip(given, arrays, strict=True)))
            found = plan(*(arrays[given.index(v)] for v in plan.arguments))
            for k, (a, b, c) in enumerate(zip(found, slow, eager, strict=True)):
                assert same(a, b), (k, "planned", a, "naive", b, plan.source)
                assert same(a, c.data), (k, "planned", a, "eager", c, plan.source)
                assert not any(np.shares_memory(a, x) for x in arrays)
            assert all(map(same, arrays, before))
            kept.append((found, [y.copy() for y in found]))
        for found, copies in kept:
            assert all(map(same, found, copies)), "a later call has overwritten an earlier result"


@given(programs(), st.integers(0, 99))
def test_a_planned_program_equals_the_naive_and_the_eager_one(program: Program, seed: int) -> None:
    check(program, program.numbers(seed), program.numbers(seed + 100))


@given(programs(gradients=True), st.integers(0, 99))
def test_a_planned_gradient_equals_the_naive_and_the_eager_one(program: Program, seed: int) -> None:
    def total(*given: Any) -> Any:
        return sum((at.astype(y, "float32") * 0.5).sum() for y in program(*given))

    gradient = at.grad(total, tuple(range(len(program.inputs))))
    check(gradient, program.numbers(seed), program.numbers(seed + 100))


@given(programs(), st.integers(0, 99))
def test_a_compiled_program_gives_tensors_of_their_own(program: Program, seed: int) -> None:
    with np.errstate(all="ignore"):
        compiled = at.compile(program)
        arrays = program.numbers(seed)
        found = compiled(*map(Tensor, arrays))
        for k, (a, b) in enumerate(zip(found, program(*map(Tensor, arrays)), strict=True)):
            assert same(a.data, b.data)
            others = [y.data for y in found[:k] if y is not a]
            assert not any(np.shares_memory(a.data, x) for x in [*arrays, *others])
            assert a.data.flags.writeable
