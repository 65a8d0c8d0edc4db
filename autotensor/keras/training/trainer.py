"""`fit`, and the step on one batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice
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
from autotensor.keras.training.interrupting import Interrupts, whole
from autotensor.keras.training.planned_steps import PlannedSteps
from autotensor.keras.training.running import Kept, Running, executions, source_of
from autotensor.keras.training.stepper import Learned
from autotensor.plan.trace import TraceError


class Trainer(Evaluator):
    """The part of a Model that learns from data."""

    _source = ""  # of the last fit's step; "" if it was not compiled

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
        cannot be trained on; KeyboardInterrupt at Ctrl-C, after the step that is being made: the model is what that leaves.
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
            running, tests = Running(self, train, size), None
            with Interrupts() as interrupts:
                for epoch in range(initial_epoch, epochs):
                    logs = self._train_epoch(epoch, running, size, steps, shuffle, watchers, interrupts)
                    if self.jit_compile == "auto":
                        running.move_on((epochs - epoch - 1) * steps)
                    if validation is not None and epoch + 1 in validate:
                        measured, tests = self._measure(validation, validation_size, validation_steps, watchers, tests)
                        logs |= {f"val_{name}": value for name, value in measured.items()}
                    watchers.on_epoch_end(epoch, logs)
                    if self.stop_training:
                        break
            self._finish()
            watchers.on_train_end(logs)
        finally:
            self._set_mode(False)
            self.__dict__["_learned"] = None
            watchers.close()
        self.__dict__["_kept"] = Kept(self._compiled, running.plans)
        self.__dict__["_source"] = running.source(min(size, train.n))
        return self.history

    def _finish(self) -> None:
        """After the last step: the weights that stay."""
        self._set_mode(False)
        if getattr(self.optimizer, "use_ema", False):
            with whole():
                self.optimizer.finalize_variable_values()

    def _train_epoch(
        self,
        epoch: int,
        running: Running,
        size: int,
        steps: int,
        shuffle: bool | str,
        watchers: CallbackList,
        interrupts: Interrupts,
    ) -> dict[str, float]:
        self.reset_metrics()
        self._set_mode(True)
        self.__dict__["_learned"] = None
        watchers.on_epoch_begin(epoch)
        self.__dict__["_learned"] = Learned(self.trainable_weights, self.penalised)
        running.start_epoch()
        watched = watchers.wants_batches("train")
        shown = watchers.sees_batches("train")  # to somebody who reads parameters
        logs: Any = {}
        rows = islice(door.rows(running.data.n, size, shuffle), steps)
        held = interrupts.hold()
        try:
            for first, group in executions(rows, self.steps_per_execution):
                if watched:
                    interrupts.let(watchers.on_train_batch_begin, first)
                    if shown:
                        running.go_on()
                for each in group:
                    logs = running.step(each)
                    if interrupts.asked:
                        interrupts.heed()
                if shown:
                    running.look_up()
                    logs = logs() if callable(logs) else logs  # before a callback may reset the metrics
                if watched:
                    interrupts.let(watchers.on_train_batch_end, first + len(group) - 1, logs)
                if self.stop_training:
                    break
        finally:
            running.end_epoch()
            interrupts.release(held)
        return floats(logs() if callable(logs) else logs)

    def _plans(self, train: Data, size: int) -> PlannedSteps | None:
        """The steps of this training, compiled; None where they are to run, or can only run, eagerly."""
        if (
            not self._may_compile("fit", ("train_step", "compute_metrics"))
            or self._compiled is None
            or self._compiled.loss is None
        ):
            return None
        self._set_mode(True)
        learned = self.trainable_weights
        self.optimizer._places(len(learned), learned)  # or it says why it cannot move these
        known = self._known_plans(train)
        self.__dict__["_kept"] = Kept()  # in use: a callback may train too
        if known is not None:
            known.turn_to(train)
            return known
        try:
            return PlannedSteps(self, train, size)
        except Exception as reason:  # noqa: BLE001 - whatever the user's code raises here it will raise, or not, when it runs eagerly
            self._stay_eager("fit", reason)
            return None

    @property
    def train_step_source(self) -> str:
        """The NumPy source of a training step: of the last `fit`, before the first for 32 samples of the model's input shape.

        Raises: NotCompiledError before compile; NotBuiltError while shapes are unknown; TraceError where steps run eagerly.

        >>> from autotensor import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, use_bias=False, name="dense")], name="line")
        >>> model.compile("sgd", "mse")
        >>> print(model.train_step_source)
        def train_step():
            # line.dense
            x.dot(dense_kernel, out=dense)
            ...
        """
        self._need_compiled("train_step_source")
        if self._source:
            return self._source
        if not self._may_compile("train_step_source", ("train_step", "compute_metrics")):
            raise TraceError(f"{self.name} trains eagerly: there is no source. Compile it without run_eagerly=True.")
        return source_of(self)

    def _known_plans(self, data: Data) -> PlannedSteps | None:
        """The steps of the last training, if they do for this one."""
        kept: Kept = self.__dict__.get("_kept") or Kept()
        plans = kept.plans
        if plans is None or kept.compiled is not self._compiled or not self._compiles():
            return None
        return plans if plans.serves(data) else None

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
        plans = self._known_plans(data)
        if plans is None:
            self._rehearse(data, "train_on_batch")
        else:  # which has been rehearsed with other data of this kind
            plans.check_labels(data)
        self.reset_metrics()
        with self.mode(training=True):
            plans = self._plans(data, data.n)
            with whole():
                logs = self.train_step(packed(data.x, data.y, data.w)) if plans is None else plans.once(data)
            if plans is not None:
                self.__dict__["_kept"] = Kept(self._compiled, plans)
        return self._answer(floats(logs), return_dict=return_dict)
