"""Nested containers of tensors: taken apart into a flat list, and put together again in the same structure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

Tree: TypeAlias = Any  # a tensor, or a tuple, list, named tuple or dict of trees; None is a tree without tensors


def flatten(tree: Tree) -> tuple[list[Any], Callable[[Iterable[Any]], Tree]]:
    """(the leaves in order, a function that puts as many others in their places). Dicts go by their own order of keys.

    >>> leaves, rebuild = flatten({"w": 1, "layers": [2, (3,)]})
    >>> leaves, rebuild(["a", "b", "c"])
    ([1, 2, 3], {'w': 'a', 'layers': ['b', ('c',)]})
    """
    found: list[Any] = []
    _collect(tree, found)
    return found, lambda leaves: _rebuilt(tree, iter(leaves))


def _collect(tree: Tree, found: list[Any]) -> None:
    if isinstance(tree, (tuple, list, dict)):
        for part in tree.values() if isinstance(tree, dict) else tree:
            _collect(part, found)
    elif tree is not None:
        found.append(tree)


def _rebuilt(tree: Tree, leaves: Iterator[Any]) -> Tree:
    if isinstance(tree, dict):
        return type(tree)((key, _rebuilt(part, leaves)) for key, part in tree.items())
    if isinstance(tree, (tuple, list)):
        parts = [_rebuilt(part, leaves) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return None if tree is None else next(leaves)
