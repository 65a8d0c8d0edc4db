"""A plan by XLA (extra `xla`): the same graph as one function without effects, which `jax.jit` compiles.

There are no buffers to plan here. What changes from call to call goes in as an argument, states among it; the states to come are
results, and are written back here. Random numbers are drawn outside, from the same generators in the same order.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autotensor.core.spec import Array
from autotensor.plan.graph import Graph, Value
from autotensor.plan.passes import FOLDED
from autotensor.plan.trace import TraceError
from autotensor.plan.xla_forms import computed, form_of, has_dtype

INPUTS = frozenset({"argument", "captured", "bound", "scalar", "state", "draw"})


def available() -> bool:
    """Whether JAX is installed; it is not imported yet."""
    return importlib.util.find_spec("jax") is not None


class Functional:
    """A graph as a function from arrays to arrays, compiled by XLA; beside `emit.Source`, the other thing that a plan can run.

    `text` is what JAX was given, as JAX writes it. Raises: TraceError for a primitive or dtype that XLA has not.
    """

    def __init__(self, graph: Graph, name: str, items: Sequence[bool]) -> None:
        import jax
        import jax.scipy.special

        self.graph, self._items = graph, items
        self.arguments = [v for v in graph.values if v.kind in ("argument", "captured")]
        self._inputs = [v for v in graph.values if v.kind in INPUTS or _is_large(v)]
        for value in graph.values:
            _refuse(value)

        def function(*arrays: Any) -> list[Any]:
            return _evaluated(jax, graph, dict(zip(self._inputs, arrays, strict=True)))

        function.__name__ = name
        specs = [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in self._inputs]
        with _exact(jax):
            traced = jax.jit(function).trace(*specs)
            self._compiled = traced.lower().compile()
        words = ", ".join(v.name or v.kind for v in self._inputs)
        self.text = f"# {name}({words}), as JAX gives it to XLA\n{traced.jaxpr}"
        self._jax = jax

    @property
    def workspace(self) -> int:
        """Bytes that a call takes beside its arguments and results, as XLA says."""
        return int(self._compiled.memory_analysis().temp_size_in_bytes)

    def instance(self, given: dict[Value, Array]) -> Callable[..., Any]:
        """The function; `given` are the arrays of states, scalars and inputs that are bound."""
        place = {v: i for i, v in enumerate(self.arguments)}
        readers = [_reader(v, place, given) for v in self._inputs]
        states, count = list(self.graph.updates), len(self.graph.outputs)

        def run(*arrays: Array) -> tuple[Any, ...]:
            inputs = [read(arrays) for read in readers]
            with _exact(self._jax):
                # copies: what JAX gives can be the memory of what it was given
                results = [np.array(y) for y in self._compiled(*inputs)]
            for state, new in zip(states, results[count:], strict=True):
                given[state][...] = new
            return tuple([y.item() if item else y for y, item in zip(results, self._items, strict=False)])

        return run


def _reader(value: Value, place: dict[Value, int], given: dict[Value, Array]) -> Callable[[Sequence[Array]], Any]:
    """Where a call finds an input."""
    if value in place:
        i = place[value]
        return lambda arrays: arrays[i]
    if value.kind == "draw":
        return lambda arrays: value.source()
    array = value.source if value.kind == "constant" else given[value]
    return lambda arrays: array


def _evaluated(jax: Any, graph: Graph, known: dict[Value, Any]) -> list[Any]:
    """Outputs and states to come, value by value, from the inputs in `known`."""

    def number(x: Any) -> Any:
        if isinstance(x, Value) and x not in known:  # a constant, which a pass may have made
            known[x] = jax.numpy.asarray(x.source)
        return known[x] if isinstance(x, Value) else x

    for value in graph.values:
        operands = [number(x) for x in value.operands]
        if value.kind == "pack":
            known[value] = jax.numpy.concatenate([x.reshape(-1).astype(value.dtype) for x in operands])
        elif value.primitive is not None:
            known[value] = computed(jax, value, operands)
    return [number(y) for y in graph.wanted]


def _refuse(value: Value) -> None:
    if not has_dtype(value):
        raise TraceError(
            f"XLA has no {value.dtype}, the dtype of a value of shape {value.shape}. "
            f'Use float64, or at.compile(f, backend="numpy").'
        )
    if value.primitive is not None:
        form_of(value)


def _is_large(value: Value) -> bool:
    """Whether a constant is rather given at each call than compiled in, where XLA would compute with it for long."""
    return value.kind == "constant" and value.source.size > FOLDED


@contextlib.contextmanager
def _exact(jax: Any) -> Iterator[None]:
    """All dtypes as NumPy has them, float64 and int64 too, and products in the dtype of their operands; JAX's settings stay."""
    from jax import experimental

    enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else experimental.enable_x64  # it moved between JAX's versions
    with enable_x64(True), jax.default_matmul_precision("highest"):  # noqa: FBT003 - JAX's signature
        yield
