"""The order within the rows of a layered layout: few crossings, found by barycenter sweeps."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import NamedTuple

SWEEPS = 12
LARGE = 20_000  # links from which a picture is no longer worth many seconds


class Item(NamedTuple):
    """What takes room: a box, a frame with its contents, or (0 by 0) a joint of a long arrow or a port in the frame around."""

    width: float
    height: float
    pin: int = 0  # -1: a port on the upper edge, 1: on the lower edge


class Link(NamedTuple):
    """An arrow, or the part of one, from a row to the next."""

    above: int
    below: int
    start: float  # from the middle of the upper item, in x
    end: float  # from the middle of the lower item
    weight: float
    wire: int | None  # the arrow that ends here at a place still free


def ordered(rows: list[list[int]], links: Sequence[Link]) -> list[list[int]]:
    """The rows in the order with the fewest crossings that a few sweeps find; sorts them in place.

    >>> ordered([[0, 1], [2, 3]], [Link(0, 3, 0, 0, 1, None), Link(1, 2, 0, 0, 1, None)])
    [[0, 1], [3, 2]]
    """
    above: dict[int, list[Link]] = {i: [] for row in rows for i in row}
    below: dict[int, list[Link]] = {i: [] for i in above}
    for link in links:
        above[link.below].append(link)
        below[link.above].append(link)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(SWEEPS if len(links) < LARGE else 2):
        if not fewest:
            break
        down = sweep % 2 == 0
        for row, fixed in zip(rows[1:], rows, strict=False) if down else zip(rows[-2::-1], rows[:0:-1], strict=False):
            place = {i: k for k, i in enumerate(fixed)}
            own = {i: k * len(fixed) / len(row) for k, i in enumerate(row)}
            centre = {}
            for i in row:
                near = (
                    [place[link.above] + _tilt(link.start) for link in above[i]]
                    if down
                    else [place[link.below] + _tilt(link.end) for link in below[i]]
                )
                centre[i] = sum(near) / len(near) if near else own[i]
            row.sort(key=centre.__getitem__)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _tilt(offset: float) -> float:
    """A port's offset in a wide item, as part of a place in a row."""
    return max(-0.49, min(0.49, offset / 1000))


def _crossings(rows: Sequence[Sequence[int]], below: dict[int, list[Link]]) -> int:
    total = 0
    for row, following in itertools.pairwise(rows):
        place = {i: k for k, i in enumerate(following)}
        seen: list[float] = []
        for i in row:
            ends = [(link.start, place[link.below] + _tilt(link.end)) for link in below[i]]
            for _, end in sorted(ends):
                total += len(seen) - bisect_left(seen, end + 1e-9)
                insort(seen, end)
    return total
