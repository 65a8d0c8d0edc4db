"""The graph of a functional model: the layer calls between its inputs and outputs, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autotensor import ops
from autotensor.core.errors import ArgumentError, GraphError, ShapeError
from autotensor.keras.symbolic import Call, KerasTensor, Structure, flat_symbols, map_tensors


class Graph:
    """The calls from symbolic inputs to symbolic outputs. Its layers are those on the way.

    Raises: GraphError if an output does not depend on the inputs alone, or two layers share a name.
    """

    def __init__(self, inputs: Structure, outputs: Structure, model: str) -> None:
        sources, results = list(flat_symbols(inputs)), list(flat_symbols(outputs))
        for x in (*sources, *results):
            if not isinstance(x, KerasTensor):
                raise ArgumentError(f"Model takes symbolic tensors made from Input, got {type(x).__name__}.")
        self.calls = _between(sources, results, model)  # first: copying and pickling then never go deep
        self.model, self.sources = model, sources
        self.inputs, self.outputs = _alone(inputs), _alone(outputs)
        self.layers: dict[str, Any] = {}
        for call in self.calls:
            if self.layers.setdefault(call.layer.name, call.layer) is not call.layer:
                raise GraphError(f"{model}: two layers are called {call.layer.name!r}; give one another name.")

    def run(self, inputs: Any) -> Any:
        """The outputs for real inputs: each layer in order."""
        values = dict(zip(map(id, self.sources), self._ordered(inputs), strict=True))
        for call in self.calls:
            if call.inputs:
                args = map_tensors(lambda t: values[id(t)], call.inputs)
                results = call.layer(*args, **call.settings)
                for symbol, value in zip(flat_symbols(call.outputs), flat_symbols(results), strict=True):
                    values[id(symbol)] = value
        return map_tensors(lambda t: values[id(t)], self.outputs)

    def _ordered(self, inputs: Any) -> list[Any]:
        if isinstance(inputs, Mapping):
            missing = [x.name for x in self.sources if x.name not in inputs]
            if missing:
                raise ArgumentError(f"{self.model}: inputs {missing} are missing, got {sorted(inputs)}.")
            given = [inputs[x.name] for x in self.sources]
        else:
            given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if len(given) != len(self.sources):
            raise ShapeError(f"{self.model} has {len(self.sources)} inputs {[x.name for x in self.sources]}, got {len(given)}.")
        return [fitting(self.model, x, value) for x, value in zip(self.sources, given, strict=True)]

    @property
    def is_chain(self) -> bool:
        """Whether each layer is used once, on the output of the one before."""
        arguments = [call.arguments for call in self.calls]
        read = [id(t) for each in arguments for t in each]
        once = len(set(read)) == len(read) and len(self.layers) == len(self.calls)
        return len(self.sources) == 1 and once and all(len(each) <= 1 for each in arguments)

    def output_shape_of(self, layer: Any) -> Any:
        """The shape that a layer's first call makes."""
        first = next(call for call in self.calls if call.layer is layer)
        return map_tensors(lambda t: t.shape, first.outputs)

    def connections(self, layer: Any) -> tuple[str, ...]:
        """Where a layer's inputs come from, as `name[use][output]`."""
        uses: dict[int, int] = {}  # the how-manieth call of its layer each call is
        counts: dict[str, int] = {}
        for call in self.calls:
            uses[id(call)] = counts.get(call.layer.name, 0)
            counts[call.layer.name] = uses[id(call)] + 1
        found = [t for call in self.calls if call.layer is layer for t in call.arguments]
        return tuple(f"{t.call.layer.name}[{uses[id(t.call)]}][{t.index}]" for t in found)


def _alone(structure: Structure) -> Structure:
    """A list of one tensor is that tensor, as in Keras."""
    return structure[0] if isinstance(structure, (list, tuple)) and len(structure) == 1 else structure


def fitting(model: str, x: KerasTensor, value: Any) -> Any:
    """A value in the dtype of a symbolic input: whole numbers become floats where floats are expected.

    Raises: ShapeError if it has another shape.
    """
    check_input(model, x, value)
    return value if value.dtype == x.dtype else ops.astype(value, x.dtype)


def check_input(model: str, x: KerasTensor, value: Any) -> None:
    """Raise ShapeError unless an array or Tensor fits a symbolic input."""
    fits = len(value.shape) == len(x.shape) and all(m is None or m == n for m, n in zip(x.shape, value.shape, strict=True))
    if not fits:
        whole = tuple(value.shape)
        hint = " A single sample is a batch of one: x[None]." if whole == tuple(x.shape[1:]) else ""
        raise ShapeError(f"{model} expects input {x.name!r} of shape {tuple(x.shape)} (None: any), got {whole}.{hint}")


def _between(sources: list[KerasTensor], results: list[KerasTensor], model: str) -> list[Call]:
    """The calls from which `results` come, in the order in which they were made."""
    found: dict[int, Call] = {id(x.call): x.call for x in sources if x.call is not None}
    stops = set(found)
    stack = [(t, t) for t in results]
    while stack:
        symbol, result = stack.pop()
        call = symbol.call
        if call is None or (not call.inputs and id(call) not in stops):
            raise GraphError(f"{model}: output {result.name!r} also depends on {symbol.name!r}, which is not among the inputs.")
        if id(call) in stops or id(call) in found:
            continue
        found[id(call)] = call
        stack += [(t, result) for t in call.arguments]
    return sorted(found.values(), key=lambda call: call.order)
