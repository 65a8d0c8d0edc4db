"""The arrays of an optimizer, one of each kind for each parameter, and Keras's names and order for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import Array, Shape
from autotensor.core.tensor import Tensor
from autotensor.optim.rule import Hyper, Rule


class OptimizerVariable(NamedTuple):
    """An array of an optimizer's state, under the name that Keras gives it."""

    name: str
    value: Array


class Borrower:
    """A plan that has slots on loan: `ahead` while its steps run, and may not be interrupted by what others write."""

    ahead = False


class Loan:
    """A parameter's slots while a plan has them: stretches of flat arrays, which change with each of the plan's steps.

    What is copied or pickled with an optimizer are their numbers.
    """

    def __init__(self, borrower: Borrower, flat: Sequence[Array], place: slice, shape: Shape) -> None:
        self.borrower, self.flat, self.place, self.shape = borrower, flat, place, shape

    def views(self) -> tuple[Array, ...]:
        """The slots where they are: to be read at once, and given to nobody."""
        return tuple([flat[self.place].reshape(self.shape) for flat in self.flat])

    def copies(self) -> tuple[Array, ...]:
        """The slots as they are now."""
        return tuple([view.copy() for view in self.views()])

    def __reduce__(self) -> Any:
        return tuple, (self.copies(),)


class State:
    """Parameters, and in the same order what is kept for each: slots, running mean, sum of gradients.

    A plan takes slots on loan, so that they exist once. Who asks for them between its steps ends that: the optimizer has arrays
    of its own again, which may be written to, and the plan takes them over before it goes on.
    """

    def __init__(self, parameters: Sequence[Tensor] = (), together: Sequence[str] = ()) -> None:
        self.parameters = list(parameters)
        self.place = {p: i for i, p in enumerate(self.parameters)}
        self.together = together  # names of slots that alternate in Keras's order; the others follow, one after another
        self.names: list[str] = []
        self._slots: list[tuple[Array, ...] | Loan] = []
        self.averages: list[Array] = []
        self.sums: list[Array] = []

    def start(self, rule: Rule, hyper: Hyper, *, averages: bool, sums: bool) -> None:
        """Make the arrays, before the first step."""
        self.names = [slot.name for slot in rule.slots]
        self._slots = [rule.start(p.data, hyper) for p in self.parameters]
        self.averages = [np.zeros_like(p.data) for p in self.parameters] if averages else []
        self.sums = [np.zeros_like(p.data) for p in self.parameters] if sums else []

    # slots
    @property
    def slots(self) -> list[tuple[Array, ...]]:
        """Those of all parameters."""
        return [self.read(i) for i in range(len(self._slots))]

    def read(self, i: int) -> tuple[Array, ...]:
        """The slots of a parameter, as arrays that no plan changes."""
        kept = self._slots[i]
        if not isinstance(kept, Loan):
            return kept
        copies = kept.copies()
        if not kept.borrower.ahead:
            self._slots[i] = copies
        return copies

    def write(self, i: int, slots: tuple[Array, ...]) -> None:
        """Give a parameter the slots that its rule has made."""
        self._slots[i] = slots

    def replace(self, i: int, slots: Sequence[Any]) -> None:
        """Give a parameter copies of these as its slots.

        Raises: ArgumentError for another number of them; ShapeError for one of another shape.
        """
        if len(slots) != len(self.names):
            raise ArgumentError(f"{self.label(i)} has the slots {', '.join(self.names) or 'none'}, got {len(slots)} arrays.")
        kept = [OptimizerVariable(f"{self.label(i)}_{name}", x) for name, x in zip(self.names, self._seen(i), strict=True)]
        self._slots[i] = tuple([_fitting(x, variable, "new") for x, variable in zip(slots, kept, strict=True)])

    def lend(self, i: int, loan: Loan) -> None:
        """Leave a parameter's slots to a plan, which has the same numbers: from now on they are where the loan says."""
        self._slots[i] = loan

    def has_lent(self, i: int, loan: Loan) -> bool:
        """Whether the slots of a parameter are where this loan says."""
        return self._slots[i] is loan

    def _seen(self, i: int) -> tuple[Array, ...]:
        """The slots of a parameter wherever they are."""
        kept = self._slots[i]
        return kept.views() if isinstance(kept, Loan) else kept

    # in Keras's order
    def label(self, i: int) -> str:
        """A parameter's path or name, as Keras writes it into the names of its slots."""
        return label_of(self.parameters[i]) or f"variable_{i}"

    def _order(self) -> Iterator[tuple[int, int]]:
        """Which slot of which parameter, in Keras's order."""
        first = [j for j, name in enumerate(self.names) if name in self.together]
        rest = [[j] for j, name in enumerate(self.names) if name not in self.together]
        for group in [first, *rest]:
            yield from ((i, j) for i in range(len(self.parameters)) for j in group)

    def named(self, *, lent: bool = False) -> list[OptimizerVariable]:
        """All arrays in Keras's order: averages, sums, slots; with `lent` those of plans too, to be read at once."""
        kinds = ((self.averages, "average"), (self.sums, "gradient_accumulator"))
        found = [OptimizerVariable(f"{self.label(i)}_{kind}", a) for arrays, kind in kinds for i, a in enumerate(arrays)]
        slots = list(map(self._seen, range(len(self._slots)))) if lent else self.slots
        return found + [OptimizerVariable(f"{self.label(i)}_{self.names[j]}", slots[i][j]) for i, j in self._order()]

    def load(self, store: Mapping[str, Any], first: int) -> None:
        """Copy the arrays from `store`, where they are numbered in Keras's order from `first`; all or nothing.

        Raises: ArgumentError for another number of arrays; ShapeError for an array of another shape.
        """
        present = self.named(lent=True)
        if set(store) != {str(i) for i in range(first + len(present))}:
            raise ArgumentError(
                f"the saved optimizer has {len(store)} arrays, this one {first + len(present)}. "
                f"Build it on the same model, with the same settings, before loading."
            )
        arrays = [_fitting(store[str(first + i)], variable) for i, variable in enumerate(present)]
        n, m = len(self.averages), len(self.sums)
        slots = [[*self._seen(i)] for i in range(len(self._slots))]  # each of which is in the store
        for (i, j), array in zip(self._order(), arrays[n + m :], strict=True):
            slots[i][j] = array
        self.averages, self.sums, self._slots = arrays[:n], arrays[n : n + m], [tuple(row) for row in slots]


def label_of(parameter: Tensor) -> str:
    """A parameter's path or name with underscores, empty if it has none."""
    return str(getattr(parameter, "path", None) or getattr(parameter, "name", None) or "").replace("/", "_")


def _fitting(value: Any, variable: OptimizerVariable, which: str = "saved") -> Array:
    array = np.array(value, dtype=variable.value.dtype, order="C")
    if array.shape != variable.value.shape:
        raise ShapeError(f"the {which} {variable.name} has shape {array.shape}, this optimizer's {variable.value.shape}.")
    return array
