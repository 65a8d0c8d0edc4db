"""Random numbers inside `vmap`: one draw for all examples, or one for each, as its `randomness` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from autotensor.core.namespace import recorded
from autotensor.core.node import leaf
from autotensor.core.recording import Following, current, watching
from autotensor.core.spec import Array, Shape
from autotensor.core.tensor import Tensor
from autotensor.random.generator import Generator, undecided

Sample = Callable[[Shape, Array | None], Array]
"""Given the shape of many draws, an array that begins with it, or () for one; in the second argument unless it is None."""


def drawn(sample: Sample, generator: Generator) -> Tensor:
    """A Tensor of random numbers; inside vmap that of one example, whose other examples have draws of their own if it says so.

    While a function is traced nothing is drawn: each call of what is compiled will draw.

    Raises: BatchingError inside a vmap with randomness="error".
    """
    following = current.outer.following
    return _now(sample, (), generator) if following is None else _followed(sample, (), following, generator)


def _now(sample: Sample, lead: Shape, generator: Generator) -> Tensor:
    if watching and current.watcher is not None and current.watcher.traces:
        return cast(Tensor, current.watcher.draw(lambda out=None: sample(lead, out), generator))
    return Tensor(sample(lead, None))


def _followed(sample: Sample, lead: Shape, following: Following | None, generator: Generator) -> Tensor:
    if following is None:
        outer = current.outer
        current.outer = outer._replace(following=None)  # what is drawn now is for all examples
        try:
            return _now(sample, lead, generator)
        finally:
            current.outer = outer
    if following.randomness == "error":
        raise undecided("error")
    if following.randomness == "same":
        return _followed(sample, lead, following.outer, generator)
    every = _followed(sample, (following.size, *lead), following.outer, generator)
    first = recorded.getitem(every.detach(), index=(0, ...)) if hasattr(every, "interpret") else Tensor(every.data[0, ...])
    node = leaf(first)
    following.inputs.add(node)
    following.draws[node] = every
    return first._at(node)
