"""Means and sums over all batches, accumulated in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from autotensor.core.recording import no_grad
from autotensor.core.spec import Array, DTypeLike
from autotensor.core.tensor import Tensor
from autotensor.keras import configs
from autotensor.keras.losses import Loss, lookup
from autotensor.keras.losses.functions import OWN
from autotensor.keras.losses.operands import predictions, same_rank, targets
from autotensor.keras.losses.reducing import aligned
from autotensor.keras.metrics import accuracies
from autotensor.keras.metrics.metric import Metric, plain_array

PLAIN = OWN | accuracies.OWN  # these take labels as they come
BY_BATCH = ("sum", "none", None)  # reductions whose value is no mean of samples


class Mean(Metric):
    """The weighted mean of all values: sum(w v) / sum(w), 0 before the first.

    Shapes: values () or (batch, ...), of which each sample counts once; sample_weight (batch,) or with more of their axes.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 2.0])
    >>> mean([6.0])
    tensor(3.)
    """

    def __init__(self, name: str | None = "mean", dtype: DTypeLike | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = 0.0
        self.count = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        array = plain_array(values)
        if sample_weight is not None:
            array, weight = weighted(array, plain_array(sample_weight), np.mean)
            self.total += float(np.add.reduce(array, axis=None, dtype=np.float64))
            self.count += float(np.add.reduce(weight, axis=None, dtype=np.float64))
            return
        n = array.shape[0] if array.ndim else 1
        total = float(np.add.reduce(array, axis=None, dtype=np.float64))
        self.total += total if array.size == n else total / (array.size / n)
        self.count += n

    def result(self) -> Any:
        return Tensor(np.asarray(self.total / self.count if self.count else 0.0, self._dtype))

    def reset_state(self) -> None:
        super().reset_state()
        self.total = self.count = 0.0


class Sum(Metric):
    """The weighted sum of all values: sum(w v).

    Shapes: as `Mean`.

    >>> Sum()([1.0, 2.0], sample_weight=[1.0, 3.0])
    tensor(7.)
    """

    def __init__(self, name: str | None = "sum", dtype: DTypeLike | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        array = plain_array(values)
        if sample_weight is not None:
            array, _ = weighted(array, plain_array(sample_weight), np.sum)
        self.total += float(np.add.reduce(array, axis=None, dtype=np.float64))

    def result(self) -> Any:
        return Tensor(np.asarray(self.total, self._dtype))

    def reset_state(self) -> None:
        super().reset_state()
        self.total = 0.0


def weighted(values: Array, weight: Array, reduce: Callable[..., Any]) -> tuple[Array, Array]:
    """One weighted value and one weight for each sample, as Keras does: axes that the weights do not have are reduced first.

    Raises: ShapeError if the weights do not fit the values.

    >>> weighted(np.array([[1.0, 3.0], [5.0, 7.0]]), np.array([1.0, 0.5]), np.mean)
    (array([2., 3.]), array([1. , 0.5]))
    """
    missing = values.ndim - weight.ndim
    values, weight = (plain_array(x) for x in aligned(values.astype(np.float64), weight))
    if missing > 0:  # `aligned` has given the weights axes of length 1; one weight alone makes the batch one sample
        kept = values.ndim - missing
        values = reduce(values, axis=tuple(range(kept, values.ndim)))
        weight = weight.reshape(weight.shape[:kept])
    weight = np.broadcast_to(weight, values.shape) if weight.ndim <= values.ndim else weight
    rest = tuple(range(1, values.ndim))
    return (reduce(values * weight, axis=rest), reduce(weight, axis=rest)) if rest else (values * weight, weight)


class MeanMetricWrapper(Mean):
    """The mean over samples of a function `fn(y_true, y_pred, **settings)`, or of a Loss.

    A Loss with a reduction that is no mean ("sum") gives one value a batch, and the metric their mean.

    >>> distance = MeanMetricWrapper(lambda y_true, y_pred: abs(y_true - y_pred), name="distance")
    >>> distance([1, 2], [[1.0], [4.0]])
    tensor(1.)
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: DTypeLike | None = None, **settings: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self.fn = fn
        self.settings = settings

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        with no_grad():
            values, counts = self._samples(y_true, y_pred)
        if counts is not None:
            valid, weight = plain_array(counts), None if sample_weight is None else plain_array(sample_weight)
            sample_weight = valid if weight is None else np.multiply(*map(plain_array, aligned(valid.astype(np.float64), weight)))
        super().update_state(values, sample_weight)

    def _samples(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """A value for each sample, and which of them count (None: all)."""
        fn = self.fn
        if isinstance(fn, Loss):
            return (fn(y_true, y_pred), None) if fn.reduction in BY_BATCH else fn.samples(y_true, y_pred)
        if fn not in PLAIN:
            y_pred = predictions(y_pred)
            if y_true is not None:
                y_true, y_pred = same_rank(targets(y_true, y_pred), y_pred)
        values = fn(y_true, y_pred, **self.settings)
        ignored = self.settings.get("ignore_class")
        return values, None if ignored is None else (plain_array(y_true) != ignored).reshape(values.shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fn": configs.described(self.fn, "keras.losses"), **self.settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        if isinstance(config.get("fn"), Mapping):
            known = {**lookup.TABLE, **{function.__name__: function for function in accuracies.OWN}}
            config = {**config, "fn": configs.rebuilt("metric", config["fn"], known)}
        return cls(**config)
