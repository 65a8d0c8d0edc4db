"""What a primitive's declaration states, as source text: its value, its rules and what they call, its names.

Nothing that computes needs a declaration as text: only pages show it. So it is read here, with the pictures, and not in `core`.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.namespace import numpy_functions, public
from autotensor.core.primitive import Elementwise, Multilinear, Primitive

FAMILIES = (Elementwise, Multilinear, Primitive)
ONE = re.compile(r"ONE\[\w+\.dtype\]")  # the number 1 as rules write it where its cost is felt


class Rule(NamedTuple):
    """One rule of a declaration, as source text."""

    label: str  # such as dy/dx
    source: str


def operand_names(primitive: Primitive) -> tuple[str, ...]:
    """As the formula calls them: dy/da, dy/db; else as the value's parameters are called.

    >>> from autotensor import ops
    >>> operand_names(ops.maximum), operand_names(ops.linear)
    (('a', 'b'), ('x', 'w'))
    """
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


def rules_of(primitive: Primitive, names: Sequence[str]) -> tuple[tuple[Rule, ...], list[ast.AST]]:
    """The rules as text, and as trees, to find what they call.

    >>> from autotensor import ops
    >>> rules_of(ops.tanh, ["x"])[0]
    (Rule(label='dy/dx', source='1 - y * y'),)
    """
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
            source = source_of(getattr(type(primitive), method))
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
                text = ONE.sub("1", " ".join((ast.get_source_segment(source, body) or "").split()))
                yield ("none: it has no derivative" if text == "None" else text), entry


def helpers_of(primitive: Primitive, trees: Sequence[ast.AST]) -> Iterator[str]:
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
                yield source_of(thing)
                todo.append(ast.parse(source_of(thing)))


def source_of(function: Any) -> str:
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
    source = source_of(function)
    try:
        tree = ast.parse(source).body[0]
    except SyntaxError:
        return source
    if isinstance(tree, ast.FunctionDef) and len(tree.body) == 1 and isinstance(tree.body[0], ast.Return):
        return " ".join((ast.get_source_segment(source, tree.body[0].value or tree) or "").split())
    return source


def distance_to_kinks(kind: type[Primitive]) -> str:
    """How far the nearest kink is: the formula, or in words where it is longer; empty where none is declared.

    >>> from autotensor import ops
    >>> distance_to_kinks(type(ops.relu))
    'distance to the nearest: np.abs(np.real(x))'
    """
    if kind.kinks is Primitive.kinks:
        return ""
    text = _body(kind.kinks)
    return (
        f"distance to the nearest: {text}"
        if "\n" not in text
        else (inspect.getdoc(kind.kinks) or text).split("\n")[0].rstrip(".")
    )


def source_of_value(primitive: Primitive) -> str:
    """The value as an expression, a function of NumPy, or a whole method; what is longer than a dozen lines is only named.

    >>> from autotensor import ops
    >>> source_of_value(ops.tanh)
    'np.tanh'
    """
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


def numpy_names(primitive: Primitive) -> tuple[str, ...]:
    """The functions of NumPy that mean this primitive, or the public function of its name, when called with a Tensor.

    >>> from autotensor import ops
    >>> numpy_names(ops.tanh)
    ('np.tanh',)
    """
    ours = (primitive, getattr(public, primitive.name, primitive))
    found = {_numpy_name(theirs) for theirs, meaning in numpy_functions.items() if any(meaning is one for one in ours)}
    return tuple(sorted(found))
