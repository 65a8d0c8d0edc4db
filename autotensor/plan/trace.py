"""Tracing: a symbolic value goes through a function in a Tensor's place and knows only its shape and dtype."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autotensor.core.errors import AutotensorError
from autotensor.core.methods import Methods
from autotensor.core.primitive import Primitive
from autotensor.core.recording import current
from autotensor.core.spec import SCALARS, DType, Shape, Spec, as_array


class TraceError(AutotensorError, TypeError):
    """A number was asked of a value that has none yet."""


class Numberless:
    """What a value answers whose `spec` is known and whose numbers are not: its shape and dtype, and no number."""

    __slots__ = ()

    spec: Spec

    @property
    def shape(self) -> Shape:
        return self.spec.shape

    @property
    def dtype(self) -> DType:
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        total = 1
        for n in self.spec.shape:
            total *= n
        return total

    def _no_number(self, what: str) -> NoReturn:
        """Refuse: a subclass says why there is no number, and what to do."""
        raise TraceError(f"{what} of a value without numbers, of shape {self.shape}.")

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - there is no truth to return
        self._no_number("the truth")

    def __float__(self) -> NoReturn:
        self._no_number("float()")

    def __int__(self) -> NoReturn:
        self._no_number("int()")

    def __complex__(self) -> NoReturn:
        self._no_number("complex()")

    def __index__(self) -> NoReturn:  # noqa: PLE0305 - there is no number to return
        self._no_number("an index made")

    def item(self) -> Any:
        """Not available: raises TraceError."""
        self._no_number("item()")

    def numpy(self) -> Any:
        """Not available: raises TraceError."""
        self._no_number("numpy()")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._no_number("the array")


class Symbol(Numberless, Methods):
    """A value of which only shape and dtype are known. Primitives applied to it give Symbols, by their shape rules.

    >>> import numpy as np, autotensor as at
    >>> x = Symbol(Spec((32, 64), np.dtype(np.float32)))
    >>> at.matmul(at.tanh(x), at.zeros((64, 10)))
    Symbol((32, 10), float32)
    """

    __slots__ = ("spec",)

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def interpret(self, primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> Symbol:
        """What applying `primitive` would give."""
        try:
            return Symbol(primitive.shape(*(spec_of(x) for x in operands), **settings))
        except AutotensorError as refusal:
            where = f"{current.outer}: " if current.outer.path else ""
            raise type(refusal)(f"{where}{primitive.name}: {refusal}") from None

    def _no_number(self, what: str) -> NoReturn:
        raise TraceError(
            f"{what} of a symbolic value of shape {self.shape}: while shapes are worked out there are no numbers yet. "
            f"Use at.where instead of `if`, or give the layer a compute_output_shape method."
        )

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Symbol({self.shape}, {self.dtype})"


def spec_of(x: Any) -> Any:
    """The Spec of an operand; Python scalars stay themselves, because they are weak."""
    if isinstance(x, SCALARS):
        return x
    if not hasattr(x, "dtype"):
        x = as_array(x)
    return Spec(tuple(x.shape), x.dtype)


def abstract(function: Callable[..., Any], *specs: Spec) -> Any:
    """What `function` gives for operands of these shapes and dtypes: Symbols, in the structure that it returns.

    >>> import numpy as np, autotensor as at
    >>> abstract(at.softmax, Spec((2, 3), np.dtype(np.float32))).shape
    (2, 3)
    """
    return function(*(Symbol(spec) for spec in specs))
