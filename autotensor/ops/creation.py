"""Tensors from numbers: all constants, unless `requires_grad` is asked for. `Full` makes the constants of gradient rules.

`device` is the array-API standard's; there is one, "cpu", and another is an ArgumentError.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.core.primitive import Primitive
from autotensor.core.spec import DEFAULT_FLOAT, DType, DTypeLike, Shape, ShapeLike, Spec, as_array, normalise_shape
from autotensor.core.tensor import Tensor
from autotensor.ops.conversion import on_cpu


class Full(Primitive):
    """A constant of a shape and dtype: y = fill, everywhere."""

    differentiable = False
    examples = (((), {"shape": (2, 3), "fill": 1.5, "dtype": np.dtype(np.float64)}),)

    def value(self, *, shape: Shape, fill: Any, dtype: DType) -> Any:
        return np.full(shape, fill, dtype)

    def shape(self, *, shape: Shape, fill: Any, dtype: DType) -> Spec:  # type: ignore[override]
        return Spec(shape, dtype)


_full = Full()


def tensor(data: Any, dtype: DTypeLike | None = None, requires_grad: bool = False) -> Tensor:  # noqa: FBT001, FBT002 - as PyTorch
    """A new Tensor with a copy of `data`: Python floats become float32, NumPy arrays keep their dtype.

    Raises: DTypeError if `data` is not numeric, or not floating while `requires_grad`.

    >>> import autotensor as at
    >>> at.tensor([[1.0, 2.0]], requires_grad=True)
    tensor([[1., 2.]], requires_grad=True)
    """
    array = np.array(as_array(data.numpy() if isinstance(data, Tensor) else data, dtype), order="C")
    return Tensor(array).requires_grad_(requires_grad)


def asarray(data: Any, /, *, dtype: DTypeLike | None = None, copy: bool | None = None, device: str | None = None) -> Tensor:
    """`data` as a constant Tensor, without copying where that is possible; a Tensor of the wanted dtype is returned as it is.

    `copy=True` always copies, `copy=False` never does.
    Raises: ArgumentError if something must be copied and may not.

    >>> import autotensor as at, numpy as np
    >>> at.asarray(np.zeros(2)).dtype
    dtype('float64')
    """
    on_cpu(device)
    if isinstance(data, Tensor) and not copy and dtype in (None, data.dtype):
        return data
    if copy is False:
        _check_shared(data, dtype)
    array = as_array(data.numpy() if isinstance(data, Tensor) else data, dtype)
    return Tensor(array.copy() if copy else array)


def _check_shared(data: Any, dtype: DTypeLike | None) -> None:
    try:
        np.asarray(data, dtype=dtype, copy=False)
    except ValueError:
        wanted = "" if dtype is None else f" of dtype {np.dtype(dtype)}"
        given = f"{type(data).__name__} of dtype {data.dtype}" if hasattr(data, "dtype") else type(data).__name__
        raise ArgumentError(
            f"asarray with copy=False needs an array{wanted}, got {given}. Leave copy out, to copy where that is needed."
        ) from None


def zeros(shape: ShapeLike, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """All 0, float32 unless `dtype` says otherwise.

    >>> import autotensor as at
    >>> at.zeros((2,))
    tensor([0., 0.])
    """
    on_cpu(device)
    return full(shape, 0, dtype=dtype or DEFAULT_FLOAT)


def ones(shape: ShapeLike, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """All 1, float32 unless `dtype` says otherwise.

    >>> import autotensor as at
    >>> at.ones((2,))
    tensor([1., 1.])
    """
    on_cpu(device)
    return full(shape, 1, dtype=dtype or DEFAULT_FLOAT)


def full(shape: ShapeLike, fill_value: Any, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """All `fill_value`; the dtype follows it unless given.

    >>> import autotensor as at
    >>> at.full((2,), 7)
    tensor([7, 7])
    """
    on_cpu(device)
    return Tensor(np.full(normalise_shape(shape), as_array(fill_value, dtype)))


def zeros_like(x: Any, /, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """All 0, with the shape and dtype of `x`.

    >>> import autotensor as at
    >>> at.zeros_like(at.tensor([1.0, 2.0]))
    tensor([0., 0.])
    """
    on_cpu(device)
    return full(x.shape, 0, dtype=dtype or x.dtype)


def ones_like(x: Any, /, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """All 1, with the shape and dtype of `x`.

    >>> import autotensor as at
    >>> at.ones_like(at.tensor([1.0, 2.0]))
    tensor([1., 1.])
    """
    on_cpu(device)
    return full(x.shape, 1, dtype=dtype or x.dtype)


def full_like(x: Any, /, fill_value: Any, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """All `fill_value`, with the shape and dtype of `x`.

    >>> import autotensor as at
    >>> at.full_like(at.tensor([1.0, 2.0]), 5)
    tensor([5., 5.])
    """
    on_cpu(device)
    return full(x.shape, fill_value, dtype=dtype or x.dtype)


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: DTypeLike | None = None, device: str | None = None
) -> Tensor:
    """Evenly spaced numbers in [start, stop), or in [0, start) when `stop` is omitted.

    >>> import autotensor as at
    >>> at.arange(3)
    tensor([0, 1, 2])
    """
    on_cpu(device)
    given = (0, start, step) if stop is None else (start, stop, step)
    # counted in the dtype itself where numbers are whole: those beyond int64 would pass through floating ones
    whole = dtype is not None and np.dtype(dtype).kind in "iu" and all(isinstance(x, int) for x in given)
    array = np.arange(*given, dtype=dtype if whole else None)
    return Tensor(as_array(array.tolist() if dtype is None and array.dtype == np.float64 else array, dtype))


def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: DTypeLike | None = None,
    endpoint: bool = True,
    device: str | None = None,
) -> Tensor:
    """`num` evenly spaced numbers from start to stop, float32 (complex64 of complex ends) unless `dtype` says otherwise.

    >>> import autotensor as at
    >>> at.linspace(0, 1, 3)
    tensor([0. , 0.5, 1. ])
    """
    on_cpu(device)
    default = np.dtype(np.complex64) if isinstance(start + stop, complex) else DEFAULT_FLOAT
    return Tensor(np.linspace(start, stop, num, endpoint=endpoint, dtype=dtype or default))


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DTypeLike | None = None, device: str | None = None
) -> Tensor:
    """1 on the k-th diagonal, 0 elsewhere, float32 unless `dtype` says otherwise.

    >>> import autotensor as at
    >>> at.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    on_cpu(device)
    return Tensor(np.eye(n_rows, n_cols, k, dtype=dtype or DEFAULT_FLOAT))
