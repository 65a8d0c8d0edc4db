"""A loss as an object: a function of one sample, and how the samples become one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.core.recording import inside
from autotensor.core.spec import DTypeLike
from autotensor.keras import config, configs, names
from autotensor.keras.losses.functions import FUNCTIONS, OWN
from autotensor.keras.losses.operands import predictions, same_rank, targets
from autotensor.keras.losses.reducing import known_reduction, reduced
from autotensor.ops import not_equal, reshape
from autotensor.ops.conversion import lift


class Loss:
    """The base of losses: subclass it and define `call(y_true, y_pred)`, which gives one value for each sample.

    Calling the object gives a scalar Tensor. Labels arrive in `call` as Tensors of the predictions' dtype.
    Units: `dtype` None computes in the predictions' dtype, at least float32; `reduction` see `reducing.reduced`.
    Raises: UnknownNameError for an unknown reduction.

    >>> class Cubed(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return (abs(y_true - y_pred) ** 3).mean(axis=-1)
    >>> Cubed()([[1], [0]], [[3.0], [0.0]])
    tensor(4.)
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: DTypeLike | None = None
    ) -> None:
        self.name = name or names.unique_name(names.snake_case(type(self).__name__))
        self.reduction = known_reduction(reduction)
        self._dtype = None if dtype is None else np.dtype(dtype)

    @property
    def dtype(self) -> str:
        """The dtype that was asked for, else `config.floatx()`."""
        return config.floatx() if self._dtype is None else self._dtype.name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        with inside(self.name):
            values, counts = self.samples(y_true, y_pred)
            return reduced(values, sample_weight, counts, reduction=self.reduction)

    def samples(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """The loss of each sample, and which of them count (None: all)."""
        p = predictions(y_pred, self._dtype)
        t = None if y_true is None else self._labels(y_true, p)
        values = lift(self.call(t, p))
        return values, self.valid_values(t, values)

    def _labels(self, y_true: Any, p: Any) -> Any:
        return targets(y_true, p)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value for each sample, shape (batch, ...)."""
        raise ArgumentError(f"{type(self).__name__} does not say its values: define call(self, y_true, y_pred).")

    def valid_values(self, y_true: Any, values: Any) -> Any:
        """Which values count, boolean and of their shape, or None for all; the reduction leaves out the others."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        given = {} if self._dtype is None else {"dtype": self._dtype.name}
        return {"name": self.name, "reduction": self.reduction, **given}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The same loss again."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} reduction={self.reduction}>"


class LossFunctionWrapper(Loss):
    """A loss from a function `fn(y_true, y_pred, **settings)` of samples; what `compile(loss=fn)` makes of it.

    Labels and predictions whose ranks differ by a trailing axis of 1 are reconciled before `fn` sees them.

    >>> LossFunctionWrapper(lambda y_true, y_pred: abs(y_true - y_pred), name="distance")([1, 2], [[1.0], [4.0]])
    tensor(1.)
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: DTypeLike | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self.settings = settings

    def _labels(self, y_true: Any, p: Any) -> Any:
        return lift(y_true) if self.fn in OWN else super()._labels(y_true, p)  # those make of labels what they need

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if y_true is not None and self.fn not in OWN:
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.settings)

    def valid_values(self, y_true: Any, values: Any) -> Any:
        ignored = self.settings.get("ignore_class")
        return None if ignored is None or values.shape == () else reshape(not_equal(y_true, ignored), tuple(values.shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fn": configs.described_function(self.fn), **self.settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        if isinstance(config.get("fn"), dict):
            config = {**config, "fn": configs.rebuilt("loss", config["fn"], FUNCTIONS)}
        return cls(**config)
