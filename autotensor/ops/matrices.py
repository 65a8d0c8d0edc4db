"""What functions of matrices share: stacks of matrices, masks for gradient rules, the error for a matrix that will not do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import AutotensorError, LinAlgError, ShapeError
from autotensor.core.examples import aligned
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Primitive
from autotensor.core.recording import current
from autotensor.core.spec import Array, DType, Shape, Spec
from autotensor.ops.products import swap


class MatrixFunction(Primitive):
    """A function of the last two axes, the same for every matrix of a stack: leading axes are carried along."""

    refusal = "is singular: use pinv or lstsq, or add a small multiple of the identity"  # of a matrix that is finite

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return getattr(ns, self.name)(*aligned(ns, operands, batched), **settings)

    def guarded(self, function: Callable[..., Any], *operands: Any, one: Callable[[Array], Any] | None = None) -> Any:
        """function(*operands), with a LinAlgError that names the operation, the shape and the matrix.

        `one` finds the matrix: it fails on a single matrix of the first operand exactly if that is to blame.
        """
        try:
            return function(*operands)
        except np.linalg.LinAlgError as reason:
            try:
                self.shape(*(Spec(x.shape, x.dtype) for x in operands))
            except AutotensorError:
                raise reason from None  # the shapes are to blame: the call says how
            raise self._failure(operands[0], one or function) from None

    def _failure(self, x: Array, one: Callable[[Array], Any]) -> LinAlgError:
        for index in np.ndindex(x.shape[:-2]):
            try:
                one(x[index])
            except np.linalg.LinAlgError:
                break
        else:
            index = (0,) * (x.ndim - 2)
        where = f"{current.outer}: " if current.outer.path else ""
        which = f"the matrix at index {index} of a stack of shape {x.shape}" if index else f"the matrix of shape {x.shape}"
        finite = np.isfinite(x[index]).all()
        return LinAlgError(f"{where}{self.name}: {which} {self.refusal if finite else 'has elements that are not finite'}.")


def floating(*dtypes: DType) -> DType:
    """The dtype that LAPACK computes in: integers and booleans count as float64.

    >>> floating(np.dtype("int64")), floating(np.dtype("float32"))
    (dtype('float64'), dtype('float32'))
    """
    return np.result_type(*(d if d.kind in "fc" else np.dtype(np.float64) for d in dtypes))


def real_of(*dtypes: DType) -> DType:
    """The real dtype of the same precision, of eigenvalues, norms and the like.

    >>> real_of(np.dtype("complex64"))
    dtype('float32')
    """
    return np.finfo(floating(*dtypes)).dtype


def inexact(x: Array) -> Array:
    """`x` in a dtype that LAPACK computes in."""
    return x.astype(floating(x.dtype), copy=False)


def square(shape: Shape, name: str) -> Shape:
    """`shape` if it is one of square matrices.

    Raises: ShapeError if it is not.
    """
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(f"{name} takes square matrices (..., n, n), got shape {tuple(shape)}.")
    return tuple(shape)


def matrix(shape: Shape, name: str) -> Shape:
    """`shape` if it has at least two axes.

    Raises: ShapeError if it has not.
    """
    if len(shape) < 2:
        raise ShapeError(f"{name} takes matrices (..., m, n), got shape {tuple(shape)}.")
    return tuple(shape)


def symmetrised(x: Array) -> Array:
    """(x + x^H) / 2, for values."""
    return (x + np.conjugate(np.swapaxes(x, -1, -2))) / 2


def conjugate(ns: Namespace, x: Any) -> Any:
    """The complex conjugate in a rule; real operands cost nothing."""
    return ns.conj(x) if x.dtype.kind == "c" else x


def adjoint(ns: Namespace, x: Any) -> Any:
    """x^H, transposed and conjugated, in a rule."""
    return conjugate(ns, swap(ns, x))


def hermitian(ns: Namespace, x: Any) -> Any:
    """(x + x^H) / 2, in a rule."""
    return (x + adjoint(ns, x)) / 2


def real_part(ns: Namespace, x: Any) -> Any:
    """The real part in a rule; real operands cost nothing."""
    return ns.real(x) if x.dtype.kind == "c" else x


def identity(x: Any) -> Array:
    """1 on the diagonal: a constant for a rule about the square matrices x."""
    return np.eye(x.shape[-1], dtype=x.dtype)


def on_diagonal(x: Any) -> Array:
    """True on the diagonal, False elsewhere: a constant for a rule about the square matrices, or rows, x."""
    return np.eye(x.shape[-1], dtype=np.bool_)


def lower(x: Any, *, diagonal: float) -> Array:
    """1 below the diagonal, `diagonal` on it, 0 above: a constant for a rule about the square matrices x."""
    n = x.shape[-1]
    return np.tri(n, k=-1, dtype=x.dtype) + np.eye(n, dtype=x.dtype) * x.dtype.type(diagonal)


def resolution(w: Any) -> float:
    """How far, relative to the largest, computed eigenvalues may be apart that are equal."""
    return float(4 * w.shape[-1] * np.finfo(w.dtype).eps)


def block_derivative(ns: Namespace, f: Callable[[Any], Any], x: Any, t: Any) -> Any:
    """The derivative at x along t of an analytic function of matrices: the upper right block of f([[x, t], [0, x]]).

    Source: Mathias 1996, "A chain rule for matrix functions and applications".
    """
    n, last = x.shape[-1], len(x.shape) - 1
    zeros = ns.full(shape=tuple(x.shape), fill=0, dtype=x.dtype)
    blocks = ns.concatenate(ns.concatenate(x, t, axis=last), ns.concatenate(zeros, x, axis=last), axis=last - 1)
    return ns.getitem(f(blocks), index=(..., slice(None, n), slice(n, None)))
