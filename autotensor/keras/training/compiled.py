"""What `compile` resolved: the loss as an object, metrics by the names that the user gave, and their running values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.keras import losses, metrics
from autotensor.keras.metrics import Mean, Metric

ACCURACY = ("accuracy", "acc", "ACC")


class LossMean(Mean):
    """The mean of the batches' losses, weighted by their sizes: the metric called "loss"."""

    def __init__(self) -> None:
        super().__init__(name="loss")

    def update(self, loss: float, n: int) -> None:
        """Take in one batch of `n` samples."""
        self.total += loss * n
        self.count += n

    @property
    def value(self) -> float:
        """The mean as it is, in double precision."""
        return self.total / self.count if self.count else 0.0


class Compiled:
    """Loss and metrics of a compiled model. A metric that depends on shapes ("accuracy") is resolved at the first batch."""

    def __init__(
        self, loss: Any, loss_weight: float | None, chosen: Sequence[Any] | None, weighted: Sequence[Any] | None
    ) -> None:
        self.loss = None if loss is None else losses.as_loss(loss)
        self.loss_weight = loss_weight
        self.mean = LossMean()
        self._chosen = [(*_named(each), False) for each in _listed(chosen, "metrics")]
        self._chosen += [(*_named(each), True) for each in _listed(weighted, "weighted_metrics")]
        repeated = [name for i, (name, _, _) in enumerate(self._chosen) if name in [n for n, _, _ in self._chosen[:i]]]
        if repeated:
            raise ArgumentError(f"metric {repeated[0]!r} is listed twice; each name is a key of the history.")
        if any(name == "loss" for name, _, _ in self._chosen):
            raise ArgumentError(
                "a metric may not be called 'loss', which is the key of the loss in the history; give it another name."
            )
        self._metrics: list[tuple[str, Metric, bool]] | None = None
        if not any(metric in ACCURACY for _, metric, _ in self._chosen if isinstance(metric, str)):
            self._metrics = [(name, metrics.as_metric(metric, name), uses) for name, metric, uses in self._chosen]

    @property
    def names(self) -> list[str]:
        """Keys of the logs, in compile's order."""
        return ["loss", *(name for name, _, _ in self._chosen)]

    def settle(self, y: Any, y_pred: Any) -> list[tuple[str, Metric, bool]]:
        """The metrics, now that shapes are known."""
        if self._metrics is None:
            settled = []
            for name, metric, uses in self._chosen:
                if isinstance(metric, str) and metric in ACCURACY:
                    found: Metric = metrics.accuracy_for(tuple(y.shape), tuple(y_pred.shape))
                else:
                    found = metrics.as_metric(metric, name)
                settled.append((name, found, uses))
            self._metrics = settled
        return self._metrics

    @property
    def metrics(self) -> list[Metric]:
        """The loss as a metric, and the metric objects that are known already."""
        return [self.mean, *(metric for _, metric, _ in self._metrics or [])]

    def reset(self) -> None:
        """Start an epoch: forget all batches."""
        self.mean.reset_state()
        for _, metric, _ in self._metrics or []:
            metric.reset_state()

    def update(self, y: Any, y_pred: Any, w: Any) -> None:
        """Take in a batch's predictions, an array."""
        for _, metric, uses_weights in self.settle(y, y_pred):
            metric.update_state(y, y_pred, sample_weight=w if uses_weights else None)

    def logs(self) -> dict[str, float]:
        """The running values, by name."""
        return {"loss": self.mean.value} | {name: float(metric.result()) for name, metric, _ in self._metrics or []}


def _listed(chosen: Any, what: str) -> list[Any]:
    if chosen is None:
        return []
    if isinstance(chosen, (str, Metric)) or (callable(chosen) and not isinstance(chosen, (list, tuple))):
        return [chosen]
    if isinstance(chosen, dict):
        if len(chosen) > 1:
            raise ArgumentError(f"{what} names {len(chosen)} outputs {sorted(chosen)}, the model has one.")
        return [each for value in chosen.values() for each in _listed(value, what)]
    if not isinstance(chosen, (list, tuple)):
        raise DTypeError(f"{what} is a list of names, metrics or functions, got {chosen!r}.")
    return [each for part in chosen for each in (part if isinstance(part, (list, tuple)) else [part])]


def _named(metric: Any) -> tuple[str, Any]:
    """(key of the history, metric), found out now so that a misspelt name is an error of compile, not of fit."""
    if isinstance(metric, str):
        if metric not in ACCURACY:
            metrics.as_metric(metric, metric)
        return metric, metric
    if isinstance(metric, type):
        metric = metric()
    name = getattr(metric, "name", None) or getattr(metric, "__name__", type(metric).__name__)
    return str(name), metric
