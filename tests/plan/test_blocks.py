"""Runs by blocks: bit for bit what whole vectors give, the shorter last block too, in less room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.namespace import recorded
from autotensor.core.spec import Spec
from autotensor.keras.optimizers.adam import ADAM
from autotensor.plan import blocks
from autotensor.plan.plan import Plan
from autotensor.plan.tracer import Traced, Tracer
from tests.plan.programs import Program, programs
from tests.plan.test_fuzzing import check, traced
from tests.plan.test_state import Step, pack

LENGTH = 37  # more than two lines of the cache: places within a vector's own
UNARY = [
    at.tanh,
    at.exp,
    at.sqrt,
    at.negative,
    at.square,
    at.abs,
    lambda a: a * 0.5,
    lambda a: 1 - a,
    lambda a: at.maximum(a, 0.25),
]
BINARY = [at.add, at.subtract, at.multiply, at.divide, at.maximum, lambda a, b: a * a.sum() + b, lambda a, b: a + b[::-1]]
OTHER = [lambda a: a[::-1], lambda a: at.concat([a[2:], a[:2]]), at.cumulative_sum, at.stop_gradient]


@contextmanager
def cut(least: int, block: int) -> Iterator[None]:
    """Runs go by blocks from `least` elements on, `block` of them at a time."""
    with mock.patch.object(blocks, "LEAST", least), mock.patch.object(blocks, "BLOCK", block):
        yield


@st.composite
def steps(draw: Any) -> Any:
    """Random work on vectors: runs that read and move states, views, sums and other lengths between them, packs."""
    indices = st.integers(0, 99)
    choices = draw(st.lists(st.tuples(st.integers(0, 9), indices, indices), min_size=2, max_size=20))
    out, ends, moved = (
        draw(st.lists(indices, max_size=3)),
        draw(st.lists(indices, min_size=3, max_size=3)),
        draw(st.sets(st.integers(0, 2))),
    )

    def build(tracer: Tracer, s: list[Any], x: list[Any]) -> Any:
        v = [*s, *x]
        for kind, i, j in choices:
            recent = v[-1] if i % 2 else v[i % len(v)]
            if kind < 4:
                v.append(UNARY[j % len(UNARY)](recent))
            elif kind < 8:
                v.append(BINARY[j % len(BINARY)](recent, v[j % len(v)]))
            elif kind == 8:
                v.append(OTHER[j % len(OTHER)](recent))
            else:
                v.append(pack(tracer, [at.tanh(recent), v[j % len(v)]])[j % 8 :][:LENGTH])
        return [v[i % len(v)] for i in out], {i: v[-1 - ends[i] % 4] for i in moved}

    return build


@given(steps(), st.integers(1, LENGTH), st.integers(0, 99))
def test_random_steps_by_blocks_give_what_the_naive_ones_give(build: Any, block: int, seed: int) -> None:
    with cut(LENGTH, block):
        Step(build, [(LENGTH,)] * 3, [(LENGTH,)] * 2).check(seed)


@given(programs(), st.integers(1, 3), st.integers(0, 99))
def test_random_programs_by_blocks_equal_the_naive_and_the_eager_ones(program: Program, block: int, seed: int) -> None:
    with cut(1, block):
        check(program, program.numbers(seed), program.numbers(seed + 100))


@pytest.mark.parametrize("length", [15, 16, 17, 24, 31])
def test_every_remainder_is_right(length: int) -> None:
    with cut(2, 8):
        plan = Step(lambda t, s, x: ([at.exp(s[0]) * x[0]], {0: s[0] * 0.5 + x[0]}), [(length,)], [(length,)]).check()
    assert "in blocks(" in plan.source


def adam(length: int) -> Plan:
    """Adam's pass over one arena, as a training step has it."""
    tracer, dtype = Tracer(), np.dtype("float32")
    names = ("parameters", "momentum", "velocity", "gradients")
    leaf, m, v, g = states = [tracer.input(Spec((length,), dtype), "state", name=name) for name in names]
    with tracer:
        s = ADAM.scalars(1, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "lr": 0.1})
        scalars = s._make(Traced(tracer.input(Spec((), dtype), "scalar", name=name)) for name in s._fields)
        new, (new_m, new_v) = ADAM.update(recorded, Traced(leaf), Traced(g), (Traced(m), Traced(v)), scalars)
    tracer.settle()
    updates = dict(zip((leaf, m, v), (tracer.lift(x).value for x in (new, new_m, new_v)), strict=True))
    given = {x: np.full(x.shape, 0.5, dtype) for x in tracer.values if x.kind == "scalar"}
    given |= {x: np.linspace(0.1, 1, length, dtype=dtype) for x in states}
    return Plan(tracer.graph([], updates), "step", [], given)


