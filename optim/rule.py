"""An update rule: two pure functions, and the arrays that it keeps beside each parameter.

`scalars(t, hyper)` is Python arithmetic in doubles, once a step: bias corrections, the step size. `update(ns, leaf, g, slots, s)`
is one pass over the arrays of one parameter, written with operators and `ns`: on plain arrays it runs at once, on symbolic values
a compiler can trace it. Eager and compiled training use the same one, and neither writes into what it is given.

In every rule: `ns` namespace, `leaf` the parameter, `g` its gradient, `slots` what the rule remembers, `s` the scalars, `t` the
number of this step (1, 2, ...), `hyper` the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Array, DType

Hyper: TypeAlias = Mapping[str, Any]  # settings by name; "lr" and "weight_decay" are called so in every convention
Slots: TypeAlias = tuple[Any, ...]
Scalars: TypeAlias = Callable[[int, Hyper], Any]
Update: TypeAlias = Callable[[Namespace, Any, Any, Slots, Any], tuple[Any, Slots]]


class Slot(NamedTuple):
    """An array that a rule keeps beside each parameter, of the parameter's shape and dtype."""

    name: str
    fill: float | str = 0.0  # what it starts as; a string names the setting that says so


@dataclass(frozen=True, eq=False)
class Rule:
    """One recurrence. Where the recurrence differs it is another rule with a name of its own, never a flag.

    >>> from autotensor.core.namespace import plain
    >>> from autotensor.optim.sgd import DESCENT
    >>> DESCENT.update(plain, np.array([1.0]), np.array([2.0]), (), DESCENT.scalars(1, {"lr": 0.1}))
    (array([0.8]), ())
    """

    name: str
    slots: tuple[Slot, ...]
    scalars: Scalars  # a NamedTuple of Python floats: a NumPy double would turn float32 leaves into float64
    update: Update
    counts: bool = True  # False: of `t` it needs to know only whether it is the first, so no step is kept for it

    def start(self, leaf: Array, hyper: Hyper) -> tuple[Array, ...]:
        """The slots before the first step."""
        return tuple(np.full(leaf.shape, _fill(slot, hyper), leaf.dtype) for slot in self.slots)

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


def _fill(slot: Slot, hyper: Hyper) -> float:
    return float(hyper[slot.fill]) if isinstance(slot.fill, str) else slot.fill


def as_arrays(s: Any, dtype: DType) -> Any:
    """Scalars as 0-d arrays: NumPy multiplies a small array by these in half the time that it takes with Python floats.

    >>> from autotensor.optim.sgd import DescentScalars
    >>> as_arrays(DescentScalars(0.5), np.dtype("float32"))
    DescentScalars(lr=array(0.5, dtype=float32))
    """
    return s._make([as_arrays(x, dtype) if isinstance(x, tuple) else np.array(x, dtype) for x in s])


def as_leaf(value: Any, leaf: Array) -> Array:
    """A new value as an array like `leaf`: NumPy's operators turn 0-d arrays into scalars."""
    return np.asarray(value, leaf.dtype)
