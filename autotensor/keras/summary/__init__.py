"""A model's summary: plain rows in, the table of Keras 3 or of Keras 2 out, character for character.

Nothing here knows a model or a layer. `Model.summary` describes its layers as `LayerRow`s and hands them to
`summarise`, which selects, prints and calls `print_fn` as Keras does; `table` is the pure function underneath.
"""

from autotensor.keras.summary.printing import styled_table, summarise, table
from autotensor.keras.summary.rows import LayerRow, Totals, readable_size, select

__all__ = ["LayerRow", "Totals", "summarise", "table", "styled_table", "select", "readable_size"]
