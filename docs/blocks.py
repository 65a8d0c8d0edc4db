"""The code blocks of a page: run in order in one namespace, each held to the output that the page shows below it.

`python docs/blocks.py docs/quickstart.md` runs a page and says what differs. A block is fenced as python. With `>>>` it is a
session, checked by doctest. Without, what it prints must be what the fence called text right below it shows; without such a fence
it may print anything. Numbers with a decimal point may differ by one in the last digit shown, and after `<!-- within 5 % -->` by
that much.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import linecache
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FENCE = re.compile(r"^```(?P<kind>[^`\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
WITHIN = re.compile(r"<!-- within (\d+) % -->")
NUMBER = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?")
SINGLE = 3e-7  # two roundings of float32: they differ between processors
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """One block of code and what the page says of it."""

    where: str  # page:line
    code: str
    output: str | None
    within: float  # how far numbers may differ, as a share


def blocks(page: Path) -> list[Block]:
    """The python blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    result = []
    for one, following in zip(found, [*found[1:], None], strict=True):
        if one["kind"] != "python":
            continue
        line = text[: one.start()].count("\n") + 2
        between = text[one.end() : following.start()].strip() if following else ""
        share = WITHIN.fullmatch(between)
        shown = following is not None and following["kind"] == "text" and (share or not between)
        result.append(
            Block(
                f"{page.name}:{line}",
                one["body"],
                following["body"] if following is not None and shown else None,
                int(share[1]) / 100 if share else 0.0,
            )
        )
    return result


def run(page: Path) -> Iterator[str]:
    """Run a page; what differs from it, in words. An error in a block is raised."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page):
        if ">>>" in block.code:
            yield from _session(block, namespace)
            continue
        linecache.cache[block.where] = (len(block.code), None, block.code.splitlines(keepends=True), block.where)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.code, block.where, "exec"), namespace)  # noqa: S102 - the page's own code
        if block.output is not None and not same(block.output, printed.getvalue(), block.within):
            yield f"{block.where} shows\n{block.output}\nand prints\n{printed.getvalue()}"


def _session(block: Block, namespace: dict[str, Any]) -> Iterator[str]:
    test = doctest.DocTestParser().get_doctest(block.code, namespace, block.where, None, 0)
    said: list[str] = []
    doctest.DocTestRunner(_Checker(), verbose=False, optionflags=FLAGS).run(test, out=said.append, clear_globs=False)
    namespace.update(test.globs)  # the test has a copy
    if said:
        yield "".join(said)


class _Checker(doctest.OutputChecker):
    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(want, got, optionflags) or same(want, got, 0.0)


def same(shown: str, printed: str, within: float) -> bool:
    """Whether two texts agree but for blanks at the ends of lines and small differences of numbers.

    >>> same("loss 0.25", "loss 0.26", 0.0), same("loss 0.25", "loss 0.27", 0.0), same("loss 0.25", "loss 0.27", 0.1)
    (True, False, True)
    """
    one, other = ([line.rstrip() for line in text.strip().split("\n")] for text in (shown, printed))
    if [NUMBER.split(line) for line in one] != [NUMBER.split(line) for line in other]:
        return False
    pairs = zip(NUMBER.findall("\n".join(one)), NUMBER.findall("\n".join(other)), strict=True)
    return all(abs(float(a) - float(b)) <= 1.01 * _last_digit(a) + (within + SINGLE) * abs(float(a)) for a, b in pairs)


def _last_digit(number: str) -> float:
    mantissa, _, exponent = number.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def main() -> int:
    """Run the pages named on the command line."""
    complaints = [complaint for name in sys.argv[1:] for complaint in run(Path(name))]
    print("\n".join(complaints), end="")
    return len(complaints)


if __name__ == "__main__":
    sys.exit(main())
