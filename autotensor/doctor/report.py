"""The facts and findings as pages: for a terminal, by rich, and for machines, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from autotensor.doctor.facts import Extra, Facts, Folder, Measured, Package, Timing
from autotensor.doctor.findings import GRADIENT_TOLERANCE, Finding
from autotensor.doctor.packages import FOR_DEVELOPERS, PURPOSES
from autotensor.doctor.processors import level_of_kernels

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LABEL = 13  # columns of the labels at the left
STYLES = {"wrong": "bold red", "slow": "yellow", "note": "cyan"}
MISSING = "dim"

Row = tuple[str, str]


def as_json(facts: Facts, findings: Sequence[Finding], status: int) -> str:
    """Everything, for machines: the fields of `Facts`, the findings, and the exit status."""
    fields = asdict(facts)
    if not math.isfinite(facts.measured.gradient):
        fields["measured"]["gradient"] = None  # JSON has no NaN
    fields |= {"findings": [asdict(finding) for finding in findings], "status": status}
    return json.dumps(fields, indent=2, allow_nan=False)


def description(facts: Facts) -> Iterator[RenderableType]:
    """What is here: machine, BLAS, packages, folders, terminal."""
    yield from section("machine", _machine(facts))
    yield from section("BLAS", _blas(facts))
    yield from section("packages", [("required", ", ".join(map(_found, facts.required)) or "not known")])
    yield from _extras(facts.extras)
    yield from section("folders", [(folder.purpose, _kept(folder)) for folder in facts.folders])
    shown = facts.terminal
    what = "a terminal" if shown.interactive else "a pipe or file"
    letters = "Unicode" if shown.unicode else "ASCII only"
    yield from section("terminal", [("output", f"{what}, {shown.width} columns, colours: {shown.colours}, {letters}")])


def figures(measured: Measured) -> Iterator[RenderableType]:
    """What the self-check measured."""
    from rich.table import Table

    right = "right" if measured.gradient <= GRADIENT_TOLERANCE else "WRONG"
    rows = [
        ("gradients", f"{right}: {measured.gradient:.0e} from the numeric derivative, {GRADIENT_TOLERANCE:.0e} allowed"),
        ("products", "right: exact for whole numbers" if measured.product_is_exact else "WRONG for whole numbers"),
    ]
    if measured.one_thread:
        rows.append(("one thread", f"multiplies matrices like those below at {_and(measured.one_thread)} GFLOP/s"))
    yield from section(f"self-check, {measured.seconds:.1f} s", rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  time", no_wrap=True)
    for heading in ("here", "NumPy alone", "times NumPy", "usual"):
        table.add_column(heading, justify="right", no_wrap=True)
    for timing in measured.timings:
        late = timing.ratio > timing.usual
        table.add_row(*_figures(timing), style=STYLES["slow"] if late else "")
    yield table


def conclusion(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """What is wrong or slow, and what to do; or that all is well."""
    from rich.text import Text

    if not findings:
        yield Text("\nall is well", style="bold")
        yield Text("  Nothing is wrong here, and nothing slower than it has to be.")
        return
    yield Text("\nwhat is wrong or slow here, and what to do", style="bold")
    for finding in findings:
        yield _labelled([(finding.kind, finding.what), ("", f"-> {finding.remedy}")], style=STYLES[finding.kind])


def section(title: str, rows: Iterable[Row]) -> Iterator[RenderableType]:
    """A heading with labelled lines below it."""
    from rich.text import Text

    yield Text(f"\n{title}", style="bold")
    yield _labelled(rows, style="dim")


def _labelled(rows: Iterable[Row], *, style: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=LABEL, no_wrap=True, style=style)
    table.add_column(overflow="fold")
    for label, words in rows:
        table.add_row(f"  {label}", Text(words))
    return table


def _machine(facts: Facts) -> Iterator[Row]:
    machine = facts.machine
    yield "autotensor", facts.autotensor
    yield "Python", machine.python
    yield "platform", machine.platform
    yield "processor", machine.processor + (f", with {machine.vectors}" if machine.vectors else "")
    words = [str(machine.processors)]
    if machine.allowed != machine.processors:
        words.append(f"this process may use {machine.allowed}")
    if machine.quota is not None:
        words.append(f"its container grants {machine.quota:g}")
    if machine.load is not None:
        words.append(f"load {machine.load:.1f}")
    yield "processors", "; ".join(words)


def _blas(facts: Facts) -> Iterator[Row]:
    blas, machine = facts.blas, facts.machine
    yield "library", f"{blas.library} {blas.version}".strip()
    if blas.kernels:
        level = level_of_kernels(blas.kernels)
        known = f", for {level}" if level else ""
        yield "kernels", blas.kernels + known + (f"; the processor has {machine.vectors}" if level != machine.vectors else "")
    if blas.threads is not None:
        yield "threads", f"{blas.threads}, for {machine.usable} usable processor{'' if machine.usable == 1 else 's'}"
    for reason in blas.unknown:
        yield "not known", reason
    yield (
        "environment",
        ", ".join(f"{name}={value}" for name, value in facts.environment.items()) or "sets nothing that matters here",
    )


def _extras(extras: Sequence[Extra]) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=LABEL, no_wrap=True, style="dim")
    table.add_column(overflow="fold", ratio=1)
    table.add_column(no_wrap=True, style="dim")
    for extra in extras:
        complete = all(package.version and not package.old for package in extra.packages)
        words = Text(", ".join(map(_found, extra.packages)), style="" if complete else MISSING)
        table.add_row(f"  {extra.name}", words, PURPOSES.get(extra.name, ""))
    yield table
    lacking = [
        extra.name
        for extra in extras
        if not PURPOSES.get(extra.name, "").startswith(FOR_DEVELOPERS)
        and any(package.version is None for package in extra.packages)
    ]
    if lacking:
        yield _labelled([("to add one", f'pip install "autotensor[{lacking[0]}]"; missing: {", ".join(lacking)}')], style="dim")


def _found(package: Package) -> str:
    if package.version is None:
        return f"{package.name} missing"
    return f"{package.name} {package.version}" + (f" (too old: {package.wanted})" if package.old else "")


def _kept(folder: Folder) -> str:
    try:
        place = str(Path("~", Path(folder.path).relative_to(Path.home())))
    except (ValueError, RuntimeError):  # not below it, or there is none
        place = folder.path
    if not folder.exists:
        return f"{place}, not there yet"
    if not folder.files:
        return f"{place}, empty"
    return f"{place}, {folder.files} file{'' if folder.files == 1 else 's'}, {folder.size / 1e6:.1f} MB"


def _and(values: Iterable[float]) -> str:
    return " and ".join(f"{value:.3g}" for value in values)


def _figures(timing: Timing) -> tuple[str, ...]:
    here, hand = (f"{value:.3g}" if value < 100 else f"{value:.0f}" for value in (timing.here, timing.by_hand))
    return f"  {timing.name}", f"{here} {timing.unit}", f"{hand} {timing.unit}", f"{timing.ratio:.2f}", f"<= {timing.usual:g}"
