"""The fully connected layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor.core.spec import DEFAULT_FLOAT, DTypeLike
from autotensor.nn import init
from autotensor.nn.functional.affine import linear
from autotensor.nn.module import Module
from autotensor.nn.parameter import Parameter
from autotensor.nn.sizes import size


class Linear(Module):
    """y = x W.T + b, with W and b uniform in +-1/sqrt(in_features) to begin with.

    Shapes: x (..., in_features) -> (..., out_features); weight (out_features, in_features), bias (out_features,).
    Raises: ArgumentError unless both sizes are at least 1; ShapeError for inputs of another width.

    >>> import autotensor as at
    >>> layer = Linear(3, 2)
    >>> layer, layer(at.zeros((5, 3))).shape
    (Linear(in_features=3, out_features=2, bias=True), (5, 2))
    """

    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, dtype: DTypeLike | None = None) -> None:
        super().__init__()
        self.in_features = size("Linear: in_features", in_features)
        self.out_features = size("Linear: out_features", out_features)
        kind = dtype or DEFAULT_FLOAT
        self.weight = Parameter(np.zeros((self.out_features, self.in_features), kind))
        self.register_parameter("bias", Parameter(np.zeros(self.out_features, kind)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Any) -> Any:
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
