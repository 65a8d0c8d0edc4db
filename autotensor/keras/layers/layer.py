"""The layer: an `nn.Module` that makes its weights when it first learns the shape of its input."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from autotensor import ops
from autotensor.core.errors import (
    DTypeError,
    UnknownNameError,
)
from autotensor.core.recording import current
from autotensor.core.spec import as_array
from autotensor.core.tensor import Tensor
from autotensor.keras import names, regularizers
from autotensor.keras.layers.arguments import given_shape, known_dtype, specs
from autotensor.keras.layers.weighted import Weighted
from autotensor.keras.symbolic import FirstCall, KerasTensor, flat_symbols, map_tensors, record_call, traced_spec
from autotensor.nn.module import Module
from autotensor.nn.walking import Role


class Layer(Weighted):
    """A function with weights, in Keras's manner: subclasses make weights in `build` and compute in `call`.

    `build(input_shape)` runs once, at the first call or when the model knows its shapes; `call(x)` may take `training`.
    Common keywords: `name`, `trainable`, `dtype`, `activity_regularizer`, and `input_shape` or `input_dim` for a first layer.

    >>> import autotensor as at
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...
    ...     def call(self, x):
    ...         return x * self.factor
    >>> layer = Scale()
    >>> layer([[1.0, 2.0]]).shape, layer.count_params()
    ((1, 2), 2)
    """

    input = FirstCall()
    output = FirstCall()
    _recorded: ClassVar[weakref.WeakSet[Layer]] = weakref.WeakSet()  # layers with penalties of a call that may be over

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: str | None = None,
        activity_regularizer: Any = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        weights: Sequence[Any] | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(known_dtype(dtype), trainable=bool(trainable))
        if unknown:
            bases = [base.__init__ for base in type(self).__mro__ if "__init__" in vars(base)]  # type: ignore[misc]
            names.refuse_keywords(type(self).__name__, bases, unknown)
        if name is not None and not isinstance(name, str):
            raise DTypeError(f"the name of a layer is a string, got {name!r}.")
        self.name = name or names.unique_name(names.snake_case(type(self).__name__))
        self.training = False
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._given_shape = given_shape(input_shape, input_dim, batch_input_shape)
        self._given_weights = weights
        self.__dict__["_scope_name"] = self.name
        self.__dict__["_containers"] = set()  # names of attributes that are lists, tuples or dicts: layers may be in them

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if "_containers" in self.__dict__:
            (self._containers.add if isinstance(value, (list, tuple, dict)) else self._containers.discard)(name)

    def _held_as(self, name: str) -> None:
        """A layer is known by its own name, whatever the attribute that holds it."""

    def _held(self, role: Role) -> list[tuple[str, Any]]:
        if role != "module" or not self.__dict__.get("_containers"):
            return super()._held(role)
        held = []
        for name, value in self.__dict__.items():  # in the order of assignment, as Keras's files have it
            if self._roles.get(name) == role:
                held.append((name, value))
            elif name in self._containers:
                held += [(f"{name}.{key}", module) for key, module in _modules_in(value)]
        return held

    # what subclasses say
    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape (batch first, None where unknown)."""

    def call(self, *inputs: Any, **settings: Any) -> Any:
        """Compute the outputs."""
        raise UnknownNameError(f"{type(self).__name__} does not say what it computes. Define it: `def call(self, x): ...`.")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of a shape with None for unknown sizes, found by tracing `call`."""
        return map_tensors(lambda spec: spec.shape, self.compute_output_spec(specs(input_shape, self._dtype)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, from which `from_config` makes the same layer."""
        common = {"name": self.name, "trainable": self.trainable, "dtype": self._dtype.name}
        if self.activity_regularizer is not None:
            common["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return common

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A new layer with these constructor arguments."""
        return cls(**config)

    # calling
    def __call__(self, *inputs: Any, training: bool | None = None, **settings: Any) -> Any:
        """Compute the outputs; build first if this is the first call.

        `training` (default: as the model is set) overrides the mode for this call. A symbolic input gives a symbolic output.
        """
        x = inputs[0] if len(inputs) == 1 else None
        if type(x) is not Tensor or x.data.dtype is not self._dtype:  # as between layers: nothing to look at, nothing to cast
            if any(isinstance(x, KerasTensor) for x in flat_symbols(inputs)):
                return record_call(self, inputs, settings)
            inputs = tuple(map_tensors(self._at_the_door, x) for x in inputs)
        if self._recorded and not current.outer.path:  # a call from outside, not by another layer
            self._forget_activity()
        if not self.built:
            self.build_for(map_tensors(lambda x: tuple(x.shape), inputs[0]) if inputs else None)
        if training is None or training == self.training:
            return super().__call__(*inputs, **settings)
        with self.mode(training=training):
            return super().__call__(*inputs, **settings)

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """What a module does: `call`, with `training` if it takes that."""
        if self._call_takes("training"):
            settings.setdefault("training", self.training)
        outputs = self.call(*inputs, **settings)
        if self.activity_regularizer is not None:
            self._penalise(outputs)
        return outputs

    def _penalise(self, outputs: Any) -> None:
        for output in flat_symbols(outputs):
            if isinstance(output, Tensor):  # while the model is traced for shapes there is nothing to penalise
                self._activity_losses.append(self.activity_regularizer(output) / output.shape[0])
                self._recorded.add(self)

    def _forget_activity(self) -> None:
        for module in self.modules():
            if isinstance(module, Layer) and module._activity_losses:
                module._activity_losses.clear()
                self._recorded.discard(module)

    def _call_takes(self, setting: str) -> bool:
        found = self.__dict__.get("_call_settings")
        if found is None:
            found = self.__dict__["_call_settings"] = frozenset(inspect.signature(self.call).parameters)
        return setting in found

    def _at_the_door(self, x: Any) -> Any:
        if isinstance(x, Tensor) or hasattr(x, "interpret"):
            return x if x.dtype is self._dtype or x.dtype.kind != "f" or x.dtype == self._dtype else ops.astype(x, self._dtype)
        array = as_array(x)
        return Tensor(array.astype(self._dtype) if array.dtype.kind == "f" and array.dtype != self._dtype else array)

    def _floating(self, x: Any) -> Any:
        """Whole numbers as floats of the layer's dtype."""
        return x if x.dtype.kind == "f" else ops.astype(x, self._dtype)

    @contextmanager
    def mode(self, *, training: bool) -> Iterator[None]:
        """Training or inference for the time of a block, here and below."""
        before = [(module, module.training) for module in self.modules()]
        self._set_mode(training)
        try:
            yield
        finally:
            for module, was in before:
                module.__dict__["training"] = was  # as before: nothing has changed

    def build_for(self, input_shape: Any) -> None:
        """Build once, inside the layer's own scope, then take the weights given to the constructor."""
        if self.built:
            return
        self.build(input_shape)
        self.built = True
        if self._given_weights is not None:
            self.set_weights(self._given_weights)

    def compute_output_spec(self, *specs: Any) -> Any:
        """The Spec of the output for Specs with None for unknown sizes: `call` is traced with two sizes in its place."""
        if not self.built:
            self.build_for(map_tensors(lambda spec: spec.shape, specs[0]))
        with self.mode(training=False):
            return traced_spec(super().__call__, specs)

    def _symbolic(self) -> tuple[Any, Any] | None:
        """The symbolic input and output of the first such call."""
        call = self.__dict__.get("_first_call")
        return None if call is None else (call.inputs[0] if len(call.inputs) == 1 else list(call.inputs), call.outputs)

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _modules_in(container: Any) -> list[tuple[Any, Module]]:
    """The modules in a list, tuple or dict, with their places."""
    pairs = container.items() if isinstance(container, dict) else enumerate(container)
    return [(key, value) for key, value in pairs if isinstance(value, Module)]
