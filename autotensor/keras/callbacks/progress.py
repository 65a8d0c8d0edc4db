"""The progress bar of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from autotensor.core.errors import ArgumentError
from autotensor.keras.callbacks.callback import Callback
from autotensor.keras.utils.progbar import Progbar
from autotensor.keras.utils.screen import Screen


class ProgbarLogger(Callback):
    """Shows each epoch, and each call of `evaluate` and `predict`, as one line.

    `verbose` is 0 (silent), 1 (a live line), 2 (a plain line when an epoch is over) or "auto": 1 in a terminal or notebook,
    2 elsewhere. A validation inside `fit` shows no line of its own. `screen` and `clock` are for tests and unusual outputs.

    Raises: ArgumentError if `verbose` is something else.

    >>> bar = ProgbarLogger(clock=lambda: 0.0)
    >>> bar.set_params({"verbose": 2, "epochs": 2, "steps": 5})
    >>> bar.on_train_begin()
    >>> bar.on_epoch_begin(0)
    Epoch 1/2
    >>> for batch in range(5):
    ...     bar.on_train_batch_end(batch, {"loss": 0.25})
    >>> bar.on_epoch_end(0, {"loss": 0.25})
    5/5 - 0s - 0s/step - loss: 0.2500
    """

    def __init__(self, *, screen: Screen | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.verbose: int | str = 1
        self.epochs = 1
        self.target: int | None = None
        self._given_screen = screen
        self._screen: Screen | None = None
        self._clock = clock
        self._bar: Progbar | None = None
        self._in_fit = False

    def set_params(self, params: Mapping[str, Any]) -> None:
        super().set_params(params)
        self.verbose = params.get("verbose", 1)
        if self.verbose not in (0, 1, 2, "auto"):
            raise ArgumentError(f'verbose is 0 (silent), 1 (a bar), 2 (a line an epoch) or "auto", got {self.verbose!r}.')
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps")

    def on_train_begin(self, logs: Any = None) -> None:
        self._in_fit = True
        self._look()

    def on_train_end(self, logs: Any = None) -> None:
        self._in_fit = False
        self.close()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._screen is None:
            self._look()
        if self.verbose and self.epochs > 1 and self._screen is not None:
            self._screen.say(f"Epoch {epoch + 1}/{self.epochs}")
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._end(logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._step(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        if not self._in_fit:
            self._look()
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not self._in_fit:
            self._step(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        self._look()
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._step(batch, None)  # logs are the predictions

    def on_predict_end(self, logs: Any = None) -> None:
        self._end(None)

    def close(self) -> None:
        """End a line that an exception left unfinished: the terminal is as before."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _look(self) -> None:
        """See what standard output is now: a test or a notebook may have replaced it."""
        self._screen = self._given_screen or Screen()

    def _begin(self) -> None:
        screen = self._screen or Screen()
        verbose = (1 if screen.live else 2) if self.verbose == "auto" else int(self.verbose)
        self._bar = Progbar(self.target, verbose=verbose, stateless_metrics=(), screen=screen, clock=self._clock)

    def _step(self, batch: int, logs: Any) -> None:
        bar = self._bar
        if bar is not None and bar.tick(batch + 1):
            bar.update(batch + 1, _pairs(logs), finalize=False)

    def _end(self, logs: Any) -> None:
        bar = self._bar
        if bar is None:
            return
        # A target that was unknown is known from the first epoch on. Training that was stopped shows how far it came.
        bar.target = self.target = self.target if self.target is not None else bar.seen
        bar.update(bar.seen or bar.target or 0, _pairs(logs), finalize=True)
        self._bar = None


def _pairs(logs: Any) -> list[tuple[str, object]]:
    found = (logs() if callable(logs) else logs) or {}
    return sorted(found.items(), key=lambda pair: (pair[0].startswith("val_"), pair[0]))
