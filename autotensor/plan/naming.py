"""What a plan's source calls things: every value, constant and function by one name, after the module that made it."""

from __future__ import annotations

import itertools
import keyword
import math
import re
from typing import Any

import numpy as np

from autotensor.core.spec import SCALARS, Array
from autotensor.plan.forms import is_ufunc
from autotensor.plan.graph import Value
from autotensor.plan.memory import VIEWS, Memory

NARROW, WIDE = 256, 2**16  # from so many elements on, and up to so many, a constant is written out


class Names:
    """The names of a source, and what they stand for; `taken` are names that it uses for itself."""

    def __init__(self, memory: Memory, taken: set[str]) -> None:
        self.memory = memory
        self.taken = taken
        self.names: dict[Value, str] = {}
        self.bound: dict[str, Any] = {}  # what every instance has in common: functions, constants, settings
        self.made: list[tuple[str, Value]] = []  # names of arrays that each instance makes, in their order
        self.flat: dict[Value, str] = {}  # names of arrays as vectors, for kernels

    def name(self, value: Value) -> str:
        """The name of a value: that of its buffer."""
        known = self.names.get(value)
        if known is not None:
            return known
        over = self.memory.places.get(value)
        if over is not None and over.spec == value.spec and value not in self.memory.dynamic:  # one name a buffer
            self.names[value] = self.name(over)
            return self.names[value]
        if value.kind == "constant" and value.shape == () and value.dtype.kind in "fiu":
            self.names[value] = self.number(value.source)
            return self.names[value]
        base = re.sub(r"\W+", "_", value.name).strip("_") or base_of(value, self.memory)
        base = f"_{base}" if base[:1].isdigit() or keyword.iskeyword(base) or callable(getattr(np, base, None)) else base
        name = base  # hides no function that the source calls
        for i in itertools.count(2):
            if name not in self.taken:
                break
            name = f"{base}_{i}"
        self.taken.add(name)
        self.names[value] = name
        if value not in self.memory.dynamic:
            if value.kind == "constant":
                self.bound[name] = value.source
            else:
                self.made.append((name, value))
        return name

    def operand(self, x: Any, value: Value) -> str:
        """An operand of `value` as the source writes it."""
        if isinstance(x, Value):
            return self.name(x)
        if is_ufunc(value.primitive):  # a Python number as an array without axes, which NumPy takes in half the time
            weak = _as_array(x, value)
            if weak is not None:
                return self.number(weak)
        return repr(x) if np.isfinite(x) else self.bind(f"{x}".strip("-()"), x)  # inf and nan are no words of Python's

    def wide(self, x: Any, value: Value) -> str:
        """A constant as an array that NumPy need not broadcast: its maximum is four times as fast; "" where that is no gain."""
        known = x.kind == "constant" and x.source.ndim == 0 if isinstance(x, Value) else isinstance(x, SCALARS)
        number = (x.source if isinstance(x, Value) else _as_array(x, value)) if known else None
        size = math.prod(value.shape)
        if number is None or number.dtype != value.dtype or size < NARROW:
            return ""
        shape = value.shape if size <= WIDE else value.shape[-1:]
        name = f"{self.number(number)}_in_{'x'.join(map(str, shape))}"
        if name not in self.bound and math.prod(shape) >= NARROW:
            self.bound[name] = np.full(shape, number)
            self.taken.add(name)
        return name if name in self.bound else ""

    def number(self, number: Array) -> str:
        """The name of a constant without axes: c_1, c_minus_0_5."""
        digits = str(number[()]).removesuffix(".0").replace("e-", "e_").replace("-", "minus_").replace("+", "")
        name = "c_" + re.sub(r"\W+", "_", digits)
        for other in itertools.chain((name, f"{name}_{number.dtype.name}"), (f"{name}_{i}" for i in itertools.count(2))):
            known = self.bound.get(other)
            same = isinstance(known, np.ndarray) and known.dtype == number.dtype and known.tobytes() == number.tobytes()
            if same or (known is None and other not in self.taken):  # by its bytes: -0.0 == 0.0
                name = other
                break
        self.taken.add(name)
        self.bound[name] = number
        return name

    def bind(self, name: str, thing: Any) -> str:
        """A name for a thing, like the one given."""
        for i in itertools.count(2):
            if name not in self.bound and name not in self.taken:
                break
            if self.bound.get(name) is thing:
                return name
            name = f"{name.rstrip('0123456789_')}_{i}"
        self.taken.add(name)
        self.bound[name] = thing
        return name

    def flat_name(self, x: Value) -> str:
        """The name of an array as a vector."""
        found = self.flat.get(x)
        if found is None:
            found = self.flat[x] = f"{self.name(x)}_flat"
            self.taken.add(found)
        return found

    def of_primitive(self, value: Value) -> str:
        """The name of a primitive's own value, beside NumPy's function of that name."""
        name = value.primitive.name
        return self.bind(f"{name}_value" if hasattr(np, name) else name, value.primitive.value)

    def function(self, name: str, function: Any) -> None:
        """Call a function by its own name."""
        self.bound[name] = function
        self.taken.add(name)

    def setting(self, key: str, x: Any) -> str:
        """A setting as the source writes it: what has a short text by that, all else by a name."""
        plain = isinstance(x, (int, bool, str, type(None))) or _plain(x) or (isinstance(x, float) and math.isfinite(x))
        return repr(x) if plain else self.bind(key, x)


def base_of(value: Value, memory: Memory) -> str:
    """What a value is called: after the module that made it; what belongs to its backward pass begins with d_."""
    if value.primitive is None:
        return {"argument": "x", "captured": "w", "constant": "k", "draw": "drawn"}.get(value.kind, value.kind)
    if value.primitive.name in VIEWS and memory.root.get(value, value) is not value:
        inner = value.operands[0]
        return f"{inner.name or base_of(inner, memory)}_{'T' if value.primitive.name == 'permute' else 'view'}"
    back = value.path[-1:] == ("backward",)
    path = value.path[:-1] if back else value.path
    own = "loss" if path[:1] == ("loss",) else re.sub(r"\W+", "_", path[-1]) if path else "h"
    return f"d_{own}" if back else own


def _plain(x: Any) -> bool:
    return isinstance(x, tuple) and all(isinstance(part, (int, str, type(None), type(...))) or _plain(part) for part in x)


def _as_array(x: Any, value: Value) -> Any:
    if not isinstance(x, SCALARS):
        return None
    others = [o for o in value.operands if isinstance(o, Value)]
    if len(others) != 1 or others[0].dtype.kind not in "fc" or isinstance(x, complex):
        return None
    return np.array(x, others[0].dtype)
