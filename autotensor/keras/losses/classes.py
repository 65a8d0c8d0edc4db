"""The losses as objects: each a function of samples with its settings and a reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autotensor.core.spec import DTypeLike
from autotensor.keras import names
from autotensor.keras.losses import margin, probabilistic, regression
from autotensor.keras.losses.wrapper import Loss, LossFunctionWrapper

MEAN = "sum_over_batch_size"


class _Named(LossFunctionWrapper):
    """A loss whose function is known by its class, so that its config need not say it; settings are attributes too."""

    function: ClassVar[Callable[..., Any]]

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = None, dtype: DTypeLike | None = None, **settings: Any
    ) -> None:
        name = name or names.snake_case(type(self).__name__)
        super().__init__(type(self).function, reduction=reduction, name=name, dtype=dtype, **settings)
        vars(self).update(settings)

    def get_config(self) -> dict[str, Any]:
        return {**Loss.get_config(self), **self.settings}


class _Plain(_Named):
    """A loss without settings."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = None, dtype: DTypeLike | None = None) -> None:
        super().__init__(reduction, name, dtype)


class MeanSquaredError(_Plain):
    """`mean_squared_error` over a batch.

    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    tensor(0.5)
    """

    function = staticmethod(regression.mean_squared_error)


class MeanAbsoluteError(_Plain):
    """`mean_absolute_error` over a batch."""

    function = staticmethod(regression.mean_absolute_error)


class MeanAbsolutePercentageError(_Plain):
    """`mean_absolute_percentage_error` over a batch."""

    function = staticmethod(regression.mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(_Plain):
    """`mean_squared_logarithmic_error` over a batch."""

    function = staticmethod(regression.mean_squared_logarithmic_error)


class LogCosh(_Plain):
    """`log_cosh` over a batch."""

    function = staticmethod(regression.log_cosh)


class Hinge(_Plain):
    """`hinge` over a batch."""

    function = staticmethod(margin.hinge)


class SquaredHinge(_Plain):
    """`squared_hinge` over a batch."""

    function = staticmethod(margin.squared_hinge)


class CategoricalHinge(_Plain):
    """`categorical_hinge` over a batch."""

    function = staticmethod(margin.categorical_hinge)


class KLDivergence(_Plain):
    """`kl_divergence` over a batch."""

    function = staticmethod(probabilistic.kl_divergence)


class Poisson(_Plain):
    """`poisson` over a batch."""

    function = staticmethod(probabilistic.poisson)


class CosineSimilarity(_Named):
    """`cosine_similarity` over a batch: -1 where prediction and label point the same way."""

    function = staticmethod(regression.cosine_similarity)
    axis: int

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "cosine_similarity",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Huber(_Named):
    """`huber` over a batch."""

    function = staticmethod(regression.huber)
    delta: float

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = MEAN,
        name: str | None = "huber_loss",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


class BinaryCrossentropy(_Named):
    """`binary_crossentropy` over a batch.

    >>> BinaryCrossentropy(from_logits=True)([0, 1], [[0.0], [0.0]])
    tensor(0.6931472)
    """

    function = staticmethod(probabilistic.binary_crossentropy)
    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_crossentropy",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class CategoricalCrossentropy(_Named):
    """`categorical_crossentropy` over a batch."""

    function = staticmethod(probabilistic.categorical_crossentropy)
    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_crossentropy",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(_Named):
    """`sparse_categorical_crossentropy` over a batch; the means leave out labels equal to `ignore_class`.

    >>> SparseCategoricalCrossentropy(ignore_class=-1)([0, -1], [[0.5, 0.5], [0.1, 0.9]])
    tensor(0.6931472)
    """

    function = staticmethod(probabilistic.sparse_categorical_crossentropy)
    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = MEAN,
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)


CLASSES: tuple[type[Loss], ...] = (
    MeanSquaredError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    CosineSimilarity,
    Huber,
    LogCosh,
    Hinge,
    SquaredHinge,
    CategoricalHinge,
    KLDivergence,
    Poisson,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
