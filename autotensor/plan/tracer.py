"""Tracing for the compiler: Tensors without numbers go through a function, and every primitive they meet becomes a Value.

While a trace runs, the tracer stands where `at.debug()`'s watcher would: each call of a primitive comes here first. Reverse mode,
the update rules and whatever else computes with Tensors run as ever, and are recorded like everything else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Self, cast

import numpy as np

from autotensor.core.errors import AutotensorError, GraphError, InPlaceError, ShapeError
from autotensor.core.lines import users_line
from autotensor.core.namespace import recorded
from autotensor.core.node import Node
from autotensor.core.recording import current, watching
from autotensor.core.spec import SCALARS, Array, Spec, as_array
from autotensor.core.tensor import Tensor
from autotensor.plan.graph import Graph, Value
from autotensor.plan.lowering import lowered
from autotensor.plan.trace import Numberless, TraceError
from autotensor.random import Generator


class Traced(Numberless, Tensor):
    """A Tensor of which only shape and dtype are known, with its place in the graph that is being traced."""

    __slots__ = ("value",)

    def __init__(self, value: Value, node: Node | None = None) -> None:
        self.value = value
        self.node = node

    @property
    def data(self) -> Any:  # type: ignore[override]
        self._no_number("its array")

    def interpret(self, primitive: Any, operands: Sequence[Any], settings: dict[str, Any]) -> Any:
        """What marks a value without numbers; it lives only as long as its trace."""
        raise escaped(self, primitive.name)

    @property
    def spec(self) -> Spec:  # type: ignore[override]
        return self.value.spec

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def detach(self) -> Tensor:
        if self.node is not None and current.outer.following is not None:
            return recorded.stop(self)
        if current.watcher is not None and current.watcher.traces:
            current.watcher.shared.add(self.value)
        return Traced(self.value)

    def _at(self, node: Node | None) -> Tensor:
        return Traced(self.value, node)

    def put_into(self, target: Tensor) -> None:
        current.watcher.assign(target, self)

    def _no_number(self, what: str) -> NoReturn:
        if current.watcher is None or not current.watcher.traces:
            raise escaped(self, what)
        line = users_line()
        where = f"{current.outer}: " if current.outer.path else ""
        raise TraceError(
            f"{where}{what} was asked of a value of shape {self.shape} while a function is compiled: there are no numbers yet"
            + (f" ({line})" if line else "")
            + ". Use at.where(condition, a, b) instead of `if`, autotensor's functions instead of NumPy's, or run it uncompiled: "
            "at.compile is not needed for it, and a model takes run_eagerly=True in compile()."
        )

    def tolist(self) -> Any:
        self._no_number("tolist()")

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TraceError("len() of a value without axes.")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Traced({self.shape}, {self.dtype})"


class Tracer:
    """What a trace has seen. `known` gives Tensors that stand for something of the plan's: parameters, as slices of its state."""

    traces = True

    def __init__(self, *, presumes: bool = False) -> None:
        self.presumes = presumes
        self.presumed = False  # whether anything was
        self.values: list[Value] = []
        self.known: dict[Tensor, Value] = {}
        self.captured: dict[Tensor, Value] = {}
        self.made: dict[int, Tensor] = {}  # Tensors computed during the trace from what does not change
        self.constants: dict[int, tuple[Any, Value]] = {}
        self.assigned: dict[Tensor, Traced] = {}
        self.new: dict[int, Tensor] = {}  # Tensors with numbers that were made during the trace, from whatever
        self.shared: set[Value] = set()  # values that several Tensors stand for: one cannot be written to alone

    def born(self, x: Tensor) -> None:
        """A Tensor with numbers is being made: the function may write into it."""
        self.new[id(x)] = x

    # what a call of a primitive becomes
    def call(self, primitive: Any, operands: Sequence[Any], settings: dict[str, Any]) -> Any:
        """A Value for the result; computed at once where every operand is a number that was made during the trace."""
        if not any(isinstance(x, Tensor) and (type(x) is Traced or not self._is_made(x)) for x in operands):
            return self._at_once(primitive, operands, settings)
        lifted = [x if isinstance(x, SCALARS) else self.lift(x) for x in operands]
        if primitive.data_dependent_shape:
            shapes = " and ".join(str(tuple(x.shape)) for x in lifted if isinstance(x, Traced))
            raise TraceError(
                f"{_where()}{primitive.name} of shape {shapes}: how many elements come out depends on the numbers, and a "
                f"compiled function needs fixed shapes ({users_line()}). Use at.where(condition, x, 0)."
            )
        specs = [x.value.spec if isinstance(x, Traced) else x for x in lifted]
        try:
            spec = primitive.shape(*specs, **settings)
        except AutotensorError as refusal:
            raise type(refusal)(f"{_where()}{primitive.name}: {refusal}") from None
        except TypeError as reason:  # NumPy's word on dtypes
            raise primitive.complaint(specs, settings, reason) from None
        y = Traced(self._value(primitive, lifted, settings, spec))
        parents = [x.node if isinstance(x, Traced) else None for x in lifted]
        if any(p is not None for p in parents):
            if current.scope is not None and primitive.differentiable:
                y.node = Node(primitive, parents, lifted, y, settings, current.scope)
            elif current.outer.following is not None:  # vmap follows what gradients do not, as in eager execution
                y.node = Node(primitive, parents, lifted, y, settings, current.outer)
                return recorded.stop(y) if primitive.differentiable else y
        return y

    def _value(self, primitive: Any, operands: Sequence[Any], settings: dict[str, Any], spec: Spec) -> Value:
        scope, current.scope = current.scope, None
        try:
            parts = lowered(primitive.name, [Traced(x.value) if isinstance(x, Traced) else x for x in operands], settings)
        finally:
            current.scope = scope
        if parts is not None:
            return cast(Traced, parts).value
        inputs = [x.value if isinstance(x, Traced) else x for x in operands]
        shape, dtype = tuple(spec.shape), np.dtype(spec.dtype)
        value = Value(Spec(shape, dtype), "op", primitive=primitive, operands=inputs, settings=settings, path=current.outer.path)
        self.values.append(value)
        return value

    def _at_once(self, primitive: Any, operands: Sequence[Any], settings: dict[str, Any]) -> Any:
        current.watcher = None
        try:
            y = primitive(*operands, **settings)
        finally:
            current.watcher = self
        self.made[id(y)] = y
        return y

    def _is_made(self, x: Tensor) -> bool:
        return id(x) in self.made

    def lift(self, x: Any) -> Traced:
        """What stands for a Tensor or array from outside."""
        if type(x) is Traced:
            return x
        if not isinstance(x, Tensor):
            return Traced(self._constant(as_array(x)))  # from outside: as it is now
        if x in self.assigned:
            return self.assigned[x]
        if x in self.known:
            return Traced(self.known[x], x.node)
        if self._is_made(x):
            return Traced(self._constant(x.data))
        if x.node is not None and not x.node.is_leaf:
            raise GraphError(
                f"{_where()}a compiled function uses the result of {x.node.label} from outside, a recorded tensor of shape "
                f"{x.shape}: no gradient would reach it. Pass it as an argument, or use x.detach()."
            )
        value = self.captured.get(x)
        if value is None:
            value = self.captured[x] = Value(Spec(x.shape, x.dtype), "captured", source=x, name=getattr(x, "name", "") or "")
            self.values.append(value)
        return Traced(value, x.node)

    def _constant(self, array: Array) -> Value:
        kept = self.constants.get(id(array))
        if kept is None:
            own = np.array(array)  # in its order: later sums depend on it
            value = Value(Spec(array.shape, array.dtype), "constant", source=own)
            kept = self.constants[id(array)] = (array, value)
            self.values.append(value)
        return kept[1]

    # what else a function may do
    def draw(self, sample: Callable[..., Array], generator: Generator) -> Traced:
        """Random numbers: drawn at each call, as `sample` draws them from `generator`, into an array that it may be given."""
        before = generator.state
        example = sample()
        generator.state = before  # a trace uses up no random numbers
        value = Value(Spec(example.shape, example.dtype), "draw", source=sample, path=current.outer.path)
        self.values.append(value)
        return Traced(value)

    def presume(self) -> bool:
        """Whether the usual case may be taken for granted: a check has to refuse all others, which the function then computes."""
        self.presumed |= self.presumes
        return self.presumes

    def assign(self, target: Tensor, value: Tensor) -> None:
        """A Tensor that the function gives a new value, such as running statistics."""
        new = self.lift(value)
        self.assigned[target] = Traced(new.value)
        if type(target) is Traced:
            target.value = new.value

    def overwrite(self, x: Any, result: Any, what: str) -> Any:
        """`x += v`: what is recorded, or stands alone for a value that the function has made, is the result from now on.

        Raises: InPlaceError where it would write into an argument, a view or a tensor from outside; ShapeError.
        """
        if result.shape != x.shape:
            raise ShapeError(
                f"{_where()}{what} keeps the shape of x, {x.shape}, and gives {result.shape}. Use a new name for it."
            )
        if x.node is not None and not (x.node.is_leaf and x.node.watch is not None):
            return result
        result = result if result.dtype == x.dtype else recorded.cast(result, dtype=x.dtype)
        if id(x) in self.new:
            return result
        value = x.value if type(x) is Traced else None
        own = value is not None and value.kind == "op" and value.primitive.c_ordered and value not in self.shared
        if not own or any(value in one.operands and not one.primitive.c_ordered for one in self.values if one.primitive):
            raise InPlaceError(
                f"{_where()}{what} in a compiled function ({users_line()}): it would write into an argument, a view or a tensor "
                f"from outside, of shape {x.shape}. Write x = x + v and return it; running statistics take `value.put_into(x)`."
            )
        x.value = result.value
        return x

    def written(self, x: Tensor, what: str) -> None:
        """A write in place into a Tensor with numbers: only into one that the function has made.

        Raises: InPlaceError for one from outside, which later calls would not write into.
        """
        if id(x) not in self.new:
            raise InPlaceError(
                f"{_where()}{what} in a compiled function ({users_line()}): it would write into a tensor from outside, of shape "
                f"{x.shape}, once and never again. Use `value.put_into(x)`, which every call does, or return the new value."
            )
        self.constants.clear()  # what was lifted so far has the numbers of before
        for one in [one for one in self.captured if np.may_share_memory(one.data, x.data)]:
            value = self.captured.pop(one)
            value.kind, value.source = "constant", np.array(one.data)

    def flowing(self, flow: Callable[..., None]) -> Callable[..., None]:
        """What carries cotangents back: as ever."""

        def known(ns: Any, node: Node, *rest: Any) -> None:
            outer = current.outer
            current.outer = outer._replace(path=(*node.scope.path, "backward"))
            try:
                flow(ns, node, *rest)
            finally:
                current.outer = outer

        return known

    def input(self, spec: Spec, kind: str, *, source: Any = None, name: str = "") -> Value:
        """A value that comes from outside."""
        value = Value(spec, kind, source=source, name=name)
        self.values.append(value)
        return value

    # the block
    def __enter__(self) -> Self:
        if current.watcher is not None:
            raise TraceError("nothing is compiled inside at.debug() or another compiled function.")
        current.watcher = self
        watching.add(id(self))
        return self

    def __exit__(self, *error: object) -> None:
        watching.discard(id(self))
        current.watcher = None
        self.new.clear()

    def settle(self) -> None:
        """After the trace: Tensors that nobody else holds were made inside the function, and cannot change any more."""
        for x in list(self.captured):
            value = self.captured[x]
            value.source = None
            if sys.getrefcount(x) <= 4:  # the dict's key, the list, the name `x` and the call itself
                value.kind, value.source = "constant", np.array(x.data)
                del self.captured[x]
            else:
                value.source = x

    def graph(self, outputs: Sequence[Value], updates: dict[Value, Value]) -> Graph:
        """What was traced.

        Raises: TraceError if a value of another trace is in it, which the function has kept on the side.
        """
        own = set(self.values)
        for value in [*self.values, *outputs]:
            for x in (value, *value.parents):
                if x not in own:
                    raise escaped(Traced(x), value.primitive.name if value.primitive is not None else "a result")
        return Graph(list(self.values), list(outputs), updates)


def escaped(x: Traced, what: str) -> TraceError:
    """The error for a value that is used after its trace."""
    return TraceError(
        f"{what}: a value of shape {x.shape} belongs to a function that was compiled, and has no numbers. "
        f"Return it from that function; what is kept on the side (a list, an attribute) stays without numbers."
    )


def _where() -> str:
    return f"{current.outer}: " if current.outer.path else ""
