"""What a Tensor is: its dtype, its conversations with NumPy and with Python."""

import operator
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import Tensor
from autotensor.core.errors import DTypeError, ShapeError

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


# dtypes
@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        ([1.0, 2.0], "float32"),
        ([[1, 2.5]], "float32"),
        (1, "int64"),
        ([1, 2], "int64"),
        (True, "bool"),
        ([], "float32"),
        (1j, "complex64"),
        (np.zeros(2), "float64"),
        (np.zeros(2, np.float16), "float16"),
        (np.float64(1.0), "float64"),
        (np.arange(2, dtype=np.int8), "int8"),
        ([np.zeros(2), np.ones(2)], "float64"),
        (at.tensor(np.zeros(2)), "float64"),
    ],
)
def test_python_floats_become_float32_and_arrays_keep_their_dtype(data: Any, dtype: str) -> None:
    assert at.tensor(data).dtype == dtype


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("scalar", [2, 2.5, True])
@pytest.mark.parametrize("swap", [False, True])
def test_python_scalars_are_weak(dtype: str, scalar: Any, swap: bool) -> None:
    x = at.tensor(np.ones(3, dtype))
    for operate in ("__add__", "__mul__", "__truediv__", "__pow__", "__sub__", "__mod__"):
        method = operate.replace("__", "__r", 1) if swap else operate
        assert getattr(x, method)(scalar).dtype == dtype


def test_scalars_alone_become_float32_and_integers_stay() -> None:
    assert at.add(1.0, 2.0).dtype == F32
    assert at.add(1, 2).dtype == np.int64
    assert at.exp(1.0).dtype == F32


def test_float32_with_float64_gives_float64() -> None:
    assert (at.tensor([1.0]) + np.ones(1)).dtype == F64
    assert (at.tensor([1.0]) * at.tensor(np.ones(1))).dtype == F64


def test_an_explicit_dtype_is_obeyed() -> None:
    assert at.tensor([1, 2], dtype="float64").dtype == F64
    assert at.tensor(np.zeros(2), dtype=np.float32).dtype == F32


def test_tensor_copies_and_asarray_does_not() -> None:
    array = np.zeros(2, np.float32)
    assert not np.shares_memory(at.tensor(array).data, array)
    assert np.shares_memory(at.asarray(array).data, array)
    assert not np.shares_memory(at.asarray(array, copy=True).data, array)


@pytest.mark.parametrize("data", ["text", [object()], np.array(["a"]), np.array([None])])
def test_what_is_not_a_number_is_refused(data: Any) -> None:
    with pytest.raises(DTypeError, match=r"tensors hold numbers or booleans, got \w+ of dtype"):
        at.tensor(data)


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(DTypeError, match="cannot make a tensor of list"):
        at.tensor([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_only_floating_tensors_require_gradients(dtype: str) -> None:
    with pytest.raises(DTypeError, match=r"only floating tensors can require gradients, got dtype .* Convert it first"):
        at.tensor([1, 0], dtype=dtype, requires_grad=True)


# NumPy
def test_numpy_functions_work_on_tensors_and_are_recorded() -> None:
    x = at.tensor([[0.5, 1.0], [2.0, 3.0]], requires_grad=True)
    for y, expected in (
        (np.tanh(x), np.tanh(x.data)),
        (np.sum(x, axis=0), x.data.sum(0)),
        (np.add(x, 1), x.data + 1),
        (np.concatenate([x, x]), np.concatenate([x.data, x.data])),
        (np.stack([x, x], axis=1), np.stack([x.data, x.data], axis=1)),
        (np.where(x > 1, x, 0), np.where(x.data > 1, x.data, 0)),
        (np.transpose(x), x.data.T),
        (np.var(x, ddof=1), np.var(x.data, ddof=1)),
        (np.clip(x, 0.6, 2.5), np.clip(x.data, 0.6, 2.5)),
        (np.round(x, 1), np.round(x.data, 1)),
        (np.take(x, [0, 3]), np.take(x.data, [0, 3])),
        (np.ravel(x), x.data.ravel()),
        (np.max(x, axis=1, keepdims=True), x.data.max(1, keepdims=True)),
        (np.matmul(x, x), x.data @ x.data),
    ):
        assert isinstance(y, Tensor)
        assert y.requires_grad
        np.testing.assert_allclose(y.data, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow", "matmul", "floordiv", "mod", "lt", "ge", "eq", "ne"])
def test_an_array_and_a_tensor_give_a_tensor_in_either_order(name: str) -> None:
    operate = getattr(operator, name)
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0, 1.0], [1.0, 3.0]])
    for left, right in ((a, at.tensor(b)), (at.tensor(a), b), (at.tensor(a), at.tensor(b))):
        y = operate(left, right)
        assert type(y) is Tensor
        np.testing.assert_allclose(y.data, operate(a, b))


