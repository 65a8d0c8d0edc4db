"""What a Keras layer does with its weights: make, list, freeze, read and replace them, and penalise them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import NotBuiltError, ShapeError
from autotensor.core.spec import Array, DType, DTypeLike, as_array
from autotensor.core.tensor import Tensor
from autotensor.keras import constraints, initializers, regularizers
from autotensor.keras.layers.weight import Weight
from autotensor.nn.module import Module
from autotensor.nn.parameter import Parameter


class Weighted(Module):
    """A module whose weights have Keras's initializers, regularizers and constraints, and Keras's order."""

    name: str
    activity_regularizer: Any = None

    def __init__(self, dtype: DType, *, trainable: bool) -> None:
        super().__init__()
        self.built = False
        self._dtype = dtype
        self._trainable = trainable
        self._activity_losses: list[Any] = []
        self._unassigned: dict[int, str] = {}  # weights from add_weight that no attribute has taken yet: id -> name

    def __setattr__(self, name: str, value: Any) -> None:
        made_as = self.__dict__.get("_unassigned", {}).pop(id(value), None) if isinstance(value, Tensor) else None
        if made_as is not None and made_as != name:  # self.w = self.add_weight(name="kernel"): it lives at self.w
            delattr(self, made_as)
            if not isinstance(value, Parameter):
                self.register_buffer(name, value)
                return
        super().__setattr__(name, value)

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: DTypeLike | None = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Any:
        """Make a weight and hold it under `name`; one that is not trainable is a buffer.

        The default initializer is "glorot_uniform" for trainable weights of two or more axes, else "zeros".
        """
        kind = np.dtype(dtype or self._dtype)
        size = tuple(int(n) for n in shape)
        make = initializers.get(initializer or ("glorot_uniform" if trainable and len(size) > 1 else "zeros"))
        array = as_array(make(size, kind), kind)
        if array.shape != size:
            raise ShapeError(f"{self.name}: the initializer gave shape {array.shape} for a weight of shape {size}.")
        held = free = name or f"weight_{len(self._roles)}"
        count = 0
        while held in self._roles:  # weights of one name in a list: none takes another's place
            held, count = f"{free}_{count + 1}", count + 1
        if trainable:
            learned = self._trainable and kind.kind == "f"
            self.register_parameter(held, Weight(array, learned, regularizers.get(regularizer), constraints.get(constraint)))
        else:
            self.register_buffer(held, Tensor(array))
        self._unassigned[id(getattr(self, held))] = held
        return getattr(self, held)

    @property
    def weights(self) -> list[Tensor]:
        """All weights: each layer's trainable ones, then its others, then those of the layers below."""
        found: dict[int, Tensor] = {}
        for module in self.modules():
            for tensor in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
                found.setdefault(id(tensor), tensor)
        return list(found.values())

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training changes."""
        return [p for p in self.parameters() if p.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The weights that training leaves alone: frozen ones, and statistics."""
        trained = {id(p) for p in self.trainable_weights}
        return [w for w in self.weights if id(w) not in trained]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes this layer; setting it holds for the layers below too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for module in self.modules():
            if isinstance(module, Weighted):
                module._trainable = bool(value)
        self.requires_grad_(bool(value))

    def get_weights(self) -> list[Array]:
        """Copies of all weights as arrays, in the order of `weights`."""
        return [w.data.copy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over arrays in the order of `weights`; nothing is changed unless all fit.

        Raises: NotBuiltError before the weights exist; ShapeError if number or shapes differ.
        """
        own = self.weights
        if not self.built:
            raise NotBuiltError(f"{self.name} has no weights yet: build it first, by an Input, build(input_shape) or a call.")
        arrays = [as_array(w.data if isinstance(w, Tensor) else w) for w in weights]
        if len(arrays) != len(own):
            raise ShapeError(f"{self.name} has {len(own)} weights, got {len(arrays)}.")
        for i, (w, array) in enumerate(zip(own, arrays, strict=True)):
            if w.shape != array.shape:
                raise ShapeError(f"{self.name}: weight {i} has shape {w.shape}, got {array.shape}.")
        for w, array in zip(own, arrays, strict=True):
            w.data = np.array(array, w.dtype, order="C")

    def count_params(self) -> int:
        """The number of elements of all weights.

        Raises: NotBuiltError before the weights exist.
        """
        if not self.built:
            raise NotBuiltError(f"{self.name} cannot count its parameters before it is built. Call it, or build(input_shape).")
        return sum(w.size for w in self.weights)

    @property
    def losses(self) -> list[Any]:
        """What regularizers add to the loss: one 0-dimensional Tensor for each."""
        weights = [p for p in self.parameters() if isinstance(p, Weight) and p.regularizer is not None]
        found = [p.regularizer(p) for p in weights]
        for module in self.modules():
            if isinstance(module, Weighted):
                found += module._activity_losses
        return found

    @property
    def penalised(self) -> bool:
        """Whether a regularizer, of a weight or of an output, adds to the loss."""
        own = any(isinstance(m, Weighted) and m.activity_regularizer is not None for m in self.modules())
        return own or any(getattr(p, "regularizer", None) is not None for p in self.parameters())
