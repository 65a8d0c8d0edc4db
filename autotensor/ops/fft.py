"""Fourier transforms: `at.fft`, with the names of the array-API standard and NumPy's two-dimensional ones.

`n` is the length to which an axis is cut, or filled up with zeros, before the transform (of `irfft` and `hfft`: the length of the
result); `s` has one for each of `axes`, where -1 leaves the axis as it is. `norm` says which way carries the factor 1/n:
"backward" the inverse, "forward" the other one, "ortho" both, as 1/sqrt(n). float32 gives complex64. All are differentiable, to
any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autotensor.core.errors import ArgumentError, DTypeError, ShapeError
from autotensor.core.spec import single_axis
from autotensor.ops import fourier
from autotensor.ops.complex_numbers import conj
from autotensor.ops.conversion import lift
from autotensor.ops.frequencies import fftfreq, fftshift, ifftshift, positive_length, rfftfreq
from autotensor.ops.padding import pad

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft", "irfft2",
    "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

Lengths = Sequence[int] | None
Axes = Sequence[int] | None


def fft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Fourier transform along an axis: y_k = sum_j x_j e**(-2 pi i j k/n).

    Raises: ArgumentError for n < 1, an axis that is not there, or another norm.

    >>> import autotensor as at
    >>> at.fft.fft(at.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """
    x, place = _prepared("fft", x, axis, norm)
    return fourier.fft(_resized("fft", x, n, place), axis=place, norm=norm)


