"""What a plan takes for granted of a model: its layers, their settings, and what the user's own functions read.

A plan was traced with what was found there. When something has changed, steps are traced again; what changes while they are
traced is Python state, which a plan would freeze.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from operator import is_
from typing import Any

from autotensor.core.tensor import Tensor
from autotensor.nn import changes
from autotensor.nn.module import Module
from autotensor.plan.surroundings import LIBRARIES, Surroundings
from autotensor.plan.trace import TraceError

PASSING = {
    "_kept",
    "training",
    "stop_training",
    "history",
    "_activity_losses",
    "_learned",
    "_warned",
    "_call_settings",
    "_first_call",
    "_source",
}
PASSING |= {"_applied", "_state", "_rate", "_excluded", "_decayed", "_metrics"}  # of an optimizer, of compiled metrics
"""Attributes that come and go without changing what a step computes, or that each step reads anew."""
NOTED = {"_roles", "_transient", "_pre_hooks", "_hooks", "_containers", "_unassigned", "_chain", "_symbols"}
"""Containers of modules that `nn.changes` notes all changes of."""


class Present:
    """A model's layers with their attributes, and the names that its functions read, as they are now.

    >>> from autotensor import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5, name="drop")])
    >>> present = Present(model)
    >>> model.layers[0].rate = 0.1
    >>> present.changed()
    'drop.rate'
    >>> present.restore()
    >>> model.layers[0].rate, present.changed()
    (0.5, '')
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.stamp = changes.count()
        self.found = {id(one): (one, _attributes(one)) for one in _parts(model)}
        self.tensors = [(x, _kind(x)) for _, kept in self.found.values() for x in kept.values() if isinstance(x, Tensor)]
        self.settings = len(list(_settings(model)))
        self.content = Content(self.found.values())
        self.unnoted = Content(self.found.values(), apart=NOTED)

    def changed(self) -> str:
        """The name of something that is not as it was, or "" if everything is."""
        stamp = changes.count()
        noted = stamp == self.stamp  # of modules, then, only what nobody notes can have changed
        parts = list(_settings(self.model) if noted else _parts(self.model))
        found = self._attribute(parts) or (
            "" if len(parts) == (self.settings if noted else len(self.found)) else _label(self.model)
        )
        for x, kind in self.tensors if not found else ():
            if _kind(x) != kind:
                return f"a weight of shape {x.shape}"
        found = found or (self.unnoted if noted else self.content).changed()
        if not found:
            self.stamp = stamp
        return found

    def _attribute(self, parts: list[Any]) -> str:
        """The name of an attribute of theirs that is not as it was, or of one that was not there."""
        for one in parts:
            if id(one) not in self.found:
                return _label(one)
            before, now = self.found[id(one)][1], _attributes(one)
            for name in before.keys() | now.keys():
                if name not in before or name not in now or _differ(before[name], now[name]):
                    return f"{_label(one)}.{name}"
        return ""

    def restore(self) -> None:
        """Give everything back its attributes, and lists and dicts their content."""
        for one, before in self.found.values():
            values = vars(one)
            for name in _attributes(one).keys() - before.keys():
                del values[name]
            values.update(before)
        self.content.restore()


class Content:
    """What may change without an attribute's being assigned: content of lists, dicts and sets, names that functions read.

    It holds no module, and so keeps no model alive. `apart` are names of attributes that are left out.
    """

    def __init__(self, found: Iterable[tuple[Any, dict[str, Any]]], apart: Iterable[str] = ()) -> None:
        kept = list(found)
        values = [x for _, attributes in kept for name, x in attributes.items() if name not in apart]
        self.containers = {id(x): (x, _content(x)) for x in values if isinstance(x, (list, dict, set))}
        functions = {id(f): f for one, attributes in kept for f in _functions(one, attributes)}
        self.around = Surroundings(None, functions.values())

    def changed(self) -> str:
        """What is not as it was, or "" if everything is."""
        for container, before in self.containers.values():
            if _others(before, _content(container)):
                return f"a {type(container).__name__} that a layer keeps"
        return "" if self.around.unchanged() else "a name that a function reads"

    def restore(self) -> None:
        """Give containers their content back."""
        for container, before in self.containers.values():
            if not _others(before, _content(container)):
                continue
            container.clear()
            if isinstance(container, dict):
                container.update(zip(before[::2], before[1::2], strict=True))
            elif isinstance(container, list):
                container.extend(before)
            else:
                container.update(before)


def settled(present: Present, trace: Callable[[], Any]) -> tuple[Any, Present]:
    """What `trace` gives, once it leaves the layers' attributes as they are, and how they are then; if it fails, as before.

    Raises: TraceError if they change each time: that is state in Python, which a plan would not change again.
    """
    now = present
    try:
        found = trace()
        if present.changed():  # it may be that a layer has noted something, once
            now = Present(present.model)
            found = trace()
            if name := now.changed():
                raise TraceError(f"{name} changes whenever the model is called, and a compiled step would not change it")
    except BaseException:
        present.restore()
        raise
    return found, now


def _others(before: list[Any], now: list[Any]) -> bool:
    if len(now) != len(before):
        return True
    return not all(map(is_, before, now)) and any(map(_differ, before, now))  # the first is all that most calls need


def _parts(model: Any) -> Iterator[Any]:
    """Everything whose attributes count."""
    yield from model.modules()
    yield from _settings(model)


def _settings(model: Any) -> Iterator[Any]:
    """Those of it that are no modules: optimizer, loss, what `compile` resolved."""
    compiled = model.__dict__.get("_compiled")
    yield from (x for x in (model.__dict__.get("optimizer"), compiled, getattr(compiled, "loss", None)) if hasattr(x, "__dict__"))


def _attributes(one: Any) -> dict[str, Any]:
    built = isinstance(one, Module)  # an optimizer is built with the first step, whatever that is
    return {name: value for name, value in vars(one).items() if name not in PASSING and (built or name != "built")}


def _content(container: Any) -> list[Any]:
    return [x for pair in container.items() for x in pair] if isinstance(container, dict) else list(container)


def _kind(x: Tensor) -> tuple[Any, ...]:
    return x.shape, x.dtype, x.requires_grad


def _differ(before: Any, now: Any) -> bool:
    if before is now:
        return False
    return type(before) is not type(now) or not isinstance(now, (int, float, str)) or before != now


def _functions(one: Any, attributes: dict[str, Any]) -> Iterator[Any]:
    """The user's own functions that a step may call: methods of classes of theirs, and functions that are attributes."""
    for kind in type(one).__mro__:
        if kind.__module__.partition(".")[0] not in LIBRARIES:
            yield from filter(inspect.isfunction, vars(kind).values())
    for value in attributes.values():
        for x in value if isinstance(value, (list, tuple)) else (value,):
            if inspect.isfunction(x):
                yield x


def _label(one: Any) -> str:
    name = getattr(one, "name", None) if isinstance(one, Module) else None
    return str(name or type(one).__name__)