def test_the_source_is_a_loop_over_blocks() -> None:
    with cut(20, 8):
        assert (
            adam(20).source
            == """\
def step():
    # the function itself
    for gradients, momentum, velocity, parameters, h, h_2, h_3, h_4 in h_blocks:
        subtract(gradients, momentum, out=h)
        multiply(take_m, h, out=h)
        add(momentum, h, out=momentum)
        multiply(beta2, velocity, out=velocity)
        multiply(gradients, gradients, out=h_2)
        multiply(take_v, h_2, out=h_2)
        add(velocity, h_2, out=velocity)
        multiply(step_2, momentum, out=h_3)
        sqrt(velocity, out=h_4)
        add(h_4, eps, out=h_4)
        divide(h_3, h_4, out=h_3)
        subtract(parameters, h_3, out=parameters)
    return ()"""
        )
    with cut(21, 8):
        assert "for " not in adam(20).source


def test_what_a_run_alone_uses_has_the_length_of_a_block() -> None:
    with cut(1000, 64):
        by_blocks, whole = adam(1000), adam(999)
    assert by_blocks.peak_bytes == 2 * 64 * 4
    assert whole.peak_bytes > 2 * 999 * 4


def test_a_vector_that_others_read_has_blocks_of_another_name() -> None:
    with cut(4, 3):
        f = at.compile(lambda x: (y := at.exp(x) * 2, y.sum()))
        x = at.arange(4.0)
        y, total = f(x)
    assert (
        f.source
        == """\
def function(x):
    # the function itself
    h_2 = empty((4,), float32)
    for x_block, h_2_block, h_block in blocks(4, 3, x, h_2, h):
        exp(x_block, out=h_block)
        multiply(h_block, c_2, out=h_2_block)
    add.reduce(h_2, axis=0, out=h_3)
    return (h_2, h_3.copy())"""
    )
    assert (y.numpy() == np.exp(x.numpy()) * 2).all()
    assert total.item() == pytest.approx(2 * np.exp(x.numpy()).sum())


def test_a_view_is_read_before_its_vector_is_written_over() -> None:
    with cut(4, 2):
        plan = Step(lambda t, s, x: ([], {0: at.exp(s[0][::-1]) + s[0] * x[0]}), [(6,)], [(6,)]).check()
    assert "out=s0_block)" in plan.source


def test_a_part_of_a_pack_is_computed_by_blocks_where_the_run_has_nothing_else() -> None:
    def step(t: Tracer, s: list[Any], x: list[Any]) -> Any:
        moved = x[0] * x[0] + s[0]
        return [], {0: moved, 1: pack(t, [at.exp(x[1]), x[0][:3]]) * 2}

    with cut(4, 2):
        Step(step, [(6,), (9,)], [(6,), (6,)]).check()


def test_a_bound_is_a_number_in_every_block() -> None:
    with cut(4, 300):
        plan = Step(lambda t, s, x: ([], {0: at.maximum(s[0] * 0.5, 0.25)}), [(700,)], []).check()
    assert "for " in plan.source


def test_arguments_may_be_called_as_keywords_and_blocks_are() -> None:
    with cut(4, 2):
        f = at.compile(lambda out, out_block, blocks: at.exp(out) + out * out_block - blocks)
        x, y, z = at.ones((5,)), at.full((5,), 3.0), at.tensor(1.0)
        assert (f(x, y, z).numpy() == np.exp(np.float32(1)) + 2).all()
    assert "out_block_2" in f.source


def test_complex_vectors_are_left_whole() -> None:
    with cut(4, 2):
        x = at.tensor(np.linspace(0, 1, 5) * (1 + 2j))
        f = at.compile(lambda x: at.abs(x * x) + 1)
        assert (f(x).numpy() == (at.abs(x * x) + 1).numpy()).all()
    assert "for " not in f.source


def test_short_vectors_are_left_whole() -> None:
    graph, _ = traced(lambda x: (at.exp(x) * x,), [np.ones(blocks.LEAST - 1, "float32")])
    assert blocks.runs(graph) == []
    graph, _ = traced(lambda x: (at.exp(x) * x,), [np.ones(blocks.LEAST, "float32")])
    (run,) = blocks.runs(graph)
    assert run.block < run.length == blocks.LEAST
