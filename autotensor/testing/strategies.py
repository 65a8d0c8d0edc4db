"""Operands for a primitive, from what it declares: `domain`, `kinks`, `kinds` and `examples`.

Hypothesis draws the structure (shapes, layouts, dtypes, which operand is which again, what is a Python scalar) and a seed for the
numbers, which lie on a grid of 1/64, so that a failure prints short numbers and shrinking changes one thing at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from hypothesis import assume, reject  # noqa: TID253 - see the room's __init__
from hypothesis import strategies as st  # noqa: TID253 - the same
from hypothesis.extra import numpy as hnp  # noqa: TID253 - the same

from autotensor.core.primitive import MATRICES, Elementwise, Primitive
from autotensor.core.spec import Array, Shape, broadcast_shapes
from autotensor.core.tensor import Tensor
from autotensor.testing.numeric import STEP

Domain: TypeAlias = tuple[float, float]  # an open interval

GRID = 64
BOUND = 1e3  # where an interval has no end
REACH = 2.5  # numbers lie within this of 0 where the domain allows: every function bends there, none overflows
CLEARANCE = 4 * STEP  # to the nearest kink: two operands that each move a STEP, twice over
FLOATS = ("float64",)
MIXED = ("float32", "float64")
NUMBERS = ("float32", "float64", "int64", "int32", "bool")
COMPLEX = ("complex128", "complex128", "float64")  # operands of both kinds meet
ASIDE = (0.25, 0.9)  # how far from the real axis complex numbers lie: poles and branch cuts are on it, or beyond +-i
LAYOUTS = ("C", "F", "strided", "reversed")


class Case(NamedTuple):
    """What a law is called with. An array that stands twice in `operands` is one Tensor used twice."""

    operands: tuple[Any, ...]
    settings: dict[str, Any]


@st.composite
def cases(draw: st.DrawFn, primitive: Primitive, dtypes: Sequence[str] = FLOATS) -> Case:
    """Operands and settings for `primitive`, inside its domain and away from its kinks; floating operands have `dtypes`.

    A domain is one of real numbers: complex ones lie in the plane on both sides of the whole axis. Complex matrices that would be
    symmetric are Hermitian.

    >>> from autotensor.core.primitive import registry
    >>> case = cases(registry["divide"]).example()  # doctest: +SKIP
    """
    kinds, shapes, settings = draw(_structures(primitive))
    n = len(shapes)
    floating = [i for i in range(n) if kinds[i] in {"float", "complex"}]
    twins = _same_twice(draw, primitive, floating, shapes)
    # an operand of the kind "complex" is, also where the others are real
    chosen = [draw(st.sampled_from(dtypes if kind != "complex" else _complex(dtypes))) for kind in kinds]
    plane = [dtype.startswith("complex") for dtype in chosen]
    kinds = tuple("float" if kind == "complex" else kind for kind in kinds)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    numbers = _away_from_kinks(rng, primitive, kinds, shapes, settings, twins, plane)
    if numbers is None and twins:  # max(x, x) is a kink everywhere
        twins, numbers = {}, _away_from_kinks(rng, primitive, kinds, shapes, settings, {}, plane)
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
            array = x.astype(chosen[i]) if kinds[i] in {"float", *MATRICES} else x
            operands.append(laid_out(array, draw(st.sampled_from(LAYOUTS))))
    if scalar is not None:
        assume(clear(primitive, operands, settings))
    return Case(tuple(operands), settings)


def _complex(dtypes: Sequence[str]) -> Sequence[str]:
    """The complex dtypes that correspond to floating ones, others as they are.

    >>> _complex(("float32", "int64"))
    ('complex64', 'int64')
    """
    return tuple({"float32": "complex64", "float64": "complex128"}.get(dtype, dtype) for dtype in dtypes)


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
    plane: Sequence[bool],
) -> list[Array] | None:
    """Numbers of those shapes, complex in the `plane`, drawn again where they are too near a kink; None if that does not end."""
    numbers: list[Array] = []
    for i, (kind, shape) in enumerate(zip(kinds, shapes, strict=True)):
        if i in twins:
            numbers.append(numbers[twins[i]])
        elif kind == "float":
            group = (i, *(j for j, first in twins.items() if first == i))
            numbers.append(_draw_numbers(rng, _interval(primitive, group), shape, plane=plane[i]))
        elif kind in MATRICES:
            numbers.append(draw_matrices(rng, kind, shape, plane=plane[i]))
        elif kind == "bool":
            numbers.append(np.asarray(rng.integers(0, 2, shape), np.bool_))
        else:
            classes = settings["classes"] if "classes" in settings else shapes[0][-1]
            numbers.append(np.asarray(rng.integers(0, classes, shape)))
    free = [i for i, kind in enumerate(kinds) if kind in {"float", *MATRICES} and i not in twins]
    for attempt in range(200):
        near = np.asarray(primitive.kinks(*numbers, **settings)) < CLEARANCE
        if not near.any():
            return numbers
        i = free[attempt % len(free)]
        group = (i, *(j for j, first in twins.items() if first == i))
        if kinds[i] in MATRICES:
            again = draw_matrices(rng, kinds[i], shapes[i], plane=plane[i])
        else:
            again = _draw_numbers(rng, _interval(primitive, group), shapes[i], plane=plane[i])
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


def _draw_numbers(rng: np.random.Generator, interval: tuple[float, float], shape: Shape, *, plane: bool = False) -> Array:
    """Numbers on the grid strictly inside an interval; in the `plane`, on both sides of the axis."""
    if plane:
        aside = _draw_numbers(rng, ASIDE, shape) * rng.choice([-1, 1], shape)
        return np.asarray(_draw_numbers(rng, (-REACH, REACH), shape) + 1j * aside)
    low, high = math.floor(interval[0] * GRID) + 1, math.ceil(interval[1] * GRID)
    return np.asarray(rng.integers(low, high, shape) / GRID, np.float64)


def draw_matrices(rng: np.random.Generator, kind: str, shape: Shape, *, plane: bool = False) -> Array:
    """Matrices on the grid, far from singular, whose singular values are far apart; complex ones in the `plane`.

    "symmetric" ones have eigenvalues of both signs, "positive" ones are symmetric with eigenvalues above 0. Complex, they are
    Hermitian.

    >>> x = draw_matrices(np.random.default_rng(0), "positive", (2, 2))
    >>> bool(x[0, 1] == x[1, 0]), bool(np.linalg.eigvalsh(x)[0] > 0.5)
    (True, True)
    """
    k = min(shape[-2:])
    x = rng.uniform(-1, 1, shape)
    u, _, vh = np.linalg.svd(x + 1j * rng.uniform(-1, 1, shape) if plane else x, full_matrices=False)
    s = 0.75 * (1 + np.arange(k)) + rng.uniform(0, 0.25, (*shape[:-2], 1, k))
    if kind != "regular":
        vh = np.conj(np.swapaxes(u, -1, -2))
        s = s * (-1.0) ** np.arange(k) if kind == "symmetric" else s
    return np.asarray(np.round((u * s) @ vh * GRID) / GRID)


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


@st.composite
def tensors(
    draw: st.DrawFn,
    count: int = 1,
    *,
    shapes: Sequence[Shape] | st.SearchStrategy[Sequence[Shape]] | None = None,
    domain: Domain | Sequence[Domain] = (-REACH, REACH),
    dtypes: Sequence[str] = FLOATS,
    layouts: Sequence[str] = LAYOUTS,
    constants: bool = True,
    repeated: bool = True,
) -> tuple[Tensor, ...]:
    """`count` Tensors as an operation may meet them: what is to be differentiated requires a gradient, constants do not.

    Shapes: `shapes`, one for each, or a strategy for such; by default ones that broadcast together, among them () and size 0.
    `domain` is an open interval, or one for each; complex numbers lie in the plane, beside the real axis. `layouts` are ways of
    lying in memory. With `constants` some (never all) are constants; with `repeated` one may be the very Tensor that an earlier
    one of its shape and domain is.

    >>> one, other = tensors(2, shapes=[(2, 3), (3,)]).example()  # doctest: +SKIP
    >>> one.shape, other.shape  # doctest: +SKIP
    ((2, 3), (3,))
    """
    if shapes is None:
        least = draw(st.sampled_from([0, 0, 2]))  # 2: often enough of an order in memory that shows
        sizes = draw(
            hnp.mutually_broadcastable_shapes(num_shapes=count, min_side=least, max_side=3, min_dims=least, max_dims=3)
        ).input_shapes
    else:
        sizes = tuple(draw(shapes) if isinstance(shapes, st.SearchStrategy) else shapes)
    domains: list[Any] = list(domain) if isinstance(domain[0], tuple) else [domain] * len(sizes)
    moving = draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1)) if constants else set(range(len(sizes)))
    again = draw(st.booleans()) if repeated and len(sizes) > 1 else False
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    found: list[Tensor] = []
    for i, (shape, interval) in enumerate(zip(sizes, domains, strict=True)):
        alike = [j for j in range(i) if sizes[j] == shape and domains[j] == interval]
        if again and alike:
            found.append(found[alike[0]])
            continue
        dtype = draw(st.sampled_from(dtypes))
        ends = max(interval[0], -BOUND), min(interval[1], BOUND)
        numbers = _draw_numbers(rng, ends, tuple(shape), plane=dtype.startswith("complex"))
        array = laid_out(numbers.astype(dtype), draw(st.sampled_from(layouts)))
        found.append(Tensor(array).requires_grad_(i in moving))
    if not any(x.requires_grad for x in found):  # what was to move is an earlier one again
        found[0].requires_grad_()
    return tuple(found)
