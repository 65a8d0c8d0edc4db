"""NumPy's functions take Tensors where we have the same function, settings by position included."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import DTypeError

X = np.array([[3.0, 1.0, 2.0], [6.0, 5.0, 4.0]])
CALLS: dict[str, Callable[[Any], Any]] = {
    "sort": lambda x: np.sort(x, 0),
    "argsort": lambda x: np.argsort(x, axis=0),
    "searchsorted": lambda x: np.searchsorted(x[0] * [0, 1, 2], x[1], "right"),
    "cumsum": np.cumsum,
    "cumsum along an axis": lambda x: np.cumsum(x, 1),
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "cumulative_sum": lambda x: np.cumulative_sum(x, axis=1),
    "diff": lambda x: np.diff(x, 1, 0),
    "median": lambda x: np.median(x, 0),
    "quantile": lambda x: np.quantile(x, 0.3, 1),
    "percentile": lambda x: np.percentile(x, [10, 30]),
    "take_along_axis": lambda x: np.take_along_axis(x, np.argmax(x, axis=1, keepdims=True), 1),
    "pad": lambda x: np.pad(x, 1, "edge"),
    "roll": lambda x: np.roll(x, 1, 0),
    "repeat": lambda x: np.repeat(x, 2, 1),
    "tile": lambda x: np.tile(x, (2, 1)),
    "split": lambda x: np.split(x, 3, 1),
    "array_split": lambda x: np.array_split(x, 2, 1),
    "unstack": np.unstack,
    "meshgrid": lambda x: np.meshgrid(x[0], x[1]),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "tensordot": lambda x: np.tensordot(x, x, ([1], [1])),
    "dot": lambda x: np.dot(x, x.T),
    "inner": lambda x: np.inner(x, x),
    "outer": lambda x: np.outer(x, x),
    "kron": lambda x: np.kron(x, x),
    "cross": lambda x: np.cross(x, x + 1),
    "vecdot": lambda x: np.vecdot(x, x),
    "tril": lambda x: np.tril(x, 1),
    "triu": lambda x: np.triu(x, -1),
    "trace": lambda x: np.trace(x, 1),
    "diagonal": lambda x: np.diagonal(x, 1),
    "diag": np.diag,
    "convolve": lambda x: np.convolve(x[0], x[1], "same"),
    "correlate": lambda x: np.correlate(x[0], x[1]),
    "interp": lambda x: np.interp(x, [0.0, 1.0, 9.0], [1.0, 2.0, 3.0]),
    "sinc": np.sinc,
    "i0": np.i0,
    "heaviside": lambda x: np.heaviside(x - 2, 0.5),
    "copysign": lambda x: np.copysign(x, -1.0),
    "nansum": np.nansum,
    "nanmax": lambda x: np.nanmax(x, 0),
    "nan_to_num": np.nan_to_num,
    "nonzero": np.nonzero,
    "isin": lambda x: np.isin(x, [1.0]),
    "unique_values": np.unique_values,
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[0]),
    "positive": np.positive,
    "sort, flattened": lambda x: np.sort(x, None),
    "argsort, flattened": lambda x: np.argsort(x, axis=None),
    "unique": np.unique,
    "unique, all": lambda x: np.unique(x // 2, return_index=True, return_inverse=True, return_counts=True),
    "unique, with NaN": lambda x: np.unique(np.where(x > 2, np.nan, x), return_inverse=True, return_counts=True),
    "unique, NaN apart": lambda x: np.unique(np.where(x > 2, np.nan, x), equal_nan=False),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpys_function_of_a_tensor_is_ours(name: str) -> None:
    ours, theirs = CALLS[name](at.tensor(X)), CALLS[name](X)
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
    for y, expected in pairs:
        assert isinstance(y, at.Tensor)
        np.testing.assert_allclose(y.data, expected)


def test_too_many_settings_are_refused() -> None:
    with pytest.raises(DTypeError, match=r"np\.median on a Tensor: 3 positional arguments, 2 at most are known"):
        np.median(at.tensor(X), 0, None)  # type: ignore[call-overload]
