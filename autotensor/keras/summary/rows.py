"""What a summary tells: a row for each layer, and the totals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, SupportsIndex

from autotensor.core.errors import ArgumentError


class LayerRow(NamedTuple):
    """One layer as the table shows it; a nested model's layers follow it with a greater `depth`."""

    name: str
    class_name: str
    output_shape: object = None  # (None, 512), a list or dict of such, a string as it is ("multiple"), None if unknown
    count: int = 0  # type: ignore[assignment]  # parameters; the name that Keras uses hides tuple.count
    built: bool = True  # False: "?" and "0 (unbuilt)"; a layer that never has weights counts as built
    trainable: bool | None = None  # for show_trainable: Y, N, or None for a layer without weights
    connected_to: tuple[str, ...] = ()  # ("left[0][0]", "right[0][0]")
    is_input: bool = False  # Keras 2 wraps the shape of an input in a list
    depth: int = 0  # 0 for the model's own layers


class Totals(NamedTuple):
    """Parameters and their bytes, by dtype. While the optimizer has no state, `optimizer` is None and has no line."""

    trainable: int
    trainable_bytes: int
    non_trainable: int = 0
    non_trainable_bytes: int = 0
    optimizer: int | None = None
    optimizer_bytes: int = 0


def select(rows: Sequence[LayerRow], layer_range: Sequence[str] | None) -> list[LayerRow]:
    """The rows from the first layer that matches `layer_range[0]` to the last that matches `layer_range[1]`.

    Each of the two is a layer's name or a regular expression for the beginning of one, as in Keras; only the model's
    own layers are matched, and nested rows go with theirs. Two names in the wrong order select the same layers.

    Raises: ArgumentError if `layer_range` is not two strings, or one of them is no regular expression or matches none.

    >>> rows = [LayerRow(name, "Dense") for name in ("in", "block_1", "block_2", "out")]
    >>> [row.name for row in select(rows, ("in", "block"))]
    ['in', 'block_1', 'block_2']
    """
    if layer_range is None:
        return list(rows)
    pair = () if isinstance(layer_range, str) else tuple(layer_range)
    if len(pair) != 2 or not all(isinstance(end, str) for end in pair):
        raise ArgumentError(
            f"layer_range expects two strings, the first and the last layer to show, got {layer_range!r}. "
            f'Pass a pair such as ("dense", "dense_1").'
        )
    starts = [i for i, row in enumerate(rows) if row.depth == 0]
    found = []
    for pattern in pair:
        try:
            matches = [k for k, i in enumerate(starts) if re.match(pattern, rows[i].name)]
        except re.error as error:
            raise ArgumentError(f"layer_range: {pattern!r} is no regular expression ({error}).") from error
        if not matches:
            names = ", ".join(rows[i].name for i in starts)
            raise ArgumentError(f"layer_range: no layer's name matches {pattern!r}. The layers are: {names}.")
        found.append(matches)
    first, last = min(found[0]), max(found[1])
    if first > last:
        first, last = min(found[1]), max(found[0])
    bounds = [*starts, len(rows)]
    return list(rows[bounds[first] : bounds[last + 1]])


def plain_shape(shape: object) -> object:
    """The same structure with every shape a tuple of plain int or None (NumPy's integers print as np.int64(3))."""
    if isinstance(shape, dict):
        return {key: plain_shape(value) for key, value in shape.items()}
    if isinstance(shape, (tuple, list)):
        parts = [plain_shape(part) for part in shape]
        return parts if isinstance(shape, list) else tuple(parts)
    return int(shape) if isinstance(shape, SupportsIndex) else shape


def total_lines(totals: Totals, style: str) -> Iterator[str]:
    """The lines below the table.

    >>> next(total_lines(Totals(1500, 6000), "keras3"))
    'Total params: 1,500 (5.86 KB)'
    """
    lines = [
        ("Trainable", totals.trainable, totals.trainable_bytes),
        ("Non-trainable", totals.non_trainable, totals.non_trainable_bytes),
    ]
    if totals.optimizer is not None and style == "keras3":  # Keras 2 neither shows nor adds it
        lines.append(("Optimizer", totals.optimizer, totals.optimizer_bytes))
    total = ("Total", sum(count for _, count, _ in lines), sum(size for _, _, size in lines))
    for label, count, size in [total, *lines]:
        yield f"{label} params: {count:{',' if style == 'keras3' else ''}} ({readable_size(size, style)})"


def readable_size(size: float, style: str = "keras3") -> str:
    """A number of bytes with two decimals, in units of 1024; below 1024 Keras 3 says "B", Keras 2 "Byte".

    >>> readable_size(153640), readable_size(136), readable_size(0, "keras2")
    ('150.04 KB', '136.00 B', '0.00 Byte')
    """
    units = ["Byte" if style == "keras2" else "B", "KB", "MB", "GB", "TB", "PB"]
    power = 0
    while size >= 1024 and power < len(units) - 1:
        size /= 1024
        power += 1
    return f"{size:.2f} {units[power]}"