def test_numpy_scalars_meet_tensors() -> None:
    y = np.float32(2.0) * at.tensor([1.0], requires_grad=True)
    assert isinstance(y, Tensor)
    assert (y.dtype, y.requires_grad) == (F32, True)
    assert (np.float64(2.0) * at.tensor([1.0])).dtype == F64


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (np.linalg.tensorinv, r"np\.tensorinv is not available on Tensors.*leave the graph first"),
        (np.cbrt, r"np\.cbrt is not available on Tensors"),
        (np.add.reduce, r"np\.add\.reduce is not available on Tensors"),
        (lambda x: np.add(x, x, out=np.zeros(2)), r"np\.add with out= is not available"),
        (lambda x: np.add(x, x, where=[True, False]), r"np\.add with where= is not available"),
    ],
)
def test_numpy_functions_that_are_not_ours_are_refused_by_name(call: Any, text: str) -> None:
    with pytest.raises(DTypeError, match=text):
        call(at.tensor([1.0, 2.0]))


def test_numpy_of_a_recorded_tensor_is_a_read_only_view() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    for t in (x, x * 2):
        view = t.numpy()
        assert np.shares_memory(view, t.data)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 7.0
        with pytest.raises(ValueError, match="read-only"):
            np.asarray(t)[0] = 7.0
    assert x.data.flags.writeable


def test_numpy_of_a_constant_is_the_array_itself() -> None:
    x = at.tensor([1.0, 2.0])
    x.numpy()[0] = 7.0
    assert x.tolist() == [7.0, 2.0]


def test_array_conversion_obeys_dtype_and_copy() -> None:
    x = at.tensor([1.0, 2.0])
    assert np.asarray(x, dtype=np.float64).dtype == F64
    assert not np.shares_memory(np.array(x), x.data)
    assert np.shares_memory(np.asarray(x), x.data)


# Python
def test_repr_says_dtype_and_place_in_the_graph() -> None:
    x = at.tensor([1.0, 2.5], requires_grad=True)
    assert repr(x) == "tensor([1. , 2.5], requires_grad=True)"
    assert repr(at.tanh(x * 0)) == "tensor([0., 0.], made_by=tanh)"
    assert repr(at.tensor(np.zeros(1))) == "tensor([0.], dtype=float64)"
    assert repr(at.tensor([1, 2])) == "tensor([1, 2])"
    assert repr(at.tensor(3.0)) == "tensor(3.)"


def test_format_of_a_single_number_takes_its_specification() -> None:
    assert f"{at.tensor(1.23456):.2f}" == "1.23"
    assert f"{at.tensor([1.0])}" == "tensor([1.])"
    assert f"{at.tensor(2):03d}" == "002"


def test_iteration_gives_tensors_and_is_recorded() -> None:
    x = at.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = x
    assert first.tolist() == [1.0, 2.0]
    second.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert len(x) == 2


def test_a_single_number_is_not_iterable_and_has_no_length() -> None:
    with pytest.raises(TypeError, match=r"len\(\) of a 0-dimensional tensor"):
        len(at.tensor(1.0))
    with pytest.raises(TypeError, match="0-dimensional"):
        list(at.tensor(1.0))


def test_the_truth_of_a_tensor_needs_a_single_element() -> None:
    assert at.tensor([2.0])
    assert not at.tensor(0.0)
    for shape in ((2,), (0,)):
        with pytest.raises(ShapeError, match=r"the truth of a tensor of shape .* is not one value. Use .any\(\) or .all\(\)"):
            bool(at.zeros(shape))


def test_equality_is_elementwise_and_hash_is_identity() -> None:
    x, y = at.tensor([1.0, 2.0]), at.tensor([1.0, 3.0])
    assert (x == y).tolist() == [True, False]
    assert (x != y).tolist() == [False, True]
    assert len({x, y, x}) == 2
    assert {x: "x"}[x] == "x"


def test_conversions_to_python_numbers() -> None:
    assert float(at.tensor([1.5])) == 1.5
    assert int(at.tensor(3)) == 3
    assert [10, 20, 30][at.tensor(1)] == 20
    assert at.tensor([[2.0]]).item() == 2.0
    with pytest.raises(ShapeError, match=r"item\(\) needs a single element, got shape \(2,\)"):
        at.tensor([1.0, 2.0]).item()
    with pytest.raises(DTypeError, match="only integer tensors can be an index, got dtype float32"):
        [1, 2][at.tensor(1.0)]


def test_attributes_are_those_of_the_array() -> None:
    x = at.zeros((2, 3))
    assert (x.shape, x.ndim, x.size, x.nbytes, x.dtype) == ((2, 3), 2, 6, 24, F32)
    assert x.T.shape == (3, 2)
    assert at.zeros((4, 2, 3)).mT.shape == (4, 3, 2)


def test_a_tensor_has_no_dict() -> None:
    with pytest.raises(AttributeError):
        at.zeros(1).something = 1  # type: ignore[attr-defined]
