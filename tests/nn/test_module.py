"""Modules: what they hold, how they are called, walked, saved, copied and written."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, ShapeError, UnknownNameError
from autotensor.core.recording import current
from autotensor.nn.attributes import MissingAttributeError, NoForwardError
from autotensor.nn.state import StateError


class Block(nn.Module):
    """A parameter, a buffer, a child."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter([2.0, 3.0])
        self.register_buffer("count", np.zeros((), np.int64))
        self.register_buffer("scratch", at.ones(2), persistent=False)
        self.linear = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        return self.linear(x * self.scale)


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), Block())
        self.head = nn.Linear(2, 3, bias=False)

    def forward(self, x: Any) -> Any:
        return self.head(self.layers(x))


NAMES = ["layers.0.weight", "layers.0.bias", "layers.2.scale", "layers.2.linear.weight", "layers.2.linear.bias", "head.weight"]


def test_parameters_and_buffers_are_found_by_dotted_path() -> None:
    model = Model()
    assert [name for name, _ in model.named_parameters()] == NAMES
    assert [name for name, _ in model.named_buffers()] == ["layers.2.count", "layers.2.scratch"]
    assert [name for name, _ in model.named_modules()] == [
        "",
        "layers",
        "layers.0",
        "layers.1",
        "layers.2",
        "layers.2.linear",
        "head",
    ]
    assert [name for name, _ in model.named_children()] == ["layers", "head"]
    assert [name for name, _ in model.named_parameters(recurse=False)] == []
    assert next(model.named_parameters(prefix="net"))[0] == "net.layers.0.weight"
    assert list(model.parameters())[2] is model.layers[2].scale
    assert len(list(model.buffers())) == 2
    assert list(model.children()) == [model.layers, model.head]


def test_shared_parameters_and_modules_are_listed_once_and_saved_under_each_name() -> None:
    tied = nn.Linear(2, 2)
    model = nn.Sequential(tied, nn.ReLU(), tied)
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(list(model.modules())) == 3
    assert len(list(model.named_parameters(remove_duplicate=False))) == 4
    assert model.load_state_dict(model.state_dict()) == ([], [])


def test_a_child_that_holds_its_parent_is_walked_once() -> None:
    parent, child = nn.Module(), nn.Module()
    parent.child, child.parent = child, parent
    assert list(parent.modules()) == [parent, child]
    assert list(parent.state_dict()) == []
    assert parent.eval().training is False


def test_get_submodule_follows_a_path_and_suggests_another() -> None:
    model = Model()
    assert model.get_submodule("layers.2.linear") is model.layers[2].linear
    assert model.get_submodule("") is model
    with pytest.raises(UnknownNameError, match=r"no module at 'layers\.2\.linaer'\. Did you mean 'layers\.2\.linear'\?"):
        model.get_submodule("layers.2.linaer")


# attributes


def test_assigning_replaces_what_was_registered_and_keeps_its_place() -> None:
    model = Model()
    model.layers = nn.Identity()
    assert [name for name, _ in model.named_modules()] == ["", "layers", "head"]
    model.head = None
    assert [name for name, _ in model.named_children()] == ["layers"]
    del model.head
    assert "head" not in repr(model)


def test_a_buffer_takes_tensors_and_arrays_and_stays_a_constant() -> None:
    block = Block()
    block.count = at.tensor(2.0, requires_grad=True) * 3
    assert block.count.requires_grad is False
    assert block.count.item() == 6
    array = np.array(7.0)
    block.count = array
    array[...] = 0
    assert block.count.item() == 7
    assert "count" in dict(block.named_buffers())
    block.count = None
    assert "count" not in dict(block.named_buffers())


def test_a_parameter_may_take_the_place_of_a_buffer() -> None:
    block = Block()
    block.scratch = nn.Parameter([1.0])
    assert "scratch" in dict(block.named_parameters())
    assert "scratch" in block.state_dict()


def test_a_parameter_assigned_later_is_found() -> None:
    block = Block()
    block.late = nn.Parameter([1.0], requires_grad=False)
    assert "late" in dict(block.named_parameters())


