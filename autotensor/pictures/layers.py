"""A layered layout of one flat graph, in four steps: layers, order within layers, columns, wires.

The steps are those of Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system structures":
each box goes one layer below the lowest that leads to it; an arrow over several layers passes through a joint in each; barycenter
sweeps order the layers so that few arrows cross; then boxes move as close to their neighbours as the order allows. All arrows
from one box share their joints, so a parameter that 500 operations use costs 500 joints and not 500 * 500.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from autotensor.pictures.columns import Columns
from autotensor.pictures.grouping import in_order
from autotensor.pictures.rows import Item, Link, ordered

Point: TypeAlias = tuple[float, float]

BETWEEN = 34.0  # between layers
SPREAD = 16.0  # between arrow heads on a box
MAIN, SIDE = 6.0, 0.05  # the main stream should be straight, parameters may stand aside


class Wire(NamedTuple):
    """An arrow between two items; arrows with one `net` start at one point and share their joints."""

    tail: int
    head: int
    net: int
    start: float = 0.0  # from the middle of the tail, in x
    end: float | None = None  # from the middle of the head; None: spread with others along its upper edge


class Layout(NamedTuple):
    """Places: middles of items in x, their upper edges in y, and the lines that make up each wire."""

    x: list[float]
    y: list[float]
    width: float
    height: float
    lines: list[list[Point]]
    arrows: list[tuple[Point, int]]  # tip of an arrow head, and the wire that it ends


def layered(items: Sequence[Item], wires: Sequence[Wire]) -> Layout:
    """Where items go, from the top down.

    >>> layout = layered([Item(40, 20), Item(60, 20)], [Wire(0, 1, net=0)])
    >>> layout.x, layout.y
    ([30.0, 30.0], [0.0, 54.0])
    """
    layer = _layers(items, wires)
    rows, links, sizes = _joined(items, wires, layer)
    x = Columns(ordered(rows, links), links, sizes, len(items)).found()
    width = max((place + size.width / 2 for place, size in zip(x, sizes, strict=True)), default=0.0)
    return _drawn(rows, links, sizes, x, width, _spread_ends(links, x, sizes), len(items))


def _layers(items: Sequence[Item], wires: Sequence[Wire]) -> list[int]:
    """The longest path from the top; what hangs off the main stream by itself (parameters) is drawn down to its consumer."""
    heads: list[list[int]] = [[] for _ in items]
    tails: list[list[int]] = [[] for _ in items]
    for wire in wires:
        heads[wire.tail].append(wire.head)
        tails[wire.head].append(wire.tail)
    order = in_order(len(items), [(wire.tail, wire.head) for wire in wires])
    layer = [0] * len(items)
    aside = [False] * len(items)
    for i in order:
        layer[i] = max((layer[tail] + 1 for tail in tails[i]), default=0)
        aside[i] = not items[i].pin and all(aside[tail] and len(heads[tail]) == 1 for tail in tails[i])
    for i in reversed(order):
        if heads[i] and (aside[i] or len(set(tails[i])) < len(set(heads[i]))) and not items[i].pin:
            layer[i] = min(layer[head] for head in heads[i]) - 1
    lowest = max(layer, default=0)
    return [lowest if item.pin > 0 else at for item, at in zip(items, layer, strict=True)]


def _joined(items: Sequence[Item], wires: Sequence[Wire], layer: Sequence[int]) -> tuple[list[list[int]], list[Link], list[Item]]:
    """Rows of items and joints, and the links between neighbouring rows."""
    sizes = list(items)
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for i in _by_depth_first(len(items), wires):
        rows[layer[i]].append(i)
    entered = {wire.head for wire in wires}
    links: list[Link] = []
    joints: dict[tuple[int, int], list[int]] = {}  # (tail, net) -> its joints, one a layer
    for number, wire in enumerate(wires):
        weight = MAIN if wire.tail in entered or items[wire.tail].pin else SIDE
        chain = joints.setdefault((wire.tail, wire.net), [])
        while layer[wire.tail] + len(chain) + 1 < layer[wire.head]:
            joint = len(sizes)
            sizes.append(Item(2.0, 0.0))
            rows[layer[wire.tail] + len(chain) + 1].append(joint)
            before, start = (chain[-1], 0.0) if chain else (wire.tail, wire.start)
            # straight along the way, but what leads to the next box directly has precedence at both ends
            links.append(Link(before, joint, start, 0.0, weight * (2 if chain else 0.5), None))
            chain.append(joint)
        steps = layer[wire.head] - layer[wire.tail] - 1
        last, start = (chain[steps - 1], 0.0) if steps else (wire.tail, wire.start)
        free = number if wire.end is None else None
        links.append(Link(last, wire.head, start, wire.end or 0.0, weight * (0.5 if steps else 1), free))
    return rows, links, sizes


def _by_depth_first(count: int, wires: Sequence[Wire]) -> list[int]:
    """Items in an order in which operands stand from left to right before what they lead to."""
    tails: list[list[int]] = [[] for _ in range(count)]
    left = set(range(count))
    for wire in wires:
        tails[wire.head].append(wire.tail)
        left.discard(wire.tail)
    order: list[int] = []
    seen = set()
    stack = [(i, False) for i in sorted(left, reverse=True)]
    while stack:
        i, done = stack.pop()
        if done:
            order.append(i)
        elif i not in seen:
            seen.add(i)
            stack.append((i, True))
            stack.extend((tail, False) for tail in reversed(tails[i]))
    return order


def _spread_ends(links: Sequence[Link], x: Sequence[float], sizes: Sequence[Item]) -> dict[int, float]:
    """Where along the upper edge of its head each free wire ends, in the order from which the wires come.

    The heaviest wire, where there is only one, ends in the middle, so that the main stream is straight.
    """
    arriving: dict[int, list[Link]] = {}
    for link in links:
        if link.wire is not None:
            arriving.setdefault(link.below, []).append(link)
    ends: dict[int, float] = {}
    for i, free in arriving.items():
        free.sort(key=lambda link: (x[link.above] + link.start, link.wire))
        most = max(link.weight for link in free)
        heavy = [k for k, link in enumerate(free) if link.weight == most > SIDE]
        middle = heavy[0] if len(heavy) == 1 else (len(free) - 1) / 2
        farthest = max(middle, len(free) - 1 - middle, 0.5)
        step = min(SPREAD, (sizes[i].width / 2 - 8) / farthest)
        ends.update((link.wire, (k - middle) * step) for k, link in enumerate(free) if link.wire is not None)
    return ends


def _drawn(
    rows: Sequence[Sequence[int]],
    links: Sequence[Link],
    sizes: Sequence[Item],
    x: list[float],
    width: float,
    ends: dict[int, float],
    count: int,
) -> Layout:
    """Rows get their heights, links their lines: straight down beside boxes, bent only between rows."""
    row_of = {i: r for r, row in enumerate(rows) for i in row}
    reach = [0.0] * len(rows)  # the widest bend below each row
    for link in links:
        end = link.end if link.wire is None else ends[link.wire]
        r = row_of[link.above]
        reach[r] = max(reach[r], abs(x[link.above] + link.start - x[link.below] - end))
    tops, bottoms, y = [], [], 0.0
    for r, row in enumerate(rows):
        tops.append(y)
        bottoms.append(y + max(sizes[i].height for i in row))
        bare = any(all(sizes[i].pin for i in beside if i < count) for beside in rows[r : r + 2])  # nothing but ports
        y = bottoms[-1] + (BETWEEN / 2 if bare else BETWEEN) + min(60.0, reach[r] * 0.07)
    height = bottoms[-1] if bottoms else 0.0
    entered = {link.below for link in links}
    at = [0.0] * len(sizes)
    for i, r in row_of.items():
        free = bottoms[r] - tops[r] - sizes[i].height
        # a source beside a tall frame stays near its consumer
        centred = free / 2 if i in entered else max(free / 2, free - BETWEEN)
        at[i] = tops[r] + (0.0 if sizes[i].pin < 0 else free if sizes[i].pin > 0 else centred)
    lines: list[list[Point]] = []
    arrows: list[tuple[Point, int]] = []
    for link in links:
        upper, lower = row_of[link.above], row_of[link.below]
        from_x = x[link.above] + link.start
        to_x = x[link.below] + (link.end if link.wire is None else ends[link.wire])
        leave = bottoms[upper] if link.above >= count else at[link.above] + sizes[link.above].height
        arrive = bottoms[lower] if link.below >= count else at[link.below]
        points = [(from_x, leave), (from_x, bottoms[upper]), (to_x, tops[lower]), (to_x, arrive)]
        lines.append([point for k, point in enumerate(points) if not k or point != points[k - 1]])
        if link.wire is not None:
            arrows.append(((to_x, arrive), link.wire))
    return Layout(x[:count], at[:count], width, height, lines, arrows)
