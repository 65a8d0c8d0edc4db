"""NumPy's older products: dot, inner, outer and Kronecker's."""

from __future__ import annotations

from typing import Any

from autotensor.ops.arithmetic import multiply
from autotensor.ops.conversion import lift_together
from autotensor.ops.products import tensordot
from autotensor.ops.shaping import reshape


def dot(a: Any, b: Any, /) -> Any:
    """NumPy's dot: the sum over the last axis of a and the last but one of b, of scalars the product.

    >>> import autotensor as at
    >>> at.dot(at.tensor([1.0, 2.0]), at.tensor([3.0, 4.0]))
    tensor(11.)
    """
    a, b = lift_together(a, b)
    if not a.shape or not b.shape:
        return multiply(a, b)
    return tensordot(a, b, axes=([-1], [-1 if len(b.shape) == 1 else -2]))


def inner(a: Any, b: Any, /) -> Any:
    """The sum over the last axis of both, of scalars the product.

    >>> import autotensor as at
    >>> at.inner(at.tensor([[1.0, 2.0], [0.0, 1.0]]), at.tensor([3.0, 4.0]))
    tensor([11.,  4.])
    """
    a, b = lift_together(a, b)
    return tensordot(a, b, axes=([-1], [-1])) if a.shape and b.shape else multiply(a, b)


def outer(a: Any, b: Any, /) -> Any:
    """Every product of an element of a with one of b, both flattened: y_ij = a_i b_j.

    >>> import autotensor as at
    >>> at.outer(at.tensor([1.0, 2.0]), at.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    a, b = lift_together(a, b)
    return multiply(reshape(a, (-1, 1)), reshape(b, (1, -1)))


def kron(a: Any, b: Any, /) -> Any:
    """Kronecker product: each element of a times all of b, in the place of that element.

    >>> import autotensor as at
    >>> at.kron(at.tensor([1.0, 10.0]), at.tensor([1.0, 2.0]))
    tensor([ 1.,  2., 10., 20.])
    """
    a, b = lift_together(a, b)
    ndim = max(len(a.shape), len(b.shape))
    shape_a = (*(1,) * (ndim - len(a.shape)), *a.shape)
    shape_b = (*(1,) * (ndim - len(b.shape)), *b.shape)
    left = reshape(a, tuple(m for n in shape_a for m in (n, 1)))
    right = reshape(b, tuple(m for n in shape_b for m in (1, n)))
    return reshape(multiply(left, right), tuple(n * m for n, m in zip(shape_a, shape_b, strict=True)))
