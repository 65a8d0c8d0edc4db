"""The law of vmap: a primitive over many examples gives the stack of what it gives for each; also nested and differentiated."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.batching import vmap
from autotensor.autodiff.transforms import grad, jvp
from autotensor.core.errors import AutotensorError
from autotensor.core.primitive import MATRICES, Primitive
from autotensor.core.spec import SCALARS, Array
from autotensor.core.tensor import Tensor
from autotensor.ops.complex_numbers import real
from autotensor.testing.numeric import EPSILON, rounded
from autotensor.testing.strategies import clear
from autotensor.testing.subject import Claim, LawError, Subject, directions, same, subject, subsets

EXAMPLES = 3
Function = Callable[..., Any]


def vmap_is_the_stack(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> None:
    """Law 7: vmap(f) equals the stack of f over examples, for every subset of the operands that differ between them.

    Also within another vmap, of its gradient and its tangent, and as part of a function that is differentiated.
    """
    s = subject(primitive, operands, settings)
    places = [i for i, x in enumerate(s.operands) if not isinstance(x, SCALARS)]
    for number, chosen in enumerate(subsets(len(places))):
        mapped = [places[k] for k in chosen]
        many = {i: _varied(s, i, range(EXAMPLES)) for i in mapped}
        axis = -1 if number % 2 else 0
        _agree(s, f"vmap over operands {mapped}, axis {axis}", _call(s, places), places, many, axis)
        if primitive.differentiable and s.point:
            floats = [places.index(i) for i, k in enumerate(s.places) if k is not None]
            _agree(s, f"vmap of grad over operands {mapped}", _gradient(s, places, floats), places, many, axis)
            _agree(s, f"vmap of jvp over operands {mapped}", _tangent(s, places, floats), places, many, axis)
            _differentiated(s, places, many, floats)
    if places:
        _nested(s, places)


def _call(s: Subject, places: Sequence[int]) -> Function:
    """The primitive as a function of its arrays alone."""

    def f(*arrays: Any) -> Any:
        full = list(s.operands)
        for i, x in zip(places, arrays, strict=True):
            full[i] = x
        return s.primitive(*full, **s.settings)

    return f


def _gradient(s: Subject, places: Sequence[int], floats: Sequence[int]) -> Function:
    f = _call(s, places)

    def weighted(*arrays: Any) -> Any:
        return _weighted(f(*arrays), 0)

    return grad(weighted, tuple(floats))


def _weighted(y: Any, skip: int) -> Any:
    """<w, y> with a weight for each element of an example, whose axes are those after `skip`."""
    (w,) = directions([np.zeros(y.shape[skip:], y.dtype)], salt=5)
    return real(y * np.conj(w)).sum()


def _tangent(s: Subject, places: Sequence[int], floats: Sequence[int]) -> Function:
    f = _call(s, places)

    def tangent(*arrays: Any) -> Any:
        def moving(*xs: Any) -> Any:
            full = list(arrays)
            for i, x in zip(floats, xs, strict=True):
                full[i] = x
            return f(*full)

        at = [arrays[i] for i in floats]
        return jvp(moving, at, [x * (0.5 + 0.75j if x.dtype.kind == "c" else 0.5) + 0.25 for x in at])[1]

    return tangent


def _varied(s: Subject, i: int, numbers: Sequence[int] | range) -> list[Array]:
    """One array for each number, each another example of operand `i`, of the same kind and inside its domain."""
    x = s.operands[i]
    kind = s.primitive.kinds[i] if s.primitive.kinds else "float"
    if kind == "label":
        classes = s.settings["classes"] if "classes" in s.settings else s.operands[0].shape[-1]
        return [(x + k) % classes if classes else x for k in numbers]
    if kind in MATRICES:
        return [x * (1 + k / 8) for k in numbers]
    rolled = [np.roll(x, k) for k in numbers]
    if x.dtype.kind == "b":
        return [~y if k % 2 else y for k, y in zip(numbers, rolled, strict=True)]
    if x.dtype.kind not in "fc":
        return rolled
    low, high = s.primitive.domain[i] if s.primitive.domain else (-np.inf, np.inf)
    middle = (max(low, -2.0 if high > -1 else high - 2) + min(high, 2.0 if low < 1 else low + 2)) / 2
    # not where rolling brings them to a kink, as it may make two values of a row equal; nearing the middle does not
    placed = [y if _clear(s, i, y) else x for y in rolled]
    return [np.asarray(y + (middle - y) * (k / 16), x.dtype) for k, y in zip(numbers, placed, strict=True)]


def _clear(s: Subject, i: int, x: Array) -> bool:
    """Whether `x` as operand `i`, beside the others as they are, lies away from kinks."""
    return clear(s.primitive, [*s.operands[:i], x, *s.operands[i + 1 :]], s.settings)


def _agree(s: Subject, law: str, f: Function, places: Sequence[int], many: dict[int, list[Array]], axis: int) -> None:
    """vmap(f) against the stack of f."""
    given = [Tensor(np.stack(many[i], axis) if i in many else s.operands[i]) for i in places]
    found = _answer(s, law, vmap(f, tuple(axis if i in many else None for i in places)), given)
    _compared(s, law, found, *_stack(s, f, places, many))


def _stack(s: Subject, f: Function, places: Sequence[int], many: dict[int, list[Array]]) -> tuple[list[Array], list[Any]]:
    """f of each example, stacked, and how far rounding may move that."""
    count = len(next(iter(many.values())))

    def part(n: int) -> Callable[[Sequence[Any]], Array]:
        return lambda arrays: parts(arrays)[n]

    def parts(arrays: Sequence[Any]) -> list[Array]:
        given = iter(arrays)
        own = {i: [next(given) for _ in range(count)] if i in many else [next(given)] * count for i in places}
        answers = [f(*(Tensor(own[i][k]) for i in places)) for k in range(count)]
        rows = [answer if isinstance(answer, tuple) else (answer,) for answer in answers]
        return [np.stack([row[n].data for row in rows]) for n in range(len(rows[0]))]

    arrays = [x for i in places for x in (many[i] if i in many else [s.operands[i]])]
    with np.errstate(all="ignore"):
        values = parts(arrays)
        if not s.smooth or not s.primitive.differentiable:
            return values, [4 * EPSILON * np.abs(v) if v.dtype.kind in "fc" else 0.0 for v in values]
        return values, [rounded(part(n), arrays).error for n in range(len(values))]


def _answer(s: Subject, law: str, f: Function, given: Sequence[Tensor]) -> list[Tensor]:
    """What f gives; a failure breaks the law."""
    try:
        with np.errstate(all="ignore"):
            answer = f(*given)
    except (AutotensorError, ValueError, TypeError, IndexError) as reason:
        raise LawError(f"{law}: {type(reason).__name__}: {reason} In {s}.") from reason
    return list(answer) if isinstance(answer, tuple) else [answer]


def _compared(s: Subject, law: str, found: Sequence[Tensor], stacked: Sequence[Array], errors: Sequence[Any]) -> None:
    for y, expected, error in zip(found, stacked, errors, strict=True):
        if y.dtype != expected.dtype:
            raise LawError(f"{law}: vmap gives {y.dtype}, the stack {expected.dtype}, in {s}.")
        one, other = (x.astype(np.int8) if x.dtype.kind == "b" else x for x in (y.data, expected))
        same(s, law, Claim("vmap", one), Claim("the stack", other, error))


def _differentiated(s: Subject, places: Sequence[int], many: dict[int, list[Array]], floats: Sequence[int]) -> None:
    """The gradient of a function that has the mapped primitive inside: a shared operand's is the sum over the examples."""
    f = _call(s, places)
    mapped = vmap(f, tuple(0 if i in many else None for i in places))

    def inside(*arrays: Any) -> Any:
        return _weighted(mapped(*arrays), 1)

    law = f"grad of vmap over operands {list(many)}"
    given = [Tensor(np.stack(many[i]) if i in many else s.operands[i]) for i in places]
    found = _answer(s, law, grad(inside, tuple(floats)), given)
    stacked, errors = _stack(s, _gradient(s, places, floats), places, many)
    for k, (expected, error) in enumerate(zip(stacked, errors, strict=True)):
        if places[floats[k]] not in many:
            size = np.abs(expected).sum(axis=0)
            stacked[k], errors[k] = (
                expected.sum(axis=0),
                np.sum(np.broadcast_to(error, expected.shape), axis=0) + 4 * EPSILON * size,
            )
    _compared(s, law, found, stacked, errors)


