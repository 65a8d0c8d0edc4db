"""Activations by Keras's names and defaults, each a line of `nn.functional`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autotensor import ops
from autotensor.core.errors import DTypeError
from autotensor.keras import configs, names
from autotensor.nn import functional as F  # noqa: N812 - PyTorch's and Keras's users know it so


def linear(x: Any) -> Any:
    """The input itself: y = x."""
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit: y = x above `threshold` up to `max_value`, negative_slope (x - threshold) below."""
    plain = negative_slope == 0 and threshold == 0
    y = ops.relu(x) if plain else ops.where(x > threshold, x, negative_slope * (x - threshold))
    return y if max_value is None else ops.minimum(y, max_value)


def softmax(x: Any, axis: int = -1) -> Any:
    """e**x_i / sum_j e**x_j along `axis`."""
    return ops.softmax(x, axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of softmax, stable."""
    return ops.log_softmax(x, axis)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Leaky ReLU: y = x for x > 0, else negative_slope x."""
    return F.leaky_relu(x, negative_slope)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Gaussian error linear unit: y = x Phi(x), exact by erf unless `approximate`."""
    return F.gelu(x, approximate="tanh" if approximate else "none")


def exponential(x: Any) -> Any:
    """The exponential: y = e**x."""
    return ops.exp(x)


def hard_sigmoid(x: Any) -> Any:
    """Piecewise linear sigmoid: y = relu6(x + 3) / 6."""
    return F.hardsigmoid(x)


def hard_silu(x: Any) -> Any:
    """Piecewise SiLU: y = x hard_sigmoid(x)."""
    return F.hardswish(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: y = x for x > 0, else alpha (e**x - 1)."""
    return F.elu(x, alpha)


TABLE: dict[str, Callable[..., Any]] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "softplus": ops.softplus,
    "log_sigmoid": ops.log_sigmoid,
    "exponential": exponential,
    "gelu": gelu,
    "elu": elu,
    "selu": F.selu,
    "silu": F.silu,
    "swish": F.silu,
    "mish": F.mish,
    "leaky_relu": leaky_relu,
    "relu6": F.relu6,
    "softsign": F.softsign,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_swish": hard_silu,
}

sigmoid, tanh, softplus, log_sigmoid = ops.sigmoid, ops.tanh, ops.softplus, ops.log_sigmoid
selu, silu, swish, mish, relu6, softsign = F.selu, F.silu, F.silu, F.mish, F.relu6, F.softsign
hard_swish = hard_silu


def get(identifier: Any) -> Callable[..., Any]:
    """An activation from its name, a callable, a config dict, or None for linear.

    Raises: UnknownNameError for an unknown name; DTypeError for anything else.

    >>> get(None) is linear, get("relu") is relu
    (True, True)
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return names.resolve("activation", identifier, TABLE)
    if isinstance(identifier, Mapping):
        return configs.rebuilt("activation", identifier, TABLE)
    if isinstance(identifier, type):
        raise DTypeError(f"an activation is a name, a callable or None, got the class {identifier.__name__}. Pass an instance.")
    if callable(identifier):
        return identifier
    raise DTypeError(f"an activation is a name, a callable, a config dict or None, got {identifier!r}.")


def serialize(activation: Callable[..., Any]) -> str:
    """The name of an activation, as configs hold it.

    >>> serialize(relu)
    'relu'
    """
    for name, function in TABLE.items():
        if function is activation:
            return name
    return str(getattr(activation, "__name__", type(activation).__name__))


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The activation that a name or a dict describes; `custom_objects` are the user's own, by name.

    Raises: UnknownNameError for a name that is in neither.
    """
    return configs.rebuilt("activation", config, TABLE, custom_objects)
