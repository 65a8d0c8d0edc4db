"""Python text that makes given inputs again, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor

LONGEST = 400  # elements written out; more would be no line to read


def call(checker: str, f: Any, inputs: Sequence[Any], settings: dict[str, Any]) -> str:
    """The call of a checker with these inputs.

    >>> call("check_grads", np.tanh, [np.array([1.0])], {"order": 1})
    'check_grads(tanh, np.array([1.0]), order=1)'
    """
    name = getattr(f, "__name__", "f")
    name = name if name.isidentifier() else "f"
    # too many to write out: the error has them
    arguments = ["*error.inputs"] if count(inputs) > LONGEST else [written(x) for x in inputs]
    return f"{checker}({', '.join([name, *arguments, *(f'{k}={v!r}' for k, v in settings.items())])})"


def count(tree: Any) -> int:
    """How many elements there are in all."""
    if isinstance(tree, dict):
        return sum(count(part) for part in tree.values())
    if isinstance(tree, (tuple, list)):
        return sum(count(part) for part in tree)
    return int(np.size(tree.data)) if isinstance(tree, Tensor) else int(np.size(tree))


def written(tree: Any) -> str:
    """A tree of arrays as an expression.

    >>> written({"w": np.array([0.1, np.nan]), "n": (3,)})
    "{'w': np.array([0.1, np.nan]), 'n': (3,)}"
    """
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {written(part)}" for key, part in tree.items()) + "}"
    if isinstance(tree, (tuple, list)):
        inner = ", ".join(written(part) for part in tree)
        if isinstance(tree, list):
            return f"[{inner}]"
        return f"({inner},)" if len(tree) == 1 else f"({inner})"
    if isinstance(tree, Tensor):
        grad = ", requires_grad=True" if tree.requires_grad else ""
        return f"at.tensor({_array(tree.data)}{grad})"
    return _array(tree) if isinstance(tree, np.ndarray) else repr(tree)


def _array(x: Array) -> str:
    dtype = "" if x.dtype in (np.float64, np.bool_) and x.size else f", np.{x.dtype.name}"
    if not x.size:
        return f"np.zeros({x.shape}{dtype})"
    return f"np.array({_numbers(x.tolist())}{dtype})"


def _numbers(x: Any) -> str:
    if isinstance(x, list):
        return "[" + ", ".join(_numbers(one) for one in x) + "]"
    if isinstance(x, float) and not np.isfinite(x):
        return "-np.inf" if x < 0 else f"np.{x}"
    return repr(x)
