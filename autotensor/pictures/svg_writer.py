"""SVG of a diagram, by the built-in layout: works with nothing installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autotensor.pictures.diagram import Box, Diagram, markup, printable
from autotensor.pictures.layers import Point
from autotensor.pictures.layout import Frame, Rectangle, placed
from autotensor.pictures.palette import (
    BACKGROUND,
    FONTS,
    FRAME,
    FRAME_FILLS,
    FRAME_INK,
    INK,
    LINE_SIZE,
    LOOKS,
    TITLE_SIZE,
    TONES,
    WIRE,
    text_width,
)

PADDING = 16.0  # around the picture
INSIDE = 10.0  # between a box's border and its text, in x
LEADING = 15.0  # from line to line
HEAD = 8.0  # length of an arrow head


def svg_of(diagram: Diagram) -> str:
    """The diagram as one `<svg>` element, without anything that could touch the page around it.

    >>> from autotensor.pictures.diagram import Arrow
    >>> svg_of(Diagram([Box("a", "x"), Box("b", "exp")], [Arrow("a", "b")])).count("<rect")
    3
    """
    sizes = [size_of(box) for box in diagram.boxes]
    labels = [text_width(printable(cluster.label), LINE_SIZE, bold=True) for cluster in diagram.clusters]
    placement = placed(diagram, sizes, labels)
    width, height = placement.width + 2 * PADDING, placement.height + 2 * PADDING
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="{-PADDING:g} {-PADDING:g} {width:.1f} {height:.1f}" font-family="{FONTS}" '
            f'font-size="{LINE_SIZE}" fill="{INK}" role="img">'
        ),
        f'<rect x="{-PADDING:g}" y="{-PADDING:g}" width="{width:.1f}" height="{height:.1f}" fill="{BACKGROUND}"/>',
    ]
    level = {c: 0 if cluster.parent is None else -1 for c, cluster in enumerate(diagram.clusters)}
    for c, (cluster, frame) in enumerate(zip(diagram.clusters, placement.frames, strict=True)):
        if cluster.parent is not None:
            level[c] = level[cluster.parent] + 1
        parts.append(_frame(frame, printable(cluster.label), min(level[c], len(FRAME_FILLS) - 1)))
    parts.append(f'<g fill="none" stroke="{WIRE}" stroke-width="1.2" stroke-linecap="round">')
    tips = {tip for tip, _ in placement.arrows}
    parts.extend(_line(line, cut=line[-1] in tips) for line in placement.lines)
    parts.append(f'</g><g fill="{WIRE}">')
    parts.extend(_head(x, y, diagram.arrows[arrow].note) for (x, y), arrow in placement.arrows)
    parts.append("</g>")
    for box, rectangle in zip(diagram.boxes, placement.boxes, strict=True):
        parts.extend(_box(box, rectangle))
    parts.append("</svg>")
    return "\n".join(parts)


def size_of(box: Box) -> tuple[float, float]:
    """Width and height that the text of a box needs."""
    small = LOOKS[box.kind].small
    title = text_width(box.title, LINE_SIZE if small else TITLE_SIZE, bold=not small)
    widest = max([title, *(text_width(line.text, LINE_SIZE) for line in box.lines)])
    return round(widest + 2 * INSIDE, 1), LEADING * (1 + len(box.lines)) + (8 if small else 14)


def _frame(frame: Frame, label: str, depth: int) -> str:
    x, y, width, height = frame.outline
    return (
        f'<g><rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7" '
        f'fill="{FRAME_FILLS[depth]}" stroke="{FRAME}"/>'
        f'<text x="{frame.label_x:.1f}" y="{y + 15:.1f}" fill="{FRAME_INK}" font-weight="bold">{markup(label)}</text></g>'
    )


def _line(points: Sequence[Point], *, cut: bool) -> str:
    """Straight down, and an S where it changes column; shortened by the arrow head where there is one."""
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    for k, (to_x, to_y) in enumerate(rest):
        end = to_y - (HEAD - 1 if cut and k == len(rest) - 1 else 0)
        if abs(to_x - x) < 0.5:
            path.append(f"L{to_x:.1f} {end:.1f}")
        else:
            middle = (y + end) / 2
            path.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {end:.1f}")
        x, y = to_x, end
    return f'<path d="{"".join(path)}"/>'


def _head(x: float, y: float, note: str) -> str:
    shape = f"M{x:.1f} {y:.1f}l-3.6 {-HEAD:g}h7.2z"
    return f'<path d="{shape}"><title>{markup(note)}</title></path>' if note else f'<path d="{shape}"/>'


def _box(box: Box, rectangle: Rectangle) -> Iterator[str]:
    look = LOOKS[box.kind]
    x, y, width, height = rectangle
    dashes = ' stroke-dasharray="5 3"' if look.dashed else ""
    yield f"<g><title>{markup(box.note or box.title)}</title>"
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{look.radius}" fill="{look.fill}" '
        f'stroke="{look.border}" stroke-width="{2.4 if box.result else 1.2}"{dashes}/>'
    )
    middle = x + width / 2
    baseline = y + (14.5 if look.small else 18)
    strong = "" if look.small else f' font-size="{TITLE_SIZE}" font-weight="bold"'
    yield f'<text x="{middle:.1f}" y="{baseline:.1f}" text-anchor="middle"{strong}>{markup(box.title)}</text>'
    for line in box.lines:
        baseline += LEADING
        slant = ' font-style="italic"' if line.tone == "muted" else ""
        yield (
            f'<text x="{middle:.1f}" y="{baseline:.1f}" text-anchor="middle" fill="{TONES[line.tone]}"{slant}>'
            f"{markup(line.text)}</text>"
        )
    yield "</g>"
