"""The per-thread switch: whether operations are recorded, and where in the model they happen.

One slot holds both, so that an operation reads it once: `current.scope` is None while recording is off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class Scope(NamedTuple):
    """Where an operation happens: the names of the modules that are being called, outermost first."""

    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join(self.path)


class Current(threading.local):
    """This thread's state; `path` survives while recording is off."""

    scope: Scope | None = Scope()
    outer: Scope = Scope()


current = Current()


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
        current.outer = Scope((*current.outer.path, self._name))
        if current.scope is not None:
            current.scope = current.outer

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        current.outer = self._before
        if current.scope is not None:
            current.scope = self._before
