"""The stateful shell around the rules: parameter groups, slots, steps, and a state that can be saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError, MissingRuleError, ShapeError
from autotensor.core.namespace import plain
from autotensor.core.recording import enable_grad
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.optim.ranges import Range, check_range
from autotensor.optim.rule import Hyper, Rule, as_arrays, as_leaf
from autotensor.optim.saving import checked_groups, checked_states
from autotensor.optim.variants import ascending, coupled, decoupled

Group: TypeAlias = dict[str, Any]
Parameters: TypeAlias = Iterable[Tensor] | Iterable[Group] | Iterable[tuple[str, Tensor]]


class Optimizer:
    """Moves parameters along their gradients by a rule; a subclass says which rule its settings mean.

    `params`: Tensors, or (name, Tensor) pairs, or dicts with "params" and settings of their own (parameter groups).
    `param_groups` holds the settings and may be edited between steps: `optimizer.param_groups[0]["lr"] = 0.01`.
    `state` holds each parameter's slots as arrays, and its number of steps.

    A step gives each parameter a new array and never writes into the old one, so recorded graphs keep the values they saved. A
    parameter without a gradient is left out.
    Raises: ArgumentError for an empty list, a parameter given twice, a Tensor that is no leaf, or a setting outside its range;
    DTypeError for what is no Tensor, or complex.

    >>> import autotensor as at
    >>> from autotensor.optim import SGD
    >>> w, b = at.tensor([1.0], requires_grad=True), at.tensor([0.0], requires_grad=True)
    >>> SGD([{"params": [w]}, {"params": [b], "lr": 1.0}], lr=0.1)
    SGD (
    Parameter Group 0
        dampening: 0
        lr: 0.1
        maximize: False
        momentum: 0
        nesterov: False
        weight_decay: 0
    <BLANKLINE>
    Parameter Group 1
        dampening: 0
        lr: 1.0
        maximize: False
        momentum: 0
        nesterov: False
        weight_decay: 0
    )
    """

    ranges: ClassVar[dict[str, Range]] = {}  # the settings that are numbers (or pairs of numbers)

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise DTypeError("an optimizer takes an iterable of Tensors, got one Tensor. Put it in a list: [w].")
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self.check(defaults)
        groups: list[Any] = list(params)
        if not groups:
            raise ArgumentError(
                "an optimizer needs at least one parameter, got an empty list. A module's parameters() can be read once only."
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    # what a subclass says
    def plain_rule(self, group: Hyper) -> Rule:
        """The rule that a group's settings mean, before weight decay and ascent."""
        raise MissingRuleError(f"{type(self).__name__} does not say which rule it follows: define plain_rule(group).")

    def check(self, group: Hyper) -> None:
        """Nothing, if a group's settings are in their ranges.

        Raises: ArgumentError if one is not.
        """
        for name, allowed in self.ranges.items():
            value = group[name]
            if name == "betas":
                if not isinstance(value, tuple | list) or len(value) != 2:
                    raise ArgumentError(f"betas must be two numbers, got {value!r}.")
                check_range("betas[0]", value[0], allowed)
                check_range("betas[1]", value[1], allowed)
            else:
                check_range(name, value, allowed)

    # stepping
    def rule(self, group: Hyper) -> Rule:
        """The whole rule that a group's settings mean; always the same object for the same settings."""
        rule = self.plain_rule(group)
        if group["weight_decay"]:
            rule = (decoupled if group.get("decoupled_weight_decay") else coupled)(rule)
        return ascending(rule) if group["maximize"] else rule

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move each parameter that has a gradient; returns what `closure` returns, which computes the loss and calls backward.

        Raises: ShapeError, before anything has moved, if a gradient has not the shape of its parameter.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        ready = [(group, self._ready(group["params"])) for group in self.param_groups]
        for group, moving in ready:
            if moving:
                self._move(group, moving)
        return loss

    def _ready(self, params: list[Tensor]) -> list[tuple[Tensor, Array, Array]]:
        """Each parameter that has a gradient, with its array and its gradient's."""
        ready = []
        for i, p in enumerate(params):
            # p.grad, read from the leaf's node: this loop is what a step costs beside arithmetic
            grad = None if p.node is None or p.node.watch is None else p.node.watch.grad
            if grad is None:
                continue
            leaf, g = p.data, grad.data
            if leaf.shape != g.shape:
                raise ShapeError(
                    f"parameter {i} has shape {leaf.shape} and its gradient {g.shape}: it was replaced after backward. "
                    f"Call zero_grad() and compute the gradient again."
                )
            ready.append((p, leaf, g if g.dtype == leaf.dtype else g.astype(leaf.dtype)))
        return ready

    def _move(self, group: Group, moving: list[tuple[Tensor, Array, Array]]) -> None:
        rule = self.rule(group)
        update, names = rule.update, [slot.name for slot in rule.slots]
        kept = bool(names) or rule.counts
        before: tuple[int, Any] = (0, None)
        s = None
        for p, leaf, g in moving:
            state: dict[str, Any] = self.state[p] if kept else {}
            slots, t = self._recall(rule, names, state, leaf, group)
            if before != (t, leaf.dtype):  # parameters that were stepped equally often share their scalars
                before = (t, leaf.dtype)
                s = as_arrays(rule.scalars(t, group), leaf.dtype)
            new, slots = update(plain, leaf, g, slots, s)
            if not leaf.ndim:
                new, slots = as_leaf(new, leaf), tuple(as_leaf(slot, leaf) for slot in slots)
            if rule.counts:
                state["step"] = t
            state.update(zip(names, slots, strict=True))
            p.data = new

    def _recall(
        self, rule: Rule, names: list[str], state: dict[str, Any], leaf: Array, group: Group
    ) -> tuple[tuple[Array, ...], int]:
        """A parameter's slots, and the number of the step to come."""
        first = bool(names) and names[-1] not in state
        if first:  # also when a setting that needs another slot was switched on later
            for name, start in zip(names, rule.start(leaf, group), strict=True):
                state.setdefault(name, start)
        slots = tuple([state[name] for name in names])
        if slots and (slots[0].shape != leaf.shape or slots[0].dtype != leaf.dtype):
            if slots[0].shape != leaf.shape:
                raise ShapeError(
                    f"a parameter has shape {leaf.shape} now and had {slots[0].shape} at the last step. "
                    f"Make a new optimizer for it."
                )
            slots = tuple(slot.astype(leaf.dtype) for slot in slots)
        return slots, state.get("step", 0) + 1 if rule.counts else 1 if first else 2

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with `set_to_none=False` those that exist become zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad = Tensor(np.zeros_like(p.data))

    # groups
    def add_param_group(self, param_group: Group) -> None:
        """Another group of parameters: a dict with "params", and the settings that differ from the optimizer's own.

        Raises: as the constructor, and nothing is added.
        """
        if not isinstance(param_group, dict):
            raise DTypeError(
                f"a parameter group is a dict with 'params', got {type(param_group).__name__}. "
                f"Give either Tensors alone or dicts alone."
            )
        if "params" not in param_group:
            raise ArgumentError(f"a parameter group needs 'params', got the keys {sorted(param_group)}.")
        params, names = _named(param_group["params"])
        group = {**self.defaults, **param_group, "params": params}
        if names:
            group["param_names"] = names
        self.check(group)
        if self.param_groups and ("param_names" in group) != ("param_names" in self.param_groups[0]):
            raise ArgumentError("either all parameter groups have names or none; pass named_parameters() for all of them.")
        known = {p for other in self.param_groups for p in other["params"]}
        for i, p in enumerate(params):
            if p in known:
                raise ArgumentError(f"parameter {i} of shape {p.shape} is given twice; an optimizer moves each once.")
            if p.dtype.kind == "c":
                raise DTypeError(
                    f"parameter {i} of shape {p.shape} is complex ({p.dtype}), and optimizers move real ones. "
                    f"Give it as two, and compute with at.complex(re, im)."
                )
            known.add(p)
        self.param_groups.append(group)

    # saving
    def state_dict(self) -> dict[str, Any]:
        """{"state": {0: {"step": 3, "exp_avg": array, ...}}, "param_groups": [{"lr": 0.1, ..., "params": [0]}]}, as in PyTorch.

        Parameters are numbered in their order; arrays are copied.
        """
        number: dict[Tensor, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                number[p] = len(number)
            groups.append({**group, "params": [number[p] for p in group["params"]]})
        state = {
            number[p]: {name: v.copy() if isinstance(v, np.ndarray) else v for name, v in values.items()}
            for p, values in self.state.items()
            if p in number
        }
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from `state_dict()` of an optimizer of the same kind, or of PyTorch's; arrays are copied.

        Everything is checked first, and nothing changes if something does not fit.
        Raises: ArgumentError for another number of groups or parameters, a setting outside its range or a slot that is missing;
        ShapeError for a slot of another shape than its parameter.
        """
        groups = checked_groups(state_dict, self.param_groups, self.defaults)
        for group in groups:
            self.check(group)
        rules = [self.rule(group) for group in groups]
        state = checked_states(state_dict, groups, rules)
        self.param_groups[:] = groups
        self.state = defaultdict(dict, state)

    def __repr__(self) -> str:
        lines = [
            f"Parameter Group {i}\n" + "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
            for i, group in enumerate(self.param_groups)
        ]
        return f"{type(self).__name__} (\n" + "\n".join(lines) + ")"


def _named(given: Any) -> tuple[list[Tensor], list[str]]:
    """Parameters, and their names if they came as pairs."""
    if isinstance(given, set | frozenset):
        raise DTypeError("parameters need an order that is the same in every run, got a set. Pass a list.")
    items = [given] if isinstance(given, Tensor) else list(given)
    names = [item[0] for item in items if isinstance(item, tuple)]
    if names and len(names) != len(items):
        raise ArgumentError(f"either all parameters have names or none; {len(items) - len(names)} of {len(items)} have none.")
    params = [item[1] if isinstance(item, tuple) else item for item in items]
    for i, p in enumerate(params):
        if not isinstance(p, Tensor):
            raise DTypeError(f"parameters are Tensors, got {type(p).__name__} at place {i}.")
        if not p.is_leaf:
            raise ArgumentError(
                f"parameter {i} of shape {p.shape} is the result of an operation; only leaves can be optimized. "
                f"Pass the Tensor it was computed from, or x.detach().requires_grad_()."
            )
    return params, names
