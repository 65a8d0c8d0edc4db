"""Equal eigenvalues and singular values: derivatives are right where they exist, a documented choice or an error elsewhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.testing.numeric import directional

TURN = np.linalg.qr(np.arange(9.0).reshape(3, 3) + np.eye(3)).Q
PHASES = TURN * np.exp(1j * np.arange(9.0).reshape(3, 3))
UNITARY = np.linalg.qr(PHASES).Q
EQUAL = np.diag([1.0, 2.0, 2.0])
TIED = {
    "diagonal": EQUAL,
    "turned": (TURN @ EQUAL @ TURN.T + TURN @ EQUAL.T @ TURN.T) / 2,
    "identity": np.eye(3),
    "zero": np.zeros((3, 3)),
    "Hermitian": UNITARY @ EQUAL @ UNITARY.conj().T,
}
WEIGHTS = np.sin(1.0 + np.arange(9.0)).reshape(3, 3)
tied = pytest.mark.parametrize("name", TIED)


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    return at.grad(f)(at.tensor(x)).data


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


def weighted(y: Any) -> Any:
    return at.real((y * WEIGHTS).sum())


def together(w: Any, v: Any) -> Any:
    return v * w @ at.conj(v).mT


@tied
def test_functions_that_treat_equal_values_alike_have_their_gradient(name: str) -> None:
    x = TIED[name]
    close(gradient(lambda a: (at.linalg.eigvalsh(a) ** 2).sum(), x), 2 * x)
    close(gradient(lambda a: (at.linalg.eigh(a).eigenvalues ** 2).sum(), x), 2 * x)
    close(gradient(lambda a: (at.linalg.svdvals(a) ** 2).sum(), x), 2 * x)
    close(gradient(lambda a: (at.linalg.svd(a).S ** 2).sum(), x), 2 * x)
    close(gradient(lambda a: at.real(at.linalg.eigvals(a) ** 2).sum(), x), 2 * x)
    close(gradient(lambda a: at.exp(at.linalg.eigvalsh(a)).sum(), x), at.linalg.expm(at.tensor(x)).data)
    close(gradient(lambda a: at.linalg.matrix_norm(a, ord="nuc"), x), np.zeros((3, 3)) if name == "zero" else np.eye(3))


@tied
def test_a_single_one_of_equal_values_gets_an_equal_share(name: str) -> None:
    x = TIED[name]
    w, v = np.linalg.eigh(x)
    largest = v[:, np.abs(w - w[-1]) < 1e-9]
    share = largest @ largest.conj().T / largest.shape[1]
    close(gradient(lambda a: at.linalg.eigvalsh(a)[-1], x), share)
    close(gradient(lambda a: at.linalg.matrix_norm(a, ord=2), x), 0 * share if name == "zero" else share)


DEPENDS: dict[str, Callable[[Any], Any]] = {
    "a vector": lambda a: weighted(at.linalg.eigh(a).eigenvectors),
    "an element of a vector": lambda a: at.real(at.linalg.eigh(a).eigenvectors[0, 2]),
    "a function put together from vectors": lambda a: weighted(together(at.exp(at.linalg.eigh(a)[0]), at.linalg.eigh(a)[1])),
    "a projector on part of the space": lambda a: weighted(together(np.array([0.0, 0.0, 1.0]), at.linalg.eigh(a)[1])),
    "an element of such a function": lambda a: at.real(together(at.exp(at.linalg.eigh(a)[0]), at.linalg.eigh(a)[1])[1, 2]),
    "one of equal eigenvalues": lambda a: at.linalg.eigh(a).eigenvalues[-1],
    "singular vectors": lambda a: weighted(at.linalg.svd(a).U),
    "the polar factor": lambda a: weighted(at.linalg.svd(a).U @ at.linalg.svd(a).Vh),
    "one of equal singular values": lambda a: (at.linalg.svd(a).S * np.arange(3.0)).sum(),
    "general eigenvectors": lambda a: weighted(at.linalg.eig(a).eigenvectors),
    "one of equal general eigenvalues": lambda a: at.real(at.linalg.eig(a).eigenvalues * np.arange(3.0)).sum(),
}


@tied
@pytest.mark.parametrize("what", DEPENDS)
def test_what_depends_on_the_vectors_of_equal_values_is_refused(name: str, what: str) -> None:
    with pytest.raises(at.linalg.LinAlgError, match=r"^the derivative of (eigh|svd|eig): .* within rounding.* Use (eig|svd)vals"):
        gradient(DEPENDS[what], TIED[name])


def test_the_error_names_the_values_and_the_place_in_the_stack() -> None:
    x = np.stack([np.diag([1.0, 2.0, 3.0]), EQUAL])
    with pytest.raises(
        at.linalg.LinAlgError, match=r"eigh: eigenvalue 1 is equal to another within rounding in the matrix at index \(1,\)"
    ):
        gradient(lambda a: (at.linalg.eigh(a).eigenvectors * WEIGHTS).sum(), x)
    with pytest.raises(
        at.linalg.LinAlgError, match=r"svd: singular value 2 is 0 or equal to another within rounding, and .* Use svdvals"
    ):
        gradient(lambda a: at.linalg.svd(a).S.sum(), np.diag([1.0, 2.0, 0.0]))
    with pytest.raises(at.linalg.LinAlgError, match=r"svd: singular value . is 0 or equal"):
        gradient(lambda a: weighted(at.linalg.svd(a).U), EQUAL)
    with pytest.raises(at.linalg.LinAlgError, match="svd: singular value 1 is 0 or equal"):
        gradient(
            lambda a: (at.linalg.svd(a, full_matrices=False).U * WEIGHTS[:, :2]).sum(), np.outer([1.0, 2.0, 3.0], [1.0, 1.0])
        )


LOW = np.arange(10.0).reshape(5, 2) ** 2 / 30
LARGEST: dict[str, Callable[[Any], Any]] = {
    "eigh": lambda a: _of_two(at.linalg.eigh(a).eigenvectors[:, 3:]),
    "svd": lambda a: _of_two(at.linalg.svd(a).U[:, :2]),
    "svd, right": lambda a: _of_two(at.linalg.svd(a, full_matrices=False).Vh[:2].mT),
    "svd, both": lambda a: (at.linalg.svd(a).U[:, :2] @ at.linalg.svd(a).Vh[:2] * np.arange(25.0).reshape(5, 5)).sum(),
}


def _of_two(v: Any) -> Any:
    return (v @ v.mT * np.arange(25.0).reshape(5, 5)).sum()


@pytest.mark.parametrize("name", LARGEST)
def test_vectors_of_the_largest_values_do_not_mind_that_others_are_equal(name: str) -> None:
    f, x = LARGEST[name], LOW @ LOW.T
    t = np.random.default_rng(0).normal(size=(5, 5))
    t = (t + t.T) / 2
    numeric = directional(lambda point: f(at.tensor(point[0])).data, [x], [t], analytic=False)
    np.testing.assert_allclose(np.sum(gradient(f, x) * t), numeric.value, rtol=1e-7)


def test_the_vector_of_the_only_singular_value_0_has_a_derivative() -> None:
    x = np.array([[1.0, 2.0], [3.0, 1.0], [0.0, 1.0]]) @ np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]])
    t = np.random.default_rng(0).normal(size=(3, 3))

    def of_null_vector(a: Any) -> Any:
        v = at.linalg.svd(a).Vh[2]
        return weighted(v[:, None] * v)

    numeric = directional(lambda point: of_null_vector(at.tensor(point[0])).data, [x], [t], analytic=False)
    np.testing.assert_allclose(np.sum(gradient(of_null_vector, x) * t), numeric.value, rtol=1e-7)


def test_functions_of_the_whole_matrix_are_right_at_equal_values() -> None:
    x = TIED["turned"]
    t = WEIGHTS + WEIGHTS.T

    def projector(a: Any) -> Any:
        """On the eigenvectors above 1.5, all of which have the eigenvalue 2."""
        a = a - 1.5 * np.eye(3)
        return weighted(a @ at.linalg.inv(at.linalg.sqrtm(a @ a)) + np.eye(3)) / 2

    functions: list[Callable[[Any], Any]] = [
        projector,
        lambda a: weighted(at.linalg.sqrtm(a)),
        lambda a: weighted(at.linalg.expm(a)),
    ]
    for f in functions:
        numeric = directional(lambda point, f=f: f(at.tensor(point[0])).data, [x], [t], analytic=False)
        np.testing.assert_allclose(np.sum(gradient(f, x) * t), numeric.value, rtol=1e-7)


@tied
def test_second_derivatives_at_equal_values_are_refused_and_never_wrong(name: str) -> None:
    x = at.tensor(TIED[name])
    functions: list[Callable[[Any], Any]] = [
        lambda a: (at.linalg.eigvalsh(a) ** 2).sum(),
        lambda a: (at.linalg.eigh(a).eigenvalues ** 2).sum(),
        lambda a: (at.linalg.svdvals(a) ** 2).sum(),
        lambda a: (at.linalg.svd(a).S ** 2).sum(),
    ]
    for f in functions:
        with pytest.raises(at.linalg.LinAlgError, match="within rounding"):
            at.jvp(at.grad(f), (x,), (at.tensor(WEIGHTS + WEIGHTS.T + 0 * TIED[name]),))  # forward over reverse
        with pytest.raises(at.linalg.LinAlgError, match="within rounding"):
            at.grad(lambda a, f=f: weighted(at.grad(f)(a)))(x)  # reverse over reverse
        with pytest.raises(at.linalg.LinAlgError, match="within rounding"):
            at.grad(lambda a, f=f: at.jvp(f, (a,), (at.tensor(WEIGHTS + 0 * TIED[name]),))[1])(x)  # reverse over forward


def test_second_derivatives_at_zero_singular_values_are_refused_along_skew_directions_too() -> None:
    def again(a: Any) -> Any:
        return (at.grad(lambda b: (at.linalg.svdvals(b) ** 2).sum())(a) * (WEIGHTS - WEIGHTS.T)).sum()

    with pytest.raises(at.linalg.LinAlgError, match="within rounding"):
        at.grad(again)(at.zeros((3, 3), dtype=at.float64))


def test_tangents_of_eigenvalues_pass_and_those_of_their_vectors_are_refused() -> None:
    x, t = at.tensor(EQUAL), at.tensor(WEIGHTS)
    _, moved = at.jvp(lambda a: (at.linalg.eigvalsh(a) ** 2).sum(), (x,), (t,))
    np.testing.assert_allclose(moved.data, np.sum(2 * EQUAL * WEIGHTS), rtol=1e-14)
    with pytest.raises(at.linalg.LinAlgError, match="eigenvalue 1 is equal to another"):
        at.jvp(lambda a: at.linalg.eigh(a).eigenvectors, (x,), (t,))
    with pytest.raises(at.linalg.LinAlgError, match="singular value 0 is 0 or equal to another"):
        at.jvp(lambda a: at.linalg.svd(a).U, (x,), (t,))


def test_nearly_equal_values_are_not_equal() -> None:
    x = np.diag([1.0, 1.0 + 1e-9, 3.0])
    close(gradient(lambda a: at.linalg.eigvalsh(a)[1], x), np.diag([0.0, 1.0, 0.0]))
    slope = gradient(lambda a: at.linalg.eigh(a).eigenvectors[0, 1], x)[0, 1]
    np.testing.assert_allclose(slope, 1e9 / 2, rtol=1e-6)  # half of 1/(w_1 - w_0): the other half is in the other corner


def test_a_defective_matrix_has_the_gradient_of_the_sum_of_its_eigenvalues() -> None:
    jordan = np.array([[1.0, 1.0], [0.0, 1.0]])
    close(gradient(lambda a: at.real(at.linalg.eigvals(a)).sum(), jordan), np.eye(2))
    with pytest.raises(at.linalg.LinAlgError, match=r"eig: eigenvalue . is equal to another"):
        gradient(lambda a: at.real(at.linalg.eig(a).eigenvectors).sum(), jordan)
