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
    return asked_first(live(shared(simplified(live(graph)))))


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


def asked_first(graph: Graph) -> Graph:
    """Checks, and what they look at, before all else: where one refuses, nothing has been drawn or written."""
    early: set[Value] = set()
    for check in graph.values:
        if check.primitive is not None and check.primitive.name == "checked":
            needed = {check}
            for value in reversed(graph.values):
                if value in needed:
                    needed.update(value.parents)
            if not any(value.kind == "draw" for value in needed):  # whose order is that of eager execution
                early |= needed
    if not early:
        return graph
    early |= {value for value in graph.values if value.primitive is None and value.kind not in ("draw", "pack")}
    return graph.replaced({}, sorted(graph.values, key=lambda value: value not in early))


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
        value = _simplest(with_operands(before, new))
        if value is not before:
            new[before] = value
        _listed_after_operands(value, listed, values)
    return _resolved(graph, new, values)


def _simplest(value: Value) -> Value:
    while (simpler := _simpler(value)) is not None:
        simpler.name = simpler.name or value.name
        value = simpler
    return value


def _listed_after_operands(value: Value, listed: set[Value], values: list[Value]) -> None:
    for x in value.parents:
        if x not in listed and x.primitive is not None:  # made by a simplification
            _listed_after_operands(x, listed, values)
    if value not in listed:
        listed.add(value)
        values.append(value)


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
    same = x.spec == value.spec and (name in ("reshape", "expand") or (name == "cast" and _in_order(x)))
    if same or name == "stop" or (name == "permute" and settings["axes"] == tuple(range(len(value.shape)))):
        return x
    inner = x.primitive.name if x.primitive is not None else ""
    if name == inner == "cast" and isinstance(x.operands[0], Value) and _widens(x.operands[0].dtype, x.dtype, value.dtype):
        return _again(value, x.operands)
    if name == inner == "reshape":
        return _again(value, x.operands)
    if name == inner == "permute":
        return _again(value, x.operands, {"axes": tuple(x.settings["axes"][i] for i in settings["axes"])})
    return None


def _widens(first: np.dtype[Any], middle: np.dtype[Any], last: np.dtype[Any]) -> bool:
    """Whether two casts, from `first` by way of `middle` to `last`, lose nothing, so that one does the same."""
    digits = {"b": 1, "f": np.finfo(first).nmant + 1 if first.kind == "f" else 0}  # integers are as long as their bytes
    needed = digits.get(first.kind, first.itemsize * 8)
    kept = [np.finfo(dtype).nmant + 1 for dtype in (middle, last) if dtype.kind == "f"]
    return len(kept) == 2 and needed <= kept[0] <= kept[1] and first.kind != "c"


def _in_order(x: Value) -> bool:
    """Whether the elements of a value are known to lie one after another: a result does, and some ufuncs round by that."""
    while x.primitive is not None and x.primitive.name in ("reshape", "checked"):
        x = x.operands[0]
    return x.primitive.c_ordered if x.primitive is not None else x.kind not in ("argument", "captured")


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
            if isinstance(x, Value) and x.spec == value.spec and _is_one(one) and _in_order(x):
                return x
    if name == "divide" and isinstance(a, Value) and a.spec == value.spec and _is_one(b) and _in_order(a):
        return a
    return None


def _narrowed(x: Any, other: Any, value: Value) -> Any:
    """`x` before it was expanded, if the other operand alone gives the result its shape; constants that are all alike as one."""
    if not isinstance(x, Value) or not isinstance(other, Value) or other.shape != value.shape:
        return x
    small = _unstretched(x)
    if small is not None:
        return small
    if x.kind == "constant" and x.shape != () and x.source.size and (x.source == x.source.flat[0]).all():
        return constant(x.source.reshape(-1)[0].reshape(()).copy(), x)
    return x


def _unstretched(x: Value) -> Value | None:
    """An expanded value before it was expanded, also where something has been computed of it and numbers; None for others."""
    primitive: Primitive | None = x.primitive
    if primitive is not None and primitive.name == "expand":
        return x.operands[0]
    arrays = [o for o in x.operands if isinstance(o, Value) and not (o.kind == "constant" and o.shape == ())]
    if not isinstance(primitive, Elementwise) or not isinstance(primitive.value, np.ufunc) or len(arrays) != 1:
        return None
    small = _unstretched(arrays[0])
    if small is None:
        return None
    operands = [small if o is arrays[0] else o for o in x.operands]
    return _simplest(Value(Spec(small.shape, x.dtype), "op", primitive=primitive, operands=operands, path=x.path))


def _is_one(x: Any) -> bool:
    return bool(x == 1) if isinstance(x, SCALARS) else x.kind == "constant" and x.source.size == 1 and bool((x.source == 1).all())


def _again(value: Value, operands: Any, settings: dict[str, Any] | None = None) -> Value:
    return Value(value.spec, "op", primitive=value.primitive, operands=operands, path=value.path,
                 settings=value.settings if settings is None else settings)  # fmt: skip


def constant(array: Any, like: Value) -> Value:
    """A Value for numbers that are known."""
    array = np.asarray(array)
    return Value(Spec(array.shape, array.dtype), "constant", source=array, path=like.path)
