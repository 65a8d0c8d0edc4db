"""Dtypes by name and what is known of them, as the array-API standard has it."""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.core.spec import DEFAULT_FLOAT, SCALARS, DType, DTypeLike

bool = np.dtype(np.bool_)
int8, int16, int32, int64 = (np.dtype(f"int{n}") for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{n}") for n in (8, 16, 32, 64))
float16, float32, float64 = (np.dtype(f"float{n}") for n in (16, 32, 64))
complex64, complex128 = np.dtype(np.complex64), np.dtype(np.complex128)

KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def isdtype(dtype: DTypeLike, kind: Any) -> builtins.bool:
    """Whether a dtype is another one, or of a kind, or any of a tuple of these.

    Kinds: "bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric".
    Raises: ArgumentError for another kind.

    >>> import autotensor as at
    >>> at.isdtype(at.float32, "real floating"), at.isdtype(at.float32, (at.float64, "integral"))
    (True, False)
    """
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, one) for one in kind)
    given = np.dtype(dtype)
    if isinstance(kind, str):
        if kind not in KINDS:
            raise ArgumentError(f"isdtype knows the kinds {', '.join(map(repr, KINDS))}, got {kind!r}.")
        return given.kind in KINDS[kind]
    return given == np.dtype(kind)


def _dtype_of(x: Any) -> Any:
    """The dtype of a tensor or array; a dtype and a Python scalar as they are."""
    return x if isinstance(x, SCALARS) else getattr(x, "dtype", x) if not isinstance(x, type) else x


class FloatingLimits(NamedTuple):
    """What `finfo` gives, in Python's numbers; of a complex dtype, the limits of its parts."""

    bits: int
    eps: float  # the distance from 1 to the next number
    max: float
    min: float  # -max
    smallest_normal: float
    dtype: DType


def finfo(dtype: Any, /) -> FloatingLimits:
    """Limits of a floating dtype, or of that of a tensor: bits, eps, max, min, smallest_normal.

    Raises: DTypeError unless it is floating or complex.

    >>> import autotensor as at
    >>> at.finfo(at.float32).eps
    1.1920928955078125e-07
    """
    given = np.dtype(_dtype_of(dtype))
    if given.kind not in "fc":
        raise DTypeError(f"finfo is about floating dtypes, got {given}; iinfo is about integers.")
    limits = np.finfo(given)
    eps, highest, lowest, normal = map(float, (limits.eps, limits.max, limits.min, limits.smallest_normal))
    return FloatingLimits(limits.bits, eps, highest, lowest, normal, np.dtype(limits.dtype))


def iinfo(dtype: Any, /) -> np.iinfo[Any]:
    """Limits of an integer dtype, or of that of a tensor: bits, max, min.

    Raises: DTypeError unless it is an integer dtype.

    >>> import autotensor as at
    >>> at.iinfo(at.int8).max
    127
    """
    given = np.dtype(_dtype_of(dtype))
    if given.kind not in "iu":
        raise DTypeError(f"iinfo is about integer dtypes, got {given}; finfo is about floating ones.")
    return np.iinfo(given)


def result_type(*operands: Any) -> DType:
    """The dtype that an operation on these gives; of tensors, arrays, dtypes and Python scalars, which are weak.

    >>> import autotensor as at
    >>> at.result_type(at.float32, at.int8), at.result_type(at.tensor([1, 2]), 1.0), at.result_type(at.float32, 2.0)
    (dtype('float32'), dtype('float64'), dtype('float32'))
    """
    known = [_dtype_of(x) for x in operands]
    if known and builtins.all(isinstance(x, SCALARS) for x in known):
        # as tensors made of them: Python floats become float32
        return np.result_type(*(DEFAULT_FLOAT if isinstance(x, float) else x for x in known))
    return np.result_type(*known)


def can_cast(from_: Any, to: DTypeLike, /) -> builtins.bool:
    """Whether a dtype, or that of a tensor, converts to another without loss by the rules of promotion.

    >>> import autotensor as at
    >>> at.can_cast(at.int8, at.float32), at.can_cast(at.float64, at.float32)
    (True, False)
    """
    return np.can_cast(np.dtype(_dtype_of(from_)), np.dtype(to))
