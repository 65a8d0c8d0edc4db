"""Random numbers inside `vmap`: one draw for all examples, or one for each, as its `randomness` says."""

from __future__ import annotations

from collections.abc import Callable

from autotensor.core.node import leaf
from autotensor.core.recording import Following, current
from autotensor.core.spec import Array, Shape
from autotensor.core.tensor import Tensor
from autotensor.random.generator import undecided

Sample = Callable[[Shape], Array]  # given the shape of many draws, an array that begins with it; for () a single draw


def drawn(sample: Sample) -> Tensor:
    """A Tensor of random numbers; inside vmap that of one example, whose other examples have draws of their own if it says so.

    Raises: BatchingError inside a vmap with randomness="error".
    """
    following = current.outer.following
    return Tensor(sample(())) if following is None else _followed(sample, (), following)


def _followed(sample: Sample, lead: Shape, following: Following | None) -> Tensor:
    if following is None:
        outer = current.outer
        current.outer = outer._replace(following=None)  # what is drawn now is for all examples
        try:
            return Tensor(sample(lead))
        finally:
            current.outer = outer
    if following.randomness == "error":
        raise undecided("error")
    if following.randomness == "same":
        return _followed(sample, lead, following.outer)
    every = _followed(sample, (following.size, *lead), following.outer)
    first = every.data[0, ...]
    node = leaf(first)
    following.inputs.add(node)
    following.draws[node] = every
    return Tensor(first, node)
