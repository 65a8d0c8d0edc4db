"""Learning curves: a training history as a picture, by an SVG of our own, or by matplotlib where it is installed."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from autotensor.core.errors import ArgumentError, DataError, DTypeError, missing_extra
from autotensor.pictures.files import suffix_of, write_whole
from autotensor.pictures.palette import SERIES
from autotensor.pictures.plotting import svg_of_panels
from autotensor.pictures.sparklines import sparkline

__all__ = ["Curves", "curves", "sparkline"]

FORMATS = ("svg", "png", "pdf")
RATES = ("lr", "learning_rate")


class Series(NamedTuple):
    """One curve: a value an epoch, the first epoch being 1."""

    name: str
    values: tuple[float, ...]
    color: str
    dashed: bool  # validation


class Panel(NamedTuple):
    """Curves that share their axes."""

    title: str
    series: tuple[Series, ...]
    log: bool


class Curves:
    """Learning curves: shown by a notebook, saved as SVG, or as PNG and PDF with matplotlib."""

    __slots__ = ("panels", "path")

    def __init__(self, panels: tuple[Panel, ...]) -> None:
        self.panels = panels
        self.path: Path | None = None  # where they were last saved

    def svg(self) -> str:
        """The curves as one `<svg>` element; needs nothing installed."""
        return svg_of_panels(self.panels)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write .svg, .png or .pdf, whichever the name ends in; returns the path.

        Raises: ArgumentError on another ending; MissingExtraError for .png and .pdf without matplotlib.
        """
        suffix = suffix_of(path, FORMATS)
        file = io.BytesIO()
        if suffix == "svg":
            file.write(self.svg().encode())
        else:
            self.figure().savefig(file, format=suffix, dpi=150)
        self.path = write_whole(path, file.getvalue())
        return self.path

    def figure(self) -> Any:
        """The curves as a `matplotlib.figure.Figure`, to be changed or saved in other ways.

        Raises: MissingExtraError if matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
            from matplotlib.ticker import MaxNLocator
        except ImportError:
            reason = missing_extra("matplotlib", "plot", "a figure, or a PNG or PDF of learning curves,")
            raise type(reason)(f"{reason}, or save the curves as .svg, which needs nothing.") from None
        figure = Figure(figsize=(5.2 * len(self.panels), 3.6), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(self.panels), squeeze=False)[0], self.panels, strict=True):
            for one in panel.series:
                epochs = range(1, len(one.values) + 1)
                style = "--" if one.dashed else "-"
                marker = "o" if len(one.values) == 1 else None
                axes.plot(epochs, one.values, style, color=one.color, label=one.name, marker=marker)
            axes.set(title=panel.title, xlabel="epoch", yscale="log" if panel.log else "linear")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            axes.legend()
        return figure

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        names = [one.name for panel in self.panels for one in panel.series]
        epochs = max(len(one.values) for panel in self.panels for one in panel.series)
        return f"<curves: {', '.join(names)}; {epochs} epoch{'s' * (epochs != 1)}; .save('curves.svg') to see them>"


def curves(history: Mapping[str, Iterable[float]] | Any, *, log: bool = False) -> Curves:
    """Learning curves of a training history: name -> a value for each epoch, as `fit` returns it.

    Losses share one panel, other metrics another, the learning rate has its own; a validation curve (`val_...`) is dashed in the
    colour of its training curve. `log` gives the losses a logarithmic axis, on which values that are not positive are left out.
    Raises: DataError if there is nothing to draw; DTypeError if `history` maps no names to numbers.

    >>> curves({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "accuracy": [0.4, 0.8]})
    <curves: loss, val_loss, accuracy; 2 epochs; .save('curves.svg') to see them>
    """
    found = getattr(history, "history", history)
    if not isinstance(found, Mapping):
        raise DTypeError(f"curves expects a history, {{name: [a value for each epoch]}}, got {type(found).__name__}.")
    read = {str(name): _numbers(str(name), values) for name, values in found.items()}
    read = {name: values for name, values in read.items() if values}
    if not read:
        raise DataError("there is nothing to draw: the history has no epoch. Train first, history = model.fit(x, y).")
    groups: dict[str, list[str]] = {"loss": [], "metrics": [], "learning rate": []}
    for name in read:
        base = name.removeprefix("val_")
        group = "loss" if base == "loss" or base.endswith("_loss") else "learning rate" if base in RATES else "metrics"
        groups[group].append(name)
    panels = []
    for title, names in groups.items():
        if names:
            bases = list(dict.fromkeys(name.removeprefix("val_") for name in names))
            color = {base: SERIES[k % len(SERIES)] for k, base in enumerate(bases)}
            series = tuple(Series(name, read[name], color[name.removeprefix("val_")], name.startswith("val_")) for name in names)
            panels.append(Panel(bases[0] if len(bases) == 1 else title, series, log and title == "loss"))
    if log and groups["loss"] and not any(v > 0 for name in groups["loss"] for v in read[name] if math.isfinite(v)):
        raise ArgumentError("log=True needs a positive loss somewhere; draw these without it.")
    return Curves(tuple(panels))


def _numbers(name: str, values: Iterable[float]) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in values)
    except (TypeError, ValueError) as reason:
        raise DataError(f"the history of {name!r} must be a list of numbers, one for each epoch: {reason}.") from None
