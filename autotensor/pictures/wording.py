"""Numbers, settings, code and words as a page shows them, in a terminal and in Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np


def number(x: float) -> str:
    """Four digits, infinity as ∞, never a negative zero.

    >>> number(1 / 3), number(-0.0), number(float("-inf"))
    ('0.3333', '0', '-∞')
    """
    return ("∞" if x > 0 else "-∞") if np.isinf(x) else f"{x + 0.0:.4g}"


def written(setting: Any) -> str:
    """A setting as one would type it.

    >>> written((slice(None), np.dtype("float32"), np.array([1, 2])))
    "(slice(None), np.dtype('float32'), np.array([1, 2]))"
    """
    if isinstance(setting, np.ndarray):
        return f"np.array({setting.tolist()})"
    if isinstance(setting, type):
        return setting.__name__
    if isinstance(setting, np.dtype):
        return f"np.dtype({setting.name!r})"
    if isinstance(setting, slice):
        parts = (setting.start, setting.stop, setting.step)
        return "slice(None)" if parts == (None, None, None) else f"slice{parts}"
    if isinstance(setting, tuple):
        return "(" + ", ".join(map(written, setting)) + ("," if len(setting) == 1 else "") + ")"
    return repr(setting)


def labelled(label: str, words: str, width: int, *, indent: int = 0, column: int = 10) -> list[str]:
    """`words` beside a label, or below it where they are several lines.

    >>> labelled("domain", "all real numbers", 20)
    ['domain    all real', '          numbers']
    """
    if "\n" in words:
        return [label, *(f"    {line}" for line in fitted(words, width - 4))]
    wrapped = textwrap.wrap(words, width - indent - column, break_long_words=False, break_on_hyphens=False) or [""]
    return [" " * indent + f"{label if i == 0 else '':<{column - 1}} {line}" for i, line in enumerate(wrapped)]


def fitted(source: str, width: int) -> Iterator[str]:
    """Lines of code, those that are too long broken at spaces.

    >>> list(fitted("y = first + second", 12))
    ['y = first +', '        second']
    """
    for line in source.split("\n"):
        lead = line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line, width, subsequent_indent=lead + " " * 8, break_long_words=False, break_on_hyphens=False
        ) or [""]


def escaped(text: str) -> str:
    r"""Words whose every sign Markdown shows as it is; `code` stays code.

    >>> print(escaped("y = x**2, see `power_of`"))
    y = x\*\*2, see `power_of`
    """
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if i % 2 else re.sub(r"([\\*_\[\]<>|#])", r"\\\1", part) for i, part in enumerate(parts))
