"""DOT, the text that Graphviz draws, of a diagram."""

from __future__ import annotations

from typing import Any

from autotensor.pictures.diagram import UNPRINTABLE, Box, Diagram, markup, printable
from autotensor.pictures.palette import (
    BACKGROUND,
    FRAME,
    FRAME_FILLS,
    FRAME_INK,
    INK,
    LINE_SIZE,
    LOOKS,
    TITLE_SIZE,
    TONES,
    WIRE,
)

MANY, VERY_MANY = 100, 300  # boxes above which Graphviz takes minutes unless it is told to hurry
FONT = "Helvetica,Arial,sans-serif"


def dot_of(diagram: Diagram) -> str:
    """DOT source, by the Python package `graphviz`; it is text, the `dot` program is not needed for it.

    >>> from autotensor.pictures.diagram import Arrow
    >>> print(dot_of(Diagram([Box("a", "x"), Box("b", "exp")], [Arrow("a", "b")])).splitlines()[0])
    digraph {
    """
    import graphviz

    page = {"bgcolor": BACKGROUND, "rankdir": "TB", "nodesep": "0.3", "ranksep": "0.45", "pad": "0.2", "fontname": FONT}
    if len(diagram.boxes) > MANY:
        page |= {"nslimit": "0.1", "nslimit1": "0.1", "mclimit": "0.5"}
    if len(diagram.boxes) > VERY_MANY:
        page["splines"] = "line"
    graph = graphviz.Digraph(graph_attr=page)
    graph.attr("node", fontname=FONT, fontsize=str(LINE_SIZE), fontcolor=INK, shape="box", margin="0.14,0.07", height="0.3")
    graph.attr("edge", color=WIRE, arrowsize="0.7", penwidth="1.1")
    for k, box in enumerate(diagram.boxes):
        if diagram.homes[k] is None:
            graph.node(f"n{k}", **_attributes(box))
    _add_clusters(graph, diagram)
    for (tail, head), arrow in zip(diagram.edges, diagram.arrows, strict=True):
        note = {"tooltip": _plain(arrow.note)} if arrow.note else {}
        graph.edge(f"n{tail}", f"n{head}", **note)
    return str(graph.source)


def _add_clusters(graph: Any, diagram: Diagram) -> None:
    import graphviz

    homed: list[list[int]] = [[] for _ in diagram.clusters]
    for k, home in enumerate(diagram.homes):
        if home is not None:
            homed[home].append(k)
    frames = []
    depth: list[int] = []
    for c, cluster in enumerate(diagram.clusters):
        depth.append(0 if cluster.parent is None else depth[cluster.parent] + 1)
        frame = graphviz.Digraph(name=f"cluster_{c}")
        frame.attr(
            label=f"<<B>{markup(printable(cluster.label))}</B>>",
            labeljust="l",
            fontsize=str(LINE_SIZE),
            fontcolor=FRAME_INK,
            style="rounded,filled",
            color=FRAME,
            fillcolor=FRAME_FILLS[min(depth[c], len(FRAME_FILLS) - 1)],
            margin="10",
        )
        for k in homed[c]:
            frame.node(f"n{k}", **_attributes(diagram.boxes[k]))
        frames.append(frame)
    for c in range(len(frames) - 1, -1, -1):  # inner ones first: a subgraph is copied where it is put
        parent = diagram.clusters[c].parent
        (graph if parent is None else frames[parent]).subgraph(frames[c])


def _attributes(box: Box) -> dict[str, str]:
    look = LOOKS[box.kind]
    title = markup(box.title) or " "
    if not look.small:
        title = f'<FONT POINT-SIZE="{TITLE_SIZE}"><B>{title}</B></FONT>'
    lines = [title]
    for line in box.lines:
        text = markup(line.text) or " "
        text = f"<I>{text}</I>" if line.tone == "muted" else text
        lines.append(text if line.tone == "plain" else f'<FONT COLOR="{TONES[line.tone]}">{text}</FONT>')
    style = ["filled"] + ["rounded"] * (look.radius > 5) + ["dashed"] * look.dashed
    return {
        "label": f"<{'<BR/>'.join(lines)}>",
        "style": ",".join(style),
        "fillcolor": look.fill,
        "color": look.border,
        "penwidth": "2.2" if box.result else "1.1",
        "tooltip": _plain(box.note or box.title),
    }


def _plain(text: str) -> str:
    """`text` as it is, where the package would take a backslash for an escape or angle brackets for HTML."""
    import graphviz

    return str(graphviz.escape(UNPRINTABLE.sub(" ", text)))
