"""Numbers kept within limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.primitive import Elementwise
from autotensor.core.spec import SCALARS, DType, Scalar
from autotensor.ops.arithmetic import maximum, minimum
from autotensor.ops.conversion import astype, lift


class Clip(Elementwise):
    """Numbers within limits, elementwise: y = min(max(x, low), high), dy/dx = 1 where y = x, also at a limit, else 0.

    Settings: `min` and `max`, each a number, or None for no limit.
    """

    partials = (lambda ns, y, x: ns.cast(ns.equal(y, x), dtype=y.dtype),)
    examples = (
        (((3,),), {"min": -1.0, "max": 1.0}),
        (((2, 3),), {"min": 0.0, "max": None}),
        (((2, 0),), {"min": None, "max": 0.5}),
        (((),), {"min": -0.5, "max": 2.0}),
    )

    @staticmethod
    def numpy(x: Any, *, min: Scalar | None, max: Scalar | None) -> Any:
        y = x if min is None else np.maximum(x, min)
        return y if max is None else np.minimum(y, max)

    def kinks(self, x: Any, *, min: Scalar | None, max: Scalar | None) -> Any:  # type: ignore[override]
        distances = [np.abs(np.real(x) - limit) for limit in (min, max) if limit is not None]
        return np.minimum.reduce(distances) if distances else np.inf


_clip = Clip()


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Limit to [min, max], elementwise: y = min(max(x, low), high), in the dtype of x; None is no limit.

    Integers become floating where a limit is floating; a limit that their dtype cannot hold is as near to it as that can.
    The gradient is 1 inside and at a limit, 0 outside; 1/2 at a limit that is a tensor, which shares it (a tie of `maximum`).

    >>> import autotensor as at
    >>> at.clip(at.tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1. ,  0.5,  1. ])
    """
    numbers = all(limit is None or isinstance(limit, SCALARS) for limit in (min, max))
    y = lift(x) if numbers else x
    if min is None and max is None:
        return astype(y, y.dtype)
    low, high = (_fitting(limit, getattr(y, "dtype", None)) for limit in (min, max))
    if numbers:
        y = _clip(y, min=low, max=high)
    else:
        y = y if low is None else maximum(y, low)
        y = y if high is None else minimum(y, high)
    given = getattr(x, "dtype", y.dtype)
    one_kind = given.kind == y.dtype.kind or (given.kind in "iu" and y.dtype.kind in "iu")
    return astype(y, given, copy=False) if one_kind else y


def _fitting(limit: Any, dtype: DType | None) -> Any:
    """A limit for integers of `dtype` as such an integer: beside a wider one NumPy would compute in another dtype, or refuse."""
    if isinstance(limit, np.floating) and isinstance(limit, float):
        limit = float(limit)  # np.float64 is a float, but not as weak as one
    if dtype is None or dtype.kind not in "iu" or limit is None:
        return limit
    own = np.iinfo(dtype)
    if isinstance(limit, int):
        return sorted((own.min, int(limit), own.max))[1]
    kind = getattr(limit, "dtype", dtype)
    if kind == dtype or kind.kind not in "iu":
        return limit
    wide = np.iinfo(kind)
    return astype(_clip(limit, min=max(own.min, wide.min), max=min(own.max, wide.max)), dtype)
