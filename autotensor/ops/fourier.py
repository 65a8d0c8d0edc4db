"""The discrete Fourier transforms along one axis, as primitives: each is linear, and its transpose is one of them again.

Settings in normal form: `axis` a non-negative int, `norm` "backward", "ortho" or "forward": which way carries the factor 1/n.
NumPy's FFT module is loaded with the first transform.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Spec

OTHER_WAY = {"backward": "forward", "ortho": "ortho", "forward": "backward"}  # the norm with which the inverse has our factor


def _along(axis: int, norm: str, **settings: int) -> dict[str, Any]:
    return {"axis": axis, "norm": norm, **settings}


class _Transform(Multilinear):
    """A transform along one axis."""

    function: ClassVar[str]  # NumPy's name
    examples = (
        (((4,),), _along(0, "backward")),
        (((2, 3),), _along(1, "ortho")),
        (((3, 2, 2),), _along(0, "forward")),
        (((1,),), _along(0, "backward")),
        (((0, 5),), _along(1, "ortho")),
    )

    def value(self, x: Any, **settings: Any) -> Any:
        return getattr(np.fft, self.function)(x, **settings)

    def shape(self, x: Spec, *, axis: int, **settings: Any) -> Spec:  # type: ignore[override]
        row = self.value(np.zeros((x.shape[axis],), x.dtype), axis=0, **settings)  # one row says its length and dtype
        return Spec((*x.shape[:axis], *row.shape, *x.shape[axis + 1 :]), row.dtype)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return getattr(ns, self.name)(operands[0], **{**settings, "axis": settings["axis"] + 1})


class Fft(_Transform):
    """Fourier transform along an axis: y_k = sum_j x_j e**(-2 pi i j k/n), dx = fft(g): the matrix is symmetric."""

    function = "fft"
    kinds = ("complex",)
    transposes = (lambda ns, g, x, axis, norm: ns.fft(g, axis=axis, norm=norm),)


class Ifft(_Transform):
    """Inverse Fourier transform along an axis: y_j = 1/n sum_k x_k e**(2 pi i j k/n), dx = ifft(g): the matrix is symmetric."""

    function = "ifft"
    kinds = ("complex",)
    transposes = (lambda ns, g, x, axis, norm: ns.ifft(g, axis=axis, norm=norm),)


def _weights(n: int, pair: float, like: Any, axis: int) -> Any:
    """For each entry of half a spectrum of n numbers: `pair` where it stands for two of the whole, 1 at 0 and at n/2."""
    weights = np.full((n // 2 + 1,), pair, np.empty((), like.dtype).real.dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights.reshape(-1, *(1,) * (len(like.shape) - axis - 1))


def _back_from_half(ns: Namespace, g: Any, x: Any, axis: int, norm: str) -> Any:
    n = x.shape[axis]
    return ns.irfft(ns.conj(g) * _weights(n, 0.5, g, axis), n=n, axis=axis, norm=OTHER_WAY[norm])


def _back_to_half(ns: Namespace, g: Any, x: Any, n: int, axis: int, norm: str) -> Any:
    return ns.conj(ns.rfft(g, axis=axis, norm=OTHER_WAY[norm])) * _weights(n, 2.0, x, axis)


class Rfft(_Transform):
    """Fourier transform of real numbers along an axis, its first n//2 + 1 entries: the others are their conjugates.

    dx_j = Re(sum_k g_k e**(-2 pi i j k/n)): n times `irfft` of conj(g), with weight 1/2 for the entries that stand for two.
    """

    function = "rfft"
    transposes = (_back_from_half,)


class Irfft(_Transform):
    """Real numbers from half a spectrum along an axis: y = ifft of the n//2 + 1 entries and the conjugates that they stand for.

    dx = conj(rfft(g)) with weight 2 for the entries that stand for two.
    """

    function = "irfft"
    kinds = ("complex",)
    examples: ClassVar[Any] = (
        (((3,),), _along(0, "backward", n=4)),
        (((3,),), _along(0, "ortho", n=5)),
        (((2, 2),), _along(1, "forward", n=3)),
        (((2, 2),), _along(0, "ortho", n=2)),
        (((1,),), _along(0, "backward", n=1)),
    )
    transposes = (_back_to_half,)

    def shape(self, x: Spec, *, n: int, axis: int, norm: str) -> Spec:  # type: ignore[override]
        if x.shape[axis] != n // 2 + 1:
            raise ShapeError(f"half a spectrum of {n} numbers has {n // 2 + 1} entries, got {x.shape[axis]} along axis {axis}.")
        return super().shape(x, n=n, axis=axis, norm=norm)


fft, ifft, rfft, irfft = Fft(), Ifft(), Rfft(), Irfft()
