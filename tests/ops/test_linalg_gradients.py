"""Derivatives in `at.linalg`: identities, and compositions by numeric differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.testing.numeric import directional
from autotensor.testing.strategies import draw_matrices

seeds = st.integers(0, 2**16)
sides = st.sampled_from([1, 2, 3, 4])


def drawn(seed: int, kind: str, *shape: int) -> Any:
    return draw_matrices(np.random.default_rng(seed), kind, shape)


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    return at.grad(f)(at.tensor(x)).data


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


@given(n=sides, seed=seeds)
def test_the_gradient_of_the_log_determinant_is_the_transposed_inverse(n: int, seed: int) -> None:
    x = drawn(seed, "regular", n, n)
    close(gradient(lambda a: at.linalg.slogdet(a).logabsdet, x), np.linalg.inv(x).T)


@given(n=sides, seed=seeds)
def test_log_determinants_by_three_factorisations_have_one_gradient(n: int, seed: int) -> None:
    x = drawn(seed, "positive", n, n)
    inverse = np.linalg.inv(x)
    close(gradient(lambda a: 2 * at.log(at.linalg.diagonal(at.linalg.cholesky(a))).sum(), x), inverse)
    close(gradient(lambda a: at.log(at.linalg.eigvalsh(a)).sum(), x), inverse)
    close(gradient(lambda a: at.log(at.linalg.svdvals(a)).sum(), x), inverse)
    close(gradient(lambda a: at.log(at.linalg.diagonal(at.linalg.qr(a).R)).sum(), x), inverse)


@given(n=sides, seed=seeds)
def test_factors_put_together_again_have_the_gradient_of_the_matrix(n: int, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(n, n))
    even = (weights + weights.T) / 2

    def by_svd(a: Any) -> Any:
        u, s, vh = at.linalg.svd(a)
        return (u * s @ vh * weights).sum()

    def by_qr(a: Any) -> Any:
        q, r = at.linalg.qr(a)
        return (q @ r * weights).sum()

    def by_eigh(a: Any) -> Any:
        w, v = at.linalg.eigh(a)
        return (v * w @ v.mT * weights).sum()

    def by_cholesky(a: Any) -> Any:
        y = at.linalg.cholesky(a, upper=True)
        return (y.mT @ y * weights).sum()

    close(gradient(by_svd, drawn(seed, "regular", n, n)), weights)
    close(gradient(by_qr, drawn(seed, "regular", n, n)), weights)
    close(gradient(by_eigh, drawn(seed, "symmetric", n, n)), even)
    close(gradient(by_cholesky, drawn(seed, "positive", n, n)), even)


@given(n=sides, seed=seeds)
def test_the_trace_of_the_exponential_has_the_exponential_as_gradient(n: int, seed: int) -> None:
    x = drawn(seed, "regular", n, n)
    close(gradient(lambda a: at.linalg.trace(at.linalg.expm(a)), x), at.linalg.expm(at.tensor(x)).data.T)


def weighted(y: Any) -> Any:
    """A number of all elements of a result, no two alike."""
    return (y * np.sin(1.0 + np.arange(np.prod(y.shape))).reshape(y.shape)).sum()


COMPOSITIONS: dict[str, tuple[Callable[[Any], Any], str, tuple[int, ...]]] = {
    "solve of a vector": (lambda a: weighted(at.linalg.solve(a, a[..., 0, :] * 0 + np.arange(3.0))), "regular", (3, 3)),
    "power": (lambda a: weighted(at.linalg.matrix_power(a, 3)), "regular", (2, 2, 2)),
    "negative power": (lambda a: weighted(at.linalg.matrix_power(a, -2)), "regular", (2, 2)),
    "power 0": (lambda a: weighted(at.linalg.matrix_power(a, 0)), "regular", (2, 2)),
    "least squares": (lambda a: weighted(at.linalg.lstsq(a, np.arange(3.0)).solution), "regular", (3, 2)),
    "shortest solution": (lambda a: weighted(at.linalg.lstsq(a, np.arange(2.0)).solution), "regular", (2, 3)),
    "what is left": (lambda a: at.linalg.lstsq(a, np.arange(3.0)).residuals, "regular", (3, 2)),
    "qr of a wide matrix": (lambda a: sum(weighted(y) for y in at.linalg.qr(a)), "regular", (2, 4)),
    "complete qr, the projector": (lambda a: _projector(at.linalg.qr(a, mode="complete").Q[:, 1:]), "regular", (3, 1)),
    "full svd, the projector": (lambda a: _projector(at.linalg.svd(a).Vh[1:].mT), "regular", (1, 3)),
    "full svd, the other one": (lambda a: _projector(at.linalg.svd(a).U[:, 2:]), "regular", (4, 2)),
    "nuclear norm": (lambda a: weighted(at.linalg.matrix_norm(a, ord="nuc")), "regular", (2, 3, 2)),
    "spectral norm": (lambda a: at.linalg.matrix_norm(a, ord=2), "regular", (3, 2)),
    "smallest singular value": (lambda a: at.linalg.matrix_norm(a, ord=-2), "regular", (2, 3)),
    "trace off the diagonal": (lambda a: at.linalg.trace(a @ a, offset=-1), "regular", (3, 3)),
    "determinant of a stack": (lambda a: weighted(at.linalg.det(a)), "regular", (2, 3, 3)),
    "smallest solution at low rank": (lambda a: weighted(at.linalg.lstsq(a @ a.mT, np.arange(3.0)).solution), "regular", (3, 2)),
    "eigenvalues": (lambda a: weighted(at.abs(at.linalg.eigvals(a))), "regular", (3, 3)),
    "eigenvectors": (lambda a: weighted(at.real(at.linalg.eig(a).eigenvectors)), "regular", (3, 3)),
    "condition": (at.linalg.cond, "regular", (3, 2)),
    "inverse condition": (lambda a: at.linalg.cond(a, -2), "regular", (2, 3)),
    "condition in another norm": (lambda a: weighted(at.linalg.cond(a, "fro")), "regular", (2, 2, 2)),
    "square root": (lambda a: weighted(at.linalg.sqrtm(a @ a.mT)), "regular", (2, 2, 2)),
    "pseudoinverse of low rank": (lambda a: weighted(at.linalg.pinv(a @ a.mT)), "regular", (3, 2)),
}


def _projector(q: Any) -> Any:
    return weighted(q @ q.mT)


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_first_and_second_derivatives_of_compositions_are_the_numeric_ones(name: str) -> None:
    f, kind, shape = COMPOSITIONS[name]
    x = drawn(7, kind, *shape)
    t = np.random.default_rng(1).uniform(-1, 1, shape)
    first = directional(lambda point: f(at.tensor(point[0])).data, [x], [t], analytic=False)
    np.testing.assert_allclose(np.sum(gradient(f, x) * t), first.value, rtol=1e-7, atol=1e-7)
    second = directional(lambda point: gradient(f, point[0]), [x], [t], analytic=False)
    _, product = at.jvp(at.grad(f), (at.tensor(x),), (at.tensor(t),))
    np.testing.assert_allclose(product.data, second.value, rtol=1e-6, atol=1e-6)


def test_the_determinant_of_a_singular_matrix_has_its_cofactors_as_gradient() -> None:
    close(gradient(at.linalg.det, np.array([[1.0, 2.0], [2.0, 4.0]])), [[4, -2], [-2, 1]])
    rank_one = np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 1.0])
    close(gradient(at.linalg.det, rank_one), np.zeros((3, 3)))
    close(gradient(at.linalg.det, np.diag([2.0, 0.0, 3.0])), np.diag([0.0, 6.0, 0.0]))


@pytest.mark.parametrize("name", ["cholesky", "cond", "eigvalsh", "inv", "det", "svdvals", "pinv", "expm", "sqrtm"])
def test_vmap_is_the_stack(name: str) -> None:
    f = getattr(at.linalg, name)
    x = at.tensor(drawn(3, "positive", 4, 2, 2))
    close(at.vmap(f)(x).data, np.stack([f(one).data for one in x]))
    of_gradients = at.vmap(at.grad(lambda a: weighted(f(a))))(x)
    close(of_gradients.data, np.stack([gradient(lambda a: weighted(f(a)), one) for one in x.data]))


def test_vmap_of_solve_takes_either_side_alone() -> None:
    a, b = at.tensor(drawn(3, "regular", 4, 2, 2)), at.tensor(np.random.default_rng(0).normal(size=(4, 2)))
    close(at.vmap(at.linalg.solve)(a, b).data, np.linalg.solve(a.data, b.data[..., None])[..., 0])
    close(at.vmap(at.linalg.solve, in_axes=(None, 0))(a[0], b).data, np.linalg.solve(a.data[0], b.data.T).T)
    close(at.vmap(at.linalg.solve, in_axes=(0, None))(a, b[0]).data, np.linalg.solve(a.data, b.data[0][:, None])[..., 0])
