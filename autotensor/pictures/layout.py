"""The built-in layout of a diagram: each frame laid out by itself, then placed as one item in the frame around it.

An arrow that enters or leaves a frame passes through a port on the frame's upper or lower edge, an item without size in the
frame's own layout; so arrows cross neither boxes nor foreign frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autotensor.pictures.diagram import Diagram
from autotensor.pictures.layers import Layout, Point, Wire, layered
from autotensor.pictures.rows import Item

MARGIN = 12.0  # between a frame and its contents
HEADER = 24.0  # for the frame's label


class Rectangle(NamedTuple):
    """A box or a frame: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float


class Frame(NamedTuple):
    """A frame, and where in x its label starts."""

    outline: Rectangle
    label_x: float


class Placement(NamedTuple):
    """Where everything is drawn; `arrows` are tips of arrow heads, each with the arrow of the diagram that it ends."""

    boxes: list[Rectangle]
    frames: list[Frame]
    lines: list[list[Point]]
    arrows: list[tuple[Point, int]]
    width: float
    height: float


class _Level:
    """The items of one frame (or of the whole picture) and the wires between them."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.boxes: dict[int, int] = {}  # box -> item
        self.frames: dict[int, int] = {}  # cluster -> item
        self.entries: dict[int, int] = {}  # box outside -> item: the port through which its arrows come in
        self.exits: dict[int, int] = {}  # box inside -> item: the port through which its arrows go out
        self.wires: dict[tuple[int, int, int, int], int] = {}  # (source box, tail item, head item, arrow or -1) -> arrow
        self.width = 0.0
        self.shift = 0.0  # of the contents to the right, for the label
        self.label_x = 0.0
        self.layout = Layout([], [], 0.0, 0.0, [], [])

    def add(self, item: Item) -> int:
        self.items.append(item)
        return len(self.items) - 1

    def port(self, ports: dict[int, int], box: int, pin: int) -> int:
        if box not in ports:
            ports[box] = self.add(Item(0.0, 0.0, pin))
        return ports[box]


def placed(diagram: Diagram, sizes: Sequence[tuple[float, float]], label_widths: Sequence[float]) -> Placement:
    """A place for each box and frame, and lines for the arrows, from boxes of `sizes` (width, height).

    >>> from autotensor.pictures.diagram import Arrow, Box
    >>> diagram = Diagram([Box("a", ""), Box("b", "")], [Arrow("a", "b")])
    >>> placed(diagram, [(40, 20), (40, 20)], []).boxes[1]
    Rectangle(x=0.0, y=54.0, width=40, height=20)
    """
    levels = _levels(diagram, sizes)
    parents = [cluster.parent for cluster in diagram.clusters]
    for c in range(len(parents) - 1, -1, -1):  # inner frames first
        level = levels[c]
        _lay_out(level, levels)
        ports = [level.layout.x[i] for i in level.entries.values()]
        level.label_x, level.shift, level.width = _room_for_label(level.layout.width, label_widths[c], ports)
        around = levels[-1 if (parent := parents[c]) is None else parent]
        around.items[around.frames[c]] = Item(level.width + 2 * MARGIN, level.layout.height + HEADER + MARGIN)
    _lay_out(levels[-1], levels)
    return _assembled(sizes, levels, parents)


def _levels(diagram: Diagram, sizes: Sequence[tuple[float, float]]) -> list[_Level]:
    """One level a cluster, the whole picture last (place -1), with items for boxes, frames and ports."""
    clusters, homes = diagram.clusters, diagram.homes
    levels = [_Level() for _ in range(len(clusters) + 1)]
    around = {c: -1 if cluster.parent is None else cluster.parent for c, cluster in enumerate(clusters)}
    home = [-1 if c is None else c for c in homes]
    chains: dict[int, tuple[int, ...]] = {-1: (-1,)}
    for c, outer in around.items():
        chains[c] = (*chains[outer], c)

    def item(box: int, c: int) -> int:
        """The item at level `c` that is the box, or the frame around it."""
        level, depth = levels[c], len(chains[c])
        chain = chains[home[box]]
        if len(chain) == depth:
            return level.boxes[box]
        return level.frames[chain[depth]]

    seen: set[int] = set()
    for box in range(len(sizes)):  # frames in the order of their first box, so that neighbours stay neighbours
        for outer, c in zip(chains[home[box]], chains[home[box]][1:], strict=False):
            if c not in seen:
                seen.add(c)
                levels[outer].frames[c] = levels[outer].add(Item(0.0, 0.0))
        levels[home[box]].boxes[box] = levels[home[box]].add(Item(*sizes[box]))
    for number, (tail, head) in enumerate(diagram.edges):
        tails, heads = chains[home[tail]], chains[home[head]]
        common = sum(a == b for a, b in zip(tails, heads, strict=False))
        for c in tails[common:]:
            levels[c].wires[tail, item(tail, c), levels[c].port(levels[c].exits, tail, 1), -1] = -1
        for c in heads[common - 1 :]:
            level = levels[c]
            start = item(tail, c) if c == tails[common - 1] else level.port(level.entries, tail, -1)
            ends_here = c == home[head]
            level.wires[tail, start, item(head, c), number if ends_here else -1] = number if ends_here else -1
    return levels


def _lay_out(level: _Level, levels: Sequence[_Level]) -> None:
    """Give the level its layout, once the frames in it have their sizes."""
    frame_of = {item: c for c, item in level.frames.items()}
    wires = []
    for (box, tail, head, _), arrow in level.wires.items():
        start = _port_x(levels[frame_of[tail]], box, entry=False) if tail in frame_of else 0.0
        end = None if arrow >= 0 else _port_x(levels[frame_of[head]], box, entry=True) if head in frame_of else 0.0
        wires.append(Wire(tail, head, box, start, end))
    level.layout = layered(level.items, wires)


def _port_x(level: _Level, box: int, *, entry: bool) -> float:
    """A port of a frame, from the frame's middle."""
    return level.layout.x[(level.entries if entry else level.exits)[box]] + level.shift - level.width / 2


