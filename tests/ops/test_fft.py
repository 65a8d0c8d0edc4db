"""Fourier transforms: NumPy's values for every setting, refusals, other ways to the same number, and gradients."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, ShapeError

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(4, 5))
COMPLEX = REAL + 1j * RNG.normal(size=(4, 5))
ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
MANY = [f"{name}{d}" for name in ("fft", "ifft", "rfft", "irfft") for d in ("n", "2")]
NORMS = ["backward", "ortho", "forward"]


def operand(name: str) -> Any:
    return REAL if name.startswith(("rfft", "ihfft")) else COMPLEX


def agree(ours: Any, theirs: Any) -> None:
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    np.testing.assert_allclose(ours.data, theirs, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", ONE)
def test_transforms_along_an_axis_are_those_of_numpy(name: str) -> None:
    x = operand(name)
    for n, axis, norm in itertools.product((None, 1, 2, 3, 4, 7), (0, 1, -1), NORMS):
        agree(getattr(at.fft, name)(at.tensor(x), n=n, axis=axis, norm=norm), getattr(np.fft, name)(x, n, axis, norm))


@pytest.mark.parametrize("name", MANY)
def test_transforms_along_several_axes_are_those_of_numpy(name: str) -> None:
    x = operand(name)
    settings: list[dict[str, Any]] = [{}, {"axes": (0,)}, {"axes": (1, 0)}, {"axes": (0, 0)}, {"s": (3, 8), "axes": (0, 1)}]
    settings += [{"s": (-1, 4), "axes": (0, 1)}, {"s": (6,), "axes": (-1,)}, {"s": (2, 6), "axes": (0, 0)}]
    for more, norm in itertools.product(settings, NORMS):
        agree(getattr(at.fft, name)(at.tensor(x), **more, norm=norm), getattr(np.fft, name)(x, **more, norm=norm))


@pytest.mark.parametrize("name", [*ONE, *MANY])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
def test_the_dtype_is_that_of_numpy(name: str, dtype: str) -> None:
    x = np.arange(8).reshape(2, 4).astype(dtype)
    assert getattr(at.fft, name)(at.tensor(x)).dtype == getattr(np.fft, name)(x).dtype


def test_single_precision_stays_single() -> None:
    assert at.fft.fft(at.tensor([1.0, 2.0])).dtype == np.complex64
    assert at.fft.irfft(at.fft.rfft(at.tensor([1.0, 2.0]))).dtype == np.float32
    assert at.fft.fftfreq(3).dtype == at.fft.rfftfreq(3).dtype == np.float32


def test_nothing_is_transformed_along_no_axes() -> None:
    assert at.fft.fftn(at.tensor(2.0)).item() == 2.0
    assert at.fft.fftn(at.tensor(COMPLEX), axes=()).tolist() == COMPLEX.tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_frequencies_and_shifts_are_those_of_numpy(n: int) -> None:
    for d in (1.0, 0.25):
        np.testing.assert_array_equal(at.fft.fftfreq(n, d=d, dtype="float64").data, np.fft.fftfreq(n, d))
        np.testing.assert_array_equal(at.fft.rfftfreq(n, d=d, dtype="float64").data, np.fft.rfftfreq(n, d))
    x = np.arange(3 * n).reshape(3, n)
    for axes in (None, 0, -1, (0, 1), (1,)):
        for name in ("fftshift", "ifftshift"):
            ours, theirs = getattr(at.fft, name)(at.tensor(x), axes=axes), getattr(np.fft, name)(x, axes=axes)
            np.testing.assert_array_equal(ours.data, theirs)
    np.testing.assert_array_equal(at.fft.ifftshift(at.fft.fftshift(at.tensor(x))).data, x)


CALLS: dict[str, Callable[[Any], Any]] = {
    **{name: lambda x, name=name: getattr(np.fft, name)(x) for name in (*ONE, *MANY, "fftshift", "ifftshift")},
    "fft with n and axis": lambda x: np.fft.fft(x, 3, 0),
    "rfft with a norm": lambda x: np.fft.rfft(x, norm="ortho"),
    "fft with no norm": lambda x: np.fft.fft(x, norm=None),
    "fft2 by position": lambda x: np.fft.fft2(x, (3, 3), (0, 1), "forward"),
    "fftshift of one axis": lambda x: np.fft.fftshift(x, 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_functions_of_numpy_take_tensors(name: str) -> None:
    x = at.tensor(REAL, requires_grad=True)
    y = CALLS[name](x)
    assert isinstance(y, at.Tensor)
    assert y.requires_grad
    np.testing.assert_allclose(y.data, CALLS[name](REAL), rtol=1e-13, atol=1e-14)


def test_a_setting_that_ours_has_not_is_refused() -> None:
    with pytest.raises(DTypeError, match=r"np\.fft on a Tensor: .*out"):
        np.fft.fft(at.tensor(REAL), out=np.empty((4, 5), complex))
    with pytest.raises(DTypeError, match=r"np\.fft on a Tensor: .*positional"):
        np.fft.fft(at.tensor(REAL), 3, 0, "ortho", None)


REFUSALS: dict[str, tuple[Callable[[], Any], type[AutotensorError], str]] = {
    "n of 0": (lambda: at.fft.fft(at.ones(4), n=0), ArgumentError, "fft needs a length of at least 1, got 0"),
    "n negative": (lambda: at.fft.irfft(at.ones(4), n=-1), ArgumentError, "irfft needs a length of at least 1, got -1"),
    "n of one entry": (lambda: at.fft.irfft(at.ones(1)), ArgumentError, "irfft needs a length of at least 1, got 0"),
    "n no int": (lambda: at.fft.fft(at.ones(4), n=2.0), ArgumentError, r"fft takes a length n that is an int, got 2\.0"),  # type: ignore[arg-type]
    "an empty axis": (lambda: at.fft.fft(at.ones(0)), ArgumentError, "at least 1, got 0"),
    "another axis": (lambda: at.fft.fft(at.ones(4), axis=1), ArgumentError, "axis 1 is out of range"),
    "no axis at all": (lambda: at.fft.fft(at.ones(())), ArgumentError, "0-dimensional"),
    "another norm": (lambda: at.fft.hfft(at.ones(4), norm="x"), ArgumentError, '"backward", "ortho" and "forward", got \'x\''),
    "another norm of none": (lambda: at.fft.fftn(at.ones(()), norm="x"), ArgumentError, "fftn knows the norms"),
    "s without axes": (lambda: at.fft.fftn(at.ones((2, 2)), s=(2, 2)), ArgumentError, "needs axes= too"),
    "s of another length": (lambda: at.fft.fft2(at.ones((2, 2)), s=(2,)), ArgumentError, r"a length for each axis, got s=\(2,\)"),
    "s of 0": (lambda: at.fft.rfft2(at.ones((2, 2)), s=(2, 0)), ArgumentError, "rfftn needs a length of at least 1, got 0"),
    "no axes for rfftn": (lambda: at.fft.rfftn(at.ones(())), ShapeError, "rfftn needs at least one axis"),
    "no axes for irfftn": (lambda: at.fft.irfftn(at.ones(3), axes=()), ShapeError, "irfftn needs at least one axis"),
    "rfft of complex": (
        lambda: at.fft.rfft(at.tensor([1j, 2])),
        DTypeError,
        r"rfft takes real numbers, got dtype complex64.*x\.real",
    ),
    "ihfft of complex": (lambda: at.fft.ihfft(at.tensor([1j, 2])), DTypeError, "takes real numbers"),
    "frequencies of 0": (lambda: at.fft.fftfreq(0), ArgumentError, "fftfreq needs a length of at least 1"),
    "another device": (lambda: at.fft.rfftfreq(2, device="gpu"), ArgumentError, "cpu"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_fit_is_refused(name: str) -> None:
    call, kind, text = REFUSALS[name]
    with pytest.raises(kind, match=text):
        call()


@pytest.mark.parametrize("name", [*ONE, *MANY])
def test_gradients_of_cut_and_filled_transforms_are_right(name: str) -> None:
    length = {"n": 6} if name in ONE else {"s": (3, 6), "axes": (0, 1)}
    at.testing.check_grads(lambda x: getattr(at.fft, name)(x, **length, norm="forward"), operand(name)[:2, :4], samples=6)


def test_energy_is_kept_and_so_is_its_gradient() -> None:
    x = at.tensor(REAL, requires_grad=True)
    energy = at.square(at.abs(at.fft.fftn(x, norm="ortho"))).sum()
    np.testing.assert_allclose(energy.item(), np.sum(REAL**2), rtol=1e-14)
    energy.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.data, 2 * REAL, rtol=1e-13)


def test_a_transform_of_many_examples_is_one_call() -> None:
    rows = at.tensor(COMPLEX)
    agree(at.vmap(at.fft.fft)(rows), np.fft.fft(COMPLEX))
    agree(at.vmap(at.fft.irfft, in_axes=1)(rows), np.fft.irfft(COMPLEX.T))


def test_numpy_loads_its_transforms_with_the_first_of_ours() -> None:
    program = (
        "import sys, autotensor as at; before = 'numpy.fft._pocketfft' in sys.modules; at.fft.fft(at.ones(2)); "
        "assert not before and 'numpy.fft._pocketfft' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
