"""Random numbers in a plan: drawn into a buffer that is made once, those of eager execution, and never seen again by a user."""

import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.nn import functional as F
from autotensor.plan import emit, kernels
from autotensor.plan.plan import Plan
from autotensor.plan.tracer import Traced, Tracer
from tests.plan.test_fusion import by_python

R = at.random
X = at.tensor(np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3))


def noisy(x: Any) -> Any:
    return x + R.normal((4, 3)) * 0.1


def unread(x: Any) -> Any:
    R.uniform((3,))
    return x * R.uniform((3,))


def several(u: Any, x: Any) -> Any:
    return u, u + x, u * 2


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "dropout": lambda x: F.dropout(x, 0.3),
    "dropout of halves": lambda x: F.dropout(x * 2, 0.5),
    "dropout of doubles": lambda x: F.dropout(at.astype(x, "float64"), 0.3),
    "its gradient": at.grad(lambda x: (F.dropout(at.tanh(x), 0.3) ** 2).sum()),
    "noise, which the sum may write over": noisy,
    "the draws themselves": lambda x: (R.uniform((4, 3)), R.bernoulli((5,), 0.4), R.normal(()), x),
    "a part of a draw": lambda x: R.uniform((4, 3))[1:].T,
    "a draw and what is made of it": lambda x: several(R.uniform((4, 3)), x),
    "a draw twice over": lambda x: (R.uniform((2,)),) * 2,
    "a draw that nobody reads": unread,
    "integers and orders": lambda x: (x + R.integers(0, 9, (3,)), x[R.permutation(4)]),
    "one for all examples": at.vmap(lambda x: F.dropout(x, 0.3), randomness="same"),
    "one for each example": at.vmap(lambda x: F.dropout(x, 0.3), randomness="different"),
}


def flat(results: Any) -> list[Any]:
    return [y.numpy().copy() for y in (results if isinstance(results, tuple) else (results,))]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_draws_are_those_of_eager_execution(monkeypatch: pytest.MonkeyPatch, name: str, backend: Any) -> None:
    monkeypatch.setattr(kernels, "available", lambda: True)
    monkeypatch.setattr(emit, "compiled", by_python)  # as Python runs them: Numba need not be there
    f = FUNCTIONS[name]
    compiled = at.compile(f, backend=backend)
    R.seed(5)
    eager = [flat(f(X)) for _ in range(3)]
    state = R.default.state
    R.seed(5)
    kept = [compiled(X) for _ in range(3)]  # looked at after the last call: a later one must not write into them
    assert R.default.state == state
    for y, expected in zip(kept, eager, strict=True):
        for a, b in zip(flat(y), expected, strict=True):
            np.testing.assert_array_equal(a, b, strict=True)


def test_draws_that_stay_inside_have_a_buffer_and_those_that_go_out_are_new() -> None:
    inside, outside = at.compile(FUNCTIONS["dropout"]), at.compile(FUNCTIONS["the draws themselves"])
    inside(X), outside(X)
    assert re.search(r"^    draw\(drawn\)$", inside.source, re.MULTILINE)
    assert len(re.findall(r"^    (drawn\w*) = draw\w*\(\)$", outside.source, re.MULTILINE)) == 2  # what has no axes is copied


def test_a_state_whose_next_value_is_drawn_is_drawn_anew() -> None:
    with Tracer() as tracer:
        state = tracer.input(Traced(tracer.lift(X.data).value).spec, "state")
        drawn = tracer.lift(R.uniform((4, 3))).value
    given = np.zeros((4, 3), np.float32)
    plan = Plan(tracer.graph([state, drawn], {state: drawn}), "step", given={state: given})
    R.seed(3)
    before, first = plan()
    again, second = plan()
    R.seed(3)
    expected = [R.uniform((4, 3)).numpy() for _ in range(2)]
    assert not before.any()
    for found, numbers in ((first, expected[0]), (again, expected[0]), (second, expected[1]), (given, expected[1])):
        np.testing.assert_array_equal(found, numbers)


def test_a_large_dropout_takes_one_byte_an_element_beside_its_result() -> None:
    n = 2**20
    f = at.compile(lambda x: F.dropout(x, 0.5).sum())
    x = at.ones(n)
    f(x), f(x)
    tracemalloc.start()
    try:
        f(x)
        assert tracemalloc.get_traced_memory()[1] < 1.05 * n
    finally:
        tracemalloc.stop()
