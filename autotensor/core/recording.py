"""The per-thread switch: whether operations are recorded, where in the model they happen, and whether `at.debug()` is on.

One slot holds the first two, so that an operation reads it once: `current.scope` is None while recording is off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from autotensor.core.errors import AutotensorError
from autotensor.core.lines import Line

Function = TypeVar("Function", bound=Callable[..., Any])


class Following:
    """What holds while `vmap` records one example for all: whatever depends on `inputs` differs between the examples."""

    __slots__ = ("draws", "inputs", "outer", "randomness", "size")

    def __init__(self, inputs: set[Any], size: int, randomness: str, outer: Following | None) -> None:
        self.inputs = inputs  # the nodes that stand for one example
        self.size = size  # how many examples there are
        self.randomness = randomness  # "error", "same" or "different"
        self.outer = outer  # the vmap around this one
        self.draws: dict[Any, Any] = {}  # of random numbers that differ: the node of one example's -> the Tensor of all


class Scope(NamedTuple):
    """Where an operation happens: the names of the modules that are being called, outermost first, and the user's line."""

    path: tuple[str, ...] = ()
    line: Line | None = None  # known under at.debug() only
    following: Following | None = None  # the innermost vmap that is recording

    def __str__(self) -> str:
        return ".".join(self.path)


class Current(threading.local):
    """This thread's state; `path` survives while recording is off."""

    scope: Scope | None = Scope()
    outer: Scope = Scope()
    watcher: Any = None  # what at.debug() has put here: a watching.Watcher


current = Current()
watching: set[int] = set()  # blocks of at.debug() that are open, in any thread: while it is empty an operation asks no further


class _Switch:
    """A re-entrant context manager and decorator that sets recording for this thread."""

    recording: bool

    def __init__(self) -> None:
        self._before: list[Scope | None] = []

    def __enter__(self) -> None:
        self._before.append(current.scope)
        current.scope = current.outer if self.recording else None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        before = self._before.pop()
        # the module path may have moved on inside a generator: only the switch is restored
        current.scope = None if before is None else current.outer

    def __call__(self, function: Function) -> Function:
        import functools

        @functools.wraps(function)
        def switched(*args: Any, **settings: Any) -> Any:
            with type(self)():
                return function(*args, **settings)

        return switched  # type: ignore[return-value]


class no_grad(_Switch):  # noqa: N801 - used like a function, as in PyTorch
    """Operations inside are not recorded, in this thread only; also a decorator.

    >>> import autotensor as at
    >>> x = at.tensor([1.0], requires_grad=True)
    >>> with at.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    recording = False


class enable_grad(_Switch):  # noqa: N801 - used like a function, as in PyTorch
    """Operations inside are recorded again, also within `no_grad`, in this thread only; also a decorator.

    >>> import autotensor as at
    >>> x = at.tensor([1.0], requires_grad=True)
    >>> with at.no_grad(), at.enable_grad():
    ...     (x * 2).requires_grad
    True
    """

    recording = True


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread.

    >>> is_grad_enabled()
    True
    """
    return current.scope is not None


class inside:  # noqa: N801 - used like a function
    """While the block runs, operations belong to the module called `name` within the present one."""

    __slots__ = ("_before", "_name")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._before = current.outer
        current.outer = Scope((*current.outer.path, self._name), following=current.outer.following)
        if current.scope is not None:
            current.scope = current.outer

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is not None and isinstance(error, AutotensorError):
            error.happened_in(str(current.outer))
        current.outer = self._before
        if current.scope is not None:
            current.scope = self._before
