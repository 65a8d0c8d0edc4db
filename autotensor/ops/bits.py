"""Integers as rows of bits, and booleans as single ones: elementwise, not differentiable."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autotensor.core.examples import aligned
from autotensor.core.primitive import Primitive
from autotensor.core.spec import Scalar, Spec, broadcast_shapes


class _Bitwise(Primitive):
    """A ufunc of integers or booleans; not an `Elementwise`, which takes floating numbers."""

    ufunc: ClassVar[np.ufunc]
    differentiable = False
    kinds: ClassVar[tuple[str, ...]] = ("bool", "bool")
    examples: ClassVar[Any] = ((((3,), (2, 1)), {}), (((), (2,)), {}), (((0,), (1,)), {}))

    def value(self, *operands: Any) -> Any:
        return np.asarray(self.ufunc(*operands))

    def shape(self, *operands: Spec | Scalar) -> Spec:  # type: ignore[override]
        shapes = [x.shape for x in operands if isinstance(x, Spec)]
        probes = [np.empty((0,), x.dtype) if isinstance(x, Spec) else x for x in operands]
        return Spec(broadcast_shapes(*shapes), self.ufunc(*probes).dtype)

    def batch(self, ns: Any, operands: Any, batched: Any, settings: dict[str, Any]) -> Any:
        return getattr(ns, self.name)(*aligned(ns, operands, batched))


class BitwiseAnd(_Bitwise):
    """Bits that both have, elementwise: y = a & b, of integers or booleans, not differentiable."""

    ufunc = np.bitwise_and
    numpy_names = (np.bitwise_and,)


class BitwiseOr(_Bitwise):
    """Bits that either has, elementwise: y = a | b, of integers or booleans, not differentiable."""

    ufunc = np.bitwise_or
    numpy_names = (np.bitwise_or,)


class BitwiseXor(_Bitwise):
    """Bits that one has and the other has not, elementwise: y = a ^ b, of integers or booleans, not differentiable."""

    ufunc = np.bitwise_xor
    numpy_names = (np.bitwise_xor,)


class BitwiseInvert(_Bitwise):
    """Every bit turned over, elementwise: y = ~x = -x - 1 of integers, not x of booleans, not differentiable."""

    ufunc = np.invert
    numpy_names = (np.invert,)
    kinds: ClassVar[tuple[str, ...]] = ("bool",)
    examples: ClassVar[Any] = ((((2, 3),), {}), (((),), {}))


class BitwiseLeftShift(_Bitwise):
    """Bits moved up, elementwise: y = a 2**b, of integers, not differentiable."""

    ufunc = np.left_shift
    numpy_names = (np.left_shift,)


class BitwiseRightShift(_Bitwise):
    """Bits moved down, elementwise: y = floor(a / 2**b), of integers, not differentiable."""

    ufunc = np.right_shift
    numpy_names = (np.right_shift,)


bitwise_and = BitwiseAnd()
bitwise_or = BitwiseOr()
bitwise_xor = BitwiseXor()
bitwise_invert = BitwiseInvert()
bitwise_left_shift = BitwiseLeftShift()
bitwise_right_shift = BitwiseRightShift()
