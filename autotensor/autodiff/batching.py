"""`vmap`: a function of one example becomes a function of many, without a loop in Python.

The function runs once, on the first example, with fresh leaves in its place. What it did is then replayed in order: each recorded
operation is done for all examples at once, by its primitive's batching rule. What does not depend on the examples is not done
again. As in `forward`, the replay computes with plain arrays, or with recorded Tensors when an enclosing computation goes through
it, so vmap nests with every transform, itself included.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from autotensor.autodiff.example_axes import Axes, Examples, examples_in, matched, placed
from autotensor.autodiff.replaying import replay
from autotensor.autodiff.trees import Tree, flatten
from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.core.namespace import Namespace, recorded
from autotensor.core.node import Node, leaf
from autotensor.core.recording import Following, Scope, current, enable_grad, no_grad
from autotensor.core.tensor import Tensor
from autotensor.ops.joining import stack
from autotensor.ops.shaping import broadcast_to, moveaxis

Randomness: TypeAlias = Literal["error", "same", "different"]

WORTH_RECORDING = 4  # rows: fewer are sooner computed one by one, as measured on graphs of 2 to 40 operations


def vmap(f: Callable[..., Any], in_axes: Axes = 0, out_axes: Axes = 0, randomness: Randomness = "error") -> Callable[..., Any]:
    """A function of many examples from a function of one: the stack of f over the examples, computed at once.

    `in_axes` says along which axis of an argument the examples lie: one int for all arguments, or a tuple with an entry an
    argument; None is an argument that all examples share. An entry may itself be a tuple, list or dict that matches the
    argument's structure. `out_axes` says the same of the result. f runs once, so it may branch on shapes, not on numbers.
    Randomness: drawing in f is an error, unless all examples share the "same" draws or each has "different" ones.
    Raises: ArgumentError for axes that do not fit the arguments; ShapeError unless all have the same number of examples, at least
    one; BatchingError if f takes a number out of the graph (float(x), x.numpy(), `if x > 0`, a mask as index); DTypeError for a
    result that is no Tensor. Reading x.data goes unnoticed, and gives the first example's.

    >>> import autotensor as at
    >>> vmap(at.grad(lambda w, x: at.tanh(w * x)), in_axes=(None, 0))(0.0, at.tensor([1.0, 2.0, 3.0]))
    tensor([1., 2., 3.])
    """
    if randomness not in get_args(Randomness):
        raise ArgumentError(f"randomness is 'error', 'same' or 'different', got {randomness!r}.")

    @functools.wraps(f)
    def batched(*args: Any) -> Any:
        given = examples_in(args, in_axes)
        if any(hasattr(x, "interpret") and not isinstance(x, Tensor) for x in given.tensors):
            return _shapes_alone(f, given, out_axes)
        found = record_one(f, given, randomness)
        moving = dict(zip(found.inputs, given.tensors, strict=True)) | found.following.draws
        results = replay(found.outputs, moving)
        axes = matched(out_axes, found.result, "out_axes")
        return found.rebuild([placed(y, axis, given.size) for y, axis in zip(results, axes, strict=True)])

    return batched


def _shapes_alone(f: Callable[..., Any], given: Examples, out_axes: Axes) -> Any:
    """While shapes are worked out: f of one example, each result with an axis more."""
    leaves = list(given.leaves)
    for i, x in zip(given.positions, given.tensors, strict=True):
        leaves[i] = x[0, ...]
    result = f(*given.rebuild(leaves))
    outputs, rebuild = flatten(result)
    axes = matched(out_axes, result, "out_axes")
    every = [
        (y if axis is None else broadcast_to(y, (given.size, *y.shape)), axis) for y, axis in zip(outputs, axes, strict=True)
    ]
    return rebuild([moveaxis(y, 0, axis) if axis else y for y, axis in every])


class Run(NamedTuple):
    """What one example gave."""

    result: Tree
    outputs: list[Tensor]
    inputs: list[Node]
    following: Following
    rebuild: Callable[[Any], Tree]


def record_one(f: Callable[..., Any], given: Examples, randomness: str) -> Run:
    """Run `f` on the first example, recording everything that depends on it.

    Raises: DTypeError for a result that is no Tensor.
    """
    firsts = [row(x, 0) for x in given.tensors]
    inputs = [leaf(x) for x in firsts]
    leaves = list(given.leaves)
    for i, x, node in zip(given.positions, firsts, inputs, strict=True):
        leaves[i] = x._at(node)
    outer, scope = current.outer, current.scope
    following = Following(set(inputs), given.size, randomness, outer.following)
    current.outer = current.scope = Scope(outer.path, following=following)
    try:
        result = f(*given.rebuild(leaves))
    finally:
        current.outer, current.scope = outer, scope
    outputs, rebuild = flatten(result)
    for y in outputs:
        if not isinstance(y, Tensor):
            raise DTypeError(
                f"vmap needs a function that returns a Tensor (or containers of them), it returned {type(y).__name__}. "
                f"Compute with autotensor's functions; float(x) and x.numpy() leave the graph."
            )
    return Run(result, outputs, inputs, following, rebuild)


def row(x: Tensor, k: int) -> Tensor:
    """One of the examples along axis 0, as a constant; without numbers while a function is compiled."""
    return recorded.getitem(x.detach(), index=(k, ...)) if hasattr(x, "interpret") else Tensor(x.data[k, ...])


def rows_at_once(ns: Namespace, f: Callable[..., Sequence[Tensor]], rows: Sequence[Tensor]) -> list[Tensor]:
    """f of every row along axis 0 of `rows`, constants, the results along axis 0; computed in `ns` whatever f closes over."""
    size = rows[0].shape[0]
    if size < WORTH_RECORDING:
        one_by_one = [f(*(row(x, k) for x in rows)) for k in range(size)]
        return [stack(parts) for parts in zip(*one_by_one, strict=True)]
    given = Examples(list(rows), list(range(len(rows))), list(rows), size, list)
    found = record_one(f, given, "same")
    with enable_grad() if ns is recorded else no_grad():
        results = replay(found.outputs, dict(zip(found.inputs, rows, strict=True)) | found.following.draws, ns)
    return [placed(y, 0, size) for y in results]
