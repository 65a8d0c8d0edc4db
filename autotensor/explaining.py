"""A page for each primitive, read off its declaration: what `python -m autotensor explain tanh` prints and the docs show.

Nothing in it is written for one primitive. The formula is the docstring's first line, the rules are the source text of the
declaration, and the example, the slopes at kinks and the plot are computed when the page is made: by the primitive itself.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from autotensor.core.errors import UnknownNameError, did_you_mean
from autotensor.core.primitive import Primitive, registry
from autotensor.pictures.declarations import (
    FAMILIES,
    Rule,
    distance_to_kinks,
    helpers_of,
    numpy_names,
    operand_names,
    rules_of,
    source_of_value,
)
from autotensor.pictures.example_sessions import example_session
from autotensor.pictures.function_plots import SampledFunction, panels_in_text, svg_of_function
from autotensor.pictures.slopes import Kink, kink_of, sampled
from autotensor.pictures.sparklines import can_show
from autotensor.pictures.wording import escaped, fitted, labelled, number

LETTERS = "⠿∞"  # what a page has beyond ASCII
ASCII = str.maketrans({"∞": "inf", "·": "-", "│": "|", "─": "-", "┼": "+", "…": "..."})


class Description(NamedTuple):
    """What there is to say about a primitive; `text`, `markdown` and `svg` say it."""

    name: str
    facts: tuple[str, ...]  # the docstring's paragraphs, the formula first
    family: str
    file: str
    operands: tuple[str, ...]
    value: str  # source text
    rules: tuple[Rule, ...]
    helpers: tuple[str, ...]  # source text of what rules call
    domain: tuple[tuple[float, float], ...]
    kink: Kink | None
    distance: str  # to the nearest kink, as source text or in words; empty if there are none
    analytic: bool
    differentiable: bool
    numpy_names: tuple[str, ...]
    example: tuple[str, ...]  # lines of a session
    curves: SampledFunction | None

    def rows(self) -> Iterator[tuple[str, str]]:
        """The facts beside the formula, as (label, what it says)."""
        yield "family", self.family + ("" if self.differentiable else ", not differentiable")
        yield "file", self.file
        if self.differentiable:
            named = zip(self.operands, self.domain, strict=False)
            limits = [f"{x} in ({number(low)}, {number(high)})" for x, (low, high) in named if (low, high) != (-np.inf, np.inf)]
            yield "domain", ", ".join(limits) + ": where its laws are tested" if limits else "all real numbers"
            if self.kink is not None:
                yield "at kinks", f"at {self.kink.where}: {self.kink.slopes}"
            yield "kinks", self.distance or "none"
            yield "analytic", "yes: the complex step is exact for it" if self.analytic else "no"
        yield "numpy", ", ".join(self.numpy_names) or "no function of NumPy means it"

    def text(self, width: int = 80, *, ascii: bool | None = None) -> str:
        """The page for a terminal of `width` columns; `ascii=None` asks stdout whether it can show more than ASCII."""
        plain = not can_show(LETTERS) if ascii is None else ascii
        lines = [f"{self.name}  ·  {self.file}"]
        for fact in self.facts:
            lines += ["", *textwrap.wrap(fact, width)]
        lines.append("")
        for label, source in (("value", self.value), *self.rules):
            lines += labelled(label, source, width)
        if self.helpers:
            lines += ["", "where"]
            lines += [f"    {line}" for line in fitted("\n\n".join(self.helpers), width - 4)]
        lines.append("")
        for label, words in self.rows():
            if label != "file":
                lines += labelled(label, words, width)
        if self.curves is not None:
            lines += ["", *panels_in_text(self.name, self.curves, width, plain=plain)]
        lines += ["", *(f"    {line}" for line in self.example)]
        page = "\n".join(line.rstrip() for line in lines)
        return page.translate(ASCII).encode("ascii", "replace").decode() if plain else page

    def markdown(self) -> str:
        """The page for the documentation; its picture is `svg()`, saved beside it as NAME.svg."""
        parts = [f"# {self.name}", *map(escaped, self.facts)]
        if self.curves is not None:
            parts.append(f"![{self.name} and its derivative]({self.name}.svg)")
        stated = (Rule("value", self.value), *self.rules)
        rules = ("\n\n" if any("\n" in rule.source for rule in stated) else "\n").join(map(_as_code, stated))
        parts += ["## Rules", f"```python\n{rules}\n```"]
        if self.helpers:
            parts += ["where", "```python\n" + "\n\n\n".join(self.helpers) + "\n```"]
        table = [f"| {label} | {_cell(label, words)} |" for label, words in self.rows()]
        parts += ["## Facts", "\n".join(["| | |", "| --- | --- |", *table])]
        parts += ["## Example", "```python\n" + "\n".join(self.example) + "\n```"]
        return "\n\n".join(parts) + "\n"

    def svg(self) -> str:
        """The function and its derivative as one `<svg>` element; empty if it has more operands or no derivative."""
        return "" if self.curves is None else svg_of_function(self.name, self.curves)

    def __str__(self) -> str:
        return self.text()


def describe(name: str) -> Description:
    """The page of the primitive called `name`.

    Raises: UnknownNameError if there is none.

    >>> describe("tanh").rules
    (Rule(label='dy/dx', source='1 - y * y'),)
    >>> describe("relu").kink
    Kink(where='x = 0', slopes='dy/dx = 0')
    """
    primitive = registry.get(name)
    if primitive is None:
        raise UnknownNameError(
            f"there is no primitive called {name!r}.{did_you_mean(name, registry)} "
            f"`python -m autotensor explain` lists all {len(registry)}."
        )
    with np.errstate(all="ignore"):
        return _description(primitive)


COLUMN = 23  # where the catalogue's words begin: behind the longest name


def catalogue() -> str:
    """All primitives by file, each with the first line of its docstring.

    >>> print(catalogue().splitlines()[0])
    autotensor/ops/activation.py
    """
    blocks = []
    for file, primitives in by_file().items():
        lines = [file]
        for primitive in primitives:
            first = inspect.getdoc(type(primitive)) or ""
            lines += labelled(primitive.name, first.partition("\n")[0], 80, indent=4, column=COLUMN)
        blocks.append("\n".join(lines))
    page = "\n\n".join([*blocks, "python -m autotensor explain NAME shows one."])
    return page if can_show(LETTERS) else page.translate(ASCII)


def by_file() -> dict[str, list[Primitive]]:
    """The registry, sorted by the file in which a primitive is declared."""
    files: dict[str, list[Primitive]] = {}
    for primitive in registry.values():
        files.setdefault(_file_of(type(primitive)), []).append(primitive)
    return dict(sorted(files.items()))


def _description(primitive: Primitive) -> Description:
    kind = type(primitive)
    paragraphs = (inspect.getdoc(kind) or "").split("\n\n")
    names = operand_names(primitive)
    rules, trees = rules_of(primitive, names)
    curves = sampled(primitive)
    return Description(
        name=primitive.name,
        facts=tuple(" ".join(paragraph.split()) for paragraph in paragraphs),
        family=next(family.__name__ for family in FAMILIES if isinstance(primitive, family)),
        file=_file_of(kind),
        operands=names,
        value=source_of_value(primitive),
        rules=rules,
        helpers=tuple(sorted(helpers_of(primitive, trees), key=lambda source: not source.startswith("from "))),
        domain=primitive.domain,
        kink=kink_of(primitive, names, curves),
        distance=distance_to_kinks(kind),
        analytic=primitive.analytic,
        differentiable=primitive.differentiable,
        numpy_names=numpy_names(primitive),
        example=tuple(example_session(primitive, names)),
        curves=curves,
    )


def _file_of(kind: type) -> str:
    return kind.__module__.replace(".", "/") + ".py"


def _as_code(rule: Rule) -> str:
    return rule.source if "\n" in rule.source else f"{rule.label} = {rule.source}".replace("= none:", "= None  #")


def _cell(label: str, words: str) -> str:
    return f"`{words}`" if label in ("file", "numpy") and " of NumPy" not in words else escaped(words)
