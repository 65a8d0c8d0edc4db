"""The chain rule as a table: text for a terminal of 80 columns, HTML for a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from autotensor.core.spec import Array
from autotensor.pictures.wording import number

Numbers: TypeAlias = Array  # one-dimensional: the elements that lie between the two chosen ones

HEADS = ("operation", "local derivative", "value", "upstream", "product", "numeric")
WIDTHS = (15, 25, 9, 9, 9, 8)
SHOWN = 24  # steps of a path that a table shows


class Step(NamedTuple):
    """One operation on a path."""

    operation: str  # with the module path
    rule: str  # the local derivative in symbols
    shape: tuple[int, int]  # how many elements go out and how many come in
    value: Numbers | None  # the local derivatives, row by row; None if there are too many
    upstream: Numbers
    product: Numbers
    numeric: float | None  # None where there is more than one element: then `agrees` says all
    agrees: bool
    kinked: bool  # whether the primitive has points without a derivative

    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        checked = number(self.numeric) if self.numeric is not None else "agrees"
        return (
            self.operation,
            self.rule,
            f"{self.shape[0]}×{self.shape[1]} values" if self.value is None else _shown(self.value),
            _shown(self.upstream),
            _shown(self.product),
            checked if self.agrees else "differs" if self.numeric is None else f"{checked} !",
        )


class Path(NamedTuple):
    """One way from y to x; its contribution is the product of all local derivatives."""

    steps: tuple[Step, ...]
    contribution: float

    def title(self, x: str, y: str) -> str:
        """The operations from y to x."""
        names = [step.operation.rpartition(": ")[2] for step in self.steps]
        if len(names) > SHOWN:
            names = [*names[: SHOWN // 2], "…", *names[-SHOWN // 2 :]]
        return " <- ".join([y, *names, x])

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The cells of each step; of a long path those at both ends."""
        half = SHOWN // 2
        hidden = len(self.steps) - SHOWN
        for n, step in enumerate(self.steps):
            if hidden <= 0 or n < half or n >= len(self.steps) - half:
                yield step.cells()
            elif n == half:
                yield (f"… {hidden:,} more", "", "", "", "", "")


class Explanation(NamedTuple):
    """A derivative taken apart; it prints as a table, and a notebook shows it as one."""

    x: str  # with the index
    y: str
    at: float
    of: float
    derivative: float
    numeric: Any
    agrees: bool
    remark: str  # on elements that were not asked for
    paths: tuple[Path, ...]  # the largest first
    left_out: int

    @property
    def head(self) -> str:
        """The derivative, and where it is taken."""
        return f"d{self.y}/d{self.x} = {number(self.derivative)} at {self.x} = {number(self.at)}, {self.y} = {number(self.of)}"

    def remarks(self) -> Iterator[str]:
        """What stands below the tables: the sum over paths, the numeric check, what to know of kinks."""
        if len(self.paths) > 1 or self.left_out:
            terms = [number(path.contribution) for path in self.paths]
            if self.left_out:
                rest = self.derivative - sum(path.contribution for path in self.paths)
                terms.append(f"{number(rest)} ({self.left_out:,} more path{'s' * (self.left_out != 1)})")
            total = " + ".join(terms).replace("+ -", "- ")
            yield f"sum over the paths: {total} = {number(self.derivative)}"
        if not self.paths:
            yield "no path leads from one element to the other: the derivative is 0."
        yield f"numeric check of the whole: {number(float(self.numeric))}, {'agrees' if self.agrees else 'differs'}"
        steps = [step for path in self.paths for step in path.steps]
        doubtful = {step.operation.partition("[")[0] for step in steps if not step.agrees and step.kinked}
        if doubtful:
            names = ", ".join(sorted(doubtful))
            yield f"{names}: near a kink the numeric derivative means nothing; at a kink the rule's value is a choice."

    def text(self) -> str:
        """The tables for a terminal of 80 columns."""
        lines = [self.head]
        if self.remark:
            lines.append(self.remark)
        for n, path in enumerate(self.paths):
            title = path.title(self.x, self.y)
            if len(self.paths) > 1:
                title = f"path {n + 1} of {len(self.paths)}: {title}"
            lines += [*textwrap.wrap(title, 80, subsequent_indent="    "), _line(HEADS)]
            for cells in path.rows():
                lines += _lines(cells)
        for remark in self.remarks():
            lines += textwrap.wrap(remark, 80)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{html.escape(self.head)}</b> {html.escape(self.remark)}</p>"]
        for path in self.paths:
            rows = [f"<tr>{''.join(f'<th>{head}</th>' for head in HEADS)}</tr>"]
            rows += [f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>" for cells in path.rows()]
            parts.append(f"<p>{html.escape(path.title(self.x, self.y))}</p><table>{''.join(rows)}</table>")
        parts += [f"<p>{html.escape(remark)}</p>" for remark in self.remarks()]
        return "\n".join(parts)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()


def _shown(numbers: Numbers) -> str:
    words = [number(float(x)) for x in numbers.ravel()[:4]]
    if len(words) == 1:
        return words[0]
    text = f"[{' '.join(words)}]"
    return text if numbers.size <= 4 and len(text) <= 9 else f"{numbers.size} values"


def _line(cells: Sequence[str]) -> str:
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _lines(cells: Sequence[str]) -> list[str]:
    """One row, in as many lines as its longest cell needs."""
    columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    height = max(map(len, columns))
    return [_line([column[n] if n < len(column) else "" for column in columns]) for n in range(height)]
