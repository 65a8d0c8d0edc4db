"""Layers that join several tensors of one shape into one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from autotensor import ops
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.keras.layers.layer import Layer


class _Merge(Layer):
    """A function of a list of tensors whose shapes broadcast."""

    function: ClassVar[Callable[[Any, Any], Any]]

    def __init__(self, **common: Any) -> None:
        super().__init__(**common)
        self.built = True

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ArgumentError(f"{self.name}: {type(self).__name__} takes a list of two or more tensors, got {inputs!r}.")
        try:
            return self.merge(list(inputs))
        except ShapeError:
            shapes = [tuple(x.shape) for x in inputs]
            raise ShapeError(f"{self.name}: {type(self).__name__} takes shapes that broadcast, got {shapes}.") from None

    def merge(self, inputs: list[Any]) -> Any:
        """All inputs as one."""
        return functools.reduce(type(self).function, inputs)


class Add(_Merge):
    """The sum of a list of tensors.

    >>> import autotensor as at
    >>> Add()([at.tensor([[1.0]]), at.tensor([[2.0]])])
    tensor([[3.]])
    """

    function = staticmethod(ops.add)


class Multiply(_Merge):
    """The product of a list of tensors, elementwise."""

    function = staticmethod(ops.multiply)


class Maximum(_Merge):
    """The largest of a list of tensors, elementwise."""

    function = staticmethod(ops.maximum)


class Minimum(_Merge):
    """The smallest of a list of tensors, elementwise."""

    function = staticmethod(ops.minimum)


class Average(_Merge):
    """The mean of a list of tensors, elementwise."""

    function = staticmethod(ops.add)

    def merge(self, inputs: list[Any]) -> Any:
        return super().merge(inputs) / len(inputs)


class Subtract(_Merge):
    """The first of two tensors less the second."""

    function = staticmethod(ops.subtract)

    def merge(self, inputs: list[Any]) -> Any:
        if len(inputs) != 2:
            raise ArgumentError(f"{self.name}: Subtract takes exactly two tensors, got {len(inputs)}.")
        return super().merge(inputs)


class Concatenate(_Merge):
    """A list of tensors joined along `axis`.

    >>> import autotensor as at
    >>> Concatenate()([at.tensor([[1.0]]), at.tensor([[2.0]])])
    tensor([[1., 2.]])
    """

    def __init__(self, axis: int = -1, **common: Any) -> None:
        super().__init__(**common)
        self.axis = axis

    def merge(self, inputs: list[Any]) -> Any:
        return ops.concat(inputs, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}
