"""Dtypes and values as the array-API standard has them: what its strict reference takes, autotensor takes, and gives the same."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from hypothesis.extra.array_api import make_strategies_namespace

import autotensor as at

strict = pytest.importorskip("array_api_strict")

NAMES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()  # noqa: SIM905
ONE = (  # noqa: SIM905 - a dozen names a line
    "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log log10 "
    "log1p log2 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan tanh trunc"
).split()
TWO = (  # noqa: SIM905 - the same
    "add atan2 bitwise_and bitwise_or bitwise_xor copysign divide equal floor_divide greater greater_equal hypot less less_equal "
    "logaddexp logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal pow remainder subtract"
).split()
OPERATORS = [
    operator.add, operator.and_, operator.eq, operator.floordiv, operator.ge, operator.gt, operator.le, operator.lt,
    operator.mod, operator.mul, operator.ne, operator.or_, operator.pow, operator.sub, operator.truediv, operator.xor,
]  # fmt: skip
REDUCTIONS = "all any argmax argmin count_nonzero max mean min prod std sum var".split()  # noqa: SIM905
SHAPES = [(), (1,), (4,), (2, 1), (2, 4), (0,), (2, 0)]
NUMBERS = [True, False, 0, 1, 2, 7, -3, 200, 0.0, 2.0, -0.5, 1 + 2j]
dtypes = st.sampled_from(NAMES)
# no subnormal numbers, and no complex numbers but small ones: there the results are the C library's, not the standard's
EXACT = {"allow_subnormal": False}
SMALL = {"allow_nan": False, "allow_infinity": False, "max_magnitude": 8.0, **EXACT}


def arrays(names: st.SearchStrategy[str] = dtypes, shapes: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Any]:
    return st.tuples(names, st.sampled_from(SHAPES) if shapes is None else shapes).flatmap(
        lambda both: nps.arrays(both[0], both[1], elements={} if both[0] == "bool" else kind_of(both[0]))
    )


def kind_of(name: str) -> dict[str, Any]:
    return SMALL if name.startswith("complex") else EXACT if name.startswith("float") else {}


def agree(ours: Callable[..., Any], theirs: Callable[..., Any], *operands: Any, values: bool = True) -> None:
    """Where the reference has a result, ours is a Tensor with that dtype, that shape and those numbers."""
    with np.errstate(all="ignore"):
        try:
            expected = theirs(*(strict.asarray(x) if isinstance(x, np.ndarray) else x for x in operands))
        except (TypeError, ValueError, OverflowError):  # not in the standard, or a number that its dtype does not hold
            return
        y = ours(*(at.asarray(x) if isinstance(x, np.ndarray) else x for x in operands))
    wanted = np.asarray(expected)
    assert type(y) is at.Tensor
    assert (y.dtype, y.shape) == (wanted.dtype, wanted.shape)
    if values:
        if wanted.dtype.kind in "fc":
            np.testing.assert_allclose(y.data, wanted, rtol=4 * np.finfo(wanted.dtype).eps)
        else:
            np.testing.assert_array_equal(y.data, wanted)
        if wanted.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(y.data)[wanted == 0], np.signbit(wanted)[wanted == 0])


@pytest.mark.parametrize("name", ONE)
@given(x=arrays())
def test_a_function_of_one_operand_agrees(name: str, x: Any) -> None:
    agree(getattr(at, name), getattr(strict, name), x)


@pytest.mark.parametrize("name", TWO)
@given(a=arrays(), b=arrays())
def test_a_function_of_two_operands_agrees(name: str, a: Any, b: Any) -> None:
    agree(getattr(at, name), getattr(strict, name), a, b)


@pytest.mark.parametrize("name", TWO)
@given(x=arrays(), number=st.sampled_from(NUMBERS), first=st.booleans())
def test_a_python_number_beside_a_tensor_is_weak(name: str, x: Any, number: Any, first: bool) -> None:
    agree(getattr(at, name), getattr(strict, name), *((number, x) if first else (x, number)))


@pytest.mark.parametrize("function", OPERATORS)
@given(x=arrays(), other=arrays() | st.sampled_from(NUMBERS), first=st.booleans())
def test_an_operator_agrees(function: Callable[..., Any], x: Any, other: Any, first: bool) -> None:
    agree(function, function, *((other, x) if first else (x, other)))


@pytest.mark.parametrize("name", ["bitwise_left_shift", "bitwise_right_shift"])
@given(x=arrays(), places=st.integers(0, 7), dtype=dtypes)
def test_shifts_agree(name: str, x: Any, places: int, dtype: str) -> None:
    agree(getattr(at, name), getattr(strict, name), x, np.full((), places, dtype))
    agree(getattr(at, name), getattr(strict, name), x, places)


@pytest.mark.parametrize("name", REDUCTIONS)
@given(x=arrays(shapes=st.sampled_from([(), (3,), (2, 3), (1, 2, 3)])), keepdims=st.booleans(), data=st.data())
def test_a_reduction_has_the_dtype_and_shape_of_the_standard(name: str, x: Any, keepdims: bool, data: st.DataObject) -> None:
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    settings = {"axis": axis, "keepdims": keepdims}
    exact = name not in {"mean", "std", "var"} and (x.dtype.kind not in "fc" or name not in {"prod", "sum"})
    agree(lambda x: getattr(at, name)(x, **settings), lambda x: getattr(strict, name)(x, **settings), x, values=exact)


@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum", "cumulative_prod"])
@given(x=arrays(shapes=st.just((3,))), dtype=dtypes)
def test_what_is_accumulated_has_the_dtype_that_is_asked_for(name: str, x: Any, dtype: str) -> None:
    if x.dtype.kind != "c" and np.dtype(dtype).kind not in "bu":
        x = (x % 3).astype(x.dtype) if x.dtype.kind in "iu" else np.ones_like(x)
        agree(
            lambda x: getattr(at, name)(x, dtype=getattr(at, dtype)),
            lambda x: getattr(strict, name)(x, dtype=getattr(strict, dtype)),
            x,
        )


JOINED: dict[str, Callable[..., Any]] = {
    "clip": lambda xp, a, b: xp.clip(a, xp.min(a), xp.max(a)),
    "concat": lambda xp, a, b: xp.concat([a, b]),
    "concat of rows": lambda xp, a, b: xp.concat((a, b), axis=None),
    "diff": lambda xp, a, b: xp.diff(a, prepend=a[:1], append=a[:1]),
    "matmul": lambda xp, a, b: xp.matmul(a, b),
    "meshgrid": lambda xp, a, b: xp.stack(xp.meshgrid(a, a, indexing="ij")),
    "searchsorted": lambda xp, a, b: xp.searchsorted(a, b, side="right", sorter=xp.argsort(a)),
    "sort": lambda xp, a, b: xp.sort(a, descending=True),
    "stack": lambda xp, a, b: xp.stack([a, b], axis=-1),
    "take": lambda xp, a, b: xp.take(a, xp.asarray([1, 1], dtype=xp.uint8)),
    "take_along_axis": lambda xp, a, b: xp.take_along_axis(a, xp.argsort(a)),
    "tensordot": lambda xp, a, b: xp.tensordot(a, b, axes=1),
    "unique_counts": lambda xp, a, b: xp.unique_counts(a).counts,
    "unique_inverse": lambda xp, a, b: xp.unique_inverse(a).inverse_indices,
    "unique_values": lambda xp, a, b: xp.unique_values(a),
    "vecdot": lambda xp, a, b: xp.vecdot(a, b),
    "where": lambda xp, a, b: xp.where(a == b, a, b),
    "where, a number": lambda xp, a, b: xp.where(a == b, a, 1),
}


@pytest.mark.parametrize("case", JOINED)
@given(first=dtypes, second=dtypes)
def test_what_joins_sorts_and_selects_agrees(case: str, first: str, second: str) -> None:
    a, b = np.array([3, 1, 2]).astype(first), np.array([1, 0, 5]).astype(second)
    agree(lambda *operands: JOINED[case](at, *operands), lambda *operands: JOINED[case](strict, *operands), a, b)


def test_small_integers_are_accumulated_in_the_dtype_that_is_asked_for() -> None:
    x = at.asarray([200, 100], dtype=at.uint8)
    for function in (at.cumulative_sum, at.cumulative_prod):
        assert function(x, dtype=at.uint8).dtype == at.uint8
        assert function(x).dtype == at.uint64
    assert at.cumulative_sum(x, dtype=at.uint8).tolist() == [200, 44]


@given(names=st.lists(dtypes, min_size=1, max_size=3), number=st.none() | st.sampled_from(NUMBERS), as_arrays=st.booleans())
def test_result_type_agrees(names: list[str], number: Any, as_arrays: bool) -> None:
    def result(namespace: Any) -> str:
        found = [getattr(namespace, name) for name in names]
        operands = [namespace.ones((1,), dtype=one) for one in found] if as_arrays else found
        return str(namespace.result_type(*operands, *([] if number is None else [number]))).rpartition(".")[2]

    try:
        expected = result(strict)
    except (TypeError, ValueError, OverflowError):
        return
    assert result(at) == expected


@given(dtype=dtypes, start=st.integers(0, 5), stop=st.integers(0, 9), num=st.integers(0, 5), endpoint=st.booleans())
def test_creation_in_a_dtype_agrees(dtype: str, start: int, stop: int, num: int, endpoint: bool) -> None:
    ours, theirs = getattr(at, dtype), getattr(strict, dtype)
    agree(lambda: at.arange(start, stop, dtype=ours), lambda: strict.arange(start, stop, dtype=theirs))
    agree(lambda: at.full((num,), start, dtype=ours), lambda: strict.full((num,), start, dtype=theirs))
    agree(lambda: at.eye(num, stop, k=start, dtype=ours), lambda: strict.eye(num, stop, k=start, dtype=theirs))
    agree(
        lambda: at.linspace(start, stop, num, dtype=ours, endpoint=endpoint),
        lambda: strict.linspace(start, stop, num, dtype=theirs, endpoint=endpoint),
    )


@given(data=st.data())
def test_hypothesis_own_strategies_for_the_standard_draw_tensors(data: st.DataObject) -> None:
    drawing = make_strategies_namespace(at)
    x = data.draw(drawing.arrays(drawing.scalar_dtypes(), drawing.array_shapes(min_dims=0, min_side=0, max_side=3)))
    assert type(x) is at.Tensor
    index = data.draw(drawing.indices(x.shape, allow_newaxis=True)) if x.size else ...
    np.testing.assert_array_equal(x[index].data, x.data[index])
