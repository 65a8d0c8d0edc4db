"""Reductions that pass over NaN, which is neither counted nor given a gradient."""

from __future__ import annotations

import math
from typing import Any

from autotensor.core.spec import Axis
from autotensor.ops.comparison import isnan, where
from autotensor.ops.complex_numbers import complex, imag, real
from autotensor.ops.conversion import apart, lift
from autotensor.ops.reduction import all, max, min, sum


def nansum(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Sum over axes of what is not NaN; 0 where all is.

    >>> import autotensor as at
    >>> at.nansum(at.tensor([1.0, at.nan, 3.0]))
    tensor(4.)
    """
    x = lift(x)
    return sum(where(isnan(x), 0.0, x) if x.dtype.kind in "fc" else x, axis, keepdims=keepdims)


def nanmean(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Mean over axes of what is not NaN; NaN where all is.

    >>> import autotensor as at
    >>> at.nanmean(at.tensor([1.0, at.nan, 3.0]))
    tensor(2.)
    """
    x = lift(x)
    known = sum(where(isnan(x), 0.0, 1.0), axis, keepdims=keepdims)
    total = nansum(x, axis, keepdims=keepdims)
    return where(known == 0, math.nan, total / where(known == 0, 1.0, known).astype(total.dtype))


def nanmax(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Largest element over axes of those that are not NaN; NaN where all are. Ties share the gradient.

    >>> import autotensor as at
    >>> at.nanmax(at.tensor([1.0, at.nan, 3.0]))
    tensor(3.)
    """
    x = lift(x)
    best = max(where(isnan(x), -math.inf, x), axis, keepdims=keepdims)
    return where(all(isnan(x), axis, keepdims=keepdims), math.nan, best)


def nanmin(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Smallest element over axes of those that are not NaN; NaN where all are. Ties share the gradient.

    >>> import autotensor as at
    >>> at.nanmin(at.tensor([1.0, at.nan, 3.0]))
    tensor(1.)
    """
    x = lift(x)
    best = min(where(isnan(x), math.inf, x), axis, keepdims=keepdims)
    return where(all(isnan(x), axis, keepdims=keepdims), math.nan, best)


def nan_to_num(x: Any, /, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in the place of NaN and, if given, of the infinities, elementwise; no gradient where one is put in.

    >>> import autotensor as at
    >>> at.nan_to_num(at.tensor([1.0, at.nan]), nan=9.0)
    tensor([1., 9.])
    """
    x = lift(x)
    if x.dtype.kind == "c":  # each part by itself
        re, im = (nan_to_num(part, nan=nan, posinf=posinf, neginf=neginf) for part in (real(x), imag(x)))
        return complex(re, im)
    y = where(isnan(x), nan, x) if x.dtype.kind == "f" else apart(x)
    y = y if posinf is None else where(x == math.inf, posinf, y)
    return y if neginf is None else where(x == -math.inf, neginf, y)
