"""Where progress is drawn: one live line in a terminal, an output of its own in a notebook, else plain lines.

A terminal's live line is rich's: what a callback prints meanwhile, and a warning, appears above it. It starts with the first
redraw and ends with `finish` or `close`, so that a short epoch never pays for it. rich is not even imported for a pipe or a file.
"""

from __future__ import annotations

import math
import os
import sys
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from autotensor.keras.utils.progress_line import BLOCK, MORE, REST, Part

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

_ASCII = str.maketrans({BLOCK: "=", MORE: "~"})


class Screen:
    """Standard output, or `file`, as a place for a line that changes and for lines that stay.

    >>> screen = Screen()
    >>> screen.live
    False
    >>> screen.finish([("2/2", "bold"), (" 1s", "")])
    2/2 1s
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._file: TextIO | None = sys.stdout if file is None else file  # None in pythonw: nothing is shown
        self._notebook = _in_notebook() and file is None
        self._console = _console_for(self._file, notebook=self._notebook)
        self._line: Live | None = None
        self._output: Any = None  # IPython's handle of the output that holds the line
        self.live = self._notebook or (self._console is not None and self._console.is_interactive)

    @property
    def room(self) -> float:
        """The characters that a line may have: without end where it is not live."""
        # Without the last column, after which some terminals begin a new line.
        return self._console.width - 1 if self.live and self._console is not None else math.inf

    def draw(self, parts: Sequence[Part]) -> None:
        """Show `parts` as the live line, in place of what it showed."""
        text = self._text(parts)
        if self._notebook:
            from IPython.display import display

            if self._output is None:
                self._output = display(text, display_id=True)
            else:
                self._output.update(text)
            return
        if self._line is None:
            self._line = self._start(text)
        self._line.update(text, refresh=True)

    def finish(self, parts: Sequence[Part]) -> None:
        """Leave `parts` as the last state of the live line, or as a line if there is none."""
        if self._line is not None or self._output is not None:
            self.draw(parts)
            self.close()
        elif self._console is not None:
            self._console.print(self._text(parts), soft_wrap=True)
        else:
            self.say("".join(text for text, _ in parts))

    def say(self, text: str) -> None:
        """Write a line of plain text, which stays."""
        if self._file is None:
            return
        try:
            self._file.write(text + "\n")
        except UnicodeEncodeError:  # a pipe on Windows is cp1252, which has no bars
            encoding = getattr(self._file, "encoding", None) or "ascii"
            self._file.write(text.translate(_ASCII).encode(encoding, "replace").decode(encoding) + "\n")
        self._file.flush()

    def close(self) -> None:
        """End the live line where it stands: the cursor is shown again, at the beginning of a new line."""
        self._output = None
        if self._line is not None:
            self._line = None
            self._stop()

    def _start(self, text: Text) -> Live:
        from rich.live import Live

        line = Live(text, console=self._console, auto_refresh=False, vertical_overflow="visible")
        # A Progbar that its owner drops, or leaves by an exception, must not leave the cursor hidden.
        self._stop = weakref.finalize(self, line.stop)
        line.start()
        return line

    def _text(self, parts: Sequence[Part]) -> Text:
        from rich.text import Text

        text = Text(no_wrap=True, overflow="crop")
        console = self._console
        colours = self._notebook or (console is not None and console.color_system is not None and not console.no_color)
        utf = console is None or console.encoding.startswith("utf")
        for piece, style in parts:
            # Without colours what is done and what is not would look the same.
            shown = piece if colours or style != REST else " " * len(piece)
            text.append(shown if utf else shown.translate(_ASCII), style)
        return text


def _in_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return type(get_ipython()).__name__ == "ZMQInteractiveShell"


def _console_for(file: TextIO | None, *, notebook: bool) -> Console | None:
    """rich's console where there is more to show than plain lines."""
    if file is None or hasattr(file, "rich_proxied_file"):
        return None  # somebody's live display has the terminal, and what is printed appears above it
    terminal = getattr(file, "isatty", bool)()  # a script may have put a bare object with `write` there
    if notebook:
        from rich.console import Console

        # Lines that stay go to the stream, whose colours a notebook shows; rich would make an output of each.
        return Console(file=file, force_jupyter=False, force_terminal=True, color_system="standard", width=120)
    if not terminal and not os.environ.get("FORCE_COLOR"):
        return None
    from rich.console import Console

    return Console(file=file, force_jupyter=False, force_interactive=None if terminal else False, highlight=False)
