"""A model that is a chain of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError, NotBuiltError
from autotensor.core.spec import Array
from autotensor.keras import layers
from autotensor.keras.layers.input_layer import Input, InputLayer
from autotensor.keras.layers.layer import Layer
from autotensor.keras.layers.module_layer import ModuleLayer
from autotensor.keras.models.functional import check_input, fitting
from autotensor.keras.models.model import Model
from autotensor.keras.symbolic import KerasTensor
from autotensor.nn.module import Module
from autotensor.nn.walking import Role


class Sequential(Model):
    """A chain of layers: the output of each is the input of the next. Any `nn.Module` may be among them.

    With an `Input` first, or `input_shape=` in the first layer, all weights exist at once; otherwise they are made when the
    model first sees data.
    Raises: DTypeError for what is no layer; ArgumentError for two layers of one name.

    >>> from autotensor import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
    >>> model.output_shape, model.count_params()
    ((None, 1), 49)
    """

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self.__dict__.update(_chain=[], _symbol=None, _symbols={})
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise DTypeError(f"Sequential takes a list of layers, got {type(layers).__name__}. Wrap it: Sequential([layer]).")
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Append a layer; build it if the shape of its input is known.

        Raises: DTypeError for what is no layer; ArgumentError for a name that is taken; ShapeError if it cannot follow.
        """
        if isinstance(layer, (KerasTensor, InputLayer)):
            self._set_input(layer)
            return
        if isinstance(layer, Module) and not isinstance(layer, Layer):
            layer = ModuleLayer(layer)
        if isinstance(layer, type) and issubclass(layer, Module):
            raise DTypeError(f"Sequential takes layers, got the class {layer.__name__}. Pass a layer: {layer.__name__}(...).")
        if not isinstance(layer, Layer):
            raise DTypeError(f"Sequential takes layers, got {layer!r}. A function becomes one by Activation(function).")
        if layer.name in [other.name for other in self._chain]:
            raise ArgumentError(f"{self.name} already has a layer called {layer.name!r}; give this one another name.")
        if not self._chain and self._symbol is None and layer._given_shape is not None:
            self._set_input(Input(batch_size=layer._given_shape[0], shape=layer._given_shape[1:]))
        if self._symbol is not None:
            symbol = layer(self._last())  # before it is held: a layer that does not fit leaves the model as it was
            self._symbols[layer.name] = symbol
        self._chain.append(layer)
        self.built = self._symbol is not None

    def pop(self) -> Any:
        """Remove the last layer and return it.

        Raises: ArgumentError if there is none.
        """
        if not self._chain:
            raise ArgumentError(f"{self.name} has no layer to remove.")
        layer = self._chain.pop()
        self._symbols.pop(layer.name, None)
        self.built = self._symbol is not None and bool(self._chain)
        return layer

    def _set_input(self, given: Any) -> None:
        if self._chain or self._symbol is not None:
            raise ArgumentError(f"{self.name}: an Input comes first and once.")
        symbol = given
        if isinstance(given, InputLayer):
            symbol = Input(given.batch_shape[1:], given.batch_shape[0], given.dtype, given.name)
        self.__dict__["_symbol"] = symbol

    def _last(self) -> Any:
        return self._symbols[self._chain[-1].name] if self._chain else self._symbol

    def build(self, input_shape: Any) -> None:
        """Build all layers for inputs of this shape, batch first."""
        if self._symbol is None:
            self.__dict__["_symbol"] = Input(tuple(input_shape[1:]))
        symbol = self._symbol
        for layer in self._chain:
            if layer.name not in self._symbols:
                self._symbols[layer.name] = layer(symbol)
            symbol = self._symbols[layer.name]
        self.built = True

    def build_for(self, input_shape: Any) -> None:
        if not self._chain:
            raise NotBuiltError(f"{self.name} has no layers yet: add some before calling it.")
        try:
            super().build_for(input_shape)
        except Exception:
            if not self._symbols:
                self.__dict__["_symbol"] = None  # data of a wrong shape must not fix the input's
            raise

    @property
    def layers(self) -> list[Any]:
        return list(self._chain)

    def _held(self, role: Role) -> list[tuple[str, Any]]:
        if role != "module":
            return super()._held(role)
        return [*((layer.name, layer) for layer in self.__dict__.get("_chain", ())), *super()._held(role)]

    def _symbolic(self) -> tuple[Any, Any] | None:
        return self._known() if self.built else None

    @property
    def _calls_are_pure(self) -> bool:
        return type(self).call is Sequential.call

    def call(self, x: Any) -> Any:  # type: ignore[override]
        """Each layer after the other."""
        if self._symbol is not None and not isinstance(x, KerasTensor):
            x = fitting(self.name, self._symbol, x)
        for layer in self._chain:
            x = layer(x)
        return x

    def _inputs(self) -> tuple[list[str], list[np.dtype[Any]]]:
        return ["x"], [self._dtype if self._symbol is None else np.dtype(self._symbol.dtype)]

    def _check_inputs(self, arrays: list[Array]) -> None:
        if self._symbol is not None:
            check_input(self.name, self._symbol, arrays[0])

    @property
    def inputs(self) -> list[Any]:
        """The symbolic input, in a list."""
        return [self._known()[0]]

    @property
    def outputs(self) -> list[Any]:
        """The symbolic output, in a list."""
        return [self._known()[1]]

    @property
    def input_shape(self) -> Any:
        return self._known()[0].shape

    @property
    def output_shape(self) -> Any:
        return self._known()[1].shape

    def _known(self) -> tuple[Any, Any]:
        if not self.built:
            raise NotBuiltError(f"{self.name} has no shapes yet: give the first layer an Input, or call the model on data.")
        return self._symbol, self._last()

    def _output_shape_of(self, layer: Any) -> Any:
        symbol = self._symbols.get(layer.name)
        return None if symbol is None else symbol.shape

    def get_config(self) -> dict[str, Any]:
        first = [] if self._symbol is None else [self._symbol.call.layer]
        described = [layers.serialize(layer) for layer in (*first, *self._chain)]
        return {"name": self.name, "trainable": self.trainable, "layers": described}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """A new model of the same layers, with weights of its own; `custom_objects` are classes of the user's own, by name."""
        made = cls(name=config.get("name"), trainable=config.get("trainable", True))
        for described in config["layers"]:
            made.add(layers.deserialize(described, {"Sequential": Sequential, **(custom_objects or {})}))
        return made
