"""Writing by index is NumPy's assignment on a copy, and its gradient reaches what was kept and what was written."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at
from autotensor.core.errors import IndexRangeError, ShapeError

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
UFUNCS = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "min": np.minimum, "max": np.maximum}


def theirs(way: str, index: Any) -> Callable[..., Any]:
    def write(x: Any, v: Any) -> Any:
        y = np.array(x)
        if way == "set":
            y[index] = v
        else:
            UFUNCS[way].at(y, index, v)
        return y

    return write


def indices(shape: tuple[int, ...]) -> Any:
    masks = hnp.arrays(np.bool_, shape)
    return hnp.basic_indices(shape, allow_newaxis=False) | hnp.integer_array_indices(shape) | masks


@given(data=st.data(), shape=SHAPES, way=st.sampled_from(["set", *UFUNCS]))
def test_writing_agrees_with_numpy_whatever_the_index(data: st.DataObject, shape: Any, way: str, agrees: Any) -> None:
    index = data.draw(indices(shape))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    size = int(np.prod(shape))
    x = (rng.permutation(size).reshape(shape) - size / 2) / 4  # no ties between x and v, nor among the v
    wanted = np.empty(shape)[index].shape
    v = (rng.permutation(int(np.prod(wanted))).reshape(wanted) - size / 2) / 4 + 0.1
    agrees(lambda a, b: getattr(a.at[index], way)(b), theirs(way, index), x, v)


def test_what_is_written_broadcasts_and_takes_the_tensors_dtype() -> None:
    x = at.tensor(np.zeros((2, 3), np.float32))
    assert x.at[:, 1].set(7).tolist() == [[0.0, 7.0, 0.0]] * 2
    assert x.at[1].add(np.arange(3.0)).dtype == np.float32
    assert x.at[0].set(np.ones((1, 3))).tolist()[0] == [1.0] * 3
    assert at.tensor([1, 2]).at[0].set(2.9).tolist() == [2, 2]


def test_the_tensor_itself_does_not_change() -> None:
    x = at.tensor([1.0, 2.0])
    assert x.at[0].set(5.0).tolist() == [5.0, 2.0]
    assert x.tolist() == [1.0, 2.0]


def test_of_values_for_one_place_the_last_has_the_gradient() -> None:
    v = at.tensor([1.0, 2.0, 3.0], requires_grad=True)
    at.zeros((2,)).at[[0, 0, 1]].set(v).sum().backward()
    assert v.grad is not None
    assert v.grad.tolist() == [0.0, 1.0, 1.0]


def test_a_place_that_was_overwritten_has_no_gradient() -> None:
    x = at.tensor([3.0, 4.0], requires_grad=True)
    (x * x).at[0].set(np.inf)[1].backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 8.0]


def test_writing_is_differentiable_twice() -> None:
    def f(x: Any) -> Any:
        y = at.ones((3,), dtype="float64").at[[0, 0, 2]].multiply(x)
        return at.sum(y.at[1].add(x[0] ** 3).at[[2, 2]].set(x[:2] ** 2))  # of x0 x1, 1 + x0**3, x1**2

    x = at.tensor(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(at.hessian(f)(x).data, [[6.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 0.0]])


def test_get_reads_and_apply_maps_the_place() -> None:
    x = at.tensor([1.0, 4.0, 9.0])
    assert x.at[1:].get().tolist() == [4.0, 9.0]
    assert x.at[[1, 1]].apply(at.sqrt).tolist() == [1.0, 2.0, 9.0]


def test_a_place_outside_and_values_that_do_not_fit_are_refused() -> None:
    x = at.zeros((2, 3))
    with pytest.raises(IndexRangeError, match=r"index \[5\] does not fit a tensor of shape \(2, 3\)"):
        x.at[5].set(1.0)
    with pytest.raises(ShapeError, match=r"values of shape \(2,\) do not fit the place: x\[index\] has shape \(3,\)"):
        x.at[0].set(at.ones((2,)))


PLACES: list[tuple[Any, tuple[int, ...]]] = [
    (lambda i, j, k: (i,), (4,)),
    (lambda i, j, k: (i, j), ()),
    (lambda i, j, k: (slice(1, 3), j), (2,)),
    (lambda i, j, k: (i, slice(1, None, 2)), (2,)),
    (lambda i, j, k: (None, 1, j), (1,)),
    (lambda i, j, k: (..., k), (3, 6)),
    (lambda i, j, k: (slice(None, None, 2), k), (2, 6)),
]


@pytest.mark.parametrize("way", ["set", *UFUNCS])
@pytest.mark.parametrize(("index", "shape"), PLACES)
def test_an_index_that_differs_between_the_examples_of_vmap(index: Any, shape: Any, way: str) -> None:
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=(5, 3, 4)), rng.normal(size=(5, *shape))
    i, j, k = (rng.integers(-n, n, size) for n, size in ((3, 5), (4, 5), (4, (5, 6))))

    def f(x: Any, i: Any, j: Any, k: Any, v: Any) -> Any:
        return getattr(x.at[index(i, j, k)], way)(v)

    found = at.vmap(f)(x, i, j, k, v)
    each = [theirs(way, index(int(i[n]), int(j[n]), k[n]))(x[n], v[n]) for n in range(5)]
    np.testing.assert_allclose(found.data, each)


def test_an_index_outside_in_a_later_example_of_vmap_is_refused() -> None:
    with pytest.raises(IndexRangeError, match="index 5 is out of bounds"):
        at.vmap(lambda x, i: x.at[i].set(1.0))(at.ones((2, 3)), at.tensor([0, 5]))
    assert at.vmap(lambda i: at.zeros((2,)).at[i].apply(at.exp))(at.tensor([0, 1])).tolist() == [[1.0, 0.0], [0.0, 1.0]]
