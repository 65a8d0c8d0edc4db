"""A model's summary: plain rows in, the table of Keras 3 or of Keras 2 out, character for character.

Nothing here knows a model or a layer. `Model.summary` describes its layers as `LayerRow`s and hands them to
`summarise`, which selects, prints and calls `print_fn` as Keras does; `table` is the pure function underneath.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, NamedTuple, SupportsIndex

from autotensor.core.errors import ArgumentError

if TYPE_CHECKING:
    from rich.console import Group, JustifyMethod
    from rich.text import Text


class LayerRow(NamedTuple):
    """One layer as the table shows it; a nested model's layers follow it with a greater `depth`."""

    name: str
    class_name: str
    output_shape: object = None  # (None, 512), a list or dict of such, a string as it is ("multiple"), None if unknown
    count: int = 0  # type: ignore[assignment]  # parameters; the name that Keras uses hides tuple.count
    built: bool = True  # False: "?" and "0 (unbuilt)"; a layer that never has weights counts as built
    trainable: bool | None = None  # for show_trainable: Y, N, or None for a layer without weights
    connected_to: tuple[str, ...] = ()  # ("left[0][0]", "right[0][0]")
    is_input: bool = False  # Keras 2 wraps the shape of an input in a list
    depth: int = 0  # 0 for the model's own layers


class Totals(NamedTuple):
    """Parameters and their bytes, by dtype. While the optimizer has no state, `optimizer` is None and has no line."""

    trainable: int
    trainable_bytes: int
    non_trainable: int = 0
    non_trainable_bytes: int = 0
    optimizer: int | None = None
    optimizer_bytes: int = 0


class _Layout(NamedTuple):
    headers: tuple[str, ...]
    width: int  # characters
    positions: tuple[float, ...]  # right edge of each column, as a fraction of the width


class _Measured(NamedTuple):
    headers: tuple[str, ...]
    width: int  # characters
    edges: tuple[int, ...]  # right edge of each column, in characters; may be longer than headers
    connections: bool
    trainable: bool


_SEQUENTIAL = ("Layer (type)", "Output Shape", "Param #")
_FUNCTIONAL = (*_SEQUENTIAL, "Connected to")
_LAYOUTS = {
    "keras3": {
        "sequential": _Layout(_SEQUENTIAL, 88, (0.45, 0.80, 1.0)),
        "functional": _Layout(_FUNCTIONAL, 108, (0.3, 0.56, 0.74, 1.0)),
    },
    "keras2": {
        "sequential": _Layout(_SEQUENTIAL, 65, (0.45, 0.85, 1.0)),
        "functional": _Layout(_FUNCTIONAL, 98, (0.3, 0.6, 0.70, 1.0)),
    },
}
_JUSTIFY: dict[str, JustifyMethod] = {"Param #": "right", "Trainable": "center"}
_NARROWEST = 4  # characters in a column, as in Keras 3
_NARROWEST_DEFAULT = 40  # every layout still fits; Keras 3 raises in a terminal narrower than that
_ASCII = str.maketrans("┏┳┓┃━┡╇┩│─├┼┤└┴┘…¯", "+++|-+++|-+++`++.-")