def ifft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Inverse Fourier transform along an axis: y_j = 1/n sum_k x_k e**(2 pi i j k/n).

    Raises: as `fft`.

    >>> import autotensor as at
    >>> at.fft.ifft(at.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """
    x, place = _prepared("ifft", x, axis, norm)
    return fourier.ifft(_resized("ifft", x, n, place), axis=place, norm=norm)


def rfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Fourier transform of real numbers along an axis, its first n//2 + 1 entries: the others are their conjugates.

    Raises: as `fft`; DTypeError for complex numbers.

    >>> import autotensor as at
    >>> at.fft.rfft(at.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """
    x, place = _prepared("rfft", x, axis, norm)
    _check_real("rfft", x)
    return fourier.rfft(_resized("rfft", x, n, place), axis=place, norm=norm)


def irfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """n real numbers from half a spectrum along an axis, the inverse of `rfft`; n is 2 (m - 1) for m entries unless given.

    For an odd number of them n must be given. The imaginary part of the first entry, and for even n that of the last, count as 0.
    Raises: as `fft`.

    >>> import autotensor as at
    >>> at.fft.irfft(at.tensor([1.0, 1.0, 1.0]))
    tensor([1., 0., 0., 0.])
    """
    x, place = _prepared("irfft", x, axis, norm)
    n = positive_length("irfft", 2 * (x.shape[place] - 1) if n is None else n)
    return fourier.irfft(_resized("irfft", x, n // 2 + 1, place), n=n, axis=place, norm=norm)


def hfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The real spectrum of n numbers that are symmetric, x_(n-j) = conj(x_j), from the first half of them.

    n is 2 (m - 1) for m of them unless given.
    Raises: as `fft`.

    >>> import autotensor as at
    >>> at.fft.hfft(at.tensor([1.0, 2.0, 3.0]))
    tensor([ 8., -2.,  0., -2.])
    """
    _check_norm("hfft", norm)
    return irfft(conj(x), n=n, axis=axis, norm=fourier.OTHER_WAY[norm])


def ihfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The inverse of `hfft`: the first n//2 + 1 of the symmetric numbers whose spectrum is `x`.

    Raises: as `fft`; DTypeError for complex numbers.

    >>> import autotensor as at
    >>> at.fft.ihfft(at.tensor([8.0, -2.0, 0.0, -2.0])).real
    tensor([1., 2., 3.])
    """
    _check_norm("ihfft", norm)
    return conj(rfft(x, n=n, axis=axis, norm=fourier.OTHER_WAY[norm]))


def fftn(x: Any, /, *, s: Lengths = None, axes: Axes = None, norm: str = "backward") -> Any:
    """`fft` along several axes, all unless given.

    Raises: as `fft`; ArgumentError unless `s` and `axes` are as long.

    >>> import autotensor as at
    >>> at.fft.fftn(at.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    x = lift(x)
    return _each(fft, x, *_pairs("fftn", x, s, axes, norm), norm)


def ifftn(x: Any, /, *, s: Lengths = None, axes: Axes = None, norm: str = "backward") -> Any:
    """`ifft` along several axes, all unless given.

    Raises: as `fftn`.

    >>> import autotensor as at
    >>> at.fft.ifftn(at.ones((2, 2)))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    x = lift(x)
    return _each(ifft, x, *_pairs("ifftn", x, s, axes, norm), norm)


def rfftn(x: Any, /, *, s: Lengths = None, axes: Axes = None, norm: str = "backward") -> Any:
    """`rfft` along the last of several axes, then `fft` along the others.

    Raises: as `fftn`; DTypeError for complex numbers.

    >>> import autotensor as at
    >>> at.fft.rfftn(at.ones((2, 4))).shape
    (2, 3)
    """
    x = lift(x)
    lengths, places = _pairs("rfftn", x, s, axes, norm)
    y = rfft(x, n=lengths[-1], axis=places[-1], norm=norm)
    return _each(fft, y, lengths[:-1], places[:-1], norm)


def irfftn(x: Any, /, *, s: Lengths = None, axes: Axes = None, norm: str = "backward") -> Any:
    """`ifft` along all but the last of several axes, then `irfft` along that one; the inverse of `rfftn`.

    Raises: as `fftn`.

    >>> import autotensor as at
    >>> at.fft.irfftn(at.fft.rfftn(at.ones((2, 4))))
    tensor([[1., 1., 1., 1.],
            [1., 1., 1., 1.]])
    """
    x = lift(x)
    lengths, places = _pairs("irfftn", x, s, axes, norm)
    y = _each(ifft, x, lengths[:-1], places[:-1], norm)
    n = 2 * (lengths[-1] - 1) if s is None else lengths[-1]
    return irfft(y, n=n, axis=places[-1], norm=norm)


def fft2(x: Any, /, *, s: Lengths = None, axes: Sequence[int] = (-2, -1), norm: str = "backward") -> Any:
    """`fftn` along the last two axes.

    >>> import autotensor as at
    >>> at.fft.fft2(at.ones((3, 2, 4))).shape
    (3, 2, 4)
    """
    return fftn(x, s=s, axes=axes, norm=norm)


def ifft2(x: Any, /, *, s: Lengths = None, axes: Sequence[int] = (-2, -1), norm: str = "backward") -> Any:
    """`ifftn` along the last two axes.

    >>> import autotensor as at
    >>> at.fft.ifft2(at.ones((3, 2, 4))).shape
    (3, 2, 4)
    """
    return ifftn(x, s=s, axes=axes, norm=norm)


def rfft2(x: Any, /, *, s: Lengths = None, axes: Sequence[int] = (-2, -1), norm: str = "backward") -> Any:
    """`rfftn` along the last two axes.

    >>> import autotensor as at
    >>> at.fft.rfft2(at.ones((3, 2, 4))).shape
    (3, 2, 3)
    """
    return rfftn(x, s=s, axes=axes, norm=norm)


def irfft2(x: Any, /, *, s: Lengths = None, axes: Sequence[int] = (-2, -1), norm: str = "backward") -> Any:
    """`irfftn` along the last two axes.

    >>> import autotensor as at
    >>> at.fft.irfft2(at.ones((3, 2, 4))).shape
    (3, 2, 6)
    """
    return irfftn(x, s=s, axes=axes, norm=norm)


def numpy_table() -> dict[str, Any]:
    """NumPy function -> ours, for `np.fft.fft(tensor)`; by name, as NumPy loads its module at first use."""
    single = {name: _by_position(name, "n") for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")}
    several = {f"{name}{d}": _by_position(f"{name}{d}", "s") for name in ("fft", "ifft", "rfft", "irfft") for d in ("n", "2")}
    shifts = {"fftshift": lambda x, axes=None: fftshift(x, axes=axes), "ifftshift": lambda x, axes=None: ifftshift(x, axes=axes)}
    return {f"numpy.fft.{name}": ours for name, ours in {**single, **several, **shifts}.items()}


def _by_position(name: str, length: str) -> Callable[..., Any]:
    ours = globals()[name]
    names = (length, "axis" if length == "n" else "axes", "norm")

    def called(x: Any, *given: Any, **named: Any) -> Any:
        if len(given) > len(names):
            raise TypeError(f"{len(given) + 1} positional arguments, {len(names) + 1} at most are known")
        settings = {**dict(zip(names, given, strict=False)), **named}
        if settings.get("norm", "") is None:
            del settings["norm"]
        return ours(x, **settings)

    return called


def _prepared(name: str, x: Any, axis: int, norm: str) -> tuple[Any, int]:
    x = lift(x)
    _check_norm(name, norm)
    return x, single_axis(axis, len(x.shape))


def _check_norm(name: str, norm: str) -> None:
    if norm not in fourier.OTHER_WAY:
        raise ArgumentError(f'{name} knows the norms "backward", "ortho" and "forward", got {norm!r}.')


def _check_real(name: str, x: Any) -> None:
    if x.dtype.kind == "c":
        raise DTypeError(f"{name} takes real numbers, got dtype {x.dtype}. fft takes complex ones; or take x.real.")


def _resized(name: str, x: Any, n: int | None, axis: int) -> Any:
    """`x` cut to n entries along an axis, or filled up with zeros."""
    have = x.shape[axis]
    n = positive_length(name, have if n is None else n)
    if n > have:
        return pad(x, [(0, n - have if i == axis else 0) for i in range(len(x.shape))])
    return x if n == have else x[(*(slice(None),) * axis, slice(0, n))]


def _pairs(name: str, x: Any, s: Lengths, axes: Axes, norm: str) -> tuple[list[int], list[int]]:
    """The length and the place of each axis."""
    _check_norm(name, norm)
    ndim = len(x.shape)
    if axes is None and s is not None:
        raise ArgumentError(f"{name} with lengths s={s!r} needs axes= too, one for each of them.")
    places = list(range(ndim)) if axes is None else [single_axis(axis, ndim) for axis in axes]
    if name in {"rfftn", "irfftn"} and not places:
        raise ShapeError(f"{name} needs at least one axis to transform, got shape {tuple(x.shape)} and axes={axes!r}.")
    given = [-1] * len(places) if s is None else s
    if len(given) != len(places):
        raise ArgumentError(f"{name} needs a length for each axis, got s={s!r} for axes={axes!r}.")
    return [x.shape[place] if n == -1 else positive_length(name, n) for n, place in zip(given, places, strict=True)], places


def _each(transform: Callable[..., Any], x: Any, lengths: Sequence[int], places: Sequence[int], norm: str) -> Any:
    """A transform along one axis after another, the last one first."""
    for n, place in zip(reversed(lengths), reversed(places), strict=True):
        x = transform(x, n=n, axis=place, norm=norm)
    return x
