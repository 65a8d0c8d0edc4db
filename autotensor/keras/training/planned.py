"""The training step as a plan: forward, loss, backward, clipping, update and metrics, traced once and run as NumPy source.

Parameters and what the optimizer keeps beside them live in arenas, one flat array a kind, which only the plan writes. Before a
step the plan adopts parameters whose arrays were replaced; afterwards it publishes copies. So nothing that a user holds is ever
written by a plan.
"""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from autotensor.autodiff.reverse import pullback
from autotensor.core.namespace import recorded
from autotensor.core.recording import enable_grad, inside, no_grad
from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.keras import losses
from autotensor.keras.metrics.reduction import MeanMetricWrapper
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.keras.training.data import Data
from autotensor.keras.training.present import Present, settled
from autotensor.keras.training.stepper import Learned
from autotensor.optim.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from autotensor.optim.rule import Rule
from autotensor.plan import kernels
from autotensor.plan.graph import Value
from autotensor.plan.plan import Backend, Plan
from autotensor.plan.trace import TraceError
from autotensor.plan.tracer import Traced, Tracer

SAVED = 0.25  # the part of a step that kernels save at least, on networks whose matrices are small


class Arena:
    """The parameters that one rule moves: their numbers, and each slot's, in flat arrays."""

    def __init__(self, rule: Rule, parameters: list[Any], optimizer: Any) -> None:
        self.rule = rule
        self.parameters = parameters
        self.optimizer = optimizer
        self.size = sum(p.size for p in parameters)
        self.dtype = parameters[0].dtype
        self.flat = np.empty(self.size, self.dtype)
        self.slots = [np.empty(self.size, self.dtype) for _ in rule.slots]

    def stretches(self) -> Iterator[tuple[int, Any, slice]]:
        """(number, parameter, place) of each parameter."""
        start = 0
        for i, p in enumerate(self.parameters):
            yield i, p, slice(start, start + p.size)
            start += p.size

    def adopt(self) -> None:
        """Take the numbers of parameters and slots, which may have been replaced, or written to in place."""
        for _, p, place in self.stretches():
            for flat, array in zip((self.flat, *self.slots), (p.data, *self.optimizer.slots(p)), strict=True):
                flat[place] = array.reshape(-1)

    def publish(self) -> None:
        """Give parameters and optimizer copies of what the arena holds."""
        for _, p, place in self.stretches():
            p.data = self.flat[place].reshape(p.shape).copy()
            self.optimizer.set_slots(p, [slot[place].reshape(p.shape).copy() for slot in self.slots])


class Held:
    """A Tensor that the step reads, and perhaps changes, beside the parameters: running statistics, frozen weights."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.array = np.array(tensor.data)
        self.changes = False

    def adopt(self) -> None:
        """Take the Tensor's numbers."""
        self.array[...] = self.tensor.data

    def publish(self) -> None:
        """Give the Tensor a copy of what the step has made of them."""
        if self.changes:
            self.tensor.data = self.array.copy()


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
        self.sources = _sources(data)
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


