"""Modules that hold modules: in a chain, in a list, under names."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, SupportsIndex, overload

from autotensor.core.errors import DTypeError, IndexRangeError, UnknownNameError, did_you_mean
from autotensor.nn.module import Module


class _Ordered(Module):
    """Modules in an order, held under "0", "1", ... unless named otherwise."""

    def __len__(self) -> int:
        return len(self._held("module"))

    def __iter__(self) -> Iterator[Module]:
        return iter([module for _, module in self._held("module")])

    @overload
    def __getitem__(self, index: SupportsIndex) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self._held("module")[self._place(index)][1]
        return self._part(self._held("module")[index])

    def __setitem__(self, index: SupportsIndex, module: Module) -> None:
        self.add_module(self._held("module")[self._place(index)][0], module)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        modules = list(self)
        if isinstance(index, slice):
            del modules[index]
        else:
            del modules[self._place(index)]
        self._renumber(modules)

    def append(self, module: Module) -> Self:
        """Add a module at the end; returns the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; returns the container."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before another; names are numbered anew. Returns the container."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: SupportsIndex = -1) -> Module:
        """Take a module out; names are numbered anew."""
        module = self[index]
        del self[index]
        return module

    def _place(self, index: SupportsIndex) -> int:
        try:
            place = operator.index(index)
        except TypeError:
            raise DTypeError(f"{type(self).__name__} is indexed by ints and slices, got {index!r}.") from None
        if not -len(self) <= place < len(self):
            raise IndexRangeError(f"index {place} is outside a {type(self).__name__} of {len(self)} modules.")
        return place % len(self)

    def _renumber(self, modules: list[Module]) -> None:
        for name, _ in self._held("module"):
            delattr(self, name)
        self.extend(modules)

    def _part(self, pairs: list[tuple[str, Module]]) -> Self:
        """Some of the modules in a container of their own; they keep the names that their first holder gave them."""
        part = type(self).__new__(type(self))  # not __init__: a subclass may build its modules there
        Module.__init__(part)
        part.training = self.training
        for name, module in pairs:
            part._roles[name] = "module"
            part.__dict__[name] = module
        return part


class Sequential(_Ordered):
    """Modules in a chain: each is called with the output of the one before. Given one by one, or by name in a dict.

    Raises: DTypeError for what is not a module.

    >>> import autotensor as at
    >>> from autotensor.nn.activation import ReLU
    >>> from autotensor.nn.linear import Linear
    >>> model = Sequential(Linear(3, 4), ReLU(), Linear(4, 2))
    >>> model(at.zeros((5, 3))).shape, len(model[1:])
    ((5, 2), 2)
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            for place, one in enumerate(modules):
                self.add_module(str(place), one)  # type: ignore[arg-type]  # a dict among them is refused there

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x


class ModuleList(_Ordered):
    """A list whose modules are found by `parameters()` and the rest; it is not called itself.

    >>> from autotensor.nn.linear import Linear
    >>> ModuleList([Linear(2, 2), Linear(2, 2)])
    ModuleList(
      (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def _part(self, pairs: list[tuple[str, Module]]) -> Self:
        return super()._part([(str(place), module) for place, (_, module) in enumerate(pairs)])

    def _lines(self) -> list[tuple[str, str]]:
        lines, first = [], 0
        for written, group in itertools.groupby(map(repr, self)):
            n = len(list(group))
            lines.append((f"{first}-{first + n - 1}", f"{n} x {written}") if n > 1 else (str(first), written))
            first += n
        return lines


class ModuleDict(Module):
    """A dict whose modules are found by `parameters()` and the rest; it is not called itself.

    >>> from autotensor.nn.activation import ReLU
    >>> ModuleDict({"relu": ReLU()})["relu"]
    ReLU()
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        super().__init__()
        self.update(modules)

    def __len__(self) -> int:
        return len(self._held("module"))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __getitem__(self, name: str) -> Module:
        modules = dict(self._held("module"))
        if name not in modules:
            raise UnknownNameError(f"ModuleDict has no module {name!r}.{did_you_mean(name, modules)}")
        module: Module = modules[name]
        return module

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def keys(self) -> list[str]:
        """The names, in the order of assignment."""
        return [name for name, _ in self._held("module")]

    def values(self) -> list[Module]:
        """The modules, in the order of assignment."""
        return [module for _, module in self._held("module")]

    def items(self) -> list[tuple[str, Module]]:
        """Names and modules, in the order of assignment."""
        return self._held("module")

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, replacing those of the same name."""
        for name, module in modules.items() if isinstance(modules, Mapping) else modules:
            self.add_module(name, module)

    def pop(self, name: str) -> Module:
        """Take a module out."""
        module = self[name]
        delattr(self, name)
        return module

    def clear(self) -> None:
        """Take all modules out."""
        for name in self.keys():
            delattr(self, name)
