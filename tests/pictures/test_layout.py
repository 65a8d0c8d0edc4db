"""The built-in layout: boxes apart, frames around their own and nobody else's, arrows downward."""

import itertools
import math
import sys
from collections.abc import Iterable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autotensor.pictures import Arrow, Box, Diagram, Line
from autotensor.pictures.columns import apart
from autotensor.pictures.grouping import grouped, in_order, split
from autotensor.pictures.layout import Placement, Rectangle, placed
from autotensor.pictures.palette import LINE_SIZE, text_width
from autotensor.pictures.svg_writer import size_of, svg_of


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    """Random graphs with modules in modules, called again and again, with parallel arrows."""
    count = draw(st.integers(1, 24))
    names = st.lists(st.sampled_from("abc"), max_size=3).map(tuple)
    boxes = [
        Box(str(i), "m" * draw(st.integers(1, 12)), (Line("x"),) * draw(st.integers(0, 3)), path=draw(names))
        for i in range(count)
    ]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] != pair[1])
    edges = draw(st.lists(pairs, max_size=3 * count)) if count > 1 else []
    return Diagram(boxes, [Arrow(str(min(pair)), str(max(pair))) for pair in edges])


# two ports at an x that ends in 0.0005, where pieces of arrows meet but for the last bit
PORTS_ON_A_GRID = Diagram(
    [
        Box(str(i), title, path=("a",) if i in {5, 8} else ())
        for i, title in enumerate(["m", "m", "mmmmm", "mmmmmm", "mm", "mmmmm", "m", "m", "m"])
    ],
    [Arrow("0", "5"), Arrow("4", "5"), Arrow("4", "8")],
)


def layout_of(diagram: Diagram) -> Placement:
    labels = [text_width(cluster.label, LINE_SIZE, bold=True) for cluster in diagram.clusters]
    return placed(diagram, [size_of(box) for box in diagram.boxes], labels)


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return (
        a.x < b.x + b.width - 0.01 and b.x < a.x + a.width - 0.01 and a.y < b.y + b.height - 0.01 and b.y < a.y + a.height - 0.01
    )


def contains(outer: Rectangle, inner: Rectangle) -> bool:
    right, bottom = outer.x + outer.width + 0.01, outer.y + outer.height + 0.01
    return outer.x <= inner.x and outer.y <= inner.y and inner.x + inner.width <= right and inner.y + inner.height <= bottom


def around(diagram: Diagram, cluster: int | None) -> list[int]:
    chain = []
    while cluster is not None:
        chain.append(cluster)
        cluster = diagram.clusters[cluster].parent
    return chain


@given(diagrams())
def test_no_two_boxes_overlap_and_frames_hold_their_own_only(diagram: Diagram) -> None:
    placement = layout_of(diagram)
    for a, b in itertools.combinations(placement.boxes, 2):
        assert not overlap(a, b)
    for box, home in zip(placement.boxes, diagram.homes, strict=True):
        inside = set(around(diagram, home))
        for c, frame in enumerate(placement.frames):
            assert contains(frame.outline, box) if c in inside else not overlap(frame.outline, box)
    for (a, first), (b, second) in itertools.combinations(enumerate(placement.frames), 2):
        if a in around(diagram, b):
            assert contains(first.outline, second.outline)
        else:
            assert not overlap(first.outline, second.outline)


@given(diagrams())
def test_arrows_point_downward_and_each_ends_on_its_box_at_its_own_place(diagram: Diagram) -> None:
    placement = layout_of(diagram)
    for line in placement.lines:
        assert all(y <= later + 1e-6 for (_, y), (_, later) in itertools.pairwise(line))
    assert sorted(arrow for _, arrow in placement.arrows) == list(range(len(diagram.arrows)))
    for (x, y), arrow in placement.arrows:
        tail, head = (placement.boxes[i] for i in diagram.edges[arrow])
        assert tail.y + tail.height < y == pytest.approx(head.y)
        assert head.x < x < head.x + head.width
    assert len({tip for tip, _ in placement.arrows}) == len(placement.arrows)


@given(diagrams())
@example(PORTS_ON_A_GRID)
def test_every_arrow_can_be_followed_from_its_tail_to_its_head(diagram: Diagram) -> None:
    placement = layout_of(diagram)
    starts = [(box.x + box.width / 2, box.y + box.height) for box in placement.boxes]
    ends = [point for line in placement.lines for point in (line[0], line[-1])]
    same_x, same_y = (_without_rounding(numbers) for numbers in zip(*starts, *ends, strict=True))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return same_x[point[0]], same_y[point[1]]

    above = {}
    for line in placement.lines:
        above.setdefault(place(line[-1]), set()).add(place(line[0]))
    for tip, arrow in placement.arrows:
        start = place(starts[diagram.edges[arrow][0]])
        seen, todo = set(), [place(tip)]
        while todo:
            point = todo.pop()
            if point not in seen:
                seen.add(point)
                todo.extend(above.get(point, ()))
        assert start in seen


