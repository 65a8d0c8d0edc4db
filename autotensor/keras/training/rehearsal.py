"""What a model asks of data before anything changes: the door, and a rehearsal on one sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, AutotensorError, DataError, ShapeError
from autotensor.core.recording import no_grad
from autotensor.core.spec import Array
from autotensor.keras import losses
from autotensor.keras.training import data as door
from autotensor.keras.training.compiled import Compiled
from autotensor.keras.training.data import Data
from autotensor.keras.training.stepper import Stepper


class Rehearsal(Stepper):
    """The part of a Model that looks at data first."""

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
