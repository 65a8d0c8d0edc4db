"""Who turns a diagram into a file: the `dot` program, pygraphviz, or the built-in layout, in this order.

SVG and DOT always work. PNG and PDF need one of the first two. The SVG of a large diagram is always by the built-in layout, which
takes a fraction of a second where Graphviz can take minutes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from typing import Literal, TypeAlias

from autotensor.core.errors import ArgumentError, MissingRendererError
from autotensor.pictures.diagram import Diagram
from autotensor.pictures.dot_source import MANY, dot_of
from autotensor.pictures.svg_writer import svg_of

Renderer: TypeAlias = Literal["dot", "pygraphviz", "builtin"]

RENDERERS: tuple[Renderer, ...] = ("dot", "pygraphviz", "builtin")


def available() -> tuple[Renderer, ...]:
    """The renderers that are present, the preferred one first.

    >>> "builtin" in available()
    True
    """
    present = {"dot": shutil.which("dot") is not None, "pygraphviz": find_spec("pygraphviz") is not None, "builtin": True}
    return tuple(renderer for renderer in RENDERERS if present[renderer])


def rendered(diagram: Diagram, form: str, renderer: Renderer | None = None) -> bytes:
    """The diagram as a file of the format `form`: "svg", "png", "pdf" or "dot".

    Raises: MissingRendererError if the format, or the renderer that was asked for, needs what is not installed.
    """
    if form == "dot":
        return dot_of(diagram).encode()
    if renderer is not None and renderer not in RENDERERS:
        raise ArgumentError(f"renderer must be one of {', '.join(map(repr, RENDERERS))} or None, got {renderer!r}.")
    present = available()
    chosen = present if renderer is None else tuple(one for one in present if one == renderer)
    if form == "svg" and renderer is None and len(diagram.boxes) > MANY:
        chosen = ("builtin",)
    failures = []
    for one in chosen:
        if one == "builtin":
            if form == "svg":
                return svg_of(diagram).encode()
            continue
        try:
            return _by_dot(dot_of(diagram), form) if one == "dot" else _by_pygraphviz(dot_of(diagram), form)
        except (OSError, RuntimeError, ValueError, ImportError, subprocess.SubprocessError) as reason:
            failures.append(f" {one} is installed but failed: {reason}.")
    asked = f"with the renderer {renderer!r}" if renderer else f"as {form.upper()}"
    raise MissingRendererError(
        f"drawing {asked} needs the `dot` program or the package 'pygraphviz', and neither can do it here.{''.join(failures)} "
        f"Install it with: pip install 'autotensor[viz]', or save the picture as .svg, which needs nothing."
    )


def _by_dot(source: str, form: str) -> bytes:
    import graphviz

    return bytes(graphviz.Source(source).pipe(format=form, quiet=True))


def _by_pygraphviz(source: str, form: str) -> bytes:
    import pygraphviz

    return bytes(pygraphviz.AGraph(string=source).draw(format=form, prog="dot"))


def svg_element(file: bytes) -> str:
    """The `<svg>` element alone, without the lines before it that a page must not contain twice.

    >>> svg_element(b'<?xml version="1.0"?><!-- by --><svg></svg>')
    '<svg></svg>'
    """
    text = file.decode()
    return text[match.start() :] if (match := re.search(r"<svg[\s>]", text)) else text
