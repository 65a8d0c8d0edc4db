"""Random Tensors, from one generator that `seed` starts anew: `at.random`."""

from __future__ import annotations

from autotensor.core.spec import DTypeLike, ShapeLike, normalise_shape
from autotensor.core.tensor import Tensor
from autotensor.random.generator import Generator
from autotensor.random.per_example import drawn

__all__ = ["Generator", "bernoulli", "default", "drawn", "integers", "normal", "permutation", "seed", "uniform"]

default = Generator()


def seed(seed: int | None) -> None:
    """Start the project's generator anew: initial weights, shuffling and dropout repeat from here.

    >>> import autotensor as at
    >>> at.random.seed(1)
    >>> first = at.random.uniform((2,))
    >>> at.random.seed(1)
    >>> bool((at.random.uniform((2,)) == first).all())
    True
    """
    default.seed(seed)


def uniform(shape: ShapeLike, low: float = 0.0, high: float = 1.0, dtype: DTypeLike | None = None) -> Tensor:
    """Uniform in [low, high); float32 unless `dtype` says otherwise.

    >>> import autotensor as at
    >>> at.random.uniform((2, 3)).shape
    (2, 3)
    """
    return drawn(lambda lead, out: default.uniform(lead + normalise_shape(shape), low, high, dtype, out), default)


def normal(shape: ShapeLike, mean: float = 0.0, std: float = 1.0, dtype: DTypeLike | None = None) -> Tensor:
    """Normal with a mean and a standard deviation; float32 unless `dtype` says otherwise.

    >>> import autotensor as at
    >>> at.random.normal((2, 3)).dtype
    dtype('float32')
    """
    return drawn(lambda lead, out: default.normal(lead + normalise_shape(shape), mean, std, dtype, out), default)


def bernoulli(shape: ShapeLike, p: float = 0.5) -> Tensor:
    """True with probability p, exact to 2**-61; bool.

    Raises: ArgumentError unless 0 <= p <= 1.

    >>> import autotensor as at
    >>> at.random.bernoulli((3,), 1.0)
    tensor([ True,  True,  True])
    """
    return drawn(lambda lead, out: default.bernoulli(lead + normalise_shape(shape), p, out), default)


def integers(low: int, high: int, shape: ShapeLike = ()) -> Tensor:
    """Integers in [low, high), int64.

    >>> import autotensor as at
    >>> at.random.integers(5, 6, (2,))
    tensor([5, 5])
    """
    return drawn(lambda lead, out: default.integers(low, high, lead + normalise_shape(shape), out), default)


def permutation(n: int) -> Tensor:
    """The numbers 0 to n - 1 in random order, int64.

    >>> import autotensor as at
    >>> sorted(at.random.permutation(3).tolist())
    [0, 1, 2]
    """
    return drawn(lambda lead, out: default.permutations(lead, n, out) if lead else default.permutation(n, out), default)
