"""The summary of Keras 3, as something that rich prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from autotensor.keras.summary.layout import Measured
from autotensor.keras.summary.rows import LayerRow, Totals, plain_shape, total_lines

if TYPE_CHECKING:
    from rich.console import Group, JustifyMethod
    from rich.text import Text

_JUSTIFY: dict[str, JustifyMethod] = {"Param #": "right", "Trainable": "center"}


def keras3_drawing(model_name: str, rows: Sequence[LayerRow], totals: Totals, measured: Measured) -> Group:
    """The title, the table and the totals, each with Keras's colours.

    >>> from autotensor.keras.summary.layout import measure
    >>> measured = measure("sequential", "keras3", None, None, show_trainable=False)
    >>> [type(part).__name__ for part in keras3_drawing("m", [], Totals(0, 0), measured).renderables]
    ['Text', 'Table', 'Text', 'Text', 'Text']
    """
    from rich.console import Group
    from rich.table import Table

    grid = Table(width=measured.width, show_lines=True)
    for header, (start, end) in zip(measured.headers, pairwise([0, *measured.edges]), strict=False):
        grid.add_column(header, justify=_JUSTIFY.get(header, "left"), width=end - start)
    for row in rows:
        grid.add_row(*_cells(row, measured))
    # whole: rich would break a long name at the width of the console
    title = _text(f'Model: "{model_name}"', ("bold", ".+"), whole=True)
    sums = [
        _text(f" {line}", ("bold", "^[^:]+:"), ("color(34)", r"(?<=: )[\d,]+"), whole=True)
        for line in total_lines(totals, "keras3")
    ]
    return Group(title, grid, *sums)


def _cells(row: LayerRow, measured: Measured) -> Iterator[Text]:
    indent = "   " * row.depth + "└ " if row.depth else ""
    yield _text(f"{indent}{row.name} ({row.class_name})", ("color(33)", r"(?<=\()[^()]*(?=\)$)"))
    shape = _shape(plain_shape(row.output_shape)) if row.built and row.output_shape is not None else "?"
    yield _text(shape, ("color(45)", r"\bNone\b"), ("color(34)", r"\b\d+\b"))
    yield _text(f"{row.count:,}" if row.built else "0 (unbuilt)", ("color(34)", r"[\d,]+"))
    if measured.connections:
        yield _text(", ".join(row.connected_to) or "-", ("color(34)", r"(?<=\[)\d+(?=\])"))
    if measured.trainable:
        letter, style = {True: ("Y", "bold color(34)"), False: ("N", "bold color(9)"), None: ("-", "bold")}[
            row.trainable if row.built else None
        ]
        yield _text(letter, (style, "."))


def _text(content: str, *styles: tuple[str, str], whole: bool = False) -> Text:
    """Rich text in which each pattern has its style; built without markup, so a name may hold brackets or colons."""
    from rich.text import Text

    text = Text(content, no_wrap=True, overflow="ignore") if whole else Text(content)
    for style, pattern in styles:
        text.highlight_regex(pattern, style)
    return text


def _shape(shape: object) -> str:
    """As Keras 3 prints it: one output without brackets around it, keys without quotes, (None,) as (None)."""
    if isinstance(shape, (list, tuple, dict)) and not _is_shape(shape) and len(shape) == 1:
        (shape,) = shape.values() if isinstance(shape, dict) else shape
        return _shape(shape)
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{key}: {_shape(part)}" for key, part in shape.items()) + "}"
    if isinstance(shape, (list, tuple)):
        inside = ", ".join(map(_shape, shape))
        return f"[{inside}]" if isinstance(shape, list) else f"({inside})"
    return str(shape)


def _is_shape(shape: object) -> bool:
    return isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape)