def table(
    model_name: str,
    model_kind: str,
    rows: Sequence[LayerRow],
    totals: Totals,
    *,
    style: str = "keras3",
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    show_trainable: bool = False,
) -> str:
    """The summary as text: exactly what Keras prints for `summary(print_fn=print)`, newlines at the end included.

    `model_kind` is "functional" for a model whose graph branches or shares a layer (it gets the column "Connected
    to"), "sequential" for every other. In style keras2 the automatic names `functional`, `functional_1` are shown as
    `model`, `model_1`; any other name is shown as it came.

    Units: `line_length` in characters; `positions`, each column's right edge, as fractions of it or in characters.
    Raises: ArgumentError for an unknown style or kind, too few positions, or columns too narrow to print.

    >>> dense = LayerRow("dense", "Dense", (None, 10), 50)
    >>> print(table("sequential", "sequential", [dense], Totals(50, 200), line_length=50).rstrip())
    Model: "sequential"
    ┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━┓
    ┃ Layer (type)        ┃ Output Shape   ┃ Param # ┃
    ┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━┩
    │ dense (Dense)       │ (None, 10)     │      50 │
    └─────────────────────┴────────────────┴─────────┘
     Total params: 50 (200.00 B)
     Trainable params: 50 (200.00 B)
     Non-trainable params: 0 (0.00 B)
    """
    measured = _measure(model_kind, style, line_length, positions, show_trainable=show_trainable)
    if style == "keras2":
        return "\n".join(_keras2_lines(model_name, rows, totals, measured)) + "\n"
    # rich is imported where it is used, here and below: importing autotensor must stay fast.
    from rich.console import Console

    # Everything that rich would look up (terminal, notebook, NO_COLOR, COLUMNS) is given: the text depends on the rows.
    console = Console(
        file=io.StringIO(),
        width=measured.width,
        height=25,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(_keras3_drawing(model_name, rows, totals, measured), crop=False)
    return captured.get() + "\n"


def styled_table(
    model_name: str,
    model_kind: str,
    rows: Sequence[LayerRow],
    totals: Totals,
    *,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    show_trainable: bool = False,
) -> Group:
    """The table of Keras 3 with its colours, for `rich.console.Console(highlight=False).print(..., crop=False)`.

    As in Keras: the title and the labels of the totals in bold, classes, numbers and None in three blues and greens.
    Raises: as `table`.

    >>> type(styled_table("m", "sequential", [], Totals(0, 0))).__name__
    'Group'
    """
    measured = _measure(model_kind, "keras3", line_length, positions, show_trainable=show_trainable)
    return _keras3_drawing(model_name, rows, totals, measured)


def summarise(
    model_name: str,
    model_kind: str,
    rows: Sequence[LayerRow],
    totals: Totals,
    *,
    style: str = "keras3",
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], object] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the summary: `Model.summary`, given all rows, nested ones included.

    `print_fn` is called as each Keras calls it: once with the whole text (keras3) or once a line (keras2). Without it
    the summary goes to standard output, in colour when that is a terminal.

    Raises: as `table` and `select`.

    >>> lines = []
    >>> summarise("m", "sequential", [], Totals(50, 200), style="keras2", print_fn=lines.append)
    >>> lines[-4]
    'Total params: 50 (200.00 Byte)'
    """
    shown = [row for row in select(rows, layer_range) if expand_nested or row.depth == 0]
    text = table(
        model_name,
        model_kind,
        shown,
        totals,
        style=style,
        line_length=line_length,
        positions=positions,
        show_trainable=show_trainable,
    )
    lines = text.removesuffix("\n")
    if print_fn is not None:
        for piece in lines.split("\n") if style == "keras2" else [lines]:
            print_fn(piece)
        return
    stream = sys.stdout
    if stream is None:  # pythonw has none
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    terminal = getattr(stream, "isatty", bool)()  # a script may have put a bare object with `write` there
    if style == "keras3" and terminal and encoding.lower().startswith("utf"):
        from rich.console import Console

        drawn = styled_table(
            model_name,
            model_kind,
            shown,
            totals,
            line_length=line_length,
            positions=positions,
            show_trainable=show_trainable,
        )
        Console(highlight=False).print(drawn, crop=False)
        return
    # In keras3 `text` ends in the newline that print adds to what Keras hands it; on its own Keras writes one less.
    text = lines if style == "keras3" else text
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a pipe on Windows is cp1252, which has no boxes
        stream.write(text.translate(_ASCII).encode(encoding, "replace").decode(encoding))


def select(rows: Sequence[LayerRow], layer_range: Sequence[str] | None) -> list[LayerRow]:
    """The rows from the first layer that matches `layer_range[0]` to the last that matches `layer_range[1]`.

    Each of the two is a layer's name or a regular expression for the beginning of one, as in Keras; only the model's
    own layers are matched, and nested rows go with theirs. Two names in the wrong order select the same layers.

    Raises: ArgumentError if `layer_range` is not two strings, or one of them is no regular expression or matches none.

    >>> rows = [LayerRow(name, "Dense") for name in ("in", "block_1", "block_2", "out")]
    >>> [row.name for row in select(rows, ("in", "block"))]
    ['in', 'block_1', 'block_2']
    """
    if layer_range is None:
        return list(rows)
    pair = () if isinstance(layer_range, str) else tuple(layer_range)
    if len(pair) != 2 or not all(isinstance(end, str) for end in pair):
        raise ArgumentError(
            f"layer_range expects two strings, the first and the last layer to show, got {layer_range!r}. "
            f'Pass a pair such as ("dense", "dense_1").'
        )
    starts = [i for i, row in enumerate(rows) if row.depth == 0]
    found = []
    for pattern in pair:
        try:
            matches = [k for k, i in enumerate(starts) if re.match(pattern, rows[i].name)]
        except re.error as error:
            raise ArgumentError(f"layer_range: {pattern!r} is no regular expression ({error}).") from error
        if not matches:
            names = ", ".join(rows[i].name for i in starts)
            raise ArgumentError(f"layer_range: no layer's name matches {pattern!r}. The layers are: {names}.")
        found.append(matches)
    first, last = min(found[0]), max(found[1])
    if first > last:
        first, last = min(found[1]), max(found[0])
    bounds = [*starts, len(rows)]
    return list(rows[bounds[first] : bounds[last + 1]])


def readable_size(size: float, style: str = "keras3") -> str:
    """A number of bytes with two decimals, in units of 1024; below 1024 Keras 3 says "B", Keras 2 "Byte".

    >>> readable_size(153640), readable_size(136), readable_size(0, "keras2")
    ('150.04 KB', '136.00 B', '0.00 Byte')
    """
    units = ["Byte" if style == "keras2" else "B", "KB", "MB", "GB", "TB", "PB"]
    power = 0
    while size >= 1024 and power < len(units) - 1:
        size /= 1024
        power += 1
    return f"{size:.2f} {units[power]}"


def _measure(
    model_kind: str,
    style: str,
    line_length: int | None,
    positions: Sequence[float] | None,
    *,
    show_trainable: bool,
) -> _Measured:
    if style not in _LAYOUTS:
        raise ArgumentError(f'summary: style must be "keras3" or "keras2", got {style!r}.')
    if model_kind not in _LAYOUTS[style]:
        raise ArgumentError(f'summary: model_kind must be "sequential" or "functional", got {model_kind!r}.')
    headers, width, default_positions = _LAYOUTS[style][model_kind]
    if line_length:
        width = line_length
    elif style == "keras3":
        fits = shutil.get_terminal_size().columns - 4
        width = max(_NARROWEST_DEFAULT, min(width + 12 * show_trainable, fits))
    places = list(default_positions if positions is None or len(positions) == 0 else positions)
    # More positions than columns are as harmless as in Keras, whose documentation gives four for every model.
    if len(places) < len(headers):
        raise ArgumentError(
            f"summary: positions expects {len(headers)} numbers, one for each of {', '.join(headers)}, got {places}."
        )
    unit = width if places[-1] <= 1 else 1
    shrink = 0.90 if show_trainable and style == "keras3" else 1
    edges = [int(place * shrink * unit) for place in places]
    if show_trainable:
        # Keras 3 makes room for the column within the width, Keras 2 adds it to the right.
        width += 11 if style == "keras2" else 0
        edges.append(width)
    narrowest = min(end - start for start, end in pairwise([0, *edges]))
    if narrowest < _NARROWEST:
        raise ArgumentError(
            f"summary: line_length {width} and positions {places} leave a column {narrowest} characters wide, "
            f"{_NARROWEST} are needed. Pass a greater line_length or other positions."
        )
    connections = headers is _FUNCTIONAL
    headers = (*headers, "Trainable") if show_trainable else headers
    return _Measured(headers, width, tuple(edges), connections, show_trainable)


def _total_lines(totals: Totals, style: str) -> Iterator[str]:
    lines = [
        ("Trainable", totals.trainable, totals.trainable_bytes),
        ("Non-trainable", totals.non_trainable, totals.non_trainable_bytes),
    ]
    if totals.optimizer is not None and style == "keras3":  # Keras 2 neither shows nor adds it
        lines.append(("Optimizer", totals.optimizer, totals.optimizer_bytes))
    total = ("Total", sum(count for _, count, _ in lines), sum(size for _, _, size in lines))
    for label, count, size in [total, *lines]:
        yield f"{label} params: {count:{',' if style == 'keras3' else ''}} ({readable_size(size, style)})"


def _plain_shape(shape: object) -> object:
    """The same structure with every shape a tuple of plain int or None (NumPy's integers print as np.int64(3))."""
    if isinstance(shape, dict):
        return {key: _plain_shape(value) for key, value in shape.items()}
    if isinstance(shape, (tuple, list)):
        parts = [_plain_shape(part) for part in shape]
        return parts if isinstance(shape, list) else tuple(parts)
    return int(shape) if isinstance(shape, SupportsIndex) else shape


def _is_shape(shape: object) -> bool:
    return isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape)


