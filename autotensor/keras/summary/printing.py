"""From rows to the printed summary: `table` is its text, `summarise` puts it where it belongs."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from autotensor.keras.summary.keras2 import keras2_lines
from autotensor.keras.summary.keras3 import keras3_drawing
from autotensor.keras.summary.layout import measure
from autotensor.keras.summary.rows import LayerRow, Totals, select

if TYPE_CHECKING:
    from rich.console import Group

ASCII = str.maketrans("┏┳┓┃━┡╇┩│─├┼┤└┴┘…¯", "+++|-+++|-+++`++.-")


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
        stream.write(text.translate(ASCII).encode(encoding, "replace").decode(encoding))


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
    measured = measure(model_kind, style, line_length, positions, show_trainable=show_trainable)
    if style == "keras2":
        return "\n".join(keras2_lines(model_name, rows, totals, measured)) + "\n"
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
        console.print(keras3_drawing(model_name, rows, totals, measured), crop=False)
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
    measured = measure(model_kind, "keras3", line_length, positions, show_trainable=show_trainable)
    return keras3_drawing(model_name, rows, totals, measured)
