"""The widths of a summary's columns."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from autotensor.core.errors import ArgumentError


class Layout(NamedTuple):
    """A kind of table before anything is asked of it."""

    headers: tuple[str, ...]
    width: int  # characters
    positions: tuple[float, ...]  # right edge of each column, as a fraction of the width


class Measured(NamedTuple):
    """A table's columns, with the widths they will have."""

    headers: tuple[str, ...]
    width: int  # characters
    edges: tuple[int, ...]  # right edge of each column, in characters; may be longer than headers
    connections: bool
    trainable: bool


_SEQUENTIAL = ("Layer (type)", "Output Shape", "Param #")
_FUNCTIONAL = (*_SEQUENTIAL, "Connected to")
_LAYOUTS = {
    "keras3": {
        "sequential": Layout(_SEQUENTIAL, 88, (0.45, 0.80, 1.0)),
        "functional": Layout(_FUNCTIONAL, 108, (0.3, 0.56, 0.74, 1.0)),
    },
    "keras2": {
        "sequential": Layout(_SEQUENTIAL, 65, (0.45, 0.85, 1.0)),
        "functional": Layout(_FUNCTIONAL, 98, (0.3, 0.6, 0.70, 1.0)),
    },
}
_NARROWEST = 4  # characters in a column, as in Keras 3
_NARROWEST_DEFAULT = 40  # every layout still fits; Keras 3 raises in a terminal narrower than that


def measure(
    model_kind: str,
    style: str,
    line_length: int | None,
    positions: Sequence[float] | None,
    *,
    show_trainable: bool,
) -> Measured:
    """The columns of a summary, as wide as Keras makes them.

    Units: `line_length` in characters; `positions`, each column's right edge, as fractions of it or in characters.
    Raises: ArgumentError for an unknown style or kind, too few positions, or columns too narrow to print.

    >>> measure("sequential", "keras2", None, None, show_trainable=False).edges
    (29, 55, 65)
    """
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
    return Measured(headers, width, tuple(edges), connections, show_trainable)
