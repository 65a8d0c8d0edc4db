"""Kernels give the very bits of the NumPy calls that they stand for: over random programs, run by Python itself or by Numba."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autotensor as at
from autotensor.plan import emit, kernels
from autotensor.plan.fuse import fused
from autotensor.plan.graph import Graph, Value
from autotensor.plan.passes import optimized
from autotensor.plan.plan import Plan
from tests.plan.test_fuzzing import Program, naive, programs, same, traced


def by_python(text: str) -> Callable[..., None]:
    """A kernel as Python runs it, on NumPy's own scalars: no compiler comes between the text and its meaning."""

    space: dict[str, Any] = {"nan": np.nan, "inf": np.inf, "sqrt": np.sqrt, "empty": np.empty, "bool_": np.bool_}
    space |= {"float32": np.float32, "float64": np.float64, **kernels.CALLED}
    exec(text, space)

    def kernel(*arrays: np.ndarray) -> None:
        with np.errstate(all="ignore"):
            space["kernel"](*arrays)

    return kernel


@pytest.fixture
def in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emit, "compiled", by_python)


def outputs(plan: Plan, arrays: list[np.ndarray], arguments: list[Any]) -> list[Any]:
    given = dict(zip(arguments, arrays, strict=True))
    return list(plan(*(given[v] for v in plan.arguments)))


def agree(f: Any, first: list[np.ndarray], second: list[np.ndarray]) -> None:
    """The plan with kernels and the one without give the same bits, also in a second call."""
    with np.errstate(all="ignore"):
        graph, arguments = traced(f, first)
        plain, kernelled = Plan(graph, "program"), Plan(graph, "program", backend="numba")
        for arrays in (first, second):
            if chooses_a_zero(graph, dict(zip(arguments, arrays, strict=True))):
                continue
            pairs = zip(outputs(kernelled, arrays, arguments), outputs(plain, arrays, arguments), strict=True)
            for k, (a, b) in enumerate(pairs):
                assert same(a, b), (k, "kernels", a, "calls", b, kernelled.source, plain.source)


def chooses_a_zero(graph: Graph, given: dict[Value, Any]) -> bool:
    """Whether maximum(-0.0, 0.0) is asked for: NumPy's own answer depends on the processor and on the place in the array."""
    values = [
        v for v in graph.values if v.primitive is not None and v.primitive.name in ("maximum", "minimum", "max", "min", "relu")
    ]
    operands = [x for v in values for x in v.operands]
    known = iter(naive(Graph(graph.values, [x for x in operands if isinstance(x, Value)]), given))
    numbers = [next(known) if isinstance(x, Value) else x for x in operands]
    zeros = [np.signbit(x[x == 0]) for x in map(np.asarray, numbers)]
    return any(z.any() for z in zeros)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs(gradients=True))
def test_no_kernel_writes_where_another_argument_lies(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    def watched(text: str) -> Callable[..., None]:
        kernel = by_python(text)
        written = sorted({int(i) for i in re.findall(r"p(\d+)\[[^]]*\] \+?= ", text)})
        assert written

        def call(*arrays: np.ndarray) -> None:
            for i in written:
                assert not any(np.shares_memory(arrays[i], x) for k, x in enumerate(arrays) if k != i), (i, text)
            kernel(*arrays)

        return call

    monkeypatch.setattr(emit, "compiled", watched)

    def total(*given: Any) -> Any:
        return sum((at.astype(y, "float32") * 0.5).sum() for y in program(*given))

    arrays = program.numbers(0)
    with np.errstate(all="ignore"):
        graph, arguments = traced(at.grad(total, tuple(range(len(program.inputs)))), arrays)
        outputs(Plan(graph, "program", backend="numba"), arrays, arguments)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs(), st.integers(0, 99))
def test_a_fused_program_equals_the_planned_one(in_python: None, program: Program, seed: int) -> None:
    agree(program, program.numbers(seed), program.numbers(seed + 100))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs(gradients=True), st.integers(0, 99))
def test_a_fused_gradient_equals_the_planned_one(in_python: None, program: Program, seed: int) -> None:
    def total(*given: Any) -> Any:
        return sum((at.astype(y, "float32") * 0.5).sum() for y in program(*given))

    agree(at.grad(total, tuple(range(len(program.inputs)))), program.numbers(seed), program.numbers(seed + 100))


def test_a_layer_and_its_backward_are_a_kernel_each(in_python: None) -> None:
    def loss(w: Any, b: Any, x: Any) -> Any:
        return (at.relu(x @ w + b) * 2.0).sum()

    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype("float32") for shape in ((4, 3), (3,), (5, 4))]
    graph, arguments = traced(at.grad(loss, (0, 1)), arrays)
    plan = Plan(graph, "gradient", backend="numba")
    kernels_in = [v for v in plan.graph.values if v.kind == "kernel"]
    assert len(kernels_in) == 1  # bias, relu, its mask, and the bias's gradient: one pass over the layer's output
    assert plan.source.count("matmul") == 2
    found = outputs(plan, arrays, arguments)
    expected = at.grad(loss, (0, 1))(*map(at.tensor, arrays))
    assert all(same(a, b.data) for a, b in zip(found, expected, strict=True))


def test_numba_gives_the_same_bits(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="numba is not installed")
    monkeypatch.setenv("AUTOTENSOR_CACHE", str(tmp_path))

    def f(x: Any, y: Any) -> Any:
        z = at.maximum(x * y + 1.0, 0.0) - at.sqrt(at.abs(y)) / (x * x + 0.5)
        return z, at.sum(z * x, axis=0), at.where(x > y, x, -y)

    rng = np.random.default_rng(1)
    arrays = [rng.standard_normal((37, 19)).astype("float32") for _ in range(2)]
    arrays[0][3, 4], arrays[1][5, 6], arrays[0][7] = np.nan, np.inf, 0.0
    agree(f, arrays, arrays[::-1])
    assert list((tmp_path / "kernels").glob("*.py"))  # kept for the next process


def test_a_kernel_is_written_whole_and_known_by_its_text(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOTENSOR_CACHE", str(tmp_path))
    text = "def kernel(p0):\n    pass\n"
    first = kernels._written("one.py", text)
    assert first.read_text() == text
    first.write_text("broken")
    assert kernels._written("one.py", text).read_text() == text
    assert kernels.key_of(text) != kernels.key_of(text + " ")
    assert [path.name for path in first.parent.iterdir()] == ["one.py"]


def test_fusion_keeps_what_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(6).astype("float32")
    graph, _ = traced(lambda x: (x + 1.0, (x + 1.0) * 2.0), [x])
    after = fused(optimized(graph))
    assert [v.kind for v in after.values if v.kind == "kernel"] == ["kernel"]
    assert [y.shape for y in after.outputs] == [(6,), (6,)]
