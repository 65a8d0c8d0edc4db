"""Reverse mode: one sweep over the recorded graph, from a result back to its leaves.

The sweep asks each node's primitive for the cotangents of those operands that lead to a leaf, and no others. It computes with
plain arrays, or, when the gradients must themselves be differentiated, with recorded Tensors: the same rules serve both.
It is iterative: a chain of a million operations is no deeper than one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from autotensor.core.broadcasting import sum_to_shape
from autotensor.core.errors import BatchingError, DTypeError, GraphError, GraphFreedError, ShapeError
from autotensor.core.lines import MADE, story, users_line
from autotensor.core.namespace import Namespace, late, plain, recorded
from autotensor.core.node import Node, followed
from autotensor.core.recording import current, enable_grad, no_grad
from autotensor.core.spec import SCALARS, as_array
from autotensor.core.tensor import Tensor
from autotensor.core.versions import guarded, writes

_order = operator.attrgetter("order")


def backward(y: Tensor, gradient: Any, *, retain_graph: bool, create_graph: bool) -> None:
    """What `Tensor.backward` does: seed the sweep with `gradient`, or with 1 for a single element."""
    if hasattr(y, "interpret"):
        raise GraphError(
            "backward() would leave gradients in leaves once, while the function is compiled, and at no call. Use at.grad or "
            "at.value_and_grad, which return them: at.compile(at.value_and_grad(loss))."
        )
    if y.node is None:
        raise GraphError(
            "backward() needs a recorded tensor, this one is a constant: no operand had requires_grad=True, "
            "or it was made under no_grad() or by detach()." + story([("the tensor", y)])
        )
    if followed(y.node):
        raise BatchingError(
            "backward() inside vmap would leave the gradients of one example in the leaves. Use at.grad, which returns them: "
            "vmap(grad(f)) gives the gradient of each example."
        )
    seed = seed_of(y, gradient)
    if create_graph:
        with enable_grad():
            sweep(recorded, y.node, seed, retain_graph=retain_graph)
    else:
        with no_grad():  # hooks may compute with Tensors: nothing of that is recorded
            sweep(plain, y.node, seed.data, retain_graph=retain_graph)


def seed_of(y: Tensor, gradient: Any) -> Tensor:
    """What a sweep from `y` starts with: `gradient` in y's dtype, or 1 for a single element.

    It is a cotangent as the rules have it: the conjugate of a complex gradient.
    Raises: ShapeError if it is missing or does not fit; DTypeError if it is missing for a complex y, or complex for a real one.
    """
    if gradient is None:
        if y.dtype.kind == "c":
            raise DTypeError(
                f"backward() without a gradient starts from a real number, got {y.dtype}. "
                f"Make a real loss of it, with at.abs, y.real or y.imag, or pass gradient=."
            )
        if y.size != 1:
            raise ShapeError(
                f"backward() without a gradient starts from a single element, got shape {y.shape}. "
                f"Reduce it first, y.sum().backward(), or pass gradient= of that shape."
            )
        return Tensor(np.ones(y.shape, y.dtype))
    given = gradient if isinstance(gradient, Tensor) else Tensor(as_array(gradient))
    if given.shape != y.shape:
        raise ShapeError(f"gradient must have the shape of the tensor, {y.shape}, got {given.shape}.")
    if given.dtype.kind == "c" and y.dtype.kind != "c":
        raise DTypeError(f"gradient must be real like the tensor ({y.dtype}), got {given.dtype}.")
    return conjugate(given if given.dtype == y.dtype else given.astype(y.dtype))


def conjugate(x: Tensor) -> Tensor:
    """A gradient as users see it from one as rules do, or back (see `core.primitive`): the conjugate, of a complex one."""
    return recorded.conj(x) if x.dtype.kind == "c" else x


def sweep(ns: Namespace, root: Node, seed: Any, *, retain_graph: bool) -> None:
    """Carry `seed`, the cotangent of `root`, back through the graph; leave gradients where nodes are watched."""
    flow = _flowing()
    freed_at = None if current.watcher is None else users_line()
    cotangents: dict[Node, Any] = {root: seed}
    for node in backwards_from(root):
        g = cotangents.pop(node, None)
        if node.watch is not None and g is not None:
            g = deposit(ns, node, g)
            if node.watch.hooks:
                flow = _flowing()  # a hook may have been the first to write in place
        if node.primitive is None:
            continue
        if node.operands is None:
            raise freed(node)
        if g is not None:
            flow(ns, node, g, node.parents, cotangents)
        if not retain_graph:
            value = node.value
            node.operands, node.value = None, (value.shape, value.dtype)  # the arrays go, the structure stays
            if freed_at is not None:
                node.freed_at = freed_at


def pullback(ns: Namespace, root: Node, seed: Any, inputs: Sequence[Node]) -> list[Any]:
    """The cotangents of `inputs` when that of `root` is `seed`; None for an input that `root` does not depend on.

    What the inputs were themselves computed from is not visited, nothing is freed, and no gradient is left anywhere.
    """
    stops = set(inputs)
    nodes = backwards_from(root, stops)
    leads = set(stops)  # the nodes that lead to an input: no other cotangent is computed
    for node in reversed(nodes):
        if any(parent in leads for parent in node.parents if parent is not None):
            leads.add(node)
    flow = _flowing()
    cotangents: dict[Node, Any] = {root: seed}
    for node in nodes:
        if node in leads and node not in stops and node in cotangents:
            if node.operands is None:
                raise freed(node)
            wanted = [parent if parent in leads else None for parent in node.parents]
            flow(ns, node, cotangents.pop(node), wanted, cotangents)
    return [cotangents.get(node) if node in leads else None for node in inputs]


def _flowing() -> Callable[..., None]:
    """`flow_back`, with what watches it: for saved arrays that were overwritten, and for what is not finite."""
    flow = guarded(flow_back) if writes else flow_back
    return flow if current.watcher is None else current.watcher.flowing(flow)


def flow_back(ns: Namespace, node: Node, g: Any, parents: Sequence[Node | None], cotangents: dict[Node, Any]) -> None:
    """Add to the cotangents of `parents` what flows to them from `node`, whose own is `g`; None is left out."""
    arrays: Any = node.operands
    operands, y, primitive = arrays, node.value, node.primitive
    if ns is recorded and primitive.reads_values:
        operands, y = _as_tensors(node, arrays)
    shortcuts = primitive.shortcuts
    i = -1  # counted by hand: on small arrays an enumerate costs half as much as a rule
    for parent in parents:
        i += 1
        if parent is None:
            continue
        # the vjp of an Elementwise, without calling it: on small arrays calls are what costs
        partial = shortcuts[i] if shortcuts else None
        if partial is None:
            c = primitive.vjp(i, ns, g, y, *operands, **node.settings)
        elif type(partial) is int:
            c = g if partial == 1 else g * partial
        else:
            c = g * partial(ns, y, *operands)
        if c is None:
            continue
        x = arrays[i]
        if c.shape != x.shape:
            c = sum_to_shape(ns, c, x.shape)
        if c.dtype is not x.dtype and c.dtype != x.dtype:
            if x.dtype.kind in "biu":
                continue  # integers and booleans are recorded for vmap alone
            c = ns.cast(c, dtype=x.dtype)
        before = cotangents.get(parent)
        cotangents[parent] = c if before is None else before + c


def freed(node: Node) -> GraphFreedError:
    """The error for a node whose saved values are gone; after `at.debug()` it names the lines."""
    lines = (
        ("\n  that backward(): ", getattr(node, "freed_at", None)),
        (f"\n  {node.label} {node.spec.shape}, {MADE}", node.scope.line),
    )
    return GraphFreedError(
        f"the values that {node.label} saved for backward are gone: an earlier backward() has used them. "
        f"Pass retain_graph=True to that backward(), or compute the result again."
        + "".join(f"{what}{line}" for what, line in lines if line is not None)
    )


def backwards_from(root: Node, stops: Container[Node] | None = None) -> list[Node]:
    """All nodes that `root` was computed from, each before its parents; not those behind `stops`."""
    nodes = [root]
    seen = {root}
    for node in nodes:  # grows while it is read
        if stops is not None and node in stops:
            continue
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    nodes.sort(key=_order, reverse=True)
    return nodes


def _as_tensors(node: Node, arrays: Sequence[Any]) -> tuple[list[Any], Tensor]:
    """The saved values as Tensors with their place in the graph, for rules that are themselves recorded."""
    if hasattr(node.value, "interpret"):  # of a graph without numbers, whose values are Tensors already
        return list(arrays), node.value
    pairs = zip(arrays, node.parents, strict=True)
    return [x if isinstance(x, SCALARS) else Tensor(x, parent) for x, parent in pairs], Tensor(node.value, node)


def deposit(ns: Namespace, node: Node, g: Any) -> Any:
    """Call the node's hooks and leave its gradient; returns the cotangent that goes on."""
    watch = node.watch
    if watch is None:
        return g
    turned = g.dtype.kind == "c"  # to the user's convention, and back
    g = ns.conj(g) if turned else g
    for hook in tuple(watch.hooks.values()):
        answer = hook(g if ns is recorded else Tensor(g))
        if answer is not None:
            if not isinstance(answer, Tensor) or answer.shape != g.shape:
                raise ShapeError(f"a hook returns None or a Tensor of shape {g.shape}, got {answer!r}.")
            g = answer if ns is recorded else answer.data
    if watch.retain:
        # a copy: the cotangent may be the seed, a view, or on its way to another leaf
        own = Tensor(g.data.copy(), g.node) if isinstance(g, Tensor) else Tensor(np.array(g, order="C"))
        watch.grad = own if watch.grad is None else _accumulated(ns, watch.grad, own)
    return ns.conj(g) if turned and not node.is_leaf else g  # from a leaf nothing goes on


def _accumulated(ns: Namespace, before: Tensor, new: Tensor) -> Tensor:
    return ns.add(before, new) if ns is recorded else Tensor(np.asarray(before.data + new.data))


late.backward = backward
