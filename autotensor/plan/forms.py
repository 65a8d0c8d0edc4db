"""How operations are written in a plan's source, where that is not the call of a ufunc: into a place that is given.

What has no form here is computed by the primitive itself, into a new array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.plan.graph import Value

Form = Callable[[Value, Sequence[str], str], list[str]]  # (value, operands' names, name of the place) -> lines


def is_ufunc(primitive: Any) -> bool:
    """Whether a primitive's value is one call of a ufunc."""
    return primitive is not None and isinstance(getattr(primitive, "value", None), np.ufunc)


def _reduction(function: str) -> Form:
    def lines(value: Value, x: Sequence[str], out: str) -> list[str]:
        axis, keepdims = value.settings["axis"], value.settings["keepdims"]
        kept = ", keepdims=True" if keepdims else ""
        return [f"{function}.reduce({x[0]}, axis={_axis(axis)}{kept}, out={out})"]

    return lines


def _axis(axis: Any) -> str:
    return str(axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis)


def _matmul(_: Value, x: Sequence[str], out: str) -> list[str]:
    return [f"matmul({x[0]}, {x[1]}, out={out})"]


def _cast(_: Value, x: Sequence[str], out: str) -> list[str]:
    return [f'copyto({out}, {x[0]}, casting="unsafe")']


def _arg(value: Value, x: Sequence[str], out: str) -> list[str]:
    kept = ", keepdims=True" if value.settings["keepdims"] else ""
    return [f"{value.primitive.name}({x[0]}, axis={value.settings['axis']}{kept}, out={out})"]


def _concatenate(value: Value, x: Sequence[str], out: str) -> list[str]:
    return [f"concatenate(({', '.join(x)},), axis={value.settings['axis']}, out={out})"]


def _reshape(value: Value, x: Sequence[str], out: str) -> list[str]:  # of what does not lie in order: a copy
    return [f"{out}[...] = {x[0]}.reshape({value.settings['shape']})"]


def _unpick(value: Value, x: Sequence[str], out: str) -> list[str]:
    return [f"{out}.fill(0)", f"{out}[rows_{value.shape[0]}, {x[1]}] = {x[0]}"]


FORMS: dict[str, Form] = {
    "sum": _reduction("add"),
    "max": _reduction("maximum"),
    "min": _reduction("minimum"),
    "matmul": _matmul,
    "cast": _cast,
    "argmax": _arg,
    "argmin": _arg,
    "reshape": _reshape,
}
"""Forms by the names of primitives; `concatenate` and `unpick` have theirs where their operands allow it."""


def form_of(value: Value) -> Form | None:
    """The form of an operation, or None: the primitive computes it."""
    name = value.primitive.name
    if name == "unpick":
        return _unpick if len(value.shape) == 2 else None
    if name == "concatenate":
        return _concatenate if all(isinstance(x, Value) for x in value.operands) else None
    x = value.operands[0]
    if name == "cast" and (not isinstance(x, Value) or x.dtype.kind == "c"):
        return None
    return FORMS.get(name) if isinstance(x, Value) else None
