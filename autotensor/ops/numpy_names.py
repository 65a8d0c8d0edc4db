"""Which NumPy function means which of ours, for `np.sum(tensor)` and the like. Ufuncs are registered by their primitives."""

from __future__ import annotations

from typing import Any

import numpy as np

SAME = (  # noqa: SIM905 - one line a dozen names
    "all any argmax argmin astype broadcast_to clip concat count_nonzero expand_dims flip full_like matmul matrix_transpose max "
    "mean min moveaxis ones_like permute_dims prod reshape round squeeze stack std sum swapaxes take var where zeros_like "
    "broadcast_arrays can_cast empty_like i0 isin nan_to_num nanmax nanmean nanmin nansum nonzero positive result_type "
    "unique_all unique_counts unique_inverse unique_values"
).split()
OTHER = {"amax": "max", "amin": "min", "concatenate": "concat", "transpose": "permute_dims"}

# NumPy's functions whose settings may be positional, where ours are keywords: how many values come first, then the settings
SETTINGS = {
    "array_split": (2, "axis"), "convolve": (2, "mode"), "correlate": (2, "mode"), "cross": (2, "axis"),
    "cumulative_prod": (1, ""), "cumulative_sum": (1, ""), "diag": (1, "k"), "diagonal": (1, "offset axis1 axis2"),
    "diff": (1, "n axis prepend append"), "dot": (2, ""), "einsum": (99, ""), "inner": (2, ""),
    "interp": (3, "left right period"), "kron": (2, ""), "median": (1, "axis"), "meshgrid": (99, ""), "outer": (2, ""),
    "pad": (3, ""), "quantile": (2, "axis"), "repeat": (2, "axis"), "roll": (2, "axis"), "searchsorted": (2, "side sorter"),
    "split": (2, "axis"), "take_along_axis": (2, "axis"), "tensordot": (2, "axes"),
    "tile": (2, ""), "tril": (1, "k"), "triu": (1, "k"), "unstack": (1, ""), "vecdot": (2, ""),
}  # fmt: skip


def positional(ours: Any, values: int, settings: str) -> Any:
    """`ours` with NumPy's positional settings."""
    names = settings.split()

    def called(*given: Any, **named: Any) -> Any:
        if len(given) > values + len(names):
            raise TypeError(f"{len(given)} positional arguments, {values + len(names)} at most are known")
        return ours(*given[:values], **dict(zip(names, given[values:], strict=False)), **named)

    return called


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


def table_of_settings(public: Any) -> dict[Any, Any]:
    """NumPy function -> ours, where NumPy takes settings by position or under another name."""
    known = {name: row for name, row in SETTINGS.items() if hasattr(np, name)}
    ours = {getattr(np, name): positional(getattr(public, name), *row) for name, row in known.items()}

    def cumulative(name: str) -> Any:
        def called(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
            return getattr(public, name)(public.reshape(x, (-1,)) if axis is None else x, axis=axis or 0, dtype=dtype)

        return called

    def percentile(x: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
        return public.quantile(x, np.asarray(q) / 100, axis, method=method, keepdims=keepdims)

    def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
        return public.trace(x, offset=offset, axis1=axis1, axis2=axis2, dtype=dtype)

    def ordered(name: str) -> Any:
        def called(x: Any, axis: int | None = -1, *, stable: bool = True) -> Any:
            return getattr(public, name)(public.reshape(x, (-1,)) if axis is None else x, axis=-1 if axis is None else axis)

        return called

    def unique(
        x: Any,
        return_index: bool = False,  # noqa: FBT001, FBT002 - NumPy's signature
        return_inverse: bool = False,  # noqa: FBT001, FBT002
        return_counts: bool = False,  # noqa: FBT001, FBT002
        *,
        equal_nan: bool = True,
    ) -> Any:
        values, places, inverse, counts = public.unique_all(x)
        kept = len(values) - int(np.isnan(values.numpy()).sum()) + 1  # NaN stands last
        if equal_nan and kept < len(values):
            values, places, inverse = values[:kept], places[:kept], public.minimum(inverse, kept - 1)
            counts = public.concat([counts[: kept - 1], public.sum(counts[kept - 1 :], keepdims=True)])
        more = [part for part, wanted in ((places, return_index), (inverse, return_inverse), (counts, return_counts)) if wanted]
        return (values, *more) if more else values

    ours.update({np.sort: ordered("sort"), np.argsort: ordered("argsort"), np.unique: unique})
    ours.update({np.cumsum: cumulative("cumulative_sum"), np.cumprod: cumulative("cumulative_prod")})
    return {**ours, np.percentile: percentile, np.trace: trace}
