"""`at.linalg` agrees with NumPy, for stacks and single matrices, and its factors are factors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.testing.strategies import draw_matrices

LEADS = [(), (2,), (2, 1), (0,)]
SIZES = [(1, 1), (2, 2), (3, 3), (3, 2), (2, 3), (4, 1), (1, 4)]
leads = st.sampled_from(LEADS)
sizes = st.sampled_from(SIZES)
sides = st.sampled_from([1, 2, 3, 5])
seeds = st.integers(0, 2**16)
dtypes = st.sampled_from([np.float32, np.float64])
STANDARD = (  # noqa: SIM905 - one line a dozen names
    "cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer pinv qr "
    "slogdet solve svd svdvals tensordot trace vecdot vector_norm"
).split()


def close(ours: Any, theirs: Any) -> None:
    """Equal in shape and dtype, and in value to a dozen digits, or five in float32."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    tolerance = 2e-5 if ours.dtype in {np.dtype(np.float32), np.dtype(np.complex64)} else 1e-12
    np.testing.assert_allclose(ours.data, theirs, rtol=tolerance, atol=tolerance * max(1.0, np.max(np.abs(theirs), initial=0)))


def drawn(seed: int, kind: str, shape: tuple[int, ...], dtype: Any = np.float64) -> Any:
    return draw_matrices(np.random.default_rng(seed), kind, shape).astype(dtype)


