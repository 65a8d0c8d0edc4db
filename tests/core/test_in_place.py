"""Writing in place: what NumPy does to constants, and what becomes of leaves and of what is recorded."""

import operator
from collections.abc import Callable
from operator import setitem
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at
from autotensor import Tensor
from autotensor.core.errors import DTypeError, GraphError, IndexRangeError, InPlaceError, ShapeError
from autotensor.core.spec import Spec
from autotensor.plan.trace import abstract

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
AUGMENTED = {
    "f": (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv, operator.imod, operator.ipow),
    "i": (operator.iadd, operator.isub, operator.imul, operator.iand, operator.ior, operator.ixor, operator.ilshift),
    "b": (operator.iand, operator.ior, operator.ixor),
}


def indices(shape: tuple[int, ...]) -> Any:
    masks = hnp.arrays(np.bool_, shape)
    return hnp.basic_indices(shape, allow_newaxis=True) | hnp.integer_array_indices(shape) | masks


def as_tensors(index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(at.tensor(part) if isinstance(part, np.ndarray) else part for part in parts)


# constants
@given(data=st.data(), shape=SHAPES)
def test_assignment_is_numpys_whatever_the_index(data: st.DataObject, shape: Any) -> None:
    array = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    x = at.tensor(array)
    index = data.draw(indices(shape))
    value = -np.arange(array[index].size, dtype=np.float64).reshape(array[index].shape) - 1.0
    value = value if data.draw(st.booleans()) else np.float64(-7.0)
    array[index] = value
    x[as_tensors(index) if data.draw(st.booleans()) else index] = at.tensor(value) if data.draw(st.booleans()) else value
    np.testing.assert_array_equal(x.data, array)


@pytest.mark.parametrize(
    ("dtype", "operate"),
    [
        (dtype, operate)
        for kind, dtypes in {"f": ("float32", "float64"), "i": ("int8", "int64", "uint16"), "b": ("bool",)}.items()
        for dtype in dtypes
        for operate in AUGMENTED[kind]
    ],
)
def test_augmented_assignment_writes_what_numpy_writes(dtype: str, operate: Callable[[Any, Any], Any]) -> None:
    a, b = np.array([[3, 1], [2, 5]]).astype(dtype), np.array([2, 1]).astype(dtype)
    x = whole = at.tensor(a)
    row = x[1]
    x = operate(x, at.tensor(b))
    a = operate(a, b)
    assert x is whole
    assert x.dtype == a.dtype
    np.testing.assert_array_equal(x.data, a)
    np.testing.assert_array_equal(row.data, a[1])  # a view sees it


def test_matrix_product_in_place() -> None:
    x = y = at.tensor([[1.0, 2.0], [3.0, 4.0]])
    x @= at.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert y.tolist() == [[2.0, 1.0], [4.0, 3.0]]


def test_python_scalars_are_weak_and_dtypes_stay() -> None:
    x = at.ones((2,))
    x += 1.5
    x *= 2
    x += at.tensor(np.ones(2))  # float64, of the same kind
    assert (x.dtype, x.tolist()) == (np.dtype(np.float32), [6.0, 6.0])
    x[0] = 1
    x[1] = [0.1]
    assert x.tolist() == [1.0, float(np.float32(0.1))]


def test_lists_are_written_unrounded() -> None:
    x = at.zeros((2,), dtype="float64")
    x[:] = [0.1, 0.2]
    assert x.tolist() == [0.1, 0.2]


def test_a_tensor_without_axes_is_written_to() -> None:
    x = y = at.tensor(1.0)
    x += 1
    assert y.item() == 2.0
    x[...] = 5.0
    assert y.item() == 5.0
    x[()] = at.tensor(6.0)
    assert y.item() == 6.0


def test_memory_is_shared_as_in_numpy() -> None:
    array = np.zeros((2, 3), np.float32)
    x = at.asarray(array)
    for view in (x[0], x[:, 1:], x.T, x.reshape(6), x[::-1], x.detach(), at.expand_dims(x, axis=0), at.flip(x)):
        x[...] = 0
        operator.iadd(view, 1)
        assert np.count_nonzero(array) == view.size
    for copy in (
        x[[0, 1]],
        x[x == 0],
        at.tensor(x),
        +x,
        x * 1,
        at.positive(x),
        at.roll(x, 0),
        at.tile(x, 1),
        at.prod(x[:1], axis=0),
    ):
        before = array.copy()
        operator.iadd(copy, 1)
        np.testing.assert_array_equal(array, before)
    a, _ = at.meshgrid(x[0], x[1])
    a += 1
    np.testing.assert_array_equal(array, before)


def test_part_of_a_tensor_is_updated() -> None:
    x = at.tensor([1.0, 2.0, 3.0])
    x[0] += 10
    x[[1, 2]] *= 2
    x[x > 5] -= 1
    assert x.tolist() == [10.0, 4.0, 5.0]


REFUSALS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: setitem(at.zeros((2,), dtype="int64"), 0, 1.5), DTypeError, r"dtype of x, int64, and got float"),
    (lambda: setitem(at.zeros((2,), dtype="bool"), 0, 1), DTypeError, r"dtype of x, bool, and got int"),
    (lambda: setitem(at.zeros((2,)), 0, 1j), DTypeError, r"dtype of x, float32, and got complex"),
    (lambda: setitem(at.zeros((2,), dtype="uint8"), 0, at.tensor(3)), DTypeError, r"dtype of x, uint8, and got int64"),
    (lambda: setitem(at.zeros((2,), dtype="int8"), 0, 300), DTypeError, r"300 does not fit the dtype int8"),
    (lambda: setitem(at.zeros((2,)), 0, "a"), DTypeError, r"tensors hold numbers or booleans"),
    (lambda: setitem(at.zeros((2,)), slice(None), [[1.0], [1.0, 2.0]]), DTypeError, r"cannot make a tensor of list"),
    (lambda: setitem(at.zeros((2,)), 0.5, 1.0), DTypeError, r"an index is made of ints"),
    (lambda: setitem(at.zeros((2,)), 2, 1.0), IndexRangeError, r"the index does not fit a tensor of shape \(2,\)"),
    (lambda: setitem(at.zeros((2, 3)), 0, at.ones((2,))), ShapeError, r"shape \(2,\) do not fit .* x\[index\] has shape \(3,\)"),
    (
        lambda: operator.iadd(at.zeros((2,)), at.ones((3, 2))),
        ShapeError,
        r"x \+= v keeps the shape of x, \(2,\); .* shape \(3, 2\)",
    ),
    (
        lambda: operator.itruediv(at.ones((2,), dtype="int64"), 2),
        DTypeError,
        r"x /= v keeps the dtype of x, int64; x / v is float64",
    ),
    (
        lambda: operator.iadd(at.ones((2,), dtype="int64"), 0.5),
        DTypeError,
        r"Use x = x \+ v for a new tensor, or convert x first",
    ),
    (
        lambda: operator.iadd(at.broadcast_to(at.ones(1), (3,)), 1),
        InPlaceError,
        r"is read-only; .* Make a copy first: x = at\.tensor",
    ),
    (lambda: setitem(at.broadcast_to(at.ones(1), (3,)), 0, 1.0), InPlaceError, r"x\[index\] = v: the memory .* is read-only"),
]


