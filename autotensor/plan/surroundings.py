"""What a function reads without taking it as an argument: its closure, the names of its file, the attributes of its modules.

A plan was traced with what was found there; as soon as one of these names stands for something else, it is traced again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

LIBRARIES = ("autotensor", "numpy", "builtins")  # what they read does not change

Reader = Callable[[], tuple[Any, ...]]


class Surroundings:
    """The present meaning of the names that a function reads, and whether it is still the same.

    >>> from types import SimpleNamespace
    >>> settings = SimpleNamespace(rate=2.0)
    >>> around = Surroundings(None, [settings])
    >>> settings.rate = 3.0
    >>> Surroundings(None, [settings]).unchanged(), around.unchanged()
    (True, False)
    """

    __slots__ = ("_found", "_readers")

    def __init__(self, function: Any, objects: Iterable[Any] = ()) -> None:
        self._readers = list(_readers(function, objects))
        self._found = [read() for read in self._readers]  # held, so that no other object gets their ids

    def unchanged(self) -> bool:
        """Whether every name stands for the very object that it stood for."""
        for read, found in zip(self._readers, self._found, strict=True):
            present = read()
            if len(present) != len(found) or any(map(_differ, present, found)):
                return False
        return True


def _differ(a: Any, b: Any) -> bool:
    return a is not b


def _readers(function: Any, objects: Iterable[Any]) -> Iterator[Reader]:
    """One reader for each place where names are kept; other functions of the user's are followed."""
    todo: list[Any] = [function, *objects]
    owners = {id(x) for x in todo}  # objects of which every attribute counts
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType)):
            continue
        seen.add(id(one))
        if isinstance(one, functools.partial):
            todo += [one.func, *one.args, *one.keywords.values()]
        elif isinstance(one, MethodType):
            todo += [one.__func__, one.__self__]
            owners.add(id(one.__self__))
        elif isinstance(one, FunctionType):
            todo += _followed(one)
            yield from _of_function(one)
        elif callable(getattr(one, "modules", None)) and hasattr(one, "training"):
            for module in one.modules():
                seen.add(id(module))
                yield functools.partial(_attributes, module)
        elif callable(wrapped := getattr(one, "__dict__", {}).get("__wrapped__")):  # compiled itself
            todo.append(wrapped)
        elif id(one) in owners and hasattr(one, "__dict__"):
            yield functools.partial(_attributes, one)
            todo += _attributes(one)


def _followed(function: FunctionType) -> list[Any]:
    """What a function may call: what it wraps, and what its closure and its file's names stand for."""
    wrapped = [function.__wrapped__] if hasattr(function, "__wrapped__") else []
    if _is_library(function):
        return wrapped
    cells = [x for cell in function.__closure__ or () for x in _inside(cell)]
    return [*wrapped, *cells, *(function.__globals__.get(name) for name in _names(function))]


def _of_function(function: FunctionType) -> Iterator[Reader]:
    if _is_library(function):
        return
    if function.__closure__:
        yield functools.partial(_cells, function.__closure__)
    if names := _names(function):
        yield functools.partial(_globals, function.__globals__, names)


def _is_library(function: FunctionType) -> bool:
    return (function.__module__ or "").partition(".")[0] in LIBRARIES


def _names(function: FunctionType) -> tuple[str, ...]:
    """The names of its file that a function, or one defined in it, reads."""
    codes: list[CodeType] = [function.__code__]
    names: dict[str, None] = {}
    for code in codes:  # grows while it is read
        names |= dict.fromkeys(name for name in code.co_names if name in function.__globals__)
        codes += [part for part in code.co_consts if isinstance(part, CodeType)]
    return tuple(names)


def _inside(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # not yet assigned
        return ()


def _cells(cells: tuple[CellType, ...]) -> tuple[Any, ...]:
    return tuple([x for cell in cells for x in _inside(cell)])


def _globals(table: dict[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple([table.get(name) for name in names])


def _attributes(module: Any) -> tuple[Any, ...]:
    return tuple(getattr(module, "__dict__", {}).values())
