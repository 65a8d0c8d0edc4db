"""`at.explain`: one derivative taken apart along the paths of the recorded graph, each step checked by numbers.

The part of the graph between x and y is computed once more in float64, so that the numeric check beside each step is sharp. On a
path only those elements count that lie between the two chosen ones: they are found by carrying weights forward from x and back
from y.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.forward import advance
from autotensor.autodiff.reverse import pullback
from autotensor.core.errors import ArgumentError, DTypeError, GraphError
from autotensor.core.namespace import plain
from autotensor.core.node import Node
from autotensor.core.primitive import Primitive
from autotensor.core.recording import no_grad
from autotensor.core.spec import Array, Shape
from autotensor.core.tensor import Tensor
from autotensor.pictures.chain_graph import EVALUATED, Edge, Index, Twin, alive_on, chains_through, one_hot, pulled
from autotensor.pictures.chain_table import Explanation, Numbers, Path, Step
from autotensor.pictures.finite_differences import Estimate, derivative
from autotensor.pictures.local_rules import local_rule

SEARCHED = 256  # elements of y that are tried to find the largest gradient
ENTRIES = 9  # derivatives of one step that are computed one by one


def explain(y: Tensor, wrt: Tensor, *, at: Any = None, of: Any = None, max_paths: int = 6) -> Explanation:
    """The derivative of one element of `y` by one of `wrt`, as the chain rule gives it: paths, steps, local derivatives.

    `at` is an index into `wrt` and `of` one into `y`; left out, it is the only element, or the one with the largest gradient.
    Each step shows its local derivative in symbols and in numbers, the upstream gradient, their product, and the numeric
    derivative. Several paths add up; the `max_paths` largest are shown. A notebook shows the result as a table.
    Raises: GraphError unless `y` was computed from `wrt` in a recorded graph; GraphFreedError if backward has freed it;
    ArgumentError on an index out of range.

    >>> import autotensor as at
    >>> x = at.tensor(0.5, requires_grad=True)
    >>> explain(at.sin(x) ** 2, x)
    dy/dx = 0.8415 at x = 0.5, y = 0.2298
    y <- square <- sin <- x
    operation       local derivative          value     upstream  product   numeric
    square          dy/dx = 2 * x             0.9589    1         0.9589    0.9589
    sin             dy/dx = cos(x)            0.8776    0.9589    0.8415    0.8776
    numeric check of the whole: 0.8415, agrees
    """
    _check(y, wrt, max_paths)
    with no_grad(), np.errstate(all="ignore"):
        twin = Twin(y, wrt)
        i, k, remark = _chosen(twin, at, of)
        tangent = one_hot(twin.x.spec.shape, i)
        slope = float(_gradient(twin, k)[i])
        count, edges = twin.paths()
        found = [path for one in edges for path in _paths(twin, one, i, k)]
        found.sort(key=lambda path: -abs(path.contribution))
        shown = tuple(found[:max_paths])
        numeric = derivative(lambda h: np.asarray(twin.replayed(h * tangent))[k], twin.x_value[i])
    left_out = count - len(shown) if count > EVALUATED else len(found) - len(shown)
    name = (wrt.node.watch.name if wrt.node is not None and wrt.node.watch is not None else None) or "x"
    return Explanation(
        x=name + _written(i),
        y="y" + _written(k),
        at=float(twin.x_value[i]),
        of=float(np.asarray(twin.y.value)[k]),
        derivative=slope,
        numeric=numeric.value,
        agrees=_agree(np.float64(slope), numeric),
        remark=remark.format(x=name),
        paths=shown,
        left_out=left_out,
    )


def _check(y: Any, wrt: Any, max_paths: int) -> None:
    if not isinstance(y, Tensor) or not isinstance(wrt, Tensor):
        raise DTypeError(f"explain takes two Tensors, got {type(y).__name__} and {type(wrt).__name__}.")
    if y.dtype.kind != "f" or wrt.dtype.kind != "f":
        raise DTypeError(f"explain takes real floating tensors, got {y.dtype} and {wrt.dtype}.")
    if max_paths < 1:
        raise ArgumentError(f"max_paths must be at least 1, got {max_paths!r}.")
    if y.node is None or wrt.node is None:
        which = "y" if y.node is None else "wrt"
        raise GraphError(
            f"explain needs recorded tensors, {which} is a constant. "
            f"Make x with requires_grad=True, and compute y outside no_grad()."
        )
    if y.node is wrt.node:
        raise GraphError("explain needs an operation between y and wrt: they are the same tensor.")


def _chosen(twin: Twin, at: Any, of: Any) -> tuple[Index, Index, str]:
    """The index into x, the index into y, and a word on those that were not given."""
    x_shape, y_shape = twin.x.spec.shape, twin.y.spec.shape
    i = _index(at, x_shape, "at") if at is not None or np.prod(x_shape) == 1 else None
    k = _index(of, y_shape, "of") if of is not None or np.prod(y_shape) == 1 else None
    asked = at is None and i is None, of is None and k is None
    if i is not None and k is not None:
        return i, k, ""
    if i is None and k is None and int(np.prod(y_shape)) > SEARCHED:
        raise ArgumentError(f"y has {int(np.prod(y_shape))} elements: choose one with of=, an index into shape {y_shape}.")
    if i is not None:  # one pass forward knows all elements of y
        t = twin.pushed(one_hot(x_shape, i))
        k = _largest(t)
    else:
        rows = [k] if k is not None else [tuple(map(int, one)) for one in np.ndindex(y_shape)]
        gradients = [_gradient(twin, row) for row in rows]
        best = int(np.argmax([np.max(np.abs(g), initial=0.0) for g in gradients]))
        k, i = rows[best], _largest(gradients[best])
    words = [("{x}" + _written(i)) * asked[0], ("y" + _written(k)) * asked[1]]
    return i, k, " by ".join(word for word in reversed(words) if word) + " chosen: the gradient is largest there."


def _gradient(twin: Twin, k: Index) -> Array:
    """The derivatives of one element of y by all of x."""
    (g,) = pullback(plain, twin.y, one_hot(twin.y.spec.shape, k), [twin.x])
    return np.zeros(twin.x.spec.shape) if g is None else np.asarray(g)


def _largest(array: Any) -> Index:
    at = np.unravel_index(int(np.argmax(np.abs(array))), np.shape(array))
    return tuple(map(int, at))


def _index(given: Any, shape: Shape, name: str) -> Index:
    """An index as a tuple of non-negative ints."""
    if given is None:
        return (0,) * len(shape)
    try:
        index = tuple(map(operator.index, given)) if isinstance(given, (tuple, list)) else (operator.index(given),)
    except TypeError:
        raise ArgumentError(f"{name} is an index, an int or a tuple of ints, got {given!r}.") from None
    if len(index) != len(shape) or not all(-n <= i < n for i, n in zip(index, shape, strict=True)):
        raise ArgumentError(f"{name}={given!r} is no index of one element in shape {shape}.")
    return tuple(i % n for i, n in zip(index, shape, strict=True))


def _written(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _paths(twin: Twin, edges: Sequence[Edge], i: Index, k: Index) -> list[Path]:
    """A way through the operations, element by element if those are few, else as one; none if it misses the chosen elements."""
    alive = alive_on(twin, edges, i, k)
    if alive is None:
        return []
    chains = chains_through(edges, alive)
    return [_path(edges, masks) for masks in (chains if chains is not None else [alive])]


def _path(edges: Sequence[Edge], masks: Sequence[Array]) -> Path:
    """One path evaluated, through the elements that the masks leave."""
    steps = []
    g: Any = masks[0] * 1.0
    for n, (node, operand) in enumerate(edges):
        upstream = g[masks[n]]
        g = np.where(masks[n + 1], pulled(node, operand, g), 0.0)
        steps.append(_step(node, operand, masks[n], masks[n + 1], upstream, g[masks[n + 1]]))
    return Path(tuple(steps), float(g[masks[-1]].sum()))


def _step(node: Node, operand: int, out: Array, into: Array, upstream: Numbers, product: Numbers) -> Step:
    operands = list(node.operands or ())
    x = np.asarray(operands[operand])
    shape = (int(out.sum()), int(into.sum()))
    columns = [one_hot(x.shape, tuple(map(int, at))) for at in np.argwhere(into)] if shape[0] * shape[1] <= ENTRIES else []
    single = shape == (1, 1)
    direction = columns[0] if single else into * np.random.default_rng(1).uniform(1, 2, into.shape)

    def along(t: Array) -> Array:
        moved = advance(plain, node, [t if n == operand else None for n in range(len(node.parents))])
        return np.asarray(moved)[out] if moved is not None else np.zeros(shape[0])

    def changed(h: float) -> Any:
        moved = [*operands[:operand], x + h * direction, *operands[operand + 1 :]]
        return np.asarray(node.primitive.value(*moved, **node.settings))[out]

    numeric = derivative(changed, float(np.max(np.abs(x[into]))))
    agrees = _agree(along(direction), numeric)
    return Step(
        operation=node.label + (_written(tuple(map(int, np.argwhere(out)[0]))) if single else ""),
        rule=local_rule(node.primitive, operand),
        shape=shape,
        value=np.stack([along(t) for t in columns], axis=-1).ravel() if columns else None,
        upstream=upstream,
        product=product,
        numeric=float(numeric.value[0]) if single else None,
        agrees=agrees,
        kinked=type(node.primitive).kinks is not Primitive.kinks,
    )


def _agree(value: Any, numeric: Estimate) -> bool:
    tolerance = 8 * numeric.error + 1e-7 * (np.abs(value) + np.abs(numeric.value)) + 1e-12
    return bool(np.all(np.abs(value - numeric.value) <= tolerance))
