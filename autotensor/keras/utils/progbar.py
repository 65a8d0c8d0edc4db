"""Progress through a known or unknown number of steps, shown on one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.keras.utils.progress_line import Progress, bar_line, plain_line, shown
from autotensor.keras.utils.screen import Screen

Values = Iterable[tuple[str, object]]


class Progbar:
    """A bar, the time, and metrics: averaged over the steps, or as they are if they are stateful.

    `verbose` is 0 (silent), 1 (a line that is redrawn at most every `interval` in a terminal or notebook, and the last state)
    or 2 (the last state, plain). What is no terminal gets the last state only. `target` is None if the number of steps is
    unknown; then the last update says `finalize=True`. `screen` and `clock` say where to draw and what time it is.

    Units: `interval` and `clock` are in seconds.
    Raises: ArgumentError if both `stateful_metrics` and `stateless_metrics` are given (all others are then of the other kind).

    >>> bar = Progbar(3, clock=lambda: 0.0)
    >>> for step, loss in enumerate([3.0, 2.0, 1.0]):
    ...     bar.update(step + 1, [("loss", loss)])
    3/3 ━━━━━━━━━━━━━━━━━━━━ 0s 0s/step - loss: 1.0000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.1,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
        *,
        screen: Screen | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError(
                "Progbar takes stateful_metrics (all others are averaged) or stateless_metrics (all others are shown as they "
                "are), got both. Leave one out."
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._averages = stateless_metrics is None  # whether a metric in neither list is averaged
        self._exceptions = set(stateful_metrics or stateless_metrics or ())
        self._screen = Screen() if screen is None else screen
        self._clock = clock
        self._redraws = verbose == 1 and self._screen.live
        self._sums: dict[str, tuple[object, int]] = {}  # weighted sum or value, and the weight
        self._seen = 0
        self._start = clock()
        self._first: float | None = None  # when the first step, which is not like the others, was over
        self._due = self._start + interval

    @property
    def seen(self) -> int:
        """The steps done."""
        return self._seen

    def tick(self, current: int) -> bool:
        """Note that `current` steps are done; whether it is time to `update` what is shown.

        A loop that calls this before it gathers metrics pays for a look at the clock and for nothing else.

        >>> Progbar(100).tick(1)
        False
        """
        self._seen = current
        now = self._clock()
        if current == 1:
            self._first = now
        return self._redraws and now >= self._due

    def update(self, current: int, values: Values | None = None, finalize: bool | None = None) -> None:
        """Note that `current` steps are done, with (name, value) of each metric, and show it if it is time.

        The last update, `finalize`, by default that which reaches the target, is always shown and takes values as they are.
        """
        last = self.target is not None and current >= self.target if finalize is None else finalize
        weight = 1 if last else max(current - self._seen, 1)
        for name, value in values or ():
            self._note(name, value, weight, fresh=last)
        due = self.tick(current)
        if self.verbose == 0 or not (due or last):
            return
        now = self._clock()
        state = self._progress(now, running=not last)
        if self.verbose == 2:
            self._screen.say(plain_line(state))
            return
        line = bar_line(state, self.width, self._screen.room)
        if last:
            self._screen.finish(line)
        else:
            self._screen.draw(line)
        self._due = now + self.interval

    def add(self, n: int, values: Values | None = None) -> None:
        """Note that `n` more steps are done."""
        self.update(self._seen + n, values)

    def close(self) -> None:
        """End the live line where it stands, after an exception: the terminal is as before."""
        self._screen.close()

    def _note(self, name: str, value: object, weight: int, *, fresh: bool) -> None:
        if fresh or (name in self._exceptions) == self._averages:
            self._sums[name] = (value, 1)
            return
        total, count = self._sums.get(name, (0.0, 0))
        self._sums[name] = (np.asarray(total) + np.asarray(value) * weight, count + weight)

    def _progress(self, now: float, *, running: bool) -> Progress:
        current, target, passed = self._seen, self.target, now - self._start
        if self._first is not None and current > 1:
            per_unit = (now - self._first) / (current - 1)
        else:
            per_unit = passed / current if current else 0.0
        seconds = per_unit * (target - current) if running and target else passed
        metrics = tuple((name, _shown(value, count)) for name, (value, count) in self._sums.items())
        return Progress(current, target, seconds, per_unit, self.unit_name, metrics, running)


def _shown(value: object, count: int) -> str:
    try:
        return shown(float(np.mean(np.asarray(value))) / count)
    except (TypeError, ValueError):  # a word
        return str(value)
