"""The summary of Keras 2, as lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from autotensor.keras.summary.layout import Measured
from autotensor.keras.summary.rows import LayerRow, Totals, plain_shape, total_lines


def keras2_lines(model_name: str, rows: Sequence[LayerRow], totals: Totals, measured: Measured) -> Iterator[str]:
    """The summary's lines, the last one a rule; a nested model's rows stand in a box of their own.

    >>> from autotensor.keras.summary.layout import measure
    >>> dense = LayerRow("dense", "Dense", (None, 10), 50)
    >>> lines = list(keras2_lines("m", [dense], Totals(50, 200), measure("sequential", "keras2", 50, None, show_trainable=False)))
    >>> lines[4]
    ' dense (Dense)         (None, 10)          50      '
    """

    def rule(depth: int, fill: str) -> str:
        return "|" * depth + fill * (measured.width - 2 * depth) + "|" * depth

    yield f'Model: "{_name(model_name)}"'
    yield rule(0, "_")
    yield from _row(measured.headers, measured.edges, 0)
    yield rule(0, "=")
    for i, row in enumerate(rows):
        depth, following = row.depth, rows[i + 1].depth if i + 1 < len(rows) else 0
        yield from _row(list(_cells(row, measured)), measured.edges, depth)
        if following > depth:
            yield rule(depth + 1, "¯")
        elif following == depth:
            yield rule(depth, " ")
        for closed in range(depth - 1, following - 1, -1):
            yield rule(closed, "¯")
    yield rule(0, "=")
    yield from total_lines(totals, "keras2")
    yield rule(0, "_")


def _name(name: str) -> str:
    return re.sub(r"^functional(?=(_\d+)?(\[|$))", "model", name)


def _cells(row: LayerRow, measured: Measured) -> Iterator[str]:
    yield f"{_name(row.name)} ({row.class_name})"
    known = row.built and row.output_shape is not None
    shape = plain_shape([row.output_shape] if row.is_input else row.output_shape)
    yield str(shape) if known else "?"
    # Keras 2's own word: it fills the column, where "0 (unbuilt)" would be broken before its last bracket.
    yield str(row.count) if row.built else "0 (unused)"
    if measured.connections:
        yield str([_name(piece) for piece in row.connected_to])
    if measured.trainable:
        yield "N" if row.trainable is False else "Y"


def _row(cells: Sequence[str], edges: tuple[int, ...], depth: int) -> Iterator[str]:
    columns = []
    for k, (cell, (start, end)) in enumerate(zip(cells, pairwise([0, *edges]), strict=False)):
        room = end - start - (0 if k == len(edges) - 1 else 3) - (depth if k == 0 else 0)
        # max: a nest too deep for its column is printed a character a line, not for ever
        columns.append(list(_pieces(cell, max(1, room))))
    for pieces in zip_longest(*columns, fillvalue=""):
        line = "|" * depth + " "
        for k, (piece, edge) in enumerate(zip(pieces, edges, strict=False)):
            last = k == len(edges) - 1
            line = (line + piece + ("" if last else "  ")).ljust(edge - (depth if last else 0))
        yield line + "|" * depth


def _pieces(text: str, room: int) -> Iterator[str]:
    """Cut at `room` characters, or sooner after the end of a tuple, list, dict or quoted name inside a structure."""
    while text:
        piece = text[:room]
        ends = [piece.find(stop) + len(stop) for stop in ("),", "},", "],", "',") if stop in piece]
        piece = piece[: min(ends, default=room)]
        yield piece
        text = text[len(piece) :]
