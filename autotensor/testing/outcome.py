"""What a check of gradients says: a report when it passes, else an error that tells what, where, and perhaps why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from autotensor.core.errors import AutotensorError

Verdict: TypeAlias = Literal["pass", "fail", "not differentiable here", "inconclusive"]


class CheckError(AutotensorError, AssertionError):
    """A module, loss or optimizer that does not do what every one of its kind does."""


@dataclass(frozen=True)
class Comparison:
    """One number by the rules and the same number by differences."""

    what: str  # "gradient of inputs[0], reverse"
    where: str  # "inputs[0][1, 2]"
    analytic: float
    numeric: float
    analytic_error: float  # how far rounding may have moved it
    numeric_error: float  # the numeric derivative's own estimate; at a kink half the jump of the slope is in it

    @property
    def ratio(self) -> float:
        """The difference in units of what the two errors allow: above 1 it is a failure."""
        off = abs(self.analytic - self.numeric)
        if not off < float("inf"):
            return float("inf")
        allowed = self.analytic_error + self.numeric_error
        return off / allowed if allowed > 0 else 0.0 if off == 0 else float("inf")

    def __str__(self) -> str:
        return (
            f"at {self.where} the rules say {self.analytic:.12g} (analytic, rounding error {self.analytic_error:.1e}) and "
            f"the differences say {self.numeric:.12g} (numeric, estimated error {self.numeric_error:.1e})"
        )


@dataclass(frozen=True)
class GradientReport:
    """The outcome of `check_grads`: how many derivatives were compared, how, the worst of them, and what was passed over.

    `ratio` of the worst is its difference in units of the tolerance, which is the sum of both sides' own errors.
    """

    verdict: Verdict
    compared: int = 0  # derivatives
    kinks: tuple[str, ...] = ()  # places without a derivative: only that the rule's choice lies between the slopes was checked
    unclear: tuple[str, ...] = ()  # places where the numeric derivative cannot be trusted
    worst: Comparison | None = None
    order: int = 1
    modes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()  # "complex step", "differences"
    notes: tuple[str, ...] = ()
    replay: str = field(default="", repr=False)  # a line of code that does the same check again

    @property
    def ratio(self) -> float:
        """That of the worst comparison."""
        return 0.0 if self.worst is None else self.worst.ratio

    def __str__(self) -> str:
        how = f"{' and '.join(self.modes)} mode, by {' and '.join(self.methods) or 'no method'}"
        lines = [f"{self.verdict}: {self.compared} derivatives up to order {self.order}, {how}"]
        if self.worst is not None:
            lines.append(f"worst: {self.worst.what}, {self.worst}, {self.ratio:.2g} of the tolerance")
        lines += [f"{len(places)} {why}: {_few(places)}" for why, places in self._passed_over() if places]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _passed_over(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("not differentiable here", self.kinks), ("inconclusive", self.unclear)


class GradientCheckError(CheckError):
    """A gradient that is wrong, or that could not be checked.

    `report` has the numbers, `cause` says what is suspected, `inputs` are those of the check.
    """

    inputs: tuple[Any, ...] = ()

    def __init__(self, message: str, report: GradientReport, cause: str = "") -> None:
        super().__init__(message)
        self.report = report
        self.cause = cause

    @property
    def verdict(self) -> Verdict:
        """What kind of failure: a wrong gradient is "fail"."""
        return self.report.verdict

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.report, self.cause)


def wrong(comparison: Comparison, report: GradientReport, cause: str) -> GradientCheckError:
    """The error for a gradient that disagrees."""
    off, allowed = abs(comparison.analytic - comparison.numeric), comparison.analytic_error + comparison.numeric_error
    lines = [
        f"{comparison.what} is wrong: {comparison}.",
        f"They differ by {off:.3g}, the two errors allow {allowed:.3g}.",
        f"Suspected cause: {cause}.",
        *(f"Note: {note}." for note in report.notes),
        f"Replay: {report.replay}",
    ]
    return GradientCheckError("\n".join(lines), report, cause)


def unchecked(report: GradientReport, most: float) -> GradientCheckError:
    """The error for a check that had to pass over too much."""
    skipped = len(report.kinks) + len(report.unclear)
    lines = [f"{report.verdict}: {skipped} of {report.compared + skipped} derivatives could not be checked, {most:.0%} may be."]
    if report.kinks:
        lines.append(f"Not differentiable at {_few(report.kinks)}: move the inputs away from kinks and ties.")
    if report.unclear:
        lines.append(
            f"No numeric derivative to be trusted at {_few(report.unclear)}: there the function jumps, is noisy, not finite, "
            f"or cancels."
        )
    lines += [f"Note: {note}." for note in report.notes]
    return GradientCheckError("\n".join([*lines, f"Replay: {report.replay}"]), report)


def _few(places: tuple[str, ...], most: int = 5) -> str:
    return ", ".join(places[:most]) + (f" and {len(places) - most} more" if len(places) > most else "")
