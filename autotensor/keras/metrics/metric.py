"""What a metric is: a value over all the batches since it was reset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, SupportsIndex

import numpy as np

from autotensor.core.errors import ArgumentError, NotBuiltError, ShapeError
from autotensor.core.spec import Array, DTypeLike, as_array
from autotensor.core.tensor import Tensor
from autotensor.keras import config, initializers, names


class MetricVariable(Tensor):
    """A Tensor that a metric keeps between batches: `assign` puts another value in its place; never part of a graph.

    >>> import numpy as np
    >>> total = MetricVariable(np.zeros(()), "total")
    >>> total.assign_add(2.5)
    tensor(2.5, dtype=float64)
    >>> float(total), float(total / 2)
    (2.5, 1.25)
    """

    __slots__ = ("name",)

    def __init__(self, data: Any, name: str = "variable") -> None:
        super().__init__(np.array(data))
        self.name = name

    @property
    def value(self) -> Tensor:
        """The present value, which later assignments do not change."""
        return Tensor(self.data)

    def assign(self, value: Any) -> Self:
        """Put `value` in place of the present one.

        Raises: ShapeError if its shape differs.
        """
        array = plain_array(value)
        if array.shape != self.data.shape:
            raise ShapeError(f"variable {self.name!r} has shape {self.data.shape}, got a value of shape {array.shape}.")
        self.data = np.array(array, self.data.dtype)
        return self

    def assign_add(self, value: Any) -> Self:
        """Add `value` to the present one."""
        return self.assign(self.data + plain_array(value))

    def assign_sub(self, value: Any) -> Self:
        """Subtract `value` from the present one."""
        return self.assign(self.data - plain_array(value))

    def _rebuild(self, data: Array) -> MetricVariable:
        return MetricVariable(data, self.name)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return MetricVariable, (self.data, self.name)


def plain_array(x: Any) -> Any:
    """The array of a Tensor, or of anything numeric; nothing is copied that need not be."""
    if isinstance(x, Tensor):
        return x if hasattr(x, "interpret") else x.data  # what is being compiled has no array, and computes like one
    return x if type(x) is np.ndarray else as_array(x)


class Metric:
    """The base of metrics: subclass it and define `update_state` and `result`.

    State is held in variables made by `add_weight`, which `reset_state` sets to zero. They are float64 unless `dtype` says
    otherwise: a float32 counter stands still at 2**24.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", dtype=None):
    ...         super().__init__(name=name, dtype=dtype)
    ...         self.top = self.add_weight(name="top", shape=(), initializer="zeros")
    ...
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.top.assign(max(float(self.top), float(y_pred.max())))
    ...
    ...     def result(self):
    ...         return self.top
    >>> metric = Largest()
    >>> metric.update_state(None, np.array([1.0, 3.0]))
    >>> float(metric.result())
    3.0
    """

    def __init__(self, dtype: DTypeLike | None = None, name: str | None = None) -> None:
        self.name = name or names.unique_name(names.snake_case(type(self).__name__))
        self._dtype = np.dtype(dtype or config.floatx())
        self._variables: list[MetricVariable] = []

    @property
    def dtype(self) -> str:
        """The dtype of the result."""
        return str(self._dtype.name)

    @property
    def variables(self) -> list[MetricVariable]:
        """What `add_weight` made, here and in metrics that are attributes."""
        return [*self._variables, *(variable for metric in self._inner() for variable in metric.variables)]

    def _inner(self) -> list[Metric]:
        return [value for value in vars(self).values() if isinstance(value, Metric)]

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: DTypeLike | None = None,
        aggregation: str | None = None,
        name: str | None = None,
    ) -> MetricVariable:
        """A variable of `shape` that lives until the metric does; `aggregation` changes nothing on one machine.

        Raises: UnknownNameError for an unknown initializer; NotBuiltError before `super().__init__()`.
        """
        if "_variables" not in vars(self):
            raise NotBuiltError(f"{type(self).__name__}.__init__ must call super().__init__() before it makes variables.")
        values = initializers.get(initializer or "zeros")(tuple(shape), np.dtype(dtype or np.float64))
        variable = MetricVariable(values, name or f"variable_{len(self._variables)}")
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: DTypeLike | None = None,
        name: str | None = None,
        aggregation: str | None = None,
    ) -> MetricVariable:
        """`add_variable` under its older name."""
        if isinstance(shape, str):  # Keras 2: add_weight("total", ...)
            shape, name = (), shape
        return self.add_variable(shape, initializer, dtype, aggregation, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        raise ArgumentError(
            f"{type(self).__name__} does not say how it grows: define update_state(self, y_true, y_pred, sample_weight=None)."
        )

    def result(self) -> Any:
        """The value over all batches since the last reset."""
        raise ArgumentError(f"{type(self).__name__} does not say its value: define result(self).")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))
        for metric in self._inner():
            metric.reset_state()

    def reset_states(self) -> None:
        """`reset_state` under its Keras 2 name."""
        self.reset_state()

    def __call__(self, *batch: Any, **settings: Any) -> Any:
        self.update_state(*batch, **settings)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The same metric again, without its state."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
