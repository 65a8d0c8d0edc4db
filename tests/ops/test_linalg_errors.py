"""What `at.linalg` refuses: it says which matrix, and why."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, ShapeError

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
        (lambda x: at.linalg.matrix_power(x, -1), SINGULAR, "inv: the matrix of shape (2, 2) is singular"),
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


@pytest.mark.parametrize("name", ["cholesky", "det", "eigh", "eigvalsh", "expm", "inv", "slogdet"])
@pytest.mark.parametrize("shape", [(2, 3), (2,), ()])
def test_square_matrices_are_asked_for(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=rf"takes square matrices \(\.\.\., n, n\), got shape {re.escape(str(shape))}"):
        getattr(at.linalg, name)(at.ones(shape))


@pytest.mark.parametrize("name", ["svd", "svdvals", "qr", "pinv", "matrix_rank", "diagonal", "trace", "matrix_norm"])
def test_matrices_are_asked_for(name: str) -> None:
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        getattr(at.linalg, name)(at.ones((3,)))


def test_sides_that_do_not_fit_are_named() -> None:
    with pytest.raises(ShapeError, match=r"solve: \(2, 2\) x = \(3, 1\) does not fit: the right side must have 2 rows"):
        at.linalg.solve(at.eye(2), at.ones((3,)))


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ArgumentError, match="mode is 'reduced' or 'complete', got 'raw'"):
        at.linalg.qr(at.eye(2), mode="raw")


@pytest.mark.parametrize("name", ["cholesky", "eigh", "svd", "qr"])
def test_factorisations_refuse_complex_numbers(name: str) -> None:
    with pytest.raises(DTypeError, match="factorisations take real matrices"):
        getattr(at.linalg, name)(at.tensor(np.eye(2) * 1j))


def test_the_gradient_of_the_log_determinant_of_a_singular_matrix_is_an_error() -> None:
    x = at.tensor(SINGULAR, requires_grad=True)
    y = at.linalg.slogdet(x).logabsdet
    assert y.item() == -np.inf
    with pytest.raises(at.linalg.LinAlgError, match="singular"):
        y.backward()
