"""A random generator whose state can be read, saved and restored."""

from __future__ import annotations

import copy
import functools
import operator
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, BatchingError, DTypeError
from autotensor.core.recording import current
from autotensor.core.spec import DEFAULT_FLOAT, Array, DTypeLike, ShapeLike, normalise_shape


class Generator:
    """A stream of random arrays; the same seed gives the same stream on every machine with the same NumPy.

    Source: O'Neill 2014, PCG64, by NumPy.

    >>> Generator(0).permutation(4)
    array([2, 0, 1, 3])
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = _checked(seed)

    @functools.cached_property
    def _numpy(self) -> np.random.Generator:
        """Made at the first use: only then does NumPy load its random part, a quarter of what importing autotensor would cost."""
        return np.random.default_rng(self._seed)

    def seed(self, seed: int | None) -> None:
        """Start the stream anew; None takes entropy from the system."""
        self._numpy = np.random.default_rng(_checked(seed))

    @property
    def state(self) -> dict[str, Any]:
        """The state as a dict of ints and strings, which JSON can hold; assign it to continue there."""
        return copy.deepcopy(dict(self._numpy.bit_generator.state))

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        try:
            self._numpy.bit_generator.state = state
        except (ValueError, TypeError, KeyError) as reason:
            raise ArgumentError(f"not the state of such a generator: {reason}. Pass what `.state` gave.") from None

    @property
    def _stream(self) -> np.random.Generator:
        """The stream to draw from; inside vmap only if all examples share what is drawn, for an array has no example."""
        following = current.outer.following
        while following is not None:
            if following.randomness != "same":
                raise undecided(following.randomness)
            following = following.outer
        return self._numpy

    def uniform(self, shape: ShapeLike, low: float = 0.0, high: float = 1.0, dtype: DTypeLike | None = None) -> Array:
        """Uniform in [low, high)."""
        kind = _floating(dtype)
        numbers = self._stream.random(normalise_shape(shape), dtype=np.float64 if kind == np.float64 else np.float32)
        return (low + (high - low) * numbers).astype(kind, copy=False)

    def normal(self, shape: ShapeLike, mean: float = 0.0, std: float = 1.0, dtype: DTypeLike | None = None) -> Array:
        """Normal with a mean and a standard deviation."""
        kind = _floating(dtype)
        numbers = self._stream.standard_normal(normalise_shape(shape), dtype=np.float64 if kind == np.float64 else np.float32)
        return (mean + std * numbers).astype(kind, copy=False)

    def truncated_normal(self, shape: ShapeLike, std: float = 1.0, bound: float = 2.0, dtype: DTypeLike | None = None) -> Array:
        """Normal with mean 0, drawn again where it falls outside `bound` standard deviations."""
        size = normalise_shape(shape)
        numbers = self._stream.standard_normal(size)
        while (outside := np.abs(numbers) > bound).any():
            numbers = np.where(outside, self._stream.standard_normal(size), numbers)
        return (std * numbers).astype(_floating(dtype))

    def integers(self, low: int, high: int, shape: ShapeLike = ()) -> Array:
        """Integers in [low, high), int64."""
        return np.asarray(self._stream.integers(low, high, normalise_shape(shape)))

    def permutation(self, n: int) -> Array:
        """The numbers 0 to n - 1 in random order, int64."""
        return self._stream.permutation(n)

    def permutations(self, lead: tuple[int, ...], n: int) -> Array:
        """Many permutations, of shape (*lead, n), int64."""
        return self._stream.permuted(np.broadcast_to(np.arange(n), (*lead, n)), axis=-1)


def undecided(randomness: str) -> BatchingError:
    """The error for a draw inside vmap that must not, or cannot, be the same for all examples."""
    if randomness == "different":
        return BatchingError(
            "this draw inside vmap gives a plain array, which cannot differ between the examples as randomness='different' asks. "
            "Draw with at.random's functions, or outside vmap and pass the numbers in."
        )
    return BatchingError(
        "random numbers inside vmap: do all examples share a draw, or has each its own? Pass randomness='same' or "
        "randomness='different' to vmap, or draw outside and pass the numbers in."
    )


def _checked(seed: Any) -> int | None:
    if seed is None:
        return None
    try:
        number = operator.index(seed)
    except TypeError:
        raise DTypeError(f"a seed is an int >= 0 or None, got {seed!r}.") from None
    if number < 0:
        raise ArgumentError(f"a seed is an int >= 0 or None, got {seed}.")
    return number


def _floating(dtype: DTypeLike | None) -> Any:
    kind = np.dtype(dtype or DEFAULT_FLOAT)
    if kind.kind != "f":
        raise DTypeError(f"random numbers of this distribution have a floating dtype, got {kind}.")
    return kind
