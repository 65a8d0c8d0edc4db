"""Activations as modules: each names its function and the settings it is called with.

`inplace` is accepted where PyTorch has it, and only written: results are new arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autotensor.core.spec import DTypeLike
from autotensor.nn import functional as F  # noqa: N812 - PyTorch's customary name
from autotensor.nn.module import Module
from autotensor.nn.parameter import Parameter
from autotensor.nn.sizes import size


class Activation(Module):
    """A function of one operand as a module; its settings are attributes, read again at each call.

    >>> import autotensor as at
    >>> layer = LeakyReLU(0.5)
    >>> layer, layer(at.tensor([-2.0, 2.0]))
    (LeakyReLU(negative_slope=0.5), tensor([-1.,  2.]))
    """

    function: ClassVar[Callable[..., Any]]

    def __init__(self, inplace: bool = False, **settings: Any) -> None:
        super().__init__()
        self.inplace = inplace
        self._settings = tuple(settings)
        self.__dict__.update(settings)

    def forward(self, x: Any) -> Any:
        own = self.__dict__
        return type(self).function(x, **{name: own[name] for name in self._settings})

    def extra_repr(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self._settings]
        return ", ".join([*shown, "inplace=True"] if self.inplace else shown)


class _Plain(Activation):
    def __init__(self) -> None:
        super().__init__()


class _InPlace(Activation):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace)


class Tanh(_Plain):
    """Hyperbolic tangent: y = tanh(x)."""

    function = staticmethod(F.tanh)


class Sigmoid(_Plain):
    """Logistic function: y = 1 / (1 + e**-x)."""

    function = staticmethod(F.sigmoid)


class LogSigmoid(_Plain):
    """Logarithm of the logistic function: y = -ln(1 + e**-x)."""

    function = staticmethod(F.logsigmoid)


class Softsign(_Plain):
    """y = x / (1 + |x|)."""

    function = staticmethod(F.softsign)


class Tanhshrink(_Plain):
    """y = x - tanh(x)."""

    function = staticmethod(F.tanhshrink)


class ReLU(_InPlace):
    """Rectified linear unit: y = max(x, 0)."""

    function = staticmethod(F.relu)


class ReLU6(_InPlace):
    """y = x limited to [0, 6]."""

    function = staticmethod(F.relu6)


class Hardsigmoid(_InPlace):
    """y = relu6(x + 3) / 6."""

    function = staticmethod(F.hardsigmoid)


class Hardswish(_InPlace):
    """y = x relu6(x + 3) / 6."""

    function = staticmethod(F.hardswish)


class SELU(_InPlace):
    """Scaled ELU of self-normalising networks."""

    function = staticmethod(F.selu)


class SiLU(_InPlace):
    """Sigmoid linear unit, also called swish: y = x sigmoid(x)."""

    function = staticmethod(F.silu)


class Mish(_InPlace):
    """y = x tanh(softplus(x))."""

    function = staticmethod(F.mish)


class LeakyReLU(Activation):
    """y = x where x > 0, else negative_slope x."""

    function = staticmethod(F.leaky_relu)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace, negative_slope=negative_slope)


class ELU(Activation):
    """y = x where x > 0, else alpha (e**x - 1)."""

    function = staticmethod(F.elu)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace, alpha=alpha)


class CELU(Activation):
    """y = x where x > 0, else alpha (e**(x/alpha) - 1)."""

    function = staticmethod(F.celu)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace, alpha=alpha)


class GELU(Activation):
    """Gaussian error linear unit: y = x P(Z < x); `approximate` is "none" or "tanh"."""

    function = staticmethod(F.gelu)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)


class Softplus(Activation):
    """y = ln(1 + e**(beta x)) / beta, and x itself where beta x > threshold."""

    function = staticmethod(F.softplus)

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)


class Hardtanh(Activation):
    """y = x limited to [min_val, max_val]."""

    function = staticmethod(F.hardtanh)

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace, min_val=min_val, max_val=max_val)


class Threshold(Activation):
    """y = x where x > threshold, else value."""

    function = staticmethod(F.threshold)

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace, threshold=threshold, value=value)


class _Shrink(Activation):
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd=lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(_Shrink):
    """y = x moved towards 0 by lambd, 0 within lambd of it."""

    function = staticmethod(F.softshrink)


class Hardshrink(_Shrink):
    """y = x, but 0 within lambd of 0."""

    function = staticmethod(F.hardshrink)


class Softmax(Activation):
    """y_i = e**x_i / sum_j e**x_j along `dim`, which must be given."""

    function = staticmethod(F.softmax)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class LogSoftmax(Activation):
    """Logarithm of softmax along `dim`, which must be given."""

    function = staticmethod(F.log_softmax)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class GLU(Activation):
    """Gated linear unit: y = a sigmoid(b), the two halves along `dim`."""

    function = staticmethod(F.glu)

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


class PReLU(Module):
    """y = x where x > 0, else w x, with one learned slope or one a channel.

    Shapes: x (batch, channels, ...) -> the same; weight (num_parameters,).

    >>> import autotensor as at
    >>> PReLU()(at.tensor([-2.0, 2.0])).detach()
    tensor([-0.5,  2. ])
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike | None = None) -> None:
        super().__init__()
        self.num_parameters = size("PReLU: num_parameters", num_parameters)
        self.init = init
        self.weight = Parameter(np.full(self.num_parameters, init, dtype or np.float32))

    def forward(self, x: Any) -> Any:
        return F.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
