"""The exponential of a matrix, by a primitive that is its own derivative: of a block matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Array, Spec
from autotensor.ops.conversion import lift
from autotensor.ops.matrices import MatrixFunction, block_derivative, floating, square
from autotensor.ops.products import swap

# the Pade approximant p(x)/p(-x) of degree 13, and the largest 1-norm for which it is exact to rounding in float64
PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800,
    33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
LARGEST = 5.371920351148152


class Expm(MatrixFunction):
    """Exponential of a matrix: y = 1 + x + x**2/2! + ...; dy along t is the upper right block of expm([[x, t], [0, x]]).

    Its adjoint is the same for x.T. The value by scaling and squaring.
    Source: Higham 2005, "The scaling and squaring method for the matrix exponential revisited", algorithm 2.3, for the value;
    Mathias 1996, "A chain rule for matrix functions and applications", for the derivative.
    """

    analytic = True
    kinds = ("regular",)
    examples = ((((2, 2),), {}), (((2, 2, 2),), {}), (((3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))

    def value(self, x: Any) -> Any:
        square(x.shape, self.name)
        x = x.astype(floating(x.dtype), copy=False)
        norm = float(np.max(np.sum(np.abs(x), axis=-2), initial=0.0))
        halvings = max(0, math.ceil(math.log2(norm / LARGEST))) if 0 < norm < math.inf else 0
        y = _pade(x / x.dtype.type(2.0) ** halvings)
        for _ in range(halvings):
            y = y @ y
        return y

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        return block_derivative(ns, ns.expm, swap(ns, x), g)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        return block_derivative(ns, ns.expm, x, tangents[0])


def _pade(x: Array) -> Array:
    """expm(x) for a 1-norm up to LARGEST."""
    b = [x.dtype.type(c) for c in PADE]
    one = np.eye(x.shape[-1], dtype=x.dtype)
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    odd = x @ (x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one)
    even = x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
    return np.linalg.solve(even - odd, even + odd)


_expm = Expm()


def expm(x: Any, /) -> Any:
    """Exponential of a matrix: y = 1 + x + x**2/2! + x**3/3! + ...

    Shapes: (..., n, n) -> the same.
    Raises: ShapeError unless the matrices are square.
    Source: Higham 2005, by scaling and squaring; a derivative costs about eight values.

    >>> import autotensor as at
    >>> at.linalg.expm(at.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return _expm(lift(x))
