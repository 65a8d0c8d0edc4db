"""`compile`, and the steps that training is made of, each open to subclasses."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from autotensor.core.errors import ArgumentError, NotCompiledError
from autotensor.core.recording import no_grad
from autotensor.core.tensor import Tensor
from autotensor.keras import optimizers
from autotensor.keras.layers.layer import Layer
from autotensor.keras.metrics import Metric
from autotensor.keras.names import refuse_keywords
from autotensor.keras.training.checks import unpack
from autotensor.keras.training.compiled import Compiled


class Learned(NamedTuple):
    """What a step changes: the weights that training moves, and whether anything but the loss adds to the total."""

    weights: list[Any]
    penalised: bool


class Stepper(Layer):
    """The part of a Model that knows how to make one step."""

    optimizer: Any = None
    stop_training = False
    _compiled: Compiled | None = None
    _learned: Learned | None = None  # known while an epoch runs, so that no step looks for it

    # compile
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        **unknown: Any,
    ) -> None:
        """Choose how to train: an optimizer, a loss, and metrics to report; each a name, an object or a function.

        `metrics`: `accuracy` becomes binary, categorical or sparse categorical accuracy by the shapes of targets and predictions.
        `jit_compile` may be "auto" or False and `steps_per_execution` 1: every step runs as NumPy calls, recorded as they happen.
        Raises: UnknownNameError for a name that stands for nothing; UnknownKeywordError for a misspelt argument.
        """
        if unknown:
            refuse_keywords("compile", [Stepper.compile], unknown)
        if isinstance(loss_weights, (list, tuple)) and metrics is None and any(isinstance(m, str) for m in loss_weights):
            warnings.warn(
                "compile's third argument is loss_weights since Keras 3; a list of names is taken as metrics.", stacklevel=2
            )
            loss_weights, metrics = None, loss_weights
        if jit_compile not in ("auto", False, None):
            raise ArgumentError(f"jit_compile is 'auto' or False: steps run as NumPy calls, got {jit_compile!r}.")
        if steps_per_execution != 1:
            raise ArgumentError(f"steps_per_execution must be 1: each step is executed by itself, got {steps_per_execution!r}.")
        chosen = optimizers.get(optimizer)
        compiled = Compiled(loss, _single_weight(loss_weights), metrics, weighted_metrics)
        self.__dict__.update(optimizer=chosen, _compiled=compiled, run_eagerly=bool(run_eagerly), stop_training=False)
        self.__dict__.update(auto_scale_loss=bool(auto_scale_loss))

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    @property
    def loss(self) -> Any:
        """The loss that compile chose."""
        return None if self._compiled is None else self._compiled.loss

    @property
    def metrics(self) -> list[Any]:
        """The metric objects, the loss first, then those that are attributes; "accuracy" appears with the first batch."""
        own = [value for value in vars(self).values() if isinstance(value, Metric)]
        return own if self._compiled is None else [*self._compiled.metrics, *own]

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns, in its order."""
        return [] if self._compiled is None else self._compiled.names

    def _need_compiled(self, purpose: str) -> Compiled:
        if self._compiled is None:
            raise NotCompiledError(f"{purpose} needs a compiled model: call {self.name}.compile(optimizer, loss) first.")
        return self._compiled

    def _no_loss(self, purpose: str) -> NotCompiledError:
        return NotCompiledError(f"{purpose} needs a loss: {self.name} was compiled without one. Pass loss= to compile.")

    # one step, each part open to subclasses
    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
        """The loss of a batch, a 0-dimensional Tensor: compile's loss plus what regularizers add."""
        compiled = self._need_compiled("compute_loss")
        total = None
        if compiled.loss is not None:
            total = compiled.loss(y, y_pred, sample_weight)
            if compiled.loss_weight is not None:
                total = total * compiled.loss_weight
        for penalty in self.losses if self._penalised_now() else ():
            total = penalty if total is None else total + penalty
        if total is None:
            raise self._no_loss("compute_loss")
        return total

    def _penalised_now(self) -> bool:
        return self.penalised if self._learned is None else self._learned.penalised

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, float]:
        """Take a batch into the metrics; returns all running values."""
        compiled = self._need_compiled("compute_metrics")
        if y is not None:
            with no_grad():
                compiled.update(y, y_pred.data if isinstance(y_pred, Tensor) else y_pred, sample_weight)
        return compiled.logs()

    def train_step(self, data: Any) -> dict[str, float]:
        """One step on a batch, (x, y) or (x, y, sample_weight): forward, loss, backward, update; returns the running values."""
        x, y, w = unpack(data)
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, w)
        self._update(loss)
        self._need_compiled("train_step").mean.update(loss.item(), samples(x))
        return self.compute_metrics(x, y, y_pred, w)

    def _update(self, loss: Any) -> None:
        learned = self._learned or Learned(self.trainable_weights, self.penalised)
        for p in learned.weights:
            p.grad = None
        self.optimizer.scale_loss(loss).backward()
        self.optimizer.apply([p.grad for p in learned.weights], learned.weights)
        for p in learned.weights:
            p.grad = None
        if learned.penalised:
            self._forget_activity()

    def test_step(self, data: Any) -> dict[str, float]:
        """The loss and metrics of a batch, (x, y) or (x, y, sample_weight), without learning; returns the running values."""
        x, y, w = unpack(data)
        with no_grad():
            y_pred = self(x, training=False)
            loss = self.compute_loss(x, y, y_pred, w)
        self._need_compiled("test_step").mean.update(loss.item(), samples(x))
        return self.compute_metrics(x, y, y_pred, w)

    def predict_step(self, data: Any) -> Any:
        """The model's output for a batch."""
        with no_grad():
            return self(unpack(data)[0], training=False)


def samples(x: Any) -> int:
    """The number of samples in a batch of one or several inputs."""
    return len(x[0] if isinstance(x, list) else x)


def _single_weight(loss_weights: Any) -> float | None:
    if loss_weights is None:
        return None
    values = list(loss_weights.values()) if isinstance(loss_weights, Mapping) else loss_weights
    values = [values] if isinstance(values, (int, float)) else list(values)
    if len(values) != 1 or not isinstance(values[0], (int, float)):
        raise ArgumentError(f"loss_weights has one number for the model's one output, got {loss_weights!r}.")
    return float(values[0])
