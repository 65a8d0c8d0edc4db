"""Products of matrices that lie in order are written as `dot`, and have the bits of `matmul`, which eager execution calls."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import keras
from autotensor.plan.plan import Plan
from tests.plan.test_fuzzing import same, traced

SIZES = (1, 2, 7, 8, 17, 64, 130)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("turned", [*itertools.product([False, True], repeat=2)])
def test_dot_has_the_bits_of_matmul(dtype: str, turned: tuple[bool, bool]) -> None:
    """What the planner takes for granted of this machine's BLAS."""
    rng = np.random.default_rng(0)
    for m, k, n, share in itertools.product(SIZES, SIZES[1:], SIZES, (0, 0.5)):
        a, b = (rng.standard_normal(shape[::-1] if t else shape) for shape, t in zip(((m, k), (k, n)), turned, strict=True))
        a, b = (np.where(rng.random(x.shape) < share, -0.0, x).astype(dtype) for x in (a, b))
        a, b = (x.T if t else x for x, t in zip((a, b), turned, strict=True))
        out = np.empty((m, n), dtype)
        assert same(a.dot(b, out=out), np.matmul(a, b))
        tiny = np.finfo(dtype).tiny
        assert same((a * tiny).dot(b), np.matmul(a * tiny, b))
    square = rng.standard_normal((130, 64)).astype(dtype)
    assert same(square.T.dot(square), np.matmul(square.T, square))


def source(f: Any, *arrays: np.ndarray, **settings: Any) -> str:
    graph, _ = traced(f, list(arrays))
    return Plan(graph, "f", **settings).source


def test_where_the_order_is_known() -> None:
    x = np.ones((3, 3), "float32")
    assert "h.dot(h, out=" in source(lambda x: (at.tanh(x) @ at.tanh(x),), x)
    assert "h.dot(h_T, out=" in source(lambda x: (at.tanh(x) @ at.tanh(x).T,), x)
    assert "x.dot(x_2, out=" in source(lambda x, w: (x @ w,), x, x, ordered=True)
    for f in (
        lambda x: (x @ x,),  # an argument, of any order
        lambda x: (at.tanh(x) @ at.tanh(x)[:, ::-1],),
        lambda x: (at.tanh(x)[None] @ at.tanh(x)[None],),
        lambda x: (at.reshape(at.tanh(x), (9, 1)) @ at.reshape(at.tanh(x), (1, 9)),),  # where 0 may not be added
        lambda x: (at.tanh(x) @ at.astype(at.tanh(x), "float64"),),
        lambda x: (at.tanh(x)[:, :0] @ at.tanh(x)[:0],),
    ):
        assert ".dot(" not in source(f, x)


def test_a_weight_in_another_order_is_noticed() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, use_bias=False)])
    x = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
    with at.no_grad():
        for _ in range(2):
            kernel = model.layers[-1].kernel
            expected = np.matmul(x, kernel.data)
            assert same(model(x).data, expected)
            kernel.data = np.random.default_rng(1).standard_normal((4, 8)).astype("float32")[:, ::2]
            assert not kernel.data.flags.c_contiguous
            assert same(model(x).data, np.matmul(x, kernel.data))
            kernel.data = kernel.data.copy()
