"""Operands for a primitive, from what it declares: `domain`, `kinks`, `kinds` and `examples`.

Hypothesis draws the structure (shapes, layouts, dtypes, which operand is which again, what is a Python scalar) and a seed for the
numbers, which lie on a grid of 1/64, so that a failure prints short numbers and shrinking changes one thing at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import assume, reject  # noqa: TID253 - see the room's __init__
from hypothesis import strategies as st  # noqa: TID253 - the same
from hypothesis.extra import numpy as hnp  # noqa: TID253 - the same

from autotensor.core.primitive import Elementwise, Primitive
from autotensor.core.spec import Array, Shape, broadcast_shapes
from autotensor.testing.numeric import STEP

GRID = 64
REACH = 2.5  # numbers lie within this of 0 where the domain allows: every function bends there, none overflows
CLEARANCE = 4 * STEP  # to the nearest kink: two operands that each move a STEP, twice over
FLOATS = ("float64",)
MIXED = ("float32", "float64")
NUMBERS = ("float32", "float64", "int64", "int32", "bool")
LAYOUTS = ("C", "F", "strided", "reversed")


class Case(NamedTuple):
    """What a law is called with. An array that stands twice in `operands` is one Tensor used twice."""

    operands: tuple[Any, ...]
    settings: dict[str, Any]


@st.composite
def cases(draw: st.DrawFn, primitive: Primitive, dtypes: Sequence[str] = FLOATS) -> Case:
    """Operands and settings for `primitive`, inside its domain and away from its kinks; floating operands have `dtypes`.

    >>> from autotensor.core.primitive import registry
    >>> case = cases(registry["divide"]).example()  # doctest: +SKIP
    """
    kinds, shapes, settings = draw(_structures(primitive))
    n = len(shapes)
    floating = [i for i in range(n) if kinds[i] == "float"]
    twins = _same_twice(draw, primitive, floating, shapes)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    numbers = _away_from_kinks(rng, primitive, kinds, shapes, settings, twins)
    if numbers is None and twins:  # max(x, x) is a kink everywhere
        twins, numbers = {}, _away_from_kinks(rng, primitive, kinds, shapes, settings, {})
    if numbers is None:
        reject()
    scalar = draw(st.none() | st.sampled_from(floating)) if isinstance(primitive, Elementwise) and n > 1 and not twins else None
    operands: list[Any] = []
    for i, x in enumerate(numbers):
        if i in twins:
            operands.append(operands[twins[i]])
        elif i == scalar:
            operands.append(x.flat[0].item() if x.size else 1.0)
        else:
            array = x.astype(draw(st.sampled_from(dtypes))) if kinds[i] == "float" else x
            operands.append(laid_out(array, draw(st.sampled_from(LAYOUTS))))
    if scalar is not None:
        assume(clear(primitive, operands, settings))
    return Case(tuple(operands), settings)


@st.composite
def _structures(draw: st.DrawFn, primitive: Primitive) -> tuple[tuple[str, ...], tuple[Shape, ...], dict[str, Any]]:
    """What kind each operand is, its shape, and settings."""
    if primitive.examples:
        shapes, settings = draw(st.sampled_from(primitive.examples))
    else:
        n = len(primitive.partials) if isinstance(primitive, Elementwise) else 1
        drawn = draw(hnp.mutually_broadcastable_shapes(num_shapes=n, min_side=0, max_side=3, max_dims=3))
        shapes, settings = drawn.input_shapes, {}
    return primitive.kinds or ("float",) * len(shapes), tuple(shapes), settings


def _same_twice(draw: st.DrawFn, primitive: Primitive, floating: list[int], shapes: Sequence[Shape]) -> dict[int, int]:
    """Which operand is which earlier one again: sometimes the second the first, where shapes and domains allow it."""
    if len(floating) < 2 or not draw(st.booleans()):
        return {}
    first, second = floating[:2]
    low, high = _interval(primitive, (first, second))
    alike = shapes[first] == shapes[second]
    return {second: first} if alike and low < high else {}


def _interval(primitive: Primitive, which: Sequence[int]) -> tuple[float, float]:
    """Where numbers may lie that serve as all of the operands `which`."""
    domains = [primitive.domain[i] for i in which] if primitive.domain else [(-math.inf, math.inf)]
    low, high = max(d[0] for d in domains), min(d[1] for d in domains)
    return (low if low > -math.inf else -REACH), (high if high < math.inf else max(REACH, low + 2))


def _away_from_kinks(
    rng: np.random.Generator,
    primitive: Primitive,
    kinds: Sequence[str],
    shapes: Sequence[Shape],
    settings: dict[str, Any],
    twins: dict[int, int],
) -> list[Array] | None:
    """Numbers of those shapes, drawn again where they are too near a kink; None if that does not end."""
    numbers: list[Array] = []
    for i, (kind, shape) in enumerate(zip(kinds, shapes, strict=True)):
        if i in twins:
            numbers.append(numbers[twins[i]])
        elif kind == "float":
            group = (i, *(j for j, first in twins.items() if first == i))
            numbers.append(_draw_numbers(rng, _interval(primitive, group), shape))
        elif kind == "bool":
            numbers.append(np.asarray(rng.integers(0, 2, shape), np.bool_))
        else:
            classes = settings["classes"] if "classes" in settings else shapes[0][-1]
            numbers.append(np.asarray(rng.integers(0, classes, shape)))
    free = [i for i, kind in enumerate(kinds) if kind == "float" and i not in twins]
    for attempt in range(200):
        near = np.asarray(primitive.kinks(*numbers, **settings)) < CLEARANCE
        if not near.any():
            return numbers
        i = free[attempt % len(free)]
        group = (i, *(j for j, first in twins.items() if first == i))
        again = _draw_numbers(rng, _interval(primitive, group), shapes[i])
        numbers[i] = np.where(_where(near, shapes[i]), again, numbers[i])
        for j in group:
            numbers[j] = numbers[i]
    return None


def _where(near: Array, shape: Shape) -> Any:
    """Which elements of an operand take part in what is near a kink; all of them if that cannot be told."""
    try:
        fits = broadcast_shapes(near.shape, shape) == near.shape
    except ValueError:
        return True
    if not fits:
        return True
    lead = near.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1 and near.shape[lead + i] != 1))
    return np.any(near, axis=axes).reshape(shape)


def _draw_numbers(rng: np.random.Generator, interval: tuple[float, float], shape: Shape) -> Array:
    """Numbers on the grid strictly inside an interval."""
    low, high = math.floor(interval[0] * GRID) + 1, math.ceil(interval[1] * GRID)
    return np.asarray(rng.integers(low, high, shape) / GRID, np.float64)


def clear(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> bool:
    """Whether every operand is farther from a kink than a numeric derivative moves it."""
    with np.errstate(all="ignore"):  # integers may be outside the domain
        return bool(np.all(np.asarray(primitive.kinks(*operands, **settings)) >= CLEARANCE))


def laid_out(x: Array, layout: str) -> Array:
    """The same numbers with other strides in memory.

    >>> laid_out(np.arange(3.0), "reversed").strides
    (-8,)
    """
    if layout == "F" and x.ndim:
        return np.asfortranarray(x)
    if layout == "strided" and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    if layout == "reversed" and x.ndim:
        return x[::-1].copy()[::-1]
    return x
