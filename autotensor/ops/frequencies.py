"""The frequencies that the entries of a Fourier transform belong to, and the order that has 0 in the middle."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.core.spec import DEFAULT_FLOAT, Axis, DTypeLike, single_axis
from autotensor.core.tensor import Tensor
from autotensor.ops.conversion import lift, on_cpu
from autotensor.ops.padding import roll


def fftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """The frequencies of the entries of `fft`, in cycles per unit of `d`, the distance of samples: 0, 1, ..., -2, -1 over n d.

    Raises: ArgumentError for n < 1 or another device than "cpu".

    >>> import autotensor as at
    >>> at.fft.fftfreq(4)
    tensor([ 0.  ,  0.25, -0.5 , -0.25])
    """
    on_cpu(device)
    n = positive_length("fftfreq", n)
    return Tensor(np.asarray(np.fft.fftfreq(n, d), dtype or DEFAULT_FLOAT))


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """The frequencies of the entries of `rfft`, in cycles per unit of `d`, the distance of samples: 0, 1, ..., n//2 over n d.

    Raises: as `fftfreq`.

    >>> import autotensor as at
    >>> at.fft.rfftfreq(4)
    tensor([0.  , 0.25, 0.5 ])
    """
    on_cpu(device)
    n = positive_length("rfftfreq", n)
    return Tensor(np.asarray(np.fft.rfftfreq(n, d), dtype or DEFAULT_FLOAT))


def fftshift(x: Any, /, *, axes: Axis = None) -> Any:
    """The entry of frequency 0 in the middle of each axis, negative frequencies before it.

    >>> import autotensor as at
    >>> at.fft.fftshift(at.fft.fftfreq(4))
    tensor([-0.5 , -0.25,  0.  ,  0.25])
    """
    return _rolled(lift(x), axes, lambda n: n // 2)


def ifftshift(x: Any, /, *, axes: Axis = None) -> Any:
    """The inverse of `fftshift`: the entry in the middle of each axis comes first.

    >>> import autotensor as at
    >>> at.fft.ifftshift(at.tensor([-1.0, 0.0, 1.0]))
    tensor([ 0.,  1., -1.])
    """
    return _rolled(lift(x), axes, lambda n: -(n // 2))


def _rolled(x: Any, axes: Axis, shift: Callable[[int], int]) -> Any:
    given = tuple(range(len(x.shape))) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    places = [single_axis(axis, len(x.shape)) for axis in given]
    return roll(x, tuple(shift(x.shape[place]) for place in places), axis=tuple(places)) if places else x


def positive_length(name: str, n: Any) -> int:
    """`n` as an int.

    Raises: ArgumentError unless it is one, and at least 1.
    """
    try:
        length = operator.index(n)
    except TypeError:
        raise ArgumentError(f"{name} takes a length n that is an int, got {n!r}.") from None
    if length < 1:
        raise ArgumentError(f"{name} needs a length of at least 1, got {length}. Pass another: n= for one axis, s= for several.")
    return length
