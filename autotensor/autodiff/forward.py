"""Forward mode: the recorded graph replayed in order, carrying tangents from the leaves on to a result.

Each node's primitive says how the tangents of its operands become the tangent of its value, by its own jvp rule. As in reverse
mode the rules compute with plain arrays, or with recorded Tensors when the tangent must itself be differentiated, and nothing
here recurses.
"""

from __future__ import annotations

import operator
from typing import Any

from autotensor.autodiff.reverse import freed
from autotensor.core.namespace import Namespace, recorded
from autotensor.core.node import Node
from autotensor.core.recording import current
from autotensor.core.spec import SCALARS
from autotensor.core.tensor import Tensor
from autotensor.core.versions import saved, writes

_order = operator.attrgetter("order")


def pushforward(ns: Namespace, root: Node, tangents: dict[Node, Any]) -> Any:
    """The tangent of `root` when the nodes in `tangents` move by theirs; None if it depends on none of them.

    Shapes: each tangent has its node's shape, and so has the result, with `root`'s dtype.
    With `plain` tangents are arrays, with `recorded` they are Tensors. A node in `tangents` is an input: what it was itself
    computed from counts as fixed.
    Raises: GraphFreedError if backward has cleared values on the way.
    """
    known = dict(tangents)
    watcher = current.watcher
    step = advance if watcher is None or watcher.traces else watcher.advancing(advance)
    for node in forwards_to(root, tangents):
        moving = [None if parent is None else known.get(parent) for parent in node.parents]
        if any(t is not None for t in moving):
            t = step(ns, node, moving)
            if t is not None:
                known[node] = t
    return known.get(root)


def forwards_to(root: Node, inputs: dict[Node, Any]) -> list[Node]:
    """The operations that `root` was computed by, each after its parents; none of those behind `inputs`."""
    nodes = [] if root in inputs or root.is_leaf else [root]
    seen = {root, *inputs}
    for node in nodes:  # grows while it is read
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                if not parent.is_leaf:
                    nodes.append(parent)
    nodes.sort(key=_order)
    return nodes


def advance(ns: Namespace, node: Node, tangents: list[Any]) -> Any:
    """The tangent of one node's value from those of its operands, in the value's dtype."""
    operands, y = node.operands, node.value
    if operands is None:
        raise freed(node)
    if writes:
        operands, y = saved(node)
    if ns is recorded and not hasattr(y, "interpret"):  # of a graph without numbers the values are Tensors already
        pairs = zip(operands, node.parents, strict=True)
        operands = [x if isinstance(x, SCALARS) else Tensor(x, parent) for x, parent in pairs]
        y = Tensor(y, node)
    t = node.primitive.jvp(ns, tangents, y, *operands, **node.settings)
    return t if t is None or t.dtype == y.dtype else ns.cast(t, dtype=y.dtype)
