"""The user's own line: the nearest frame outside autotensor, and how an error names it."""

from __future__ import annotations

import contextlib
import inspect
import linecache
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NamedTuple

PASSED_OVER = ("autotensor", "numpy")  # NumPy's wrappers lie between np.sum(tensor) and the user
MADE = "made at "


class Line(NamedTuple):
    """A line of the user's program."""

    file: str  # as Python names it in a traceback
    number: int
    function: str
    text: str  # the source, without indentation; empty where nobody keeps it

    @property
    def where(self) -> str:
        """The file and number that editors follow; the path is relative when the file lies below the working directory."""
        file = self.file
        if os.path.isabs(file):  # noqa: PTH117 - a Path cannot hold "<stdin>"
            with contextlib.suppress(ValueError, OSError):
                file = str(Path(file).relative_to(Path.cwd()))
        return f"{file}:{self.number}"

    def __str__(self) -> str:
        return f"{self.where} in {self.function}" + (f": {self.text}" if self.text else "")


def is_users(frame: FrameType) -> bool:
    """Whether a frame is outside autotensor. Code typed at a prompt, or in a docstring, is somebody's own."""
    room = frame.f_globals.get("__name__", "").partition(".")[0]
    return room not in PASSED_OVER or frame.f_code.co_filename.startswith("<")


def users_line() -> Line | None:
    """The line that the user's program is at now; None where only autotensor runs.

    >>> users_line().text
    'users_line().text'
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(frame):
        frame = frame.f_back
    return None if frame is None else _line_of(frame, frame.f_lineno)


def _line_of(frame: FrameType, number: int) -> Line:
    code = frame.f_code
    text = linecache.getline(code.co_filename, number, frame.f_globals).strip()
    return Line(code.co_filename, number, code.co_name, text)


def line_of(x: Any) -> Line | None:
    """The line that made a Tensor, if it was made under `at.debug()`."""
    node = getattr(x, "node", None)
    line: Line | None = getattr(x, "line", None) if node is None or node.is_leaf else node.scope.line
    return line


def story(named: Iterable[tuple[str, Any]]) -> str:
    """Below an error: the shape, the dtype and the line of each Tensor among `named`; empty if no line is known."""
    known: dict[int, str] = {}
    for name, x in named:
        if (line := line_of(x)) is not None:
            origin = "" if x.node is None or x.node.is_leaf else f" from {x.node.label}"
            known.setdefault(id(x), f"\n  {name} {x.shape} {x.dtype}{origin}, {MADE}{line}")
    return "".join(known.values())


def users_arguments(trace: TracebackType | None = None) -> Iterator[tuple[str, Any]]:
    """The arguments of the call of autotensor's that the user's program is in, or was in where an error arose, by name."""
    entered: FrameType | None = None
    if trace is None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not is_users(frame):
            entered, frame = frame, frame.f_back
    else:
        outside = False
        for frame, _ in traceback.walk_tb(trace):
            entered = None if is_users(frame) else frame if outside else entered
            outside = is_users(frame)
    if entered is None:
        return
    code = entered.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    for name in code.co_varnames[: count + bool(code.co_flags & inspect.CO_VARARGS)]:
        value: Any = entered.f_locals.get(name)
        several = isinstance(value, (tuple, list))
        yield from ((f"{name}[{i}]", x) for i, x in enumerate(value)) if several else ((name, value),)
