"""The door of a compiled function: what of its arguments is data, what is part of the signature, and how both are named."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autotensor.autodiff.trees import Tree
from autotensor.core.errors import DTypeError
from autotensor.core.spec import Spec
from autotensor.core.tensor import Tensor


def entrance(tree: Tree, arrays: list[Any]) -> Any:
    """The signature of a tree of arguments; its Tensors and arrays are added to `arrays`, in their order.

    Of a Tensor or array shape and dtype count, of a container its type and keys, of everything else the value.
    Raises: DTypeError for what is neither an array nor hashable.

    >>> import autotensor as at
    >>> found = []
    >>> entrance({"x": at.ones((2,)), "n": 3}, found) == entrance({"x": at.zeros((2,)), "n": 3}, found), len(found)
    (True, 2)
    >>> entrance(1, found) == entrance(1.0, found), entrance(0.0, found) == entrance(-0.0, found)
    (False, False)
    """
    if isinstance(tree, (Tensor, np.ndarray)) or hasattr(tree, "interpret"):
        arrays.append(tree)
        return tree.shape, tree.dtype
    kind = type(tree)
    if isinstance(tree, (tuple, list)):
        return kind, tuple([entrance(x, arrays) for x in tree])
    if isinstance(tree, dict):
        return kind, tuple(tree), tuple([entrance(x, arrays) for x in tree.values()])
    if isinstance(tree, (float, complex, np.inexact)):
        return kind, repr(tree)  # 0.0 == -0.0, and nan is not itself
    try:
        hash(tree)
    except TypeError:
        raise DTypeError(
            f"a compiled function takes Tensors, arrays and what can be hashed, in tuples, lists and dicts; got {kind.__name__}. "
            f"Convert it first, for example to a tuple, or let the function read it from outside."
        ) from None
    return kind, tree


def parameters(function: Callable[..., Any], args: tuple[Any, ...], settings: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arguments with the names of the parameters that take them."""
    try:
        called = getattr(function, "forward", function)  # a module's call says nothing
        stated = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):  # a builtin tells nothing
        stated = []
    names = [p.name for p in stated if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    for i, x in enumerate(args):
        yield names[i] if i < len(names) else f"argument_{i}", x
    yield from settings.items()


def named_leaves(name: str, tree: Tree) -> Iterator[tuple[str, Any]]:
    """The leaves of a tree, as `trees.flatten` gives them, each with its path.

    >>> list(named_leaves("p", {"w": 1, "b": (2, None)}))
    [('p_w', 1), ('p_b_0', 2)]
    """
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield from named_leaves(f"{name}_{key}", part)
    elif isinstance(tree, (tuple, list)):
        for key, part in zip(getattr(tree, "_fields", range(len(tree))), tree, strict=True):
            yield from named_leaves(f"{name}_{key}", part)
    elif tree is not None:
        yield name, tree


def described(tree: Tree) -> str:
    """What the signature holds of an argument, for people.

    >>> import autotensor as at
    >>> described([at.ones((2, 3)), 0.5])
    '[float32(2, 3), 0.5]'
    """
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {described(x)}" for key, x in tree.items()) + "}"
    if isinstance(tree, (tuple, list)):
        parts = ", ".join(map(described, tree))
        return f"[{parts}]" if isinstance(tree, list) else f"({parts})"
    if hasattr(tree, "shape") and hasattr(tree, "dtype") and not isinstance(tree, np.generic):
        return f"{tree.dtype}{tuple(tree.shape)}"
    return repr(tree)


def spec_at_the_door(x: Any) -> Spec:
    """Shape and dtype of a Tensor or array that is an argument.

    Raises: DTypeError if it is not numeric.
    """
    if x.dtype.kind not in "biufc":
        raise DTypeError(f"a compiled function takes numbers and booleans, got an array of dtype {x.dtype}.")
    return Spec(tuple(x.shape), x.dtype)
