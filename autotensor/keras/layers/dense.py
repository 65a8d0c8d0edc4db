"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from autotensor import ops
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.recording import current
from autotensor.keras import activations, constraints, initializers, regularizers
from autotensor.keras.layers.layer import Layer


class Dense(Layer):
    """Fully connected: y = activation(x @ kernel + bias), over the last axis.

    Shapes: x (batch, ..., n_in) -> (batch, ..., units); kernel (n_in, units), bias (units,).
    Raises: ArgumentError unless `units` is an int >= 1; ShapeError for inputs of another width than the first.

    >>> layer = Dense(3, activation="relu")
    >>> layer([[1.0, 2.0]]).shape, layer.count_params()
    ((1, 3), 9)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **common: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **common)
        if not isinstance(units, int) or isinstance(units, bool) or units < 1:
            raise ArgumentError(f"units is the number of outputs, an int >= 1, got {units!r}.")
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ShapeError(
                f"{self.name}: Dense needs inputs of shape (batch, ..., features) with a known last size, "
                f"got {tuple(input_shape)}. A single sample is a batch of one: x[None]."
            )
        n_in = input_shape[-1]
        self.kernel = self.add_weight(
            (n_in, self.units),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if not self.use_bias:
            self.bias = None
        else:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                name="bias",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x: Any) -> Any:
        n_in = self.kernel.shape[0]
        if len(x.shape) < 2 or x.shape[-1] != n_in:
            hint = ""
            if x.shape == (n_in,):
                hint = f" A single sample is a batch of one: x[None] of shape (1, {n_in})."
            elif len(x.shape) > 1 and x.shape[0] == n_in:
                hint = " If features come first, pass x.swapaxes(0, -1)."
            raise ShapeError(f"{current.outer}: Dense expects inputs of shape (batch, ..., {n_in}), got {tuple(x.shape)}.{hint}")
        y = ops.matmul(self._floating(x), self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
