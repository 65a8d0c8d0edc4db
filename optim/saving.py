"""Checks of a saved state, before anything of an optimizer changes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.optim.rule import Rule


def checked_groups(saved: Mapping[str, Any], present: list[dict[str, Any]], defaults: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The saved groups' settings with the present groups' parameters.

    Raises: ArgumentError if they do not correspond.
    """
    if not {"state", "param_groups"} <= set(saved):
        raise ArgumentError("a state has the keys 'state' and 'param_groups', as state_dict() makes it.")
    groups = saved["param_groups"]
    sizes = [len(group["params"]) for group in groups]
    expected = [len(group["params"]) for group in present]
    if sizes != expected:
        raise ArgumentError(
            f"the saved state has parameter groups of {sizes} parameters, this optimizer of {expected}. "
            f"Build the optimizer with the same parameters first."
        )
    checked = []
    for i, (group, ours) in enumerate(zip(groups, present, strict=True)):
        # switches came later than numbers, so that older files lack some
        missing = [name for name, value in defaults.items() if name not in group and not isinstance(value, bool)]
        if missing:
            raise ArgumentError(
                f"the saved group {i} has no {', '.join(map(repr, missing))}: it belongs to another kind of optimizer."
            )
        settings = copy.deepcopy({name: value for name, value in group.items() if name != "params"})
        kept = {name: ours[name] for name in (*defaults, "param_names") if name in ours}
        checked.append({**kept, **settings, "params": ours["params"]})
    return checked


def checked_states(saved: Mapping[str, Any], groups: list[dict[str, Any]], rules: list[Rule]) -> dict[Tensor, dict[str, Any]]:
    """Each parameter's slots and steps, copied and in the parameter's dtype.

    Raises: ArgumentError if something is missing or too much; ShapeError if a slot has not its parameter's shape.
    """
    numbers = [number for group in saved["param_groups"] for number in group["params"]]
    owners = [(p, rule) for group, rule in zip(groups, rules, strict=True) for p in group["params"]]
    owner = dict(zip(numbers, owners, strict=True))
    if strangers := [number for number in saved["state"] if number not in owner]:
        raise ArgumentError(f"the saved state is of parameter {strangers[0]!r} too, which is in none of its groups.")
    return {owner[number][0]: _checked(number, values, *owner[number]) for number, values in saved["state"].items() if values}


def _checked(number: Any, values: Mapping[str, Any], p: Tensor, rule: Rule) -> dict[str, Any]:
    names = [slot.name for slot in rule.slots]
    needed = (["step"] if rule.counts else []) + names
    if missing := [name for name in needed if values.get(name) is None]:
        raise ArgumentError(
            f"the saved state of parameter {number} has no {', '.join(map(repr, missing))}, got {sorted(values)}: "
            f"it belongs to another kind of optimizer, or to other settings."
        )
    state: dict[str, Any] = {}
    for name, value in values.items():
        if name == "step":
            state[name] = _whole(number, value)
        elif name in names:
            state[name] = _slot(number, name, value, p)
        elif value is not None:
            state[name] = copy.deepcopy(value)
    return state


def _whole(number: Any, value: Any) -> int:
    step = float(value)
    if step < 0 or step != int(step):
        raise ArgumentError(f"the saved step of parameter {number} must be a whole number >= 0, got {step}.")
    return int(step)


def _slot(number: Any, name: str, value: Any, p: Tensor) -> Array:
    array = np.array(value, dtype=p.dtype, order="C")
    if array.shape != p.shape:
        raise ShapeError(f"the saved {name!r} of parameter {number} has shape {array.shape}, its parameter {p.shape}.")
    return array
