"""`at.debug`: every tensor remembers the user's line, and the first value that is not finite may stop the program.

Nothing here runs unless a block is open: the call of a primitive and the making of a Tensor look at one set, which is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

from autotensor.core.errors import ArgumentError, AutotensorError, NonFiniteError
from autotensor.core.finite import Birth, backward_birth, forward_birth, tangent_birth
from autotensor.core.lines import MADE, Line, line_of, story, users_arguments, users_line
from autotensor.core.node import Node
from autotensor.core.recording import current, watching
from autotensor.core.tensor import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])
OnNaN: TypeAlias = Literal["raise"] | None


class Watcher:
    """Stands between the call of a primitive and its computation while `at.debug()` is on, in one thread."""

    __slots__ = ("nan",)
    traces = False  # operations are done, not traced

    def __init__(self, nan: OnNaN) -> None:
        self.nan = nan

    def born(self, x: Tensor) -> Line | None:
        """The line that a Tensor being made will remember."""
        return users_line()

    def call(self, primitive: Any, operands: Sequence[Any], settings: dict[str, Any]) -> Any:
        """What the primitive gives; its result and its errors know the lines, and it must be finite if that is asked."""
        for x in operands:
            if hasattr(x, "interpret"):  # its interpreter calls primitives of its own: they are watched one by one
                return x.interpret(primitive, operands, settings)
        line = users_line()
        outer, scope = current.outer, current.scope
        current.watcher = None  # the primitive itself runs as ever
        if scope is not None:
            current.scope = scope._replace(line=line)
        try:
            with np.errstate(all="ignore" if self.nan else None):
                result = primitive(*operands, **settings)
        except AutotensorError as error:
            tell(error, _origins(operands, line))
            raise
        finally:
            current.watcher = self
            current.scope = scope
        if isinstance(result, Tensor):
            result.line = line
            if self.nan and result.data.dtype.kind in "fc":
                arrays = [x.data if isinstance(x, Tensor) else x for x in operands]
                label = f"{outer}: {primitive.name}" if outer.path else primitive.name
                birth = forward_birth(primitive, label, arrays, result.data, None)
                if birth is not None:
                    stop = non_finite(birth)
                    tell(stop, _origins(operands, line))
                    raise stop
        return result

    def advancing(self, advance: Callable[..., Any]) -> Callable[..., Any]:
        """`advance`, which carries tangents on through a node, stopped where it gives what is not finite."""
        if not self.nan:
            return advance

        def careful(ns: Any, node: Node, tangents: list[Any]) -> Any:
            current.watcher = None  # as in `flowing`
            try:
                with np.errstate(all="ignore"):
                    t = advance(ns, node, tangents)
            finally:
                current.watcher = self
            if t is not None:
                birth = tangent_birth(node, [None if one is None else _array(one) for one in tangents], _array(t))
                if birth is not None:
                    raise non_finite(birth)
            return t

        return careful

    def flowing(self, flow: Callable[..., None]) -> Callable[..., None]:
        """`flow`, which carries a node's cotangent on to its operands, stopped where it gives what is not finite."""
        if not self.nan:
            return flow

        def careful(ns: Any, node: Node, g: Any, parents: Sequence[Node | None], cotangents: dict[Node, Any]) -> None:
            current.watcher = None  # a rule that is itself recorded is judged by what it gives
            try:
                with np.errstate(all="ignore"):
                    for i, parent in enumerate(parents):
                        if parent is None:
                            continue
                        alone: dict[Node, Any] = {}
                        flow(ns, node, g, [parent if k == i else None for k in range(len(parents))], alone)
                        if parent not in alone:
                            continue
                        birth = backward_birth(node, i, _array(g), _array(alone[parent]))
                        if birth is not None:
                            raise non_finite(birth)
                        before = cotangents.get(parent)
                        total = alone[parent] if before is None else before + alone[parent]
                        if before is not None and not np.isfinite(_array(total)).all():
                            raise NonFiniteError(
                                f"the gradients that {parent.label} receives are finite, their sum is not (backward)."
                            )
                        cotangents[parent] = total
            finally:
                current.watcher = self

        return careful


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def non_finite(birth: Birth) -> NonFiniteError:
    """The error that tells the story of a birth."""
    error = NonFiniteError(str(birth))
    error.birth = birth
    return error


def tell(error: AutotensorError, named: Iterable[tuple[str, Any]]) -> None:
    """Add the lines that made the operands to an error's message, unless it names lines already."""
    if error.args and MADE not in str(error.args[0]):
        error.args = (f"{error.args[0]}{story(named)}", *error.args[1:])


def _origins(operands: Sequence[Any], here: Line | None) -> Iterator[tuple[str, Any]]:
    """The Tensors to name in an error: the operands, but for nameless ones that this very call has made, and the user's own."""
    for i, x in enumerate(operands):
        if line_of(x) != here or getattr(x, "node", None) is not None:
            yield f"operand {i + 1}", x
    own = {id(x): f"operand {i + 1}" for i, x in enumerate(operands)}
    for name, x in users_arguments():
        yield own.get(id(x), name), x


class debug:  # noqa: N801 - used like a function, as in PyTorch
    """Tensors made inside remember the user's line, in this thread only; also a decorator.

    Errors of shape, dtype and graph then name the lines that made the operands, and `at.explain_nan` the line of the birth.
    `nan="raise"` stops at the first operation that makes a NaN or an infinity out of finite operands, forward or backward, or
    that is given a NaN. A block within another keeps what the outer one watches.
    Raises: ArgumentError for another `nan`; inside, NonFiniteError.

    >>> import autotensor as at
    >>> with at.debug():
    ...     x = at.tensor([1.0, 2.0])
    ...     y = x * 2
    >>> y.line.text
    'y = x * 2'
    >>> with at.debug(nan="raise"):
    ...     at.log(x - 1.0)
    Traceback (most recent call last):
    autotensor.core.errors.NonFiniteError: the value of log is not finite, although its operands are (forward): 1 -inf ...
    """

    def __init__(self, nan: OnNaN = None) -> None:
        if nan not in (None, "raise"):
            raise ArgumentError(f'nan is None or "raise", got {nan!r}.')
        self.nan = nan
        self._before: list[tuple[int, Watcher | None]] = []

    def __enter__(self) -> None:
        before: Watcher | None = current.watcher
        watcher = Watcher(self.nan or (before.nan if before is not None else None))
        self._before.append((id(watcher), before))
        current.watcher = watcher
        watching.add(id(watcher))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        token, before = self._before.pop()
        watching.discard(token)
        current.watcher = before
        if isinstance(error, AutotensorError):
            tell(error, users_arguments(tb))

    def __call__(self, function: Function) -> Function:
        import functools

        @functools.wraps(function)
        def watched(*args: Any, **settings: Any) -> Any:
            with type(self)(self.nan):
                return function(*args, **settings)

        return watched  # type: ignore[return-value]
