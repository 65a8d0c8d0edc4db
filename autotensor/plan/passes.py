"""Passes: pure functions from graph to graph. None of them changes a single bit of what comes out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.errors import AutotensorError
from autotensor.core.primitive import Elementwise, Primitive
from autotensor.core.spec import SCALARS, Spec
from autotensor.plan.graph import Graph, Value

FOLDED = 4096  # constants of up to so many elements are computed when the plan is made


def optimized(graph: Graph) -> Graph:
    """All passes, in their order."""
    return live(shared(simplified(live(graph))))


def live(graph: Graph) -> Graph:
    """Only what an output, or the state to come, depends on."""
    needed = set(graph.wanted)
    for value in reversed(graph.values):
        if value in needed or value.kind == "draw":  # a draw that nobody reads still moves the generator on
            needed.add(value)
            needed.update(value.parents)
    return graph.replaced({}, [v for v in graph.values if v in needed])


def shared(graph: Graph) -> Graph:
    """One value for what is computed twice."""
    new: dict[Value, Value] = {}
    known: dict[Any, Value] = {}
    values = []
    for before in graph.values:
        value = with_operands(before, new)
        key = _key(value)
        first = known.setdefault(key, value) if key is not None else value
        if first is value:
            values.append(value)
        else:
            new[before] = first
    return _resolved(graph, new, values)


def _key(value: Value) -> Any:
    if value.primitive is None:
        return None
    operands = tuple(id(x) if isinstance(x, Value) else (type(x), x, math.copysign(1, x) if isinstance(x, float) else 0)
                     for x in value.operands)  # fmt: skip
    settings = tuple(sorted(value.settings.items()))
    try:
        hash(settings)
    except TypeError:
        return None
    return value.primitive, operands, repr(settings)


def simplified(graph: Graph) -> Graph:
    """Without what changes nothing: x * 1, casts to the same dtype, reshapes of reshapes; constants are computed at once."""
    new: dict[Value, Value] = {}
    values: list[Value] = []
    listed: set[Value] = set()
    for before in graph.values:
        value = with_operands(before, new)
        while True:
            simpler = _simpler(value)
            if simpler is None:
                break
            simpler.name = simpler.name or value.name
            value = simpler
            if value.primitive is None:
                break
        if value is not before:
            new[before] = value
        if value not in listed:
            listed.add(value)
            values.append(value)
    return _resolved(graph, new, values)


def with_operands(value: Value, new: dict[Value, Value]) -> Value:
    """`value`, computed from what has taken the places of its operands; itself if nothing has."""
    if not any(isinstance(x, Value) and x in new for x in value.operands):
        return value
    operands = [new.get(x, x) if isinstance(x, Value) else x for x in value.operands]
    twin = Value(value.spec, value.kind, primitive=value.primitive, operands=operands, settings=value.settings,
                 source=value.source, path=value.path, name=value.name)  # fmt: skip
    new[value] = twin
    return twin


def _resolved(graph: Graph, new: dict[Value, Value], values: list[Value]) -> Graph:
    def last(value: Value) -> Value:
        while value in new and new[value] is not value:
            value = new[value]
        return value

    return Graph(values, [last(y) for y in graph.outputs], {last(s): last(y) for s, y in graph.updates.items()})


def _simpler(value: Value) -> Value | None:
    primitive: Primitive | None = value.primitive
    if primitive is None:
        return None
    operands = value.operands
    if all(isinstance(x, SCALARS) or x.kind == "constant" for x in operands) and math.prod(value.shape) <= FOLDED:
        arrays = [x if isinstance(x, SCALARS) else x.source for x in operands]
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(primitive.value(*arrays, **value.settings))
        except (AutotensorError, ValueError, TypeError, IndexError):  # what nobody reads may be wrong; else a call will say so
            return None
        return constant(np.ascontiguousarray(result).reshape(result.shape), value)
    if isinstance(primitive, Elementwise) and isinstance(primitive.value, np.ufunc) and len(operands) == 2:
        return _plainer(value)
    return _shorter(value, operands[0]) if isinstance(operands[0], Value) else None


def _shorter(value: Value, x: Value) -> Value | None:
    """A view of a view as one view, and no view where it shows the whole as it is."""
    name, settings = value.primitive.name, value.settings
    same = name in ("cast", "reshape", "expand") and x.spec == value.spec
    if same or name == "stop" or (name == "permute" and settings["axes"] == tuple(range(len(value.shape)))):
        return x
    inner = x.primitive.name if x.primitive is not None else ""
    if name == inner == "reshape":
        return _again(value, x.operands)
    if name == inner == "permute":
        return _again(value, x.operands, {"axes": tuple(x.settings["axes"][i] for i in settings["axes"])})
    return None


def _plainer(value: Value) -> Value | None:
    """An elementwise operation of two operands without what broadcasting does by itself, and without factors of 1."""
    a, b = value.operands
    name = value.primitive.name
    narrowed = [_narrowed(x, other, value) for x, other in ((a, b), (b, a))]
    if narrowed[0] is not a or narrowed[1] is not b:
        a, b = narrowed if not (narrowed[0] is not a and narrowed[1] is not b) else (narrowed[0], b)
        return _again(value, (a, b))
    if name == "multiply":
        for one, x in ((a, b), (b, a)):
            if isinstance(x, Value) and x.spec == value.spec and _is_one(one):
                return x
    if name == "divide" and isinstance(a, Value) and a.spec == value.spec and _is_one(b):
        return a
    return None


def _narrowed(x: Any, other: Any, value: Value) -> Any:
    """`x` before it was expanded, if the other operand alone gives the result its shape; constants that are all alike as one."""
    if not isinstance(x, Value) or not isinstance(other, Value) or other.shape != value.shape:
        return x
    if x.primitive is not None and x.primitive.name == "expand":
        return x.operands[0]
    if x.kind == "constant" and x.shape != () and x.source.size and (x.source == x.source.flat[0]).all():
        return constant(x.source.reshape(-1)[0].reshape(()).copy(), x)
    return x


def _is_one(x: Any) -> bool:
    return bool(x == 1) if isinstance(x, SCALARS) else x.kind == "constant" and x.source.size == 1 and bool((x.source == 1).all())


def _again(value: Value, operands: Any, settings: dict[str, Any] | None = None) -> Value:
    return Value(value.spec, "op", primitive=value.primitive, operands=operands, path=value.path,
                 settings=value.settings if settings is None else settings)  # fmt: skip


def constant(array: Any, like: Value) -> Value:
    """A Value for numbers that are known."""
    array = np.asarray(array)
    return Value(Spec(array.shape, array.dtype), "constant", source=array, path=like.path)
