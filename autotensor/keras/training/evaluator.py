"""`evaluate` and `predict`, and what a single batch gives."""

from __future__ import annotations

import contextlib
import math
from itertools import islice
from typing import Any

import numpy as np

from autotensor.core.spec import Array
from autotensor.keras.callbacks import CallbackList
from autotensor.keras.names import refuse_keywords
from autotensor.keras.training import data as door
from autotensor.keras.training.checks import at_least_one, check_verbose, floats, packed
from autotensor.keras.training.data import Data
from autotensor.keras.training.forward import as_tensors, outputs_of
from autotensor.keras.training.planned_tests import PlannedTests
from autotensor.keras.training.rehearsal import Rehearsal
from autotensor.keras.training.running import executions
from autotensor.keras.training.stepper import Stepper


class Evaluator(Rehearsal):
    """The part of a Model that measures and predicts without learning."""

    def _measure(
        self, data: Data, size: int, steps: int | None, watchers: CallbackList, plans: PlannedTests | None = None
    ) -> tuple[dict[str, float], PlannedTests | None]:
        """Loss and metrics on a data set, and the plans that found them, for the next time."""
        self.reset_metrics()
        self._set_mode(False)
        watchers.on_test_begin()
        logs: Any = {}
        plans = self._planned_tests(data, size, plans)
        shown = watchers.sees_batches("test")
        for first, group in executions(islice(door.rows(data.n, size), steps), self.steps_per_execution):
            watchers.on_test_batch_begin(first)
            if shown:
                plans = self._planned_tests(data, size, plans)
            for rows in group:
                logs = self._measured(data, rows, plans)
            watchers.on_test_batch_end(first + len(group) - 1, logs)
        logs = logs() if callable(logs) else logs
        watchers.on_test_end(logs)
        return floats(logs), plans

    def _measured(self, data: Data, rows: Any, plans: PlannedTests | None) -> Any:
        """One step on these samples; returns the running values, or a function that does."""
        step = None
        if plans is not None:
            with contextlib.suppress(Exception):  # of a batch of another size, which is traced for itself
                step = plans.take(rows)
        if plans is None or step is None:
            return self.test_step(packed(*data.rows(rows)))
        compiled = self._need_compiled("evaluate")
        compiled.mean.update(plans.run(step), step.n)
        return compiled.logs

    def _planned_tests(self, data: Data, size: int, known: PlannedTests | None) -> PlannedTests | None:
        """The steps of an evaluation, compiled; None where they run, or can only run, eagerly. `known` if they still hold."""
        if known is not None and self._compiles() and not known.present.changed():
            return known
        compiled = self._need_compiled("evaluate")
        own = any(getattr(type(self), name) is not getattr(Stepper, name) for name in ("test_step", "compute_metrics"))
        hooked = any(module._hooks or module._pre_hooks for module in self.modules())
        if own or hooked or compiled.loss is None or not self._compiles():
            return None
        try:
            plans = PlannedTests(self, data)
            plans.step(min(data.n, size))
        except Exception:  # noqa: BLE001 - what the user's code raises here it raises, or not, when it runs eagerly
            return None
        return plans

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
        refuse(Evaluator.evaluate, unknown)
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
            logs, _ = self._measure(data, size, steps, watchers)
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
        if verbose == 0 and callbacks is None and steps is None and not unknown and type(x) is np.ndarray:
            outputs = self._predicted_at_once(x, batch_size)
            if outputs is not None:
                return outputs
        refuse(Evaluator.predict, unknown)
        size = door.check_batch_size(batch_size)
        check_verbose(verbose)
        data = self._admit(x, None, None, "predict", finite=False)
        count = math.ceil(data.n / size) if steps is None else at_least_one("steps", steps)
        watchers = CallbackList(
            callbacks, add_history=False, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1, steps=count
        )
        pieces: list[Any] = []
        compiled = self._compiles()
        try:
            watchers.on_predict_begin()
            for first, group in executions(islice(door.batches(data, size), count), self.steps_per_execution):
                watchers.on_predict_batch_begin(first)
                for batch in group:
                    outputs = self._predicted(batch[0]) if compiled else None
                    pieces.append(self.predict_step(packed(*batch)) if outputs is None else outputs)
                shown = pieces[-1] if len(group) == 1 else as_tensors(_joined(pieces[first:]))
                watchers.on_predict_batch_end(first + len(group) - 1, {"outputs": shown})
            watchers.on_predict_end()
        finally:
            watchers.close()
        return _joined(pieces)

    def _predicted(self, x: Any) -> Any:
        """The outputs for a batch by a plan, as Tensors; None if there is none."""
        outputs = outputs_of(self, x if isinstance(x, list) else [x])
        return None if outputs is None else as_tensors(outputs)

    def _predicted_at_once(self, x: Array, batch_size: Any) -> Any:
        """`predict` of an array that needs nothing done to it, in one batch; None if it does need something."""
        fits = batch_size is None or (type(batch_size) is int and batch_size > 0)
        if not fits or not 0 < len(x) <= (batch_size or 32) or x.dtype is not self._dtype:
            return None
        return outputs_of(self, [x]) if self._compiles() else None

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


def _joined(pieces: list[Any]) -> Any:
    if isinstance(pieces[0], (list, tuple)):
        return [_joined([piece[i] for piece in pieces]) for i in range(len(pieces[0]))]
    if isinstance(pieces[0], dict):
        return {key: _joined([piece[key] for piece in pieces]) for key in pieces[0]}
    arrays: list[Array] = [piece.data for piece in pieces]
    return np.concatenate(arrays) if len(arrays) > 1 else np.array(arrays[0], order="C")


def refuse(method: Any, unknown: dict[str, Any]) -> None:
    """Raise UnknownKeywordError for what `method` does not take; Keras 2's queue settings pass."""
    for keras_2 in ("max_queue_size", "workers", "use_multiprocessing"):  # arrays are in memory: there is no queue to fill
        unknown.pop(keras_2, None)
    if unknown:
        refuse_keywords(method.__name__, [method], unknown)
