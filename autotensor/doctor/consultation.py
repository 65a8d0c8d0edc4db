"""One visit to the doctor: examine, diagnose, report."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from autotensor._version import __version__
from autotensor.doctor import blas, packages, processors, report, self_check, surroundings
from autotensor.doctor.facts import Facts
from autotensor.doctor.findings import diagnoses
from autotensor.pictures.sparklines import can_show

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def examine() -> Facts:
    """All facts of this machine and process; takes about two seconds, for the measurements."""
    declared = packages.wanted()
    return Facts(
        autotensor=__version__,
        machine=processors.machine(),  # first: its load is that of the others
        blas=blas.blas(),
        environment=surroundings.environment(),
        required=packages.required(declared),
        extras=packages.extras(declared),
        folders=surroundings.folders(),
        terminal=surroundings.terminal(_console()),
        measured=self_check.measure(),
    )


def consult(*, json: bool = False) -> int:
    """Write the report to standard output; 1 if something is wrong, else 0, also where something is slow."""
    hint = "measuring, about two seconds ..." if sys.stderr is not None and sys.stderr.isatty() else ""
    if hint:
        sys.stderr.write(hint)
        sys.stderr.flush()
    facts = examine()
    if hint:
        sys.stderr.write("\r" + " " * len(hint) + "\r")
    found = diagnoses(facts)
    status = int(any(finding.kind == "wrong" for finding in found))
    if json:
        sys.stdout.write(report.as_json(facts, found, status) + "\n")
    else:
        _write([*report.description(facts), *report.figures(facts.measured), *report.conclusion(found)])
    return status


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    # an old Windows console takes calls instead of the codes that are written here
    return Console(highlight=False, color_system=None) if console.legacy_windows else console


def _write(parts: Iterable[RenderableType]) -> None:
    """Through a string: a reader that leaves early is then `main`'s to answer, and letters that a pipe lacks become ?."""
    console = _console()
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    text = "\n".join(line.rstrip() for line in captured.get().strip("\n").split("\n")) + "\n"
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    sys.stdout.write(text if can_show(text, sys.stdout) else text.encode(encoding, "replace").decode(encoding))