class PlannedSteps(Planned):
    """Training steps; all share the arenas."""

    training = True

    def __init__(self, model: Any, data: Data, size: int = 32) -> None:
        super().__init__(model, data)
        self.optimizer = model.optimizer
        learned = model._learned or Learned(model.trainable_weights, model.penalised)
        self.weights, self.penalised = list(learned.weights), learned.penalised
        self.backend: Backend = "numba" if model.jit_compile is True and kernels.available() else "numpy"
        if model.jit_compile == "xla":
            self.backend = "xla"
        self.names = {id(p): re.sub(r"\W+", "_", name) for name, p in model.named_parameters()}
        self.optimizer._places(len(self.weights), self.weights)  # builds it, or says why it cannot move these
        self.updates = updates_in_plan(self.optimizer, self.weights)
        self.scalars: dict[tuple[int, int], Array] = {}
        moved = self.settled(lambda: self._moved(min(data.n, size)))
        groups: dict[tuple[Rule, Any], list[Any]] = {}
        for p in moved:
            groups.setdefault((self.optimizer.rule(p), p.dtype), []).append(p)
        self.arenas = [Arena(rule, members, self.optimizer) for (rule, _), members in groups.items()]
        self.numbers = [_Numbers(arena) for arena in self.arenas]

    def _moved(self, n: int) -> list[Any]:
        """The weights that get a gradient."""
        with self._tracing() as tracer:
            inputs = [Traced(tracer.input(_batch_spec(a, n), "bound")) for a in self.sources]
            loss, _ = self._loss(inputs)
            grads = self._gradients(loss, self.weights)
        return [p for p, g in zip(self.weights, grads, strict=True) if g is not None]

    # one batch
    def traced(self, n: int) -> Step:
        given: dict[Value, Array] = {}
        updates: dict[Value, Value] = {}
        with self._tracing() as tracer, no_grad():
            bound = [
                tracer.input(_batch_spec(a, n), "bound", name=name) for a, name in zip(self.sources, self._names(), strict=True)
            ]
            given |= {v: np.zeros(v.shape, v.dtype) for v in bound}
            states = [self._states(tracer, arena, given) for arena in self.arenas]
            inputs = [Traced(v) for v in bound]
            loss, y_pred = self._loss(inputs)
            moved = [p for arena in self.arenas for p in arena.parameters]
            grads = self._gradients(loss, moved)
            if self.updates:
                rest = iter(self._clipped(grads))
                for arena, state, numbers in zip(self.arenas, states, self.numbers, strict=True):
                    own = [next(rest) for _ in arena.parameters]
                    self._update(tracer, arena, state, own, numbers, given, updates)
            outputs, measures = self._measures(inputs, loss, y_pred)
            if not self.updates:
                outputs += [tracer.lift(g).value for g in grads]
            self.output_shape = y_pred.shape
        tracer.settle()
        self._hold(tracer, given, updates)
        items = [y.shape == () for y in outputs]
        plan = Plan(tracer.graph(outputs, updates), "train_step", items, given, backend=self.backend)
        return Step(plan.instance(), plan, [given[v] for v in bound], measures, n)

    def _gradients(self, loss: Any, weights: list[Any]) -> list[Any]:
        with no_grad():
            seed = Tensor(np.full(loss.shape, self.optimizer.loss_scale_factor or 1, loss.dtype))
            return pullback(recorded, loss.node, seed, [p.node for p in weights])

    def _states(self, tracer: Tracer, arena: Arena, given: dict[Value, Array]) -> list[Value]:
        states = []
        names = ["parameters", *(slot.name for slot in arena.rule.slots)]
        for name, flat in zip(names, (arena.flat, *arena.slots), strict=True):
            state = tracer.input(Spec(flat.shape, flat.dtype), "state", name=name)
            given[state] = flat
            states.append(state)
        whole = Traced(states[0])
        for _, p, place in arena.stretches():
            piece = recorded.getitem(whole, index=(place,))
            if p.ndim != 1:
                piece = recorded.reshape(piece, shape=p.shape)
            piece.value.name = self.names.get(id(p), "")
            tracer.known[p] = piece.value
        return states

    def _clipped(self, grads: list[Any]) -> list[Any]:
        optimizer = self.optimizer
        if optimizer.clipnorm is not None:
            return clip_by_norm(recorded, grads, optimizer.clipnorm)
        if optimizer.global_clipnorm is not None:
            return clip_by_global_norm(recorded, grads, optimizer.global_clipnorm)
        return grads if optimizer.clipvalue is None else clip_by_value(recorded, grads, optimizer.clipvalue)

    def _update(
        self,
        tracer: Tracer,
        arena: Arena,
        states: list[Value],
        grads: list[Any],
        numbers: _Numbers,
        given: dict[Value, Array],
        updates: dict[Value, Value],
    ) -> None:
        cast = [tracer.lift(g if g.dtype == arena.dtype else recorded.cast(g, dtype=arena.dtype)).value for g in grads]
        for p, g in zip(arena.parameters, cast, strict=True):
            g.name = g.name or f"d_{self.names.get(id(p), 'parameter')}"
        pack = Value(Spec((arena.size,), arena.dtype), "pack", operands=cast, name="gradients")
        tracer.values.append(pack)
        with inside(type(self.optimizer).__name__):
            s = numbers.traced(tracer, given)
            leaf, *slots = (Traced(state) for state in states)
            new, new_slots = arena.rule.update(recorded, leaf, Traced(pack), tuple(slots), s)
        for state, value in zip(states, (new, *new_slots), strict=True):
            updates[state] = tracer.lift(value).value

    # around steps
    def outdated(self) -> bool:
        """Whether the model is no longer what was traced."""
        learned = self.model._learned
        other = learned is not None and (
            learned.penalised is not self.penalised or list(map(id, learned.weights)) != list(map(id, self.weights))
        )
        return other or bool(self.present.changed())

    def adopt(self) -> None:
        """Before steps, when the user's code may have run: take over what it replaced."""
        for arena in self.arenas:
            arena.adopt()
        for held in self.held.values():
            held.adopt()
        varies = callable(self.optimizer._rate) or self.optimizer.decay  # and may not be asked more often than once a step
        self.fixed = None if varies else self.optimizer.hyper()

    def publish(self) -> None:
        """Before the user's code may look: give parameters and optimizer their numbers."""
        for arena in self.arenas if self.updates else ():
            arena.publish()
        for held in self.held.values():
            held.publish()

    def run(self, step: Step) -> float:
        """One step on the batch in `step.inputs`: everything is updated; returns the loss."""
        optimizer = self.optimizer
        if not self.updates:
            return self._applied(step)
        hyper = self.fixed or optimizer.hyper()
        t = optimizer._applied + 1
        for numbers in self.numbers:
            numbers.set(t, hyper)
        loss, *rest = step.run()
        optimizer._applied = t
        for measure, value in zip(step.measures, rest, strict=True):
            measure(value, step.inputs)
        return loss

    def move_on(self, steps: int, seconds: float) -> None:
        """Between epochs: change to machine code if the `steps` to come, of which one takes `seconds`, repay making it."""
        saved = SAVED * seconds * steps
        if self.backend != "numpy" or not self.steps or saved < kernels.LEAST or not kernels.available():
            return
        plan = max(self.steps.values(), key=lambda step: step.n).plan
        if saved > kernels.cost(plan.kernel_texts()):
            self.backend = "numba"
            sizes = list(self.steps)
            self.steps.clear()
            for n in sizes:
                self._warm_up(self.step(n))

    def _warm_up(self, step: Step) -> None:
        """Run a step once, so that its kernels are compiled between epochs, and take back what it has done."""
        if any(value.kind == "draw" for value in step.plan.graph.values):
            return  # its random numbers cannot be given back: the kernels are compiled at the first step
        arrays = [array for arena in self.arenas for array in (arena.flat, *arena.slots)]
        arrays += [held.array for held in self.held.values()]
        before = [array.copy() for array in arrays]
        with np.errstate(all="ignore"):
            step.run()
        for array, kept in zip(arrays, before, strict=True):
            array[...] = kept

    def serves(self, data: Data) -> bool:
        """Whether these plans do for another data set of this model, as it is now."""
        sources = _sources(data)
        same = self.several == isinstance(data.x, list) and self.has == (data.y is not None, data.w is not None)
        same = same and len(sources) == len(self.sources) and self.optimizer is self.model.optimizer
        alike = same and all(
            a.shape[1:] == b.shape[1:] and a.dtype == b.dtype for a, b in zip(sources, self.sources, strict=True)
        )
        return alike and not self.outdated()

    def check_labels(self, data: Data) -> None:
        """Refuse labels that are no classes, as before a `fit`."""
        losses.check_labels(self.model._compiled.loss, data.y, self.output_shape)

    def once(self, data: Data) -> dict[str, float]:
        """One step on all of a data set; returns the running values."""
        self.turn_to(data)
        self.adopt()
        step = self.take(slice(0, data.n))
        compiled = self.model._compiled
        try:
            compiled.mean.update(self.run(step), step.n)
        finally:
            self.publish()
        return compiled.logs()

    def turn_to(self, data: Data) -> None:
        """Take batches from another data set."""
        self.sources = _sources(data)

    def _applied(self, step: Step) -> float:
        """One step whose update is the optimizer's own: it accumulates, averages, scales or constrains."""
        loss, *rest = step.run()
        for measure, value in zip(step.measures, rest, strict=False):
            measure(value, step.inputs)
        moved = [p for arena in self.arenas for p in arena.parameters]
        self.optimizer.apply(rest[len(step.measures) :], moved)
        for arena in self.arenas:
            arena.adopt()
        return loss


