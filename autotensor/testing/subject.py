"""What the laws share: a primitive with its operands sorted out, and a comparison that says who claims what."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.primitive import MATRICES, Primitive
from autotensor.core.spec import SCALARS, Array, DType, Shape
from autotensor.core.tensor import Tensor
from autotensor.testing.numeric import EPSILON

NORMWISE = 2**14 * EPSILON  # what rounding, and differences of it, may do to matrices, relative to their largest element


class LawError(AssertionError):
    """A primitive that breaks a law: where, what each side says, and what was put in."""


class Claim(NamedTuple):
    """One side of a comparison."""

    who: str  # whose value it is, as the message names it
    value: Any
    error: Any = 0.0  # how far it may be from the truth


class Subject(NamedTuple):
    """A primitive with its operands; `point` holds each differentiable array once."""

    primitive: Primitive
    operands: tuple[Any, ...]
    settings: dict[str, Any]
    point: tuple[Array, ...]
    places: tuple[int | None, ...]  # for each operand its position in `point`, None for a constant

    def at(self, point: Sequence[Any]) -> tuple[Any, ...]:
        """The operands with other values in place of `point`."""
        return tuple(x if k is None else point[k] for x, k in zip(self.operands, self.places, strict=True))

    @property
    def smooth(self) -> bool:
        """Whether its rules bear values moved by ulps; near kinks they compare y with the operands, to the last bit.

        Those of matrices compare nothing, and their rounding grows with the matrix's condition.
        """
        return type(self.primitive).kinks is Primitive.kinks or self.of_matrices

    @property
    def analytic(self) -> bool:
        """Whether the complex step is exact for it, which is a step away from real operands."""
        return self.primitive.analytic and not any(np.iscomplexobj(x) for x in self.operands)

    @property
    def of_matrices(self) -> bool:
        return not MATRICES.isdisjoint(self.primitive.kinds)

    def value(self, point: Sequence[Any]) -> Any:
        return self.primitive.value(*self.at(point), **self.settings)

    def record(self, leaves: Sequence[Tensor]) -> Tensor:
        result: Tensor = self.primitive(*self.at(leaves), **self.settings)
        return result

    def __str__(self) -> str:
        inputs = ", ".join(_written(x) for x in self.operands)
        return f"{self.primitive.name}({inputs}" + "".join(f", {k}={v!r}" for k, v in self.settings.items()) + ")"


def _written(x: Any) -> str:
    return repr(x) if isinstance(x, SCALARS) else f"array({x.tolist()}, {x.dtype}, strides={x.strides})"


def subject(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> Subject:
    """`operands` sorted into what is differentiated and what is constant."""
    point: list[Array] = []
    places: list[int | None] = []
    for x in operands:
        if isinstance(x, SCALARS) or x.dtype.kind not in "fc":
            places.append(None)
            continue
        k = next((k for k, known in enumerate(point) if known is x), len(point))
        point[k:] = point[k:] or [x]
        places.append(k)
    return Subject(primitive, tuple(operands), dict(settings), tuple(point), tuple(places))


def leaf(x: Array) -> Tensor:
    """A leaf on the very array, whatever its strides."""
    return Tensor(x).requires_grad_()


def directions(arrays: Sequence[Any], salt: int) -> list[Array]:
    """One array of numbers in [-1, 1] for each of `arrays`, both parts of complex ones; the same ones every time."""
    rng = np.random.default_rng(salt)
    return [_within_one(rng, np.shape(x), x.dtype) for x in arrays]


def _within_one(rng: np.random.Generator, shape: Shape, dtype: DType) -> Array:
    parts = [rng.integers(-64, 65, shape) / 64 for _ in ("real", "imaginary")[: 1 + (dtype.kind == "c")]]
    return np.asarray(parts[0] + 1j * parts[1] if len(parts) > 1 else parts[0], dtype)


def real_part(x: Any, like: Any) -> Any:
    """`x`, or its real part if `like` is real: what the sweep makes of a complex cotangent that reaches a real operand."""
    return np.real(x) if np.asarray(like).dtype.kind != "c" else x


def same(s: Subject, law: str, one: Claim, other: Claim) -> None:
    """Raise LawError unless both values agree within their errors.

    Raises: LawError, which names the worst element, both values and the tolerance.
    """
    a, b = np.asarray(one.value), np.asarray(other.value)
    if a.shape != b.shape:
        raise LawError(f"{law}: {one.who} has shape {a.shape}, {other.who} has shape {b.shape}, in {s}.")
    if not a.size:
        return
    tolerance = np.broadcast_to(np.asarray(one.error) + np.asarray(other.error), a.shape)
    if s.of_matrices:  # each element rounds as the largest does: it is a sum of products with it
        tolerance = tolerance + NORMWISE * max(np.max(np.abs(a)), np.max(np.abs(b)))
    excess = np.abs(a - b) - tolerance
    excess = np.where(np.isnan(excess), np.where(np.isnan(a) & np.isnan(b), -1.0, np.inf), excess)
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), a.shape))
    if excess[worst] > 0:
        raise LawError(
            f"{law}: at index {worst} {one.who} says {a[worst]!s} and {other.who} says {b[worst]!s}, "
            f"{abs(a[worst] - b[worst]):.3g} apart with a tolerance of {tolerance[worst]:.3g}, in {s}."
        )


def subsets(n: int) -> Iterator[tuple[int, ...]]:
    """The nonempty subsets of range(n).

    >>> list(subsets(2))
    [(0,), (1,), (0, 1)]
    """
    return itertools.chain.from_iterable(itertools.combinations(range(n), k) for k in range(1, n + 1))
