"""A function that runs again, as under `checkpoint`, must read the numbers that it read the first time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autotensor.core.errors import InPlaceError
from autotensor.core.lines import Line, users_line
from autotensor.core.recording import current, watching
from autotensor.core.versions import arrays_in, moment, write_after, writes


class _Rereading:
    """Stands where `at.debug()` puts its watcher, around that one: looks at the operands of each call."""

    __slots__ = ("before", "since", "until")
    traces = False  # as its model

    def __init__(self, since: int) -> None:
        self.since = since
        self.until = moment()  # what the function itself writes from now on, it may read
        self.before = current.watcher

    def born(self, x: Any) -> Line | None:
        """The line that a Tensor being made will remember."""
        return users_line()

    def call(self, primitive: Any, operands: Sequence[Any], settings: dict[str, Any]) -> Any:
        """What the primitive gives, unless an operand was written to between the two runs."""
        for x in (*operands, *(array for _, array in arrays_in(settings.items()))):
            write = write_after(self.since, x if isinstance(x, np.ndarray) else getattr(x, "data", x))
            if write is not None and write.order < self.until:
                line = f"\n  written at {write.line}" if write.line is not None else ""
                raise InPlaceError(
                    f"a checkpoint computes again, and {primitive.name} would read other numbers than the first time: "
                    f"{write.what} on a tensor of shape {write.shape} has overwritten them since. "
                    f"Write after backward(), or not in place: x = x + v, x = x.at[index].set(v).{line}"
                )
        current.watcher = self.before
        try:
            return primitive(*operands, **settings)
        finally:
            current.watcher = self

    def flowing(self, flow: Callable[..., None]) -> Callable[..., None]:
        """A sweep in that function reads what was just recorded: nothing is to be looked at."""
        return flow if self.before is None else self.before.flowing(flow)

    def advancing(self, advance: Callable[..., Any]) -> Callable[..., Any]:
        """The same of forward mode."""
        return advance if self.before is None else self.before.advancing(advance)


@contextlib.contextmanager
def rereading(since: int) -> Iterator[None]:
    """Inside, a call that reads what was written between `since` and now is an InPlaceError. Free if nothing was."""
    traced = current.watcher is not None and current.watcher.traces
    if traced or not any(write.order > since for write in list(writes.values())):
        yield
        return
    one = _Rereading(since)
    current.watcher = one
    watching.add(id(one))
    try:
        yield
    finally:
        current.watcher = one.before
        watching.discard(id(one))
