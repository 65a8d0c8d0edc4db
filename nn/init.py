"""Initialisers, under PyTorch's names: each gives a parameter new numbers and returns it.

The array is replaced, not written into, and nothing is recorded: graphs recorded before keep the numbers they used.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

from autotensor import random
from autotensor.core.errors import ShapeError, UnknownNameError, did_you_mean
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.nn import initial_values
from autotensor.nn.initial_values import fans_of_weight
from autotensor.random.generator import Generator

Kind = TypeVar("Kind", bound=Tensor)

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much an activation shrinks the signal's deviation: the factor that makes up for it.

    `param` is the slope of "leaky_relu", 0.01 by default: sqrt(2 / (1 + slope**2)).
    Raises: UnknownNameError for another name.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        names = [*GAINS, "leaky_relu"]
        raise UnknownNameError(
            f"no gain is known for {nonlinearity!r}.{did_you_mean(nonlinearity, names)} Known: {', '.join(names)}."
        )
    return GAINS[nonlinearity]


def _filled(tensor: Kind, array: Array) -> Kind:
    tensor.data = np.array(array, dtype=tensor.dtype, order="C")
    return tensor


def constant_(tensor: Kind, val: float) -> Kind:
    """All `val`.

    >>> import autotensor as at
    >>> constant_(at.zeros(2), 7.0)
    tensor([7., 7.])
    """
    return _filled(tensor, np.full(tensor.shape, val))


def zeros_(tensor: Kind) -> Kind:
    """All 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Kind) -> Kind:
    """All 1."""
    return constant_(tensor, 1.0)


def eye_(tensor: Kind) -> Kind:
    """1 on the diagonal, 0 elsewhere.

    Raises: ShapeError unless there are two axes.
    """
    if tensor.ndim != 2:
        raise ShapeError(f"eye_ takes a matrix, got shape {tensor.shape}.")
    return _filled(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def uniform_(tensor: Kind, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Kind:
    """Uniform in [a, b)."""
    return _filled(tensor, (generator or random.default).uniform(tensor.shape, a, b, tensor.dtype))


def normal_(tensor: Kind, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Kind:
    """Normal."""
    return _filled(tensor, (generator or random.default).normal(tensor.shape, mean, std, tensor.dtype))


def trunc_normal_(
    tensor: Kind, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator | None = None
) -> Kind:
    """Normal, but never outside [a, b]; both are numbers, not deviations."""
    draw = initial_values.truncated(generator or random.default, tensor.shape, mean, std, a, b, tensor.dtype)
    return _filled(tensor, draw)


def orthogonal_(tensor: Kind, gain: float = 1.0, generator: Generator | None = None) -> Kind:
    """Orthonormal rows or columns, whichever are fewer, of the matrix (outputs, everything else).

    Raises: ShapeError for fewer than two axes.
    """
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_ takes at least two axes, got shape {tensor.shape}.")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    draw = initial_values.orthogonal(generator or random.default, rows, columns, gain, tensor.dtype)
    return _filled(tensor, draw.reshape(tensor.shape))


def _scaled(tensor: Kind, scale: float, mode: str, distribution: str, generator: Generator | None) -> Kind:
    fans, source = fans_of_weight(tensor.shape), generator or random.default
    draw = initial_values.variance_scaling(source, tensor.shape, fans, scale, mode, distribution, tensor.dtype)
    return _filled(tensor, draw)


def xavier_uniform_(tensor: Kind, gain: float = 1.0, generator: Generator | None = None) -> Kind:
    """Uniform with variance gain**2 2 / (fan_in + fan_out); also glorot_uniform_.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """
    return _scaled(tensor, gain**2, "fan_avg", "uniform", generator)


def xavier_normal_(tensor: Kind, gain: float = 1.0, generator: Generator | None = None) -> Kind:
    """Normal with variance gain**2 2 / (fan_in + fan_out); also glorot_normal_."""
    return _scaled(tensor, gain**2, "fan_avg", "normal", generator)


def kaiming_uniform_(
    tensor: Kind,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Kind:
    """Uniform with variance gain**2 / fan, the gain of `nonlinearity` with slope `a`; also he_uniform_.

    Source: He et al. 2015, "Delving deep into rectifiers".
    """
    return _scaled(tensor, calculate_gain(nonlinearity, a) ** 2, mode, "uniform", generator)


def kaiming_normal_(
    tensor: Kind,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Kind:
    """Normal with variance gain**2 / fan, the gain of `nonlinearity` with slope `a`; also he_normal_."""
    return _scaled(tensor, calculate_gain(nonlinearity, a) ** 2, mode, "normal", generator)


def lecun_uniform_(tensor: Kind, generator: Generator | None = None) -> Kind:
    """Uniform with variance 1 / fan_in.

    Source: LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp", section 4.6.
    """
    return _scaled(tensor, 1.0, "fan_in", "uniform", generator)


def lecun_normal_(tensor: Kind, generator: Generator | None = None) -> Kind:
    """Normal with variance 1 / fan_in."""
    return _scaled(tensor, 1.0, "fan_in", "normal", generator)


glorot_uniform_, glorot_normal_ = xavier_uniform_, xavier_normal_
he_uniform_, he_normal_ = kaiming_uniform_, kaiming_normal_
