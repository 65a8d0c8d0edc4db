"""What the plans of training and of evaluation share: one plan for each size of batch, its inputs, loss and metrics."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import recorded
from autotensor.core.recording import enable_grad, inside, no_grad
from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.keras.metrics.reduction import MeanMetricWrapper
from autotensor.keras.training.arenas import Held
from autotensor.keras.training.data import Data
from autotensor.keras.training.present import Present, settled
from autotensor.plan.graph import Value
from autotensor.plan.plan import Plan
from autotensor.plan.tracer import Traced, Tracer


class Step(NamedTuple):
    """The step for batches of one size."""

    run: Callable[[], tuple[Any, ...]]
    plan: Plan
    inputs: list[Array]  # where the batch is put: inputs, targets, weights
    measures: list[Callable[..., None]]  # what takes in the results behind the loss
    n: int


class Planned(ABC):
    """Steps of one model on one kind of data, a plan for each size of batch: what training and evaluation share."""

    training: bool

    def __init__(self, model: Any, data: Data) -> None:
        self.model = model
        self.sources = sources_of(data)
        self.several = isinstance(data.x, list)
        self.has = (data.y is not None, data.w is not None)
        self.steps: dict[int, Step] = {}
        self.held: dict[Tensor, Held] = {}
        self.present = Present(model)

    def step(self, n: int) -> Step:
        """The step for batches of `n` samples."""
        found = self.steps.get(n)
        if found is None:
            found = self.steps[n] = self.settled(lambda: self.traced(n))
        return found

    def settled(self, trace: Callable[[], Any]) -> Any:
        """What `trace` gives, if it leaves the model as it is."""
        found, self.present = settled(self.present, trace)
        return found

    def take(self, rows: Any) -> Step:
        """The step for these samples, with its batch in place."""
        is_slice = isinstance(rows, slice)
        step = self.step(rows.stop - rows.start if is_slice else len(rows))
        for array, place in zip(self.sources, step.inputs, strict=True):
            if is_slice:
                place[...] = array[rows]
            else:
                array.take(rows, 0, place, "clip")
        return step

    @abstractmethod
    def traced(self, n: int) -> Step:
        """The step for batches of `n` samples, newly made."""

    @contextlib.contextmanager
    def _tracing(self) -> Iterator[Tracer]:
        try:
            with Tracer() as tracer:
                yield tracer
        finally:
            self.model._forget_activity()  # layers keep what regularizers say of their outputs

    def _names(self) -> list[str]:
        xs = len(self.sources) - sum(self.has)
        return [
            *(["x"] if xs == 1 else [f"x{i}" for i in range(xs)]),
            *(["y"] if self.has[0] else []),
            *(["weight"] if self.has[1] else []),
        ]

    def _parts(self, inputs: list[Traced]) -> tuple[Any, Any, Any]:
        count = len(inputs) - sum(self.has)
        x = list(inputs[:count]) if self.several else inputs[0]
        rest = list(inputs[count:])
        y = rest.pop(0) if self.has[0] else None
        return x, y, rest.pop(0) if self.has[1] else None

    def _loss(self, inputs: list[Traced]) -> tuple[Any, Any]:
        x, y, w = self._parts(inputs)
        with enable_grad():
            y_pred = self.model(x, training=self.training)
            with inside("loss"):
                return self.model.compute_loss(x, y, y_pred, w), y_pred

    def _hold(self, tracer: Tracer, given: dict[Value, Array], updates: dict[Value, Value]) -> None:
        """What the step reads beside its batch and the parameters it moves has an array of the plan's own."""
        for tensor, value in tracer.captured.items():
            held = self.held.setdefault(tensor, Held(tensor))
            value.kind, given[value] = "state", held.array
            if tensor in tracer.assigned:
                held.changes = True
                updates[value] = tracer.assigned[tensor].value

    def _measures(self, inputs: list[Traced], loss: Any, y_pred: Any) -> tuple[list[Value], list[Callable[..., None]]]:
        """What the step gives back, the loss first, and what takes in the rest."""
        compiled = self.model._compiled
        _, y, w = self._parts(inputs)
        outputs, measures = [loss.value], []
        eager = []
        for name, metric, weighs in compiled.settle(y, y_pred) if y is not None else ():
            found = None
            if not weighs or w is None:
                with contextlib.suppress(Exception):  # what cannot be traced is asked of the predictions
                    found = traced_mean(metric, y, y_pred, name)
            if found is None:
                eager.append((metric, weighs))
                continue
            total, count = found
            outputs.append(total.value)
            measures.append(_adding(metric, count))
        if eager:
            outputs.append(y_pred.value)
            measures.append(self._eagerly(eager))
        return outputs, measures

    def _eagerly(self, chosen: list[tuple[Any, bool]]) -> Callable[..., None]:
        def take_in(y_pred: Array, batch: list[Array]) -> None:
            count = len(batch) - sum(self.has)
            y = batch[count].copy() if self.has[0] else None  # a metric may keep it
            w = batch[-1].copy() if self.has[1] else None
            with no_grad():
                for metric, weighs in chosen:
                    metric.update_state(y, y_pred, sample_weight=w if weighs else None)

        return take_in


def sources_of(data: Data) -> list[Array]:
    """The arrays that batches are taken from: inputs, targets, weights."""
    return [*(data.x if isinstance(data.x, list) else [data.x]), *(a for a in (data.y, data.w) if a is not None)]


def batch_spec(array: Array, n: int) -> Spec:
    """The shape and dtype of a batch: array (samples, ...) -> (n, ...)."""
    return Spec((n, *array.shape[1:]), array.dtype)


def _adding(metric: Any, count: float) -> Callable[..., None]:
    def take_in(total: float, _: list[Array]) -> None:
        metric.total += total
        metric.count += count

    return take_in


def traced_mean(metric: Any, y: Any, y_pred: Any, name: str) -> tuple[Any, float] | None:
    """(sum over the batch, number of samples) of a metric that is a plain mean of a traceable function; else None."""
    if not isinstance(metric, MeanMetricWrapper) or type(metric).update_state is not MeanMetricWrapper.update_state:
        return None
    with inside(name):
        values, counts = metric._samples(y, y_pred)
        if counts is not None:
            return None
        n = values.shape[0] if values.ndim else 1
        total = recorded.sum(recorded.cast(values, dtype=np.dtype(np.float64)), axis=tuple(range(values.ndim)), keepdims=False)
        if values.size != n:
            total = total / (values.size / n)
    return total, n
