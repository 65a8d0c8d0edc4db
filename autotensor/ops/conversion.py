"""The same numbers as something else: as a Tensor, in another dtype, as a constant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear, Primitive
from autotensor.core.spec import SCALARS, DType, DTypeLike, Spec
from autotensor.core.tensor import Tensor


class Cast(Multilinear):
    """Conversion to another dtype: y = x, or Re x from a complex to a real dtype; the cotangent is converted back."""

    examples = (
        (((3,),), {"dtype": np.dtype(np.float64)}),
        (((2, 2),), {"dtype": np.dtype(np.float64)}),
        (((),), {"dtype": np.dtype(np.float64)}),
    )
    transposes = (lambda ns, g, x, dtype: ns.cast(g, dtype=x.dtype),)

    def value(self, x: Any, *, dtype: DType) -> Any:
        x = np.asarray(x)
        return (x.real if x.dtype.kind == "c" and dtype.kind in "fiu" else x).astype(dtype)

    def shape(self, x: Any, *, dtype: DType) -> Spec:  # type: ignore[override]
        return Spec(x.shape if isinstance(x, Spec) else (), dtype)

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.cast(operands[0], **settings)


class Stop(Primitive):
    """The same value as a constant: y = x, and nothing flows back."""

    differentiable = False
    c_ordered = False
    examples = ((((2, 3),), {}), (((),), {}))

    def value(self, x: Any) -> Any:
        return x

    def shape(self, x: Spec) -> Spec:  # type: ignore[override]
        return x

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return ns.stop(operands[0])


_cast, _stop = Cast(), Stop()


def lift(x: Any) -> Any:
    """`x` itself if it is a Tensor or a symbolic value, else a Tensor of it."""
    return x if isinstance(x, Tensor) or hasattr(x, "interpret") else Tensor(x)


def floating_dtype(dtype: DType) -> DType:
    """The dtype in which NumPy computes roots and exponentials of numbers of `dtype`: itself, or a floating one for integers.

    >>> floating_dtype(np.dtype("float32")), floating_dtype(np.dtype("int64"))
    (dtype('float32'), dtype('float64'))
    """
    return dtype if dtype.kind in "fc" else np.sqrt(np.empty((0,), dtype)).dtype


def floating(x: Any) -> Any:
    """An array as it is, or integers and booleans as floating numbers, for the value of a primitive."""
    return x if x.dtype.kind in "fc" else x.astype(floating_dtype(x.dtype))


def in_order(x: Any) -> Any:
    """An array with its elements in C order, as a plan's buffers have them, for a rule that adds up what it computes from it."""
    return x if not isinstance(x, np.ndarray) or x.flags.c_contiguous else x.copy(order="C")


def apart(x: Any) -> Any:
    """`x` as a constant with memory of its own; itself if it is recorded, for what is recorded is not written to in place."""
    return Tensor(x.data.copy()) if isinstance(x, Tensor) and x.node is None else x


def lift_together(*operands: Any) -> list[Any]:
    """`lift` of each, but Python scalars take the dtype that they would have beside the others, instead of float32.

    >>> import numpy as np
    >>> [x.dtype for x in lift_together(0.1, np.zeros(2))]
    [dtype('float64'), dtype('float64')]
    """
    known = [x.dtype for x in operands if hasattr(x, "dtype")]
    if not known:
        return [lift(x) for x in operands]
    return [Tensor(np.asarray(x, np.result_type(x, *known))) if isinstance(x, SCALARS) else lift(x) for x in operands]


def on_cpu(device: str | None) -> None:
    """Refuse another device than "cpu", the only one.

    Raises: ArgumentError.
    """
    if device not in {None, "cpu"}:
        raise ArgumentError(f'tensors live on the device "cpu", got device={device!r}.')


def astype(x: Any, dtype: DTypeLike, /, *, copy: bool = True, device: str | None = None) -> Any:
    """Converted to another dtype; only conversions between floating or complex dtypes are differentiable.

    Without `copy` a tensor that has the dtype already is returned as it is.
    Raises: DTypeError from a complex to a real dtype, as the imaginary part would be lost; ArgumentError for another device
    than "cpu".

    >>> import autotensor as at
    >>> at.astype(at.tensor([1.7]), "int64")
    tensor([1])
    """
    on_cpu(device)
    kind = np.dtype(dtype)
    x = lift(x)
    if not copy and x.dtype == kind:
        return x
    if x.dtype.kind == "c" and kind.kind in "fiu":
        raise DTypeError(
            f"astype from {x.dtype} to {kind} would lose the imaginary part. "
            f"Say which number is meant: x.real, x.imag or at.abs(x)."
        )
    return _cast(x if kind.kind in "fc" else _stop(x), dtype=kind)


def stop_gradient(x: Any, /) -> Any:
    """The same value as a constant: nothing flows back.

    >>> import autotensor as at
    >>> at.stop_gradient(at.tensor(2.0, requires_grad=True)).requires_grad
    False
    """
    return _stop(lift(x))
