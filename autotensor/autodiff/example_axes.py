"""Along which axes the examples lie: `in_axes` and `out_axes`, matched to the structure of what they describe."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autotensor.autodiff.replaying import Result
from autotensor.autodiff.trees import Tree, flatten
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import single_axis
from autotensor.core.tensor import Tensor
from autotensor.ops.conversion import lift
from autotensor.ops.shaping import broadcast_to, moveaxis

Axes: TypeAlias = Any  # an int, None, or a container of them that matches the arguments' outer structure


class Examples(NamedTuple):
    """The arguments taken apart: all their leaves, and those among them that hold examples."""

    leaves: list[Any]
    positions: list[int]  # of those that hold examples, among the leaves
    tensors: list[Tensor]  # the same ones, examples along axis 0
    size: int  # how many examples there are
    rebuild: Callable[[Any], Tree]


def examples_in(args: tuple[Any, ...], in_axes: Axes) -> Examples:
    """The tensors of the arguments that hold examples, with the examples along axis 0.

    Raises: as `vmap`.
    """
    if isinstance(in_axes, (tuple, list)) and len(in_axes) != len(args):
        raise ArgumentError(f"in_axes={in_axes!r} has {len(in_axes)} entries, the function was called with {len(args)}.")
    axes = matched(tuple(in_axes) if isinstance(in_axes, list) else in_axes, args, "in_axes")
    leaves, rebuild = flatten(args)
    mapped = {i: axis for i, axis in enumerate(axes) if axis is not None}
    if not mapped:
        raise ArgumentError(f"vmap needs an argument with examples, got in_axes={in_axes!r} for {len(leaves)} tensors.")
    tensors = [_examples_first(leaves[i], axis) for i, axis in mapped.items()]
    sizes = [x.shape[0] for x in tensors]
    if len(set(sizes)) > 1:
        shapes = [
            tuple(leaves[i].shape) if hasattr(leaves[i], "shape") else x.shape for i, x in zip(mapped, tensors, strict=True)
        ]
        raise ShapeError(
            f"vmap needs the same number of examples in all arguments, got {sizes}: shapes {shapes}, axes "
            f"{list(mapped.values())}. Pass in_axes=None for an argument that all examples share."
        )
    if sizes[0] == 0:
        raise ShapeError("vmap needs at least one example to run the function on, got an axis of length 0.")
    return Examples(leaves, list(mapped), tensors, sizes[0], rebuild)


def _examples_first(x: Any, axis: int) -> Any:
    given = lift(x)
    if not -given.ndim <= axis < given.ndim:
        raise ShapeError(
            f"vmap looks for examples along axis {axis} of an argument of shape {given.shape}, which has no such axis. "
            f"Pass in_axes=None for an argument that all examples share."
        )
    return given if axis in (0, -given.ndim) else moveaxis(given, axis, 0)


def matched(axes: Axes, tree: Tree, name: str) -> list[int | None]:
    """An axis for each tensor in `tree`, from `axes`, which may stop at a container and then stands for all in it."""
    if axes is None:
        return [None] * len(flatten(tree)[0])
    if isinstance(axes, dict) and isinstance(tree, dict) and axes.keys() == tree.keys():
        return [axis for key in tree for axis in matched(axes[key], tree[key], name)]
    if isinstance(axes, (tuple, list)) and isinstance(tree, (tuple, list)) and len(axes) == len(tree):
        return [axis for one, part in zip(axes, tree, strict=True) for axis in matched(one, part, name)]
    if isinstance(axes, (dict, tuple, list)):
        raise ArgumentError(f"{name} must have the structure of what it describes, got {axes!r} for {_outline(tree)}.")
    try:
        axis = operator.index(axes)
    except TypeError:
        raise ArgumentError(f"{name} is made of ints and None, in the structure of what it describes, got {axes!r}.") from None
    return [axis] * len(flatten(tree)[0])


def _outline(tree: Tree) -> str:
    """The structure of a tree, as an error shows it."""
    if isinstance(tree, dict):
        return f"a dict with keys {list(tree)}"
    return f"a {type(tree).__name__} of {len(tree)}" if isinstance(tree, (tuple, list)) else f"a {type(tree).__name__}"


def placed(result: Result, axis: int | None, size: int) -> Tensor:
    """A result with the examples along `axis`; repeated if it is the same for all of them."""
    y, moved = result
    if axis is None:
        if moved:
            raise ArgumentError(
                f"out_axes=None is for results that are the same for all examples; this one differs, in shape {y.shape[1:]}."
            )
        return y
    if not moved:
        y = broadcast_to(y, (size, *y.shape))
        y = y if y.node is not None or hasattr(y, "interpret") else Tensor(np.array(y.data, order="C"))
    place = single_axis(axis, y.ndim)
    if not place:
        return y
    y = moveaxis(y, 0, place)
    return y if y.node is not None or hasattr(y, "interpret") else Tensor(np.ascontiguousarray(y.data))
