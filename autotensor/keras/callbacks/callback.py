"""What a callback is: an object whose hooks `fit`, `evaluate` and `predict` call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Logs = dict[str, Any]  # metric names and values, floats where they can be


class Callback:
    """The base of all callbacks: override the hooks that are of interest, the others cost nothing.

    `self.model` is the model, `self.params` the call's settings (`verbose`, `epochs`, `steps`). A hook that ends an epoch or
    a batch gets the metrics so far as `logs`; at the end of an epoch those of validation follow, prefixed with `val_`. To end
    training, set `self.model.stop_training = True`.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch}: {logs['loss']}!")
    >>> Shout().on_epoch_end(0, {"loss": 0.5})
    epoch 0: 0.5!
    """

    # Of the class, because a subclass with an __init__ of its own rarely calls this one.
    params: Mapping[str, Any] | None = None
    model: Any = None

    def __init__(self) -> None:
        self.params = None
        self.model = None

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take the settings of the call that begins."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model that the call is made on."""
        self.model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """`fit` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """`fit` ends; `logs` are those of the last epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """`evaluate`, or a validation inside `fit`, begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """`evaluate`, or a validation inside `fit`, ends with the metrics `logs`."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """`predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """`predict` ends."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch of `fit` begins; the first is 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch of `fit` ends, its validation included. What is added to `logs`, later callbacks and the history see."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The old name of `on_train_batch_begin`, which calls it."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The old name of `on_train_batch_end`, which calls it."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A step of `fit` begins; the first of an epoch is 0."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A step of `fit` ends; `logs` are the metrics over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A step of `evaluate`, or of a validation, begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A step of `evaluate`, or of a validation, ends; `logs` are the metrics so far."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A step of `predict` begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A step of `predict` ends; `logs["outputs"]` are its predictions."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