def updates_in_plan(optimizer: Any, weights: list[Any]) -> bool:
    """Whether a step of the optimizer is clipping and its rule, which a plan does, and no more."""
    more = (optimizer.gradient_accumulation_steps, optimizer.use_ema, optimizer.loss_scale_factor)
    own = any(getattr(type(optimizer), name) is not getattr(Optimizer, name) for name in ("apply", "_update", "_clipped"))
    return not any(more) and not own and not any(getattr(p, "constraint", None) is not None for p in weights)


class PlannedTests(Planned):
    """Steps of an evaluation: loss and metrics, nothing changes."""

    training = False

    def traced(self, n: int) -> Step:
        given: dict[Value, Array] = {}
        with self._tracing() as tracer, no_grad():
            bound = [
                tracer.input(_batch_spec(a, n), "bound", name=name) for a, name in zip(self.sources, self._names(), strict=True)
            ]
            given |= {v: np.zeros(v.shape, v.dtype) for v in bound}
            inputs = [Traced(v) for v in bound]
            loss, y_pred = self._loss(inputs)
            outputs, measures = self._measures(inputs, loss, y_pred)
        tracer.settle()
        if tracer.assigned:
            raise TraceError("a call in inference changes buffers.")
        plan = Plan(tracer.graph(outputs, {}), "test_step", [y.shape == () for y in outputs], given)
        tensors = [v.source for v in plan.arguments]  # those that the results depend on
        run = plan.instance()
        return Step(lambda: run(*[t.data for t in tensors]), plan, [given[v] for v in bound], measures, n)

    def run(self, step: Step) -> float:
        """One step on the batch in `step.inputs`: metrics take it in; returns the loss."""
        loss, *rest = step.run()
        for measure, value in zip(step.measures, rest, strict=True):
            measure(value, step.inputs)
        return loss


