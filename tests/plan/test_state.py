"""Plans with state: updated in place or copied, read before and after, swapped, and gradients packed into one buffer."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.spec import SCALARS, Spec
from autotensor.plan.graph import Graph, Value
from autotensor.plan.plan import Plan
from autotensor.plan.tracer import Traced, Tracer

F = np.dtype("float32")


def naive(graph: Graph, given: dict[Value, Any]) -> tuple[list[Any], dict[Value, Any]]:
    """Outputs and the next state, every value computed in an array of its own."""
    known = dict(given)
    for value in graph.values:
        x = [o if isinstance(o, SCALARS) else known[o] for o in value.operands]
        if value.kind == "constant":
            known[value] = value.source
        elif value.kind == "pack":
            known[value] = np.concatenate([np.ravel(one) for one in x]).astype(value.dtype)
        elif value.primitive is not None:
            known[value] = np.array(value.primitive.value(*x, **value.settings), order="C")
    return [known[y].copy() for y in graph.outputs], {s: np.array(known[y], order="C") for s, y in graph.updates.items()}


class Step:
    """Builds a graph of states and arguments by a function that gives (outputs, {index of a state: its next value})."""

    def __init__(self, build: Any, states: list[tuple[int, ...]], arguments: list[tuple[int, ...]]) -> None:
        tracer = Tracer()
        self.states = [tracer.input(Spec(shape, F), "state", name=f"s{i}") for i, shape in enumerate(states)]
        self.arguments = [tracer.input(Spec(shape, F), "argument", name=f"x{i}") for i, shape in enumerate(arguments)]
        with tracer:
            outputs, updates = build(tracer, [Traced(v) for v in self.states], [Traced(v) for v in self.arguments])
            outputs = [tracer.lift(y).value for y in outputs]
            updates = {self.states[i]: tracer.lift(y).value for i, y in updates.items()}
        tracer.settle()
        self.graph = tracer.graph(outputs, updates)

    def check(self, seed: int = 0, steps: int = 3) -> Plan:
        """Outputs and states agree after each step, and no output changes later."""
        rng = np.random.default_rng(seed)
        numbers = lambda v: (rng.integers(-32, 33, v.shape) / 16).astype(v.dtype)
        present = {s: numbers(s) for s in self.states}
        bound = {s: x.copy() for s, x in present.items()}
        plan, kept = Plan(self.graph, "step", given=bound), []
        for _ in range(steps):
            arrays = {v: numbers(v) for v in self.arguments}
            with np.errstate(all="ignore"):
                expected, new = naive(self.graph, {**present, **arrays})
                found = plan(*(arrays[v] for v in plan.arguments))
            present.update(new)
            for k, (a, b) in enumerate(zip(found, expected, strict=True)):
                assert np.array_equal(a, b, equal_nan=True), (k, a, b, plan.source)
            for i, s in enumerate(self.states):
                assert np.array_equal(bound[s], present[s], equal_nan=True), (i, bound[s], present[s], plan.source)
            kept += [(a, a.copy()) for a in found]
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in kept), plan.source
        return plan


def pack(tracer: Tracer, parts: list[Any]) -> Traced:
    lifted = [tracer.lift(x).value for x in parts]
    value = Value(Spec((sum(int(np.prod(v.shape)) for v in lifted),), F), "pack", operands=lifted, name="gradients")
    tracer.values.append(value)
    return Traced(value)


BUILDS = {
    "in place": lambda t, s, x: ([], {0: s[0] * 0.5 + x[0]}),
    "read before": lambda t, s, x: ([s[0] + 1], {0: s[0] * 2}),
    "read after": lambda t, s, x: ((y := s[0] * 2, [y, y + 1])[1], {0: y}),
    "the present one given out": lambda t, s, x: ([s[0]], {0: s[0] + 1}),
    "a view of the present one given out": lambda t, s, x: ([s[0].T, s[0][0]], {0: s[0] + 1}),
    "the next one given out": lambda t, s, x: ([y := s[0] + 1, y.T], {0: y}),
    "swapped": lambda t, s, x: ([], {0: s[1], 1: s[0]}),
    "in a circle": lambda t, s, x: ([s[2]], {0: s[1], 1: s[2], 2: s[0]}),
    "swapped and moved": lambda t, s, x: ([], {0: s[1] + 1, 1: s[0] * 2}),
    "one takes the other's place": lambda t, s, x: ([], {0: s[1], 1: s[1] + 1}),
    "both the same": lambda t, s, x: ([], {0: (y := s[0] + s[1]), 1: y}),
    "its own transpose": lambda t, s, x: ([], {0: s[0].T}),
    "reversed": lambda t, s, x: ([], {0: s[0][::-1]}),
    "with its transpose": lambda t, s, x: ([], {0: s[0] + s[0].T}),
    "an argument": lambda t, s, x: ([x[0]], {0: x[0]}),
    "unchanged": lambda t, s, x: ([s[0]], {0: s[0]}),
    "a constant": lambda t, s, x: ([], {0: at.ones((3, 3))}),
    "a product": lambda t, s, x: ([], {0: s[0] @ x[0]}),
    "momentum": lambda t, s, x: ([(p := s[0] - 0.1 * (m := s[1] * 0.9 + x[0])).sum()], {0: p, 1: m}),
    "a pack": lambda t, s, x: ([g := pack(t, [x[0] * 2, s[0] @ x[0], s[1]]), g[9:18] * 2], {0: s[0] - at.reshape(g[:9], (3, 3))}),
    "a pack of views": lambda t, s, x: ([pack(t, [at.reshape(y := x[0] * 2, (-1,)), y, y.T, y[0]]), y], {}),
    "a pack that is a state": lambda t, s, x: ([], {3: pack(t, [s[0] + x[0], s[1] * 2])}),
    "a pack of what is updated": lambda t, s, x: ([pack(t, [y := s[0] + x[0], s[0]])], {0: y}),
    "a part of a pack that is read after it": lambda t, s, x: (
        [at.tanh((h := s[0] + s[1]) + pack(t, [h, s[0]])[9:].reshape(3, 3) + (s[0] + s[0]) + h)],
        {0: h},
    ),
    "a pack of a chain": lambda t, s, x: ([pack(t, [(a := at.tanh(x[0])) * 2 + 1, at.exp(a), a])], {}),
}


@pytest.mark.parametrize("name", BUILDS)
def test_a_step_gives_what_the_naive_one_gives(name: str) -> None:
    Step(BUILDS[name], [(3, 3), (3, 3), (3, 3), (18,)], [(3, 3)]).check()


def test_the_next_state_is_written_into_the_present_ones_buffer() -> None:
    plan = Step(BUILDS["momentum"], [(3, 3), (3, 3)], [(3, 3)]).check()
    assert plan.memory.copies == []
    assert "out=s0)" in plan.source
    assert "out=s1)" in plan.source


def test_a_state_is_not_written_over_while_another_view_of_it_is_read() -> None:
    assert len(Step(BUILDS["with its transpose"], [(3, 3)], []).check().memory.copies) == 1


def test_what_is_packed_is_computed_in_its_place() -> None:
    plan = Step(lambda t, s, x: ([pack(t, [x[0] * 2, x[0] @ x[0]])], {}), [], [(3, 3)]).check()
    assert "[0:9]" not in plan.source
    assert "[9:18]" not in plan.source


@st.composite
def builds(draw: Any) -> Any:
    """Random arithmetic on states and arguments, updates among all values, a pack now and then, any values given out."""
    choices = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=15))
    ends = draw(st.lists(st.integers(0, 99), min_size=3, max_size=3))
    out = draw(st.lists(st.integers(0, 99), max_size=3))
    moved = draw(st.sets(st.integers(0, 2)))

    def build(tracer: Tracer, s: list[Any], x: list[Any]) -> Any:
        v = [*s, *x]
        for kind, i, j in choices:
            a, b = v[i % len(v)], v[j % len(v)]
            if kind == 8:
                g = pack(tracer, [a, b, at.tanh(a)])
                v.append(at.reshape(g[(9 * j) % 19 :][:9], (3, 3)))
            else:
                v.append(
                    [
                        a + b,
                        a * 0.5,
                        a - b,
                        at.tanh(a),
                        a.T,
                        a @ b,
                        at.maximum(a, b),
                        a[::-1],
                        None,
                        at.broadcast_to(a.sum(axis=0), (3, 3)),
                    ][kind]
                )
        return [v[i % len(v)] for i in out], {i: v[ends[i] % len(v)] for i in moved}

    return build


@given(builds(), st.integers(0, 99))
def test_random_steps_give_what_the_naive_ones_give(build: Any, seed: int) -> None:
    Step(build, [(3, 3), (3, 3), (3, 3)], [(3, 3)]).check(seed)
