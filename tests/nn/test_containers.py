"""Sequential, ModuleList and ModuleDict."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, IndexRangeError, UnknownNameError


def kinds(modules: Any) -> list[str]:
    return [type(module).__name__ for module in modules]


def test_a_sequential_is_a_chain_and_a_list() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    assert model(at.tensor(0.0)).item() == 0.5
    assert len(model) == 3
    assert kinds(model) == ["ReLU", "Tanh", "Sigmoid"]
    assert model[0] is next(iter(model))
    assert model[-1] is model[2]
    assert nn.Sequential()(1.0) == 1.0


def test_a_slice_shares_the_modules_and_keeps_their_names() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Linear(1, 1), nn.Tanh())
    tail = model[1:]
    assert type(tail) is nn.Sequential
    assert tail[0] is model[1]
    assert list(tail.state_dict()) == ["1.weight", "1.bias"]
    listed = nn.ModuleList(list(model))
    assert list(listed[1:].state_dict()) == ["0.weight", "0.bias"]


def test_a_slice_does_not_change_the_paths_of_the_first_holder() -> None:
    layers = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
    layers[1:]
    with pytest.raises(AutotensorError, match=r"^1: linear"):
        layers[1](at.ones((1, 5)))


def test_a_sequential_takes_names_from_a_dict() -> None:
    model = nn.Sequential(OrderedDict(first=nn.ReLU(), second=nn.Tanh()))
    assert [name for name, _ in model.named_children()] == ["first", "second"]
    assert model.first is model[0]


@pytest.mark.parametrize("container", [lambda modules: nn.Sequential(*modules), nn.ModuleList])
def test_modules_are_added_taken_out_and_numbered_anew(container: Callable[[Any], Any]) -> None:
    modules = container([nn.ReLU(), nn.Tanh()])
    assert modules.append(nn.Sigmoid()) is modules
    assert kinds(modules.extend([nn.GELU()]).insert(1, nn.SiLU())) == ["ReLU", "SiLU", "Tanh", "Sigmoid", "GELU"]
    assert type(modules.pop()) is nn.GELU
    assert type(modules.pop(0)) is nn.ReLU
    del modules[0]
    modules[-1] = nn.Mish()
    assert [(name, type(module)) for name, module in modules.named_children()] == [("0", nn.Tanh), ("1", nn.Mish)]
    del modules[:]
    assert len(modules) == 0


def test_a_module_list_may_extend_itself() -> None:
    modules = nn.ModuleList([nn.ReLU()])
    assert len(modules.extend(modules)) == 2


def test_a_module_dict_is_a_dict() -> None:
    modules = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Linear(1, 1)})
    modules["c"] = nn.Tanh()
    modules.update([("a", nn.GELU())])
    assert (list(modules), len(modules), "a" in modules, "z" in modules) == (["a", "b", "c"], 3, True, False)
    assert kinds(modules.values()) == ["GELU", "Linear", "Tanh"]
    assert list(modules.items()) == list(modules.named_children())
    assert list(modules.state_dict()) == ["b.weight", "b.bias"]
    assert type(modules.pop("a")) is nn.GELU
    del modules["b"]
    assert modules.keys() == ["c"]
    modules.clear()
    assert repr(modules) == "ModuleDict()"


REFUSALS = [
    (lambda: nn.Sequential(nn.ReLU())[1], IndexRangeError, "index 1 is outside a Sequential of 1 modules"),
    (lambda: nn.ModuleList()[-1], IndexRangeError, "index -1 is outside a ModuleList of 0 modules"),
    (lambda: nn.ModuleList([nn.ReLU()])["a"], DTypeError, "indexed by ints and slices, got 'a'"),
    (lambda: nn.Sequential(nn.ReLU(), at.tanh), DTypeError, r"Sequential\.1 is a module: .*not a class or a function"),
    (lambda: nn.Sequential(nn.ReLU(), {"a": nn.ReLU()}), DTypeError, r"Sequential\.1 is a module: .*got dict"),
    (lambda: nn.ModuleDict({"relu": nn.ReLU()})["rleu"], UnknownNameError, "no module 'rleu'. Did you mean 'relu'"),
    (lambda: nn.ModuleDict({"keys": nn.ReLU()}), ArgumentError, "already has an attribute 'keys'"),
    (lambda: nn.ModuleList([nn.ReLU()])(1.0), NotImplementedError, "ModuleList was called and has no forward"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS)
def test_a_container_says_what_it_expected(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
