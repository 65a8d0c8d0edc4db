"""What `at.linalg` refuses: it says which matrix, and why."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, ShapeError

SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
STACK = np.stack([np.stack([np.eye(2), np.eye(2)]), np.stack([np.eye(2), SINGULAR])])
NAN = np.full((2, 2), np.nan)


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (at.linalg.inv, SINGULAR, "inv: the matrix of shape (2, 2) is singular: use pinv"),
        (at.linalg.inv, STACK, "inv: the matrix at index (1, 1) of a stack of shape (2, 2, 2, 2) is singular"),
        (lambda x: at.linalg.solve(x, np.ones(2)), STACK, "solve: the matrix at index (1, 1) of a stack of shape (2, 2, 2, 2)"),
        (
            at.linalg.cholesky,
            -STACK,
            "cholesky: the matrix at index (0, 0) of a stack of shape (2, 2, 2, 2) is not positive definite",
        ),
        (at.linalg.cholesky, STACK - 1e-9 * np.eye(2), "cholesky: the matrix at index (1, 1)"),
        (at.linalg.svd, NAN, "svd: the matrix of shape (2, 2) has elements that are not finite"),
        (at.linalg.eig, NAN, "eig: the matrix of shape (2, 2) has elements that are not finite"),
        (lambda x: at.linalg.matrix_power(x, -1), SINGULAR, "inv: the matrix of shape (2, 2) is singular"),
        (lambda x: at.linalg.cond(x, 1), SINGULAR, "inv: the matrix of shape (2, 2) is singular"),
        (at.linalg.sqrtm, SINGULAR, "sqrtm: the matrix of shape (2, 2) has an eigenvalue that is 0 or negative"),
        (
            at.linalg.sqrtm,
            STACK - 2 * np.eye(2),
            "sqrtm: the matrix at index (0, 0) of a stack of shape (2, 2, 2, 2) has an eigen",
        ),
    ],
)
def test_a_matrix_that_will_not_do_is_named(f: Callable[[Any], Any], x: Any, message: str) -> None:
    with pytest.raises(at.linalg.LinAlgError, match=re.escape(message)):
        f(at.tensor(x))


def test_the_error_is_numpys_too() -> None:
    assert issubclass(at.linalg.LinAlgError, np.linalg.LinAlgError)
    assert issubclass(at.linalg.LinAlgError, AutotensorError)


def test_the_module_path_comes_first() -> None:
    class Whitening(at.nn.Module):
        def forward(self, x: Any) -> Any:
            return at.linalg.inv(x)

    with pytest.raises(at.linalg.LinAlgError, match=r"^0: inv: "):
        at.nn.Sequential(Whitening())(at.tensor(SINGULAR))


@pytest.mark.parametrize("name", ["cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "expm", "inv", "slogdet", "sqrtm"])
@pytest.mark.parametrize("shape", [(2, 3), (2,), ()])
def test_square_matrices_are_asked_for(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=rf"takes square matrices \(\.\.\., n, n\), got shape {re.escape(str(shape))}"):
        getattr(at.linalg, name)(at.ones(shape))


@pytest.mark.parametrize("name", ["svd", "svdvals", "qr", "pinv", "cond", "matrix_rank", "diagonal", "trace", "matrix_norm"])
def test_matrices_are_asked_for(name: str) -> None:
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        getattr(at.linalg, name)(at.ones((3,)))


def test_sides_that_do_not_fit_are_named() -> None:
    with pytest.raises(ShapeError, match=r"solve: \(2, 2\) x = \(3, 1\) does not fit: the right side must have 2 rows"):
        at.linalg.solve(at.eye(2), at.ones((3,)))


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ArgumentError, match="mode is 'reduced' or 'complete', got 'raw'"):
        at.linalg.qr(at.eye(2), mode="raw")


def test_the_gradient_of_the_log_determinant_of_a_singular_matrix_is_an_error() -> None:
    x = at.tensor(SINGULAR, requires_grad=True)
    y = at.linalg.slogdet(x).logabsdet
    assert y.item() == -np.inf
    with pytest.raises(at.linalg.LinAlgError, match="singular"):
        y.backward()


@pytest.mark.parametrize("x", [np.ones((3, 2)), np.ones((2, 3)), np.zeros((2, 2)), np.outer([1.0, 2.0], [1j, 1.0])])
def test_the_derivative_of_qr_wants_independent_columns(x: Any) -> None:
    q, r = at.linalg.qr(at.tensor(x, requires_grad=True))
    np.testing.assert_allclose((q @ r).data, x, atol=1e-15)
    with pytest.raises(at.linalg.LinAlgError, match="the first 2 columns of the matrix are dependent within rounding"):
        at.abs(q).sum().backward()


def test_the_matrix_with_dependent_columns_is_named() -> None:
    x = at.tensor(np.stack([np.eye(2), np.ones((2, 2))]), requires_grad=True)
    with pytest.raises(at.linalg.LinAlgError, match=r"the first 2 columns of the matrix at index \(1,\) are dependent"):
        at.linalg.qr(x).R.sum().backward()


def test_wide_matrices_need_only_their_first_columns_to_be_independent() -> None:
    x = at.tensor([[1.0, 0.0, 2.0, 0.0], [1.0, 1.0, 2.0, 0.0]], requires_grad=True)
    at.linalg.qr(x).R.sum().backward()
    assert np.isfinite(x.grad.data).all()
