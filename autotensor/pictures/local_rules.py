"""The local derivative of a step in symbols, as the primitive's declaration states it."""

from __future__ import annotations

import functools
import inspect
import re

from autotensor.core.primitive import Elementwise, Primitive
from autotensor.pictures.declarations import operand_names, rules_of

FORMULA = r"(.+?(?:, else [^\s,;.]+)?)(?:[,;:]? ?\(also|[,;:.]\s|[.]?$)"  # up to the end of the clause
LONG = 40  # signs of source that a table's cell shows


@functools.cache
def local_rule(primitive: Primitive, operand: int) -> str:
    """dy/dx of one operand, by the partial's source or the docstring; else how the cotangent g goes back, as dx.

    >>> from autotensor.core.primitive import registry
    >>> local_rule(registry["divide"], 1), local_rule(registry["sum"], 0), local_rule(registry["linear"], 1)
    ('dy/db = -y / b', 'dy/dx_i = 1', 'dW = g.T @ x')
    """
    names = operand_names(primitive)
    name = names[operand] if operand < len(names) else f"x{operand + 1}"
    rules = {rule.label: rule.source for rule in rules_of(primitive, names)[0]}
    first = (inspect.getdoc(type(primitive)) or "").partition("\n\n")[0].replace("\n", " ")
    stated = rules.get(f"dy/d{name}", "") if isinstance(primitive, Elementwise) else ""
    if stated and _is_formula(stated):
        return f"dy/d{name} = {_plain(stated)}"
    for label in (rf"dy/d{name}\w*", rf"d{name}"):
        formula = re.search(rf"(?<![\w/])({label}) = {FORMULA}", first, re.IGNORECASE)
        if formula:
            return f"{formula[1]} = {formula[2]}"
    transpose = rules.get(f"d{name}", "")
    if transpose and _is_formula(transpose):
        return f"d{name} = {_plain(transpose)}"
    told = re.search(r"(?:the|each operand's) cotangent (.+?)(?:\.|$)", first, re.IGNORECASE)
    if told:
        return f"the cotangent {told[1]}"
    return f"dy/d{name} = {_plain(stated)}" if stated else f"as {primitive.name} states it"


def _is_formula(source: str) -> bool:
    return len(source) <= LONG and not re.search(r"\b_\w+|\bns\.cast\b|\n", source)


def _plain(source: str) -> str:
    return re.sub(r"\bns\.|\bns, ", "", source)
