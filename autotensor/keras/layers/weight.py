"""A weight of a Keras layer: a parameter that may carry a regularizer and a constraint."""

from __future__ import annotations

from typing import Any, SupportsIndex

from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.nn.parameter import Parameter


class Weight(Parameter):
    """A parameter made by `Layer.add_weight`. Its `regularizer` adds to the loss, its `constraint` runs after each step."""

    __slots__ = ("constraint", "regularizer")

    def __init__(self, data: Any, requires_grad: bool = True, regularizer: Any = None, constraint: Any = None) -> None:
        super().__init__(data, requires_grad)
        self.regularizer = regularizer
        self.constraint = constraint

    def _rebuild(self, data: Array) -> Tensor:
        return restore(data, self.requires_grad, self.name, self.regularizer, self.constraint)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return restore, (self.data, self.requires_grad, self.name, self.regularizer, self.constraint)


def restore(data: Array, requires_grad: bool, name: str | None, regularizer: Any, constraint: Any) -> Weight:
    """A weight again, after copying or unpickling."""
    twin = Weight(data, requires_grad, regularizer, constraint)
    twin.name = name
    return twin