class _Numbers:
    """The scalars of a rule, as arrays without axes that a plan reads."""

    def __init__(self, arena: Arena) -> None:
        self.rule = arena.rule
        settings = {name: getattr(arena.optimizer, name) for name in arena.optimizer.settings}
        sample = arena.rule.scalars(1, {**settings, "lr": 0.0, "weight_decay": arena.optimizer.weight_decay})
        self.sample = sample  # of which only the form counts
        self.array = np.zeros(max(len(list(_flat(sample))), 1), arena.dtype)
        self.before: Any = None

    def traced(self, tracer: Tracer, given: dict[Value, Array]) -> Any:
        places = iter(range(len(self.array)))

        def of(scalars: Any) -> Any:
            found = []
            for name, x in zip(scalars._fields, scalars, strict=True):
                if isinstance(x, tuple):
                    found.append(of(x))
                    continue
                value = tracer.input(Spec((), self.array.dtype), "scalar", name=name)
                i = next(places)
                given[value] = self.array[i : i + 1].reshape(())
                found.append(Traced(value))
            return scalars._make(found)

        return of(self.sample)

    def set(self, t: int, hyper: Any) -> None:
        now = self.rule.scalars(t, hyper)
        if now != self.before:
            self.before = now
            self.array[:] = tuple(_flat(now))


def _flat(scalars: Any) -> Iterator[float]:
    for x in scalars:
        if isinstance(x, tuple):
            yield from _flat(x)
        else:
            yield x


def _sources(data: Data) -> list[Array]:
    """The arrays that batches are taken from: inputs, targets, weights."""
    return [*(data.x if isinstance(data.x, list) else [data.x]), *(a for a in (data.y, data.w) if a is not None)]


def _batch_spec(array: Array, n: int) -> Spec:
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