def test_a_property_is_asked_before_a_parameter_is_registered() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 2)

        @property
        def weight(self) -> Any:
            return self.inner.weight

        @weight.setter
        def weight(self, value: Any) -> None:
            self.inner.weight = value

    tied = Tied()
    tied.weight = nn.Parameter([[1.0]])
    assert [name for name, _ in tied.named_parameters()] == ["inner.weight", "inner.bias"]
    assert tied.weight is tied.inner.weight


def early() -> None:
    class Early(nn.Module):
        def __init__(self) -> None:
            self.linear = nn.Linear(1, 1)

    Early()


def forgotten() -> None:
    class Forgotten(nn.Module):
        def __init__(self) -> None:
            self.size = 3

    Forgotten()(1.0)


def wrong_name(name: str) -> Callable[[], None]:
    return lambda: nn.Module().register_buffer(name, at.ones(1))


REFUSALS = [
    (early, MissingAttributeError, r"Early cannot hold 'linear' yet: its __init__ must call super\(\).__init__\(\) first"),
    (forgotten, MissingAttributeError, r"Forgotten has no attribute '_hooks': its __init__ must call super"),
    (lambda: nn.Linear(1, 1).wieght, MissingAttributeError, r"Linear has no attribute 'wieght'\. Did you mean 'weight'\?"),
    (lambda: nn.Module()(1.0), NoForwardError, r"Module was called and has no forward\. Define it: `def forward\(self, x\)"),
    (
        lambda: setattr(nn.Linear(1, 1), "weight", at.ones(1)),
        DTypeError,
        r"Linear\.weight is a parameter: .*got Tensor\. Wrap it",
    ),
    (lambda: setattr(nn.Linear(1, 1), "bias", 0.0), DTypeError, r"Linear\.bias is a parameter: .*got float"),
    (
        lambda: setattr(nn.Sequential(nn.ReLU()), "0", at.tanh),
        DTypeError,
        r"Sequential\.0 is a module: .*got Tanh\. Pass an instance",
    ),
    (lambda: nn.Sequential(nn.ReLU), DTypeError, r"Sequential\.0 is a module: .*got the class ReLU"),
    (lambda: nn.Module().register_parameter("w", at.ones(1)), DTypeError, "w is a parameter"),
    (wrong_name("a.b"), ArgumentError, r"without dots and not empty, got 'a\.b'"),
    (wrong_name(""), ArgumentError, "not empty, got ''"),
    (wrong_name("forward"), ArgumentError, r"already has an attribute 'forward'; choose another name for the buffer"),
    (wrong_name("training"), ArgumentError, "already has an attribute 'training'"),
    (lambda: nn.Module().to("int32"), DTypeError, r"to\(\) takes a floating dtype such as 'float64', got 'int32'"),
    (lambda: nn.Module().to("cuda"), DTypeError, "there are no devices to choose"),
    (lambda: nn.Parameter([1, 2]), DTypeError, "only floating tensors can require gradients, got dtype int64"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS)
def test_a_module_says_what_it_expected(call: Callable[[], Any], error: type[AutotensorError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_errors_are_the_builtin_ones_that_pytorch_users_catch() -> None:
    assert not hasattr(nn.Module(), "nothing")
    with pytest.raises(NotImplementedError):
        nn.Module()(1.0)
    with pytest.raises(RuntimeError):
        nn.Linear(1, 1).load_state_dict({})


# calling


class Spy(nn.Module):
    def forward(self, x: Any) -> Any:
        self.path = str(current.outer)
        return x


def test_operations_know_the_path_of_their_module() -> None:
    spy = Spy()
    outer = nn.Sequential(nn.Identity(), nn.Sequential(spy))
    outer(at.ones(1))
    assert spy.path == "1.0"
    assert str(current.outer) == ""
    alone = Spy()
    alone(at.ones(1))
    assert alone.path == ""


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (lambda: nn.Linear(3, 2), "linear: inputs"),
        (lambda: nn.Sequential(nn.Linear(3, 2)), "0: linear: inputs"),
        (lambda: nn.Sequential({"layers": nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Linear(3, 2))}), "layers.2: linear: inputs"),
    ],
)
def test_a_shape_error_names_the_layers_path(model: Callable[[], nn.Module], path: str) -> None:
    with pytest.raises(ShapeError) as caught:
        model()(at.ones((5, 4)))
    assert str(caught.value).startswith(f"{path} of shape (..., 3) expected for a weight (2, 3), got (5, 4)")
    assert str(current.outer) == ""


