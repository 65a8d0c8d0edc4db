"""Linear equations: solving them, inverses, and least squares where there is no solution or more than one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.namespace import Namespace, recorded
from autotensor.core.spec import Spec, broadcast_shapes
from autotensor.ops.conversion import lift
from autotensor.ops.matrices import MatrixFunction, adjoint, conjugate, floating, identity, matrix, real_part, square
from autotensor.ops.products import matmul, swap
from autotensor.ops.reduction import sum
from autotensor.ops.shaping import reshape
from autotensor.ops.singular_values import matrix_rank, svdvals


class Solve(MatrixFunction):
    """Solution of linear equations: y = a**-1 b; db = a.T**-1 g, da = -db y.T.

    Source: Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation", 2.3.1.
    """

    analytic = True
    kinds = ("regular", "float")
    examples = (
        (((2, 2), (2, 1)), {}),
        (((3, 3), (3, 2)), {}),
        (((2, 1, 2, 2), (3, 2, 1)), {}),
        (((2, 2), (2, 0)), {}),
        (((0, 2, 2), (2, 1)), {}),
    )

    def value(self, a: Any, b: Any) -> Any:
        return self.guarded(np.linalg.solve, a, b, one=np.linalg.inv)

    def shape(self, a: Spec, b: Spec) -> Spec:  # type: ignore[override]
        n = square(a.shape, self.name)[-1]
        if len(b.shape) < 2 or b.shape[-2] != n:
            raise ShapeError(f"{a.shape} x = {b.shape} does not fit: the right side must have {n} rows.")
        lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return Spec((*lead, *b.shape[-2:]), floating(a.dtype, b.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, a: Any, b: Any) -> Any:
        c = ns.solve(swap(ns, a), g)
        return c if i == 1 else -(c @ swap(ns, y))

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, a: Any, b: Any) -> Any:
        ta, tb = tangents
        t = ns.solve(a, tb if ta is None else -(ta @ y) if tb is None else tb - ta @ y)
        return t if t.shape == y.shape else ns.expand(t, shape=tuple(y.shape))


class Inv(MatrixFunction):
    """Inverse of a matrix: y = x**-1; dx = -y.T g y.T.

    Source: Giles 2008, 2.2.3.
    """

    analytic = True
    kinds = ("regular",)
    examples = ((((2, 2),), {}), (((2, 3, 3),), {}), (((1, 1),), {}), (((0, 2, 2),), {}))

    def value(self, x: Any) -> Any:
        return self.guarded(np.linalg.inv, x)

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return Spec(square(x.shape, self.name), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any) -> Any:
        back = swap(ns, y)
        return -(back @ g @ back)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any) -> Any:
        return -(y @ tangents[0] @ y)


class Pinv(MatrixFunction):
    """Pseudoinverse (Moore, Penrose): y = x**+; dy = -y dx y + y y^H dx^H (1 - x y) + (1 - y x) dx^H y^H y.

    Singular values below rtol times the largest count as 0. The derivative is that along changes which keep the rank: where the
    rank jumps there is none.
    Source: Golub and Pereyra 1973, "The differentiation of pseudo-inverses and nonlinear least squares problems", eq. 4.12.
    """

    kinds = ("regular",)
    examples = (
        (((3, 2),), {"rtol": None}),
        (((2, 3),), {"rtol": None}),
        (((2, 2, 2),), {"rtol": 1e-6}),
    )
    refusal = "has no singular values that could be found"

    def value(self, x: Any, *, rtol: Any) -> Any:
        if rtol is None:
            rtol = max(x.shape[-2:]) * float(np.finfo(floating(x.dtype)).eps)
        return self.guarded(lambda a: np.linalg.pinv(a, rtol=rtol), x)

    def shape(self, x: Spec, *, rtol: Any = None) -> Spec:  # type: ignore[override]
        *lead, m, n = matrix(x.shape, self.name)
        return Spec((*lead, n, m), floating(x.dtype))

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, x: Any, *, rtol: Any) -> Any:
        back, bar, gh = swap(ns, y), conjugate(ns, y), adjoint(ns, g)
        rows, columns = conjugate(ns, x @ y), conjugate(ns, y @ x)
        return (gh - rows @ gh) @ bar @ back + back @ bar @ (gh - gh @ columns) - back @ g @ back

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, x: Any, *, rtol: Any) -> Any:
        (t,) = tangents
        back, th = adjoint(ns, y), adjoint(ns, t)
        return y @ back @ (th - th @ x @ y) + (th - y @ x @ th) @ back @ y - y @ t @ y


_solve, inv, _pinv = Solve(), Inv(), Pinv()


class LstsqResult(NamedTuple):
    """What `lstsq` returns."""

    solution: Any  # (..., n) or (..., n, k)
    residuals: Any  # (...) or (..., k): the squared distance that is left
    rank: Any  # (...), integer
    singular_values: Any  # (..., min(m, n)), the largest first


def solve(x1: Any, x2: Any, /) -> Any:
    """The x with x1 @ x = x2: y = x1**-1 x2, without forming the inverse.

    Shapes: x1 (..., n, n), x2 (n,) or (..., n, k) -> (..., n) or (..., n, k); leading axes broadcast.
    Raises: LinAlgError if a matrix is singular, with its index; ShapeError if the shapes do not fit.

    >>> import autotensor as at
    >>> at.linalg.solve(at.tensor([[2.0, 0.0], [0.0, 4.0]]), at.tensor([1.0, 1.0]))
    tensor([0.5 , 0.25])
    """
    a, b = lift(x1), lift(x2)
    if len(b.shape) != 1:
        return _solve(a, b)
    y = _solve(a, reshape(b, (*b.shape, 1)))
    return reshape(y, tuple(y.shape)[:-1])


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """Pseudoinverse: the y for which y @ b is the shortest of the x's nearest solutions of x @ z = b.

    Shapes: (..., m, n) -> (..., n, m).
    Range: singular values up to `rtol` times the largest count as 0; None is max(m, n) times the dtype's epsilon.
    Source: Golub and Pereyra 1973, for the derivative: that at constant rank.

    >>> import autotensor as at
    >>> at.linalg.pinv(at.tensor([[1.0, 0.0], [0.0, 0.0]]))
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _pinv(lift(x), rtol=rtol if rtol is None or np.ndim(rtol) == 0 else np.asarray(rtol))


