"""The model: a layer that can be trained, summarised and drawn. Subclass it, or build it from symbolic tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, GraphError, NotBuiltError, UnknownNameError, did_you_mean
from autotensor.core.recording import current
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.keras import names
from autotensor.keras import summary as tables
from autotensor.keras.layers.layer import Layer
from autotensor.keras.layers.module_layer import ModuleLayer
from autotensor.keras.models.functional import Graph, check_input
from autotensor.keras.summary import LayerRow, Totals
from autotensor.keras.symbolic import Operation, Structure, flat_symbols, map_tensors
from autotensor.keras.training.forward import as_tensors, outputs_of
from autotensor.keras.training.trainer import Trainer
from autotensor.nn.walking import Role


class Model(Trainer):
    """A network. `Model(inputs, outputs)` makes one of symbolic tensors; a subclass makes layers and uses them in `call`.

    >>> from autotensor import keras
    >>> x = keras.Input((4,))
    >>> model = keras.Model(x, keras.layers.Dense(2)(x))
    >>> model.count_params()
    10
    >>> class Twice(keras.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.dense = keras.layers.Dense(3)
    ...
    ...     def call(self, x):
    ...         return self.dense(self.dense(x))
    >>> Twice()([[1.0, 2.0, 3.0]]).shape
    (1, 3)
    """

    _graph: Graph | None = None

    def __init__(self, inputs: Structure = None, outputs: Structure = None, name: str | None = None, **common: Any) -> None:
        functional = inputs is not None or outputs is not None
        if functional and name is None and type(self) is Model:
            name = names.unique_name("functional")
        super().__init__(name=name, **common)
        if functional:
            graph = Graph(inputs, outputs, self.name)
            self.__dict__.update(_graph=graph, inputs=list(graph.sources), outputs=list(flat_symbols(outputs)))
            self.built = True

    def _held(self, role: Role) -> list[tuple[str, Any]]:
        if role != "module" or self._graph is None:
            return super()._held(role)
        layers = [(name, layer) for name, layer in self._graph.layers.items() if isinstance(layer, Layer)]
        return [*layers, *super()._held(role)]

    def _symbolic(self) -> tuple[Any, Any] | None:
        return super()._symbolic() if self._graph is None else (self._graph.inputs, self._graph.outputs)

    def build(self, input_shape: Any) -> None:
        """A model that is a subclass builds its layers as they are called."""

    def __call__(self, *inputs: Any, training: bool | None = None, **settings: Any) -> Any:
        # without recording, a model made of symbolic tensors runs as a plan
        if current.scope is None and not training and not settings and len(inputs) == 1 and not self.training:
            x = inputs[0]
            array = x.data if type(x) is Tensor else x
            plain = type(array) is np.ndarray and array.dtype is self._dtype and current.outer.following is None
            if plain and self._calls_are_pure and self._compiles():
                outputs = outputs_of(self, [array])
                if outputs is not None:
                    return as_tensors(outputs)
        return super().__call__(*inputs, training=training, **settings)

    @property
    def _calls_are_pure(self) -> bool:
        """Whether a call does nothing but compute: a subclass may do more in its `call`."""
        return self._graph is not None and type(self).call is Model.call

    def call(self, inputs: Any, **settings: Any) -> Any:
        """The outputs for inputs: a functional model runs its layers in order, a subclass says itself what it does."""
        if self._graph is None:
            return super().call(inputs, **settings)
        return self._graph.run(inputs)

    def _inputs(self) -> tuple[list[str], list[np.dtype[Any]]]:
        if self._graph is None:
            return super()._inputs()
        return [x.name for x in self._graph.sources], [np.dtype(x.dtype) for x in self._graph.sources]

    def _output_count(self) -> int:
        return 1 if self._graph is None else len(self.outputs)

    def _check_inputs(self, arrays: list[Array]) -> None:
        for x, array in zip(self._graph.sources if self._graph is not None else (), arrays, strict=False):
            check_input(self.name, x, array)

    @property
    def layers(self) -> list[Any]:
        """The layers that the model holds itself, in order; the inputs of a functional model among them."""
        return list(self.children())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by its name or its place.

        Raises: UnknownNameError if there is none.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ArgumentError(f"get_layer takes a name or an index, one of them, got name={name!r} and index={index!r}.")
        if index is not None:
            if isinstance(index, bool) or not isinstance(index, (int, np.integer)):
                raise ArgumentError(f"the index of a layer is an int, got {index!r}. For a name: get_layer(name={index!r}).")
            if not -len(layers) <= index < len(layers):
                raise UnknownNameError(f"{self.name} has {len(layers)} layers, there is none at {index}.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        known = [layer.name for layer in layers]
        raise UnknownNameError(f"{self.name} has no layer {name!r}.{did_you_mean(name, known)} Its layers: {', '.join(known)}.")

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
        style: str = "keras3",
    ) -> None:
        """Print the layers, their output shapes and parameters, in the table of Keras 3 or, `style="keras2"`, of Keras 2.

        >>> from autotensor import keras
        >>> model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, name="digits")], name="small")
        >>> model.summary(line_length=50)
        Model: "small"
        ┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━┓
        ┃ Layer (type)        ┃ Output Shape   ┃ Param # ┃
        ┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━┩
        │ digits (Dense)      │ (None, 10)     │     650 │
        └─────────────────────┴────────────────┴─────────┘
         Total params: 650 (2.54 KB)
         Trainable params: 650 (2.54 KB)
         Non-trainable params: 0 (0.00 B)
        """
        tables.summarise(
            self.name,
            self._table_kind(),
            self._rows(0),
            self._totals(),
            style=style,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    def _table_kind(self) -> str:
        return "sequential" if self._graph is None or self._graph.is_chain else "functional"

    def _output_shape_of(self, layer: Any) -> Any:
        """The shape that the summary shows for a layer, or None while it is unknown."""
        return None if self._graph is None else self._graph.output_shape_of(layer)

    def _connections(self, layer: Any) -> tuple[str, ...]:
        return () if self._graph is None else self._graph.connections(layer)

    def _rows(self, depth: int) -> list[LayerRow]:
        rows = []
        shown = self.layers if self._graph is None else self._graph.layers.values()  # operations between layers too
        for layer in shown:
            rows.append(
                LayerRow(
                    layer.name,
                    class_name(layer),
                    self._output_shape_of(layer),
                    sum(w.size for w in layer.weights),
                    layer.built or (not has_weights(layer)),
                    layer.trainable if layer.weights else None,
                    self._connections(layer),
                    type(layer).__name__ == "InputLayer",
                    depth,
                )
            )
            if isinstance(layer, Model):
                rows += layer._rows(depth + 1)
        return rows

    def _totals(self) -> Totals:
        trained, others = self.trainable_weights, self.non_trainable_weights
        optimizer = self.optimizer if self.optimizer is not None and self.optimizer.built else None
        return Totals(
            sum(w.size for w in trained),
            sum(w.nbytes for w in trained),
            sum(w.size for w in others),
            sum(w.nbytes for w in others),
            None if optimizer is None else optimizer.variable_count,
            0 if optimizer is None else optimizer.variable_bytes,
        )

    def get_config(self) -> dict[str, Any]:
        if self._graph is not None:
            raise GraphError(
                f"{self.name} was made of symbolic tensors, which have no configuration yet. Keep the function that makes "
                f"the model, and its weights: get_weights() and set_weights(), or pickle the model."
            )
        return super().get_config()

    @property
    def input_shape(self) -> Any:
        """The shape of the input, None for the batch.

        Raises: NotBuiltError while it is unknown.
        """
        if self._graph is not None:
            return map_tensors(lambda x: x.shape, self._graph.inputs)
        raise NotBuiltError(f"{self.name} has no input shape yet: give the first layer an Input, or call the model on data.")

    @property
    def output_shape(self) -> Any:
        """The shape of the output, None for the batch.

        Raises: NotBuiltError while it is unknown.
        """
        if self._graph is not None:
            return map_tensors(lambda x: x.shape, self._graph.outputs)
        raise NotBuiltError(f"{self.name} has no output shape yet: give the first layer an Input, or call the model on data.")


def class_name(layer: Any) -> str:
    """The class of a layer as summaries show it; a functional model is called so."""
    if isinstance(layer, Operation):
        return type(layer.primitive).__name__
    if isinstance(layer, ModuleLayer):
        return type(layer.module).__name__
    return "Functional" if isinstance(layer, Model) and layer._graph is not None else type(layer).__name__


def has_weights(layer: Any) -> bool:
    """Whether building this layer will make weights: whether it, or one below, says how."""
    return any(isinstance(m, Layer) and type(m).build not in (Layer.build, Model.build) for m in layer.modules())