def _keras3_shape(shape: object) -> str:
    """As Keras 3 prints it: one output without brackets around it, keys without quotes, (None,) as (None)."""
    if isinstance(shape, (list, tuple, dict)) and not _is_shape(shape) and len(shape) == 1:
        (shape,) = shape.values() if isinstance(shape, dict) else shape
        return _keras3_shape(shape)
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{key}: {_keras3_shape(part)}" for key, part in shape.items()) + "}"
    if isinstance(shape, (list, tuple)):
        inside = ", ".join(map(_keras3_shape, shape))
        return f"[{inside}]" if isinstance(shape, list) else f"({inside})"
    return str(shape)


def _text(content: str, *styles: tuple[str, str], whole: bool = False) -> Text:
    """Rich text in which each pattern has its style; built without markup, so a name may hold brackets or colons."""
    from rich.text import Text

    text = Text(content, no_wrap=True, overflow="ignore") if whole else Text(content)
    for style, pattern in styles:
        text.highlight_regex(pattern, style)
    return text


def _keras3_drawing(model_name: str, rows: Sequence[LayerRow], totals: Totals, measured: _Measured) -> Group:
    from rich.console import Group
    from rich.table import Table

    grid = Table(width=measured.width, show_lines=True)
    for header, (start, end) in zip(measured.headers, pairwise([0, *measured.edges]), strict=False):
        grid.add_column(header, justify=_JUSTIFY.get(header, "left"), width=end - start)
    for row in rows:
        grid.add_row(*_keras3_cells(row, measured))
    # whole: rich would break a long name at the width of the console
    title = _text(f'Model: "{model_name}"', ("bold", ".+"), whole=True)
    sums = [
        _text(f" {line}", ("bold", "^[^:]+:"), ("color(34)", r"(?<=: )[\d,]+"), whole=True)
        for line in _total_lines(totals, "keras3")
    ]
    return Group(title, grid, *sums)


