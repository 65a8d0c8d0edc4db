"""What every transform begins with: a function recorded from inputs of its own, so that transforms nest without confusion.

The inputs of each transform are nodes that no other transform knows. An input that already belongs to an enclosing computation
keeps its place there: its own node has that one as parent, and the transform computes with recorded Tensors. So the operands
decide, and a derivative inside a derivative is never mistaken for the outer one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autotensor.autodiff.trees import Tree, flatten
from autotensor.core.errors import DTypeError
from autotensor.core.namespace import Namespace, plain, recorded
from autotensor.core.node import Node, leaf
from autotensor.core.recording import enable_grad
from autotensor.core.spec import as_array
from autotensor.core.tensor import Tensor


class Recorded(NamedTuple):
    """A function's outputs and the inputs that they were recorded from."""

    outputs: list[Tensor]
    inputs: list[Node]
    ns: Namespace  # recorded if an enclosing computation goes through the function, else plain
    rebuild: Callable[[Any], Tree]  # puts as many others in the outputs' places
    aux: Any


def fresh(x: Any, name: str) -> Tensor:
    """A Tensor of the same value with a node of its own; one that is tracked already stays connected.

    Raises: DTypeError unless it is floating or complex.
    """
    if hasattr(x, "interpret") and not isinstance(x, Tensor):
        x._no_number(name)
    given = x if isinstance(x, Tensor) else Tensor(as_array(x))
    if given.dtype.kind not in "fc":
        raise DTypeError(f"{name} differentiates floating tensors, got dtype {given.dtype}. Convert it: x.astype('float32').")
    if given.node is None:
        node = leaf(given)
        node.watch = None  # it collects no gradient: the transform's own, which nobody outside can ask for
        return given._at(node)
    with enable_grad():
        return recorded.reshape(given, shape=given.shape)


def record(f: Callable[..., Any], args: Sequence[Any], chosen: Sequence[int], name: str, *, has_aux: bool = False) -> Recorded:
    """Call `f` with the tensors of the chosen arguments replaced by fresh ones, recording what it does.

    Raises: DTypeError for an output that is no Tensor, or a chosen argument that is not floating.
    """
    replaced = list(args)
    inputs: list[Node] = []
    for i in chosen:
        leaves, rebuild = flatten(args[i])
        tensors = [fresh(x, name) for x in leaves]
        inputs += [t.node for t in tensors if t.node is not None]
        replaced[i] = rebuild(tensors)
    with enable_grad():
        result = f(*replaced)
    result, aux = result if has_aux else (result, None)
    outputs, rebuild = flatten(result)
    for y in outputs:
        if not isinstance(y, Tensor):
            raise DTypeError(
                f"{name} needs a function that returns a Tensor (or containers of them), it returned {type(y).__name__}. "
                f"Compute with autotensor's functions; float(x) and x.numpy() leave the graph."
            )
    return Recorded(outputs, inputs, _namespace(outputs, inputs), rebuild, aux)


def _namespace(outputs: Sequence[Tensor], inputs: Sequence[Node]) -> Namespace:
    stops = set(inputs)
    if any(hasattr(y, "interpret") for y in outputs):  # while a function is compiled there are no arrays
        return recorded
    if any(not node.is_leaf for node in inputs):
        return recorded
    return recorded if any(y.node is not None and _reaches_another_leaf(y.node, stops) for y in outputs) else plain


def _reaches_another_leaf(root: Node, stops: set[Node]) -> bool:
    """Whether `root` was computed from a leaf that is not among `stops`, by a way that does not lead through them."""
    nodes, seen = [root], {root, *stops}
    for node in nodes:  # grows while it is read
        if node.primitive is None and node not in stops:
            return True
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    return False


def outward(y: Tensor, found: Recorded) -> Tensor:
    """An output for the caller: a constant, unless an enclosing computation goes through it."""
    return y if found.ns is recorded else Tensor(y.data)


def wrapped(value: Any) -> Tensor:
    """A rule's result as a Tensor that shares no memory with the graph."""
    if isinstance(value, Tensor):
        return value
    return Tensor(as_array(value).copy())
