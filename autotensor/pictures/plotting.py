"""A small plot in SVG: panels with axes, ticks, curves and a legend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

from autotensor.pictures.diagram import markup, printable
from autotensor.pictures.palette import BACKGROUND, FONTS, INK, text_width

WIDTH, HEIGHT = 440.0, 290.0  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 30.0, 40.0  # around its plot
SIZE = 11
GRID = "#dcdcdc"
MARKED = 30  # epochs up to which each is marked by a dot


class OneSeries(Protocol):
    """A named curve."""

    @property
    def name(self) -> str: ...
    @property
    def values(self) -> tuple[float, ...]: ...
    @property
    def color(self) -> str: ...
    @property
    def dashed(self) -> bool: ...


class OnePanel(Protocol):
    """Curves with common axes."""

    @property
    def title(self) -> str: ...
    @property
    def series(self) -> Sequence[OneSeries]: ...
    @property
    def log(self) -> bool: ...


def svg_of_panels(panels: Sequence[OnePanel]) -> str:
    """The panels side by side, each with a legend below it."""
    rows = [_legend_rows(panel) for panel in panels]
    width = WIDTH * len(panels)
    height = HEIGHT + 18 * max(len(legend) for legend in rows) + 6
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" '
            f'font-family="{FONTS}" font-size="{SIZE}" fill="{INK}" role="img">'
        ),
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{BACKGROUND}"/>',
    ]
    for k, (panel, legend) in enumerate(zip(panels, rows, strict=True)):
        parts.append(f'<g transform="translate({WIDTH * k:.0f} 0)">')
        parts.extend(_panel(panel))
        parts.extend(_legend(legend))
        parts.append("</g>")
    parts.append("</svg>")
    return "\n".join(parts)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten.

    >>> ticks(0.0, 1.0), ticks(1, 10)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [2.0, 4.0, 6.0, 8.0, 10.0])
    """
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1, 2, 5) if m * power >= rough * (1 - 1e-9)), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(k * step, digits) for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten from `low` to `high`, with 2 and 5 times them where there are few.

    >>> log_ticks(0.01, 1.0), log_ticks(0.5, 3.0)
    ([0.01, 0.1, 1.0], [0.5, 1.0, 2.0])
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if math.log10(high / low) < 2 else (1,)
    every = max(1, (last - first) // 6)
    powers = range(first, last + 1, every)
    found = [float(f"{factor}e{power}") for power in powers for factor in factors]
    return [tick for tick in found if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)] or [low, high]


class _Axes:
    """From epochs and values to places."""

    def __init__(self, panel: OnePanel) -> None:
        self.log = panel.log
        shown = [v for one in panel.series for v in one.values if self.takes(v)]
        low, high = (min(shown), max(shown)) if shown else (0.0, 1.0)
        self.epochs = max(len(one.values) for one in panel.series)
        if self.log:
            low, high = (low / 2, high * 2) if high / low < 1.5 else (low, high)
            self.y_ticks = log_ticks(low, high)
            self.low, self.high = math.log10(low), math.log10(high)
        else:
            if high - low <= 1e-9 * max(abs(low), abs(high)):  # a constant
                room = abs(low) / 2 or 0.5
                low, high = low - room, high + room
            self.y_ticks = ticks(low, high)
            self.low, self.high = low, high
        room = (self.high - self.low) * 0.04
        self.low, self.high = self.low - room, self.high + room
        self.x_ticks = [t for t in ticks(1, self.epochs) if t == int(t)] if self.epochs > 1 else [1]

    def takes(self, value: float) -> bool:
        return math.isfinite(value) and (value > 0 or not self.log)

    def x(self, epoch: float) -> float:
        share = (epoch - 1) / (self.epochs - 1) if self.epochs > 1 else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = ((math.log10(value) if self.log else value) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _panel(panel: OnePanel) -> Iterator[str]:
    axes = _Axes(panel)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    title = printable(panel.title) + (" (logarithmic)" if panel.log else "")
    middle = (LEFT + right) / 2
    yield f'<text x="{middle:.1f}" y="19" text-anchor="middle" font-size="13" font-weight="bold">{markup(title)}</text>'
    for tick in axes.y_ticks:
        y = axes.y(tick)
        yield f'<path d="M{LEFT:.1f} {y:.1f}H{right:.1f}" stroke="{GRID}"/>'
        yield f'<text x="{LEFT - 7:.1f}" y="{y + 4:.1f}" text-anchor="end">{tick:.6g}</text>'
    for tick in axes.x_ticks:
        x = axes.x(tick)
        yield f'<path d="M{x:.1f} {bottom:.1f}v5" stroke="{INK}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{int(tick):,}</text>'
    yield f'<path d="M{LEFT:.1f} {TOP:.1f}V{bottom:.1f}H{right:.1f}" fill="none" stroke="{INK}"/>'
    yield f'<text x="{middle:.1f}" y="{bottom + 34:.1f}" text-anchor="middle">epoch</text>'
    for one in panel.series:
        yield from _curve(one, axes)


def _curve(one: OneSeries, axes: _Axes) -> Iterator[str]:
    """A line through the finite values, broken where there is none; dots where they can be told apart."""
    points = [(axes.x(k), axes.y(v)) if axes.takes(v) else None for k, v in enumerate(one.values, 1)]
    path, pen_down = [], False
    for point in points:
        if point is not None:
            path.append(f"{'L' if pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen_down = point is not None
    dashes = ' stroke-dasharray="6 4"' if one.dashed else ""
    yield f"<g><title>{markup(printable(one.name))}</title>"
    yield f'<path d="{"".join(path)}" fill="none" stroke="{one.color}" stroke-width="2" stroke-linejoin="round"{dashes}/>'
    if len(points) <= MARKED:
        look = f'r="2.6" fill="{BACKGROUND if one.dashed else one.color}" stroke="{one.color}" stroke-width="1.3"'
        for x, y in filter(None, points):
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" {look}/>'
    yield "</g>"


def _legend_rows(panel: OnePanel) -> list[list[tuple[float, OneSeries]]]:
    """The names in as many rows as they need, each name with its place in x."""
    rows: list[list[tuple[float, OneSeries]]] = [[]]
    x = LEFT
    for one in panel.series:
        width = text_width(printable(one.name), SIZE) + 50
        if rows[-1] and x + width > WIDTH:
            rows.append([])
            x = LEFT
        rows[-1].append((x, one))
        x += width
    return rows


def _legend(rows: Sequence[Sequence[tuple[float, OneSeries]]]) -> Iterator[str]:
    for k, row in enumerate(rows):
        y = HEIGHT + 8 + 18 * k
        for x, one in row:
            dashes = ' stroke-dasharray="6 4"' if one.dashed else ""
            yield f'<path d="M{x:.1f} {y - 4:.1f}h26" stroke="{one.color}" stroke-width="2"{dashes}/>'
            yield f'<text x="{x + 32:.1f}" y="{y:.1f}">{markup(printable(one.name))}</text>'
