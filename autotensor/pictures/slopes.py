"""A primitive's values and slopes as it computes them itself: along a line for its plot, and where it has a kink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import LinAlgError
from autotensor.core.primitive import MATRICES, Elementwise, Primitive
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.pictures.function_plots import SampledFunction
from autotensor.pictures.wording import number, written

REACH = 3.0  # plots go this far from 0, or from the end of the domain
SAMPLES = 480  # even: none of them is 0, so no line is drawn through a jump there


class Kink(NamedTuple):
    """The derivative that is chosen where there is none."""

    where: str
    slopes: str


def sampled(primitive: Primitive) -> SampledFunction | None:
    """The primitive and its derivative along a line inside its domain.

    None unless it is an elementwise differentiable function of one variable.

    >>> from autotensor import ops
    >>> sampled(ops.relu).dots, sampled(ops.add)
    (((0.0, 0.0, 0.0),), None)
    """
    if not isinstance(primitive, Elementwise) or not primitive.differentiable or len(primitive.partials) != 1:
        return None
    low, high = primitive.domain[0] if primitive.domain else (-np.inf, np.inf)
    low, high = (max(low, -REACH), min(high, max(REACH, low + REACH)))
    x = np.linspace(low, high, SAMPLES)
    settings = primitive.examples[0][1] if primitive.examples else {}
    y, (slope,) = _value_and_gradients(primitive, [x], settings)
    corners = np.array([c for c in np.arange(-2 * REACH, 2 * REACH + 1) / 2 if low < c < high])
    corners = corners[np.broadcast_to(primitive.kinks(corners, **settings) == 0, corners.shape)]
    if not len(corners):
        return SampledFunction(x, y, slope, ())
    at, (chosen,) = _value_and_gradients(primitive, [corners], settings)
    return SampledFunction(x, y, slope, tuple(zip(corners.tolist(), at.tolist(), chosen.tolist(), strict=True)))


def kink_of(primitive: Primitive, names: Sequence[str], curves: SampledFunction | None) -> Kink | None:
    """Where there is a kink, and the slope that the rules give there; None if there is no kink.

    >>> from autotensor import ops
    >>> kink_of(ops.relu, ("x",), sampled(ops.relu))
    Kink(where='x = 0', slopes='dy/dx = 0')
    """
    if type(primitive).kinks is Primitive.kinks or not primitive.differentiable:
        return None
    if curves is not None:
        near = sorted(sorted(curves.dots, key=lambda dot: abs(dot[0]))[:3])
        more = ", …" if len(curves.dots) > len(near) else ""
        return Kink("x = " + ", ".join(number(x) for x, _, _ in near) + more, f"dy/dx = {_distinct([s for *_, s in near])}")
    label = "dy/d" if isinstance(primitive, Elementwise) else "d"
    shapes, settings = primitive.examples[0] if primitive.examples else (((),) * len(names), {})
    of_matrices = not MATRICES.isdisjoint(primitive.kinds)
    for level in (1.0, 0.0):  # a tie, or a jump at 0
        operands = [np.zeros(shape) + np.eye(*shape[-2:]) if of_matrices else np.full(shape, level) for shape in shapes]
        if np.all(np.asarray(primitive.kinks(*operands, **settings)) == 0):
            break
    else:
        return None
    place = "the identity" if of_matrices else number(level) + (" everywhere" if shapes[0] else "")
    words = [" = ".join((*names, place)), *([f"shape {shapes[0]}"] if shapes[0] else [])]
    words += [f"{key}={written(value)}" for key, value in settings.items()]
    try:
        _, gradients = _value_and_gradients(primitive, operands, settings)
    except LinAlgError:
        return Kink(", ".join(words), "an error: there is none")
    slopes = [f"{label}{name} = {_distinct(c.ravel().tolist())}" for name, c in zip(names, gradients, strict=True)]
    return Kink(", ".join(words), ", ".join(slopes))


def _value_and_gradients(primitive: Primitive, operands: Sequence[Array], settings: dict[str, Any]) -> tuple[Array, list[Array]]:
    """In float64; the cotangent is all 1."""
    leaves = [Tensor(np.asarray(x, np.float64)).requires_grad_() for x in operands]
    y: Tensor = primitive(*leaves, **settings)
    y.backward(np.ones(y.shape))
    return y.data, [np.zeros(x.shape) if x.grad is None else x.grad.data for x in leaves]


def _distinct(numbers: Sequence[float]) -> str:
    return ", ".join(dict.fromkeys(number(x) for x in numbers))
