"""How numbers leave a Tensor: as a NumPy array, as Python numbers, to another library.

What vmap records stays (`node.stay`): one example's number is not the others'.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import DTypeError, GraphError, ShapeError
from autotensor.core.node import Node, stay
from autotensor.core.spec import Array, DTypeLike


class Leaving:
    """Conversions of an array with a node to what has none."""

    __slots__ = ()

    data: Array
    node: Node | None

    def numpy(self) -> Array:
        """The array itself; a read-only view of it when the Tensor is part of a graph."""
        if self.node is None:
            return self.data
        stay(self.node, "numpy()")
        view = self.data.view()
        view.flags.writeable = False
        return view

    def item(self) -> Any:
        """The only element as a Python scalar.

        Raises: ShapeError if there is more than one.
        """
        stay(self.node, "item()")
        if self.data.size != 1:
            raise ShapeError(f"item() needs a single element, got shape {self.data.shape}. Use .numpy() or .tolist().")
        return self.data.item()

    def tolist(self) -> Any:
        """The elements as nested Python lists."""
        stay(self.node, "tolist()")
        return self.data.tolist()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        return np.array(array, dtype=dtype, copy=copy)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if self.node is not None:
            raise GraphError("a tensor in a graph is not handed to other libraries, its gradient would be lost: use x.detach().")
        return self.data.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.data.__dlpack_device__()

    # as Python numbers
    def __bool__(self) -> bool:
        stay(self.node, "bool()")
        if self.data.size != 1:
            raise ShapeError(
                f"the truth of a tensor of shape {self.data.shape} is not one value. Use .any() or .all(), or x is None."
            )
        return bool(self.data)

    def __float__(self) -> float:
        stay(self.node, "float()")
        return float(self.item())

    def __int__(self) -> int:
        stay(self.node, "int()")
        return int(self.item())

    def __complex__(self) -> complex:
        stay(self.node, "complex()")
        return complex(self.item())

    def __index__(self) -> int:
        stay(self.node, "an index made")
        if self.data.dtype.kind not in "iu":
            raise DTypeError(f"only integer tensors can be an index, got dtype {self.data.dtype}.")
        return int(self.item())
