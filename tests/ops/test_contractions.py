"""Einstein's sums, the older products, convolution and interpolation agree with NumPy, value and gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, ShapeError

RNG = np.random.default_rng(0)
SIZE = {"i": 2, "j": 3, "k": 4, "l": 2, "m": 1}


def array(*shape: int) -> Any:
    return RNG.integers(-8, 9, shape) / 8


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ji,jk", [(3, 2), (3, 4)]),
        ("ii", [(3, 3)]),
        ("ii->i", [(3, 3)]),
        ("iij->ji", [(3, 3, 2)]),
        ("iii", [(2, 2, 2)]),
        ("ij->", [(2, 3)]),
        ("ba", [(2, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("i,i", [(3,), (3,)]),
        ("i,i->i", [(3,), (3,)]),
        (",->", [(), ()]),
        (",ij", [(), (2, 3)]),
        ("bij,bjk->bik", [(2, 2, 3), (2, 3, 4)]),
        ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 3, 4)]),
        ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]),
        ("...ij,...jk", [(5, 1, 2, 3), (4, 3, 4)]),
        ("i...->...", [(2, 3, 4)]),
        ("...ii->...i", [(4, 3, 3)]),
        ("...", [(2, 3)]),
        ("...,...", [(2, 3), (3,)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
        ("ij,kj,ij->k", [(2, 3), (4, 3), (2, 3)]),
        ("i,ij,j", [(2,), (2, 3), (3,)]),
        ("ab,cd", [(2, 3), (3, 2)]),
        ("ij,ij,ij->ij", [(2, 3)] * 3),
        ("ij,jk->ik", [(2, 1), (3, 4)]),
        ("ij,ij->i", [(2, 1), (1, 3)]),
        (" i j , j k -> k i ", [(2, 3), (3, 4)]),
        ("ij,jk->ik", [(2, 0), (0, 4)]),
        ("aA,Ab->ba", [(2, 3), (3, 4)]),
    ],
)
def test_einstein_sums_agree_with_numpy(subscripts: str, shapes: Any, agrees: Any) -> None:
    arrays = [array(*shape) for shape in shapes]
    agrees(lambda *x: at.einsum(subscripts, *x), lambda *x: np.einsum(subscripts, *x), *arrays)


@given(data=st.data())
def test_any_einstein_sum_agrees_with_numpy(data: st.DataObject, agrees: Any) -> None:
    terms = data.draw(st.lists(st.text("ijkl", max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(terms)))
    output = data.draw(st.permutations(used)) if used else []
    text = ",".join(terms) + "->" + "".join(output[: data.draw(st.integers(0, len(output)))])
    arrays = [array(*(SIZE[c] for c in term)) for term in terms]
    agrees(lambda *x: at.einsum(text, *x), lambda *x: np.einsum(text, *x), *arrays)


def test_lists_of_numbers_are_subscripts_too() -> None:
    a, b = array(2, 3), array(3, 4)
    np.testing.assert_allclose(at.einsum(a, [0, 1], b, [1, 2], [2, 0]).data, np.einsum(a, [0, 1], b, [1, 2], [2, 0]))
    np.testing.assert_allclose(at.einsum(a, [0, 1], b, [1, 2]).data, a @ b)
    np.testing.assert_allclose(at.einsum(a, [..., 1]).data, np.einsum(a, [..., 1]))


def test_an_einstein_sum_is_differentiable_twice() -> None:
    a = at.tensor(array(2, 2))
    hessian = at.hessian(lambda x: at.einsum("ij,jk,ki", x, x, x))(a)
    flat = hessian.data.reshape(4, 4)
    np.testing.assert_allclose(flat, flat.T, atol=1e-15)
    # the gradient is homogeneous of degree 2: H x = 2 g
    x = at.tensor(a.data, requires_grad=True)
    at.einsum("ij,jk,ki", x, x, x).backward()
    assert x.grad is not None
    np.testing.assert_allclose(flat @ a.data.ravel(), 2 * x.grad.data.ravel(), atol=1e-14)


def test_integers_stay_integers() -> None:
    a = np.arange(6).reshape(2, 3)
    y = at.einsum("ij,kj->ik", at.tensor(a), at.tensor(a))
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y.data, a @ a.T)


PRODUCTS: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "dot of vectors": (at.dot, np.dot, (array(3), array(3))),
    "dot of matrices": (at.dot, np.dot, (array(2, 3), array(4, 3, 2))),
    "dot with a scalar": (at.dot, np.dot, (array(), array(3))),
    "inner": (at.inner, np.inner, (array(2, 3), array(4, 3))),
    "inner of scalars": (at.inner, np.inner, (array(), array())),
    "outer": (at.outer, np.outer, (array(2, 2), array(3))),
    "kron": (at.kron, np.kron, (array(2, 3), array(3, 2))),
    "kron of unequal ranks": (at.kron, np.kron, (array(3), array(2, 1, 2))),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_agree_with_numpy(name: str, agrees: Any) -> None:
    ours, theirs, arrays = PRODUCTS[name]
    agrees(ours, theirs, *arrays)


@given(n=st.integers(1, 6), m=st.integers(1, 6), mode=st.sampled_from(["full", "same", "valid"]))
def test_convolution_and_correlation_agree_with_numpy(n: int, m: int, mode: Any, agrees: Any) -> None:
    a, v = array(n), array(m)
    agrees(lambda a, v: at.convolve(a, v, mode), lambda a, v: np.convolve(a, v, mode), a, v)
    agrees(lambda a, v: at.correlate(a, v, mode), lambda a, v: np.correlate(a, v, mode), a, v)


@given(n=st.integers(1, 5), ends=st.booleans(), seed=st.integers(0, 99))
def test_interpolation_agrees_with_numpy(n: int, ends: bool, seed: int, agrees: Any) -> None:
    rng = np.random.default_rng(seed)
    xp, fp = np.arange(n) * 1.0 + rng.integers(-8, 9, n) / 32, rng.integers(-8, 9, n) / 8
    x = rng.integers(-64, 64 * n, (2, 3)) / 64 + 1 / 128  # between points, and outside
    more: Any = {"left": 2.5, "right": -1.5} if ends else {}
    agrees(lambda *a: at.interp(*a, **more), lambda *a: np.interp(*a, **more), x, xp, fp)


def test_interpolation_reads_points_exactly_and_repeats_by_its_period() -> None:
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 0.0])
    np.testing.assert_array_equal(at.interp(xp, xp, fp).data, fp)
    x = np.array([-5.5, -0.5, 0.2, 3.9, 17.3])
    np.testing.assert_allclose(at.interp(x, xp, fp, period=4).data, np.interp(x, xp, fp, period=4))
    assert np.isnan(at.interp(at.tensor([np.nan]), xp, fp).data).all()


REFUSED: dict[str, tuple[Callable[[], Any], type[AutotensorError], str]] = {
    "operands": (lambda: at.einsum("ij,jk", at.ones((2, 2))), ArgumentError, "names 2 operands, got 1"),
    "axes": (lambda: at.einsum("ijk", at.ones((2, 2))), ShapeError, "'ijk' does not label the 2 axes"),
    "lengths": (lambda: at.einsum("ij,jk", at.ones((2, 3)), at.ones((2, 4))), ShapeError, "label 'j' is 3 long and 2 long"),
    "output": (lambda: at.einsum("ij->ik", at.ones((2, 3))), ArgumentError, "an output label stands once, and in some operand"),
    "letters": (lambda: at.einsum("i!", at.ones((2, 3))), ArgumentError, "labels are letters"),
    "numbers": (lambda: at.einsum(at.ones((2,)), [99]), ArgumentError, "ints from 0 to 51"),
    "mode": (lambda: at.convolve(at.ones((2,)), at.ones((2,)), "half"), ArgumentError, "modes full, same, valid, got 'half'"),
    "nothing": (
        lambda: at.convolve(at.ones((0,)), at.ones((2,))),
        ShapeError,
        r"as many axes of both, with elements, got \(0,\) and \(2,\)",
    ),
    "points": (lambda: at.interp(1.0, at.ones((2,)), at.ones((3,))), ShapeError, r"as many xp as fp, got \(2,\) and \(3,\)"),
    "period": (lambda: at.interp(1.0, at.ones((2,)), at.ones((2,)), period=0.0), ArgumentError, "a period other than 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_say_what_was_expected(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()
