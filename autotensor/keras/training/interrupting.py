"""Ctrl-C while a model learns: it waits for the end of the step, so that a model never holds half of an update."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from signal import SIGINT, default_int_handler, getsignal, signal
from types import FrameType
from typing import Any, Self


class Interrupts:
    """For the time of a `with` block: a Ctrl-C that comes while `held` waits for `heed` or `release`; a second one does not.

    In the main thread only, where Python handles signals, and only in the place of Python's own handler: one of the user's stays.
    Blocks may be nested, as when a callback trains another model: the outermost one handles the signal for all.
    """

    __slots__ = ("_installed", "asked", "held")

    def __init__(self) -> None:
        self.held = False
        self.asked = False
        self._installed = False

    def hold(self) -> bool:
        """From here on a Ctrl-C waits; returns what `release` is to be given."""
        held, self.held = self.held, True
        return held

    def release(self, held: bool) -> None:
        """The end of what `hold` began.

        Raises: KeyboardInterrupt if a Ctrl-C has come.
        """
        self.held = held
        if not held:
            self.heed()

    def heed(self) -> None:
        """Raise KeyboardInterrupt if a Ctrl-C has come."""
        if self.asked:
            self.asked = False
            raise KeyboardInterrupt

    def let(self, call: Callable[..., object], *arguments: Any) -> None:
        """A call in which Ctrl-C comes at once, as in the user's code; one that has come already comes before it."""
        self.heed()
        held, self.held = self.held, False
        try:
            call(*arguments)
        finally:
            self.held = held

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.held and not self.asked:
            self.asked = True
        else:
            self.asked = False
            default_int_handler(number, frame)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            present = getsignal(SIGINT)
            if present is default_int_handler:
                self._installed = True
                signal(SIGINT, self._note)
            elif isinstance(outer := getattr(present, "__self__", None), type(self)) and not outer.held:
                return outer  # else all of this block is part of a step, which is whole or nothing
        return self

    def __exit__(self, *error: object) -> None:
        if self._installed:
            self._installed = False
            if getattr(getsignal(SIGINT), "__self__", None) is self:  # else a callback has put its own there
                signal(SIGINT, default_int_handler)
            self.release(held=False)


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """A block that the first Ctrl-C does not cut in two."""
    with Interrupts() as interrupts:
        held = interrupts.hold()
        try:
            yield
        finally:
            interrupts.release(held)
