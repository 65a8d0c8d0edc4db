"""The judgement of a row of numbers, and the account of all that was judged in one check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.spec import Array
from autotensor.testing.outcome import Comparison, GradientCheckError, GradientReport, Verdict, unchecked

LOOSEST = 1e-3  # a tolerance above this share of the derivative decides nothing
FLOOR = 1e-10  # of the function's size: below it a derivative is as good as 0
NOTHING = 1e-25  # the same where the function is 0: what the complex step leaves of itself


class Settings(NamedTuple):
    """The settings of `check_grads`, with their defaults."""

    order: int = 2
    modes: tuple[str, ...] = ("reverse", "forward")
    method: Any = "auto"
    seed: int = 0
    samples: int = 48
    most_skipped: float = 0.5


class Row(NamedTuple):
    """Numbers of one kind, by the rules and by differences."""

    what: str
    names: Sequence[str]  # where each number belongs
    analytic: Array
    analytic_error: Array
    numeric: Array
    numeric_error: Array
    jump: Array  # of the slope where it has a kink, else 0
    height: float  # how large the function is

    @property
    def tolerance(self) -> Array:
        """Both errors; at a kink any slope between those of its two sides will do."""
        return np.asarray(self.analytic_error + self.numeric_error + np.abs(self.jump) / 2)

    @property
    def trusted(self) -> Array:
        """Where the errors are small enough to decide something."""
        errors = self.analytic_error + self.numeric_error
        sizes = np.maximum(np.abs(self.numeric), np.abs(self.jump) / 2)
        largest = np.max(sizes, initial=0.0, where=np.isfinite(sizes))
        small = (errors <= LOOSEST * np.maximum(sizes, LOOSEST * largest)) | (errors <= FLOOR * self.height + NOTHING)
        return np.asarray(small & np.isfinite(self.numeric))

    @property
    def failing(self) -> Array:
        """Where the two disagree beyond doubt."""
        with np.errstate(invalid="ignore"):
            agree = np.abs(self.analytic - self.numeric) <= self.tolerance
        return np.asarray(self.trusted & ~agree)

    def at(self, i: int) -> Comparison:
        """One of the numbers."""
        error = float(self.numeric_error[i] + abs(self.jump[i]) / 2)
        pair = float(self.analytic[i]), float(self.numeric[i])
        return Comparison(self.what, self.names[i], *pair, float(self.analytic_error[i]), error)

    def worst(self, among: Array) -> int | None:
        """The number farthest outside its tolerance, or nearest to leaving it."""
        places = np.flatnonzero(among)
        if not places.size:
            return None
        with np.errstate(all="ignore"):
            off = np.abs(self.analytic - self.numeric)[places]
            excess = off - self.tolerance[places] if self.failing.any() else off / self.tolerance[places]
        excess = np.where(off == 0, -1.0, np.where(np.isnan(off), np.inf, excess))
        return int(places[int(np.argmax(excess))])


class Ledger:
    """What has been judged so far."""

    def __init__(self, settings: Settings, replay: str) -> None:
        self.settings = settings
        self.replay = replay
        self.notes: list[str] = []
        self.methods: set[str] = set()
        self.compared = 0
        self.kinks: list[str] = []
        self.unclear: list[str] = []
        self.worst: Comparison | None = None

    def enter(self, row: Row) -> None:
        """Count a row in which nothing fails."""
        kinked = row.jump != 0
        trusted = row.trusted & ~kinked
        self.compared += int(np.count_nonzero(trusted))
        self.kinks += [f"{row.names[i]} ({row.what})" for i in np.flatnonzero(kinked).tolist()]
        self.unclear += [f"{row.names[i]} ({row.what})" for i in np.flatnonzero(~kinked & ~trusted).tolist()]
        i = row.worst(trusted)
        if i is not None and (self.worst is None or row.at(i).ratio > self.worst.ratio):
            self.worst = row.at(i)

    def report(self, verdict: Verdict, worst: Comparison | None = None, order: int | None = None) -> GradientReport:
        """The account as a report."""
        return GradientReport(
            verdict,
            self.compared,
            tuple(self.kinks),
            tuple(self.unclear),
            worst or self.worst,
            order or self.settings.order,
            self.settings.modes,
            tuple(sorted(self.methods)),
            tuple(dict.fromkeys(self.notes)),
            self.replay,
        )

    def stop(self, message: str, verdict: Verdict = "fail", cause: str = "") -> GradientCheckError:
        """The error for what has no numbers."""
        lines = [message, *([f"Suspected cause: {cause}."] if cause else []), *(f"Note: {note}." for note in self.notes)]
        return GradientCheckError("\n".join([*lines, f"Replay: {self.replay}"]), self.report(verdict), cause)

    def enough(self, before: tuple[int, int]) -> None:
        """Nothing, if of what was judged since `before` (compared, skipped) enough was compared.

        Raises: GradientCheckError if not.
        """
        skipped = len(self.kinks) + len(self.unclear) - before[1]
        total = self.compared - before[0] + skipped
        if total and skipped > self.settings.most_skipped * total:
            verdict: Verdict = "not differentiable here" if len(self.kinks) >= len(self.unclear) else "inconclusive"
            raise unchecked(self.report(verdict), self.settings.most_skipped)


def guarded(ledger: Ledger, what: str, rules: Callable[[], Any]) -> Any:
    """What the rules give.

    Raises: GradientCheckError if they raise.
    """
    try:
        return rules()
    except GradientCheckError:
        raise
    except Exception as reason:
        message = f"{what}: the rules raise {type(reason).__name__}: {str(reason).rstrip('.')}."
        raise ledger.stop(message, cause="a rule that does not run, or whose result has a shape that does not fit") from reason


def spread(arrays: Sequence[Array], salt: int) -> list[Array]:
    """Numbers of either sign between 1/2 and 3/2, of the shapes of `arrays`: none is near 0, no two are likely the same."""
    rng = np.random.default_rng(salt)
    return [np.asarray(rng.choice([-1.0, 1.0], np.shape(x)) * rng.uniform(0.5, 1.5, np.shape(x))) for x in arrays]
