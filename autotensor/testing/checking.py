"""`check_grads`: the derivatives that the rules give a function, compared with numeric ones that know their own error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from autotensor.core.errors import ArgumentError
from autotensor.testing import replaying
from autotensor.testing.candidate import Candidate
from autotensor.testing.comparing import compare
from autotensor.testing.judging import Ledger, Settings
from autotensor.testing.measuring import METHODS, Method
from autotensor.testing.outcome import GradientCheckError, GradientReport

Mode: TypeAlias = Literal["reverse", "forward"]
MODES: tuple[Mode, ...] = ("reverse", "forward")


def check_grads(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    modes: Sequence[Mode] = MODES,
    method: Method = "auto",
    seed: int = 0,
    samples: int = 48,
    most_skipped: float = 0.5,
) -> GradientReport:
    """Compare what the rules say of f's derivatives at `inputs` with numeric derivatives, in float64, up to `order`.

    Shapes: any; inputs are tensors, arrays, floats, or tuples, lists and dicts of them, and so are f's results. If some are
    Tensors that require gradients, those are checked and the others are constants; else all that are floating or complex. An
    input that stands in two places is one leaf used twice. Of a complex input, and a complex result, both parts are checked.
    float32 is checked in float64, and the report says so. Dropout drops the same in every call. Reverse mode is compared element
    by element (`samples` of each input, chosen by `seed`), forward mode along random directions. The tolerance is the sum of both
    sides' own error estimates; no other is chosen. `method` is "auto" (the complex step where every operation recorded is
    analytic and it agrees with the differences), "complex" or "richardson".
    Where f has a kink, the rule's choice must lie between the slopes on its two sides; where a numeric derivative cannot be
    trusted, nothing is compared. If more than the share `most_skipped` is passed over in these ways, that is an error too.
    Raises: GradientCheckError with the worst place, both values and their errors, a suspected cause and a line that replays it;
    DTypeError if f's results are not floating or complex Tensors; ArgumentError for a setting out of range.
    Source: Squire and Trapp 1998 (complex step); Ridders 1982 (extrapolated differences).

    >>> import autotensor as at
    >>> report = check_grads(at.tanh, np.array([0.5, 1.0]))
    >>> report.verdict, report.methods
    ('pass', ('complex step', 'differences'))
    """
    settings = Settings(int(order), tuple(modes), method, int(seed), int(samples), float(most_skipped))
    changed = {k: v for k, v in settings._asdict().items() if v != Settings._field_defaults[k]}
    return check(f, inputs, settings, replaying.call("check_grads", f, inputs, changed))


def check(f: Callable[..., Any], inputs: Sequence[Any], settings: Settings, replay: str) -> GradientReport:
    """`check_grads` with its settings in one, and a line of its caller's that replays it."""
    _valid(settings)
    candidate = Candidate(f, inputs)
    if not candidate.point:
        raise ArgumentError("check_grads found nothing to differentiate: give it at least one floating or complex input.")
    ledger = Ledger(settings, replay)
    if candidate.converted:
        ledger.notes.append(f"converted to float64 for the check: {', '.join(candidate.converted)}")
    try:
        with np.errstate(all="ignore"):  # what is not finite is judged, not warned of
            _in_order(candidate, ledger)
    except GradientCheckError as error:
        error.inputs = tuple(inputs)
        raise
    return ledger.report("pass")


def _in_order(candidate: Candidate, ledger: Ledger) -> None:
    """The first order of f, then of its derivatives, which are functions like it."""
    now = [("", candidate)]
    settings = ledger.settings
    for order in range(1, settings.order + 1):
        further: list[tuple[str, Candidate]] = []
        for over, one in now:
            seeds = compare(one, ledger, order, over)
            if order < settings.order:
                further += [(f" over {mode}{over}", one.derivative(*seeds, mode)) for mode in settings.modes]
        now = further


def _valid(settings: Settings) -> None:
    """Nothing, if the settings are in range."""
    if settings.order < 1:
        raise ArgumentError(f"order is 1 or more, got {settings.order}.")
    if not settings.modes or not set(settings.modes) <= set(MODES):
        raise ArgumentError(f"modes are some of {MODES}, got {settings.modes!r}.")
    if settings.method not in METHODS:
        raise ArgumentError(f"method is one of {METHODS}, got {settings.method!r}.")
    if settings.samples < 1 or not 0 <= settings.most_skipped <= 1:
        raise ArgumentError(
            f"samples is 1 or more and most_skipped between 0 and 1, got {settings.samples} and {settings.most_skipped}."
        )