def _without_rounding(numbers: Iterable[float]) -> dict[float, float]:
    """For each number the least of those that only rounding tells from it. A grid would part 0.0005 from the number below it."""
    least: dict[float, float] = {}
    first = before = -math.inf
    for number in sorted(set(numbers)):
        first = first if number - before < 1e-6 else number
        least[number] = first
        before = number
    return least


@given(diagrams())
def test_lines_run_beside_boxes_and_not_through_labels(diagram: Diagram) -> None:
    placement = layout_of(diagram)
    labels = [
        Rectangle(frame.label_x, frame.outline.y + 4, text_width(cluster.label, LINE_SIZE, bold=True), 14)
        for cluster, frame in zip(diagram.clusters, placement.frames, strict=True)
    ]
    for line in placement.lines:
        for (x, y), (to_x, to_y) in itertools.pairwise(line):
            # an S lies within the rectangle of its ends, and between rows
            left, right = min(x, to_x), max(x, to_x)
            piece = Rectangle(left - 0.1, y + 0.1, right - left + 0.2, to_y - y - 0.2)
            if piece.height > 0:
                assert not any(overlap(piece, box) for box in placement.boxes)
                if left == right:
                    assert not any(overlap(piece, label) for label in labels)


@given(diagrams())
def test_the_svg_is_well_formed_within_its_size_and_the_same_twice(diagram: Diagram) -> None:
    svg = svg_of(diagram)
    assert svg == svg_of(diagram)
    assert "style" not in svg  # it would reach the page around it, and some converters draw nothing then
    root = ET.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for rectangle in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y = float(rectangle.attrib["x"]), float(rectangle.attrib["y"])
        assert x + float(rectangle.attrib["width"]) <= width - 15
        assert y + float(rectangle.attrib["height"]) <= height - 15
        assert min(x, y) >= -16


@given(diagrams())
def test_frames_never_wait_for_each_other(diagram: Diagram) -> None:
    for level in {cluster.parent for cluster in diagram.clusters}:
        items = {}
        for box, home in enumerate(diagram.homes):
            chain = [None, *around(diagram, home)[::-1]]
            if level in chain:
                at = chain.index(level)
                items[box] = ("frame", chain[at + 1]) if len(chain) > at + 1 else ("box", box)
        number = {item: k for k, item in enumerate(dict.fromkeys(items.values()))}
        edges = [(number[items[a]], number[items[b]]) for a, b in diagram.edges if a in items and b in items]
        between = [(a, b) for a, b in edges if a != b]
        assert len(in_order(len(number), between)) == len(number)


def test_groups_that_wait_for_each_other_are_taken_apart() -> None:
    key = {0: "a", 1: "b", 2: "a", 3: "b"}
    assert split([0, 1, 2, 3], [(0, 1), (1, 2), (2, 3)], key) == [[0], [1], [2], [3]]
    assert split([0, 1, 2, 3], [(0, 1), (2, 3)], key) == [[0, 2], [1, 3]]


def test_a_constant_lies_no_deeper_than_its_path() -> None:
    clusters, homes = grouped([0, 1, 2], [(0, 1), (1, 2)], [("m",), ("m", "0"), ("m", "1")])
    assert [cluster.label for cluster in clusters] == ["m", "m.0", "m.1"] or homes[0] is None
    deep, homes = grouped([0, 1, 2, 3], [(0, 2), (1, 2), (2, 3)], [(), ("m", "0"), ("m", "0"), ("m",)])
    assert [homes[0], homes[1]] == [None, 1]
    assert deep[1].label == "m.0"


def test_places_keep_apart_with_the_least_movement() -> None:
    assert apart([0.0, 30.0, 20.0], [1.0, 1.0, 1.0], [10.0, 10.0]) == [0.0, 20.0, 30.0]
    assert apart([], [], []) == []


@pytest.mark.parametrize("shape", ["chain", "hub", "nest", "wide"])
def test_a_thousand_boxes_are_laid_out_without_recursion(shape: str) -> None:
    count = 1000
    boxes = [Box(str(i), "op", path=tuple("abcdefgh") * (1 + i // 10) if shape == "nest" else ()) for i in range(count)]
    arrows = [Arrow(str(i - 1), str(i)) for i in range(1, count)]
    if shape == "hub":
        arrows += [Arrow("0", str(i)) for i in range(1, count)]
    if shape == "wide":
        arrows = [Arrow("0", str(i)) for i in range(1, count)]
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(220)
        svg = svg_of(Diagram(boxes, arrows))
    finally:
        sys.setrecursionlimit(limit)
    assert svg.count(">op</text>") == count


def test_one_box_and_none_are_drawn_too() -> None:
    assert svg_of(Diagram([Box("a", "alone")], [])).count("<rect") == 2
    assert ET.fromstring(svg_of(Diagram([], []))).tag.endswith("svg")
