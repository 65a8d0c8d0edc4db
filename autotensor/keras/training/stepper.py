"""`compile`, and the steps that training is made of, each open to subclasses."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from autotensor.core.errors import ArgumentError, NotCompiledError, missing_extra
from autotensor.core.recording import current, no_grad
from autotensor.core.tensor import Tensor
from autotensor.keras import optimizers
from autotensor.keras.layers.layer import Layer
from autotensor.keras.metrics import Metric
from autotensor.keras.names import refuse_keywords
from autotensor.keras.training.checks import at_least_one, unpack
from autotensor.keras.training.compiled import Compiled
from autotensor.plan import xla
from autotensor.plan.trace import TraceError


class Learned(NamedTuple):
    """What a step changes: the weights that training moves, and whether anything but the loss adds to the total."""

    weights: list[Any]
    penalised: bool


class Stepper(Layer):
    """The part of a Model that knows how to make one step."""

    optimizer: Any = None
    stop_training = False
    _compiled: Compiled | None = None
    run_eagerly = False
    jit_compile: Any = "auto"
    steps_per_execution = 1
    _warned: set[str] = set()  # noqa: RUF012 - replaced by compile
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
        `jit_compile`: "auto" compiles steps to NumPy source, bit for bit what eager steps compute, and runs them eagerly where
        that cannot be done, with one warning. True raises there, starts with machine code where Numba is installed (extra `fast`)
        and takes exp, tanh and erf of float32 by polynomials, within 8 units of the last place (5e-7). "xla", not in Keras,
        raises there too and runs training steps by XLA (extra `xla`). False, like `run_eagerly=True`, records every operation as
        it happens. Callbacks are called for every `steps_per_execution` batches.
        Raises: UnknownNameError for a name that stands for nothing; UnknownKeywordError for a misspelt argument.
        """
        if unknown:
            refuse_keywords("compile", [Stepper.compile], unknown)
        if isinstance(loss_weights, (list, tuple)) and metrics is None and any(isinstance(m, str) for m in loss_weights):
            warnings.warn(
                "compile's third argument is loss_weights since Keras 3; a list of names is taken as metrics.", stacklevel=2
            )
            loss_weights, metrics = None, loss_weights
        if jit_compile not in ("auto", True, False, None, "xla"):
            raise ArgumentError(f"jit_compile is 'auto', True, False or 'xla', got {jit_compile!r}.")
        if run_eagerly and jit_compile in (True, "xla"):
            raise ArgumentError(f"jit_compile={jit_compile!r} compiles each step and run_eagerly=True does not; choose one.")
        if jit_compile == "xla" and not xla.available():
            raise missing_extra("jax", "xla", 'jit_compile="xla"')
        at_least_one("steps_per_execution", steps_per_execution)
        chosen = optimizers.get(optimizer)
        compiled = Compiled(loss, _single_weight(loss_weights), metrics, weighted_metrics)
        self.__dict__.update(optimizer=chosen, _compiled=compiled, run_eagerly=bool(run_eagerly), stop_training=False, _source="")
        self.__dict__.update(auto_scale_loss=bool(auto_scale_loss), jit_compile=jit_compile, _warned=set())
        self.__dict__.update(steps_per_execution=int(steps_per_execution))

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

    def _may_compile(self, purpose: str, open_to_subclasses: tuple[str, ...]) -> bool:
        """Whether steps can be traced: they are the model's own, and nobody looks on while they run."""
        if not self._compiles():
            return False
        own = [name for name in open_to_subclasses if getattr(type(self), name) is not getattr(Stepper, name)]
        if own:
            self._stay_eager(purpose, f"{type(self).__name__} defines its own {own[0]}")
        hooked = [module for module in self.modules() if module._hooks or module._pre_hooks]
        if hooked and not own:
            self._stay_eager(purpose, f"{type(hooked[0]).__name__} has forward hooks, which need numbers")
        return not own and not hooked

    def _compiles(self) -> bool:
        """Whether compiling is wanted, and `at.debug()` is off."""
        return not self.run_eagerly and self.jit_compile not in (False, None) and current.watcher is None

    def _stay_eager(self, purpose: str, reason: Any) -> None:
        """Say once that steps are not compiled, and why; with `jit_compile=True` or "xla" that is an error."""
        text = f"{purpose} of {self.name} is not compiled: {str(reason).rstrip('.')}."
        if self.jit_compile in (True, "xla"):
            raise TraceError(f"{text} Pass jit_compile='auto' to run it eagerly.") from (
                reason if isinstance(reason, Exception) else None
            )
        if text not in self._warned:
            self._warned.add(text)
            warnings.warn(f"{text} It runs eagerly; pass run_eagerly=True to compile() if that is meant.", stacklevel=4)

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
