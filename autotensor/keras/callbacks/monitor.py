"""What callbacks share that watch one metric: its value, which direction is better, and when it has improved."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, did_you_mean
from autotensor.keras.callbacks.callback import Callback, Logs

_HIGHER_IS_BETTER = re.compile(
    r"(^|_)(acc|accuracy|auc|precision|recall|f1_score|f_beta_score|io_?u|r2_score|cosine_similarity|correlation"
    r"|true_positives|true_negatives|(sensitivity|specificity|precision|recall)_at_\w+)$"
)
_LOWER_IS_BETTER = re.compile(
    r"(^|_)(loss|error|mse|mae|mape|msle|rmse|bce|kld|crossentropy|hinge|divergence|poisson|log_?cosh(_error)?|huber"
    r"|false_positives|false_negatives)$"
)


class MonitorWarning(UserWarning):
    """A callback that cannot watch the metric it was told to watch."""


class MonitorCallback(Callback):
    """Watches `monitor`: the base of the callbacks that act when a metric gets better or does not.

    `mode` is "min" (lower is better), "max", or "auto": the metric itself says, else its name. A change of less than
    `min_delta` is none. Values are compared in float32, as Keras does: rounding is no improvement.

    Raises: ArgumentError, with the first value, if `mode` is "auto" and neither the metric nor its name says.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f'{type(self).__name__}: mode is "auto", "min" or "max", got {mode!r}; "auto" is used.',
                MonitorWarning,
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best: float | None = None
        self._sign: int | None = None  # 1 if higher is better, -1 if lower
        self._warned = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        # An instance may serve several calls of fit.
        self.best = None
        self._sign = None
        self._warned = False

    def monitored(self, logs: Logs | None) -> float | None:
        """The metric's value, or None, with a warning once in a training, if there is none."""
        names = list(logs or {})
        value = (logs or {}).get(self.monitor)
        if value is None and not self._warned:
            self._warned = True
            missing = self.monitor.startswith("val_") and not any(name.startswith("val_") for name in names)
            advice = " There was no validation: pass validation_data or validation_split to fit." if missing else ""
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which is not among the metrics: "
                f"{', '.join(names) or 'there are none'}.{advice or did_you_mean(self.monitor, names)}",
                MonitorWarning,
                stacklevel=2,
            )
        return value

    def improves(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`."""
        if self._sign is None:
            self._sign = self._direction()
        if reference is None:
            return True
        after = np.float32(value - self._sign * self.min_delta)
        return bool(after > np.float32(reference) if self._sign > 0 else after < np.float32(reference))

    def _direction(self) -> int:
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return -1
        metrics: list[Any] = list(getattr(self.model, "metrics", None) or [])
        for metric in metrics:
            direction = getattr(metric, "_direction", None)
            if direction in ("up", "down") and (name == metric.name or name.endswith(f"_{metric.name}")):
                return 1 if direction == "up" else -1
        word = re.sub(r"_\d+$", "", name)  # auc_1
        for pattern, sign in ((_LOWER_IS_BETTER, -1), (_HIGHER_IS_BETTER, 1)):
            if pattern.search(word):
                return sign
        raise ArgumentError(
            f"{type(self).__name__} cannot tell whether {self.monitor!r} should be high or low. "
            f'Pass mode="max" if higher is better, mode="min" if lower is.'
        )