def test_hooks_see_and_replace_inputs_and_outputs_until_they_are_removed() -> None:
    layer = nn.ReLU()
    seen: list[Any] = []
    before = layer.register_forward_pre_hook(lambda module, inputs: (inputs[0] * -1,))
    after = layer.register_forward_hook(lambda module, inputs, output: seen.append((module, inputs[0].item(), output.item())))
    assert layer(at.tensor(-2.0)).item() == 2
    assert seen == [(layer, 2.0, 2.0)]
    before.remove()
    before.remove()
    assert layer(at.tensor(-2.0)).item() == 0
    after.remove()
    with layer.register_forward_hook(lambda module, inputs, output: output + 1):
        assert layer(at.tensor(-2.0)).item() == 1
    assert layer(at.tensor(-2.0)).item() == 0
    assert len(seen) == 2


def test_a_pre_hook_may_return_a_single_input_and_hooks_run_inside_the_path() -> None:
    spy = Spy()
    paths: list[str] = []
    spy.register_forward_pre_hook(lambda module, inputs: inputs[0] + 1)
    spy.register_forward_hook(lambda *_: paths.append(str(current.outer)))
    assert nn.Sequential(spy)(at.tensor(1.0)).item() == 2
    assert paths == ["0"]


# state


def test_train_and_eval_reach_every_module() -> None:
    model = Model()
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    assert all(module.training for module in model.train().modules())


def test_zero_grad_forgets_or_zeroes() -> None:
    model = Model()
    model(at.ones((1, 2))).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.numpy().any() for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_requires_grad_freezes_and_thaws() -> None:
    model = Model().requires_grad_(False)
    assert not model(at.ones((1, 2))).requires_grad
    model.requires_grad_()
    assert model(at.ones((1, 2))).requires_grad
    assert [p.name for p in model.parameters()] == ["weight", "bias", "scale", "weight", "bias", "weight"]


def test_apply_calls_children_first() -> None:
    kinds: list[str] = []
    model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))
    assert model.apply(lambda module: kinds.append(type(module).__name__)) is model
    assert kinds == ["ReLU", "Tanh", "Sequential", "Sequential"]


def test_to_converts_floating_tensors_and_their_gradients_only() -> None:
    model = Model()
    model(at.ones((1, 2))).sum().backward()
    model.double()
    assert {p.dtype.name for p in model.parameters()} == {"float64"}
    assert {p.grad.dtype.name for p in model.parameters() if p.grad is not None} == {"float64"}
    assert {b.dtype.name for b in model.buffers()} == {"int64", "float64"}
    model.zero_grad()
    y = model(at.ones((1, 2), dtype=np.float64))
    y.sum().backward()
    assert y.dtype == np.float64
    assert {p.grad.dtype.name for p in model.parameters() if p.grad is not None} == {"float64"}
    assert {p.dtype.name for p in model.float().parameters()} == {"float32"}


def test_a_state_travels_to_another_model() -> None:
    first, second = Model(), Model()
    x = at.ones((4, 2))
    state = first.state_dict()
    assert list(state) == [*NAMES[:3], "layers.2.count", *NAMES[3:]]
    assert all(type(t) is at.Tensor and not t.requires_grad for t in state.values())
    second.load_state_dict({name: t.numpy() for name, t in state.items()})
    np.testing.assert_array_equal(first(x).numpy(), second(x).numpy())
    state["head.weight"].data[...] = 9
    assert first.head.weight.tolist() != state["head.weight"].tolist()
    assert next(iter(first.state_dict(prefix="net."))) == "net.layers.0.weight"


def test_loading_replaces_arrays_so_that_recorded_graphs_keep_theirs() -> None:
    layer = nn.Linear(1, 1, bias=False)
    layer.load_state_dict({"weight": np.array([[3.0]])})
    x = at.tensor([[1.0]], requires_grad=True)
    y = layer(x)
    held = layer.weight
    layer.load_state_dict({"weight": at.tensor([[5.0]])})
    y.backward()
    assert x.grad is not None
    assert (x.grad.item(), layer.weight.item(), layer.weight.dtype.name) == (3.0, 5.0, "float32")
    assert layer.weight is held


