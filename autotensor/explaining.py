"""A page for each primitive, read off its declaration: what `python -m autotensor explain tanh` prints and the docs show.

Nothing in it is written for one primitive. The formula is the docstring's first line, the rules are the source text of the
declaration, and the example, the slopes at kinks and the plot are computed when the page is made: by the primitive itself.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from autotensor import ops
from autotensor.core.errors import AutotensorError, UnknownNameError, did_you_mean
from autotensor.core.namespace import numpy_functions, public
from autotensor.core.primitive import Elementwise, Multilinear, Primitive, registry
from autotensor.core.spec import Array, Shape
from autotensor.core.tensor import Tensor
from autotensor.pictures.palette import BACKGROUND, FONTS, INK, SERIES

FAMILIES = (Elementwise, Multilinear, Primitive)
REACH = 3.0  # plots go this far from 0, or from the end of the domain
SAMPLES = 480  # even: none of them is 0, so no line is drawn through a jump there
PANEL_ROWS = 9
PANEL_SIZE = (320.0, 220.0)
POOL = (-1.0, -0.5, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)  # numbers for examples
ASCII = str.maketrans({"∞": "inf", "·": "-", "│": "|", "─": "-", "┼": "+", "…": "..."})


class Rule(NamedTuple):
    """One rule of a declaration, as source text."""

    label: str  # such as dy/dx
    source: str


class Kink(NamedTuple):
    """The derivative that is chosen where there is none."""

    where: str
    slopes: str


class Curves(NamedTuple):
    """A function of one variable and its derivative; each of shape (SAMPLES,)."""

    x: Array
    y: Array
    slope: Array
    dots: tuple[tuple[float, float, float], ...]  # (x, y, slope) at kinks


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
    curves: Curves | None

    def rows(self) -> Iterator[tuple[str, str]]:
        """The facts beside the formula, as (label, what it says)."""
        yield "family", self.family + ("" if self.differentiable else ", not differentiable")
        yield "file", self.file
        if self.differentiable:
            named = zip(self.operands, self.domain, strict=False)
            limits = [f"{x} in ({_number(low)}, {_number(high)})" for x, (low, high) in named if (low, high) != (-np.inf, np.inf)]
            yield "domain", ", ".join(limits) + ": where its laws are tested" if limits else "all real numbers"
            if self.kink is not None:
                yield "at kinks", f"at {self.kink.where}: {self.kink.slopes}"
            yield "kinks", self.distance or "none"
            yield "analytic", "yes: the complex step is exact for it" if self.analytic else "no"
        yield "numpy", ", ".join(self.numpy_names) or "no function of NumPy means it"

    def text(self, width: int = 80, *, ascii: bool | None = None) -> str:
        """The page for a terminal of `width` columns; `ascii=None` asks stdout whether it can show more than ASCII."""
        plain = not _shows_braille() if ascii is None else ascii
        lines = [f"{self.name}  ·  {self.file}"]
        for fact in self.facts:
            lines += ["", *textwrap.wrap(fact, width)]
        lines.append("")
        for label, source in (("value", self.value), *self.rules):
            lines += _labelled(label, source, width)
        if self.helpers:
            lines += ["", "where"]
            lines += [f"    {line}" for line in _fitted("\n\n".join(self.helpers), width - 4)]
        lines.append("")
        for label, words in self.rows():
            if label != "file":
                lines += _labelled(label, words, width)
        if self.curves is not None:
            lines += ["", *_panels(self.name, self.curves, width, plain=plain)]
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
        if self.curves is None:
            return ""
        width, height = PANEL_SIZE
        titles = (f"y = {self.name}(x)", "dy/dx")
        panels = [_svg_panel(titles[i], self.curves, i, offset=i * width, colour=SERIES[i]) for i in range(2)]
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * width:g}" height="{height:g}" '
            f'viewBox="0 0 {2 * width:g} {height:g}" font-family="{FONTS}" font-size="11" fill="{INK}" role="img">'
        )
        title = f"<title>{escape(self.name)} and its derivative</title>"
        paper = f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>'
        return "\n".join([head, title, paper, *panels, "</svg>"])

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
            lines += _labelled(primitive.name, first.partition("\n")[0], 80, indent=4, column=16)
        blocks.append("\n".join(lines))
    page = "\n\n".join([*blocks, "python -m autotensor explain NAME shows one."])
    return page if _shows_braille() else page.translate(ASCII)


def by_file() -> dict[str, list[Primitive]]:
    """The registry, sorted by the file in which a primitive is declared."""
    files: dict[str, list[Primitive]] = {}
    for primitive in registry.values():
        files.setdefault(_file_of(type(primitive)), []).append(primitive)
    return dict(sorted(files.items()))


# reading a declaration


def _description(primitive: Primitive) -> Description:
    kind = type(primitive)
    paragraphs = (inspect.getdoc(kind) or "").split("\n\n")
    names = _operand_names(primitive)
    rules, trees = _rules(primitive, names)
    curves = _curves(primitive)
    return Description(
        name=primitive.name,
        facts=tuple(" ".join(paragraph.split()) for paragraph in paragraphs),
        family=next(family.__name__ for family in FAMILIES if isinstance(primitive, family)),
        file=_file_of(kind),
        operands=names,
        value=_value_source(primitive),
        rules=rules,
        helpers=tuple(sorted(_helpers(primitive, trees), key=lambda source: not source.startswith("from "))),
        domain=primitive.domain,
        kink=_kink(primitive, names, curves),
        distance=_distance(kind),
        analytic=primitive.analytic,
        differentiable=primitive.differentiable,
        numpy_names=_numpy_names(primitive),
        example=tuple(_example(primitive, names)),
        curves=curves,
    )


def _file_of(kind: type) -> str:
    return kind.__module__.replace(".", "/") + ".py"


def _operand_names(primitive: Primitive) -> tuple[str, ...]:
    """As the formula calls them: dy/da, dy/db; else as the value's parameters are called."""
    if isinstance(primitive, Elementwise):
        count = len(primitive.partials)
        stated = re.findall(r"\bdy/d([a-z]\w*)", inspect.getdoc(type(primitive)) or "")
        names = tuple(dict.fromkeys(stated))
        return names if len(names) == count else ("x",) if count == 1 else ("a", "b", "c")[:count]
    names = ()
    for parameter in inspect.signature(primitive.value).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return tuple(f"x{i + 1}" for i in range(len(primitive.examples[0][0]) if primitive.examples else 2))
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            names += (parameter.name,)
    return names


