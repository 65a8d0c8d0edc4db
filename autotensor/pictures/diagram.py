"""What a picture shows, as text alone: boxes, arrows, and the modules that the boxes lie in.

A diagram holds no Tensor and no array, so a picture neither keeps a graph alive nor changes with it. Anything can be drawn:
an object with a method `__drawing__()` that returns a `Diagram` is drawn by `at.draw` like a Tensor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from autotensor.core.errors import ArgumentError, GraphError
from autotensor.pictures.grouping import Cluster, grouped, in_order

Kind: TypeAlias = Literal["operation", "leaf", "constant", "module", "kernel", "note"]
Tone: TypeAlias = Literal["plain", "muted", "gradient", "warning", "buffer"]

LONGEST = 44  # characters in a line of a box; the rest is in its tooltip
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")  # what XML does not take, and line breaks


class Line(NamedTuple):
    """A line of text in a box, below its title."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Box:
    """A node of a diagram: a title, lines below it, and the path of the module that it lies in, outermost first."""

    key: str
    title: str
    lines: tuple[Line, ...] = ()
    kind: Kind = "operation"
    path: tuple[str, ...] = ()
    note: str = ""  # shown when the pointer rests on the box
    result: bool = False  # drawn with a stronger border


class Arrow(NamedTuple):
    """An edge of a diagram, from the box that gives a value to the box that takes it; two may join the same boxes."""

    tail: str
    head: str
    note: str = ""


@dataclass(frozen=True)
class Diagram:
    """Boxes and arrows; clusters follow from the boxes' paths, one for each call of a module.

    Raises: ArgumentError if two boxes have one key or an arrow names no box; GraphError if the arrows form a circle.

    >>> diagram = Diagram([Box("a", "input"), Box("b", "relu", path=("0",))], [Arrow("a", "b")])
    >>> [cluster.label for cluster in diagram.clusters], diagram.homes
    (['0'], (None, 0))
    """

    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    clusters: tuple[Cluster, ...] = field(init=False)
    homes: tuple[int | None, ...] = field(init=False)  # for each box its innermost cluster

    def __post_init__(self) -> None:
        place = {box.key: i for i, box in enumerate(self.boxes)}
        if len(place) < len(self.boxes):
            keys = [box.key for box in self.boxes]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ArgumentError(f"every box of a diagram needs a key of its own, {twice!r} occurs twice.")
        for end in (end for arrow in self.arrows for end in arrow[:2]):
            if end not in place:
                raise ArgumentError(f"an arrow of a diagram names the box {end!r}, which is not among its boxes.")
        edges = [(place[arrow.tail], place[arrow.head]) for arrow in self.arrows]
        order = in_order(len(self.boxes), edges)
        if len(order) < len(self.boxes):
            title = self.boxes[min(set(range(len(self.boxes))) - set(order))].title
            raise GraphError(f"the arrows of a diagram form a circle, for example through {title!r}; computation has none.")
        clusters, homes = grouped(order, edges, [box.path for box in self.boxes])
        object.__setattr__(self, "clusters", clusters)
        object.__setattr__(self, "homes", homes)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """The arrows as pairs of places among the boxes."""
        place = {box.key: i for i, box in enumerate(self.boxes)}
        return [(place[arrow.tail], place[arrow.head]) for arrow in self.arrows]


@runtime_checkable
class Drawable(Protocol):
    """Anything that says how it is drawn."""

    def __drawing__(self) -> Diagram:
        """The diagram of this object."""
        ...


def markup(text: str) -> str:
    """`text` as it may stand in SVG and in the HTML-like labels of DOT.

    >>> markup('a < "b"')
    'a &lt; &quot;b&quot;'
    """
    return escape(UNPRINTABLE.sub(" ", text))


def printable(text: str, longest: int = LONGEST) -> str:
    r"""`text` on one line, without what XML refuses, cut in the middle when it is long.

    >>> printable("a\nb"), printable("encoder." * 9, longest=20)
    ('a b', 'encoder.en…encoder.')
    """
    line = UNPRINTABLE.sub(" ", text)
    if len(line) <= longest:
        return line
    ending = longest // 2 - 2
    return f"{line[: longest - ending - 2]}…{line[len(line) - ending :]}"
