"""A function of one variable beside its derivative, drawn in a terminal's letters or as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.spec import Array
from autotensor.pictures.palette import BACKGROUND, FONTS, INK, SERIES

PANEL_ROWS = 9  # in the terminal
PANEL_SIZE = (320.0, 220.0)  # of the SVG


class SampledFunction(NamedTuple):
    """A function of one variable and its derivative; each array of shape (samples,)."""

    x: Array
    y: Array
    slope: Array
    dots: tuple[tuple[float, float, float], ...]  # (x, y, slope) at kinks


def panels_in_text(name: str, curves: SampledFunction, width: int, *, plain: bool) -> list[str]:
    """The function and its derivative side by side, or below each other where `width` columns are too few; `plain` draws stars.

    >>> x = np.linspace(0, 2, 9)
    >>> for line in panels_in_text("double", SampledFunction(x, 2 * x, 2 + 0 * x, ()), 22, plain=True)[:11]:
    ...     print(line.rstrip())
        y = double(x)
     4  │               **
        │             ***
        │           **
        │         **
        │       **
        │     **
        │   **
        │***
     0  **────────────────
        0                2
    """
    beside = width >= 60
    columns = (width - 4) // 2 if beside else width
    draw = _ascii_canvas if plain else _braille_canvas
    titles = ((f"y = {name}(x)", curves.y), ("dy/dx", curves.slope))
    left, right = (_panel(title, curves.x, y, columns, draw) for title, y in titles)
    if not beside:
        return [*left, "", *right]
    return [f"{a}    {b}" for a, b in zip(left, right, strict=True)]


def _panel(title: str, x: Array, y: Array, width: int, draw: Any) -> list[str]:
    """A title, the curve over thin axes, and the ends of both ranges."""
    low, high = _bounds(y)
    margin = max(len(f"{low:.3g}"), len(f"{high:.3g}"), 2)
    columns = width - margin - 2
    zero_row = round(high / (high - low) * (PANEL_ROWS - 1))
    zero_column = round(-x[0] / (x[-1] - x[0]) * (columns - 1)) if x[0] <= 0 <= x[-1] else -1
    labels = {zero_row: "0", PANEL_ROWS - 1: f"{low:.3g}", 0: f"{high:.3g}"}
    lines = [" " * (margin + 2) + title]
    for r, row in enumerate(draw(x, y, columns)):
        axis = "─" if r == zero_row else " "
        cells = [axis if cell == " " else cell for cell in row]
        if zero_column >= 0 and row[zero_column] == " ":
            cells[zero_column] = "┼" if r == zero_row else "│"
        lines.append(f"{labels.get(r, ''):>{margin}}  {''.join(cells)}".rstrip())
    start, end = f"{x[0]:.3g}", f"{x[-1]:.3g}"
    lines.append(" " * (margin + 2) + start + f"{end:>{columns - len(start)}}")
    return [f"{line:<{width}}" for line in lines]


def _braille_canvas(x: Array, y: Array, columns: int) -> list[str]:
    """2 x 4 dots a character."""
    picture = _dots(x, y, 2 * columns, 4 * PANEL_ROWS)
    weights = np.array([[1, 8], [2, 16], [4, 32], [64, 128]])
    cells = (picture.reshape(PANEL_ROWS, 4, columns, 2) * weights[:, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + n) if n else " " for n in row) for row in cells.tolist()]


def _ascii_canvas(x: Array, y: Array, columns: int) -> list[str]:
    """One star a character."""
    return ["".join("*" if on else " " for on in row) for row in _dots(x, y, columns, PANEL_ROWS).tolist()]


def _dots(x: Array, y: Array, columns: int, rows: int) -> Array:
    """The curve as a boolean picture, shape (rows, columns), the first row on top."""
    low, high = _bounds(y)
    picture = np.zeros((rows, columns), np.bool_)
    for stroke in strokes(x, y):
        for (x0, y0), (x1, y1) in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            n = 2 + int(abs(y1 - y0) / (high - low) * rows * 2)
            along, up = np.linspace(x0, x1, n), np.linspace(y0, y1, n)
            c = np.rint((along - x[0]) / (x[-1] - x[0]) * (columns - 1)).astype(int)
            r = np.rint((high - up) / (high - low) * (rows - 1)).astype(int)
            picture[r, c] = True
    return picture


def strokes(x: Array, y: Array) -> Iterator[Array]:
    """The samples as lines, shape (n, 2) each, cut where the function jumps or is not finite.

    >>> [stroke.tolist() for stroke in strokes(np.arange(4.0), np.array([0.0, 0.0, np.nan, np.nan]))]
    [[[0.0, 0.0], [1.0, 0.0]]]
    """
    steps = np.abs(np.diff(y))
    around = np.maximum(np.r_[0, steps[:-1]], np.r_[steps[1:], 0])
    low, high = _bounds(y)
    jumps = (steps > 4 * around) & (steps > (high - low) / 50)
    cuts = np.flatnonzero(jumps | ~np.isfinite(steps)) + 1
    for part in np.split(np.stack([x, y], axis=1), cuts):
        whole = part[np.isfinite(part).all(axis=1)]
        if len(whole) > 1:
            yield whole


def _bounds(y: Array) -> tuple[float, float]:
    """A range that holds every finite value, and 0."""
    finite = y[np.isfinite(y)]
    low, high = min(0.0, float(finite.min())), max(0.0, float(finite.max()))
    return (low, high) if high > low else (-1.0, 1.0)


def svg_of_function(name: str, curves: SampledFunction) -> str:
    """The function and its derivative side by side, as one `<svg>` element."""
    width, height = PANEL_SIZE
    titles = (f"y = {name}(x)", "dy/dx")
    panels = [_svg_panel(titles[i], curves, i, offset=i * width, colour=SERIES[i]) for i in range(2)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * width:g}" height="{height:g}" '
        f'viewBox="0 0 {2 * width:g} {height:g}" font-family="{FONTS}" font-size="11" fill="{INK}" role="img">'
    )
    title = f"<title>{escape(name)} and its derivative</title>"
    paper = f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>'
    return "\n".join([head, title, paper, *panels, "</svg>"])


def _svg_panel(title: str, curves: SampledFunction, which: int, *, offset: float, colour: str) -> str:
    """One curve with its grid, its numbers and the choices at its kinks."""
    x, y = curves.x, (curves.y, curves.slope)[which]
    low, high = _bounds(y)
    pad = (high - low) * 0.06
    low, high = low - pad, high + pad
    left, top, right, bottom = offset + 44.0, 30.0, offset + PANEL_SIZE[0] - 12, PANEL_SIZE[1] - 26

    def place(a: Any, b: Any) -> tuple[Any, Any]:
        return left + (a - x[0]) / (x[-1] - x[0]) * (right - left), bottom - (b - low) / (high - low) * (bottom - top)

    parts = [f'<text x="{left:g}" y="18" font-size="13" font-weight="bold" fill="{colour}">{escape(title)}</text>']
    for tick in _ticks(x[0], x[-1]):
        at, _ = place(tick, 0.0)
        shade = "#9a9a9a" if tick == 0 else "#e3e3e3"
        parts.append(f'<path d="M{at:.1f} {top:g}V{bottom:g}" stroke="{shade}"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 16:g}" text-anchor="middle">{tick + 0.0:g}</text>')
    for tick in _ticks(low, high):
        _, at = place(0.0, tick)
        shade = "#9a9a9a" if abs(tick) < 1e-12 else "#e3e3e3"
        parts.append(f'<path d="M{left:g} {at:.1f}H{right:g}" stroke="{shade}"/>')
        parts.append(f'<text x="{left - 6:g}" y="{at + 4:.1f}" text-anchor="end">{round(tick, 9) + 0.0:g}</text>')
    path = ""
    for stroke in strokes(x, y):
        points = [place(a, b) for a, b in (stroke if len(stroke) < 3 else [*stroke[:-1:2], stroke[-1]])]
        path += "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    parts.append(
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/>'
    )
    for corner, *heights in curves.dots:
        a, b = place(corner, heights[which])
        parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.2" fill="{colour}"/>')
    return "\n".join(parts)


def _ticks(low: float, high: float) -> Array:
    """Round numbers across a range, three to six of them."""
    raw = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    ticks: Array = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    return ticks
