"""Columns of a layered layout: where in x the items of each row go, once their order is known."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from autotensor.pictures.rows import LARGE, Item, Link

BESIDE = 22.0  # between items in a row
PASSES = 6


class Columns:
    """Items move as near to their neighbours above and below as the order and the widths allow; then bends are straightened."""

    def __init__(self, rows: Sequence[Sequence[int]], links: Sequence[Link], sizes: Sequence[Item], count: int) -> None:
        self.rows = rows
        self.sizes = sizes
        self.count = count  # items from here on are joints
        self.above: list[list[Link]] = [[] for _ in sizes]
        self.below: list[list[Link]] = [[] for _ in sizes]
        for link in links:
            self.above[link.below].append(link)
            self.below[link.above].append(link)
        self.x = [0.0] * len(sizes)

    def found(self) -> list[float]:
        """Middles in x, the leftmost edge at 0."""
        self.settle(self.rows, self.from_above)
        for _ in range(PASSES if sum(map(len, self.above)) < LARGE else 1):
            self.settle(self.rows[::-1], self.from_below, self.from_above)
            self.settle(self.rows, self.from_above, self.from_below)
        self.straighten()
        left = min((x - item.width / 2 for x, item in zip(self.x, self.sizes, strict=True)), default=0.0)
        return [x - left for x in self.x]

    def from_above(self, i: int) -> list[tuple[float, float]]:
        return [(self.x[link.above] + link.start - link.end, link.weight) for link in self.above[i]]

    def from_below(self, i: int) -> list[tuple[float, float]]:
        return [(self.x[link.below] + link.end - link.start, link.weight) for link in self.below[i]]

    def settle(self, rows: Sequence[Sequence[int]], *pulls: Callable[[int], list[tuple[float, float]]]) -> None:
        """Each row in turn to where its neighbours pull it."""
        for row in rows:
            wishes, weights = [], []
            for i in row:
                pulled = [wish for pull in pulls for wish in pull(i)]
                weight = sum(w for _, w in pulled)
                wishes.append(sum(place * w for place, w in pulled) / weight if weight else self.x[i])
                weights.append(weight * (4 if i >= self.count else 1) or 0.01)
            gaps = [self.gap(a, b) for a, b in itertools.pairwise(row)]
            for i, place in zip(row, apart(wishes, weights, gaps), strict=True):
                self.x[i] = place

    def gap(self, a: int, b: int) -> float:
        beside = BESIDE if a < self.count and b < self.count else BESIDE * 0.7
        return (self.sizes[a].width + self.sizes[b].width) / 2 + beside

    def straighten(self) -> None:
        """Put what is joined by main links into one column, as far as neighbours leave room; three times, as room appears."""
        left_of: dict[int, int] = {}
        right_of: dict[int, int] = {}
        for row in self.rows:
            for a, b in itertools.pairwise(row):
                right_of[a], left_of[b] = b, a
        stacks = self.stacks()
        for _ in range(3):
            for stack in stacks:
                self.align(stack, left_of, right_of)

    def stacks(self) -> list[list[tuple[int, float]]]:
        """Items under each other, joined by links that are the heaviest of both ends, long stacks first; with offsets in x."""
        main = {}
        for arriving in self.above:
            best = _heaviest(arriving)
            if best is not None and best is _heaviest(self.below[best.above]):
                main[best.above] = best
        inner = {link.below for link in main.values()}
        stacks = []
        for row in self.rows:
            for i in row:
                if i not in inner:
                    stack = [(i, 0.0)]
                    while stack[-1][0] in main:
                        link = main[stack[-1][0]]
                        stack.append((link.below, stack[-1][1] + link.start - link.end))
                    stacks.append(stack)
        return sorted(stacks, key=len, reverse=True)

    def align(self, stack: list[tuple[int, float]], left_of: dict[int, int], right_of: dict[int, int]) -> None:
        """One column for the stack, or as few as the room allows."""
        at = 0
        while at < len(stack):
            low, high, end = float("-inf"), float("inf"), at
            while end < len(stack):
                i, offset = stack[end]
                least = self.x[left_of[i]] + self.gap(left_of[i], i) - offset if i in left_of else low
                most = self.x[right_of[i]] - self.gap(i, right_of[i]) - offset if i in right_of else high
                if end > at and max(low, least) > min(high, most):
                    break
                low, high, end = max(low, least), min(high, most), end + 1
            part = stack[at:end]
            column = min(max(self.wish(part), low), high) if low <= high else (low + high) / 2
            for i, offset in part:
                self.x[i] = column + offset
            at = end

    def wish(self, part: list[tuple[int, float]]) -> float:
        """Where the links to items outside pull this part of a stack."""
        inside = {i for i, _ in part}
        total = mass = 0.0
        for i, offset in part:
            near = [pull for pull, link in zip(self.from_above(i), self.above[i], strict=True) if link.above not in inside]
            near += [pull for pull, link in zip(self.from_below(i), self.below[i], strict=True) if link.below not in inside]
            total += sum((place - offset) * weight for place, weight in near)
            mass += sum(weight for _, weight in near)
        return total / mass if mass else sum(self.x[i] - offset for i, offset in part) / len(part)


def _heaviest(links: Sequence[Link]) -> Link | None:
    """The one link that weighs more than the others."""
    if not links:
        return None
    best = max(links, key=lambda link: link.weight)
    return best if sum(link.weight == best.weight for link in links) == 1 else None


def apart(wishes: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The places nearest to the wishes (weighted least squares) that are at least `gaps` apart: pool adjacent violators.

    >>> apart([0.0, 0.0], [1.0, 1.0], [10.0])
    [-5.0, 5.0]
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for wish, weight, offset in zip(wishes, weights, offsets, strict=False):
        pool = (wish - offset, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, mass, size = pools.pop()
            both = mass + pool[1]
            pool = ((mean * mass + pool[0] * pool[1]) / both, both, size + pool[2])
        pools.append(pool)
    means = [mean for mean, _, size in pools for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]
