"""The walker: everything a module holds, by dotted path. Parameters, buffers, summaries and checkpoints are found by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from autotensor.core.tensor import Tensor
    from autotensor.nn.module import Module

Role: TypeAlias = Literal["parameter", "buffer", "module"]
Thing = TypeVar("Thing")


def dotted(prefix: str, name: str) -> str:
    """A path one name longer.

    >>> dotted("", "layers"), dotted("layers", "0")
    ('layers', 'layers.0')
    """
    return f"{prefix}.{name}" if prefix else name


def walk(module: Module, prefix: str = "", above: tuple[Module, ...] = ()) -> Iterator[tuple[str, Module]]:
    """A module and all below it with their paths, parents first; a shared one at each of its places.

    A child that holds its own parent is not walked into again.
    """
    yield prefix, module
    line = (*above, module)
    for name, child in module._held("module"):
        if child is not None and not any(child is one for one in line):
            yield from walk(child, dotted(prefix, name), line)


def tensors(places: Iterable[tuple[str, Module]], role: Role) -> Iterator[tuple[str, Tensor]]:
    """The parameters or buffers that the modules at `places` hold themselves, with their paths; absent ones left out."""
    for prefix, module in places:
        for name, tensor in module._held(role):
            if tensor is not None:
                yield dotted(prefix, name), tensor


def once(pairs: Iterable[tuple[str, Thing]]) -> Iterator[tuple[str, Thing]]:
    """Each thing once, under the first of its names."""
    seen: set[int] = set()
    for name, thing in pairs:
        if id(thing) not in seen:
            seen.add(id(thing))
            yield name, thing
