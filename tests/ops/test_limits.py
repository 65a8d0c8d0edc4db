"""Limits: dtypes that stay, limits beyond a dtype, and the slope at a limit."""

from typing import Any

import numpy as np
import pytest

import autotensor as at

INF, NAN = float("inf"), float("nan")
HUGE = 2**64 - 1
CASES: dict[str, tuple[Any, Any, Any, Any]] = {  # x, limits, what comes out
    "unsigned limits of signed numbers": (np.int64([-3, 1, 9]), np.uint64(0).reshape(1), np.uint64([5]), [0, 1, 5]),
    "a limit too large to reach": (np.int64([-3, 9]), None, np.uint64([HUGE]), [-3, 9]),
    "a limit too large to hold": (np.int8([-3, 9]), np.int64([300]), None, [127, 127]),
    "a number too small to hold": (np.uint8([3, 200]), -4, 300, [3, 200]),
    "a number below all": (np.uint8([3, 200]), None, -1, [0, 0]),
    "signed limits of unsigned numbers": (np.uint64([3, HUGE]), np.int64([-1]), np.int64([7]), [3, 7]),
    "a number of NumPy's beside single precision": (np.float32([0.25, 3]), None, np.float64(0.1), np.float32([0.1, 0.1])),
    "NaN stays": (np.float32([NAN, 3]), 0, 1, [NAN, 1]),
    "limits in the wrong order: the upper one": (np.float32([-1, 5]), 2, 1, [1, 1]),
    "infinite limits": (np.float32([-INF, 5]), -INF, INF, [-INF, 5]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("compiled", [False, True])
def test_limits_keep_the_dtype(case: str, compiled: bool) -> None:
    x, low, high, expected = CASES[case]

    def f(x: Any) -> Any:
        return at.clip(x, low, high)

    y = (at.compile(f) if compiled else f)(at.tensor(x))
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y.data, expected)


def test_a_number_among_the_limits_may_stand_beside_a_tensor() -> None:
    x = at.tensor([-2.0, 0.5, 3.0], requires_grad=True)
    y = at.clip(x, 0, at.tensor([1.0, 0.25, 3.0]))
    assert y.tolist() == [0.0, 0.25, 3.0]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0, 0.5]


def test_what_is_no_tensor_is_limited_too() -> None:
    assert at.clip(2.5, 0, 1).item() == 1
    assert at.clip([2.5, 0.5], 0, 1).tolist() == [1.0, 0.5]
    assert at.clip(np.array([True, False]), 0, 1).tolist() == [1, 0]


def test_a_plan_limits_by_two_calls_and_masks_by_two() -> None:
    step = at.compile(at.grad(lambda x: (at.clip(x, -1, 1) * 3.0).sum()))
    assert step(at.tensor([-2.0, 1.0, 0.5])).tolist() == [0.0, 3.0, 3.0]
    words = [line.split("(")[0].strip() for line in step.source.splitlines()]
    assert [words.count(word) for word in ("maximum", "minimum", "equal", "copyto", "greater")] == [1, 1, 1, 1, 0]