def _room_for_label(width: float, label: float, ports: Sequence[float]) -> tuple[float, float, float]:
    """Where the label starts so that no arrow runs through it, how far the contents move for that, and the width."""
    needed = label + 8
    if not ports:
        return 0.0, max(0.0, label - width) / 2, max(width, label)
    if min(ports) > needed:
        return 0.0, 0.0, width
    if max(ports) < width - needed:
        return width - label, 0.0, width
    shift = needed - min(ports)
    return 0.0, shift, width + shift


def _assembled(sizes: Sequence[tuple[float, float]], levels: Sequence[_Level], parents: Sequence[int | None]) -> Placement:
    """Places in the frames become places in the picture."""
    origin: dict[int, Point] = {-1: (0.0, 0.0)}
    frames: list[Frame] = []
    boxes: list[Rectangle] = [Rectangle(0.0, 0.0, 0.0, 0.0)] * len(sizes)
    lines: list[list[Point]] = []
    arrows: list[tuple[Point, int]] = []
    for c in (-1, *range(len(parents))):
        level = levels[c]
        if c >= 0:
            outer = -1 if (parent := parents[c]) is None else parent
            i = levels[outer].frames[c]
            size, (left, top) = levels[outer].items[i], _corner(levels[outer], i, origin[outer])
            frame = Rectangle(left, top, size.width, size.height)
            frames.append(Frame(frame, left + MARGIN + level.label_x))
            origin[c] = (left + MARGIN + level.shift, top + HEADER)
            lines.extend(_through_edges(level, frame, origin[c]))
        for box, i in level.boxes.items():
            boxes[box] = Rectangle(*_corner(level, i, origin[c]), *sizes[box])
        x0, y0 = origin[c]
        numbers = list(level.wires.values())
        lines.extend([(x0 + x, y0 + y) for x, y in line] for line in level.layout.lines)
        arrows.extend(((x0 + x, y0 + y), numbers[wire]) for (x, y), wire in level.layout.arrows)
    return Placement(boxes, frames, lines, arrows, levels[-1].layout.width, levels[-1].layout.height)


def _corner(level: _Level, item: int, origin: Point) -> Point:
    x, y = level.layout.x[item] - level.items[item].width / 2, level.layout.y[item]
    return origin[0] + x, origin[1] + y


def _through_edges(level: _Level, frame: Rectangle, origin: Point) -> Iterator[list[Point]]:
    """The pieces of arrows between the frame's edges and its contents."""
    for ports, upper, lower in (
        (level.entries, frame.y, origin[1]),
        (level.exits, origin[1] + level.layout.height, frame.y + frame.height),
    ):
        for item in ports.values():
            x = origin[0] + level.layout.x[item]
            yield [(x, upper), (x, lower)]
