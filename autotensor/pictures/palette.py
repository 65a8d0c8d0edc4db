"""Colours and sizes of pictures, the same for all renderers.

Tints of the colours that Okabe and Ito chose to be told apart by everybody ("Color universal design", 2008), dark text on light
boxes on white: readable in print and on a dark page. Kinds of boxes differ in outline too, never by colour alone.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from autotensor.pictures.diagram import Kind, Tone

BACKGROUND = "#ffffff"
INK = "#1a1a1a"
WIRE = "#4d4d4d"
FRAME = "#8793a0"
FRAME_FILLS = ("#f6f7f9", "#edeff2", "#e4e7eb")  # by depth, the deepest for all below
FRAME_INK = "#36424e"
TONES: dict[Tone, str] = {"plain": INK, "muted": "#5c5c5c", "gradient": "#9a3a00", "warning": "#99004d", "buffer": "#00507a"}
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#946c00", "#56b4e9", "#1a1a1a")
FONTS = "Helvetica, Arial, DejaVu Sans, sans-serif"
TITLE_SIZE = 13
LINE_SIZE = 11


class Look(NamedTuple):
    """How a kind of box is drawn."""

    fill: str
    border: str
    radius: int
    dashed: bool = False
    small: bool = False


LOOKS: dict[Kind, Look] = {
    "operation": Look("#e1eef8", "#0072b2", 4),
    "leaf": Look("#fdf0d2", "#b06f00", 14),
    "constant": Look("#f4f4f4", "#858585", 9, small=True),
    "module": Look("#dff2ea", "#007a59", 4),
    "kernel": Look("#f7e6f0", "#a0447c", 4),
    "note": Look("#ffffff", "#5c5c5c", 4, dashed=True),
}

_NARROW = frozenset("iljtfrI.,:;'|!()[]{}/\\ -·")
_WIDE = frozenset("mwMWGOQ@%&∑×=+<>−…→←~")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide `text` is drawn, in units of `size`; rather too wide, as fonts differ.

    >>> text_width("mm", 10) > text_width("ii", 10)
    True
    """
    total = 0.0
    for letter in text:
        if letter in _NARROW:
            total += 0.41
        elif letter in _WIDE:
            total += 0.9
        elif unicodedata.east_asian_width(letter) in "WF":
            total += 1.05
        elif letter.isupper():
            total += 0.72
        else:
            total += 0.63
    return total * size * (1.1 if bold else 1.0)
