"""Special cases of the array-API standard: infinities, NaN, signed zeros, nothing at all, and what may not be done."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, AxisRangeError
from autotensor.core.spec import Spec
from autotensor.plan.trace import Symbol

inf, nan = math.inf, math.nan
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -2.5, inf, -inf, nan])
SAME = (  # noqa: SIM905 - a dozen names a line
    "abs ceil copysign cos cosh divide exp expm1 floor floor_divide hypot isfinite isinf isnan log log10 log1p log2 logaddexp "
    "maximum minimum multiply nextafter reciprocal remainder round sign signbit sin sinh sqrt square subtract add tan tanh trunc"
).split()
OTHER = {"acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan", "atanh": "arctanh"}
NUMPYS = {**{name: name for name in SAME}, **OTHER, "atan2": "arctan2", "pow": "power"}
TWO = ["add", "atan2", "copysign", "divide", "floor_divide", "hypot", "logaddexp", "maximum", "minimum", "multiply", "nextafter"]
TWO += ["pow", "remainder", "subtract"]

# what the standard says of single numbers, the sign of zero included
CASES: list[tuple[str, tuple[float, ...], float]] = [
    ("abs", (-0.0,), 0.0),
    ("acosh", (0.5,), nan),
    ("atan2", (0.0, -0.0), math.pi),
    ("atan2", (-0.0, -1.0), -math.pi),
    ("atan2", (-0.0, 1.0), -0.0),
    ("atan2", (inf, -inf), 3 * math.pi / 4),
    ("atanh", (-1.0,), -inf),
    ("ceil", (-0.5,), -0.0),
    ("copysign", (inf, -0.0), -inf),
    ("divide", (1.0, -0.0), -inf),
    ("divide", (0.0, 0.0), nan),
    ("exp", (-inf,), 0.0),
    ("expm1", (-0.0,), -0.0),
    ("floor", (-0.0,), -0.0),
    ("hypot", (nan, -inf), inf),
    ("log1p", (-1.0,), -inf),
    ("logaddexp", (nan, inf), nan),
    ("maximum", (nan, 1.0), nan),
    ("minimum", (-inf, nan), nan),
    ("multiply", (inf, 0.0), nan),
    ("nextafter", (1.0, nan), nan),
    ("pow", (1.0, nan), 1.0),
    ("pow", (nan, 0.0), 1.0),
    ("pow", (-1.0, inf), 1.0),
    ("pow", (-0.0, 3.0), -0.0),
    ("pow", (-0.0, -3.0), -inf),
    ("pow", (-2.0, 0.5), nan),
    ("reciprocal", (-0.0,), -inf),
    ("remainder", (1.0, inf), 1.0),
    ("remainder", (-0.0, 2.0), 0.0),
    ("round", (2.5,), 2.0),
    ("round", (-0.5,), -0.0),
    ("sign", (nan,), nan),
    ("sqrt", (-0.0,), -0.0),
    ("sqrt", (-1.0,), nan),
    ("tanh", (-inf,), -1.0),
    ("trunc", (-0.9,), -0.0),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "operands", "expected"), CASES)
def test_a_special_case_is_what_the_standard_says(name: str, operands: tuple[float, ...], expected: float, dtype: str) -> None:
    with np.errstate(all="ignore"):
        y = getattr(at, name)(*(at.asarray(x, dtype=dtype) for x in operands))
    assert y.dtype == np.dtype(dtype)
    if math.isnan(expected):
        assert math.isnan(float(y))
    else:
        assert float(y) == float(np.dtype(dtype).type(expected))
        assert math.copysign(1, float(y)) == math.copysign(1, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NUMPYS)
def test_special_numbers_give_what_numpy_gives(name: str, dtype: str) -> None:
    x = SPECIAL.astype(dtype)
    operands = tuple(np.array(column) for column in zip(*itertools.product(x, x), strict=True)) if name in TWO else (x,)
    with np.errstate(all="ignore"):
        y, expected = getattr(at, name)(*map(at.asarray, operands)), getattr(np, NUMPYS[name])(*operands)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y.data, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(y.data[known]), np.signbit(expected[known]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize(("name", "expected"), [("sum", 0), ("prod", 1), ("mean", nan), ("var", nan), ("std", nan)])
def test_statistics_of_nothing(name: str, expected: float, dtype: str) -> None:
    y = getattr(at, name)(at.zeros((2, 0), dtype=dtype), axis=1)
    assert y.shape == (2,)
    assert np.isnan(y.data).all() if math.isnan(expected) else (y.data == expected).all()
    assert y.dtype == (np.dtype(dtype) if name not in {"var", "std"} else at.finfo(dtype).dtype)


def test_the_mean_of_nothing_gives_nothing_back() -> None:
    x = at.zeros((0,)).requires_grad_()
    at.mean(x).backward()
    assert x.grad is not None
    assert x.grad.shape == (0,)


@pytest.mark.parametrize("correction", [2, 2.5])
def test_a_variance_of_no_more_elements_than_its_correction_is_unknown(correction: float) -> None:
    assert math.isnan(float(at.var(at.tensor([1.0, 3.0]), correction=correction)))
    assert math.isnan(float(at.std(at.tensor([1.0, 3.0]), correction=correction)))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
@pytest.mark.parametrize("name", ["ceil", "floor", "round", "trunc"])
def test_integers_are_rounded_already(name: str, dtype: str) -> None:
    x = at.asarray([0, 1, 127], dtype=dtype)
    y = getattr(at, name)(x)
    assert (y.dtype, y.tolist()) == (x.dtype, [0, 1, 127])


def test_limits_do_not_change_the_dtype() -> None:
    x = at.asarray([1, 2, 3], dtype=at.int8)
    assert at.clip(x, at.asarray(2), None).dtype == at.int8
    assert at.clip(at.tensor([1.0, 2.0]), max=np.float64(1.5)).dtype == at.float32
    assert at.clip(x, 1.5).dtype == at.float64  # NumPy's: the standard does not say
    assert np.signbit(at.clip(at.tensor(-0.0)).data)


def test_numbers_beyond_int64_are_counted_in_their_own_dtype() -> None:
    assert at.arange(2**63, 2**63 + 2, dtype=at.uint64).tolist() == [2**63, 2**63 + 1]


def test_spaced_numbers_are_complex_between_complex_ends_and_whole_in_whole_dtypes() -> None:
    assert at.linspace(0, 2j, 3).dtype == at.complex64
    assert at.linspace(0, 2j, 3).tolist() == [0, 1j, 2j]
    assert at.linspace(3, -3, 4, endpoint=False, dtype=at.int8).tolist() == [3, 1, 0, -2]  # rounded down, not towards 0


@pytest.mark.parametrize("copy", [True, False, None])
def test_asarray_copies_when_it_is_told_to(copy: bool | None) -> None:
    numbers = np.ones(2, np.float32)
    assert np.shares_memory(at.asarray(numbers, copy=copy).data, numbers) == (not copy)
    x = at.asarray(numbers)
    assert np.shares_memory(at.asarray(x, copy=copy).data, numbers) == (not copy)


def test_a_buffer_keeps_its_dtype_and_is_shared() -> None:
    numbers = np.ones(2)
    x = at.asarray(memoryview(numbers), copy=False)
    assert x.dtype == at.float64
    assert np.shares_memory(x.data, numbers)


def test_reshape_copies_when_it_is_told_to_and_keeps_the_sign_of_zero() -> None:
    x = at.asarray([[-0.0, 1.0], [2.0, 3.0]])
    assert np.shares_memory(at.reshape(x, (4,), copy=False).data, x.data)
    y = at.reshape(x, (4,), copy=True)
    assert not np.shares_memory(y.data, x.data)
    assert np.signbit(y.data[0])


def test_a_tensor_of_one_number_is_a_python_number() -> None:
    assert complex(at.asarray(1 - 2j)) == 1 - 2j
    assert complex(at.tensor(1.5)) == 1.5
    assert [10, 20, 30][at.asarray(1, dtype=at.uint8)] == 20
    assert at.arange(5)[at.asarray(1) : at.asarray(3)].tolist() == [1, 2]


def test_an_array_is_handed_over_in_the_form_that_is_asked_for() -> None:
    x = at.tensor([1.0, 2.0])
    assert x.__dlpack_device__() == (1, 0)
    for settings in ({}, {"max_version": (1, 0)}, {"dl_device": (1, 0), "copy": True}, {"stream": None, "copy": False}):
        assert x.__dlpack__(**settings) is not None
    assert '"dltensor"' in repr(x.__dlpack__())
    assert '"dltensor_versioned"' in repr(x.__dlpack__(max_version=(1, 0)))
    assert not np.shares_memory(at.from_dlpack(x, copy=True).data, x.data)
    assert np.shares_memory(at.from_dlpack(x, copy=False, device="cpu").data, x.data)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_limits_are_python_numbers(dtype: str) -> None:
    limits = at.finfo(at.ones((1,), dtype=dtype))
    assert [type(x) for x in limits[:-1]] == [int, float, float, float, float]
    assert limits.dtype == np.finfo(dtype).dtype


ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "axis": (lambda: at.expand_dims(at.ones((2,)), axis=3), AxisRangeError, r"axis 3 is out of range .* must be in \[-2, 2\)"),
    "axis as a value": (lambda: at.sum(at.ones((2,)), axis=1), ValueError, "axis 1 is out of range"),
    "axis as an index": (lambda: at.sort(at.ones((2,)), axis=1), IndexError, "axis 1 is out of range"),
    "copy of a list": (lambda: at.asarray([1.0], copy=False), ArgumentError, "needs an array, got list. Leave copy out"),
    "copy to a dtype": (
        lambda: at.asarray(at.ones((1,)), dtype=at.int8, copy=False),
        ArgumentError,
        "needs an array of dtype int8, got Tensor of dtype float32",
    ),
    "reshape": (
        lambda: at.reshape(at.ones((2, 3)).T, (6,), copy=False),
        ArgumentError,
        r"from \(3, 2\) to \(6,\) with copy=False: the elements do not lie .* Leave copy out",
    ),
    "too large": (lambda: at.asarray(1, dtype=at.uint8) + 300, OverflowError, "300"),
    "device": (lambda: at.__array_namespace_info__().dtypes(device="gpu"), ArgumentError, "got device='gpu'"),
    "default device": (lambda: at.__array_namespace_info__().default_dtypes(device="gpu"), ArgumentError, "got device='gpu'"),
}


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS.values(), ids=ERRORS)
def test_what_may_not_be_done_is_an_error_that_says_so(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


@pytest.mark.parametrize("ask", [complex, lambda x: [0, 1][x]])
def test_a_value_without_numbers_is_no_python_number(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="of a symbolic value of shape"):
        ask(Symbol(Spec((), np.dtype(np.int64))))
