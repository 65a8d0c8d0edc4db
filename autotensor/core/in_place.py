"""What writes into a tensor's own memory: `x[index] = v`, `x += v` and their relatives.

`ops.assigning` says what each does to a constant, to a leaf, and to what is recorded.
"""

from __future__ import annotations

import operator
from typing import Any, Self

from autotensor.core.namespace import public


class InPlace:
    """Assignment by index and augmented assignment."""

    __slots__ = ()

    def __setitem__(self, index: Any, value: Any) -> None:
        public.assign(self, index, value)

    def __iadd__(self, other: Any) -> Self:
        return public.update(self, operator.add, other)

    def __isub__(self, other: Any) -> Self:
        return public.update(self, operator.sub, other)

    def __imul__(self, other: Any) -> Self:
        return public.update(self, operator.mul, other)

    def __itruediv__(self, other: Any) -> Self:
        return public.update(self, operator.truediv, other)

    def __ifloordiv__(self, other: Any) -> Self:
        return public.update(self, operator.floordiv, other)

    def __imod__(self, other: Any) -> Self:
        return public.update(self, operator.mod, other)

    def __ipow__(self, other: Any) -> Self:
        return public.update(self, operator.pow, other)

    def __imatmul__(self, other: Any) -> Self:
        return public.update(self, operator.matmul, other)

    def __iand__(self, other: Any) -> Self:
        return public.update(self, operator.and_, other)

    def __ior__(self, other: Any) -> Self:
        return public.update(self, operator.or_, other)

    def __ixor__(self, other: Any) -> Self:
        return public.update(self, operator.xor, other)

    def __ilshift__(self, other: Any) -> Self:
        return public.update(self, operator.lshift, other)

    def __irshift__(self, other: Any) -> Self:
        return public.update(self, operator.rshift, other)
