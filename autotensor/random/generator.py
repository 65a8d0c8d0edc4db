"""A random generator whose state can be read, saved and restored."""

from __future__ import annotations

import copy
import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, BatchingError, DTypeError
from autotensor.core.recording import current
from autotensor.core.spec import DEFAULT_FLOAT, Array, DTypeLike, ShapeLike, normalise_shape


class Generator:
    """A stream of random arrays; the same seed gives the same stream on every machine with the same NumPy.

    `out`, where a method has it: an array of the result's shape and dtype, its elements in order, that becomes the result.
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

    def uniform(
        self,
        shape: ShapeLike,
        low: float = 0.0,
        high: float = 1.0,
        dtype: DTypeLike | None = None,
        out: Array | None = None,
    ) -> Array:
        """Uniform in [low, high)."""
        return _scaled(self._stream.random, shape, high - low, low, dtype, out)

    def normal(
        self,
        shape: ShapeLike,
        mean: float = 0.0,
        std: float = 1.0,
        dtype: DTypeLike | None = None,
        out: Array | None = None,
    ) -> Array:
        """Normal with a mean and a standard deviation."""
        return _scaled(self._stream.standard_normal, shape, std, mean, dtype, out)

    def bernoulli(self, shape: ShapeLike, p: float = 0.5, out: Array | None = None) -> Array:
        """True with probability p, exact to 2**-61; bool.

        A random byte decides, the first digit to base 256 of a number in [0, 1): True if it is below that of p, False if above.
        Where they are equal, once in 256, the rest of both decides; none is drawn if 256 p is whole.

        Raises: ArgumentError unless 0 <= p <= 1.
        """
        if not 0 <= p <= 1:
            raise ArgumentError(f"a probability is a number between 0 and 1, got {p!r}.")
        stream = self._stream
        found = np.empty(normalise_shape(shape), np.bool_) if out is None else out
        flat = found.reshape(-1)
        words = stream.bit_generator.random_raw(-(-flat.size // 8))
        digits = words.astype("<u8", copy=False).view(np.uint8)[: flat.size]  # the same on machines of either byte order
        first = min(int(256 * p), 255)
        rest = 256 * p - first  # exact; 1 where p is 1
        np.less(digits, first, out=flat)
        if rest:
            (equal,) = (digits == first).nonzero()
            flat[equal] = stream.random(equal.size) < rest
        return found

    def truncated_normal(self, shape: ShapeLike, std: float = 1.0, bound: float = 2.0, dtype: DTypeLike | None = None) -> Array:
        """Normal with mean 0, drawn again where it falls outside `bound` standard deviations."""
        size = normalise_shape(shape)
        numbers = self._stream.standard_normal(size)
        while (outside := np.abs(numbers) > bound).any():
            numbers = np.where(outside, self._stream.standard_normal(size), numbers)
        return (std * numbers).astype(_floating(dtype))

    def integers(self, low: int, high: int, shape: ShapeLike = (), out: Array | None = None) -> Array:
        """Integers in [low, high), int64."""
        return _placed(np.asarray(self._stream.integers(low, high, normalise_shape(shape))), out)

    def permutation(self, n: int, out: Array | None = None) -> Array:
        """The numbers 0 to n - 1 in random order, int64."""
        return _placed(self._stream.permutation(n), out)

    def permutations(self, lead: tuple[int, ...], n: int, out: Array | None = None) -> Array:
        """Many permutations, of shape (*lead, n), int64."""
        return self._stream.permuted(np.broadcast_to(np.arange(n), (*lead, n)), axis=-1, out=out)


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


def _scaled(
    draw: Callable[..., Any], shape: ShapeLike, factor: float, shift: float, dtype: DTypeLike | None, out: Array | None
) -> Array:
    """shift + factor * numbers, which `draw` gives in float32 or float64."""
    kind = _floating(dtype)
    found = np.empty(normalise_shape(shape), kind) if out is None else out
    numbers = found if kind in (np.float32, np.float64) else np.empty(found.shape, np.float32)
    draw(dtype=numbers.dtype, out=numbers)
    numbers *= factor
    numbers += shift
    return found if numbers is found else _placed(numbers, found)


def _placed(numbers: Array, out: Array | None) -> Array:
    """The numbers, in `out` if there is one."""
    if out is None:
        return numbers
    out[...] = numbers
    return out


def _floating(dtype: DTypeLike | None) -> Any:
    kind = np.dtype(dtype or DEFAULT_FLOAT)
    if kind.kind != "f":
        raise DTypeError(f"random numbers of this distribution have a floating dtype, got {kind}.")
    return kind
