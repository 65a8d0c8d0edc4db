"""The NumPy-like surface of a Tensor, one line a method; the tracer's symbolic value has the same.

Operators call the recorded primitives directly. Methods with settings call the public function, which normalises them.
"""

from __future__ import annotations

from typing import Any, Self

from autotensor.core.in_place import InPlace
from autotensor.core.namespace import late, public
from autotensor.core.namespace import recorded as ns
from autotensor.core.spec import Axis, DTypeLike, ShapeLike


class Methods(InPlace):
    """Operators and array methods, each a primitive or a composition of them."""

    __slots__ = ()

    # arithmetic
    def __add__(self, other: Any) -> Self:
        return ns.add(self, other)

    def __radd__(self, other: Any) -> Self:
        return ns.add(other, self)

    def __sub__(self, other: Any) -> Self:
        return ns.subtract(self, other)

    def __rsub__(self, other: Any) -> Self:
        return ns.subtract(other, self)

    def __mul__(self, other: Any) -> Self:
        return ns.multiply(self, other)

    def __rmul__(self, other: Any) -> Self:
        return ns.multiply(other, self)

    def __truediv__(self, other: Any) -> Self:
        return ns.divide(self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return ns.divide(other, self)

    def __floordiv__(self, other: Any) -> Self:
        return ns.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Self:
        return ns.floor_divide(other, self)

    def __mod__(self, other: Any) -> Self:
        return ns.remainder(self, other)

    def __rmod__(self, other: Any) -> Self:
        return ns.remainder(other, self)

    def __pow__(self, other: Any) -> Self:
        return public.pow(self, other)

    def __rpow__(self, other: Any) -> Self:
        return ns.power(other, self)

    def __matmul__(self, other: Any) -> Self:
        return public.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Self:
        return public.matmul(other, self)

    def __neg__(self) -> Self:
        return ns.negative(self)

    def __pos__(self) -> Self:
        return public.positive(self)

    def __abs__(self) -> Self:
        return ns.abs(self)

    # comparison and bits: elementwise, never recorded
    def __eq__(self, other: object) -> Self:  # type: ignore[override]
        return ns.equal(self, other)

    def __ne__(self, other: object) -> Self:  # type: ignore[override]
        return ns.not_equal(self, other)

    def __lt__(self, other: Any) -> Self:
        return ns.less(self, other)

    def __le__(self, other: Any) -> Self:
        return ns.less_equal(self, other)

    def __gt__(self, other: Any) -> Self:
        return ns.greater(self, other)

    def __ge__(self, other: Any) -> Self:
        return ns.greater_equal(self, other)

    def __invert__(self) -> Self:
        return public.bitwise_invert(self)

    def __and__(self, other: Any) -> Self:
        return public.bitwise_and(self, other)

    def __rand__(self, other: Any) -> Self:
        return public.bitwise_and(other, self)

    def __or__(self, other: Any) -> Self:
        return public.bitwise_or(self, other)

    def __ror__(self, other: Any) -> Self:
        return public.bitwise_or(other, self)

    def __xor__(self, other: Any) -> Self:
        return public.bitwise_xor(self, other)

    def __rxor__(self, other: Any) -> Self:
        return public.bitwise_xor(other, self)

    def __lshift__(self, other: Any) -> Self:
        return public.bitwise_left_shift(self, other)

    def __rlshift__(self, other: Any) -> Self:
        return public.bitwise_left_shift(other, self)

    def __rshift__(self, other: Any) -> Self:
        return public.bitwise_right_shift(self, other)

    def __rrshift__(self, other: Any) -> Self:
        return public.bitwise_right_shift(other, self)

    def __contains__(self, value: Any) -> bool:
        return bool(public.any(self == value))  # as in NumPy: whether an element equals it

    __hash__ = object.__hash__

    # elementwise
    def abs(self) -> Self:
        return ns.abs(self)

    def exp(self) -> Self:
        return ns.exp(self)

    def log(self) -> Self:
        return ns.log(self)

    def sqrt(self) -> Self:
        return ns.sqrt(self)

    def square(self) -> Self:
        return ns.square(self)

    def sin(self) -> Self:
        return ns.sin(self)

    def cos(self) -> Self:
        return ns.cos(self)

    def tanh(self) -> Self:
        return ns.tanh(self)

    def sigmoid(self) -> Self:
        return ns.sigmoid(self)

    def relu(self) -> Self:
        return public.relu(self)

    def clip(self, min: Any = None, max: Any = None) -> Self:
        return public.clip(self, min, max)

    def pow(self, exponent: Any) -> Self:
        return public.pow(self, exponent)

    def softmax(self, axis: int = -1) -> Self:
        return public.softmax(self, axis=axis)

    def log_softmax(self, axis: int = -1) -> Self:
        return public.log_softmax(self, axis=axis)

    # reduction
    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return public.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return public.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return public.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return public.min(self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return public.prod(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Self:
        return public.var(self, axis=axis, correction=correction, keepdims=keepdims)

    def std(self, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Self:
        return public.std(self, axis=axis, correction=correction, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Self:
        return public.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Self:
        return public.argmin(self, axis=axis, keepdims=keepdims)

    def any(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return public.any(self, axis=axis, keepdims=keepdims)

    def all(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return public.all(self, axis=axis, keepdims=keepdims)

    # shaping and indexing
    def reshape(self, *shape: Any) -> Self:
        return public.reshape(self, shape[0] if len(shape) == 1 else shape)

    def flatten(self) -> Self:
        return public.reshape(self, (-1,))

    ravel = flatten

    def transpose(self, *axes: Any) -> Self:
        return public.permute_dims(self, axes[0] if len(axes) == 1 else axes or None)

    @property
    def T(self) -> Self:
        return public.permute_dims(self, None)

    @property
    def mT(self) -> Self:
        return public.matrix_transpose(self)

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        return public.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Self:
        return public.squeeze(self, axis)

    def expand(self, shape: ShapeLike) -> Self:
        return public.broadcast_to(self, shape)

    @property
    def real(self) -> Self:
        return public.real(self)

    @property
    def imag(self) -> Self:
        return public.imag(self)

    def conj(self) -> Self:
        return public.conj(self)

    def astype(self, dtype: DTypeLike) -> Self:
        return public.astype(self, dtype)

    def __getitem__(self, index: Any) -> Self:
        return public.getitem(self, index)

    @property
    def at(self) -> Any:
        """Writing by index: `x.at[index].set(v)`, also add, subtract, multiply, min, max, apply; x itself does not change."""
        return public.writer(self)

    # what the array-API standard asks
    @property
    def device(self) -> str:
        """Where the numbers are: "cpu"."""
        return "cpu"

    def to_device(self, device: str, /, *, stream: None = None) -> Self:
        """The same on another device, of which there is one: "cpu"."""
        return public.to_device(self, device)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return late.namespace(api_version)
