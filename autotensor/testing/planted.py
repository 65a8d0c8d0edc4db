"""Rules that are wrong on purpose, one for each mistake that people make: what a checker of gradients must catch.

They are declared when `planted` is entered and leave the registry when it is left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import numpy_functions, plain, recorded
from autotensor.core.primitive import Elementwise, Multilinear, Primitive, registry
from autotensor.core.spec import Array
from autotensor.ops.reduction import Max


class Plant(NamedTuple):
    """A wrong function, where to look at it, and the word that the suspected cause should contain."""

    mistake: str
    make: Callable[[], Callable[..., Any]]
    inputs: tuple[Array, ...]
    suspect: str


class WrongSign(Elementwise):
    """cos with the derivative of -cos."""

    numpy = np.cos
    partials = (lambda ns, y, x: ns.sin(x),)
    analytic = True


class WrongFactor(Elementwise):
    """x**2 with the derivative 4 x."""

    numpy = np.square
    partials = (lambda ns, y, x: 4 * x,)
    analytic = True


class SlightlyWrong(Elementwise):
    """tanh, a billionth off."""

    numpy = np.tanh
    partials = (lambda ns, y, x: (1 - y * y) * (1 + 1e-9),)
    analytic = True


class WrongOperand(Elementwise):
    """a * b, each operand with the other's derivative."""

    numpy = np.multiply
    partials = (lambda ns, y, a, b: a, lambda ns, y, a, b: b)
    analytic = True


class WrongBeyond(Elementwise):
    """A ramp to 1 whose rule forgets that it is flat beyond."""

    partials = (1,)

    @staticmethod
    def numpy(x: Any) -> Any:
        return np.minimum(x, 1.0)


class MissingUpstream(Elementwise):
    """sin whose rule does not multiply by the cotangent."""

    numpy = np.sin
    partials = (lambda ns, y, x: ns.cos(x),)
    analytic = True

    def vjp(self, i: int, ns: Any, g: Any, y: Any, *operands: Any) -> Any:
        return ns.cos(operands[0])


class WrongTangent(Elementwise):
    """exp, right in reverse mode, twice as much in forward mode."""

    numpy = np.exp
    partials = (lambda ns, y, x: y,)
    analytic = True

    def jvp(self, ns: Any, tangents: Sequence[Any], y: Any, *operands: Any, **settings: Any) -> Any:
        return 2 * tangents[0] * y


class TransposedWrongly(Multilinear):
    """a @ b of square operands, with the cotangent of a transposed."""

    transposes = (
        lambda ns, g, a, b: ns.matmul(b, ns.permute(g, axes=(1, 0))),
        lambda ns, g, a, b: ns.matmul(ns.permute(a, axes=(1, 0)), g),
    )
    analytic = True

    def value(self, a: Any, b: Any) -> Any:
        return a @ b


class NotSummed(Multilinear):
    """x + b, a row added to every row, where only the first row of the cotangent reaches b."""

    transposes = (
        lambda ns, g, x, b: g,
        lambda ns, g, x, b: ns.reshape(ns.getitem(g, index=(slice(0, 1),)), shape=tuple(b.shape)),
    )

    def value(self, x: Any, b: Any) -> Any:
        return x + b

    def jvp(self, ns: Any, tangents: Sequence[Any], y: Any, *operands: Any, **settings: Any) -> Any:
        whole = [ns.expand(t, shape=tuple(y.shape)) for t in tangents if t is not None]
        return whole[0] if len(whole) == 1 else whole[0] + whole[1]


class MeanForSum(Multilinear):
    """A sum over the first axis with the derivative of a mean."""

    transposes = (lambda ns, g, x: ns.expand(g, shape=tuple(x.shape)) / x.shape[0],)

    def value(self, x: Any) -> Any:
        return np.sum(x, axis=0)


class WholeToEveryTie(Max):
    """max that gives the whole cotangent to each of the elements that tie."""

    def _shares(self, ns: Any, y: Any, x: Any, axis: Any) -> Any:
        kept = tuple(1 if i in axis else n for i, n in enumerate(x.shape))
        return ns.cast(ns.equal(x, ns.reshape(y, shape=kept)), dtype=x.dtype)


class OutsideTheSlopes(Elementwise):
    """|x| with the derivative 3 at 0."""

    numpy = np.abs
    partials = (lambda ns, y, x: ns.where(ns.equal(y, 0.0), 3.0, ns.sign(x)),)


class CallsNumPy(Elementwise):
    """tanh whose rule computes with NumPy: right once, a constant to the next derivative."""

    numpy = np.tanh
    partials = (lambda ns, y, x: 1 - np.asarray(getattr(y, "data", y)) ** 2,)
    analytic = True


