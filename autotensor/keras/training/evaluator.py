"""`evaluate` and `predict`, and what a single batch gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.spec import Array
from autotensor.keras.callbacks import CallbackList
from autotensor.keras.names import refuse_keywords
from autotensor.keras.training import data as door
from autotensor.keras.training.checks import at_least_one, check_verbose, floats, packed
from autotensor.keras.training.data import Data
from autotensor.keras.training.rehearsal import Rehearsal


class Evaluator(Rehearsal):
    """The part of a Model that measures and predicts without learning."""

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
        refuse(Evaluator.predict, unknown)
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
