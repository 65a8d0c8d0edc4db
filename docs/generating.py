"""What the build writes from the code: primitive pages, the reference, the table of choices at kinks, the quickstart's pictures.

Everything goes into folders that git ignores. A file is written only if it changed, so that Sphinx rebuilds only what must be.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks import run

from autotensor import explaining
from autotensor.core.errors import MissingExtraError
from autotensor.core.primitive import Primitive, registry
from autotensor.pictures.wording import escaped

ROOMS = (
    "autotensor",
    "autotensor.special",
    "autotensor.linalg",
    "autotensor.fft",
    "autotensor.random",
    "autotensor.nn",
    "autotensor.nn.functional",
    "autotensor.nn.init",
    "autotensor.nn.utils",
    "autotensor.optim",
    "autotensor.keras",
    "autotensor.keras.layers",
    "autotensor.keras.models",
    "autotensor.keras.losses",
    "autotensor.keras.metrics",
    "autotensor.keras.optimizers",
    "autotensor.keras.callbacks",
    "autotensor.keras.activations",
    "autotensor.keras.initializers",
    "autotensor.keras.regularizers",
    "autotensor.keras.constraints",
    "autotensor.keras.datasets.digits",
    "autotensor.keras.datasets.mnist",
    "autotensor.keras.utils",
    "autotensor.keras.config",
    "autotensor.pictures",
    "autotensor.testing",
    "autotensor.testing.laws",
    "autotensor.testing.numeric",
    "autotensor.testing.strategies",
    "autotensor.core.errors",
)
ALIASES = {f"autotensor.{name}": f"autotensor.ops.{name}" for name in ("special", "linalg", "fft")}


describe = functools.cache(explaining.describe)


class Folder:
    """A folder whose files are exactly those written to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: set[Path] = set()
        path.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        self.written.add(path)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")

    def clear(self) -> None:
        for path in self.path.iterdir():
            if path not in self.written:
                path.unlink()


def everything(docs: Path) -> None:
    """Write all that is generated below `docs`."""
    primitives(Folder(docs / "primitives"))
    choices(Folder(docs / "generated"))
    pictures(docs / "quickstart.md", Folder(docs / "pictures"))
    reference(Folder(docs / "api"))


def primitives(folder: Folder) -> None:
    """A page for each primitive, and their list by file."""
    lines = ["# Primitives", f"All {len(registry)} of them, by the file in which they are declared."]
    names = []
    for file, members in explaining.by_file().items():
        table = ["| | |", "| --- | --- |"]
        for primitive in members:
            page = describe(primitive.name)
            names.append(primitive.name)
            folder.write(f"{primitive.name}.md", page.markdown())
            if page.curves is not None:
                folder.write(f"{primitive.name}.svg", page.svg())
            table.append(f"| [{primitive.name}]({primitive.name}.md) | {escaped(page.facts[0])} |")
        lines += [f"## {file}", "\n".join(table)]
    lines.append("```{toctree}\n:hidden:\n\n" + "\n".join(sorted(names)) + "\n```")
    folder.write("index.md", "\n\n".join(lines) + "\n")
    folder.clear()


def choices(folder: Folder) -> None:
    """The derivative that each rule gives where there is none."""
    lines = ["| Primitive | At | The rules give |", "| --- | --- | --- |"]
    for name in registry:
        kink = describe(name).kink
        if kink is not None:
            lines.append(f"| [{name}](/primitives/{name}.md) | {escaped(kink.where)} | {kink.slopes} |")
    folder.write("choices.md", "\n".join(lines) + "\n")
    folder.clear()


def pictures(page: Path, folder: Folder) -> None:
    """The SVG files that the code of a page saves."""
    with tempfile.TemporaryDirectory() as place, _inside(place):
        for complaint in run(page):
            raise RuntimeError(complaint)
        for path in sorted(Path(place).glob("*.svg")):
            folder.write(path.name, path.read_text(encoding="utf-8"))
    folder.clear()


@contextlib.contextmanager
def _inside(place: str) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


# the reference


def reference(folder: Folder) -> None:
    """A page for each room, from its public names; each object once, at the first room that has it."""
    seen: dict[int, str] = {}
    pages = []
    for room in ROOMS:
        try:
            module = importlib.import_module(ALIASES.get(room, room))
        except MissingExtraError as reason:
            pages.append(room)
            folder.write(f"{room}.rst", f"{_title(room)}\n{words(str(reason))}\n")
            continue
        folder.write(f"{room}.rst", "\n".join(_room(room, module, seen)) + "\n")
        pages.append(room)
    listing = "\n".join(pages)
    intro = "The public functions and classes, room by room. Primitives have [pages of their own](../primitives/index.md)."
    folder.write("index.md", f"# Reference\n\n{intro}\n\n```{{toctree}}\n:maxdepth: 1\n\n{listing}\n```\n")
    folder.clear()


