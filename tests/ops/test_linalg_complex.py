"""Complex matrices: values agree with NumPy's, gradients with numbers worked by hand, with identities and with PyTorch's."""

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
leads = st.sampled_from([(), (2,), (2, 1), (0,)])
sizes = st.sampled_from([(1, 1), (2, 2), (3, 3), (3, 2), (2, 3), (4, 1), (1, 4)])
dtypes = st.sampled_from([np.complex64, np.complex128])


def drawn(seed: int, kind: str, *shape: int, dtype: Any = np.complex128) -> Any:
    return draw_matrices(np.random.default_rng(seed), kind, shape, plane=True).astype(dtype)


def turned(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def close(ours: Any, theirs: Any) -> None:
    """Equal in shape and dtype, and in value to a dozen digits, or five in single precision."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    tolerance = 3e-5 if ours.dtype in {np.dtype(np.float32), np.dtype(np.complex64)} else 2e-12
    np.testing.assert_allclose(ours.data, theirs, rtol=tolerance, atol=tolerance * max(1.0, np.max(np.abs(theirs), initial=0)))


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    return at.grad(f)(at.tensor(x)).data


def weighted(y: Any) -> Any:
    """A real number of all elements of a result, of both parts, no two alike."""
    n = np.arange(np.prod(y.shape)).reshape(y.shape)
    return at.real((y * (np.sin(1.0 + n) + 1j * np.cos(2.0 + n))).sum())


SQUARE = {
    "cholesky": "positive",
    "cond": "regular",
    "det": "regular",
    "eigvalsh": "symmetric",
    "inv": "regular",
    "matrix_norm": "regular",
    "matrix_rank": "regular",
    "pinv": "regular",
    "svdvals": "regular",
    "trace": "regular",
    "vector_norm": "regular",
}


@pytest.mark.parametrize("name", SQUARE)
@given(n=sides, lead=leads, seed=seeds, dtype=dtypes)
def test_functions_of_one_matrix_agree_with_numpy(name: str, n: int, lead: tuple[int, ...], seed: int, dtype: Any) -> None:
    x = drawn(seed, SQUARE[name], *lead, n, n, dtype=dtype)
    close(getattr(at.linalg, name)(at.tensor(x)), getattr(np.linalg, name)(x))


@given(n=sides, lead=leads, seed=seeds, dtype=dtypes)
def test_slogdet_agrees_with_numpy(n: int, lead: tuple[int, ...], seed: int, dtype: Any) -> None:
    x = drawn(seed, "regular", *lead, n, n, dtype=dtype)
    for ours, theirs in zip(at.linalg.slogdet(at.tensor(x)), np.linalg.slogdet(x), strict=True):
        close(ours, theirs)


@given(n=sides, lead=leads, seed=seeds, dtype=dtypes)
def test_factors_of_square_matrices_are_factors(n: int, lead: tuple[int, ...], seed: int, dtype: Any) -> None:
    x, p = drawn(seed, "symmetric", *lead, n, n, dtype=dtype), drawn(seed, "positive", *lead, n, n, dtype=dtype)
    w, v = at.linalg.eigh(at.tensor(x))
    assert w.dtype == np.empty(0, dtype).real.dtype
    close(v * w[..., None, :] @ at.conj(v).mT, x)
    close(at.conj(v).mT @ v, np.broadcast_to(np.eye(n, dtype=dtype), x.shape))
    upper = at.linalg.cholesky(at.tensor(p), upper=True)
    close(at.conj(upper).mT @ upper, p)
    assert (np.tril(upper.data, -1) == 0).all()
    root = at.linalg.sqrtm(at.tensor(p))
    close(root @ root, p)
    w, v = at.linalg.eig(at.tensor(x))
    close(at.tensor(x) @ v, (v * w[..., None, :]).data)


@given(size=sizes, lead=leads, seed=seeds, full=st.booleans())
def test_factors_of_any_matrix_are_factors(size: tuple[int, int], lead: tuple[int, ...], seed: int, *, full: bool) -> None:
    x = drawn(seed, "regular", *lead, *size)
    k = min(size)
    q, r = at.linalg.qr(at.tensor(x), mode="complete" if full else "reduced")
    close(q @ r, x)
    close(at.conj(q).mT @ q, np.broadcast_to(np.eye(q.shape[-1], dtype=complex), (*lead, q.shape[-1], q.shape[-1])))
    diagonal = np.diagonal(r.data, axis1=-2, axis2=-1)
    assert (diagonal.real > 0).all()
    assert (np.abs(diagonal.imag) < 1e-14).all()
    u, s, vh = at.linalg.svd(at.tensor(x), full_matrices=full)
    close(u[..., :k] * s[..., None, :] @ vh[..., :k, :], x)
    close(at.conj(u).mT @ u, np.broadcast_to(np.eye(u.shape[-1], dtype=complex), (*lead, u.shape[-1], u.shape[-1])))
    close(vh @ at.conj(vh).mT, np.broadcast_to(np.eye(vh.shape[-2], dtype=complex), (*lead, vh.shape[-2], vh.shape[-2])))


@given(m=st.integers(1, 4), n=st.integers(1, 4), seed=seeds)
def test_lstsq_agrees_with_numpy(m: int, n: int, seed: int) -> None:
    a, b = drawn(seed, "regular", m, n), drawn(seed + 1, "regular", m, 2)
    ours, theirs = at.linalg.lstsq(at.tensor(a), at.tensor(b)), np.linalg.lstsq(a, b)
    close(ours.solution, theirs[0])
    assert ours.rank.item() == theirs[2]
    close(ours.singular_values, theirs[3])
    if m > n:
        np.testing.assert_allclose(ours.residuals.data, theirs[1], rtol=1e-9, atol=1e-12)


@given(seed=seeds)
def test_products_agree_with_numpy(seed: int) -> None:
    a, b = drawn(seed, "regular", 2, 3), drawn(seed + 1, "regular", 2, 3)
    close(at.linalg.vecdot(at.tensor(a), at.tensor(b)), np.linalg.vecdot(a, b))  # which conjugates the first
    close(at.linalg.cross(at.tensor(a), at.tensor(b)), np.linalg.cross(a, b))
    close(at.linalg.outer(at.tensor(a[0]), at.tensor(b[0])), np.linalg.outer(a[0], b[0]))
    close(at.linalg.tensordot(at.tensor(a), at.tensor(b), axes=2), np.linalg.tensordot(a, b, axes=2))


def test_the_pivot_of_a_vector_is_positive() -> None:
    x = np.array([[2.0, 1j], [-1j, 2.0]])
    v = at.linalg.eigh(at.tensor(x)).eigenvectors.data
    np.testing.assert_allclose(v, np.array([[1, 1], [1j, -1j]]) / np.sqrt(2), atol=1e-15)


# worked by hand: dL = Re(sum(conj(gradient) dx))
BY_HAND: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    # Re det: conj of the cofactors
    "det": (lambda a: at.real(at.linalg.det(a)), [[1.0, 1j], [2j, 3.0]], [[3.0, 2j], [1j, 1.0]]),
    # ln |z|: z/|z|**2, and its angle turns as i z/|z|**2
    "logarithm": (lambda a: at.linalg.slogdet(a).logabsdet, [[3 + 4j]], [[(3 + 4j) / 25]]),
    "phase": (lambda a: at.angle(at.linalg.slogdet(a).sign), [[3 + 4j]], [[1j * (3 + 4j) / 25]]),
    # the eigenvectors of [[2, i], [-i, 2]] are (1, -i) and (1, i), each over sqrt 2, here for 1 and 3: v v^H
    "largest eigenvalue": (lambda a: at.linalg.eigvalsh(a)[1], [[2.0, 1j], [-1j, 2.0]], [[0.5, 0.5j], [-0.5j, 0.5]]),
    "length": (at.linalg.vector_norm, [3j, 4.0], [0.6j, 0.8]),
    "inverse": (lambda a: at.real(at.linalg.inv(a)).sum(), [[2j]], [[-1 / np.conj(2j) ** 2]]),
    "root of the Gram matrix": (lambda a: at.linalg.svdvals(a)[0], [[3j], [4.0]], [[0.6j], [0.8]]),
    "cholesky": (lambda a: at.real(at.linalg.cholesky(a)[0, 0]), [[4.0, 2j], [-2j, 2.0]], [[0.25, 0.0], [0.0, 0.0]]),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_gradients_are_those_worked_by_hand(name: str) -> None:
    f, x, expected = BY_HAND[name]
    np.testing.assert_allclose(gradient(f, np.asarray(x, complex)), expected, rtol=1e-14, atol=1e-15)


@given(n=sides, seed=seeds)
def test_log_determinants_by_four_ways_have_one_gradient(n: int, seed: int) -> None:
    x = drawn(seed, "positive", n, n)
    expected = turned(np.linalg.inv(x))
    ways: list[Callable[[Any], Any]] = [
        lambda a: at.linalg.slogdet(a).logabsdet,
        lambda a: 2 * at.log(at.real(at.linalg.diagonal(at.linalg.cholesky(a)))).sum(),
        lambda a: at.log(at.linalg.eigvalsh(a)).sum(),
        lambda a: at.log(at.linalg.svdvals(a)).sum(),
        lambda a: at.log(at.real(at.linalg.diagonal(at.linalg.qr(a).R))).sum(),
        lambda a: at.log(at.abs(at.linalg.eigvals(a))).sum(),
    ]
    for f in ways:
        np.testing.assert_allclose(gradient(f, x), expected, rtol=1e-10, atol=1e-10)


COMPOSITIONS: dict[str, tuple[Callable[[Any], Any], str, tuple[int, ...]]] = {
    "upper cholesky": (lambda a: weighted(at.linalg.cholesky(a, upper=True)), "positive", (2, 3, 3)),
    "wide qr": (lambda a: sum(weighted(y) for y in at.linalg.qr(a)), "regular", (2, 4)),
    "complete qr, the projector": (lambda a: _projector(at.linalg.qr(a, mode="complete").Q[:, 1:]), "regular", (3, 1)),
    "full svd, the projector": (lambda a: _projector(at.linalg.svd(a).U[:, 2:]), "regular", (4, 2)),
    "eigenvectors, with their phase": (lambda a: weighted(at.linalg.eigh(a).eigenvectors), "symmetric", (3, 3)),
    "singular vectors, with their phase": (lambda a: sum(weighted(y) for y in at.linalg.svd(a)[::2]), "regular", (3, 3)),
    "general eigenvectors": (lambda a: weighted(at.linalg.eig(a).eigenvectors), "regular", (3, 3)),
    "sign and size of a determinant": (lambda a: sum(weighted(y) for y in at.linalg.slogdet(a)), "regular", (2, 2, 2)),
    "pseudoinverse of low rank": (lambda a: weighted(at.linalg.pinv(a @ at.conj(a).mT)), "regular", (3, 2)),
    "least squares": (lambda a: weighted(at.linalg.lstsq(a, 1j * np.arange(3.0)).solution), "regular", (3, 2)),
    "what is left": (lambda a: at.linalg.lstsq(a, 1j * np.arange(3.0)).residuals, "regular", (3, 2)),
    "negative power": (lambda a: weighted(at.linalg.matrix_power(a, -2)), "regular", (2, 2)),
    "exponential": (lambda a: weighted(at.linalg.expm(a)), "regular", (2, 2)),
    "nuclear norm": (lambda a: at.linalg.matrix_norm(a, ord="nuc"), "regular", (3, 2)),
    "a norm that is not 2": (lambda a: at.linalg.vector_norm(a, ord=3), "regular", (2, 2)),
    "condition": (at.linalg.cond, "regular", (3, 3)),
}


def _projector(q: Any) -> Any:
    return weighted(q @ at.conj(q).mT)


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_first_and_second_derivatives_of_compositions_are_the_numeric_ones(name: str) -> None:
    f, kind, shape = COMPOSITIONS[name]
    x = drawn(7, kind, *shape)
    rng = np.random.default_rng(1)
    t = rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)
    first = directional(lambda point: f(at.tensor(point[0])).data, [x], [t], analytic=False)
    np.testing.assert_allclose(np.sum(np.conj(gradient(f, x)) * t).real, first.value, rtol=1e-7, atol=1e-7)
    second = directional(lambda point: gradient(f, point[0]), [x], [t], analytic=False)
    _, product = at.jvp(at.grad(f), (at.tensor(x),), (at.tensor(t),))
    np.testing.assert_allclose(product.data, second.value, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["cholesky", "cond", "eigvals", "eigvalsh", "inv", "det", "svdvals", "pinv", "expm", "sqrtm"])
def test_vmap_is_the_stack(name: str) -> None:
    f = getattr(at.linalg, name)
    x = drawn(3, "positive", 4, 2, 2)
    np.testing.assert_allclose(at.vmap(f)(at.tensor(x)).data, np.stack([f(at.tensor(one)).data for one in x]), atol=1e-12)
    of_gradients = at.vmap(at.grad(lambda a: weighted(f(a))))(at.tensor(x))
    np.testing.assert_allclose(of_gradients.data, np.stack([gradient(lambda a: weighted(f(a)), one) for one in x]), atol=1e-10)


def test_the_determinant_of_a_singular_matrix_has_its_cofactors_as_gradient() -> None:
    x = np.array([[1.0, 1j], [2j, -2.0]])  # conj of [[d, -c], [-b, a]]
    np.testing.assert_allclose(gradient(lambda a: at.real(at.linalg.det(a)), x), [[-2, 2j], [1j, 1]], atol=1e-14)
    low = np.diag([2.0, 0.0, 3j])
    np.testing.assert_allclose(gradient(lambda a: at.real(at.linalg.det(a)), low), np.diag([0, -6j, 0]), atol=1e-14)


def test_a_real_matrix_beside_complex_ones_has_a_real_gradient() -> None:
    a, b = at.tensor(np.array([[2.0, 1.0], [1.0, 1.0]]), requires_grad=True), np.array([[1j], [1.0]])
    at.imag(at.linalg.solve(a, b)).sum().backward()
    assert a.grad is not None
    assert a.grad.dtype == np.float64
    np.testing.assert_allclose(a.grad.data, -np.outer([0.0, 1.0], [1.0, -1.0]), atol=1e-15)  # -(a.T**-1 1) (Im y).T


X = np.array([[2.0, 1 + 1j], [0.5 - 0.25j, -1j]])
H = np.array([[2.0, 0.5 + 1j], [0.5 - 1j, -1.0]])
P = np.array([[3.0, 0.5 + 1j], [0.5 - 1j, 2.0]])


def numbered(y: Any) -> Any:
    """Elements 1, 2, 3, 4 times over."""
    return (y * (1 + np.arange(4.0).reshape(2, 2))).sum()


def squared(y: Any) -> Any:
    return at.abs(y) ** 2


LOSSES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "inv": (lambda a: numbered(at.real(at.linalg.inv(a))), X),
    "det": (lambda a: at.imag(at.linalg.det(a)), X),
    "cholesky": (lambda a: numbered(squared(at.linalg.cholesky(a))), P),
    "qr": (lambda a: sum(numbered(squared(y)) for y in at.linalg.qr(a)), X),
    "eigh": (lambda a: numbered(squared(at.linalg.eigh(a)[1])) + at.linalg.eigh(a)[0][0], H),
    "svd": (lambda a: numbered(at.real(at.linalg.svd(a).U @ at.linalg.svd(a).Vh)), X),
    "svdvals": (lambda a: (at.linalg.svdvals(a) * np.array([1.0, 2.0])).sum(), X),
    "eigvals": (lambda a: (squared(at.linalg.eigvals(a)) ** 2).sum(), X),
    "eig": (lambda a: (squared(at.linalg.eig(a)[1]) ** 2).sum(), X),
    "pinv": (lambda a: numbered(at.imag(at.linalg.pinv(a[:, :1] @ a[:1]))), X),
    "expm": (lambda a: numbered(at.imag(at.linalg.expm(a))), X),
    "norm": (lambda a: at.linalg.matrix_norm(a, ord=1), X),
}
TORCH = {  # what torch 2.13 leaves in .grad; of Hermitian matrices its Hermitian part
    "inv": [[-0.373333333333 - 0.72j, -0.213333333333 + 0.66j], [-0.32 + 2.24j, 1.62666666667 - 0.72j]],
    "det": [[-1, 0.25 - 0.5j], [-1 - 1j, 0 + 2j]],
    "cholesky": [[1.13888888889, -0.166666666667 - 0.333333333333j], [-0.166666666667 + 0.333333333333j, 4]],
    "qr": [
        [3.66729678639 - 0.695652173913j, 3.82608695652 + 5.21739130435j],
        [3.17769376181 + 1.19376181474j, -1.39130434783 - 8.17391304348j],
    ],
    "eigh": [[0.0991081371314, -0.133630620956 - 0.267261241912j], [-0.133630620956 + 0.267261241912j, 0.900891862869]],
    "svd": [
        [-0.420292096882 - 0.471158777729j, 0.353622499685 + 0.492242375464j],
        [0.351165963552 + 1.2303080093j, 2.3044304635 - 0.126713339163j],
    ],
    "svdvals": [
        [0.945897728544 - 0.235259042777j, 0.0612455394116 + 0.531763624966j],
        [1.00106632116 + 0.440503010528j, -0.470518085555 - 1.53161455677j],
    ],
    "eigvals": [
        [44.5036341461 - 3.24951207725j, 6.49064539883 + 7.87147519732j],
        [24.0840567926 - 9.28036879933j, 3.73736455752 - 1.37098727456j],
    ],
    "eig": [
        [0.182370850522 + 0.0660273546105j, -0.174305306035 - 0.149147235385j],
        [-0.151579966255 + 0.126106124429j, -0.182370850522 - 0.0660273546105j],
    ],
    "pinv": [[0.273051879857 - 0.309178743961j, 0.115942028986 - 0.231884057971j], [-0.10081915564 - 0.336063852132j, 0]],
    "expm": [
        [1.2095841069 + 18.7834253482j, -5.67371009094 + 10.1296560276j],
        [2.41021808642 + 21.2592513961j, -4.69403313174 + 8.90563998307j],
    ],
    "norm": [[1, 0], [0.894427191 - 0.4472135955j, 0]],
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_torch(name: str) -> None:
    f, x = LOSSES[name]
    np.testing.assert_allclose(gradient(f, x.astype(complex)), TORCH[name], rtol=1e-10, atol=1e-11)
