"""The principal square root of a matrix, by a primitive that is its own derivative: of a block matrix.

It asks for no eigenvectors, so its derivatives are right where eigenvalues are equal. From it come functions with a jump: with
a = x - c, the projector on the eigenvectors of a Hermitian x whose eigenvalues are above c is (1 + a (a a)**(-1/2)) / 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.namespace import Namespace
from autotensor.core.spec import Array, Spec
from autotensor.ops.conversion import lift
from autotensor.ops.matrices import MatrixFunction, block_derivative, floating, inexact, square
from autotensor.ops.products import swap

STEPS = 50  # far more than a matrix takes that has a root


class Sqrtm(MatrixFunction):
    """Principal square root: y @ y = x; dy along t solves y dy + dy y = t: the upper right block of sqrtm([[x, t], [0, x]]).

    Its adjoint is the same for x.T. The value by the product form of the iteration of Denman and Beavers, scaled by determinants.
    Source: Higham 2008, "Functions of Matrices", chapter 6, for the value; Mathias 1996, "A chain rule for matrix functions and
    applications", for the derivative.
    """

    analytic = True
    kinds = ("positive",)
    examples = ((((2, 2),), {}), (((2, 2, 2),), {}), (((3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))
    refusal = "has an eigenvalue that is 0 or negative, so it has no principal square root: add a small multiple of the identity"

    def value(self, x: Any) -> Any:
        square(x.shape, self.name)
        with np.errstate(all="ignore"):  # where there is no root nothing converges
            return self.guarded(_root, inexact(x))

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        return block_derivative(ns, ns.sqrtm, swap(ns, x), g)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        return block_derivative(ns, ns.sqrtm, x, tangents[0])


def _root(x: Array) -> Array:
    """The limit y of a product whose other factor, m, goes to the identity.

    Raises: numpy.linalg.LinAlgError if it does not.
    """
    n = x.shape[-1]
    one = np.eye(n, dtype=x.dtype)
    y, m = x, x
    enough = np.sqrt(np.finfo(x.dtype).eps) / max(n, 1)
    for _ in range(STEPS):
        left = np.max(np.abs(m - one), initial=0.0)
        # a determinant of 1 goes there fastest; near the end no scaling, so that each step squares what is left
        c = np.exp(-np.linalg.slogdet(m)[1] / n)[..., None, None].astype(x.dtype) if left > 0.1 else x.dtype.type(1)
        inverse = np.linalg.inv(m) / c
        y = y @ (one + inverse) * (np.sqrt(c) / 2)
        m = (one + (m * c + inverse) / 2) / 2
        if left <= enough:
            return y
    raise np.linalg.LinAlgError("no convergence")


_sqrtm = Sqrtm()


def sqrtm(x: Any, /) -> Any:
    """Principal square root of a matrix, y @ y = x: the one whose eigenvalues have positive real parts.

    Shapes: (..., n, n) -> the same. Real of real matrices.
    Raises: LinAlgError, with the matrix's index, if an eigenvalue is 0 or negative; ShapeError unless the matrices are square.
    Source: Higham 2008, "Functions of Matrices", chapter 6; a derivative costs about eight values.

    >>> import autotensor as at
    >>> at.linalg.sqrtm(at.tensor([[4.0, 4.0], [0.0, 4.0]]))
    tensor([[2., 1.],
            [0., 2.]])
    """
    return _sqrtm(lift(x))
