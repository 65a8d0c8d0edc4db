"""Where a training plan keeps what it changes: parameters and the optimizer's slots in flat arrays, which only the plan writes.

Before a step the plan adopts what the user's code may have replaced; afterwards it publishes copies. So nothing that a user holds
is ever written by a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.optim.rule import Rule
from autotensor.plan.graph import Value
from autotensor.plan.tracer import Traced, Tracer


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


class Numbers:
    """The scalars of a rule, as arrays without axes that a plan reads."""

    def __init__(self, arena: Arena) -> None:
        self.rule = arena.rule
        settings = {name: getattr(arena.optimizer, name) for name in arena.optimizer.settings}
        sample = arena.rule.scalars(1, {**settings, "lr": 0.0, "weight_decay": arena.optimizer.weight_decay})
        self.sample = sample  # of which only the form counts
        self.array = np.zeros(max(len(list(flat_scalars(sample))), 1), arena.dtype)
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
            self.array[:] = tuple(flat_scalars(now))


def flat_scalars(scalars: Any) -> Iterator[float]:
    """The numbers of a rule's scalars, those of the rule inside a variant among them, in order."""
    for x in scalars:
        if isinstance(x, tuple):
            yield from flat_scalars(x)
        else:
            yield x
