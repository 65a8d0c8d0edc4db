"""The tables that compare.py and its programs print: times beside each other, and ratios beside their aims."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

import measuring
import numpy as np


def row(what: str, value: float, aim: str, stretch: str) -> list[str]:
    """A line of a table of aims."""
    return [what, f"{value:.2f}", aim, stretch]


def print_beside(samples: measuring.Samples, subjects: Sequence[str], unit: str, scale: float) -> None:
    """Median, p10, p90, and the ratio of each subject to each candidate."""
    rows = [["", unit, "p10", "p90", *(f"{subject} / it" for subject in subjects)]]
    for label, seconds in samples.items():
        low, middle, high = (f"{value * scale:.3g}" for value in np.quantile(seconds, (0.1, 0.5, 0.9)))
        shares = ["" if subject == label else f"{measuring.ratio(samples, subject, label):.2f}" for subject in subjects]
        rows.append([label, middle, low, high, *shares])
    measuring.table(rows)


def fewer(options: Namespace, rounds: int) -> Namespace:
    """The same options with at most so many rounds."""
    return Namespace(**vars(options) | {"rounds": 1 if options.quick else min(options.rounds, rounds)})


def print_aims(rows: list[list[str]]) -> None:
    """What was aimed at, if there is anything to compare with."""
    if rows:
        measuring.table([["aims", "ratio", "aim", "stretch"], *rows])
