"""Ends training whose loss is no longer a number."""

from __future__ import annotations

import math

from autotensor.core.errors import AutotensorError
from autotensor.keras.callbacks.callback import Callback, Logs
from autotensor.keras.utils.screen import Screen


class InvalidLossError(AutotensorError, RuntimeError):
    """A loss that is NaN or infinite."""


class TerminateOnNaN(Callback):
    """Ends training at the first batch after which the loss is NaN or infinite.

    Raises: InvalidLossError at that batch if `raise_error`; then `on_train_end` is not called. Otherwise training ends as usual.

    >>> from types import SimpleNamespace
    >>> callback = TerminateOnNaN()
    >>> callback.set_model(SimpleNamespace(stop_training=False))
    >>> callback.on_train_batch_end(7, {"loss": float("nan")})
    Batch 7: Invalid loss, terminating training
    >>> callback.model.stop_training
    True
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise InvalidLossError(
                f"the loss is {loss} after batch {batch}, so training ended there. "
                f"Look for a learning rate that is too high, NaN in the data, or the logarithm of zero."
            )
        Screen().say(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