def test_a_state_that_does_not_fit_changes_nothing_and_every_misfit_is_named() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    before = {name: t.numpy() for name, t in model.state_dict().items()}
    state: dict[str, Any] = {name: t + 1 for name, t in model.state_dict().items()}
    del state["0.bias"]
    state["0.bais"] = at.ones(3)
    state["1.weight"] = at.ones(4)
    state["1.num_batches_tracked"] = at.tensor(1.5)
    with pytest.raises(StateError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "these arrays do not fit Sequential, nothing was changed:\n"
        "  missing: '0.bias', of shape (3,).\n"
        "  unexpected: '0.bais'. Did you mean '0.bias'?\n"
        "  shape: '1.weight' is (3,) here and (4,) in what was saved.\n"
        "  dtype: '1.num_batches_tracked' is int64 here and float32 in what was saved."
    )
    for name, t in model.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[name])


def test_a_state_may_be_partial_unless_strict() -> None:
    layer = nn.Linear(1, 1)
    keys = layer.load_state_dict({"weight": [[4.0]], "extra": [0.0]}, strict=False)
    assert keys == (["bias"], ["extra"])
    assert (keys.missing_keys, keys.unexpected_keys) == (["bias"], ["extra"])
    assert layer.weight.item() == 4
    with pytest.raises(StateError, match=r"shape: 'weight' is \(1, 1\) here and \(1,\)"):
        layer.load_state_dict({"weight": [4.0]}, strict=False)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copied_model_computes_the_same_and_shares_nothing(duplicate: Callable[[Any], Any]) -> None:
    model = Model().eval()
    model.layers[2].linear.requires_grad_(False)
    model.layers[0].weight = model.layers[2].linear.weight  # shared
    twin = duplicate(model)
    x = at.ones((4, 2))
    np.testing.assert_array_equal(model(x).numpy(), twin(x).numpy())
    assert repr(twin) == repr(model)
    assert twin.training is False
    assert [(n, p.requires_grad, p.name) for n, p in twin.named_parameters()] == [
        (n, p.requires_grad, p.name) for n, p in model.named_parameters()
    ]
    assert twin.layers[0].weight is twin.layers[2].linear.weight
    assert not set(map(id, twin.parameters())) & set(map(id, model.parameters()))
    twin.head.weight.data[...] = 0
    assert model.head.weight.numpy().any()


def test_a_copied_modules_hooks_are_its_own() -> None:
    layer = nn.ReLU()
    layer.register_forward_hook(plus_one)
    twin = copy.deepcopy(layer)
    twin._hooks.clear()
    assert (layer(at.tensor(1.0)).item(), twin(at.tensor(1.0)).item()) == (2, 1)
    assert pickle.loads(pickle.dumps(layer))(at.tensor(1.0)).item() == 2


def plus_one(module: Any, inputs: Any, output: Any) -> Any:
    return output + 1


# parameters


def test_a_parameter_owns_its_numbers_and_its_leaf_carries_its_name() -> None:
    array = np.ones(2, np.float32)
    p = nn.Parameter(array)
    array[0] = 7
    assert p.tolist() == [1, 1]
    assert p.name is None
    module = nn.Module()
    module.gain = p
    assert p.name == "gain"
    assert p.node is not None
    assert p.node.label == "gain"
    p.requires_grad_(False)
    p.requires_grad_(True)
    assert p.node.label == "gain"
    assert type(p * 2) is at.Tensor
    assert nn.Parameter(at.ones(1, dtype=np.float64)).dtype == np.float64


def test_a_parameter_says_what_it_is() -> None:
    assert repr(nn.Parameter([1.0])) == "Parameter([1.])"
    assert repr(nn.Parameter(np.ones(1), requires_grad=False)) == "Parameter([1.], dtype=float64, requires_grad=False)"


def test_a_copied_parameter_keeps_its_name_and_whether_it_learns() -> None:
    frozen = nn.Parameter([1.0], requires_grad=False)
    frozen.name = "gain"
    for twin in (copy.copy(frozen), copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        assert type(twin) is nn.Parameter
        assert (twin.tolist(), twin.name, twin.requires_grad) == ([1.0], "gain", False)
