"""A parameter: a Tensor that a module learns."""

from __future__ import annotations

from typing import Any, SupportsIndex, cast

import numpy as np

from autotensor.core.node import Watch, leaf
from autotensor.core.spec import Array, DTypeLike, as_array
from autotensor.core.tensor import Tensor, restore


class Parameter(Tensor):
    """A Tensor that a module finds by itself when it is assigned to an attribute, and that optimizers change.

    It owns its array: `data` is copied. `name` is the attribute's name, set by the module; pictures and summaries show it.
    Raises: DTypeError if `requires_grad` and the dtype is not floating.

    >>> Parameter([1.0, 2.0])
    Parameter([1., 2.])
    >>> Parameter([1.0, 2.0], requires_grad=False)
    Parameter([1., 2.], requires_grad=False)
    """

    __slots__ = ("_label",)

    _label: str | None

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        array = data.data if isinstance(data, Tensor) else as_array(data)
        super().__init__(np.array(array, order="C"))
        self.requires_grad_(requires_grad)

    @property
    def name(self) -> str | None:
        """The attribute under which a module holds this parameter."""
        return self._name()

    @name.setter
    def name(self, name: str | None) -> None:
        self._label = name
        if self.node is not None and self.node.watch is not None:
            self.node.watch.name = name

    def _name(self) -> str | None:
        return getattr(self, "_label", None)

    def convert(self, dtype: DTypeLike) -> None:
        """Change the dtype in place, of the gradient too; graphs recorded before keep their own arrays."""
        if self.data.dtype == dtype:
            return
        self.data = self.data.astype(dtype)
        if self.node is not None and self.node.watch is not None:
            before = self.node.watch
            self.node = leaf(self.data)
            self.node.watch = watch = Watch(before.name, before.retain)
            watch.hooks = before.hooks
            watch.grad = None if before.grad is None else Tensor(before.grad.data.astype(dtype))

    def __repr__(self) -> str:
        numbers = np.array2string(self.data, separator=", ", prefix="Parameter(")
        notes = "" if self.dtype.name in ("float32", "int64", "bool") else f", dtype={self.dtype.name}"
        return f"Parameter({numbers}{notes}{'' if self.requires_grad else ', requires_grad=False'})"

    def _rebuild(self, data: Array) -> Tensor:
        return restore_named(type(self), data, self.requires_grad, self.name)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return restore_named, (type(self), self.data, self.requires_grad, self.name)


def restore_named(kind: type[Parameter], data: Array, requires_grad: bool, name: str | None) -> Tensor:
    """A parameter again, with its name, after copying or unpickling."""
    twin = cast(Parameter, restore(kind, data, requires_grad))
    twin.name = name
    return twin
