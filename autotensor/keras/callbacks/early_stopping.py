"""Ends training when a metric no longer improves."""

from __future__ import annotations

from typing import Any

from autotensor.keras.callbacks.callback import Logs
from autotensor.keras.callbacks.monitor import MonitorCallback
from autotensor.keras.utils.screen import Screen


class EarlyStopping(MonitorCallback):
    """Ends training after `patience` epochs in which `monitor` did not improve by more than `min_delta`.

    With a `baseline`, only a value better than it, and than the best so far, restarts the count. `restore_best_weights` gives the
    model back the weights of the best epoch when training ends, for whatever reason it does. Epochs before
    `start_from_epoch` are not looked at. Afterwards `stopped_epoch` (0 if training was not ended here), `best_epoch`, both
    from 0, and `best` tell what happened.

    Units: `patience` and `start_from_epoch` are in epochs, `min_delta` and `baseline` in those of the metric.
    Raises: ArgumentError, with the first value, if `mode` is "auto" and the metric does not say which direction is better.

    >>> from types import SimpleNamespace
    >>> callback = EarlyStopping(monitor="loss", patience=2)
    >>> callback.set_model(SimpleNamespace(stop_training=False))
    >>> callback.on_train_begin()
    >>> for epoch, loss in enumerate([3.0, 2.0, 2.5, 2.0]):
    ...     callback.on_epoch_end(epoch, {"loss": loss})
    >>> callback.model.stop_training, callback.stopped_epoch, callback.best_epoch
    (True, 3, 1)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.monitored(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose:
            Screen().say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                Screen().say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
