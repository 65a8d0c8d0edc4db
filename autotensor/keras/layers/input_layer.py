"""Where data enters a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.core.spec import Spec
from autotensor.keras import names
from autotensor.keras.layers.layer import Layer
from autotensor.keras.symbolic import Call, KerasTensor


class InputLayer(Layer):
    """The place of a model's input, without weights; made by `Input`."""

    def __init__(
        self,
        shape: Sequence[int | None] | int | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **unknown)
        if shape is None:
            raise ArgumentError("an Input needs the shape of one sample, such as Input(shape=(64,)); got None.")
        sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if not all(n is None or (isinstance(n, (int, np.integer)) and n >= 0) for n in sizes):
            raise ArgumentError(f"the shape of an Input is a tuple of ints and None, without the batch, got {shape!r}.")
        if batch_size is not None and (not isinstance(batch_size, (int, np.integer)) or batch_size < 1):
            raise ArgumentError(f"the batch_size of an Input is an int >= 1 or None for any, got {batch_size!r}.")
        self.batch_shape = (batch_size, *sizes)
        self.built = True

    def call(self, x: Any) -> Any:
        """The input itself."""
        return x

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"shape": self.batch_shape[1:], "batch_size": self.batch_shape[0], "dtype": self.dtype, "name": self.name}


def Input(  # noqa: N802 - Keras's name
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    name: str | None = None,
    **unknown: Any,
) -> KerasTensor:
    """A symbolic tensor that stands for data: `shape` of one sample, without the batch; None where a size may vary.

    Raises: ArgumentError without a shape; UnknownKeywordError for a misspelt argument.

    >>> Input(shape=(64,), name="pixels")
    <KerasTensor shape=(None, 64), dtype=float32, name=pixels>
    """
    if unknown:
        names.refuse_keywords("Input", [Input], unknown)
    layer = InputLayer(shape=shape, batch_size=batch_size, dtype=dtype, name=name)
    call = Call(layer, (), {})
    spec: Any = Spec(layer.batch_shape, layer._dtype)  # type: ignore[arg-type]
    call.outputs = KerasTensor(spec, call, 0, layer.name)
    layer.__dict__["_first_call"] = call
    return call.outputs
