"""What `fit` returns: every metric of every epoch."""

from __future__ import annotations

from pathlib import Path

from autotensor.keras.callbacks.callback import Callback, Logs
from autotensor.keras.utils.progress_line import shown
from autotensor.pictures.curves import Curves, curves, sparkline


class History(Callback):
    """Records the metrics of each epoch: `history` holds {name: [value of each epoch]}, `epoch` the epochs' numbers.

    It prints as a table, each metric with its course in small bars; `plot` draws the curves.

    >>> record = History()
    >>> record.on_train_begin()
    >>> for epoch, loss in enumerate([1.0, 0.5, 0.25]):
    ...     record.on_epoch_end(epoch, {"loss": loss})
    >>> record.history
    {'loss': [1.0, 0.5, 0.25]}
    >>> print(record)
    History of 3 epochs
    metric   first    last
    loss    1.0000  0.2500  ...
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self

    def plot(self, path: str | Path | None = None) -> Curves:
        """The curves of all metrics, which a notebook shows; also written to `path` (.svg; .png and .pdf by matplotlib).

        Raises: DataError if there is no epoch yet.
        """
        drawn = curves(self.history)
        if path is not None:
            drawn.save(path)
        return drawn

    def __repr__(self) -> str:
        count = max(map(len, self.history.values()), default=0)
        title = f"History of {count} epoch{'' if count == 1 else 's'}"
        return "\n".join([title, *_table(self.history)])


def _table(history: dict[str, list[float]]) -> list[str]:
    if not history:
        return []
    rows = [("metric", "first", "last", "")]
    rows += [(name, shown(values[0]), shown(values[-1]), sparkline(values)) for name, values in history.items()]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    return [
        f"{name:{widths[0]}}  {first:>{widths[1]}}  {last:>{widths[2]}}  {course}".rstrip() for name, first, last, course in rows
    ]
