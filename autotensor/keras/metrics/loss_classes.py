"""Losses as metrics: the mean of a loss over all samples of all batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autotensor.core.recording import no_grad
from autotensor.core.spec import DTypeLike
from autotensor.core.tensor import Tensor
from autotensor.keras import losses, names
from autotensor.keras.losses.operands import matched
from autotensor.keras.metrics.accuracy_classes import Named
from autotensor.keras.metrics.reduction import Mean
from autotensor.ops import square


class _Plain(Named):
    """A loss without settings."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, name: str | None = None, dtype: DTypeLike | None = None) -> None:
        super().__init__(type(self).function, name or names.snake_case(type(self).__name__), dtype)


class MeanSquaredError(_Plain):
    """The mean of `losses.mean_squared_error` over samples.

    >>> MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]])
    tensor(5.)
    """

    function = staticmethod(losses.mean_squared_error)


class RootMeanSquaredError(Mean):
    """The square root of the mean squared error over all samples, in the units of the labels.

    >>> RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]])
    tensor(5.)
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: DTypeLike | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        with no_grad():
            t, p = matched("root_mean_squared_error", y_true, y_pred)
            super().update_state(square(p - t), sample_weight)

    def result(self) -> Any:
        return Tensor(np.asarray(np.sqrt(self.total / self.count) if self.count else 0.0, self._dtype))


class MeanAbsoluteError(_Plain):
    """The mean of `losses.mean_absolute_error` over samples."""

    function = staticmethod(losses.mean_absolute_error)


class MeanAbsolutePercentageError(_Plain):
    """The mean of `losses.mean_absolute_percentage_error` over samples."""

    function = staticmethod(losses.mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(_Plain):
    """The mean of `losses.mean_squared_logarithmic_error` over samples."""

    function = staticmethod(losses.mean_squared_logarithmic_error)


class LogCoshError(_Plain):
    """The mean of `losses.log_cosh` over samples."""

    function = staticmethod(losses.log_cosh)

    def __init__(self, name: str | None = "logcosh", dtype: DTypeLike | None = None) -> None:
        super().__init__(name, dtype)


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle along `axis`; the loss is its negative.

    >>> cosine([[0.0, 1.0]], [[0.0, 2.0]])
    tensor([1.])
    """
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)


class CosineSimilarity(Named):
    """The mean over samples of the cosine between label and prediction: 1 where they point the same way.

    >>> CosineSimilarity()([[0.0, 1.0]], [[0.0, 2.0]])
    tensor(1.)
    """

    axis: int

    def __init__(self, name: str | None = "cosine_similarity", dtype: DTypeLike | None = None, axis: int = -1) -> None:
        super().__init__(cosine, name, dtype, axis=axis)


class Hinge(_Plain):
    """The mean of `losses.hinge` over samples."""

    function = staticmethod(losses.hinge)


class SquaredHinge(_Plain):
    """The mean of `losses.squared_hinge` over samples."""

    function = staticmethod(losses.squared_hinge)


class CategoricalHinge(_Plain):
    """The mean of `losses.categorical_hinge` over samples."""

    function = staticmethod(losses.categorical_hinge)


class KLDivergence(_Plain):
    """The mean of `losses.kl_divergence` over samples."""

    function = staticmethod(losses.kl_divergence)


class Poisson(_Plain):
    """The mean of `losses.poisson` over samples."""

    function = staticmethod(losses.poisson)


class BinaryCrossentropy(Named):
    """The mean of `losses.binary_crossentropy` over samples."""

    from_logits: bool
    label_smoothing: float

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: DTypeLike | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(losses.binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(Named):
    """The mean of `losses.categorical_crossentropy` over samples."""

    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: DTypeLike | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **settings)


class SparseCategoricalCrossentropy(Named):
    """The mean of `losses.sparse_categorical_crossentropy` over samples, less those labelled `ignore_class`."""

    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: DTypeLike | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        settings = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **settings)
