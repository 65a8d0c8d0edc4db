"""Where a NaN or an infinity is born: the operation whose operands are finite and whose result is not.

An operation that only hands on what it was given is a symptom. Elementwise primitives are judged element by element, others as
a whole. An infinity among the operands may be meant, as in a mask; a NaN that comes of it is born all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from autotensor.core.lines import MADE, Line
from autotensor.core.node import Node
from autotensor.core.remedies import remedy
from autotensor.core.spec import Array, Shape

Source: TypeAlias = Literal["finite", "infinite", "given"]  # operands finite; infinite, none NaN; NaN already

SHOWN = 3  # elements that a message lists


class Birth(NamedTuple):
    """The story of values that are not finite: the operation, the elements, what went in there. It holds text and no arrays."""

    direction: Literal["forward", "backward", "forward mode"]
    operation: str  # with the module path
    source: Source
    kinds: str  # such as "1 NaN and 2 inf"
    shape: Shape  # of the result, of the cotangent or of the tangent
    indices: tuple[tuple[int, ...], ...]  # the first few
    inputs: tuple[str, ...]  # what went in: for each of the indices, or ranges
    line: Line | None
    remedy: str

    def __str__(self) -> str:
        what = {"forward": "the value of", "backward": "the gradient through", "forward mode": "the tangent of"}[self.direction]
        begins = {
            "finite": f"{what} {self.operation} is not finite, although its operands are",
            "infinite": f"{what} {self.operation} is NaN, out of infinite operands",
            "given": f"{what} {self.operation} is NaN, because NaN went in: it was there already",
        }[self.source]
        lines = [f"{begins} ({self.direction}): {self.kinds} in shape {self.shape}."]
        if self.line is not None:
            lines.append(f"{MADE}{self.line}")
        lines += self.inputs
        if self.remedy:
            lines.append(f"What to do: {self.remedy}")
        return "\n  ".join(lines)


def is_finite(x: Any) -> bool:
    """Whether no element is NaN or infinite; integers and booleans always are.

    >>> is_finite(np.array([1.0, np.inf])), is_finite(3)
    (False, True)
    """
    return bool(np.isfinite(x).all())


def forward_birth(primitive: Any, label: str, operands: Sequence[Any], value: Array, line: Line | None) -> Birth | None:
    """The story of what `value` holds that is not finite; None if it is finite, or only hands on infinities.

    >>> from autotensor import ops
    >>> x = np.array([0.0, 1.0])
    >>> print(forward_birth(ops.log, "log", [x], np.array([-np.inf, 0.0]), None))
    the value of log is not finite, although its operands are (forward): 1 -inf in shape (2,).
      at [0]: operand 0.0, result -inf
      What to do: keep the operand above 0, at.log(at.clip(x, 1e-7, None)); for the logarithm of 1 + x use at.log1p(x).
    """
    value = np.asarray(value)
    bad = ~np.isfinite(value)
    if not bad.any():
        return None
    inputs = list(operands)
    elementwise = hasattr(primitive, "partials") and value.shape == np.broadcast_shapes(*map(np.shape, inputs))
    born = bad & _everywhere(np.isfinite, inputs, value.shape, elementwise=elementwise)
    source: Source = "finite"
    if not born.any():
        born = np.isnan(value)
        unborn = born & _everywhere(lambda x: ~np.isnan(x), inputs, value.shape, elementwise=elementwise)
        source = "infinite" if unborn.any() else "given"
        born = unborn if unborn.any() else born
        if not born.any():
            return None  # infinities that were given
    indices = _first(born)
    if elementwise:
        spread = [np.broadcast_to(x, value.shape) for x in inputs]
        told = tuple(f"at {_index(i)}: {_values(spread, i)}, result {_number(value[i])}" for i in indices)
    else:
        told = (*(f"{_name(k, inputs)}: {_range(x)}" for k, x in enumerate(inputs)), f"at {', '.join(map(_index, indices))}")
    advice = "" if source == "given" else remedy(primitive.name, "forward")
    return Birth("forward", label, source, _kinds(value[born]), value.shape, indices, told, line, advice)


def backward_birth(node: Node, i: int, g: Array, c: Array) -> Birth | None:
    """The story of what `c`, the cotangent of operand `i`, holds that is not finite when the node's own is `g`, or None."""
    g, c = np.asarray(g), np.asarray(c)
    bad = ~np.isfinite(c)
    if not bad.any():
        return None
    source: Source = "finite" if is_finite(g) else "given" if np.isnan(g).any() else "infinite"
    operands = node.operands or ()
    indices = _first(bad)
    x = operands[i]
    alike = np.shape(g) == c.shape
    told = []
    for at in indices:
        parts = [f"operand {_number(x[at])}"]
        if np.shape(node.value) == c.shape:
            parts.append(f"result {_number(node.value[at])}")
        if alike:
            parts.append(f"gradient that arrives {_number(g[at])}")
        told.append(f"at {_index(at)}: {', '.join(parts)}, gradient that leaves {_number(c[at])}")
    trapped = alike and bool((np.isnan(c) & (g == 0)).any())
    advice = "" if source != "finite" else remedy(node.primitive.name, "trap" if trapped else "backward")
    which = f" (operand {i + 1})" if len(operands) > 1 else ""
    return Birth("backward", node.label + which, source, _kinds(c[bad]), c.shape, indices, tuple(told), node.scope.line, advice)


