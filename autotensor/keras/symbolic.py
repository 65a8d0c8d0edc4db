"""Symbolic tensors of the functional style: `Input` gives one, a layer called on one gives the next."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from autotensor.core.errors import AutotensorError, GraphError
from autotensor.core.methods import Methods
from autotensor.core.primitive import Primitive
from autotensor.core.spec import DType, Spec
from autotensor.keras import names
from autotensor.plan.trace import Symbol

Structure: TypeAlias = Any  # a tensor, or a list, tuple or dict of structures
_clock = itertools.count().__next__


def is_leaf(x: Any) -> bool:
    """Whether `x` is a tensor, an array or a Spec rather than a container of them; a list of numbers is data."""
    if isinstance(x, dict):
        return False
    if isinstance(x, Spec) or not isinstance(x, (list, tuple)):
        return True
    return not any(hasattr(part, "shape") or not is_leaf(part) for part in x)


def map_tensors(function: Callable[[Any], Any], structure: Structure) -> Any:
    """`function` of each tensor, in the same structure."""
    if is_leaf(structure):
        return function(structure)
    if isinstance(structure, dict):
        return {key: map_tensors(function, part) for key, part in structure.items()}
    return type(structure)(map_tensors(function, part) for part in structure)


def flat_symbols(structure: Structure) -> Iterator[Any]:
    """The tensors of a structure, in order."""
    if is_leaf(structure):
        yield structure
    else:
        for part in structure.values() if isinstance(structure, dict) else structure:
            yield from flat_symbols(part)


class Call:
    """One use of a layer: what went in and what came out. `order` grows with time."""

    __slots__ = ("inputs", "layer", "order", "outputs", "settings")

    def __init__(self, layer: Any, inputs: tuple[Structure, ...], settings: dict[str, Any]) -> None:
        self.layer = layer
        self.inputs = inputs
        self.settings = settings
        self.outputs: Structure = None
        self.order = _clock()

    @property
    def arguments(self) -> list[Any]:
        """The symbolic tensors that went in, in order; none for an Input."""
        return [t for each in self.inputs for t in flat_symbols(each)]


class KerasTensor(Methods):
    """A tensor that is not there yet: shape (None where unknown), dtype, and the layer call that will make it.

    >>> from autotensor import keras
    >>> keras.Input((4,), name="x")
    <KerasTensor shape=(None, 4), dtype=float32, name=x>
    """

    __slots__ = ("call", "index", "name", "spec")

    def __init__(self, spec: Spec, call: Call | None, index: int = 0, name: str | None = None) -> None:
        self.spec = spec
        self.call = call
        self.index = index
        self.name = name or names.unique_name("keras_tensor")

    @property
    def shape(self) -> tuple[int | None, ...]:
        return self.spec.shape

    @property
    def dtype(self) -> DType:
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    def interpret(self, primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> Any:
        """An operation on a symbolic tensor becomes a layer without weights."""
        return record_call(Operation(primitive, operands, settings), tuple(x for x in operands if isinstance(x, KerasTensor)), {})

    def _no_number(self) -> Any:
        raise GraphError(
            f"{self!r} has no numbers: it stands for what a layer will make. Build a Model from it and call that, "
            f"or compute with its values in a Lambda or a custom layer."
        )

    def __bool__(self) -> bool:
        return bool(self._no_number())

    def __float__(self) -> float:
        return float(self._no_number())

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self._no_number()

    def numpy(self) -> Any:
        """Not available: raises GraphError."""
        return self._no_number()

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def record_call(layer: Any, inputs: tuple[Structure, ...], settings: dict[str, Any]) -> Any:
    """The symbolic outputs of calling `layer` on symbolic inputs."""
    for x in flat_symbols(inputs):
        if not isinstance(x, KerasTensor):
            raise GraphError(
                f"{layer.name} was called on symbolic and real tensors together ({type(x).__name__}). "
                f"Make the real one a layer's weight, or an Input."
            )
    call = Call(layer, inputs, settings)
    counter = itertools.count()
    try:
        specs = layer.compute_output_spec(*(map_tensors(lambda x: x.spec, x) for x in inputs))
    except AutotensorError as refusal:
        shapes = ", ".join(str(x.shape) for x in flat_symbols(inputs))
        reason = str(refusal).replace(f"({SIZES_FOR_NONE[0]},", "(None,")
        raise type(refusal)(f"{layer.name} cannot take inputs of shape {shapes}: {reason}") from None
    call.outputs = map_tensors(lambda spec: KerasTensor(spec, call, next(counter)), specs)
    layer.__dict__.setdefault("_first_call", call)
    return call.outputs


class FirstCall:
    """`layer.input` and `layer.output`: what went into the layer's first symbolic call, and what came out.

    An attribute of that name on the layer itself, `self.output = Dense(1)`, comes first.
    Raises: GraphError if the layer was not called on a symbolic tensor.

    >>> from autotensor import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    >>> keras.Model(model.inputs, model.layers[0].output).output_shape
    (None, 3)
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, owner: type) -> Any:
        if layer is None:
            return self
        found = layer._symbolic()
        if found is None:
            raise GraphError(f"{layer.name} has no {self.name} yet: it was never called on a symbolic tensor, such as an Input.")
        return found[self.name == "output"]


class Operation:
    """A primitive between layers, `x * 2 + 1` on symbolic tensors: like a layer without weights."""

    weights: tuple[()] = ()
    built = True
    trainable = False

    def __init__(self, primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> None:
        self.primitive = primitive
        self.operands = operands
        self.settings = settings
        self.name = names.unique_name(primitive.name)

    def __call__(self, *inputs: Any) -> Any:
        given = iter(inputs)
        operands = (next(given) if isinstance(x, KerasTensor) else x for x in self.operands)
        return self.primitive(*operands, **self.settings)

    def compute_output_spec(self, *specs: Spec) -> Spec:
        """The Spec of the result, by tracing with two sizes for None."""
        return traced_spec(self, specs)


SIZES_FOR_NONE = (83, 89)  # an unknown size is tried as two primes: what differs in the result is unknown there too


def traced_spec(function: Callable[..., Any], specs: Sequence[Structure]) -> Any:
    """The Specs that `function` gives for Specs with None for unknown sizes, found by tracing it twice."""
    first, second = (function(*(map_tensors(_filling(n), spec) for spec in specs)) for n in SIZES_FOR_NONE)
    seconds = flat_symbols(second)
    return map_tensors(lambda a: _merged(a, next(seconds)), first)


def _filling(n: int) -> Callable[[Spec], Symbol]:
    return lambda spec: Symbol(Spec(tuple(n if size is None else size for size in spec.shape), spec.dtype))


def _merged(a: Any, b: Any) -> Spec:
    shape: Any = tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True))
    return Spec(shape, a.dtype)
