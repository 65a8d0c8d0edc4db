"""Reverse mode: one sweep over the recorded graph, from a result back to its leaves.

The sweep asks each node's primitive for the cotangents of those operands that lead to a leaf, and no others. It computes with
plain arrays, or, when the gradients must themselves be differentiated, with recorded Tensors: the same rules serve both.
It is iterative: a chain of a million operations is no deeper than one.
"""

from __future__ import annotations

import operator
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from autotensor.core.broadcasting import sum_to_shape
from autotensor.core.errors import DTypeError, GraphError, GraphFreedError, ShapeError
from autotensor.core.namespace import Namespace, late, plain, recorded
from autotensor.core.node import Node
from autotensor.core.recording import enable_grad, no_grad
from autotensor.core.spec import SCALARS, as_array
from autotensor.core.tensor import Tensor

_order = operator.attrgetter("order")


def backward(y: Tensor, gradient: Any, *, retain_graph: bool, create_graph: bool) -> None:
    """What `Tensor.backward` does: seed the sweep with `gradient`, or with 1 for a single element."""
    if y.node is None:
        raise GraphError(
            "backward() needs a recorded tensor, this one is a constant: no operand had requires_grad=True, "
            "or it was made under no_grad() or by detach()."
        )
    seed = _seed(y, gradient)
    if create_graph:
        with enable_grad():
            sweep(recorded, y.node, seed, retain_graph=retain_graph)
    else:
        with no_grad():  # hooks may compute with Tensors: nothing of that is recorded
            sweep(plain, y.node, seed.data, retain_graph=retain_graph)


def _seed(y: Tensor, gradient: Any) -> Tensor:
    if gradient is None:
        if y.size != 1:
            raise ShapeError(
                f"backward() without a gradient starts from a single element, got shape {y.shape}. "
                f"Reduce it first, y.sum().backward(), or pass gradient= of that shape."
            )
        return Tensor(np.ones(y.shape, y.dtype))
    given = gradient if isinstance(gradient, Tensor) else Tensor(as_array(gradient))
    if given.shape != y.shape:
        raise ShapeError(f"gradient must have the shape of the tensor, {y.shape}, got {given.shape}.")
    if given.dtype.kind not in "fiub":
        raise DTypeError(f"gradient must be real like the tensor ({y.dtype}), got {given.dtype}.")
    return given if given.dtype == y.dtype else given.astype(y.dtype)


def sweep(ns: Namespace, root: Node, seed: Any, *, retain_graph: bool) -> None:
    """Carry `seed`, the cotangent of `root`, back through the graph; leave gradients where nodes are watched."""
    cotangents: dict[Node, Any] = {root: seed}
    for node in backwards_from(root):
        g = cotangents.pop(node, None)
        if node.watch is not None and g is not None:
            g = deposit(ns, node, g)
        if node.primitive is None:
            continue
        if node.operands is None:
            raise freed(node)
        if g is not None:
            flow_back(ns, node, g, node.parents, cotangents)
        if not retain_graph:
            node.free()


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
    cotangents: dict[Node, Any] = {root: seed}
    for node in nodes:
        if node in leads and node not in stops and node in cotangents:
            if node.operands is None:
                raise freed(node)
            wanted = [parent if parent in leads else None for parent in node.parents]
            flow_back(ns, node, cotangents.pop(node), wanted, cotangents)
    return [cotangents.get(node) if node in leads else None for node in inputs]


def flow_back(ns: Namespace, node: Node, g: Any, parents: Sequence[Node | None], cotangents: dict[Node, Any]) -> None:
    """Add to the cotangents of `parents` what flows to them from `node`, whose own is `g`; None is left out."""
    arrays = node.operands or ()
    operands, y = (arrays, node.value) if ns is plain else _as_tensors(node, arrays)
    primitive = node.primitive
    shortcuts = primitive.shortcuts
    for i, parent in enumerate(parents):
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
            c = ns.cast(c, dtype=x.dtype)
        before = cotangents.get(parent)
        cotangents[parent] = c if before is None else before + c


def freed(node: Node) -> GraphFreedError:
    """The error for a node whose saved values are gone."""
    return GraphFreedError(
        f"the values that {node.label} saved for backward are gone: an earlier backward() has used them. "
        f"Pass retain_graph=True to that backward(), or compute the result again."
    )


def backwards_from(root: Node, stops: Container[Node] = ()) -> list[Node]:
    """All nodes that `root` was computed from, each before its parents; not those behind `stops`."""
    nodes = [root]
    seen = {root}
    for node in nodes:  # grows while it is read
        if node not in stops:
            for parent in node.parents:
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    nodes.append(parent)
    nodes.sort(key=_order, reverse=True)
    return nodes


def _as_tensors(node: Node, arrays: Sequence[Any]) -> tuple[list[Any], Tensor]:
    """The saved values as Tensors with their place in the graph, for rules that are themselves recorded."""
    pairs = zip(arrays, node.parents, strict=True)
    return [x if isinstance(x, SCALARS) else Tensor(x, parent) for x, parent in pairs], Tensor(node.value, node)


def deposit(ns: Namespace, node: Node, g: Any) -> Any:
    """Call the node's hooks and leave its gradient; returns the cotangent that goes on."""
    watch = node.watch
    if watch is None:
        return g
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
    return g


def _accumulated(ns: Namespace, before: Tensor, new: Tensor) -> Tensor:
    return ns.add(before, new) if ns is recorded else Tensor(np.asarray(before.data + new.data))


late.backward = backward
