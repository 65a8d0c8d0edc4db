"""Pictures: the graph of a computation, the chain rule as a table, learning curves, digits in the terminal.

Learning curves are drawn by `pictures.curves.curves(history)`: the module has the name.
"""

from autotensor.pictures.chain_rule import explain
from autotensor.pictures.chain_table import Explanation
from autotensor.pictures.curves import Curves
from autotensor.pictures.diagram import Arrow, Box, Diagram, Drawable, Line
from autotensor.pictures.drawing import Drawing, draw
from autotensor.pictures.sparklines import sparkline
from autotensor.pictures.text_pictures import gallery, picture_in_text, terminal_shows_greys

__all__ = [
    "draw",
    "Drawing",
    "explain",
    "Explanation",
    "Drawable",
    "Diagram",
    "Box",
    "Line",
    "Arrow",
    "Curves",
    "sparkline",
    "picture_in_text",
    "gallery",
    "terminal_shows_greys",
]
