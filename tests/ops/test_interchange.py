"""What the array-API standard asks beside functions: dtypes, limits, promotion, constants, devices and exchange."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, GraphError

NAMES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()  # noqa: SIM905
KINDS = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"]
dtypes = st.sampled_from(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_has_its_name_in_the_namespace(name: str) -> None:
    assert getattr(at, name) == np.dtype(name)
    assert at.zeros((1,), dtype=getattr(at, name)).dtype == getattr(at, name)


@given(dtype=dtypes, kind=st.sampled_from(KINDS) | st.lists(st.sampled_from(KINDS), max_size=3).map(tuple))
def test_isdtype_agrees_with_numpy(dtype: str, kind: Any) -> None:
    assert at.isdtype(getattr(at, dtype), kind) == np.isdtype(np.dtype(dtype), kind)


@given(names=st.lists(dtypes, min_size=1, max_size=3), as_tensors=st.booleans())
def test_promotion_agrees_with_numpy(names: list[str], as_tensors: bool) -> None:
    operands = [at.zeros((2,), dtype=name) if as_tensors else getattr(at, name) for name in names]
    assert at.result_type(*operands) == np.result_type(*map(np.dtype, names))
    assert at.can_cast(operands[0], names[-1]) == np.can_cast(np.dtype(names[0]), np.dtype(names[-1]))


def test_python_scalars_are_weak_beside_tensors_and_the_projects_own_alone() -> None:
    assert at.result_type(at.tensor([1.0]), 2.0) == at.float32
    assert at.result_type(1.0, 2) == at.float32
    assert at.isdtype(at.float32, at.float32)
    assert not at.isdtype(at.float32, at.float64)


def test_limits_are_numpys() -> None:
    assert at.finfo(at.tensor([1.0])).max == np.finfo(np.float32).max
    assert at.finfo("float64").bits == 64
    assert at.iinfo(at.int16).min == -(2**15)


def test_constants_are_the_numbers() -> None:
    assert (at.pi, at.e, at.inf, at.newaxis) == (math.pi, math.e, math.inf, None)
    assert math.isnan(at.nan)


def test_the_namespace_of_a_tensor_is_autotensor() -> None:
    x = at.tensor([1.0])
    assert x.__array_namespace__() is at
    assert x.__array_namespace__(api_version="2024.12") is at
    info = at.__array_namespace_info__()
    assert sorted(info.dtypes()) == sorted(NAMES)
    assert sorted(info.dtypes(kind="real floating")) == ["float32", "float64"]
    assert (info.default_device(), info.devices()) == ("cpu", ["cpu"])
    assert info.capabilities()["boolean indexing"]
    assert info.default_dtypes()["real floating"] == at.tensor(1.0).dtype
    assert x.device == "cpu"
    assert x.to_device("cpu") is x


# the standard's functions, 2024.12
STANDARD = (  # noqa: SIM905 - one line a dozen names
    "abs acos acosh add all any arange argmax argmin argsort asarray asin asinh astype atan atan2 atanh bitwise_and "
    "bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor broadcast_arrays broadcast_to can_cast "
    "ceil clip concat copysign cos cosh count_nonzero cumulative_prod cumulative_sum diff divide empty empty_like equal exp "
    "expand_dims expm1 eye finfo flip floor floor_divide from_dlpack full full_like greater greater_equal hypot iinfo "
    "isdtype isfinite isinf isnan less less_equal linspace log log10 log1p log2 logaddexp logical_and logical_not "
    "logical_or logical_xor matmul matrix_transpose max maximum mean meshgrid min minimum moveaxis multiply negative "
    "nextafter nonzero not_equal ones ones_like permute_dims positive pow prod reciprocal remainder repeat reshape "
    "result_type roll round searchsorted sign signbit sin sinh sort sqrt square squeeze stack std subtract sum take "
    "take_along_axis tan tanh tensordot tile tril triu trunc unique_all unique_counts unique_inverse unique_values unstack "
    "var vecdot where zeros zeros_like "
).split()


@pytest.mark.parametrize("name", STANDARD)
def test_every_real_function_of_the_standard_is_there(name: str) -> None:
    assert callable(getattr(at, name))


def test_arrays_are_exchanged_without_a_copy() -> None:
    array = np.arange(3.0)
    x = at.from_dlpack(array)
    assert np.shares_memory(x.data, array)
    assert not np.shares_memory(at.from_dlpack(array, copy=True).data, array)
    assert np.shares_memory(np.from_dlpack(x), array)
    assert x.__dlpack_device__() == (1, 0)


INTEGERS = st.integers(-20, 20)


@given(a=INTEGERS, b=INTEGERS, n=st.integers(0, 5))
def test_bits_agree_with_pythons(a: int, b: int, n: int) -> None:
    x, y = at.tensor([a]), at.tensor([b])
    ours = [x & y, x | y, x ^ y, ~x, x << n, x >> n, b & x, b | x, b ^ x]
    assert [z.item() for z in ours] == [a & b, a | b, a ^ b, ~a, a << n, a >> n, b & a, b | a, b ^ a]
    assert (2 << at.tensor([n])).item() == 2 << n
    assert (200 >> at.tensor([n])).item() == 200 >> n


def test_bits_of_booleans_are_logic() -> None:
    x, y = at.tensor([True, False]), at.tensor([True, True])
    assert [z.tolist() for z in (x & y, x | y, x ^ y, ~x)] == [[True, False], [True, True], [False, True], [False, True]]
    assert np.bitwise_xor(x, y).dtype == at.bool


REFUSED: dict[str, tuple[Callable[[], Any], type[AutotensorError], str]] = {
    "kind": (lambda: at.isdtype(at.int8, "float"), ArgumentError, "knows the kinds 'bool', .*, got 'float'"),
    "finfo": (lambda: at.finfo(at.int8), DTypeError, "finfo is about floating dtypes, got int8; iinfo"),
    "iinfo": (lambda: at.iinfo(at.float32), DTypeError, "iinfo is about integer dtypes, got float32; finfo"),
    "device": (lambda: at.tensor(1.0).to_device("gpu"), ArgumentError, "tensors live on the device \"cpu\", got device='gpu'"),
    "device of another": (lambda: at.from_dlpack(np.ones(1), device="gpu"), ArgumentError, "got device='gpu'"),
    "exchange": (lambda: at.from_dlpack([1.0]), DTypeError, "an array that has __dlpack__, got list"),
    "version": (lambda: at.tensor(1.0).__array_namespace__(api_version="2099.01"), ArgumentError, "2024.12, asked for '2099.01'"),
    "graph": (lambda: at.tensor(1.0, requires_grad=True).__dlpack__(), GraphError, "not handed to other libraries"),
    "bits of floats": (lambda: at.tensor([1.0]) & at.tensor([1.0]), DTypeError, "bitwise_and does not take dtypes float32"),
    "nonzero": (lambda: at.nonzero(at.tensor(1.0)), AutotensorError, "at least one axis"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_say_what_was_expected(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_every_creation_knows_the_one_device() -> None:
    x = at.tensor([1.0])
    made = [
        at.zeros(2, device="cpu"),
        at.full_like(x, 2.0, device="cpu"),
        at.arange(3, device="cpu"),
        at.astype(x, "float64", device="cpu"),
    ]
    assert [y.device for y in made] == ["cpu"] * 4
    for make in (at.empty, at.ones, at.eye):
        with pytest.raises(ArgumentError, match="got device='tpu'"):
            make(2, device="tpu")


def test_copies_are_made_where_they_are_asked_for() -> None:
    x = at.tensor([1.0, 2.0])
    assert at.astype(x, "float32", copy=False) is x
    assert not np.shares_memory(at.astype(x, "float32").data, x.data)
    assert np.shares_memory(at.reshape(x, (2, 1)).data, x.data)
    assert not np.shares_memory(at.reshape(x, (2, 1), copy=True).data, x.data)


def test_sums_and_products_are_taken_in_the_wanted_dtype() -> None:
    x = at.tensor(np.array([200, 100], np.uint8))
    assert at.sum(x, dtype=at.uint8).item() == 44
    assert at.sum(x, dtype="float64").dtype == at.float64
    assert at.prod(x, dtype="float32").item() == 20000.0
    assert at.prod(x).dtype == np.prod(x.data).dtype


SETS = st.lists(st.sampled_from([-1.5, 0.0, 1.0, 2.0, math.nan]), max_size=6).map(np.array)


@given(x=SETS)
def test_what_there_is_agrees_with_numpy(x: Any) -> None:
    np.testing.assert_array_equal(at.nonzero(at.tensor(x))[0].data, np.nonzero(x)[0])
    ours, theirs = at.unique_all(at.tensor(x)), np.unique_all(x)
    for y, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_array_equal(at.unique_values(at.tensor(x)).data, np.unique_values(x))
    np.testing.assert_array_equal(at.unique_counts(at.tensor(x)).counts.data, np.unique_counts(x).counts)
    np.testing.assert_array_equal(at.unique_inverse(at.tensor(x.reshape(-1, 1))).inverse_indices.data.shape, (x.size, 1))


def test_distinct_values_keep_the_gradient_of_those_that_stand_first() -> None:
    x = at.tensor([2.0, 1.0, 2.0], requires_grad=True)
    (at.unique_values(x) * at.tensor([10.0, 1.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 10.0, 0.0]


def test_a_shape_that_depends_on_numbers_cannot_be_traced() -> None:
    from autotensor.plan.trace import abstract

    spec = at.core.spec.Spec((3,), np.dtype(np.float32))
    for function in (at.nonzero, at.unique_values, lambda x: x[x > 0]):
        with pytest.raises(AutotensorError, match="where"):
            abstract(function, spec)


@given(x=st.lists(st.integers(-3, 3), max_size=5).map(np.array), elements=st.lists(st.integers(-3, 3)), invert=st.booleans())
def test_membership_agrees_with_numpy(x: Any, elements: list[int], invert: bool) -> None:
    np.testing.assert_array_equal(at.isin(x, elements, invert=invert).data, np.isin(x, elements, invert=invert))
