"""`at.explain_nan`: where in a recorded graph a NaN or an infinity was born, not where it was first seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotensor.autodiff.reverse import backwards_from, freed, pullback, seed_of
from autotensor.core.errors import DTypeError, GraphError, NonFiniteError
from autotensor.core.finite import Birth, forward_birth, is_finite
from autotensor.core.namespace import plain
from autotensor.core.node import Node
from autotensor.core.recording import no_grad
from autotensor.core.tensor import Tensor
from autotensor.core.versions import intact
from autotensor.core.watching import debug


class NaNStory(NamedTuple):
    """What `at.explain_nan` found: the births, None where everything is finite, and what can be said beyond them."""

    forward: Birth | None
    backward: Birth | None
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*(str(birth) for birth in (self.forward, self.backward) if birth is not None), *self.remarks])

    def __repr__(self) -> str:
        return str(self)


def explain_nan(y: Tensor, gradient: Any = None) -> NaNStory:
    """The first operation behind `y` that made a NaN or an infinity out of finite operands, forward and backward.

    Forward it follows what is not finite from `y` back to its births, and tells the earliest. Backward, if `y` is finite, it
    sweeps the graph from `gradient` (1 for a single element); nothing is freed and no gradient is left anywhere. The values must
    be there: call it before `backward()`, or after `backward(retain_graph=True)`. Under `at.debug()` it knows the lines.
    Raises: GraphFreedError after a backward without `retain_graph`; GraphError for a constant; ShapeError if `gradient` does not
    fit.

    >>> import autotensor as at
    >>> x = at.tensor([0.0, 4.0], requires_grad=True)
    >>> explain_nan(at.sqrt(x).sum())
    the gradient through sqrt is not finite, although its operands are (backward): 1 inf in shape (2,).
      at [0]: operand 0.0, result 0.0, gradient that arrives 1.0, gradient that leaves inf
      What to do: the slope of sqrt at 0 is infinite, and so is a norm's: add a small number, at.sqrt(x + 1e-12).
    The value is finite.
    """
    if not isinstance(y, Tensor):
        raise DTypeError(f"explain_nan takes a Tensor, got {type(y).__name__}.")
    if y.node is None:
        raise GraphError(
            "explain_nan() needs a recorded tensor, this one is a constant: no operand had requires_grad=True, "
            'or it was made under no_grad(). Without a graph, at.debug(nan="raise") finds the operation as it runs.'
        )
    nodes = backwards_from(y.node)
    for node in nodes:
        if node.freed:
            raise freed(node)
        intact(node)
    with np.errstate(all="ignore"):
        if not is_finite(y.data):
            return _of_value(y, nodes)
        masked = _earliest([birth for node in reversed(nodes) if (birth := _birth(node)) is not None])
        backward = _of_gradient(y, nodes, gradient)
    remarks = ["The value is finite" + (": what was born forward is masked out on the way." if masked is not None else ".")]
    if backward is None:
        remarks.append("The gradients are finite.")
    return NaNStory(masked, backward, tuple(remarks))


def _of_value(y: Tensor, nodes: list[Node]) -> NaNStory:
    """The earliest birth among the nodes through which what is not finite reached `y`."""
    reached = {y.node}
    births = []
    for node in nodes:  # each before its parents
        if node in reached and node.operands is not None:
            birth = _birth(node)
            if birth is not None:
                births.append(birth)
            pairs = zip(node.parents, node.operands, strict=True)
            reached |= {parent for parent, x in pairs if parent is not None and not is_finite(x)}
    remark = "The gradients were not looked at: they come after the value."
    birth = _earliest(births[::-1])
    if birth is None:  # infinities that came in and were handed on
        return NaNStory(None, None, ("The value is infinite because what it was computed from is.", remark))
    return NaNStory(birth, None, (remark,))


def _birth(node: Node) -> Birth | None:
    if node.operands is None:
        return None
    return forward_birth(node.primitive, node.label, node.operands, node.value, node.scope.line)


def _earliest(births: list[Birth]) -> Birth | None:
    """The first, in order of time, that was born of finite operands; else of infinite ones; else what came in."""
    for source in ("finite", "infinite", "given"):
        for birth in births:
            if birth.source == source:
                return birth
    return None


def _of_gradient(y: Tensor, nodes: list[Node], gradient: Any) -> Birth | None:
    """The first birth in a sweep from `y` to all leaves."""
    if y.node is None or y.node.is_leaf:
        return None
    seed = seed_of(y, gradient)
    try:
        with no_grad(), debug(nan="raise"):
            pullback(plain, y.node, seed.data, [node for node in nodes if node.is_leaf])
    except NonFiniteError as error:
        return error.birth
    return None