def tangent_birth(node: Node, tangents: Sequence[Array | None], t: Array) -> Birth | None:
    """The story of what `t`, the tangent of a node's value, holds that is not finite, or None; a tangent of None is zero."""
    t = np.asarray(t)
    bad = ~np.isfinite(t)
    if not bad.any():
        return None
    moving = [(i, np.asarray(one)) for i, one in enumerate(tangents) if one is not None]
    source: Source = "finite"
    if not all(is_finite(one) for _, one in moving):
        source = "given" if any(np.isnan(one).any() for _, one in moving) else "infinite"
    operands = node.operands or ()
    indices = _first(bad)
    told = []
    for at in indices:
        parts = [
            f"{_name(i, operands)} {_number(operands[i][at])}, its tangent {_number(one[at])}"
            for i, one in moving
            if one.shape == t.shape
        ]
        told.append(f"at {_index(at)}: {', '.join([*parts, f'tangent that leaves {_number(t[at])}'])}")
    advice = remedy(node.primitive.name, "backward") if source == "finite" else ""
    return Birth("forward mode", node.label, source, _kinds(t[bad]), t.shape, indices, tuple(told), node.scope.line, advice)


def _everywhere(test: Any, operands: Sequence[Any], shape: Shape, *, elementwise: bool) -> Any:
    """Where all operands pass the test: for each element, or for all alike."""
    if not elementwise:
        return np.bool_(all(bool(np.all(test(x))) for x in operands))
    passed = np.ones(shape, np.bool_)
    for x in operands:
        passed = passed & test(x)
    return passed


def _first(mask: Array) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, np.unravel_index(k, mask.shape))) for k in np.flatnonzero(mask)[:SHOWN])


def _kinds(bad: Array) -> str:
    nan = int(np.isnan(bad).sum())
    high, low = (int((np.isinf(bad) & (np.real(bad) * sign > 0)).sum()) for sign in (1, -1))
    counts = {"NaN": nan, "inf": high, "-inf": low, "infinite": bad.size - nan - high - low}
    return " and ".join(f"{n} {kind}" for kind, n in counts.items() if n)


def _index(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}]" if at else "its only element"


def _number(x: Any) -> str:
    return f"{x.item():.6g}" if isinstance(x, np.floating) and not float(x).is_integer() else str(x)


def _name(k: int, operands: Sequence[Any]) -> str:
    return f"operand {k + 1}" if len(operands) > 1 else "operand"


def _values(operands: Sequence[Any], at: tuple[int, ...]) -> str:
    return ", ".join(f"{_name(k, operands)} {_number(x[at])}" for k, x in enumerate(operands))


def _range(x: Any) -> str:
    array = np.asarray(x)
    if array.ndim == 0:
        return _number(array[()])
    if not array.size or array.dtype.kind == "c":
        return f"shape {array.shape}"
    return f"shape {array.shape}, from {_number(array.min())} to {_number(array.max())}"
