"""Elementwise functions under their public names agree with NumPy and with Python's math."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at

A = np.array([-2.5, -1.0, -0.0, 0.5, 1.0, 3.0])
B = np.array([2.0, -1.5, 0.25, 0.5, -4.0, 3.0])
POSITIVE = np.abs(A) + 0.25
UNIT = A / 4

UNARY: dict[str, tuple[Callable[..., Any], Any]] = {
    "abs": (np.abs, A),
    "acos": (np.arccos, UNIT),
    "acosh": (np.arccosh, POSITIVE + 1),
    "asin": (np.arcsin, UNIT),
    "asinh": (np.arcsinh, A),
    "atan": (np.arctan, A),
    "atanh": (np.arctanh, UNIT),
    "ceil": (np.ceil, A),
    "cos": (np.cos, A),
    "cosh": (np.cosh, A),
    "exp": (np.exp, A),
    "exp2": (np.exp2, A),
    "expm1": (np.expm1, A),
    "floor": (np.floor, A),
    "isfinite": (np.isfinite, A),
    "isinf": (np.isinf, A),
    "isnan": (np.isnan, A),
    "log": (np.log, POSITIVE),
    "log10": (np.log10, POSITIVE),
    "log1p": (np.log1p, POSITIVE),
    "log2": (np.log2, POSITIVE),
    "logical_not": (np.logical_not, A),
    "negative": (np.negative, A),
    "reciprocal": (np.reciprocal, POSITIVE),
    "relu": (lambda x: np.where(x > 0, x, 0), A),
    "round": (np.round, A),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), A),
    "sign": (np.sign, A),
    "sin": (np.sin, A),
    "sinh": (np.sinh, A),
    "softplus": (lambda x: np.log1p(np.exp(x)), A),
    "log_sigmoid": (lambda x: -np.log1p(np.exp(-x)), A),
    "sqrt": (np.sqrt, POSITIVE),
    "square": (np.square, A),
    "tan": (np.tan, A),
    "tanh": (np.tanh, A),
    "trunc": (np.trunc, A),
}
BINARY = [
    "add", "atan2", "divide", "equal", "floor_divide", "greater", "greater_equal",
    "hypot", "less", "less_equal", "logaddexp", "logical_and", "logical_or", "logical_xor",
    "maximum", "minimum", "multiply", "not_equal", "remainder", "subtract",
]  # fmt: skip
THEIRS = {"atan2": "arctan2"}


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_of_one_operand_agree_with_numpy(name: str, dtype: str) -> None:
    theirs, x = UNARY[name]
    x = x.astype(dtype)
    y = getattr(at, name)(at.tensor(x))
    expected = theirs(x)
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.data, expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_operands_agree_with_numpy_and_broadcast(name: str) -> None:
    theirs = getattr(np, THEIRS.get(name, name))
    y = getattr(at, name)(at.tensor(A[:, None]), at.tensor(B))
    np.testing.assert_array_equal(y.data, theirs(A[:, None], B))
    assert y.dtype == theirs(A, B).dtype


def test_powers_agree_with_numpy() -> None:
    np.testing.assert_array_equal(at.pow(at.tensor(POSITIVE), at.tensor(B)).data, POSITIVE**B)
    np.testing.assert_array_equal((at.tensor(A) ** 2).data, A**2)
    np.testing.assert_array_equal((2.0 ** at.tensor(A)).data, 2.0**A)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (None, 1), (-1, None), (None, None)])
def test_clip_agrees_with_numpy(low: Any, high: Any) -> None:
    y = at.clip(at.tensor(A), low, high)
    np.testing.assert_array_equal(y.data, A if low is None and high is None else np.clip(A, low, high))
    assert not np.shares_memory(y.data, A)


@given(x=st.floats(-700, 700))
def test_sigmoid_is_exact_in_both_tails(x: float) -> None:
    expected = 1 / (1 + math.exp(-x))
    assert abs(at.sigmoid(np.float64(x)).item() - expected) <= 4 * math.ulp(expected)


@pytest.mark.parametrize("condition", [True, np.array([True, False, True]), [[True], [False]]])
@pytest.mark.parametrize("other", [0.0, 2, np.array([1.0, 2.0, 3.0])])
def test_where_agrees_with_numpy_with_scalars_too(condition: Any, other: Any) -> None:
    x = np.array([5.0, 6.0, 7.0], np.float32)
    for a, b in ((x, other), (other, x)):
        wrapped = [at.tensor(v) if isinstance(v, np.ndarray) else v for v in (a, b)]
        y, expected = at.where(at.tensor(condition), *wrapped), np.where(condition, a, b)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y.data, expected)


def test_where_gives_the_branch_that_was_not_chosen_exactly_nothing() -> None:
    a, b = at.tensor([1.0, np.inf], requires_grad=True), at.tensor([np.nan, 2.0], requires_grad=True)
    at.where(at.tensor([True, False]), a, b).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.tolist(), b.grad.tolist()) == ([1.0, 0.0], [0.0, 1.0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_division_by_a_python_zero_has_an_infinite_derivative() -> None:
    x = at.tensor([1.0, -2.0], requires_grad=True)
    (x / 0.0).backward(at.ones(2))
    assert x.grad is not None
    assert x.grad.tolist() == [math.inf, math.inf]  # as of an array of zeros, not Python's ZeroDivisionError
