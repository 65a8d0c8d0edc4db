"""The training step as a plan: forward, loss, backward, clipping, update and metrics, traced once and run as NumPy source."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np

from autotensor.autodiff.reverse import pullback
from autotensor.core.namespace import recorded
from autotensor.core.recording import inside, no_grad
from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.keras import losses
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.keras.optimizers.state import Borrower
from autotensor.keras.training.arenas import Arena, Numbers
from autotensor.keras.training.data import Data
from autotensor.keras.training.planned import Planned, Step, batch_spec, sources_of
from autotensor.keras.training.stepper import Learned
from autotensor.optim.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from autotensor.optim.rule import Rule
from autotensor.plan import kernels
from autotensor.plan.graph import Value
from autotensor.plan.plan import Backend, Plan
from autotensor.plan.tracer import Traced, Tracer

LARGE = 2**22  # bytes of a workspace from which on it is not kept between epochs: a step takes longer than making it
SAVED = 0.25  # the part of a step that kernels save at least, on networks whose matrices are small


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
        moved = self.settled(lambda: self._moved(min(data.n, size)))
        groups: dict[tuple[Rule, Any], list[Any]] = {}
        for p in moved:
            groups.setdefault((self.optimizer.rule(p), p.dtype), []).append(p)
        self.borrower = Borrower()
        of = self.optimizer, self.borrower
        self.arenas = [Arena(rule, members, *of, updates=self.updates) for (rule, _), members in groups.items()]
        self.numbers = [Numbers(arena) for arena in self.arenas]
        for p in set(self.optimizer._state.parameters).difference(moved):
            self.optimizer.slots(p)  # which an earlier plan may have on loan, and would be kept for

    def _moved(self, n: int) -> list[Any]:
        """The weights that get a gradient."""
        with self._tracing() as tracer:
            inputs = [Traced(tracer.input(batch_spec(a, n), "bound")) for a in self.sources]
            loss, _ = self._loss(inputs)
            grads = self._gradients(loss, self.weights)
        return [p for p, g in zip(self.weights, grads, strict=True) if g is not None]

    # one batch
    def traced(self, n: int) -> Step:
        given: dict[Value, Array] = {}
        updates: dict[Value, Value] = {}
        with self._tracing() as tracer, no_grad():
            bound = [
                tracer.input(batch_spec(a, n), "bound", name=name) for a, name in zip(self.sources, self._names(), strict=True)
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
        approximate = self.model.jit_compile is True
        graph = tracer.graph(outputs, updates)
        plan = Plan(graph, "train_step", items, given, backend=self.backend, approximate=approximate)
        return Step(plan.instance(), plan, [given[v] for v in bound], measures, n)

    def _gradients(self, loss: Any, weights: list[Any]) -> list[Any]:
        with no_grad():
            seed = Tensor(np.full(loss.shape, self.optimizer.loss_scale_factor or 1, loss.dtype))
            return pullback(recorded, loss.node, seed, [p.node for p in weights])

    def _states(self, tracer: Tracer, arena: Arena, given: dict[Value, Array]) -> list[Value]:
        states = []
        names = ["parameters", *(slot.name for slot in arena.rule.slots)]
        for name, flat in zip(names, (arena.flat, *arena.slots), strict=self.updates):
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
        numbers: Numbers,
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
        """Before the user's code may look: give the parameters their numbers, and the slots free."""
        self.borrower.ahead = False
        for arena in self.arenas if self.updates else ():
            arena.publish()
        for held in self.held.values():
            held.publish()

    def run(self, step: Step) -> float:
        """One step on the batch in `step.inputs`: everything is updated; returns the loss."""
        optimizer = self.optimizer
        if not self.updates:
            return self._applied(step)
        self.borrower.ahead = True
        hyper = self.fixed or optimizer.hyper()
        t = optimizer._applied + 1
        for numbers in self.numbers:
            numbers.set(t, hyper)
        loss, *rest = step.run()
        optimizer._applied = t
        for measure, value in zip(step.measures, rest, strict=True):
            measure(value, step.inputs)
        return loss

    def rest(self) -> None:
        """After an epoch: give back large workspaces, which the next steps make anew."""
        for n, step in list(self.steps.items()):
            if step.plan.peak_bytes >= LARGE and not isinstance(step.run, partial):
                step.plan.release(step.run)
                self.steps[n] = step._replace(run=partial(self._wake, n))

    def _wake(self, n: int) -> tuple[Any, ...]:
        """The first step after a rest."""
        step = self.steps[n]
        step = self.steps[n] = step._replace(run=step.plan.instance())
        return step.run()

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
                step = self.step(n)
                step.plan.prepare(step.run)

    def serves(self, data: Data) -> bool:
        """Whether these plans do for another data set of this model, as it is now."""
        sources = sources_of(data)
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
        self.sources = sources_of(data)

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
