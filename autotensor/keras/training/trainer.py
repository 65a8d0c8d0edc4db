"""`fit`, `evaluate`, `predict`, and their single-batch forms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, AutotensorError, DataError, ShapeError
from autotensor.core.recording import no_grad
from autotensor.core.spec import Array
from autotensor.keras import losses
from autotensor.keras.callbacks import CallbackList, History
from autotensor.keras.names import refuse_keywords
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
from autotensor.keras.training.compiled import Compiled
from autotensor.keras.training.data import Data
from autotensor.keras.training.stepper import Learned, Stepper


class Trainer(Stepper):
    """The part of a Model that runs over data."""

    # fit
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
        _refuse("fit", unknown)
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

    def _measure(self, data: Data, size: int, steps: int | None, watchers: CallbackList) -> dict[str, float]:
        self.reset_metrics()
        self.train(False)
        watchers.on_test_begin()
        logs: dict[str, float] = {}
        for step, batch in enumerate(door.batches(data, size)):
            if step == steps:
                break
            watchers.on_test_batch_begin(step)
            logs = self.test_step(packed(*batch))
            watchers.on_test_batch_end(step, logs)
        watchers.on_test_end(logs)
        return floats(logs)

    # evaluate and predict
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **unknown: Any,
    ) -> Any:
        """The loss on a data set, without metrics a float, else `[loss, *metrics]`, or a dict by name with `return_dict`.

        Raises: as `fit`.
        """
        _refuse("evaluate", unknown)
        self._need_compiled("evaluate")
        size = door.check_batch_size(batch_size)
        check_verbose(verbose)
        data = self._admit(x, y, sample_weight, "evaluate")
        self._rehearse(data, "evaluate")
        count = math.ceil(data.n / size) if steps is None else at_least_one("steps", steps)
        watchers = CallbackList(
            callbacks, add_history=False, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1, steps=count
        )
        try:
            logs = self._measure(data, size, steps, watchers)
        finally:
            watchers.close()
        return self._answer(logs, return_dict=return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        **unknown: Any,
    ) -> Any:
        """The model's outputs as an array, in batches; works before compile.

        Shapes: x (n, ...) -> (n, ...).
        Raises: DataError for no samples; ShapeError for samples of another shape than the model was built for.
        """
        _refuse("predict", unknown)
        size = door.check_batch_size(batch_size)
        check_verbose(verbose)
        data = self._admit(x, None, None, "predict", finite=False)
        count = math.ceil(data.n / size) if steps is None else at_least_one("steps", steps)
        watchers = CallbackList(
            callbacks, add_history=False, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1, steps=count
        )
        pieces: list[Any] = []
        try:
            watchers.on_predict_begin()
            for step, batch in enumerate(door.batches(data, size)):
                if step == count:
                    break
                watchers.on_predict_batch_begin(step)
                outputs = self.predict_step(packed(*batch))
                pieces.append(outputs)
                watchers.on_predict_batch_end(step, {"outputs": outputs})
            watchers.on_predict_end()
        finally:
            watchers.close()
        return _joined(pieces)

    # single batches
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

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss, or `[loss, *metrics]`, of one batch, without learning.

        Raises: as `fit`.
        """
        self._need_compiled("test_on_batch")
        data = self._admit(x, y, sample_weight, "test_on_batch")
        self._rehearse(data, "test_on_batch")
        self.reset_metrics()
        return self._answer(floats(self.test_step(packed(data.x, data.y, data.w))), return_dict=return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's outputs for one batch, as an array."""
        data = self._admit(x, None, None, "predict_on_batch", finite=False)
        return _joined([self.predict_step(packed(data.x, None, None))])

    def _answer(self, logs: dict[str, float], *, return_dict: bool) -> Any:
        known = [name for name in self.metrics_names if name in logs]
        values = [logs[name] for name in [*known, *(name for name in logs if name not in known)]]
        return logs if return_dict else values[0] if len(values) == 1 else values

    def reset_metrics(self) -> None:
        """Forget the batches that the metrics have seen."""
        if self._compiled is not None:
            self._compiled.reset()
        for metric in self.metrics:
            metric.reset_state()

    # the door
    def _inputs(self) -> tuple[list[str], list[np.dtype[Any]]]:
        """Names and dtypes of the model's inputs."""
        return ["x"], [self._dtype]

    def _admit(self, x: Any, y: Any, w: Any, purpose: str, *, finite: bool = True) -> Data:
        if x is None:
            raise DataError(f"{purpose} needs data: pass x, got None.")
        if y is not None and self._output_count() > 1:
            raise self._too_many(purpose, self._output_count())
        inputs, dtypes = self._inputs()
        data = door.admit(x, y, w, inputs=inputs, dtypes=dtypes, purpose=purpose, finite=finite)
        self._check_inputs(data.x if isinstance(data.x, list) else [data.x])
        return data

    def _output_count(self) -> int:
        return 1

    def _too_many(self, purpose: str, count: int) -> ArgumentError:
        return ArgumentError(f"{purpose} takes models with one output, {self.name} has {count}. Make a Model of one of them.")

    def _check_inputs(self, arrays: list[Array]) -> None:
        """Raise ShapeError for inputs of other shapes than the model was built for."""

    def _rehearse(self, data: Data, purpose: str) -> None:
        """Try the loss and the metrics on one sample, without learning, so that what cannot work changes nothing."""
        compiled = self._need_compiled(purpose)
        step = "train_step" if purpose in ("fit", "train_on_batch") else "test_step"
        ours = all(getattr(type(self), name) is getattr(Stepper, name) for name in (step, "compute_loss"))
        if ours and compiled.loss is None and not self.penalised:
            raise self._no_loss(purpose)
        if ours and compiled.loss is not None and data.y is None:
            raise DataError(f"{purpose} needs targets: {self.name} was compiled with a loss, and y is None.")
        x, y, w = data.rows(slice(0, 1))
        with no_grad():
            y_pred = self(x, training=False)
            if compiled.loss is None or not ours:  # what a step of one's own does with the data, only it knows
                return
            if not hasattr(y_pred, "shape"):
                raise self._too_many(purpose, len(y_pred))
            try:
                compiled.loss(y, y_pred, w)
                losses.check_labels(compiled.loss, data.y, tuple(y_pred.shape))
                for _, metric, _ in compiled.settle(y, y_pred):
                    metric.reset_state()
                compiled.update(y, y_pred.data, w)
            except ShapeError as refusal:
                raise ShapeError(f"{purpose}: {_refusal_of_all(compiled, data, y_pred.data) or refusal}") from None
            except AutotensorError as refusal:
                raise type(refusal)(f"{purpose}: {refusal}") from None
            compiled.reset()


def _refusal_of_all(compiled: Compiled, data: Data, y_pred: Array) -> ShapeError | None:
    """What loss or metrics say of all samples, given what the model says of the first: the shapes that the user knows."""
    try:
        outputs = np.broadcast_to(y_pred, (data.n, *y_pred.shape[1:]))
        if compiled.loss is not None:
            compiled.loss(data.y, outputs, data.w)
        compiled.update(data.y, outputs, data.w)
    except ShapeError as refusal:
        return refusal
    except ValueError:  # outputs without one entry a sample
        pass
    finally:
        compiled.reset()
    return None


def _joined(pieces: list[Any]) -> Any:
    if isinstance(pieces[0], (list, tuple)):
        return [_joined([piece[i] for piece in pieces]) for i in range(len(pieces[0]))]
    if isinstance(pieces[0], dict):
        return {key: _joined([piece[key] for piece in pieces]) for key in pieces[0]}
    arrays: list[Array] = [piece.data for piece in pieces]
    return np.concatenate(arrays) if len(arrays) > 1 else np.array(arrays[0], order="C")


def _refuse(method: str, unknown: dict[str, Any]) -> None:
    for keras_2 in ("max_queue_size", "workers", "use_multiprocessing"):  # arrays are in memory: there is no queue to fill
        unknown.pop(keras_2, None)
    if unknown:
        refuse_keywords(method, [getattr(Trainer, method)], unknown)
