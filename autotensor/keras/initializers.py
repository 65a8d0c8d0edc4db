"""Initial values of weights, by Keras's names and in Keras's layout (inputs before outputs)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError, ShapeError
from autotensor.core.spec import Array, DTypeLike, Shape
from autotensor.keras import config, configs, names
from autotensor.random import Generator, default

TRUNCATION = 0.87962566103423978  # the standard deviation of a standard normal cut at 2


class Initializer:
    """Called with a shape and a dtype, gives an array. Those with a `seed` give the same array every time."""

    seed: int | None = None

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        raise ArgumentError(f"{type(self).__name__} does not say its values: define __call__(shape, dtype).")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The same initializer again."""
        return cls(**config)

    def _generator(self) -> Generator:
        return default if self.seed is None else Generator(self.seed)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"


def _dtype(dtype: DTypeLike | None) -> np.dtype[Any]:
    return np.dtype(dtype or config.floatx())


class Constant(Initializer):
    """All `value`."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        return np.full(shape, self.value, _dtype(dtype))


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        return np.zeros(shape, _dtype(dtype))


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        return np.ones(shape, _dtype(dtype))


class Identity(Initializer):
    """The identity matrix times `gain`; for matrices only."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        if len(shape) != 2:
            raise ShapeError(f"Identity makes matrices, got shape {shape}.")
        return self.gain * np.eye(*shape, dtype=_dtype(dtype))


class RandomNormal(Initializer):
    """Normal with `mean` and `stddev`."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        return self._generator().normal(shape, self.mean, self.stddev, _dtype(dtype))


class TruncatedNormal(RandomNormal):
    """Normal with `mean` and `stddev`, drawn again beyond two standard deviations."""

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        return (self.mean + self._generator().truncated_normal(shape, self.stddev, dtype=np.float64)).astype(_dtype(dtype))


class RandomUniform(Initializer):
    """Uniform in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        return self._generator().uniform(shape, self.minval, self.maxval, _dtype(dtype))


def fans(shape: Shape) -> tuple[int, int]:
    """(inputs, outputs) of a weight in Keras's layout; for a convolution, receptive field times channels.

    >>> fans((64, 10)), fans((3, 3, 16, 32))
    ((64, 10), (144, 288))
    """
    if len(shape) < 2:
        n = shape[0] if shape else 1
        return n, n
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class VarianceScaling(Initializer):
    """Random with variance scale / fan, where fan is the inputs, the outputs or their average.

    distribution "truncated_normal" (default), "untruncated_normal" or "uniform" in +-sqrt(3 scale / fan).
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: int | None = None
    ) -> None:
        if not scale > 0:
            raise ArgumentError(f"scale must be > 0, got {scale!r}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ArgumentError(f"mode is 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}.")
        if distribution not in ("truncated_normal", "untruncated_normal", "normal", "uniform"):
            raise ArgumentError(f"distribution is 'truncated_normal', 'untruncated_normal' or 'uniform', got {distribution!r}.")
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        n_in, n_out = fans(tuple(shape))
        fan = {"fan_in": n_in, "fan_out": n_out, "fan_avg": (n_in + n_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return self._generator().uniform(shape, -limit, limit, _dtype(dtype))
        if self.distribution == "untruncated_normal":
            return self._generator().normal(shape, 0.0, math.sqrt(variance), _dtype(dtype))
        return self._generator().truncated_normal(shape, math.sqrt(variance) / TRUNCATION, dtype=_dtype(dtype))


class _Family(VarianceScaling):
    """A named setting of VarianceScaling, of which only the seed is left to choose."""

    settings: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.settings, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class GlorotUniform(_Family):
    """Uniform in +-sqrt(6 / (inputs + outputs)). Source: Glorot and Bengio 2010, eq. 16."""

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Family):
    """Truncated normal with variance 2 / (inputs + outputs). Source: Glorot and Bengio 2010, eq. 12."""

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Family):
    """Uniform in +-sqrt(6 / inputs). Source: He et al. 2015, eq. 10."""

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_Family):
    """Truncated normal with variance 2 / inputs. Source: He et al. 2015, eq. 10."""

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Family):
    """Uniform in +-sqrt(3 / inputs). Source: LeCun et al. 1998, "Efficient BackProp", eq. 16."""

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Family):
    """Truncated normal with variance 1 / inputs. Source: LeCun et al. 1998, "Efficient BackProp", eq. 16."""

    settings = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Initializer):
    """A matrix with orthonormal rows or columns times `gain`, from the QR decomposition of a normal matrix: q sign(diag r).

    Source: Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear networks".
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain, self.seed = gain, seed

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal makes weights of two or more axes, got shape {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = self._generator().normal((max(rows, columns), min(rows, columns)), dtype=np.float64)
        q, r = np.linalg.qr(tall)
        q *= np.sign(np.diag(r))
        return (self.gain * (q if rows >= columns else q.T)).reshape(shape).astype(_dtype(dtype))


CLASSES: tuple[type[Initializer], ...] = (
    Constant,
    Zeros,
    Ones,
    Identity,
    RandomNormal,
    TruncatedNormal,
    RandomUniform,
    VarianceScaling,
)
CLASSES += (GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, Orthogonal)
TABLE: dict[str, type[Initializer]] = {}
TABLE |= {names.snake_case(c.__name__): c for c in CLASSES} | {c.__name__: c for c in CLASSES}
TABLE |= {"zero": Zeros, "one": Ones, "normal": RandomNormal, "uniform": RandomUniform}


class Fixed(Initializer):
    """The values of an array that was given in an initializer's place."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def get_config(self) -> dict[str, Any]:
        return {"values": self.values.tolist()}

    def __call__(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        if self.values.shape != tuple(shape):
            raise ShapeError(f"the array given as initializer has shape {self.values.shape}, the weight has {tuple(shape)}.")
        return self.values.astype(_dtype(dtype))


def get(identifier: Any) -> Any:
    """An initializer from its name, class, config dict, a callable `(shape, dtype)`, or an array of the weight's shape.

    Raises: UnknownNameError for an unknown name; DTypeError for anything else.

    >>> get("he_normal")
    HeNormal(seed=None)
    """
    if isinstance(identifier, str):
        return names.resolve("initializer", identifier, TABLE)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if callable(identifier):
        return identifier
    if hasattr(identifier, "shape"):
        return Fixed(identifier)
    raise DTypeError(f"an initializer is a name, an Initializer, a callable, a config dict or an array, got {identifier!r}.")


def serialize(initializer: Any) -> dict[str, Any]:
    """An initializer as the dict that Keras writes.

    >>> serialize(HeNormal(seed=1))["config"]
    {'seed': 1}
    """
    return configs.described(initializer, "keras.initializers")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer that `serialize` described; `custom_objects` are the user's own, by name.

    Raises: UnknownNameError for a name that is in neither.
    """
    return configs.rebuilt("initializer", config, {**TABLE, "Fixed": Fixed}, custom_objects)
