"""Random arrays to begin with. They know shapes and fans and no layout, so that PyTorch's and Keras's initialisers share them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError, UnknownNameError, did_you_mean
from autotensor.core.spec import Array, DTypeLike, ShapeLike
from autotensor.random.generator import Generator

TRUNCATED_STD = 0.87962566103423978  # the standard deviation of a standard normal cut off at -2 and 2
DISTRIBUTIONS = ("uniform", "normal", "truncated_normal")
MODES = ("fan_in", "fan_out", "fan_avg")


class Fans(NamedTuple):
    """How many inputs reach one output of a layer, and how many outputs one input reaches."""

    fan_in: float
    fan_out: float


def variance_scaling(
    generator: Generator,
    shape: ShapeLike,
    fans: Fans,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "uniform",
    dtype: DTypeLike | None = None,
) -> Array:
    """Mean 0 and variance scale / max(1, fan): the signal keeps its size from layer to layer.

    `mode` is "fan_in", "fan_out" or "fan_avg"; `distribution` is "uniform", "normal" or "truncated_normal" (at two deviations).
    Raises: UnknownNameError for another mode or distribution; ArgumentError unless scale > 0.
    Source: LeCun et al. 1998 (fan_in, 1); Glorot and Bengio 2010 (fan_avg, 1); He et al. 2015 (fan_in, 2).

    >>> values = variance_scaling(Generator(0), (1000, 100), Fans(100, 1000), scale=2.0)
    >>> round(float(values.var()), 3)
    0.02
    """
    if not scale > 0:
        raise ArgumentError(f"variance_scaling needs scale > 0, got {scale}.")
    sizes = dict(zip(MODES, (*fans, (fans.fan_in + fans.fan_out) / 2), strict=True))
    if mode not in sizes:
        raise UnknownNameError(f"mode is one of {MODES}, got {mode!r}.{did_you_mean(mode, MODES)}")
    variance = scale / max(1.0, sizes[mode])
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return generator.uniform(shape, -limit, limit, dtype)
    if distribution == "normal":
        return generator.normal(shape, 0.0, math.sqrt(variance), dtype)
    if distribution == "truncated_normal":
        return generator.truncated_normal(shape, math.sqrt(variance) / TRUNCATED_STD, 2.0, dtype)
    raise UnknownNameError(
        f"distribution is one of {DISTRIBUTIONS}, got {distribution!r}.{did_you_mean(distribution, DISTRIBUTIONS)}"
    )


def orthogonal(generator: Generator, rows: int, columns: int, gain: float = 1.0, dtype: DTypeLike | None = None) -> Array:
    """A random matrix with orthonormal columns, or rows if there are fewer of them, times `gain`.

    QR of a normal matrix, each column of Q with the sign of R's diagonal, so that all rotations are equally likely.
    Shapes: -> (rows, columns).
    Source: Saxe, McClelland and Ganguli 2013; Mezzadri 2007 for the signs.

    >>> q = orthogonal(Generator(0), 3, 2)
    >>> bool(np.allclose(q.T @ q, np.eye(2), atol=1e-6))
    True
    """
    tall = generator.normal((max(rows, columns), min(rows, columns)), dtype=np.float64)
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return np.ascontiguousarray(gain * (q.T if rows < columns else q)).astype(dtype or np.float32)


def truncated(
    generator: Generator,
    shape: ShapeLike,
    mean: float,
    std: float,
    low: float,
    high: float,
    dtype: DTypeLike | None = None,
) -> Array:
    """Normal, drawn again where it falls outside [low, high].

    Raises: ArgumentError if a draw falls inside with a probability below 1/1000.

    >>> bool((np.abs(truncated(Generator(0), (100,), 0.0, 1.0, -0.5, 0.5)) <= 0.5).all())
    True
    """
    bounds = [math.erf((bound - mean) / (std * math.sqrt(2))) if std else math.copysign(1, bound - mean) for bound in (low, high)]
    if (bounds[1] - bounds[0]) / 2 < 1e-3:
        raise ArgumentError(f"a normal of mean {mean} and standard deviation {std} hardly ever falls into [{low}, {high}].")
    numbers = generator.normal(shape, mean, std, np.float64)
    while (outside := (numbers < low) | (numbers > high)).any():
        numbers = np.where(outside, generator.normal(shape, mean, std, np.float64), numbers)
    return numbers.astype(dtype or np.float32)


def fans_of_weight(shape: tuple[int, ...]) -> Fans:
    """The fans of a weight in PyTorch's layout: (outputs, inputs, *receptive field).

    Raises: ShapeError for fewer than two axes.

    >>> fans_of_weight((8, 4, 3, 3))
    Fans(fan_in=36, fan_out=72)
    """
    if len(shape) < 2:
        raise ShapeError(f"fans need a weight of shape (outputs, inputs, ...), got {shape}. Use uniform_ or normal_ here.")
    field = math.prod(shape[2:])
    return Fans(shape[1] * field, shape[0] * field)