def _nested(s: Subject, places: Sequence[int]) -> None:
    """vmap of vmap: the outer over all operands, the inner over the first alone, then over the last alone."""
    f = _call(s, places)
    for inner in {places[0], places[-1]}:
        many = {i: _varied(s, i, range(2)) for i in places}
        rows = _varied(s, inner, range(2 * EXAMPLES))
        table = {**many, inner: [np.stack(rows[:EXAMPLES]), np.stack(rows[EXAMPLES:])]}
        mapped = vmap(vmap(f, tuple(0 if i == inner else None for i in places)))
        law = f"vmap of vmap, the inner over operand {inner}"
        found = _answer(s, law, mapped, [Tensor(np.stack(table[i])) for i in places])
        pairs = list(itertools.product(range(2), range(EXAMPLES)))
        flat = {i: rows if i == inner else [many[i][j] for j, _ in pairs] for i in places}
        stacked, errors = _stack(s, f, places, flat)
        shapes = [(2, EXAMPLES, *x.shape[1:]) for x in stacked]
        errors = [np.broadcast_to(e, x.shape).reshape(shape) for e, x, shape in zip(errors, stacked, shapes, strict=True)]
        _compared(s, law, found, [x.reshape(shape) for x, shape in zip(stacked, shapes, strict=True)], errors)
