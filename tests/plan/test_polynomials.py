"""The polynomials keep what they promise: measured against the exact functions in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.plan import kernels, polynomials
from autotensor.plan.fuse import fused
from autotensor.plan.passes import optimized
from autotensor.plan.plan import Plan
from tests.plan.test_fuzzing import traced

EXACT = {"exp": np.exp, "tanh": np.tanh, "erf": np.vectorize(math.erf, otypes=[float])}
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 88.72, 88.73, -87.4, -103.9, -104.1, 3.4e38], "float32")


def numbers(step: int) -> np.ndarray:
    """Every `step`-th of the finite float32 numbers."""
    x = np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return np.concatenate([x[np.isfinite(x)], np.linspace(-10, 10, 2**32 // step, dtype=np.float32)])


def error(name: str, x: np.ndarray, y: np.ndarray) -> float:
    """The largest error in units of the last place; what overflows to inf must do so."""
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(float))
        nearest = exact.astype(np.float32)
        finite = np.isfinite(nearest) & np.isfinite(y)
        assert np.array_equal(nearest[~finite], y[~finite])
        return float(np.max(np.abs(y[finite] - exact[finite]) / np.spacing(np.abs(nearest[finite])).astype(float)))


@pytest.mark.parametrize("name", polynomials.APPROXIMATED)
def test_the_error_is_what_is_stated(name: str) -> None:
    x = numbers(2**18 - 5)
    with np.errstate(all="ignore"):
        y = np.array([getattr(polynomials, name)(each) for each in x])
    assert y.dtype == np.float32
    assert error(name, x, y) <= polynomials.APPROXIMATED[name]


@pytest.mark.parametrize("name", polynomials.APPROXIMATED)
def test_special_numbers_go_where_they_should(name: str) -> None:
    with np.errstate(all="ignore"):
        y = np.array([getattr(polynomials, name)(each) for each in SPECIAL])
        expected = EXACT[name](SPECIAL.astype(float)).astype(np.float32)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=3e-45)
    if name != "exp":
        assert np.all(np.abs(y[1:]) <= 1)


@pytest.mark.parametrize("name", polynomials.APPROXIMATED)
def test_numba_computes_the_same(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="numba is not installed")
    monkeypatch.setenv("AUTOTENSOR_CACHE", str(tmp_path))
    kernel = kernels.compiled(f"def kernel(p0, p1):\n    for i0 in range(p0.shape[0]):\n        p1[i0] = {name}(p0[i0])\n")
    x = numbers(2**13 - 1 if name != "erf" else 2**16 - 1)
    y = np.empty_like(x)
    kernel(x, y)
    assert error(name, x, y) <= polynomials.APPROXIMATED[name]
    few = x[:: len(x) // 500]
    with np.errstate(all="ignore"):
        assert np.array_equal(y[:: len(x) // 500], [getattr(polynomials, name)(each) for each in few])


def softmax(x: Any) -> Any:
    return (at.softmax(x * 2.0, axis=1),)


def gelu(x: Any) -> Any:
    return (x * (at.special.erf(x / 1.5) + 1.0) + at.tanh(x),)


@pytest.mark.parametrize("f", [softmax, gelu])
def test_only_where_they_are_admitted(f: Callable[..., Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="numba is not installed")
    monkeypatch.setenv("AUTOTENSOR_CACHE", str(tmp_path))
    x = np.random.default_rng(0).standard_normal((6, 5)).astype("float32")
    graph, _ = traced(f, [x])
    exact, rough = (Plan(graph, "f", backend="numba", approximate=admitted) for admitted in (False, True))
    called = {v.primitive.name for v in exact.graph.values if v.kind == "op"} & {*polynomials.APPROXIMATED}
    assert called == ({"exp"} if f is softmax else {"erf", "tanh"})
    assert [v.kind for v in rough.graph.values if v.kind != "argument"].count("kernel") == 1
    assert not any(v.kind == "op" and v.primitive.name in polynomials.APPROXIMATED for v in rough.graph.values)
    (expected,), (found,) = exact(x), rough(x)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-7)
    assert np.array_equal(expected, f(at.tensor(x))[0].data)


def test_doubles_keep_numpys_functions() -> None:
    graph, _ = traced(softmax, [np.ones((3, 4))])
    values = fused(optimized(graph), approximate=True).values
    assert any(v.kind == "op" and v.primitive.name == "exp" for v in values)