class Detached(Elementwise):
    """exp whose rule detaches what it saved."""

    numpy = np.exp
    partials = (lambda ns, y, x: ns.stop(y),)
    analytic = True


class UpstreamDetached(Elementwise):
    """exp whose rule detaches the cotangent."""

    numpy = np.exp
    partials = (lambda ns, y, x: y,)
    analytic = True

    def vjp(self, i: int, ns: Any, g: Any, y: Any, *operands: Any) -> Any:
        return ns.stop(g) * y


class WrongSecond(Elementwise):
    """x**3 whose derivative 3 x**2 is made so that its own derivative is 3 x."""

    @staticmethod
    def numpy(x: Any) -> Any:
        return x * x * x

    partials = (lambda ns, y, x: 3 * x * ns.stop(x),)
    analytic = True


class ChangesTheCotangent(Elementwise):
    """exp whose rule doubles the cotangent in place."""

    numpy = np.exp
    partials = (lambda ns, y, x: y,)

    def vjp(self, i: int, ns: Any, g: Any, y: Any, *operands: Any) -> Any:
        if isinstance(g, np.ndarray):
            g *= 2
        return g * y / 2


class Raises(Multilinear):
    """A sum of squares whose rule has a cotangent of the wrong shape."""

    transposes = (lambda ns, g, x: ns.matmul(g, x),)

    def value(self, x: Any) -> Any:
        return np.sum(x * x)


ROW = np.array([0.3, -0.7, 1.2])
TABLE = np.array([[0.5, -1.5, 0.25], [1.0, 0.75, -0.5], [-0.25, 2.0, 1.5]])
OTHER = np.array([[1.5, 0.5, -1.0], [0.25, -0.75, 2.0], [1.25, 1.0, 0.5]])
TIED = np.array([3.0, 1.0, 3.0, 2.0])


def _of(kind: type[Primitive], **settings: Any) -> Callable[[], Callable[..., Any]]:
    def make() -> Callable[..., Any]:
        primitive = kind()
        return lambda *operands: primitive(*operands, **settings)

    return make


PLANTS = (
    Plant("sign", _of(WrongSign), (ROW,), "sign"),
    Plant("factor 2", _of(WrongFactor), (ROW,), "factor 2"),
    Plant("off by 1e-9", _of(SlightlyWrong), (ROW,), "factor 1"),
    Plant("the other operand", _of(WrongOperand), (ROW, TABLE[2]), "swapped"),
    Plant("mask forgotten", _of(WrongBeyond), (np.array([0.3, 0.6, 1.7]),), "elements only"),
    Plant("missing upstream gradient", _of(MissingUpstream), (ROW,), "missing upstream"),
    Plant("wrong jvp alone", _of(WrongTangent), (ROW,), "jvp"),
    Plant("transposed", _of(TransposedWrongly), (TABLE, OTHER), "transposed"),
    Plant("missing broadcast sum", _of(NotSummed), (TABLE, ROW), "missing broadcast sum"),
    Plant("mean for sum", _of(MeanForSum), (TABLE,), "factor 1/3"),
    Plant("wrong at ties", _of(WholeToEveryTie, axis=(0,), keepdims=False), (TIED,), "ties"),
    Plant("outside the slopes at a kink", _of(OutsideTheSlopes), (np.array([0.0, 1.0, -2.0]),), "kink"),
    Plant("NumPy called inside a rule", _of(CallsNumPy), (ROW,), "zero second order"),
    Plant("detached in a rule", _of(Detached), (ROW,), "zero second order"),
    Plant("upstream detached", _of(UpstreamDetached), (ROW,), "zero second order"),
    Plant("wrong second order", _of(WrongSecond), (ROW,), "factor 1/2"),
    Plant("cotangent changed in place", _of(ChangesTheCotangent), (ROW,), "in-place"),
    Plant("shapes that do not fit", _of(Raises), (ROW,), "shape"),
    Plant("the graph left", lambda: lambda x: x * x.detach().exp() + 0 * x, (ROW,), ""),
    Plant("NaN from a branch not taken", lambda: lambda x: recorded.where(x > 0, x.sqrt(), 0.0 * x), (ROW,), "not finite"),
)


@contextlib.contextmanager
def planted(plant: Plant) -> Iterator[Callable[..., Any]]:
    """The wrong function, while the block runs.

    >>> with planted(PLANTS[0]) as f:
    ...     "wrong_sign" in registry
    True
    >>> "wrong_sign" in registry
    False
    """
    tables: tuple[dict[Any, Any], ...] = (registry, vars(plain), vars(recorded), numpy_functions)
    before = [dict(table) for table in tables]
    try:
        yield plant.make()
    finally:
        for table, kept in zip(tables, before, strict=True):
            table.clear()
            table.update(kept)