@pytest.mark.parametrize(("write", "error", "text"), REFUSALS)
def test_what_cannot_be_written_is_refused(write: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        write()


# what is recorded
def leaf(*numbers: float) -> Tensor:
    return at.tensor(list(numbers), requires_grad=True)


def test_a_total_of_recorded_losses_is_the_recorded_sum() -> None:
    w = leaf(1.0, 2.0)
    start = total = at.tensor(0.0)
    for k in (1.0, 2.0):
        total += (w * k).sum()
    assert start.item() == 0.0
    total.backward()
    assert w.grad is not None
    assert w.grad.tolist() == [3.0, 3.0]


def test_a_result_keeps_its_numbers_under_augmented_assignment() -> None:
    w = leaf(1.0, 2.0)
    y = before = w * 2
    y *= y
    assert before.tolist() == [2.0, 4.0]
    y.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [8.0, 16.0]


def test_a_leaf_is_written_to_under_no_grad_alone() -> None:
    w = same = leaf(1.0, 2.0)
    (w * w).sum().backward()
    text = (
        r"x -= v on a recorded tensor of shape \(2,\) \(a leaf that requires grad\): .* `with at.no_grad\(\): x -= v`.* x = x - v"
    )
    with pytest.raises(InPlaceError, match=text):
        w -= 1.0
    with at.no_grad():
        w -= 0.5 * w.grad
        w[0] = 7.0
    assert same is w
    assert w.is_leaf
    assert w.requires_grad
    assert w.tolist() == [7.0, 0.0]


RECORDED: list[tuple[Callable[[], Any], str]] = [
    (lambda: setitem(leaf(1.0), 0, 2.0), r"\(a leaf that requires grad\) .* x.at\[index\].set\(v\).*with at.no_grad\(\)"),
    (lambda: setitem(leaf(1.0) * 2, 0, 2.0), r"\(the result of multiply\) cannot be written to by index. Use x = x.at\[index\]"),
    (
        lambda: setitem(at.zeros((1,)), 0, leaf(1.0)[0]),
        r"the result of getitem.* its gradient would be lost. .*x.at\[index\].set",
    ),
    (lambda: setitem(at.zeros((1,)), slice(None), [leaf(1.0)[0]]), r"a list with a recorded tensor in it cannot be written"),
    (lambda: at.grad(lambda x: setitem(x, 0, 1.0))(at.ones(2)), r"\(a leaf\) cannot be written .* x.at\[index\].set\(v\)"),
    (lambda: at.vmap(lambda x: setitem(x, 0, 1.0))(at.ones((2, 2))), r"x.at\[index\].set\(v\)"),
    (lambda: at.vmap(at.no_grad()(lambda x: setitem(x, 0, 1.0)))(at.ones((2, 2))), r"x.at\[index\].set\(v\)"),
    (lambda: at.vmap(at.no_grad()(lambda x: setitem(at.ones(2), 0, x[0])))(at.ones((2, 2))), r"x.at\[index\].set\(v\)"),
    (lambda: abstract(lambda x: setitem(x, 0, 1.0), Spec((2,), np.dtype("f"))), r"a symbolic value of shape \(2,\) .*x.at\["),
]


@pytest.mark.parametrize(("write", "text"), RECORDED)
def test_assignment_into_or_of_what_is_recorded_names_at(write: Callable[[], Any], text: str) -> None:
    with pytest.raises(InPlaceError, match=text):
        write()


def test_inside_transforms_arguments_are_rebound_and_constants_are_written() -> None:
    def f(x: Any) -> Any:
        scale = at.ones((2,))
        scale[0] = 3.0
        x *= 2
        x += scale
        return (x * x).sum()

    x = at.tensor([1.0, 2.0])
    assert at.grad(f)(x).tolist() == [20.0, 20.0]
    assert at.vmap(f)(at.stack([x, x])).tolist() == [50.0, 50.0]
    assert x.tolist() == [1.0, 2.0]
    assert abstract(f, Spec((2,), np.dtype("f"))).shape == ()


def test_in_operator_is_numpys() -> None:
    x = at.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert 3 in x
    assert 5.0 not in x
    assert at.tensor([1.0, 2.0]) in x  # broadcast, as NumPy does


def test_the_error_is_a_graph_error_as_in_pytorch_a_runtime_error() -> None:
    assert issubclass(InPlaceError, GraphError)
    assert issubclass(InPlaceError, RuntimeError)
