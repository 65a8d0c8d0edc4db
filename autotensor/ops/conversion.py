"""The same numbers as something else: as a Tensor, in another dtype, as a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.primitive import Multilinear, Primitive
from autotensor.core.spec import DType, DTypeLike, Spec
from autotensor.core.tensor import Tensor


class Cast(Multilinear):
    """Conversion to another dtype: y = x; the cotangent is converted back."""

    examples = (
        (((3,),), {"dtype": np.dtype(np.float64)}),
        (((2, 2),), {"dtype": np.dtype(np.float64)}),
        (((),), {"dtype": np.dtype(np.float64)}),
    )
    transposes = (lambda ns, g, x, dtype: ns.cast(g, dtype=x.dtype),)

    def value(self, x: Any, *, dtype: DType) -> Any:
        return np.asarray(x).astype(dtype)

    def shape(self, x: Any, *, dtype: DType) -> Spec:  # type: ignore[override]
        return Spec(x.shape if isinstance(x, Spec) else (), dtype)


class Stop(Primitive):
    """The same value as a constant: y = x, and nothing flows back."""

    differentiable = False
    c_ordered = False
    examples = ((((2, 3),), {}), (((),), {}))

    def value(self, x: Any) -> Any:
        return x

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return x


_cast, _stop = Cast(), Stop()


def lift(x: Any) -> Any:
    """`x` itself if it is a Tensor or a symbolic value, else a Tensor of it."""
    return x if isinstance(x, Tensor) or hasattr(x, "interpret") else Tensor(x)


def astype(x: Any, dtype: DTypeLike, /) -> Any:
    """Converted to another dtype; only conversions between floating dtypes are differentiable.

    >>> import autotensor as at
    >>> at.astype(at.tensor([1.7]), "int64")
    tensor([1])
    """
    kind = np.dtype(dtype)
    return _cast(lift(x) if kind.kind in "fc" else _stop(lift(x)), dtype=kind)


def stop_gradient(x: Any, /) -> Any:
    """The same value as a constant: nothing flows back.

    >>> import autotensor as at
    >>> at.stop_gradient(at.tensor(2.0, requires_grad=True)).requires_grad
    False
    """
    return _stop(lift(x))
