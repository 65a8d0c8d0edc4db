"""Functions that run before or after a module's forward, and the handle that takes them away again."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeAlias

Hook: TypeAlias = Callable[..., Any]
Hooks: TypeAlias = "dict[Handle, Hook]"


class Handle:
    """What registering a hook returns: `remove()` takes the hook away; also a context manager that does so at its end.

    >>> hooks: Hooks = {}
    >>> handle = Handle.add(hooks, print)
    >>> handle.remove()
    >>> hooks
    {}
    """

    __slots__ = ("_hooks",)

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @classmethod
    def add(cls, hooks: Hooks, hook: Hook) -> Handle:
        """Put `hook` last; the handle is its own key, so that it never removes another's hook."""
        handle = cls(hooks)
        hooks[handle] = hook
        return handle

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._hooks.pop(self, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.remove()


def run(module: Any, forward: Callable[..., Any], before: Hooks, after: Hooks, inputs: Any, settings: Any) -> Any:
    """`forward` between its hooks: one before may give other inputs, one after another output."""
    for hook in tuple(before.values()):
        answer = hook(module, inputs)
        if answer is not None:
            inputs = answer if isinstance(answer, tuple) else (answer,)
    output = forward(*inputs, **settings)
    for hook in tuple(after.values()):
        answer = hook(module, inputs, output)
        if answer is not None:
            output = answer
    return output