def turned(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def test_every_name_of_the_standard_is_there() -> None:
    assert [name for name in STANDARD if name not in at.linalg.__all__] == []
    assert all(callable(getattr(at.linalg, name)) for name in at.linalg.__all__)


SQUARE = {
    "cholesky": "positive",
    "cond": "regular",
    "det": "regular",
    "eigvalsh": "symmetric",
    "inv": "regular",
    "pinv": "regular",
    "svdvals": "regular",
    "matrix_rank": "regular",
    "trace": "regular",
    "diagonal": "regular",
    "matrix_norm": "regular",
    "vector_norm": "regular",
}


@pytest.mark.parametrize("name", SQUARE)
@given(n=sides, lead=leads, seed=seeds, dtype=dtypes)
def test_functions_of_one_matrix_agree_with_numpy(name: str, n: int, lead: tuple[int, ...], seed: int, dtype: Any) -> None:
    x = drawn(seed, SQUARE[name], (*lead, n, n), dtype)
    close(getattr(at.linalg, name)(at.tensor(x)), getattr(np.linalg, name)(x))


@given(size=sizes, lead=leads, seed=seeds)
def test_functions_of_any_matrix_agree_with_numpy(size: tuple[int, int], lead: tuple[int, ...], seed: int) -> None:
    x = drawn(seed, "regular", (*lead, *size))
    for name in ("pinv", "svdvals", "matrix_rank", "diagonal", "trace", "matrix_transpose"):
        close(getattr(at.linalg, name)(at.tensor(x)), getattr(np.linalg, name)(x))


@given(n=sides, lead=leads, seed=seeds, power=st.integers(-4, 6))
def test_powers_agree_with_numpy(n: int, lead: tuple[int, ...], seed: int, power: int) -> None:
    x = drawn(seed, "regular", (*lead, n, n))
    close(at.linalg.matrix_power(at.tensor(x), power), np.linalg.matrix_power(x, power))


@given(n=sides, lead=leads, seed=seeds)
def test_slogdet_agrees_with_numpy(n: int, lead: tuple[int, ...], seed: int) -> None:
    x = drawn(seed, "regular", (*lead, n, n))
    for ours, theirs in zip(at.linalg.slogdet(at.tensor(x)), np.linalg.slogdet(x), strict=True):
        close(ours, theirs)


@given(n=sides, lead=leads, other=leads, columns=st.sampled_from([None, 0, 1, 2]), seed=seeds)
def test_solve_agrees_with_numpy(n: int, lead: Any, other: Any, columns: int | None, seed: int) -> None:
    a = drawn(seed, "regular", (*lead, n, n))
    try:
        shape = (n,) if columns is None else (*np.broadcast_shapes(lead, other)[: len(other)], n, columns)
        b = np.random.default_rng(seed).normal(size=shape)
        expected = np.linalg.solve(a, b)
    except ValueError:
        return
    close(at.linalg.solve(at.tensor(a), at.tensor(b)), expected)


@given(size=sizes, lead=leads, seed=seeds, complete=st.booleans())
def test_qr_is_a_factorisation_with_a_positive_diagonal(size: Any, lead: Any, seed: int, *, complete: bool) -> None:
    x = drawn(seed, "regular", (*lead, *size))
    mode = "complete" if complete else "reduced"
    q, r = at.linalg.qr(at.tensor(x), mode=mode)
    theirs = np.linalg.qr(x, mode=mode)
    assert (q.shape, r.shape) == (theirs.Q.shape, theirs.R.shape)
    close(q @ r, x)
    close(q.mT @ q, np.broadcast_to(np.eye(q.shape[-1]), (*lead, q.shape[-1], q.shape[-1])))
    assert (np.tril(r.data, -1) == 0).all()
    assert (np.diagonal(r.data, axis1=-2, axis2=-1) >= 0).all()
    close(at.tensor(np.abs(r.data)), np.abs(theirs.R))


@given(n=sides, lead=leads, seed=seeds)
def test_eigh_diagonalises(n: int, lead: tuple[int, ...], seed: int) -> None:
    x = drawn(seed, "symmetric", (*lead, n, n))
    w, v = at.linalg.eigh(at.tensor(x))
    close(w, np.linalg.eigh(x).eigenvalues)
    close(v * w.reshape((*lead, 1, n)) @ v.mT, x)
    close(v.mT @ v, np.broadcast_to(np.eye(n), x.shape))


@given(n=sides, lead=leads, seed=seeds, dtype=dtypes)
def test_eig_diagonalises_and_is_complex(n: int, lead: tuple[int, ...], seed: int, dtype: Any) -> None:
    x = drawn(seed, "regular", (*lead, n, n), dtype)
    w, v = at.linalg.eig(at.tensor(x))
    y = np.result_type(dtype, np.complex64)
    close(w, np.linalg.eigvals(x).astype(y))
    close(at.linalg.eigvals(at.tensor(x)), np.linalg.eigvals(x).astype(y))
    close(at.tensor(x) @ v, (v * w.reshape((*lead, 1, n))).data)
    close((at.abs(v) ** 2).sum(-2), np.ones((*lead, n), dtype))


@given(n=sides, lead=leads, seed=seeds, scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_the_square_of_the_root_is_the_matrix(n: int, lead: tuple[int, ...], seed: int, scale: float) -> None:
    for kind in ("positive", "regular"):
        x = drawn(seed, kind, (*lead, n, n))
        x = scale * (x if kind == "positive" else x @ x)  # whose eigenvalues are squares: one may come near the negative axis
        try:
            root = at.linalg.sqrtm(at.tensor(x))
        except at.linalg.LinAlgError:
            assert kind == "regular"
            continue
        assert (np.linalg.eigvals(root.data).real >= 0).all()
        if kind == "positive":
            close(root @ root / scale, x / scale)


@pytest.mark.parametrize("order", [None, 2, -2, 1, -1, "fro", np.inf, -np.inf])
def test_condition_numbers_agree_with_numpy(order: Any) -> None:
    x = drawn(5, "regular", (2, 3, 3))
    close(at.linalg.cond(at.tensor(x), order), np.linalg.cond(x, order))
    assert at.linalg.cond(at.tensor(np.diag([1.0, 0.0]))).item() == np.inf
    assert at.linalg.cond(at.tensor(np.diag([1.0, 0.0])), -2).item() == 0.0


@given(size=sizes, lead=leads, seed=seeds, full=st.booleans())
def test_svd_is_a_factorisation(size: Any, lead: Any, seed: int, *, full: bool) -> None:
    x = drawn(seed, "regular", (*lead, *size))
    k = min(size)
    u, s, vh = at.linalg.svd(at.tensor(x), full_matrices=full)
    theirs = np.linalg.svd(x, full_matrices=full)
    assert (u.shape, vh.shape) == (theirs.U.shape, theirs.Vh.shape)
    close(s, theirs.S)
    close(u[..., :k] * s.reshape((*lead, 1, k)) @ vh[..., :k, :], x)
    close(u.mT @ u, np.broadcast_to(np.eye(u.shape[-1]), u.mT.shape[:-2] + (u.shape[-1],) * 2))
    close(vh @ vh.mT, np.broadcast_to(np.eye(vh.shape[-2]), vh.shape[:-2] + (vh.shape[-2],) * 2))


def test_signs_of_vectors_do_not_hang_on_rounding() -> None:
    for noise in (-1e-15, 0.0, 1e-15):
        v = at.linalg.eigh(at.tensor(np.array([[2 + noise, 1.0], [1.0, 2.0]]))).eigenvectors
        np.testing.assert_allclose(v.data, np.array([[1, 1], [-1, 1]]) / np.sqrt(2), atol=1e-14)


@given(m=st.integers(1, 5), n=st.integers(1, 5), columns=st.sampled_from([None, 1, 3]), seed=seeds)
def test_lstsq_agrees_with_numpy(m: int, n: int, columns: int | None, seed: int) -> None:
    a = drawn(seed, "regular", (m, n))
    b = np.random.default_rng(seed).normal(size=(m,) if columns is None else (m, columns))
    ours, theirs = at.linalg.lstsq(at.tensor(a), at.tensor(b)), np.linalg.lstsq(a, b)
    close(ours.solution, theirs[0])
    assert ours.rank.item() == theirs[2]
    close(ours.singular_values, theirs[3])
    if m > n:
        np.testing.assert_allclose(ours.residuals.data, theirs[1] if columns else theirs[1][0], rtol=1e-9, atol=1e-12)


@given(n=sides, lead=leads, seed=seeds, scale=st.sampled_from([1e-3, 1.0, 8.0]))
def test_expm_of_a_symmetric_matrix_is_that_of_its_eigenvalues(n: int, lead: Any, seed: int, scale: float) -> None:
    x = drawn(seed, "symmetric", (*lead, n, n)) * scale
    w, v = np.linalg.eigh(x)
    y, expected = at.linalg.expm(at.tensor(x)).data, v * np.exp(w)[..., None, :] @ turned(v)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-13 * n * scale * max(1, np.max(np.abs(expected), initial=0)) + 1e-14)


def test_expm_of_a_turn_is_a_turn() -> None:
    angle = 40.0
    y = at.linalg.expm(at.tensor(np.array([[0.0, -angle], [angle, 0.0]]))).data
    np.testing.assert_allclose(y, [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], atol=1e-12)


@given(seed=seeds)
def test_products_agree_with_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    close(at.linalg.cross(at.tensor(a), at.tensor(b)), np.linalg.cross(a, b))
    close(at.linalg.vecdot(at.tensor(a), at.tensor(b), axis=0), np.linalg.vecdot(a, b, axis=0))
    close(at.linalg.outer(at.tensor(a[0]), at.tensor(b[1])), np.linalg.outer(a[0], b[1]))
    close(at.linalg.tensordot(at.tensor(a), at.tensor(b), axes=2), np.linalg.tensordot(a, b, axes=2))
    close(at.linalg.trace(at.tensor(a), offset=1), np.linalg.trace(a, offset=1))
    close(at.linalg.diagonal(at.tensor(a), offset=-1), np.linalg.diagonal(a, offset=-1))


def test_integers_are_computed_in_float64_as_in_numpy() -> None:
    x = np.array([[2, 1], [1, 3]])
    for name in ("inv", "det", "cholesky", "eigvalsh", "pinv", "svdvals", "vector_norm"):
        close(getattr(at.linalg, name)(at.tensor(x)), getattr(np.linalg, name)(x))


def test_numpy_functions_of_tensors_are_ours() -> None:
    x = at.tensor(np.array([[2.0, 1.0], [1.0, 3.0]]), requires_grad=True)
    for name in ("inv", "det", "cholesky", "pinv", "svdvals", "norm"):
        y = getattr(np.linalg, name)(x)
        assert isinstance(y, at.Tensor)
        assert y.requires_grad
    assert np.linalg.eigh(x).eigenvectors.requires_grad
    assert np.linalg.eig(x).eigenvectors.requires_grad
    assert np.linalg.cond(x).requires_grad
