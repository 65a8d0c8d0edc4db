"""`fit`, and the step on one batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autotensor.keras.callbacks import CallbackList, History
from autotensor.keras.training import data as door
from autotensor.keras.training.checks import (
    at_least_one,
    check_counts,
    check_shuffle,
    check_verbose,
    floats,
    packed,
    unpack,
    validation_epochs,
)
from autotensor.keras.training.data import Data
from autotensor.keras.training.evaluator import Evaluator, refuse
from autotensor.keras.training.stepper import Learned


class Trainer(Evaluator):
    """The part of a Model that learns from data."""

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        **unknown: Any,
    ) -> History:
        """Train for `epochs`, in batches of `batch_size` (32); returns the history of loss and metrics.

        x, y: arrays of one length (several inputs: a list, or a dict by name). `validation_split` keeps the last samples for
        validation; `validation_data=(x, y)` or `(x, y, sample_weight)` wins over it. `shuffle`: True, False or "batch".
        verbose: 0 silent, 1 a progress bar, 2 a line an epoch, "auto" 1 in a terminal and 2 elsewhere.
        Raises: NotCompiledError before compile; DataError, ShapeError or DTypeError, before any weight changes, for data that
        cannot be trained on.
        """
        refuse(Trainer.fit, unknown)
        self._need_compiled("fit")
        size = door.check_batch_size(batch_size)
        check_counts(epochs=epochs, initial_epoch=initial_epoch)
        check_verbose(verbose)
        check_shuffle(shuffle)
        validate = validation_epochs(validation_freq, epochs)
        validation_size = size if validation_batch_size is None else at_least_one("validation_batch_size", validation_batch_size)
        if validation_steps is not None:
            at_least_one("validation_steps", validation_steps)
        train = self._admit(x, y, sample_weight, "fit")
        validation = None
        if validation_data is not None:
            parts = unpack(validation_data)
            validation = self._admit(*parts, "fit's validation_data")
        elif validation_split:
            train, validation = door.split(train, validation_split)
        train = door.weigh_classes(train, class_weight)  # after the split: a validation counts every class alike
        self._rehearse(train, "fit")
        if validation is not None:
            self._rehearse(validation, "fit's validation_data")
        steps = math.ceil(train.n / size)
        steps = steps if steps_per_epoch is None else min(steps, at_least_one("steps_per_epoch", steps_per_epoch))
        watchers = CallbackList(
            callbacks, add_history=True, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=epochs, steps=steps
        )
        self.stop_training = False
        logs: dict[str, float] = {}
        try:
            watchers.on_train_begin()
            for epoch in range(initial_epoch, epochs):
                logs = self._train_epoch(epoch, train, size, steps, shuffle, watchers)
                if validation is not None and epoch + 1 in validate:
                    measured = self._measure(validation, validation_size, validation_steps, watchers)
                    logs |= {f"val_{name}": value for name, value in measured.items()}
                watchers.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            self.train(False)
            if getattr(self.optimizer, "use_ema", False):
                self.optimizer.finalize_variable_values()
            watchers.on_train_end(logs)
        finally:
            self.train(False)
            self.__dict__["_learned"] = None
            watchers.close()
        return self.history

    def _train_epoch(
        self, epoch: int, train: Data, size: int, steps: int, shuffle: bool | str, watchers: CallbackList
    ) -> dict[str, float]:
        self.reset_metrics()
        self.train(True)
        self.__dict__["_learned"] = Learned(self.trainable_weights, self.penalised)
        watchers.on_epoch_begin(epoch)
        logs: dict[str, float] = {}
        for step, batch in enumerate(door.batches(train, size, shuffle)):
            if step == steps:
                break
            watchers.on_train_batch_begin(step)
            logs = self.train_step(packed(*batch))
            watchers.on_train_batch_end(step, logs)
            if self.stop_training:
                break
        return floats(logs)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step on one batch; returns the loss, or `[loss, *metrics]`, of this batch alone.

        Raises: as `fit`.
        """
        self._need_compiled("train_on_batch")
        data = door.weigh_classes(self._admit(x, y, sample_weight, "train_on_batch"), class_weight)
        self._rehearse(data, "train_on_batch")
        self.reset_metrics()
        with self.mode(training=True):
            logs = self.train_step(packed(data.x, data.y, data.w))
        return self._answer(floats(logs), return_dict=return_dict)
