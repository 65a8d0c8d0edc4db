"""The arrays of an optimizer, one of each kind for each parameter, and Keras's names and order for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.optim.rule import Hyper, Rule


class OptimizerVariable(NamedTuple):
    """An array of an optimizer's state, under the name that Keras gives it."""

    name: str
    value: Array


class State:
    """Parameters, and in the same order what is kept for each: slots, running mean, sum of gradients."""

    def __init__(self, parameters: Sequence[Tensor] = (), together: Sequence[str] = ()) -> None:
        self.parameters = list(parameters)
        self.place = {p: i for i, p in enumerate(self.parameters)}
        self.together = together  # names of slots that alternate in Keras's order; the others follow, one after another
        self.names: list[str] = []
        self.slots: list[tuple[Array, ...]] = []
        self.averages: list[Array] = []
        self.sums: list[Array] = []

    def start(self, rule: Rule, hyper: Hyper, *, averages: bool, sums: bool) -> None:
        """Make the arrays, before the first step."""
        self.names = [slot.name for slot in rule.slots]
        self.slots = [rule.start(p.data, hyper) for p in self.parameters]
        self.averages = [np.zeros_like(p.data) for p in self.parameters] if averages else []
        self.sums = [np.zeros_like(p.data) for p in self.parameters] if sums else []

    def label(self, i: int) -> str:
        """A parameter's path or name, as Keras writes it into the names of its slots."""
        return label_of(self.parameters[i]) or f"variable_{i}"

    def _order(self) -> Iterator[tuple[int, int]]:
        """Which slot of which parameter, in Keras's order."""
        first = [j for j, name in enumerate(self.names) if name in self.together]
        rest = [[j] for j, name in enumerate(self.names) if name not in self.together]
        for group in [first, *rest]:
            yield from ((i, j) for i in range(len(self.parameters)) for j in group)

    def named(self) -> list[OptimizerVariable]:
        """All arrays in Keras's order: averages, sums, slots."""
        kinds = ((self.averages, "average"), (self.sums, "gradient_accumulator"))
        found = [OptimizerVariable(f"{self.label(i)}_{kind}", a) for arrays, kind in kinds for i, a in enumerate(arrays)]
        slots = [OptimizerVariable(f"{self.label(i)}_{self.names[j]}", self.slots[i][j]) for i, j in self._order()]
        return found + slots

    def load(self, store: Mapping[str, Any], first: int) -> None:
        """Copy the arrays from `store`, where they are numbered in Keras's order from `first`; all or nothing.

        Raises: ArgumentError for another number of arrays; ShapeError for an array of another shape.
        """
        present = self.named()
        if set(store) != {str(i) for i in range(first + len(present))}:
            raise ArgumentError(
                f"the saved optimizer has {len(store)} arrays, this one {first + len(present)}. "
                f"Build it on the same model, with the same settings, before loading."
            )
        arrays = [_fitting(store[str(first + i)], variable) for i, variable in enumerate(present)]
        n, m = len(self.averages), len(self.sums)
        slots = [list(row) for row in self.slots]
        for (i, j), array in zip(self._order(), arrays[n + m :], strict=True):
            slots[i][j] = array
        self.averages, self.sums, self.slots = arrays[:n], arrays[n : n + m], [tuple(row) for row in slots]


def label_of(parameter: Tensor) -> str:
    """A parameter's path or name with underscores, empty if it has none."""
    return str(getattr(parameter, "path", None) or getattr(parameter, "name", None) or "").replace("/", "_")


def _fitting(value: Any, variable: OptimizerVariable) -> Array:
    array = np.array(value, dtype=variable.value.dtype, order="C")
    if array.shape != variable.value.shape:
        raise ShapeError(f"the saved {variable.name} has shape {array.shape}, this optimizer's {variable.value.shape}.")
    return array
