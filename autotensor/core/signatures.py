"""How a primitive is called, for `inspect.signature`, `help` and editors: its operands by position, its settings by keyword."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

OPERAND = inspect.Parameter.POSITIONAL_ONLY
ANY_OPERANDS = inspect.Parameter.VAR_POSITIONAL
SETTING = inspect.Parameter.KEYWORD_ONLY


class Signature:
    """The attribute `__signature__` of a primitive, worked out when it is asked for, so that importing stays fast.

    >>> import inspect, autotensor as at
    >>> inspect.signature(at.tanh), inspect.signature(at.atan2)
    (<Signature (x, /)>, <Signature (x1, x2, /)>)
    """

    def __get__(self, primitive: Any, kind: type) -> inspect.Signature:
        if primitive is None:
            raise AttributeError(f"the class {kind.__name__} has the signature of its __init__.")
        return signature_of(primitive)


def signature_of(primitive: Any) -> inspect.Signature:
    """Operands as the value names them; those of a ufunc, which names none, as the array-API standard does: x, or x1 and x2.

    >>> import autotensor as at
    >>> signature_of(at.where)
    <Signature (condition, a, b, /)>
    """
    if isinstance(primitive.value, np.ufunc):
        return inspect.Signature([inspect.Parameter(name, OPERAND) for name in _standard(len(primitive.partials))])
    parameters = []
    for stated in inspect.signature(primitive.value).parameters.values():
        if stated.kind is SETTING:
            parameters.append(stated.replace(annotation=inspect.Parameter.empty))
        elif stated.kind is not ANY_OPERANDS:
            parameters.append(inspect.Parameter(stated.name, OPERAND))
        elif primitive.kinds:  # it takes what comes, but so many are declared
            parameters += [inspect.Parameter(name, OPERAND) for name in _standard(len(primitive.kinds))]
        else:
            parameters.append(inspect.Parameter(stated.name, ANY_OPERANDS))
    return inspect.Signature(parameters)


def _standard(count: int) -> list[str]:
    return ["x"] if count == 1 else [f"x{i + 1}" for i in range(count)]
