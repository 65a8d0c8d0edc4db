"""Accuracies as objects: the mean of a function of `accuracies` over all samples."""

from __future__ import annotations

from typing import Any

from autotensor.core.spec import DTypeLike, Shape
from autotensor.keras.losses.functions import family_for
from autotensor.keras.metrics import accuracies
from autotensor.keras.metrics.metric import Metric
from autotensor.keras.metrics.reduction import MeanMetricWrapper


class Named(MeanMetricWrapper):
    """A mean whose function is known by its class, so that its config need not say it; settings are attributes too."""

    def __init__(self, fn: Any, name: str | None, dtype: DTypeLike | None = None, **settings: Any) -> None:
        super().__init__(fn, name, dtype, **settings)
        vars(self).update(settings)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, **self.settings}


class Accuracy(Named):
    """How often predictions equal labels exactly.

    >>> Accuracy()([1, 2, 3, 4], [1, 2, 3, 5])
    tensor(0.75)
    """

    def __init__(self, name: str | None = "accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(accuracies.accuracy, name, dtype)


class BinaryAccuracy(Named):
    """How often predictions are on the label's side of `threshold`; a prediction at it counts as 0.

    Units: predictions are probabilities for the default threshold; for logits pass `threshold=0`.

    >>> BinaryAccuracy()([1, 0], [[0.9], [0.8]])
    tensor(0.5)
    """

    threshold: float

    def __init__(self, name: str | None = "binary_accuracy", dtype: DTypeLike | None = None, threshold: float = 0.5) -> None:
        super().__init__(accuracies.binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(Named):
    """How often the largest prediction stands where the one-hot label is 1."""

    def __init__(self, name: str | None = "categorical_accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(accuracies.categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(Named):
    """How often the largest prediction stands at the label, a class number.

    >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    tensor(0.5)
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(accuracies.sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(Named):
    """How often the one-hot label is among the `k` largest predictions."""

    k: int

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(accuracies.top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(Named):
    """How often the label, a class number, is among the `k` largest predictions."""

    k: int
    from_sorted_ids: bool

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: DTypeLike | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(accuracies.sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)


def accuracy_for(y_true_shape: Shape, y_pred_shape: Shape, name: str = "accuracy") -> Metric:
    """The metric that `accuracy` means for these shapes: binary for one output, sparse for class numbers, else categorical.

    >>> accuracy_for((32, 1), (32, 10)), accuracy_for((32, 1), (32, 1), name="acc")
    (<SparseCategoricalAccuracy name=accuracy>, <BinaryAccuracy name=acc>)
    """
    family = family_for(y_true_shape, y_pred_shape)
    if family == "binary":
        return BinaryAccuracy(name=name)
    return SparseCategoricalAccuracy(name=name) if family == "sparse_categorical" else CategoricalAccuracy(name=name)
