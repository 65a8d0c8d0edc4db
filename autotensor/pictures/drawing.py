"""`at.draw`: the graph of a computation as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.core.namespace import late
from autotensor.core.tensor import Tensor
from autotensor.pictures.diagram import Diagram, Drawable, Kind
from autotensor.pictures.dot_source import dot_of
from autotensor.pictures.files import suffix_of, write_whole
from autotensor.pictures.plans import Stage, diagram_of_plan
from autotensor.pictures.reading import Values, diagram_of
from autotensor.pictures.renderers import Renderer, rendered, svg_element
from autotensor.plan.compiling import Compiled
from autotensor.plan.plan import Plan

FORMATS = ("svg", "png", "pdf", "dot", "gv")
COUNTED: dict[Kind, str] = {
    "operation": "operations",
    "kernel": "kernels",
    "module": "modules",
    "leaf": "leaves",
    "constant": "constants",
}


class Drawing:
    """A picture of a graph: shown by a notebook, saved as SVG, PNG, PDF or DOT. It holds text and no arrays."""

    __slots__ = ("diagram",)

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram

    @property
    def source(self) -> str:
        """The picture as DOT text, for Graphviz and its relatives."""
        return dot_of(self.diagram)

    def svg(self, *, renderer: Renderer | None = None) -> str:
        """The picture as one `<svg>` element.

        Drawn by the `dot` program where there is one, else by pygraphviz, else, and when there are more than 100 boxes, by the
        built-in layout; or by the one named: "dot", "pygraphviz", "builtin".
        Raises: MissingRendererError if the named one is not installed.
        """
        return svg_element(rendered(self.diagram, "svg", renderer))

    def save(self, path: str | os.PathLike[str], *, renderer: Renderer | None = None) -> Path:
        """Write the picture in the format that the name ends in: .svg, .png, .pdf, .dot or .gv; returns the path.

        Raises: ArgumentError on another ending; MissingRendererError for .png and .pdf without Graphviz.
        """
        suffix = suffix_of(path, FORMATS)
        return write_whole(path, rendered(self.diagram, "dot" if suffix == "gv" else suffix, renderer))

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        kinds = [box.kind for box in self.diagram.boxes]
        words = []
        for kind, many in COUNTED.items():
            if count := kinds.count(kind):
                words.append(f"{count:,} {kind if count == 1 else many}")
        words.extend(box.title for box in self.diagram.boxes if box.kind == "note")
        count = len(self.diagram.arrows)
        words.append(f"{count:,} arrow{'s' * (count != 1)}")
        return f"<drawing: {', '.join(words)}; .save('graph.svg') to see it>"


def draw(
    x: Any, *, values: Values = "auto", depth: int | None = None, max_nodes: int = 500, stage: Stage | None = None
) -> Drawing:
    """The graph that `x` was computed by, as a picture: operations, parameters, shapes, values, gradients, modules.

    `x` is a Tensor, a list of Tensors, a compiled function (what ran last), a plan, or an object with a method `__drawing__` that
    returns a `Diagram`. A Tensor may be drawn before and after `backward`: what has not been computed is called so, and what
    backward has let go is called freed.
    `values`: True shows few elements as numbers and more as statistics, False shows none, "auto" shows them in small graphs.
    `depth` makes one box of each module that lies within `depth` others (0: of the outermost ones). Of a graph with more boxes
    than `max_nodes` the part nearest to `x` is drawn, with a note that counts the rest.
    `stage`, of a plan: "traced" shows what the function does, "optimized" (the default) what is left of it after all passes, the
    buffer that each result lies in, and kernels. A plan has no values.
    Raises: DTypeError if `x` is none of these; ArgumentError on a setting out of range, or that does not apply; GraphError if a
    compiled function has not run.

    >>> import autotensor as at
    >>> w = at.tensor([1.0, 2.0], requires_grad=True)
    >>> draw((w * w).sum())
    <drawing: 2 operations, 1 leaf, 3 arrows; .save('graph.svg') to see it>
    """
    if values not in ("auto", True, False):
        raise ArgumentError(f'values must be "auto", True or False, got {values!r}.')
    if depth is not None and depth < 0:
        raise ArgumentError(f"depth must be 0 or more, or None for all modules in full, got {depth!r}.")
    if max_nodes < 1:
        raise ArgumentError(f"max_nodes must be at least 1, got {max_nodes!r}.")
    if isinstance(x, (Plan, Compiled)):
        if values is True:
            raise ArgumentError("a plan has no values to show: draw it without values=True, or draw a Tensor that was computed.")
        plan = x.plan if isinstance(x, Compiled) else x
        return Drawing(diagram_of_plan(plan, stage=stage or "optimized", depth=depth, max_nodes=max_nodes))
    if stage is not None:
        raise ArgumentError(f"stage={stage!r} is for compiled functions and plans, got {type(x).__name__}.")
    if isinstance(x, Tensor):
        return Drawing(diagram_of([x], values=values, depth=depth, max_nodes=max_nodes))
    if isinstance(x, Drawable):
        return Drawing(x.__drawing__())
    if isinstance(x, Sequence) and x and all(isinstance(one, Tensor) for one in x):
        return Drawing(diagram_of(x, values=values, depth=depth, max_nodes=max_nodes))
    raise DTypeError(
        f"draw expects a Tensor, a list of Tensors, a compiled function, a plan or an object with __drawing__(), got "
        f"{type(x).__name__}. "
        f"Make a Tensor first, at.tensor(x, requires_grad=True), and compute with it."
    )


late.draw = draw
