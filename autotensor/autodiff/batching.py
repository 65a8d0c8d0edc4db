"""`vmap`: a function of one example becomes a function of many, without a loop in Python.

The function runs once, on the first example, with fresh leaves in its place. What it did is then replayed in order: each recorded
operation is done for all examples at once, by its primitive's batching rule. What does not depend on the examples is not done
again. As in `forward`, the replay computes with plain arrays, or with recorded Tensors when an enclosing computation goes through
it, so vmap nests with every transform, itself included.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from autotensor.autodiff.trees import Tree, flatten
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, GraphFreedError, ShapeError
from autotensor.core.namespace import Namespace, plain, recorded
from autotensor.core.node import Node, leaf
from autotensor.core.recording import Following, Scope, current, enable_grad, no_grad
from autotensor.core.spec import SCALARS, Array, as_array, single_axis
from autotensor.core.tensor import Tensor
from autotensor.ops.joining import stack
from autotensor.ops.shaping import broadcast_to, moveaxis

Axes: TypeAlias = Any  # an int, None, or a container of them that matches the arguments' outer structure
Randomness: TypeAlias = Literal["error", "same", "different"]

WORTH_RECORDING = 4  # rows: fewer are sooner computed one by one, as measured on graphs of 2 to 40 operations

_order = operator.attrgetter("order")


def vmap(f: Callable[..., Any], in_axes: Axes = 0, out_axes: Axes = 0, randomness: Randomness = "error") -> Callable[..., Any]:
    """A function of many examples from a function of one: the stack of f over the examples, computed at once.

    `in_axes` says along which axis of an argument the examples lie: one int for all arguments, or a tuple with an entry an
    argument; None is an argument that all examples share. An entry may itself be a tuple, list or dict that matches the
    argument's structure. `out_axes` says the same of the result. f runs once, so it may branch on shapes, not on numbers.
    Randomness: drawing in f is an error, unless all examples share the "same" draws or each has "different" ones.
    Raises: ArgumentError for axes that do not fit the arguments; ShapeError unless all have the same number of examples, at least
    one; BatchingError if f takes a number out of the graph (float(x), x.numpy(), `if x > 0`, a mask as index); DTypeError for a
    result that is no Tensor.

    >>> import autotensor as at
    >>> vmap(at.grad(lambda w, x: at.tanh(w * x)), in_axes=(None, 0))(0.0, at.tensor([1.0, 2.0, 3.0]))
    tensor([1., 2., 3.])
    """
    if randomness not in get_args(Randomness):
        raise ArgumentError(f"randomness is 'error', 'same' or 'different', got {randomness!r}.")

    @functools.wraps(f)
    def batched(*args: Any) -> Any:
        given = examples_in(args, in_axes)
        found = record_one(f, given, randomness)
        moving = dict(zip(found.inputs, given.tensors, strict=True)) | found.following.draws
        results = replay(found.outputs, moving)
        axes = _matched(out_axes, found.result, "out_axes")
        return found.rebuild([_placed(y, axis, given.size) for y, axis in zip(results, axes, strict=True)])

    return batched


class Examples(NamedTuple):
    """The arguments taken apart: all their leaves, and those among them that hold examples."""

    leaves: list[Any]
    positions: list[int]  # of those that hold examples, among the leaves
    tensors: list[Tensor]  # the same ones, examples along axis 0
    size: int  # how many examples there are
    rebuild: Callable[[Any], Tree]


class Run(NamedTuple):
    """What one example gave."""

    result: Tree
    outputs: list[Tensor]
    inputs: list[Node]
    following: Following
    rebuild: Callable[[Any], Tree]


def examples_in(args: tuple[Any, ...], in_axes: Axes) -> Examples:
    """The tensors of the arguments that hold examples, with the examples along axis 0.

    Raises: as `vmap`.
    """
    if isinstance(in_axes, (tuple, list)) and len(in_axes) != len(args):
        raise ArgumentError(f"in_axes={in_axes!r} has {len(in_axes)} entries, the function was called with {len(args)}.")
    axes = _matched(tuple(in_axes) if isinstance(in_axes, list) else in_axes, args, "in_axes")
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


def _examples_first(x: Any, axis: int) -> Tensor:
    given = x if isinstance(x, Tensor) else Tensor(as_array(x))
    if not -given.ndim <= axis < given.ndim:
        raise ShapeError(
            f"vmap looks for examples along axis {axis} of an argument of shape {given.shape}, which has no such axis. "
            f"Pass in_axes=None for an argument that all examples share."
        )
    return given if axis in (0, -given.ndim) else moveaxis(given, axis, 0)


def _matched(axes: Axes, tree: Tree, name: str) -> list[int | None]:
    """An axis for each tensor in `tree`, from `axes`, which may stop at a container and then stands for all in it."""
    if axes is None:
        return [None] * len(flatten(tree)[0])
    if isinstance(axes, dict) and isinstance(tree, dict) and axes.keys() == tree.keys():
        return [axis for key in tree for axis in _matched(axes[key], tree[key], name)]
    if isinstance(axes, (tuple, list)) and isinstance(tree, (tuple, list)) and len(axes) == len(tree):
        return [axis for one, part in zip(axes, tree, strict=True) for axis in _matched(one, part, name)]
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


def record_one(f: Callable[..., Any], given: Examples, randomness: str) -> Run:
    """Run `f` on the first example, recording everything that depends on it.

    Raises: DTypeError for a result that is no Tensor.
    """
    firsts = [x.data[0, ...] for x in given.tensors]
    inputs = [leaf(x) for x in firsts]
    leaves = list(given.leaves)
    for i, x, node in zip(given.positions, firsts, inputs, strict=True):
        leaves[i] = Tensor(x, node)
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


def rows_at_once(ns: Namespace, f: Callable[..., Sequence[Tensor]], rows: Sequence[Tensor]) -> list[Tensor]:
    """f of every row along axis 0 of `rows`, constants, the results along axis 0; computed in `ns` whatever f closes over."""
    size = rows[0].shape[0]
    if size < WORTH_RECORDING:
        one_by_one = [f(*(Tensor(x.data[k, ...]) for x in rows)) for k in range(size)]
        return [stack(parts) for parts in zip(*one_by_one, strict=True)]
    given = Examples(list(rows), list(range(len(rows))), list(rows), size, list)
    found = record_one(f, given, "same")
    with enable_grad() if ns is recorded else no_grad():
        results = replay(found.outputs, dict(zip(found.inputs, rows, strict=True)) | found.following.draws, ns)
    return [_placed(y, 0, size) for y in results]


class Result(NamedTuple):
    """One output."""

    value: Tensor
    moved: bool  # False: it is the same for all examples, and `value` is that of one


def replay(outputs: Sequence[Tensor], moving: dict[Node, Tensor], ns: Namespace | None = None) -> list[Result]:
    """The outputs for all examples, along axis 0, when the nodes in `moving` have those values.

    `ns` is what to compute in; unless given, it follows from whether an enclosing computation goes through.
    Raises: GraphFreedError if backward has cleared values on the way.
    """
    roots = [y.node for y in outputs]
    nodes = dependent(roots, moving)
    outer = enclosing(nodes, roots, moving)
    if ns is None:
        recording = current.scope is not None or current.outer.following is not None
        ns = recorded if recording and (outer or any(x.node is not None for x in moving.values())) else plain
    known: dict[Node | None, Any] = {node: x if ns is recorded else x.data for node, x in moving.items()}
    uses = _uses(nodes, roots)
    for node in nodes:
        if node.operands is None:
            raise GraphFreedError(f"the values that {node.label} saved are gone: a backward() inside vmap has used them.")
        operands: list[Any] = []
        batched: list[bool] = []
        for x, parent in zip(node.operands, node.parents, strict=True):
            many = parent in known
            batched.append(many)
            if many:
                operands.append(known[parent])
            else:
                operands.append(x if ns is plain or isinstance(x, SCALARS) else Tensor(x, parent if parent in outer else None))
        known[node] = _at_once(ns, node, operands, batched)
        for parent in node.parents:
            if parent in uses:
                uses[parent] -= 1
                if uses[parent] == 0:
                    del known[parent]  # its memory serves the next ones
    own = _Own([x.data for x in moving.values()], nodes)
    results = []
    for y, root in zip(outputs, roots, strict=True):
        if root not in known:
            results.append(Result(Tensor(y.data, root if ns is recorded and root in outer else None), moved=False))
        else:
            results.append(Result(known[root] if ns is recorded else Tensor(own(known[root])), moved=True))
    return results


def _at_once(ns: Namespace, node: Node, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    """One operation for all examples. What only a later example does wrong, such as an index outside its axis, shows here."""
    try:
        return node.primitive.batch(ns, operands, batched, node.settings)
    except AutotensorError:
        raise
    except (ValueError, TypeError, IndexError) as reason:
        raise ArgumentError(f"{node.label}, over the examples of vmap: {reason}.") from None


def dependent(roots: Sequence[Node | None], inputs: dict[Node, Any]) -> list[Node]:
    """The operations between `inputs` and `roots` that depend on an input, each after its parents."""
    nodes = [root for root in dict.fromkeys(roots) if root is not None and root not in inputs]
    seen = {*nodes, *inputs}
    for node in nodes:  # grows while it is read
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    nodes.sort(key=_order)
    moved: set[Node | None] = set(inputs)
    for node in nodes:
        if not moved.isdisjoint(node.parents):
            moved.add(node)
    return [node for node in nodes if node in moved]


def enclosing(nodes: Sequence[Node], roots: Sequence[Node | None], moving: dict[Node, Any]) -> set[Node | None]:
    """Those operands of `nodes`, and roots, that do not move, and through which an enclosing computation goes.

    They were recorded before, or lead to a leaf that collects a gradient. The other ones are a transform's inside f.
    """
    start = min(node.order for node in moving)
    known = {*nodes, *moving}
    every = dict.fromkeys([*roots, *(parent for node in nodes for parent in node.parents)])
    fixed = [node for node in every if node is not None and node not in known]
    seen = set(fixed)
    for node in fixed:  # grows while it is read
        if node.order > start:
            new = [parent for parent in node.parents if parent is not None and parent not in seen]
            seen.update(new)
            fixed.extend(new)
    fixed.sort(key=_order)
    found: set[Node | None] = set()
    for node in fixed:
        if node.order < start or (node.is_leaf and node.watch is not None) or not found.isdisjoint(node.parents):
            found.add(node)
    return found


def _uses(nodes: Sequence[Node], roots: Sequence[Node | None]) -> dict[Node | None, int]:
    """How often each intermediate value is still asked for."""
    uses: dict[Node | None, int] = dict.fromkeys(nodes, 0)
    for node in nodes:
        for parent in node.parents:
            if parent in uses:
                uses[parent] += 1
    for root in roots:
        uses.pop(root, None)
    return uses


class _Own:
    """Arrays for the caller: C-ordered, and sharing no memory with an argument, a constant in the graph or each other."""

    def __init__(self, arguments: Sequence[Array], nodes: Sequence[Node]) -> None:
        self._taken = {id(_memory(x)) for x in arguments}
        self._nodes = nodes

    def __call__(self, value: Any) -> Array:
        y = np.asarray(value)
        memory = _memory(y)
        if id(memory) in self._taken or not isinstance(memory, np.ndarray) or not y.flags.c_contiguous or not y.flags.writeable:
            return np.array(y, order="C")
        if memory is not y and any(memory is _memory(x) for node in self._nodes for x in node.operands or ()):
            return np.array(y, order="C")  # a view of what the graph has saved
        self._taken.add(id(memory))
        return y


def _memory(x: Any) -> Any:
    """The object that holds an array's memory."""
    while isinstance(x, np.ndarray) and x.base is not None:
        x = x.base
    return x


def _placed(result: Result, axis: int | None, size: int) -> Tensor:
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
        y = y if y.node is not None else Tensor(np.array(y.data, order="C"))
    place = single_axis(axis, y.ndim)
    if not place:
        return y
    y = moveaxis(y, 0, place)
    return y if y.node is not None else Tensor(np.ascontiguousarray(y.data))