def lstsq(a: Any, b: Any, /, *, rtol: Any = None) -> LstsqResult:
    """The x with the least |a x - b|**2, and of those the shortest: x = a**+ b.

    Shapes: a (..., m, n), b (m,) or (..., m, k) -> solution (..., n) or (..., n, k).
    Raises: ShapeError if the rows of `a` and `b` differ in number.

    >>> import autotensor as at
    >>> at.linalg.lstsq(at.tensor([[1.0], [1.0]]), at.tensor([1.0, 3.0])).solution
    tensor([2.])
    """
    a, b = lift(a), lift(b)
    x = matmul(pinv(a, rtol=rtol), b)
    left = b - matmul(a, x)
    squares = left * conjugate(recorded, left)
    along = -1 if len(b.shape) == 1 else -2
    return LstsqResult(x, sum(real_part(recorded, squares), axis=along), matrix_rank(a, rtol=rtol), svdvals(a))


def matrix_power(x: Any, n: int, /) -> Any:
    """y = x**n by repeated squaring; n = 0 gives the identity, a negative n the power of the inverse.

    Shapes: (..., k, k) -> the same.
    Raises: LinAlgError for a negative n if a matrix is singular; ShapeError unless the matrices are square.

    >>> import autotensor as at
    >>> at.linalg.matrix_power(at.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    x = lift(x)
    square(tuple(x.shape), "matrix_power")
    if n < 0:
        return matrix_power(inv(x), -n)
    if n == 0:
        return x * 0 + identity(x)
    power, result = x, None
    while n:
        if n % 2:
            result = power if result is None else matmul(result, power)
        n //= 2
        if n:
            power = matmul(power, power)
    return result
