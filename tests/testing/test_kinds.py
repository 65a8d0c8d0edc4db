"""`check_module`, `check_loss` and `check_optimizer`: ours pass, and each broken promise is found."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import keras, nn, optim
from autotensor.core.errors import ArgumentError
from autotensor.core.tensor import Tensor
from autotensor.testing import CheckError, GradientCheckError, check_loss, check_module, check_optimizer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 4))

MODULES: dict[str, tuple[Callable[[], Any], tuple[Any, ...]]] = {
    "linear": (lambda: nn.Linear(4, 3), (X,)),
    "normalised, with dropout": (lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Dropout(0.5)), (X,)),
    "layer norm": (lambda: nn.LayerNorm(4), (X,)),
    "keras": (lambda: keras.layers.Dense(3, activation="tanh", dtype="float64"), (X,)),
}


@pytest.mark.parametrize("name", MODULES)
def test_our_modules_pass(name: str) -> None:
    make, inputs = MODULES[name]
    reports = check_module(make(), *inputs)
    assert {mode: report.verdict for mode, report in reports.items()} == {"train": "pass", "eval": "pass"}


def test_a_module_is_only_read() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    before = {name: value.numpy().copy() for name, value in module.state_dict().items()}
    check_module(module, X)
    assert module.training
    assert all(np.array_equal(before[name], value.numpy()) for name, value in module.state_dict().items())
    assert all(p.dtype == np.float32 and p.grad is None for p in module.parameters())


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(np.array([1.0, 2.0, 3.0, 4.0]))
        self.register_buffer("calls", at.tensor([0.0]))

    def forward(self, x: Any) -> Any:
        return x * self.weight


class Detached(Scale):
    def forward(self, x: Any) -> Any:
        return x * self.weight.detach() + 0 * self.weight


class Restless(Scale):
    def forward(self, x: Any) -> Any:
        return x * self.weight + at.random.uniform((4,))


class Counting(Scale):
    def forward(self, x: Any) -> Any:
        self.calls.data = self.calls.data + 1
        return x * self.weight


class Deaf(Scale):
    def eval(self) -> Any:
        return self


class Sharing(Scale):
    def state_dict(self, *, prefix: str = "") -> Any:
        return {"weight": Tensor(self.weight.data), "calls": Tensor(self.calls.data)}


class Forgetful(Scale):
    def state_dict(self, *, prefix: str = "") -> Any:
        return {}


class Hidden(Scale):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", at.tensor([0.5]), persistent=False)

    def forward(self, x: Any) -> Any:
        return x * self.weight + self.shift


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Detached, "weight"),
        (Restless, "eval mode gives two results"),
        (Counting, "eval mode changes its buffers calls"),
        (Deaf, "eval() does not reach itself"),
        (Sharing, "shares memory with weight, calls"),
        (Forgetful, "leaves out the parameters weight"),
        (Hidden, "computes something else after load_state_dict"),
    ],
)
def test_a_module_that_breaks_a_promise_is_found(kind: type[nn.Module], message: str) -> None:
    with pytest.raises(CheckError, match=re.escape(message)):
        check_module(kind(), X)


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(ArgumentError, match="use check_grads"):
        check_module(at.tanh, X)


PREDICTION, TARGET = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
LOSSES: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
    "a class": (nn.MSELoss, PREDICTION, TARGET, {}),
    "a function": (nn.functional.l1_loss, PREDICTION, TARGET, {}),
    "an object": (nn.HuberLoss(delta=0.7), PREDICTION, TARGET, {}),
    "labels": (nn.CrossEntropyLoss, PREDICTION, np.array([0, 2, 1, 1]), {}),
    "logits": (nn.BCEWithLogitsLoss, PREDICTION, (TARGET > 0) * 1.0, {}),
    "probabilities": (nn.BCELoss, 1 / (1 + np.exp(-PREDICTION)), (TARGET > 0) * 1.0, {"extremes": (0.0, 1.0)}),
}


@pytest.mark.parametrize("name", LOSSES)
def test_our_losses_pass(name: str) -> None:
    loss, prediction, target, settings = LOSSES[name]
    reports = check_loss(loss, prediction, target, order=1, **settings)
    assert {reduction: report.verdict for reduction, report in reports.items()} == dict.fromkeys(("mean", "sum", "none"), "pass")


def test_a_loss_without_reductions_is_checked_as_given() -> None:
    assert list(check_loss(lambda x, t: ((x - t) ** 2).sum(), PREDICTION, TARGET, order=1)) == ["as given"]


def unstable(x: Any, t: Any) -> Any:
    return (at.log(1 + at.exp(x)) - x * t).sum()


def coarse(x: Any, t: Any) -> Any:
    return ((x + 1e6) - 1e6 - t).sum()


def wrong_mean(x: Any, t: Any, reduction: str = "mean") -> Any:
    each = (x - t) ** 2
    return each if reduction == "none" else each.sum() / (len(x) if reduction == "mean" else 1)


def detached(x: Any, t: Any) -> Any:
    return (x * x.detach()).sum()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (unstable, "it should stay finite"),
        (coarse, "in float32 and"),
        (wrong_mean, "reduction='mean' gives"),
        (detached, "factor 1/2"),
    ],
)
def test_a_loss_that_breaks_a_promise_is_found(loss: Any, message: str) -> None:
    with pytest.raises(CheckError, match=re.escape(message)):
        check_loss(loss, PREDICTION, TARGET, order=1, extremes=(1e3, 1.234567))


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Adagrad"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_our_optimizers_pass(name: str, dtype: str) -> None:
    descent = check_optimizer(lambda p: getattr(optim, name)(p, lr=0.05), dtype=dtype)
    assert descent.last < descent.first


class Ascent(optim.SGD):
    def step(self, closure: Any = None) -> Any:
        for p in self.param_groups[0]["params"]:
            if p.grad is not None:
                p.data = (p.data + 0.1 * p.grad.data).astype(p.dtype)


class InPlace(optim.SGD):
    def step(self, closure: Any = None) -> Any:
        for p in self.param_groups[0]["params"]:
            if p.grad is not None:
                p.data -= np.asarray(0.1, p.dtype) * p.grad.data


class Scaling(optim.SGD):
    def step(self, closure: Any = None) -> Any:
        for p in self.param_groups[0]["params"]:
            if p.grad is not None:
                p.grad.data *= 0.5
        return super().step()


class Dragging(optim.SGD):
    def step(self, closure: Any = None) -> Any:
        super().step()
        for p in self.param_groups[0]["params"]:
            p.data = p.data * np.asarray(0.9, p.dtype)


class Widening(optim.SGD):
    def step(self, closure: Any = None) -> Any:
        super().step()
        for p in self.param_groups[0]["params"]:
            p.data = p.data.astype(np.float64)


class Forgetting(optim.Adam):
    def state_dict(self) -> Any:
        return {**super().state_dict(), "state": {}}


class Lending(optim.SGD):
    def __init__(self, params: Any, **settings: Any) -> None:
        super().__init__(params, **settings)
        self.own = {"steps": np.zeros(1)}

    def step(self, closure: Any = None) -> Any:
        self.own["steps"] += 1
        return super().step()

    def state_dict(self) -> Any:
        return {**super().state_dict(), "own": self.own}


class Keeping(optim.SGD):
    def zero_grad(self, set_to_none: bool = True) -> None:
        pass


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Ascent, "Ascent does not descend"),
        (InPlace, "InPlace.step() writes into the array of parameter 0"),
        (Scaling, "Scaling.step() changes the gradient of parameter 0"),
        (Dragging, "moves parameter 3, which has no gradient"),
        (Widening, "makes parameter 0 (3,) float64"),
        (Forgetting, "Forgetting does not resume exactly"),
        (Lending, "Lending.state_dict() changes when the optimizer goes on"),
        (Keeping, "Keeping.zero_grad() leaves gradients behind"),
    ],
)
def test_an_optimizer_that_breaks_a_promise_is_found(kind: Any, message: str) -> None:
    with pytest.raises(CheckError, match=re.escape(message)):
        check_optimizer(lambda p: kind(p, lr=0.01), steps=10)


def test_a_wrong_gradient_of_a_module_names_the_parameter() -> None:
    with pytest.raises(GradientCheckError, match=re.escape("inputs[0]['weight']")) as caught:
        check_module(Detached(), X)
    assert "Replay: check_module(detached.train(), " in str(caught.value)