def _rules(primitive: Primitive, names: Sequence[str]) -> tuple[tuple[Rule, ...], list[ast.AST]]:
    """The rules as text, and as trees, to find what they call."""
    if not primitive.differentiable:
        return (), []
    if isinstance(primitive, Elementwise):
        label, attribute, stated = "dy/d", "partials", primitive.partials
    else:
        label, attribute, stated = "d", "transposes", getattr(primitive, "transposes", ())
    rules: list[Rule] = []
    trees: list[ast.AST] = []
    for name, (text, tree) in zip(names, _entries(primitive, attribute, stated), strict=False):
        rules.append(Rule(label + name, text))
        trees.append(tree)
    for method in ("vjp", "jvp"):
        if not any(getattr(type(primitive), method) is getattr(family, method) for family in FAMILIES):
            source = _source(getattr(type(primitive), method))
            rules.append(Rule(method, source))
            trees.append(ast.parse(source))
    return tuple(rules), trees


def _entries(primitive: Primitive, attribute: str, stated: Sequence[Any]) -> Iterator[tuple[str, ast.AST]]:
    """Each entry of the tuple that a class calls `attribute`: the text behind `lambda ...:`, and its tree."""
    owner = next((c for c in type(primitive).__mro__ if attribute in vars(c)), None)
    if owner is None:
        return
    try:
        source = textwrap.dedent(inspect.getsource(owner))
    except (OSError, TypeError):  # declared in a session, whose source nobody keeps
        yield from ((repr(x) if isinstance(x, int) else "a function", ast.Pass()) for x in stated)
        return
    for node in ast.walk(ast.parse(source)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if attribute in [getattr(target, "id", "") for target in targets]:
            value = getattr(node, "value", None)
            for entry in value.elts if isinstance(value, ast.Tuple) else ():
                body = entry.body if isinstance(entry, ast.Lambda) else entry
                text = " ".join((ast.get_source_segment(source, body) or "").split())
                yield ("none: it has no derivative" if text == "None" else text), entry


def _helpers(primitive: Primitive, trees: Sequence[ast.AST]) -> Iterator[str]:
    """The source of private functions, constants and methods that rules call; a public function is only named."""
    todo, seen = list(trees), set()
    known = vars(sys.modules[type(primitive).__module__])
    while todo:
        for node in ast.walk(todo.pop(0)):
            if isinstance(node, ast.Name):
                name, thing = node.id, known.get(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                name, thing = f"self.{node.attr}", getattr(type(primitive), node.attr, None)
            else:
                continue
            if name in seen:
                continue
            seen.add(name)
            if isinstance(thing, float | np.ufunc):
                yield f"{name} = {_numpy_name(thing) if isinstance(thing, np.ufunc) else repr(thing)}"
            elif isinstance(thing, FunctionType) and thing.__module__.startswith("autotensor."):
                if not thing.__name__.startswith("_"):
                    yield f"from {thing.__module__} import {thing.__name__}"
                    continue
                yield _source(thing)
                todo.append(ast.parse(_source(thing)))


def _source(function: Any) -> str:
    """The source text of a function, without its docstring."""
    try:
        source = textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return f"{function.__name__}(...)"
    tree = ast.parse(source).body[0]
    first = tree.body[0] if isinstance(tree, ast.FunctionDef) else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return source
    lines = source.split("\n")
    return "\n".join([*lines[: first.lineno - 1], *lines[first.end_lineno :]])


def _body(function: Any) -> str:
    """What a function returns, if that is all it does; else its whole source."""
    source = _source(function)
    try:
        tree = ast.parse(source).body[0]
    except SyntaxError:
        return source
    if isinstance(tree, ast.FunctionDef) and len(tree.body) == 1 and isinstance(tree.body[0], ast.Return):
        return " ".join((ast.get_source_segment(source, tree.body[0].value or tree) or "").split())
    return source


def _distance(kind: type[Primitive]) -> str:
    if kind.kinks is Primitive.kinks:
        return ""
    text = _body(kind.kinks)
    return (
        f"distance to the nearest: {text}"
        if "\n" not in text
        else (inspect.getdoc(kind.kinks) or text).split("\n")[0].rstrip(".")
    )


def _value_source(primitive: Primitive) -> str:
    value = primitive.value
    if isinstance(value, np.ufunc):
        return _numpy_name(value)
    text = _body(value)
    if len(text.split("\n")) > 12:  # an algorithm of its own, to be read where it is
        return f"{value.__module__}.{value.__name__}"
    for name in re.findall(r"\bself\.(\w+)", text):
        function = getattr(primitive, name)
        if getattr(np, getattr(function, "__name__", ""), None) is function:
            text = text.replace(f"self.{name}", _numpy_name(function))
    return text


def _numpy_name(function: Any) -> str:
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}" if module.startswith("numpy.") else f"np.{function.__name__}"


def _numpy_names(primitive: Primitive) -> tuple[str, ...]:
    ours = (primitive, getattr(public, primitive.name, primitive))
    found = {_numpy_name(theirs) for theirs, meaning in numpy_functions.items() if any(meaning is one for one in ours)}
    return tuple(sorted(found))


# computing with it


def _example(primitive: Primitive, names: Sequence[str]) -> Iterator[str]:
    """A session: operands, the value, the gradients of its sum."""
    operands, settings = _example_operands(primitive)
    wanted = [primitive.differentiable and x.dtype.kind == "f" for x in operands]
    leaves = [Tensor(x).requires_grad_(one) for x, one in zip(operands, wanted, strict=True)]
    y: Tensor = primitive(*leaves, **settings)
    call, imported = _public_call(primitive, leaves, settings, y)
    given = ", ".join([*names[: len(leaves)], *(f"{key}={_written(value)}" for key, value in settings.items())])
    yield ">>> import autotensor as at"
    if "np." in given:
        yield ">>> import numpy as np"
    if imported:
        yield f">>> {imported}"
    for name, x, one in zip(names, leaves, wanted, strict=False):
        yield from _broken(f">>> {name} = at.tensor({x.tolist()}{', requires_grad=True' if one else ''})")
    yield f">>> y = {call}({given})"
    yield ">>> y"
    yield from repr(y).split("\n")
    if any(wanted):
        y.backward(np.ones(y.shape, y.dtype))
        yield ">>> y.sum().backward()"
        for name, x in zip(names, leaves, strict=False):
            if x.grad is not None:
                yield f">>> {name}.grad"
                yield from repr(x.grad).split("\n")


def _broken(line: str) -> list[str]:
    """A long line of a session, broken between the rows of a matrix."""
    if len(line) <= 72 or "], [" not in line:
        return [line]
    first, *others = line.replace("], [", "],\n[").split("\n")
    innermost = first.rindex("[") - len("... ")
    return [first, *("... " + " " * innermost + row for row in others)]


def _example_operands(primitive: Primitive) -> tuple[list[Array], dict[str, Any]]:
    """Small numbers that differ, inside the domain; the second operand in reverse, so that functions of two meet a tie."""
    if isinstance(primitive, Elementwise):
        operands = []
        for i in range(len(primitive.partials)):
            low, high = primitive.domain[i] if primitive.domain else (-np.inf, np.inf)
            fit = [x for x in (POOL if primitive.differentiable else (0.0, 1.0, 2.0)) if low < x < high]
            three = [-1.0, 0.5, 2.0] if {-1.0, 0.5, 2.0} <= set(fit) else [fit[0], fit[len(fit) // 2], fit[-1]]
            operands.append(np.array(three[:: -1 if i else 1], np.float32))
        return operands, {}
    shapes, settings = primitive.examples[0] if primitive.examples else (((3,),), {})
    kinds = primitive.kinds or ("float",) * len(shapes)
    classes = settings["classes"] if "classes" in settings else shapes[0][-1] if shapes and shapes[0] else 1
    return [_ramp(shape, kind, classes) for shape, kind in zip(shapes, kinds, strict=True)], dict(settings)


def _ramp(shape: Shape, kind: str, classes: int) -> Array:
    steps = np.arange(int(np.prod(shape))).reshape(shape)
    if kind == "bool":
        return np.asarray(steps % 2 == 0)
    return (steps * 2 + 1) % classes if kind == "label" else ((steps * 2 + 1) % 5).astype(np.float32)


def _public_call(primitive: Primitive, leaves: Sequence[Tensor], settings: dict[str, Any], y: Tensor) -> tuple[str, str]:
    """How a user writes the call, and what to import for it: the public function if it does just this, else the table's."""
    for place, prefix in ((ops, "at"), (ops.special, "at.special")):
        function = getattr(place, primitive.name, None)
        try:
            same = callable(function) and np.array_equal(
                function(*leaves, **settings).data, y.data, equal_nan=y.dtype.kind == "f"
            )
        except (TypeError, AutotensorError):
            continue
        if same:
            return f"{prefix}.{primitive.name}", ""
    return f"recorded.{primitive.name}", "from autotensor.core.namespace import recorded"


def _written(setting: Any) -> str:
    """A setting as one would type it."""
    if isinstance(setting, np.ndarray):
        return f"np.array({setting.tolist()})"
    if isinstance(setting, np.dtype):
        return f"np.dtype({setting.name!r})"
    if isinstance(setting, slice):
        parts = (setting.start, setting.stop, setting.step)
        return "slice(None)" if parts == (None, None, None) else f"slice{parts}"
    if isinstance(setting, tuple):
        return "(" + ", ".join(map(_written, setting)) + ("," if len(setting) == 1 else "") + ")"
    return repr(setting)


def _gradients(primitive: Primitive, operands: Sequence[Array], settings: dict[str, Any]) -> tuple[Array, list[Array]]:
    leaves = [Tensor(np.asarray(x, np.float64)).requires_grad_() for x in operands]
    y: Tensor = primitive(*leaves, **settings)
    y.backward(np.ones(y.shape))
    return y.data, [np.zeros(x.shape) if x.grad is None else x.grad.data for x in leaves]


def _curves(primitive: Primitive) -> Curves | None:
    if not isinstance(primitive, Elementwise) or not primitive.differentiable or len(primitive.partials) != 1:
        return None
    low, high = primitive.domain[0] if primitive.domain else (-np.inf, np.inf)
    low, high = (max(low, -REACH), min(high, max(REACH, low + REACH)))
    x = np.linspace(low, high, SAMPLES)
    y, (slope,) = _gradients(primitive, [x], {})
    corners = np.array([c for c in np.arange(-2 * REACH, 2 * REACH + 1) / 2 if low < c < high])
    corners = corners[np.broadcast_to(primitive.kinks(corners) == 0, corners.shape)]
    if not len(corners):
        return Curves(x, y, slope, ())
    at, (chosen,) = _gradients(primitive, [corners], {})
    return Curves(x, y, slope, tuple(zip(corners.tolist(), at.tolist(), chosen.tolist(), strict=True)))


def _kink(primitive: Primitive, names: Sequence[str], curves: Curves | None) -> Kink | None:
    """Where there is a kink, and the slope that the rules give there."""
    if type(primitive).kinks is Primitive.kinks or not primitive.differentiable:
        return None
    if curves is not None:
        near = sorted(sorted(curves.dots, key=lambda dot: abs(dot[0]))[:3])
        more = ", …" if len(curves.dots) > len(near) else ""
        return Kink("x = " + ", ".join(_number(x) for x, _, _ in near) + more, f"dy/dx = {_distinct([s for *_, s in near])}")
    label = "dy/d" if isinstance(primitive, Elementwise) else "d"
    shapes, settings = primitive.examples[0] if primitive.examples else (((),) * len(names), {})
    operands = [np.ones(shape) for shape in shapes]
    if np.any(np.asarray(primitive.kinks(*operands, **settings)) != 0):
        return None
    _, gradients = _gradients(primitive, operands, settings)
    where = " = ".join(names) + " = 1" + ("" if not shapes[0] else f" everywhere, shape {shapes[0]}, ")
    where += ", ".join(f"{key}={_written(value)}" for key, value in settings.items())
    return Kink(
        where, ", ".join(f"{label}{name} = {_distinct(c.ravel().tolist())}" for name, c in zip(names, gradients, strict=True))
    )


def _distinct(numbers: Sequence[float]) -> str:
    return ", ".join(dict.fromkeys(_number(x) for x in numbers))


def _number(x: float) -> str:
    return ("∞" if x > 0 else "-∞") if np.isinf(x) else f"{x + 0.0:.4g}"


# words and code


def _labelled(label: str, words: str, width: int, *, indent: int = 0, column: int = 10) -> list[str]:
    """`words` beside a label, or below it where they are several lines."""
    if "\n" in words:
        return [label, *(f"    {line}" for line in _fitted(words, width - 4))]
    wrapped = textwrap.wrap(words, width - indent - column, break_long_words=False, break_on_hyphens=False) or [""]
    return [" " * indent + f"{label if i == 0 else '':<{column - 1}} {line}" for i, line in enumerate(wrapped)]


def _fitted(source: str, width: int) -> Iterator[str]:
    """Lines of code, those that are too long broken at spaces."""
    for line in source.split("\n"):
        lead = line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line, width, subsequent_indent=lead + " " * 8, break_long_words=False, break_on_hyphens=False
        ) or [""]


def _as_code(rule: Rule) -> str:
    return rule.source if "\n" in rule.source else f"{rule.label} = {rule.source}".replace("= none:", "= None  #")


def escaped(text: str) -> str:
    """Words whose every sign Markdown shows as it is; `code` stays code."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if i % 2 else re.sub(r"([\\*_\[\]<>|#])", r"\\\1", part) for i, part in enumerate(parts))


def _cell(label: str, words: str) -> str:
    return f"`{words}`" if label in ("file", "numpy") and " of NumPy" not in words else escaped(words)


def _shows_braille() -> bool:
    try:
        "⠿∞".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


# plots


def _bounds(y: Array) -> tuple[float, float]:
    """A range that holds every finite value, and 0."""
    finite = y[np.isfinite(y)]
    low, high = min(0.0, float(finite.min())), max(0.0, float(finite.max()))
    return (low, high) if high > low else (-1.0, 1.0)


def _strokes(x: Array, y: Array) -> Iterator[Array]:
    """The samples as lines, shape (n, 2) each, cut where the function jumps or is not finite."""
    steps = np.abs(np.diff(y))
    around = np.maximum(np.r_[0, steps[:-1]], np.r_[steps[1:], 0])
    low, high = _bounds(y)
    jumps = (steps > 4 * around) & (steps > (high - low) / 50)
    cuts = np.flatnonzero(jumps | ~np.isfinite(steps)) + 1
    for part in np.split(np.stack([x, y], axis=1), cuts):
        whole = part[np.isfinite(part).all(axis=1)]
        if len(whole) > 1:
            yield whole


def _dots(x: Array, y: Array, columns: int, rows: int) -> Array:
    """The curve as a boolean picture, shape (rows, columns), the first row on top."""
    low, high = _bounds(y)
    picture = np.zeros((rows, columns), np.bool_)
    for stroke in _strokes(x, y):
        for (x0, y0), (x1, y1) in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            n = 2 + int(abs(y1 - y0) / (high - low) * rows * 2)
            along, up = np.linspace(x0, x1, n), np.linspace(y0, y1, n)
            c = np.rint((along - x[0]) / (x[-1] - x[0]) * (columns - 1)).astype(int)
            r = np.rint((high - up) / (high - low) * (rows - 1)).astype(int)
            picture[r, c] = True
    return picture


def _braille_canvas(x: Array, y: Array, columns: int) -> list[str]:
    """2 x 4 dots a character."""
    picture = _dots(x, y, 2 * columns, 4 * PANEL_ROWS)
    weights = np.array([[1, 8], [2, 16], [4, 32], [64, 128]])
    cells = (picture.reshape(PANEL_ROWS, 4, columns, 2) * weights[:, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + n) if n else " " for n in row) for row in cells.tolist()]


def _ascii_canvas(x: Array, y: Array, columns: int) -> list[str]:
    """One star a character."""
    return ["".join("*" if on else " " for on in row) for row in _dots(x, y, columns, PANEL_ROWS).tolist()]


def _panel(title: str, x: Array, y: Array, width: int, draw: Any) -> list[str]:
    """A title, the curve over thin axes, and the ends of both ranges."""
    low, high = _bounds(y)
    margin = max(len(f"{low:.3g}"), len(f"{high:.3g}"), 2)
    columns = width - margin - 2
    zero_row = round(high / (high - low) * (PANEL_ROWS - 1))
    zero_column = round(-x[0] / (x[-1] - x[0]) * (columns - 1)) if x[0] <= 0 <= x[-1] else -1
    labels = {zero_row: "0", PANEL_ROWS - 1: f"{low:.3g}", 0: f"{high:.3g}"}
    lines = [" " * (margin + 2) + title]
    for r, row in enumerate(draw(x, y, columns)):
        axis = "─" if r == zero_row else " "
        cells = [axis if cell == " " else cell for cell in row]
        if zero_column >= 0 and row[zero_column] == " ":
            cells[zero_column] = "┼" if r == zero_row else "│"
        lines.append(f"{labels.get(r, ''):>{margin}}  {''.join(cells)}".rstrip())
    start, end = f"{x[0]:.3g}", f"{x[-1]:.3g}"
    lines.append(" " * (margin + 2) + start + f"{end:>{columns - len(start)}}")
    return [f"{line:<{width}}" for line in lines]


def _panels(name: str, curves: Curves, width: int, *, plain: bool) -> list[str]:
    """The function and its derivative side by side, or below each other where that is too narrow."""
    beside = width >= 60
    columns = (width - 4) // 2 if beside else width
    draw = _ascii_canvas if plain else _braille_canvas
    titles = ((f"y = {name}(x)", curves.y), ("dy/dx", curves.slope))
    left, right = (_panel(title, curves.x, y, columns, draw) for title, y in titles)
    if not beside:
        return [*left, "", *right]
    return [f"{a}    {b}" for a, b in zip(left, right, strict=True)]


def _ticks(low: float, high: float) -> Array:
    """Round numbers across a range, three to six of them."""
    raw = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    ticks: Array = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    return ticks


def _svg_panel(title: str, curves: Curves, which: int, *, offset: float, colour: str) -> str:
    """One curve with its grid, its numbers and the choices at its kinks."""
    x, y = curves.x, (curves.y, curves.slope)[which]
    low, high = _bounds(y)
    pad = (high - low) * 0.06
    low, high = low - pad, high + pad
    left, top, right, bottom = offset + 44.0, 30.0, offset + PANEL_SIZE[0] - 12, PANEL_SIZE[1] - 26

    def place(a: Any, b: Any) -> tuple[Any, Any]:
        return left + (a - x[0]) / (x[-1] - x[0]) * (right - left), bottom - (b - low) / (high - low) * (bottom - top)

    parts = [f'<text x="{left:g}" y="18" font-size="13" font-weight="bold" fill="{colour}">{escape(title)}</text>']
    for tick in _ticks(x[0], x[-1]):
        at, _ = place(tick, 0.0)
        shade = "#9a9a9a" if tick == 0 else "#e3e3e3"
        parts.append(f'<path d="M{at:.1f} {top:g}V{bottom:g}" stroke="{shade}"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 16:g}" text-anchor="middle">{tick + 0.0:g}</text>')
    for tick in _ticks(low, high):
        _, at = place(0.0, tick)
        shade = "#9a9a9a" if abs(tick) < 1e-12 else "#e3e3e3"
        parts.append(f'<path d="M{left:g} {at:.1f}H{right:g}" stroke="{shade}"/>')
        parts.append(f'<text x="{left - 6:g}" y="{at + 4:.1f}" text-anchor="end">{round(tick, 9) + 0.0:g}</text>')
    path = ""
    for stroke in _strokes(x, y):
        points = [place(a, b) for a, b in (stroke if len(stroke) < 3 else [*stroke[:-1:2], stroke[-1]])]
        path += "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    parts.append(
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/>'
    )
    for corner, *heights in curves.dots:
        a, b = place(corner, heights[which])
        parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.2" fill="{colour}"/>')
    return "\n".join(parts)
