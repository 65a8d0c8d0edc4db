"""Shapes and dtypes: the vocabulary every rule speaks, and the arithmetic on it."""

from __future__ import annotations

import array
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from autotensor.core.errors import ArgumentError, AxisRangeError, DTypeError, ShapeError

Array: TypeAlias = np.ndarray[Any, Any]
DType: TypeAlias = np.dtype[Any]
DTypeLike: TypeAlias = npt.DTypeLike
Shape: TypeAlias = tuple[int, ...]
ShapeLike: TypeAlias = int | Sequence[int]
Axis: TypeAlias = int | Sequence[int] | None
Scalar: TypeAlias = bool | int | float | complex

DEFAULT_FLOAT: DType = np.dtype(np.float32)
SCALARS = (bool, int, float, complex)


class Spec(NamedTuple):
    """What is known of a value without its numbers."""

    shape: Shape
    dtype: DType


class _Ones(dict[DType, Array]):
    """The number 1 of each dtype as an array of no axes: NumPy takes it in half the time of a Python number."""

    def __missing__(self, dtype: DType) -> Array:
        one = self[dtype] = np.ones((), dtype)
        one.flags.writeable = False
        return one


ONE = _Ones()


def normalise_axis(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Axes as a sorted tuple of non-negative ints; None means all of them.

    Raises: AxisRangeError if an axis is out of range; ArgumentError if it is named twice.

    >>> normalise_axis(-1, 3), normalise_axis(None, 2)
    ((2,), (0, 1))
    """
    if axis is None:
        return tuple(range(ndim))
    given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    axes = sorted(single_axis(a, ndim) for a in given)
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"axis={axis!r} names an axis of a {ndim}-dimensional tensor twice; name each once.")
    return tuple(axes)


def single_axis(axis: int, ndim: int) -> int:
    """One axis as a non-negative int.

    Raises: AxisRangeError unless it is in [-ndim, ndim); ArgumentError unless it is an int.
    """
    try:
        index = operator.index(axis)
    except TypeError:
        raise ArgumentError(f"an axis is an int or a tuple of ints, got {axis!r}.") from None
    if not -ndim <= index < ndim:
        bounds = f"must be in [{-ndim}, {ndim})" if ndim else "there is none (it is 0-dimensional)"
        raise AxisRangeError(f"axis {index} is out of range for a {ndim}-dimensional tensor; {bounds}.")
    return index % ndim


def normalise_shape(shape: ShapeLike) -> Shape:
    """A shape as a tuple of Python ints."""
    try:
        return (operator.index(shape),) if not isinstance(shape, Sequence) else tuple(map(operator.index, shape))
    except TypeError:
        raise ArgumentError(f"a shape is an int or a tuple of ints, got {shape!r}.") from None


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that NumPy broadcasting gives.

    Raises: ShapeError if the shapes do not broadcast.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(f"shapes {' and '.join(map(str, shapes))} do not broadcast.") from None


def real_array(x: Any) -> Array:
    """`x` as an array, for functions that are not of complex numbers: they would drop the imaginary part.

    Raises: TypeError for complex numbers, which a primitive's call makes a DTypeError.
    """
    array = np.asarray(x)
    if array.dtype.kind == "c":
        raise TypeError("it is a function of real numbers")
    return array


def reduced_shape(shape: Shape, axis: tuple[int, ...], keepdims: bool) -> Shape:
    """The shape after reducing over `axis`.

    >>> reduced_shape((2, 3), (1,), False), reduced_shape((2, 3), (1,), True)
    ((2,), (2, 1))
    """
    if keepdims:
        return tuple(1 if i in axis else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axis)


def as_array(data: Any, dtype: DTypeLike | None = None) -> Array:
    """`data` as an array, by the project's dtype rule: arrays keep their dtype, Python floats become float32.

    Raises: DTypeError if it is not numeric.

    >>> as_array([1.0, 2.0]).dtype, as_array(np.zeros(2)).dtype, as_array([1, 2]).dtype
    (dtype('float32'), dtype('float64'), dtype('int64'))
    """
    if dtype is not None and getattr(getattr(data, "dtype", None), "kind", "") == "c" and np.dtype(dtype).kind in "fiu":
        raise DTypeError(
            f"from {data.dtype} to {np.dtype(dtype)} the imaginary part would be lost: take x.real, x.imag or abs(x)."
        )
    try:
        array = np.asarray(data, dtype=dtype)
    except (ValueError, TypeError) as reason:
        raise DTypeError(f"cannot make a tensor of {type(data).__name__}: {reason}.") from None
    if array.dtype.kind not in "biufc":
        raise DTypeError(
            f"tensors hold numbers or booleans, got {type(data).__name__} of dtype {array.dtype}. "
            f"Convert it first, for example np.asarray(x, dtype='float32')."
        )
    if dtype is None and not hasattr(data, "dtype") and not _carries_dtype(data):
        if array.dtype == np.float64:
            return array.astype(np.float32)
        if array.dtype == np.complex128:
            return array.astype(np.complex64)
    return array


def _carries_dtype(data: Any) -> bool:
    """Whether it has a dtype of its own though it is no array: a buffer, or a nested list of arrays."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return hasattr(data, "dtype") or isinstance(data, (memoryview, array.array))
