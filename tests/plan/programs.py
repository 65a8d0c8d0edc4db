"""Random programs for the fuzzers: operations on values that are there, whose shapes fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.namespace import recorded
from autotensor.core.spec import Spec
from autotensor.core.tensor import Tensor
from autotensor.plan.graph import Value
from autotensor.plan.tracer import Traced, Tracer

SHAPES = [(), (1,), (3,), (4,), (3, 4), (4, 3), (3, 3), (1, 4), (3, 1), (2, 3, 4), (0, 3), (2, 19)]
LAYOUTS = ["C", "double", "transposed", "reversed"]
UNARY = [at.tanh, at.exp, at.abs, at.negative, at.square, at.relu, at.sigmoid, at.sin, at.floor, at.sign, at.stop_gradient]
BINARY = [at.add, at.subtract, at.multiply, at.maximum, at.minimum, at.divide, at.atan2]
SCALARS = [1, 1.0, -1.0, 0.0, -0.0, 2, 0.5, True]

Step = Callable[[list[Any]], Any]  # all values so far -> the next one


class Program:
    """Steps, each a function of the values so far; the same for Tensors and for what is traced."""

    def __init__(self, inputs: list[tuple[tuple[int, ...], str]], steps: list[Step], out: list[int]) -> None:
        self.inputs, self.steps, self.out = inputs, steps, out

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        values = list(given)
        for step in self.steps:
            values.append(step(values))
        return tuple(values[i] for i in self.out)

    def numbers(self, seed: int) -> list[np.ndarray]:
        """Arguments, with many zeros and equal numbers among them."""
        rng = np.random.default_rng(seed)
        return [laid_out(rng.integers(-32, 33, shape) / 16, layout) for shape, layout in self.inputs]


def laid_out(x: Any, layout: str) -> np.ndarray:
    x = np.asarray(x, "float64" if layout == "double" else "float32")
    if layout == "transposed":
        return np.array(x.T, order="C").T
    return x[::-1].copy()[::-1] if layout == "reversed" and x.ndim else x


@st.composite
def programs(draw: Any, gradients: bool = False) -> Program:
    """A program of 3 to 40 steps (12 to be differentiated); values may be given out twice, arguments and views too."""
    inputs = draw(st.lists(st.tuples(st.sampled_from(SHAPES), st.sampled_from(LAYOUTS)), min_size=1, max_size=3))
    values: list[Any] = [
        Traced(Value(Spec(shape, np.dtype("float64" if layout == "double" else "float32")), "argument"))
        for shape, layout in inputs
    ]
    steps: list[Step] = []
    with Tracer():
        for _ in range(draw(st.integers(3, 12 if gradients else 40))):
            recent = draw(st.booleans())
            i = len(values) - 1 if recent else draw(st.integers(0, len(values) - 1))
            step = draw(st.sampled_from(KINDS))(draw, i, values)
            steps.append(step)
            values.append(step(values))
    out = draw(st.lists(st.integers(0, len(values) - 1), min_size=1, max_size=4))
    return Program(inputs, steps, [*out, len(values) - 1] if draw(st.booleans()) else out)


def broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    try:
        return np.prod(np.broadcast_shapes(one, other)) <= 200
    except ValueError:
        return False


def beside(draw: Any, x: Any, values: Sequence[Any]) -> int:
    """A value that broadcasts with x; x itself does."""
    return draw(st.sampled_from([j for j, y in enumerate(values) if y is x or broadcasts(x.shape, y.shape)]))


def limited(x: Any) -> Any:
    return at.clip(x, -0.5, 1)


def unary(draw: Any, i: int, values: list[Any]) -> Step:
    f = draw(st.sampled_from([*UNARY, at.softmax, at.log_softmax, limited] if values[i].ndim and values[i].size else UNARY))
    return lambda v: f(v[i])


def binary(draw: Any, i: int, values: list[Any]) -> Step:
    j, f = beside(draw, values[i], values), draw(st.sampled_from(BINARY))
    return (lambda v: f(v[i], v[j])) if draw(st.booleans()) else (lambda v: f(v[j], v[i]))


def with_scalar(draw: Any, i: int, values: list[Any]) -> Step:
    c, f = draw(st.sampled_from(SCALARS)), draw(st.sampled_from(BINARY))
    f = at.multiply if f is at.divide and not c else f  # divide's rule divides Python numbers, and 0 is an error there
    return (lambda v: f(v[i], c)) if draw(st.booleans()) else (lambda v: f(c, v[i]))


def with_constant(draw: Any, i: int, values: list[Any]) -> Step:
    shape = values[i].shape if values[i].size else ()
    c = np.linspace(-1, 1, int(np.prod(shape, dtype=int))).reshape(shape).astype(draw(st.sampled_from(["float32", "float64"])))
    c = np.ones_like(c) if draw(st.booleans()) else c
    return lambda v: v[i] * Tensor(c)


def repeated(draw: Any, i: int, values: list[Any]) -> Step:
    return lambda v: v[i] * v[i] + v[i]


def reduction(draw: Any, i: int, values: list[Any]) -> Step:
    x = values[i]
    axis, keep = draw(st.sampled_from([None, *range(x.ndim)])), draw(st.booleans())
    f = draw(st.sampled_from([at.sum, at.mean] if 0 in x.shape else [at.sum, at.max, at.min, at.mean]))
    return lambda v: f(v[i], axis=axis, keepdims=keep)


def of_rows(draw: Any, i: int, values: list[Any]) -> Step:
    """What softmax and its losses do: numbers of a row, beside the row, or by themselves."""
    x = values[i]
    if x.ndim != 2 or 0 in x.shape:
        return lambda v: v[i] * 2
    labels = np.array([draw(st.integers(-x.shape[1], x.shape[1] - 1)) for _ in range(x.shape[0])])
    choices: list[Step] = [
        lambda v: v[i] - at.max(v[i], axis=1, keepdims=True),
        lambda v: v[i] / at.sum(v[i], axis=1, keepdims=True),
        lambda v: v[i] * at.reshape(at.sum(v[i], axis=1), (-1, 1)),
        lambda v: recorded.pick(v[i], labels) * at.min(v[i], axis=1),
        lambda v: recorded.unpick(at.sum(v[i], axis=1), labels, classes=x.shape[1]) - v[i],
        lambda v: at.astype(at.argmax(v[i], axis=1), "float32"),
        lambda v: at.mean(at.max(v[i], axis=1)) * 0.5,
    ]
    return draw(st.sampled_from(choices))


def product(draw: Any, i: int, values: list[Any]) -> Step:
    x = values[i]
    others = [j for j, y in enumerate(values) if x.ndim and y.ndim and x.shape[-1] == y.shape[-2 if y.ndim > 1 else 0]]
    others = [j for j in others if min(x.ndim, values[j].ndim) < 3]
    if not others:
        return lambda v: v[i] + 1
    j = draw(st.sampled_from(others))
    return lambda v: at.matmul(v[i], v[j])


def joined(draw: Any, i: int, values: list[Any]) -> Step:
    x = values[i]
    j = draw(st.sampled_from([j for j, y in enumerate(values) if y.shape == x.shape]))
    if not x.ndim:
        return lambda v: at.stack([v[i], v[j]])
    axis = draw(st.integers(0, x.ndim - 1))
    return lambda v: at.concat([v[i], v[j]], axis=axis)


def cast(draw: Any, i: int, values: list[Any]) -> Step:
    kind = draw(st.sampled_from(["float32", "float64", "int64"]))
    if kind == "int64":
        return lambda v: at.astype(at.astype(at.clip(v[i], -100, 100), kind), "float32")
    return lambda v: at.astype(v[i], kind)


def choice(draw: Any, i: int, values: list[Any]) -> Step:
    j = beside(draw, values[i], values)
    return lambda v: at.where(v[i] > v[j], v[j], v[i])


def rows(draw: Any, i: int, values: list[Any]) -> Step:
    n = values[i].shape[0] if values[i].ndim else 0
    if not n:
        return lambda v: v[i] - 1
    index = [draw(st.integers(-n, n - 1)) for _ in range(draw(st.integers(1, 3)))]
    return lambda v: v[i][index]


def view(draw: Any, i: int, values: list[Any]) -> Step:
    shape = values[i].shape
    axes = tuple(draw(st.permutations(range(len(shape)))))
    step = draw(st.sampled_from([1, 2, -1]))
    row = draw(st.integers(0, shape[0] - 1)) if shape and shape[0] else None
    choices: list[Step] = [lambda v: at.reshape(v[i], (-1,)), lambda v: v[i][None], lambda v: at.permute_dims(v[i], axes)]
    if shape and 1 not in (shape[0], shape[-1]):  # arctan2 of one element, reversed, is another number where `out` is given
        choices += [lambda v: v[i][..., ::step], lambda v: v[i][::-1]]
    if row is not None:
        choices.append(lambda v: v[i][row])
    if len(shape) < 3:
        choices.append(lambda v: at.broadcast_to(v[i], (2, *shape)))
    return draw(st.sampled_from(choices))


def checked(draw: Any, i: int, values: list[Any]) -> Step:
    return lambda v: recorded.checked(v[i], check=np.shape)


KINDS = [
    unary,
    binary,
    binary,
    with_scalar,
    with_constant,
    repeated,
    reduction,
    of_rows,
    product,
    joined,
    cast,
    choice,
    rows,
    view,
    view,
    checked,
]
