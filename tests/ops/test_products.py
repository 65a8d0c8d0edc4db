"""Matrix products agree with NumPy in every combination of dimensions, values and gradients."""

import numpy as np
import pytest

import autotensor as at

RNG = np.random.default_rng(0)
SHAPES = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((1, 3), (3, 1)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((0,), (0,)),
    ((0, 2, 3), (3, 4)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_matmul_agrees_with_numpy_in_value_and_derivative(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    a, b = at.tensor(RNG.normal(size=left), requires_grad=True), at.tensor(RNG.normal(size=right), requires_grad=True)
    y = a @ b
    expected = a.data @ b.data
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-15)
    g = RNG.normal(size=y.shape)
    y.backward(g)
    # bilinear: the derivative along (ta, tb) is ta @ b + a @ tb
    ta, tb = RNG.normal(size=left), RNG.normal(size=right)
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.shape, b.grad.shape) == (left, right)
    along = np.sum(g * (ta @ b.data + a.data @ tb))
    np.testing.assert_allclose(np.sum(a.grad.data * ta) + np.sum(b.grad.data * tb), along, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 2, 3), (0, 3)])
def test_linear_is_the_product_with_the_transposed_weight(shape: tuple[int, ...]) -> None:
    x, w = RNG.normal(size=shape), RNG.normal(size=(4, 3))
    np.testing.assert_allclose(at.linear(at.tensor(x), at.tensor(w)).data, x @ w.T, rtol=1e-13)


def test_products_of_mixed_dtypes_give_each_operand_its_own() -> None:
    a, b = at.tensor(np.ones((2, 3), np.float32), requires_grad=True), at.tensor(np.ones((3, 2)), requires_grad=True)
    y = a @ b
    assert y.dtype == np.float64
    y.sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_a_product_of_transposes_agrees_with_numpy() -> None:
    a, b = RNG.normal(size=(3, 2)), RNG.normal(size=(4, 3))
    np.testing.assert_allclose((at.tensor(a).T @ at.tensor(b).T).data, a.T @ b.T, rtol=1e-13)