def _keras3_cells(row: LayerRow, measured: _Measured) -> Iterator[Text]:
    indent = "   " * row.depth + "└ " if row.depth else ""
    yield _text(f"{indent}{row.name} ({row.class_name})", ("color(33)", r"(?<=\()[^()]*(?=\)$)"))
    shape = _keras3_shape(_plain_shape(row.output_shape)) if row.built and row.output_shape is not None else "?"
    yield _text(shape, ("color(45)", r"\bNone\b"), ("color(34)", r"\b\d+\b"))
    yield _text(f"{row.count:,}" if row.built else "0 (unbuilt)", ("color(34)", r"[\d,]+"))
    if measured.connections:
        yield _text(", ".join(row.connected_to) or "-", ("color(34)", r"(?<=\[)\d+(?=\])"))
    if measured.trainable:
        letter, style = {True: ("Y", "bold color(34)"), False: ("N", "bold color(9)"), None: ("-", "bold")}[
            row.trainable if row.built else None
        ]
        yield _text(letter, (style, "."))


def _keras2_name(name: str) -> str:
    return re.sub(r"^functional(?=(_\d+)?(\[|$))", "model", name)


def _keras2_cells(row: LayerRow, measured: _Measured) -> Iterator[str]:
    yield f"{_keras2_name(row.name)} ({row.class_name})"
    known = row.built and row.output_shape is not None
    shape = _plain_shape([row.output_shape] if row.is_input else row.output_shape)
    yield str(shape) if known else "?"
    # Keras 2's own word: it fills the column, where "0 (unbuilt)" would be broken before its last bracket.
    yield str(row.count) if row.built else "0 (unused)"
    if measured.connections:
        yield str([_keras2_name(piece) for piece in row.connected_to])
    if measured.trainable:
        yield "N" if row.trainable is False else "Y"


def _keras2_lines(model_name: str, rows: Sequence[LayerRow], totals: Totals, measured: _Measured) -> Iterator[str]:
    def rule(depth: int, fill: str) -> str:
        return "|" * depth + fill * (measured.width - 2 * depth) + "|" * depth

    yield f'Model: "{_keras2_name(model_name)}"'
    yield rule(0, "_")
    yield from _keras2_row(measured.headers, measured.edges, 0)
    yield rule(0, "=")
    for i, row in enumerate(rows):
        depth, following = row.depth, rows[i + 1].depth if i + 1 < len(rows) else 0
        yield from _keras2_row(list(_keras2_cells(row, measured)), measured.edges, depth)
        if following > depth:
            yield rule(depth + 1, "¯")
        elif following == depth:
            yield rule(depth, " ")
        for closed in range(depth - 1, following - 1, -1):
            yield rule(closed, "¯")
    yield rule(0, "=")
    yield from _total_lines(totals, "keras2")
    yield rule(0, "_")


def _keras2_row(cells: Sequence[str], edges: tuple[int, ...], depth: int) -> Iterator[str]:
    columns = []
    for k, (cell, (start, end)) in enumerate(zip(cells, pairwise([0, *edges]), strict=False)):
        room = end - start - (0 if k == len(edges) - 1 else 3) - (depth if k == 0 else 0)
        # max: a nest too deep for its column is printed a character a line, not for ever
        columns.append(list(_keras2_pieces(cell, max(1, room))))
    for pieces in zip_longest(*columns, fillvalue=""):
        line = "|" * depth + " "
        for k, (piece, edge) in enumerate(zip(pieces, edges, strict=False)):
            last = k == len(edges) - 1
            line = (line + piece + ("" if last else "  ")).ljust(edge - (depth if last else 0))
        yield line + "|" * depth


def _keras2_pieces(text: str, room: int) -> Iterator[str]:
    """Cut at `room` characters, or sooner after the end of a tuple, list, dict or quoted name inside a structure."""
    while text:
        piece = text[:room]
        ends = [piece.find(stop) + len(stop) for stop in ("),", "},", "],", "',") if stop in piece]
        piece = piece[: min(ends, default=room)]
        yield piece
        text = text[len(piece) :]
