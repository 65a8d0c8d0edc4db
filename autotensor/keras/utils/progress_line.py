"""What a line of progress says, in Keras's words, as long as there is room for them.

Pure functions from a `Progress` to text. Where the room ends, the bar shrinks first, then the time a step goes, then the
punctuation between the metrics, then the bar; only after that are metrics left out, the loss last.
"""

from __future__ import annotations

import math
from typing import NamedTuple

Part = tuple[str, str]  # text and its style
Metric = tuple[str, str]  # name and value as shown

DONE, REST = "green", "white"  # the two styles of the bar
BLOCK = "━"
MORE = "…"
_SHORTEST_BAR = 5
_SEPARATORS = ((" - ", ": "), ("  ", " "), (" ", " "))  # between metrics, and between a name and its value


class Progress(NamedTuple):
    """The state that a line shows."""

    current: int
    target: int | None  # None: unknown
    seconds: float  # passed, or still to come while `running` towards a known target
    per_unit: float  # seconds
    unit: str
    metrics: tuple[Metric, ...]
    running: bool = False


def shown(value: float) -> str:
    """A metric's value with four decimals, in scientific notation where those would hide it.

    >>> shown(2.89071), shown(-0.5), shown(0.001), shown(0.0)
    ('2.8907', '-0.5000', '1.0000e-03', '0.0000e+00')
    """
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def plain_line(progress: Progress) -> str:
    """The line of verbose=2.

    >>> plain_line(Progress(2, 2, 1.4, 0.746, "step", (("loss", "2.8907"),)))
    '2/2 - 1s - 746ms/step - loss: 2.8907'
    """
    first = [_count(progress), _clock(progress), _pace(progress)]
    return " - ".join(first + [f"{name}: {value}" for name, value in progress.metrics])


def bar_line(progress: Progress, width: int, room: float = math.inf) -> list[Part]:
    """The line of verbose=1 in at most `room` characters, as parts with their styles.

    >>> half = Progress(1, 2, 1.4, 0.746, "step", (("loss", "2.8907"),))
    >>> "".join(text for text, style in bar_line(half, width=20))
    '1/2 ━━━━━━━━━━━━━━━━━━━━ 1s 746ms/step - loss: 2.8907'
    >>> "".join(text for text, style in bar_line(half, width=20, room=40))
    '1/2 ━━━━━━━ 1s 746ms/step - loss: 2.8907'
    >>> "".join(text for text, style in bar_line(half, width=20, room=12))
    '1/2 1s …'
    """
    count, clock, pace = _count(progress), _clock(progress), f" {_pace(progress)}"
    bare = len(count) + 1 + len(clock)
    known = bool(progress.target)
    for separators, paced, barred in (
        (_SEPARATORS[0], pace, True),
        (_SEPARATORS[0], "", True),
        (_SEPARATORS[1], "", True),
        (_SEPARATORS[1], "", False),
        (_SEPARATORS[2], "", False),
    ):
        tail = paced + _metrics(progress.metrics, separators)
        left = room - bare - len(tail) - 1
        bar_width = int(min(width, left)) if barred and known else 0
        if bar_width >= min(width, _SHORTEST_BAR) or (not (barred and known) and left >= -1):
            return [(count, "bold"), *_bar(progress, bar_width), (" ", ""), (clock, "bold"), (tail, "")]
    tail = _most_telling(progress.metrics, int(room) - bare)
    return _cut([(count, "bold"), (" ", ""), (clock, "bold"), (tail, "")], int(room))


def _count(progress: Progress) -> str:
    if not progress.target:
        return f"{progress.current:7d}/Unknown"
    return f"{progress.current:{len(str(progress.target))}d}/{progress.target}"


def _clock(progress: Progress) -> str:
    seconds = progress.seconds
    if progress.running and progress.target and seconds > 60:
        minutes, rest = divmod(int(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{rest:02d}" if seconds > 3600 else f"{minutes}:{rest:02d}"
    return f"{int(seconds)}s" if progress.running and progress.target else f"{seconds:.0f}s"


def _pace(progress: Progress) -> str:
    seconds = progress.per_unit
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{progress.unit}"
    return f"{seconds * 1e3:.0f}ms/{progress.unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{progress.unit}"


def _metrics(metrics: tuple[Metric, ...], separators: tuple[str, str]) -> str:
    between, within = separators
    return "".join(f"{between}{name}{within}{value}" for name, value in metrics)


def _bar(progress: Progress, width: int) -> list[Part]:
    if not width:
        return []
    done = int(width * min(1.0, progress.current / (progress.target or 1)))
    parts = [(" ", ""), (BLOCK * done, DONE), (BLOCK * (width - done), REST)]
    return [part for part in parts if part[0]]


def _most_telling(metrics: tuple[Metric, ...], room: int) -> str:
    """The metrics for which there is room, in their order, chosen by their rank: losses first."""
    chosen: set[Metric] = set()
    room -= len(MORE) + 1
    for metric in sorted(metrics, key=lambda metric: (metric[0] != "loss", metric[0] != "val_loss")):
        length = len(_metrics((metric,), _SEPARATORS[2]))
        if length <= room:
            chosen.add(metric)
            room -= length
    return _metrics(tuple(metric for metric in metrics if metric in chosen), _SEPARATORS[2]) + f" {MORE}"


def _cut(parts: list[Part], room: int) -> list[Part]:
    kept: list[Part] = []
    for text, style in parts:
        kept.append((text[:room], style))
        room -= len(kept[-1][0])
    return [part for part in kept if part[0]]
