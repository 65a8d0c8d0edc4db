"""Grey pictures as text: digits in the terminal, several side by side."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any, TextIO

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.spec import Array
from autotensor.pictures.sparklines import can_show

HALVES = " ▄▀█"  # [upper * 2 + lower]
RAMP = " .:-=+*#%@"
LINE = 80  # columns of a terminal
FAINT = 0.4  # what is no ink where there is only ink or none; less than half, as thin strokes are faint
TINY = 12  # columns of a picture up to which it is doubled, for more to be seen
GAP = 2  # columns between pictures
CAPTION = 16  # columns up to which a caption makes room for itself


def picture_in_text(
    image: Any, width: int | None = None, *, grey: bool = False, ascii: bool | None = None, stream: TextIO | None = None
) -> str:
    """A grey picture as lines of text, two rows of the picture in each; high values are ink.

    Shapes: `image` (rows, columns), or (rows, columns, 1). Its range: 0 to 255 for integers, 0 to 1 for floats within it, else
    from the least to the greatest value. `width` in characters makes it smaller (or larger); None keeps it, up to 80.
    Half blocks show ink or none; `grey=True` shades them in 24 greys, by the codes that terminals take for colours. Where
    `stream` (standard output when None) lacks the letters, or with `ascii=True`, ASCII letters of growing weight stand for greys.
    Raises: ShapeError if it is not a picture; ArgumentError unless `width` is at least 1.

    >>> print(picture_in_text([[0, 1, 0], [1, 1, 1], [0, 1, 0], [0, 1, 0]], ascii=False))
    ▄█▄
     █
    """
    pixels = _ink(image)
    wide = min(pixels.shape[1], LINE) if width is None else width
    if wide < 1:
        raise ArgumentError(f"width must be at least 1, got {width!r}.")
    rows = max(1, round(pixels.shape[0] * wide / pixels.shape[1]))
    pixels = _resized(pixels, rows + rows % 2, wide, rows)
    upper, lower = pixels[::2], pixels[1::2]
    if (not can_show(HALVES, stream)) if ascii is None else ascii:
        levels = np.rint((upper + lower) / 2 * (len(RAMP) - 1)).astype(int)
        return "\n".join("".join(RAMP[k] for k in row).rstrip() for row in levels)
    if grey:
        return "\n".join(_shaded(above, below) for above, below in zip(upper, lower, strict=True))
    halves = (upper > FAINT) * 2 + (lower > FAINT)
    return "\n".join("".join(HALVES[k] for k in row).rstrip() for row in halves)


def gallery(
    images: Iterable[Any],
    captions: Iterable[object] = (),
    columns: int | None = None,
    *,
    width: int | None = None,
    line: int | None = None,
    grey: bool = False,
    ascii: bool | None = None,
    stream: TextIO | None = None,
) -> str:
    """Pictures side by side, each with its caption below, in lines of at most `line` characters.

    `columns` pictures in a row, or as many as fit, each `width` characters wide, or less where they would not fit. When None,
    `width` is that of the widest picture, twice that for tiny ones; `line` is the width of the terminal, but no more than 80.
    Raises: ArgumentError if `columns` is below 1 or leaves less than 4 characters for a picture.

    >>> print(gallery([[[1, 1]], [[1, 0]]], ["one", "two"], width=2, ascii=True, line=20))
    ==   =
    one  two
    """
    pixels = [_ink(image) for image in images]
    words = [str(caption) for caption in captions]
    if not pixels:
        return ""
    room = min(LINE, shutil.get_terminal_size().columns) if line is None else line
    if width is None:
        width = max(p.shape[1] for p in pixels)
        width *= 2 if width <= TINY else 1
    widest = max(min(width, room), *(min(_columns_of(word), CAPTION) for word in words), 1)
    count = min(len(pixels), max(1, (room + GAP) // (widest + GAP))) if columns is None else columns
    if count < 1:
        raise ArgumentError(f"columns must be at least 1, got {columns!r}.")
    cell = min(widest, (room + GAP) // count - GAP)
    if cell < min(4, widest):
        raise ArgumentError(f"{count} pictures do not fit in {room} columns: each would have {max(cell, 0)}. Pass fewer columns.")
    lines: list[str] = []
    for start in range(0, len(pixels), count):
        blocks = []
        for k in range(start, min(start + count, len(pixels))):
            text = picture_in_text(pixels[k], min(cell, width), grey=grey, ascii=ascii, stream=stream).split("\n")
            blocks.append([_padded(row, cell) for row in text])
        height = max(map(len, blocks))
        for block, word in zip_longest(blocks, words[start : start + count], fillvalue=None):
            if block is not None:
                block.extend([" " * cell] * (height - len(block)))
                if words:
                    block.append(_padded(_cut(word or "", cell), cell))
        lines.extend((" " * GAP).join(parts).rstrip() for parts in zip(*blocks, strict=True))
        if start + count < len(pixels):
            lines.append("")
    return "\n".join(lines)


def _ink(image: Any) -> Array:
    """The picture as floats from 0 to 1."""
    array = np.asarray(image.numpy() if hasattr(image, "numpy") else image)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "biuf":
        raise ShapeError(
            f"a picture is a 2-dimensional array of real numbers, got shape {array.shape} and dtype {array.dtype}. "
            f"Take one image of a batch, x[0], and reshape it, for example x[0].reshape(28, 28)."
        )
    pixels = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    finite = pixels[np.isfinite(pixels)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif array.dtype.kind in "iu" and low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scaled: Array = (np.clip(pixels, low, high) - low) / ((high - low) or 1.0)
    return scaled


def _resized(pixels: Array, rows: int, columns: int, drawn: int) -> Array:
    """Each new pixel the mean of the area that it covers; rows below the picture are blank."""
    smaller = _averaged(_averaged(pixels, drawn).T, columns).T
    return np.vstack([smaller, np.zeros((rows - drawn, columns))])


def _averaged(pixels: Array, count: int) -> Array:
    """`count` rows, each the mean of the rows that it covers, parts of rows included; between rows where there are more."""
    rows = len(pixels)
    if count == rows:
        return pixels
    if count > rows:
        places = np.clip((np.arange(count) + 0.5) * rows / count - 0.5, 0, rows - 1)
        lower = places.astype(int)
        share = (places - lower)[:, None]
        between: Array = pixels[lower] * (1 - share) + pixels[np.minimum(lower + 1, rows - 1)] * share
        return between
    edges = np.linspace(0, rows, count + 1)
    sums = np.vstack([np.zeros((1, pixels.shape[1])), np.cumsum(pixels, axis=0)])
    whole = np.minimum(edges.astype(int), rows - 1)
    upto = sums[whole] + (edges - whole)[:, None] * pixels[whole]
    averaged: Array = np.clip(np.diff(upto, axis=0) / np.diff(edges)[:, None], 0, 1)
    return averaged


def _shaded(above: Array, below: Array) -> str:
    """A line of upper half blocks: the upper pixel is the letter's colour, the lower one its background."""
    greys = [232 + np.rint(pixels * 23).astype(int) for pixels in (above, below)]
    return "".join(f"\x1b[38;5;{a};48;5;{b}m▀" for a, b in zip(*greys, strict=True)) + "\x1b[0m"


def _columns_of(text: str) -> int:
    """How many columns of a terminal the text takes, colour codes aside."""
    letters = [letter for letter in re.sub(r"\x1b\[[0-9;]*m", "", text) if not unicodedata.combining(letter)]
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in letters)


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - _columns_of(text))


def _cut(text: str, columns: int) -> str:
    """The beginning of a caption that is too long, in as many columns as there are."""
    line = " ".join(text.split())
    if _columns_of(line) <= columns:
        return line
    while line and _columns_of(line) > columns - 1:
        line = line[:-1]
    return line + "~"


def terminal_shows_greys(stream: TextIO) -> bool:
    """Whether the stream is a terminal that takes colour codes, and the user has not asked for none (NO_COLOR).

    >>> import io
    >>> terminal_shows_greys(io.StringIO())
    False
    """
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
