"""Activations made of straight pieces. At a corner the derivative is PyTorch's choice, which each first line states."""

from __future__ import annotations

from typing import Any

from autotensor import ops
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.nn.functional.checks import here
from autotensor.ops.conversion import lift


def relu(input: Any) -> Any:
    """Rectified linear unit: y = max(x, 0), dy/dx = 0 at 0.

    >>> import autotensor as at
    >>> relu(at.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return ops.relu(input)


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """Leaky rectified linear unit: y = x where x > 0, else slope x; dy/dx = slope at 0.

    Source: Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".

    >>> import autotensor as at
    >>> leaky_relu(at.tensor([-1.0, 2.0]))
    tensor([-0.01,  2.  ])
    """
    x = lift(input)
    return ns.where(x > 0, x, x * negative_slope)


def prelu(input: Any, weight: Any) -> Any:
    """Leaky rectified linear unit with learned slopes: y = x where x > 0, else w x; dy/dx = w at 0.

    Shapes: input (batch, channels, ...), weight (1,) or (channels,) -> input's.
    Raises: ShapeError if weight is neither.
    Source: He et al. 2015, "Delving deep into rectifiers".

    >>> import autotensor as at
    >>> prelu(at.tensor([-1.0, 2.0]), at.tensor([0.25]))
    tensor([-0.25,  2.  ])
    """
    x, w = lift(input), lift(weight)
    if tuple(w.shape) not in ((), (1,)):
        channels = x.shape[1 if len(x.shape) > 1 else 0] if x.shape else 1
        if tuple(w.shape) != (channels,):
            raise ShapeError(here(f"prelu has 1 slope or one for each of the {channels} channels, got shape {tuple(w.shape)}."))
        w = ops.reshape(w, (channels, *(1,) * (len(x.shape) - 2)))
    return ns.where(x > 0, x, x * w)


def threshold(input: Any, threshold: float, value: float) -> Any:
    """y = x where x > threshold, else value; dy/dx = 0 at the threshold.

    >>> import autotensor as at
    >>> threshold(at.tensor([0.5, 2.0]), 1.0, -7.0)
    tensor([-7.,  2.])
    """
    x = lift(input)
    return ns.where(x <= threshold, value, x)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """y = x limited to [min_val, max_val]; dy/dx = 0 at both limits.

    Raises: ArgumentError unless min_val <= max_val.

    >>> import autotensor as at
    >>> hardtanh(at.tensor([-2.0, 0.5, 2.0]))
    tensor([-1. ,  0.5,  1. ])
    """
    if not min_val <= max_val:
        raise ArgumentError(here(f"hardtanh needs min_val <= max_val, got {min_val} and {max_val}."))
    x = lift(input)
    return ns.where(x <= min_val, min_val, ns.where(x >= max_val, max_val, x))


def relu6(input: Any) -> Any:
    """y = x limited to [0, 6]; dy/dx = 0 at both limits.

    Source: Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10".

    >>> import autotensor as at
    >>> relu6(at.tensor([-1.0, 3.0, 8.0]))
    tensor([0., 3., 6.])
    """
    return hardtanh(input, 0.0, 6.0)


def hardsigmoid(input: Any) -> Any:
    """y = relu6(x + 3) / 6: from 0 at -3 to 1 at 3; dy/dx = 0 at both.

    >>> import autotensor as at
    >>> hardsigmoid(at.tensor([-4.0, 0.0, 4.0]))
    tensor([0. , 0.5, 1. ])
    """
    return relu6(lift(input) + 3.0) / 6.0


def hardswish(input: Any) -> Any:
    """y = x hardsigmoid(x); dy/dx = 0 at -3, 1 at 3.

    Source: Howard et al. 2019, "Searching for MobileNetV3".

    >>> import autotensor as at
    >>> hardswish(at.tensor([-4.0, 1.0, 4.0]))
    tensor([0.        , 0.6666667, 4.        ])
    """
    x = lift(input)
    return x * hardsigmoid(x)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """y = x moved towards 0 by lambd, 0 within lambd of it; dy/dx = 0 at both corners.

    Raises: ArgumentError if lambd is negative.

    >>> import autotensor as at
    >>> softshrink(at.tensor([-2.0, 0.2, 2.0]))
    tensor([-1.5,  0. ,  1.5])
    """
    if lambd < 0:
        raise ArgumentError(here(f"softshrink needs lambd >= 0, got {lambd}."))
    x = lift(input)
    return x - ns.where(x > lambd, lambd, ns.where(x < -lambd, -lambd, x))


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """y = x, but 0 within lambd of 0; dy/dx = 0 at both corners.

    >>> import autotensor as at
    >>> hardshrink(at.tensor([-2.0, 0.2, 2.0]))
    tensor([-2.,  0.,  2.])
    """
    x = lift(input)
    return ns.where(ops.logical_and(x >= -lambd, x <= lambd), 0.0, x)
