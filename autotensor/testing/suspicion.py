"""What a wrong gradient looks like, and so what is probably wrong with the rule: the mistakes people make, tried in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from autotensor.core.spec import Array, Shape

UNKNOWN = "none of the usual mistakes fits; compare the rule's formula with the numeric value"


class Evidence(NamedTuple):
    """The gradient of one input as the rules and as the differences have it, at the elements that were looked at."""

    analytic: Array  # (n,)
    numeric: Array  # (n,)
    tolerance: Array  # (n,)
    order: int = 1
    columns: Array = np.zeros((0, 0))  # (outputs, n): the numeric derivative of each output by each element
    g: Sequence[Array] = ()  # the cotangent of each output
    shape: Shape = ()  # of the input
    others: Sequence[tuple[str, Array]] = ()  # the numeric gradients of the other inputs, where of the same shape
    kinked: bool = False  # the worst element lies at a kink
    mode: str = "reverse"


def cause(e: Evidence) -> str:
    """What is suspected, in words.

    >>> cause(Evidence(np.array([2.0, 4.0]), np.array([1.0, 2.0]), np.zeros(2)))
    'factor 2: the rule gives 2 times the derivative'
    """
    if not np.isfinite(e.analytic).all():
        return (
            "not finite: 0 * inf or inf - inf in the rule, such as a `where` whose branch not taken is not finite, "
            "or a root or norm at 0"
        )
    return next(_reasons(e), UNKNOWN)


def _reasons(e: Evidence) -> Iterator[str]:
    a, n = e.analytic, e.numeric
    if _same(a, 0 * n, e):
        if e.order > 1:
            yield (
                "zero second order: the rule's result is a constant to the next derivative; it calls NumPy, or detaches, "
                "where it should call `ns`"
            )
        yield "zero: nothing arrives; the input leaves the graph (.data, .numpy(), detach, stop) or the rule states no derivative"
    if _same(a, -n, e):
        yield "sign: the rule gives minus the derivative"
    if e.kinked:
        yield "at a kink or a tie the rule's choice lies outside the slopes on its two sides"
    if _alone(e):
        yield from _by_columns(e)
    yield from _factor(e)
    yield from _transposed(e)
    for name, other in e.others:
        if _same(a, other, e):
            yield f"swapped operands: this is the gradient of {name}"
    if not _alone(e):
        yield from _by_columns(e)
    right = np.abs(a - n) <= e.tolerance
    if e.order > 1:
        yield (
            "wrong second order: the gradient is right and its derivative is not; a part of the rule calls NumPy, or detaches, "
            "where it should call `ns`"
        )
    if right.any() and np.count_nonzero(~right) <= len(a) / 2:
        yield f"{np.count_nonzero(~right)} of {len(a)} elements only: a mask, an edge or a tie that the rule treats otherwise"


def _alone(e: Evidence) -> bool:
    """Whether one element is all there is: any number is then a factor, and what has a name goes first."""
    return bool(np.count_nonzero(np.abs(e.numeric) > e.tolerance) <= 1)


def _by_columns(e: Evidence) -> Iterator[str]:
    """What another cotangent would have given."""
    if not e.columns.size:
        return
    flat = np.concatenate([np.ravel(c) for c in e.g])
    if _same(e.analytic, np.sum(e.columns, axis=0), e):
        yield "missing upstream gradient: the rule gives the derivative and does not multiply it by g"
    start = 0
    for i, c in enumerate(e.g):
        for axis, length in enumerate(c.shape):
            for place in (0, length - 1) if length > 1 else ():
                mask = np.zeros(c.shape)
                mask[(slice(None),) * axis + (place,)] = 1
                part = flat.copy()
                part[start : start + c.size] *= mask.ravel()
                if _same(e.analytic, part @ e.columns, e):
                    yield (
                        f"missing broadcast sum: only what comes from index {place} of axis {axis} of result {i} arrives, "
                        f"and the {length} parts must be summed"
                    )
        start += c.size


def _factor(e: Evidence) -> Iterator[str]:
    if not e.numeric.any():
        return
    k = float(e.analytic @ e.numeric) / float(e.numeric @ e.numeric)
    if k == 0 or not _same(e.analytic, k * e.numeric, e):
        return
    nice = Fraction(k).limit_denominator(64)
    if _alone(e) and (nice.denominator > 4 or abs(nice) > 64 or abs(k - nice) > 1e-6 * abs(k)):
        return  # any number is some factor of another
    text = str(nice) if nice and abs(k / float(nice) - 1) < 1e-3 else f"{k:.6g}"
    text = f"1 {'+' if k > 1 else '-'} {abs(k - 1):.2g}" if nice == 1 else text
    lengths = [(i, axis) for i, c in enumerate(e.g) for axis, n in enumerate(c.shape) if n > 2 and nice in (n, Fraction(1, n))]
    sizes = [i for i, c in enumerate(e.g) if c.size > 2 and nice in (c.size, Fraction(1, c.size))]
    why = ""
    if lengths or sizes:
        which = f"the length of axis {lengths[0][1]}" if lengths else "the size"
        why = f" ({which} of result {(lengths or [(sizes[0], 0)])[0][0]}: a mean for a sum?)"
    yield f"factor {text}: the rule gives {text} times the derivative{why}"


def _transposed(e: Evidence) -> Iterator[str]:
    full = len(e.shape) >= 2 and int(np.prod(e.shape)) == len(e.numeric)
    if full and e.shape[-1] == e.shape[-2]:
        turned = np.swapaxes(e.numeric.reshape(e.shape), -1, -2).ravel()
        if _same(e.analytic, turned, e):
            yield "transposed: this is the gradient with its last two axes swapped"
    if full:
        wrongly = e.numeric.reshape(e.shape).ravel(order="F")
        if _same(e.analytic, wrongly, e):
            yield "transposed: the elements are right and in the order of the transposed array"


def _same(a: Array, b: Array, e: Evidence) -> bool:
    size = float(np.max(np.abs(b), initial=0.0))
    return bool(np.all(np.abs(a - b) <= 4 * e.tolerance + 1e-7 * size))
