"""Complex numbers: values, dtypes and refusals, and gradients that are PyTorch's.

Provenance of tests/data/torch-complex.json: PyTorch 2.13.0 (CPU, complex128 and float64). For each function its operands, the
gradient `g` that backward was called with, the value and what arrived in each operand's `.grad`; complex arrays are two lists.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import AutotensorError, DTypeError

DATA = json.loads((Path(__file__).parent.parent / "data" / "torch-complex.json").read_text(encoding="utf-8"))
Z = np.array([0.5 - 0.75j, -1.25 + 0.5j, 2 + 1j, 0j])
OTHER_NAMES = {"sgn": "sign", "power": "pow", "multiply by real": "multiply", "divide real": "divide"}


def numbers(given: Any, shape: Any) -> Any:
    """An array from one list, or from two of its parts."""
    parts = [np.array(part) for part in (given if given and isinstance(given[0], list) else [given])]
    return (parts[0] + 1j * parts[1] if len(parts) > 1 else parts[0]).reshape(shape)


def function(name: str) -> Callable[..., Any]:
    """Ours, with the settings that stand in the name."""
    plain, *settings = name.split(" ") if name.startswith("fft") else [OTHER_NAMES.get(name, name)]
    if name == "var":
        return lambda x: at.var(x, correction=1)
    if not settings:
        return getattr(at, plain)  # type: ignore[no-any-return]
    (length, given), (_, norm) = (" ".join(settings).rpartition(" norm=")[0].split("="), " ".join(settings).rsplit("=", 1))
    more = {"axes": (0, 1)} if length == "s" else {}
    return lambda x: getattr(at.fft, plain[4:])(x, **{length: json.loads(_list(given))}, norm=norm, **more)


def _list(text: str) -> str:
    return text.replace("None", "null").replace("(", "[").replace(")", "]")


@pytest.mark.parametrize("row", DATA, ids=[row["name"] for row in DATA])
def test_values_and_gradients_are_those_of_pytorch(row: Any) -> None:
    leaves = [at.tensor(numbers(x["numbers"], x["shape"]), requires_grad=True) for x in row["operands"]]
    y = function(row["name"])(*leaves)
    np.testing.assert_allclose(y.data, numbers(row["value"], row["g"]["shape"]), rtol=1e-13, atol=1e-14)
    y.backward(numbers(row["g"]["numbers"], row["g"]["shape"]))
    for x, expected in zip(leaves, row["gradients"], strict=True):
        assert x.grad is not None
        assert x.grad.dtype == x.dtype
        np.testing.assert_allclose(x.grad.data, numbers(expected, x.shape), rtol=1e-12, atol=1e-13)


def test_the_recorded_functions_are_many() -> None:
    assert len(DATA) == 66


def test_the_parts_are_those_of_numpy() -> None:
    for name in ("real", "imag", "conj", "angle", "abs", "sign"):
        np.testing.assert_array_equal(getattr(at, name)(at.tensor(Z)).data, getattr(np, name)(Z), err_msg=name)
        assert getattr(np, name)(at.tensor(Z)).tolist() == getattr(at, name)(at.tensor(Z)).tolist()
    z = at.tensor(Z)
    assert z.real.tolist() == Z.real.tolist()
    assert z.imag.tolist() == Z.imag.tolist()
    assert z.conj().tolist() == Z.conj().tolist()


def test_of_a_real_tensor_the_real_part_and_the_conjugate_are_itself() -> None:
    x = at.tensor([1.0, -2.0])
    assert at.real(x) is x
    assert at.conj(x) is x
    assert at.imag(x).tolist() == [0.0, 0.0]
    np.testing.assert_array_equal(at.angle(x).data, np.angle(x.data))


def test_a_part_is_no_view_of_the_whole() -> None:
    z = at.tensor(Z)
    assert not any(np.shares_memory(part.data, z.data) for part in (z.real, z.imag, z.conj()))


@pytest.mark.parametrize(("parts", "whole"), [("float32", "complex64"), ("float64", "complex128"), ("int64", "complex128")])
def test_a_complex_number_is_as_wide_as_its_parts(parts: str, whole: str) -> None:
    x = at.tensor([1, 2], dtype=parts)
    assert at.complex(x, x).dtype == whole
    assert at.complex(x, 1).dtype == whole
    assert at.abs(at.complex(x, x)).dtype == ("float64" if parts == "int64" else parts)


def test_a_complex_number_is_made_of_parts_that_broadcast() -> None:
    y = at.complex(at.tensor([[1.0], [2.0]]), at.tensor([3.0, np.inf]))
    assert y.tolist() == [[1 + 3j, complex(1, np.inf)], [2 + 3j, complex(2, np.inf)]]  # where 1j * inf would be nan + inf j


def test_polar_is_the_length_and_the_angle() -> None:
    y = at.polar(at.tensor([2.0, 1.0]), at.tensor([0.5, -3.0]))
    np.testing.assert_allclose(at.abs(y).data, [2.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(at.angle(y).data, [0.5, -3.0], rtol=1e-6)


def test_sigmoid_of_complex_numbers_does_not_overflow() -> None:
    z = np.array([1000 + 1j, -1000 + 1j, 0.5 - 2j])
    np.testing.assert_allclose(at.sigmoid(at.tensor(z)).data, [1, 0, 1 / (1 + np.exp(-z[2]))], rtol=1e-15, atol=1e-300)


def test_variance_and_products_of_complex_numbers_are_those_of_numpy() -> None:
    a, b = Z, Z[::-1] + 1
    assert at.var(at.tensor(a)).dtype == np.float64
    for ours, theirs in (
        (at.var(at.tensor(a)), np.var(a)),
        (at.std(at.tensor(a), correction=1), np.std(a, ddof=1)),
        (at.vecdot(at.tensor(a), at.tensor(b)), np.vecdot(a, b)),
        (at.outer(at.tensor(a), at.tensor(b)), np.outer(a, b)),
        (at.convolve(at.tensor(a), at.tensor(b)), np.convolve(a, b)),
        (at.correlate(at.tensor(a), at.tensor(b[:2]), "same"), np.correlate(a, b[:2], "same")),
        (at.correlate(at.tensor(a[:2]), at.tensor(b), "full"), np.correlate(a[:2], b, "full")),
        (at.einsum("i,j->ij", at.tensor(a), at.tensor(b)), np.einsum("i,j->ij", a, b)),
        (at.cumulative_prod(at.tensor(a)), np.cumprod(a)),
        (at.sort(at.tensor(a)), np.sort(a)),
        (at.max(at.tensor(a)), np.max(a)),
    ):
        np.testing.assert_allclose(ours.data, theirs, rtol=1e-14, atol=1e-15)


def test_the_variance_of_equal_complex_numbers_has_the_gradient_zero() -> None:
    z = at.tensor(np.array([1 + 1j, 1 + 1j]), requires_grad=True)
    at.var(z).backward()
    assert z.grad is not None
    assert z.grad.tolist() == [0, 0]


def test_missing_complex_numbers_are_left_out_or_replaced_part_by_part() -> None:
    z = np.array([1 + 1j, complex(np.nan, 2)])
    assert at.nansum(at.tensor(z)).item() == np.nansum(z) == 1 + 1j
    assert at.nan_to_num(at.tensor(z)).tolist() == np.nan_to_num(z).tolist() == [1 + 1j, 2j]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_the_imaginary_part_is_not_lost_by_converting(dtype: str) -> None:
    with pytest.raises(DTypeError, match=rf"astype from complex64 to {dtype} would lose the imaginary part.*x\.real, x\.imag"):
        at.tensor([1j]).astype(dtype)


@pytest.mark.parametrize("make", [at.tensor, at.asarray])
def test_the_imaginary_part_is_not_lost_by_making_a_tensor(make: Callable[..., Any]) -> None:
    with pytest.raises(DTypeError, match=r"from complex128 to float32 the imaginary part would be lost.*x\.real"):
        make(Z, dtype="float32")


def test_complex_numbers_become_wider_narrower_or_truth() -> None:
    z = at.tensor([1j, 0j])
    assert z.astype("complex128").dtype == np.complex128
    assert z.astype("bool").tolist() == [True, False]
    assert at.tensor([2.0]).astype("complex64").tolist() == [2 + 0j]


REFUSALS: dict[str, tuple[Callable[[], Any], str]] = {
    "complex of complex parts": (lambda: at.complex(at.tensor([1j]), 0.0), "parts of a complex number are real"),
    "quantile": (lambda: at.median(at.tensor(Z)), r"lie in no order.*at\.abs"),
    "softplus": (lambda: at.softplus(at.tensor(Z)), "softplus does not take dtypes complex128"),
    "lgamma": (lambda: at.special.lgamma(at.tensor(Z)), "lgamma does not take dtypes complex128"),
    "i0": (lambda: at.i0(at.tensor(Z)), "bessel_i does not take dtypes complex128"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_of_complex_numbers_says_so(name: str) -> None:
    call, text = REFUSALS[name]
    with pytest.raises(AutotensorError, match=text) as caught:
        call()
    assert isinstance(caught.value, DTypeError)
