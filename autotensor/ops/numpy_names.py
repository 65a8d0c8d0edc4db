"""Which NumPy function means which of ours, for `np.sum(tensor)` and the like. Ufuncs are registered by their primitives."""

from __future__ import annotations

from typing import Any

import numpy as np

SAME = (  # noqa: SIM905 - one line a dozen names
    "all any argmax argmin astype broadcast_to clip concat count_nonzero expand_dims flip full_like matmul matrix_transpose max "
    "mean min moveaxis ones_like permute_dims prod reshape round squeeze stack std sum swapaxes take var where zeros_like"
).split()
OTHER = {"amax": "max", "amin": "min", "concatenate": "concat", "transpose": "permute_dims"}


def table(public: Any) -> dict[Any, Any]:
    """NumPy function -> ours, with NumPy's spelling of a setting where it differs."""
    ours = {getattr(np, name): getattr(public, name) for name in SAME if hasattr(np, name)}
    ours.update({getattr(np, theirs): getattr(public, name) for theirs, name in OTHER.items()})

    def ravel(x: Any) -> Any:
        return public.reshape(x, (-1,))

    def variance(x: Any, axis: Any = None, *, ddof: float = 0, correction: float = 0, keepdims: bool = False) -> Any:
        return public.var(x, axis, correction=ddof or correction, keepdims=keepdims)

    def deviation(x: Any, axis: Any = None, *, ddof: float = 0, correction: float = 0, keepdims: bool = False) -> Any:
        return public.std(x, axis, correction=ddof or correction, keepdims=keepdims)

    def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
        return public.clip(x, a_min if min is None else min, a_max if max is None else max)

    def concatenate(arrays: Any, axis: int | None = 0) -> Any:
        return public.concat(arrays, axis=axis)

    def stack(arrays: Any, axis: int = 0) -> Any:
        return public.stack(arrays, axis=axis)

    def flip(x: Any, axis: Any = None) -> Any:
        return public.flip(x, axis=axis)

    def take(x: Any, indices: Any, axis: int | None = None) -> Any:
        return public.take(ravel(x), indices, axis=0) if axis is None else public.take(x, indices, axis=axis)

    def round_(x: Any, decimals: int = 0) -> Any:
        return public.round(x) if decimals == 0 else public.round(x * 10.0**decimals) / 10.0**decimals

    ours.update({np.ravel: ravel, np.var: variance, np.std: deviation, np.clip: clip, np.concatenate: concatenate})
    ours.update({np.stack: stack, np.flip: flip, np.take: take, np.round: round_})
    return ours
