"""Where a training plan keeps what it changes: parameters and the optimizer's slots in flat arrays, which only the plan writes.

Before a step the plan adopts what the user's code may have replaced; afterwards it publishes copies of the parameters. The
optimizer lends it the slots, and has copies as soon as somebody asks. So nothing that a user holds is ever written by a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.keras.optimizers.state import Borrower, Loan
from autotensor.optim.rule import Rule
from autotensor.plan.graph import Value
from autotensor.plan.tracer import Traced, Tracer


class Arena:
    """The parameters that one rule moves, in a flat array; with `updates`, if it is the plan that moves them, each slot too."""

    def __init__(self, rule: Rule, parameters: list[Any], optimizer: Any, borrower: Borrower, *, updates: bool) -> None:
        self.rule = rule
        self.parameters = parameters
        self.optimizer = optimizer
        self.size = sum(p.size for p in parameters)
        self.dtype = parameters[0].dtype
        self.flat = np.empty(self.size, self.dtype)
        self.slots = [np.empty(self.size, self.dtype) for _ in rule.slots if updates]
        self.loans = [Loan(borrower, self.slots, place, p.shape) for _, p, place in self.stretches()] if updates else []

    def stretches(self) -> Iterator[tuple[int, Any, slice]]:
        """(number, parameter, place) of each parameter."""
        start = 0
        for i, p in enumerate(self.parameters):
            yield i, p, slice(start, start + p.size)
            start += p.size

    def adopt(self) -> None:
        """Take the numbers of parameters, which may have been replaced, or written to in place, and of slots not yet on loan."""
        for _, p, place in self.stretches():
            self.flat[place] = p.data.reshape(-1)
        state = self.optimizer._state
        for loan, p in zip(self.loans, self.parameters, strict=bool(self.loans)):
            i = state.place[p]
            if not state.has_lent(i, loan):
                for flat, array in zip(self.slots, state.read(i), strict=True):
                    flat[loan.place] = array.reshape(-1)
                state.lend(i, loan)

    def publish(self) -> None:
        """Give the parameters copies of what the arena holds."""
        for _, p, place in self.stretches():
            p.data = self.flat[place].reshape(p.shape).copy()


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
        self.plain = not any(isinstance(x, tuple) for x in sample)

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
            self.array[:] = now if self.plain else tuple(flat_scalars(now))


def flat_scalars(scalars: Any) -> Iterator[float]:
    """The numbers of a rule's scalars, those of the rule inside a variant among them, in order."""
    for x in scalars:
        if isinstance(x, tuple):
            yield from flat_scalars(x)
        else:
            yield x