def _title(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n"


def public_names(module: ModuleType) -> list[str]:
    """`__all__`, or what the module itself defines."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    return [
        name for name, thing in vars(module).items() if name[0] != "_" and getattr(thing, "__module__", "") == module.__name__
    ]


def _room(room: str, module: ModuleType, seen: dict[int, str]) -> Iterator[str]:
    yield _title(room)
    yield from rst(inspect.getdoc(module) or "")
    yield ""
    files: dict[str, list[str]] = {}
    elsewhere = []
    for name in public_names(module):
        try:
            thing = getattr(module, name)
        except MissingExtraError:  # a room that loads when it is named; its own page says what it needs
            continue
        if inspect.ismodule(thing) or not callable(thing):
            continue
        if id(thing) in seen:
            elsewhere.append(f"``{name}`` (see :doc:`{seen[id(thing)]}`)")
            continue
        seen[id(thing)] = room
        home = type(thing).__module__ if isinstance(thing, Primitive) else getattr(thing, "__module__", None) or room
        files.setdefault(home, []).append(name)
    for home, names in files.items():
        if len(files) > 1:
            yield _title(home.rpartition(".")[2].replace("_", " ").capitalize(), "-")
            yield from rst((inspect.getdoc(importlib.import_module(home)) or "").split("\n\n")[0])
            yield ""
        for name in sorted(names):
            yield from _entry(room, module, name)
    if elsewhere:
        yield "Also here: " + ", ".join(elsewhere) + "."


def _entry(room: str, module: ModuleType, name: str) -> Iterator[str]:
    thing = getattr(module, name)
    if isinstance(thing, Primitive):
        page = describe(thing.name)
        yield f".. py:function:: {room}.{name}({', '.join(page.operands)}, /)"
        yield ""
        yield from ("   " + line for fact in page.facts for line in (words(fact), ""))
        yield f"   :doc:`Its page </primitives/{thing.name}>` has the rules, a plot and an example."
    elif inspect.isclass(thing):
        yield f".. autoclass:: {module.__name__}.{name}"
        yield "   :members:"
    else:
        yield f".. autofunction:: {module.__name__}.{name}"
    yield ""


# docstrings


EMPHASIS = re.compile(r"(?<!\S)\\\*([A-Za-z][A-Za-z ]*)\\\*(?=[\s.,;:]|$)")
LABEL = re.compile(r"^(Shapes?|Ranges?|Units|Raises|Returns|Source|Accuracy|Complexity|Gradient): ")


def words(text: str) -> str:
    r"""Words whose every sign reStructuredText shows as it is; `code` becomes code.

    >>> print(words("y = x**2, |x| and `a_b`"))
    y = x\*\*2, \|x\| and ``a_b``
    """
    parts = re.split(r"(`+[^`]+`+)", text)
    shown = []
    for i, part in enumerate(parts):
        if i % 2:
            code = part.strip("`").strip()
            before, after = parts[i - 1][-1:], parts[i + 1][:1]
            shown.append(f"{chr(92) + ' ' if before.strip() else ''}``{code}``{chr(92) + ' ' if after.strip() else ''}")
        else:
            bare = re.sub(r"([\\*_|<>\[\]])", r"\\\1", part).replace("`", r"\`")
            shown.append(EMPHASIS.sub(r"*\1*", bare))
    return "".join(shown)


def rst(docstring: str) -> list[str]:
    """A docstring of ours as reStructuredText: paragraphs, labels in bold, sessions and indented lines as code."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", docstring.strip("\n")):
        rows = paragraph.split("\n")
        if rows[0].lstrip().startswith(">>>"):
            lines += [".. code-block:: pycon", "", *("   " + row for row in rows), ""]
        elif all(row.startswith(" ") for row in rows):
            again = lines[-1:] == [""] and lines[-2:-1] and lines[-2].startswith("       ")  # the same block goes on
            lines += [*([] if again else [".. code-block:: text", ""]), *("   " + row for row in rows), ""]
        else:
            lines += _paragraph(rows)
    return lines


def _paragraph(rows: Iterable[str]) -> list[str]:
    """Text; a label or a dash begins a new paragraph, indented lines go on with the one before."""
    pieces: list[str] = []
    for row in rows:
        label = LABEL.match(row)
        if label:
            pieces.append(f"**{label[1]}:** {words(row[label.end() :])}")
        elif row.startswith(("- ", "* ")):
            pieces.append("- " + words(row[2:]))
        elif pieces:
            pieces[-1] += " " + words(row.strip())
        else:
            pieces.append(words(row.strip()))
    return [line for piece in pieces for line in (piece if piece.strip() else "", "")]


def process_docstring(_app: Any, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    """Sphinx's hook: our docstrings are words and sessions, not reStructuredText."""
    lines[:] = rst("\n".join(lines))


def skip_member(_app: Any, _what: str, _name: str, thing: Any, _skip: object, _options: Any) -> bool | None:
    """Sphinx's hook: fields of a named tuple are in its signature."""
    return (
        True
        if type(thing).__name__ == "_tuplegetter" or str(getattr(thing, "__doc__", "")).startswith("Alias for field")
        else None
    )
