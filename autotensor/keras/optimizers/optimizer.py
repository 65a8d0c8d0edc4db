"""What all Keras optimizers share: the order of things in a step, the common keywords, and the state that is saved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Unpack

import numpy as np

from autotensor.core.errors import ArgumentError, GraphError, MissingRuleError, NotBuiltError, ShapeError
from autotensor.core.namespace import plain
from autotensor.core.recording import no_grad
from autotensor.core.spec import Array, DType
from autotensor.core.tensor import Tensor
from autotensor.keras import names
from autotensor.keras.optimizers.common import Common, note_keras2, read_common
from autotensor.keras.optimizers.rates import Rate, read_rate
from autotensor.keras.optimizers.saved import Saved
from autotensor.keras.optimizers.state import State
from autotensor.optim.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from autotensor.optim.ranges import Range, check_range
from autotensor.optim.rule import Rule, as_arrays, as_leaf
from autotensor.optim.variants import decoupled


class Optimizer(Saved):
    """A rule of `autotensor.optim` in Keras's order of things; a subclass says which rule its settings mean.

    A step: unscale, accumulate, clip, decay `w -= w * weight_decay * learning_rate`, update, average, constrain, count.

    `learning_rate`: a number >= 0, or a schedule or function of the iteration. The common keywords are those of `Common`:
    at most one of clipnorm, clipvalue and global_clipnorm, all > 0; weight_decay >= 0; ema_momentum in [0, 1];
    gradient_accumulation_steps >= 2. Keras 2's `lr` and `decay` are taken with a note.
    Raises: ArgumentError for a value outside its range, UnknownKeywordError for a keyword that is not taken.
    """

    ranges: ClassVar[dict[str, Range]] = {}  # the settings that are numbers
    together: ClassVar[tuple[str, ...]] = ()  # the slots that alternate in Keras's order of variables

    def __init__(self, learning_rate: Any, **common: Unpack[Common]) -> None:
        kind = type(self).__name__
        checked = read_common(kind, common, self.settings)
        note_keras2(kind, common)
        self.name = common.get("name") or names.unique_name(names.snake_case(kind))
        self.weight_decay: float | None = checked["weight_decay"]
        self.clipnorm: float | None = checked["clipnorm"]
        self.clipvalue: float | None = checked["clipvalue"]
        self.global_clipnorm: float | None = checked["global_clipnorm"]
        self.use_ema: bool = checked["use_ema"]
        self.ema_momentum: float = checked["ema_momentum"]
        self.ema_overwrite_frequency: int | None = checked["ema_overwrite_frequency"]
        self.loss_scale_factor: float | None = checked["loss_scale_factor"]
        self.gradient_accumulation_steps: int | None = checked["gradient_accumulation_steps"]
        self.decay: float = common.get("decay", 0.0)
        for name, allowed in self.ranges.items():
            check_range(name, getattr(self, name), allowed)
        self._rate: Rate = read_rate(common.get("lr", learning_rate))
        self._applied = 0
        self._state = State()
        self._excluded: set[Tensor] = set()
        self._excluded_names: list[re.Pattern[str]] = []
        self._decayed: list[bool] = []
        self.built = False

    # what a subclass says
    def plain_rule(self) -> Rule:
        """The rule that the settings mean, before weight decay."""
        raise MissingRuleError(f"{type(self).__name__} does not say which rule it follows: define plain_rule().")

    # what a step reads
    def rule(self, parameter: Tensor) -> Rule:
        """The whole rule for one parameter; always the same object for the same settings."""
        rule = self.plain_rule()
        return decoupled(rule) if self.weight_decay and self._decays(parameter) else rule

    def hyper(self) -> dict[str, Any]:
        """The settings that the rule's scalars read in the step to come."""
        rate = self.learning_rate
        if self.decay:
            rate = rate / (1.0 + self.decay * self.iterations)
        own = {name: getattr(self, name) for name in self.settings}
        return {**own, "lr": rate, "weight_decay": self.weight_decay}

    @property
    def learning_rate(self) -> float:
        """The learning rate of the step to come, before Keras 2's `decay`; assignable."""
        return float(self._rate(self._applied)) if callable(self._rate) else self._rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._rate = read_rate(value)

    lr = learning_rate  # Keras 2's name

    @property
    def iterations(self) -> int:
        """How many updates were made."""
        return self._applied // (self.gradient_accumulation_steps or 1)

    # a step
    def build(self, parameters: Iterable[Tensor]) -> None:
        """Make the slots for these parameters; a second call does nothing."""
        if self.built:
            return
        state = State(list(parameters), self.together)
        state.start(self.plain_rule(), self.hyper(), averages=self.use_ema, sums=self.gradient_accumulation_steps is not None)
        self._state = state
        self._decayed = [self._decays(p) for p in state.parameters]
        self.built = True

    def apply(self, grads: Sequence[Any], trainable_variables: Iterable[Tensor] | None = None) -> None:
        """One step: each parameter gets a new array. `grads` are arrays or Tensors, or None for a parameter that is left out.

        Builds the optimizer for `trainable_variables` on the first call; without them, the order is that of `build`.
        Raises: ShapeError, before anything has moved, if a gradient has not its parameter's shape; NotBuiltError without
        parameters; ArgumentError for a parameter that the optimizer was not built with, or if all gradients are None.
        """
        if not len(grads):
            return
        places, arrays = self._ready(grads, trainable_variables)
        if self.loss_scale_factor is not None:
            arrays = [g / self.loss_scale_factor for g in arrays]
        ready = self._accumulate(places, arrays) if self.gradient_accumulation_steps else (places, arrays)
        if ready is not None:
            places, arrays = ready
            self._update(places, self._clipped(arrays))
        if self.use_ema:
            self._average()
        for i in places:
            _constrain(self._state.parameters[i])
        self._applied += 1

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Tensor]]) -> int:
        """`apply` with pairs, as in Keras 2; returns the number of updates made."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [p for _, p in pairs])
        return self.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, to be differentiated."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def _ready(self, grads: Sequence[Any], parameters: Iterable[Tensor] | None) -> tuple[list[int], list[Array]]:
        """Which parameters move, and the gradient of each in the parameter's dtype."""
        places = self._places(len(grads), parameters)
        moving, arrays = [], []
        for i, given in zip(places, grads, strict=True):
            if given is None:
                continue
            leaf = self._state.parameters[i].data
            g = given.data if isinstance(given, Tensor) else np.asarray(given)
            if g.shape != leaf.shape:
                raise ShapeError(f"the gradient of {self._state.label(i)} must have its shape {leaf.shape}, got {g.shape}.")
            moving.append(i)
            arrays.append(g if g.dtype == leaf.dtype else g.astype(leaf.dtype))
        if not moving:
            raise ArgumentError("no parameter has a gradient: the loss does not depend on any of them.")
        return moving, arrays

    def _places(self, n: int, parameters: Iterable[Tensor] | None) -> Iterable[int]:
        if parameters is None:
            if not self.built:
                raise NotBuiltError("apply(grads) needs the parameters on the first call: apply(grads, parameters), or build().")
            chosen = self._state.parameters
        else:
            chosen = list(parameters)
            self.build(chosen)
        if len(chosen) != n:
            raise ArgumentError(f"{n} gradients came for {len(chosen)} parameters; give None for a parameter without one.")
        if parameters is None:
            return range(n)
        try:
            return [self._state.place[p] for p in chosen]
        except KeyError:
            stranger = next(p for p in chosen if p not in self._state.place)
            raise ArgumentError(
                f"this optimizer was built with other parameters; a new one has shape {stranger.shape}. "
                f"Make a new optimizer for another model."
            ) from None

    def _accumulate(self, places: list[int], arrays: list[Array]) -> tuple[list[int], list[Array]] | None:
        """Which parameters move, and their mean gradients, if this is a step that updates, else None.

        A missing gradient counts as 0: a parameter that has none in this step moves by what it had in the steps before.
        """
        assert self.gradient_accumulation_steps is not None  # noqa: S101 - for the type checker: asked by the caller
        sums = list(self._state.sums)
        for i, g in zip(places, arrays, strict=True):
            sums[i] = as_leaf(sums[i] + g, sums[i])
        if (self._applied + 1) % self.gradient_accumulation_steps:
            self._state.sums = sums
            return None
        self._state.sums = [np.zeros_like(total) for total in sums]
        present = set(places)
        moving = [i for i, total in enumerate(sums) if i in present or total.any()]
        return moving, [sums[i] / self.gradient_accumulation_steps for i in moving]

    def _clipped(self, arrays: list[Array]) -> list[Array]:
        if self.clipnorm is not None:
            return clip_by_norm(plain, arrays, self.clipnorm)
        if self.global_clipnorm is not None:
            return clip_by_global_norm(plain, arrays, self.global_clipnorm)
        return arrays if self.clipvalue is None else clip_by_value(plain, arrays, self.clipvalue)

    def _update(self, places: list[int], arrays: list[Array]) -> None:
        hyper, t = self.hyper(), self.iterations + 1
        bare = self.plain_rule()
        decayed = decoupled(bare) if self.weight_decay else bare
        scalars: dict[tuple[Rule, DType], Any] = {}
        for i, g in zip(places, arrays, strict=True):
            p = self._state.parameters[i]
            rule = decayed if self._decayed[i] else bare
            leaf = p.data
            s = scalars.get((rule, leaf.dtype))
            if s is None:
                s = scalars[rule, leaf.dtype] = as_arrays(rule.scalars(t, hyper), leaf.dtype)
            new, slots = rule.update(plain, leaf, g, self._state.read(i), s)
            if not leaf.ndim:
                new, slots = as_leaf(new, leaf), tuple(as_leaf(slot, leaf) for slot in slots)
            p.data = new
            self._state.write(i, slots)

    # the running mean of the parameters
    def _average(self) -> None:
        keep = float(self.ema_momentum) if self.iterations else 0.0  # the first average is the parameter itself
        for i, p in enumerate(self._state.parameters):
            self._state.averages[i] = as_leaf(keep * self._state.averages[i] + (1.0 - keep) * p.data, p.data)
        if self.ema_overwrite_frequency and (self.iterations + 1) % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values()

    def finalize_variable_values(self, var_list: Iterable[Tensor] | None = None) -> None:
        """With `use_ema`, give the parameters (all, or those listed) the values of their running means; as at the end of fit."""
        if self.use_ema:
            for p in self._state.parameters if var_list is None else var_list:
                p.data = self._state.averages[self._state.place[p]].copy()

    # weight decay
    def exclude_from_weight_decay(self, var_list: Iterable[Tensor] | None = None, var_names: Iterable[str] | None = None) -> None:
        """Leave these parameters, and those in whose names one of the patterns occurs, out of the weight decay.

        Raises: GraphError once the optimizer is built.

        >>> adam = Optimizer(0.1, weight_decay=0.01)
        >>> adam.exclude_from_weight_decay(var_names=["bias", "gamma"])
        """
        if self.built:
            raise GraphError("exclude_from_weight_decay() must come before the optimizer is built; call it before fit().")
        self._excluded = set(var_list or ())
        self._excluded_names = [re.compile(name) for name in var_names or ()]

    def _decays(self, parameter: Tensor) -> bool:
        name = str(getattr(parameter, "name", None) or "")
        return parameter not in self._excluded and not any(pattern.search(name) for pattern in self._excluded_names)

    # state
    def slots(self, parameter: Tensor) -> tuple[Array, ...]:
        """What the rule remembers of a parameter, in the order of `rule(parameter).slots`."""
        return self._state.read(self._state.place[parameter])

    def set_slots(self, parameter: Tensor, slots: Iterable[Array]) -> None:
        """Give a parameter copies of these arrays as its slots, in their dtypes.

        Raises: ArgumentError for another number of arrays than `slots` gives; ShapeError for one of another shape.
        """
        self._state.replace(self._state.place[parameter], tuple(slots))

    def __repr__(self) -> str:
        own = "".join(f", {name}={getattr(self, name)!r}" for name in self.settings)
        return f"<{type(self).__name__} learning_rate={self.learning_rate:g}{own}>"


def _constrain(p: Tensor) -> None:
    """Give a parameter with a constraint the value that the constraint makes of it."""
    constraint = getattr(p, "constraint", None)
    if constraint is None:
        return
    with no_grad():
        value = constraint(p.detach())
    array = as_leaf(value.data if isinstance(value, Tensor) else value, p.data)
    if array.shape != p.shape:
        raise ShapeError(f"a constraint must keep the parameter's shape {p.shape}, it gave {array.shape}.")
    p.data = array
