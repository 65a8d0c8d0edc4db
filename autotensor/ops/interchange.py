"""What the array-API standard asks of a namespace beside functions: constants, exchange with other libraries, and information."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.core.spec import DEFAULT_FLOAT, DType, DTypeLike, ShapeLike
from autotensor.core.tensor import Tensor
from autotensor.ops import dtypes
from autotensor.ops.conversion import on_cpu
from autotensor.ops.creation import asarray, zeros, zeros_like

__array_api_version__ = "2024.12"

pi = math.pi
e = math.e
inf = math.inf
nan = math.nan
newaxis = None

OURS_ALONE = ("DEFAULT_FLOAT", "float16")  # not dtypes of the standard


def empty(shape: ShapeLike, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """A tensor whose numbers do not matter; here they are 0, so that a mistake is the same every time.

    >>> import autotensor as at
    >>> at.empty((2, 3)).shape
    (2, 3)
    """
    return zeros(shape, dtype=dtype, device=device)


def empty_like(x: Any, /, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """A tensor of the shape and dtype of `x` whose numbers do not matter; here they are 0.

    >>> import autotensor as at
    >>> at.empty_like(at.ones((2,), dtype="int8")).dtype
    dtype('int8')
    """
    return zeros_like(x, dtype=dtype, device=device)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """The array of another library as a constant, without copying where that is possible.

    Raises: DTypeError unless it can be exchanged; ArgumentError for another device than "cpu".

    >>> import autotensor as at, numpy as np
    >>> at.from_dlpack(np.ones(2))
    tensor([1., 1.], dtype=float64)
    """
    on_cpu(device)
    if not hasattr(x, "__dlpack__"):
        raise DTypeError(f"from_dlpack takes an array that has __dlpack__, got {type(x).__name__}; asarray takes nested lists.")
    return asarray(np.from_dlpack(x, copy=copy))


def to_device(x: Any, device: Any, /) -> Any:
    """The same tensor: there is one device.

    Raises: ArgumentError for another device than "cpu".

    >>> import autotensor as at
    >>> at.to_device(at.tensor([1.0]), "cpu")
    tensor([1.])
    """
    on_cpu(device)
    return x


def checked_version(api_version: str | None) -> None:
    """Refuse a version of the standard that is not provided.

    Raises: ArgumentError.
    """
    if api_version not in {None, "2021.12", "2022.12", "2023.12", __array_api_version__}:
        raise ArgumentError(f"autotensor follows the array-API standard {__array_api_version__}, asked for {api_version!r}.")


class NamespaceInfo:
    """What `__array_namespace_info__` gives: devices, dtypes and abilities, in the standard's form."""

    def capabilities(self) -> dict[str, Any]:
        """Boolean indexing and shapes that depend on data work; tensors have up to 64 axes."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """The device of new tensors."""
        return "cpu"

    def devices(self) -> list[str]:
        """All devices."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """What Python numbers become."""
        on_cpu(device)
        return {
            "real floating": DEFAULT_FLOAT,
            "complex floating": dtypes.complex64,
            "integral": dtypes.int64,
            "indexing": np.dtype(np.intp),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """The standard's dtypes by name, all or those of a kind that `isdtype` knows."""
        on_cpu(device)
        known = {name: one for name, one in vars(dtypes).items() if isinstance(one, np.dtype) and name not in OURS_ALONE}
        return known if kind is None else {name: one for name, one in known.items() if dtypes.isdtype(one, kind)}


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807 - the standard's name
    """Devices, dtypes and abilities of this namespace.

    >>> import autotensor as at
    >>> at.__array_namespace_info__().default_dtypes()["real floating"]
    dtype('float32')
    """
    return NamespaceInfo()
