"""A curve in one line of text, for the terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import TextIO

from autotensor.core.errors import ArgumentError

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-~=+*#"
UNUSUAL = {"nan": ("?", "?"), "inf": ("↑", "^"), "-inf": ("↓", "v")}


def can_show(text: str, stream: TextIO | None = None) -> bool:
    """Whether the stream (standard output when None) has these letters in its encoding.

    >>> can_show("plain")
    True
    """
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "ascii"
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def sparkline(values: Iterable[float], width: int = 20, *, stream: TextIO | None = None, ascii: bool | None = None) -> str:
    """The values as small bars, at most `width` of them: the lowest value is ▁, the highest █.

    More values than `width` are averaged in groups. NaN is ?, infinities are ↑ and ↓, a constant series runs in the middle.
    Where `stream` (standard output when None) cannot show these letters, or with `ascii=True`, plain ASCII stands for them.
    Raises: ArgumentError unless `width` is at least 1.

    >>> sparkline([1, 2, 3, 4, 3, 2, 1], ascii=False)
    '▁▃▆█▆▃▁'
    >>> sparkline([1.0, float("nan"), 2.0], ascii=True)
    '_?#'
    """
    if width < 1:
        raise ArgumentError(f"width must be at least 1, got {width!r}.")
    given = [float(value) for value in values]
    bars = (
        given
        if len(given) <= width
        else [_mean(given[k * len(given) // width : (k + 1) * len(given) // width]) for k in range(width)]
    )
    finite = [bar for bar in bars if math.isfinite(bar)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    plain = not can_show(BLOCKS + "↑↓", stream) if ascii is None else ascii
    levels = ASCII if plain else BLOCKS
    letters = []
    for bar in bars:
        if not math.isfinite(bar):
            letters.append(UNUSUAL[str(bar)][plain])
        elif low == high:
            letters.append(levels[3])
        else:
            share = (bar / 2 - low / 2) / (high / 2 - low / 2)  # halves: the difference itself may overflow
            letters.append(levels[min(int(share * len(levels)), len(levels) - 1)])
    return "".join(letters)


def _mean(group: list[float]) -> float:
    """The mean, unless something in the group is not finite: that is then what is shown."""
    unusual = [value for value in group if not math.isfinite(value)]
    if unusual:
        return next((value for value in unusual if math.isnan(value)), unusual[0])
    return math.fsum(value / len(group) for value in group)
