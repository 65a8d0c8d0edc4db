"""Values and gradients equal PyTorch's, for every function of `nn.functional` that has numbers.

Provenance of tests/data/torch-nn.json: PyTorch 2.13.0 (CPU, float64, one thread), inputs drawn from `torch.Generator` 7 and
rounded to four decimals, backward seeded with `torch.linspace(0.5, 1.5)`; the corners of piecewise activations are among them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.nn import functional as F

DATA = json.loads((Path(__file__).parent.parent / "data" / "torch-nn.json").read_text(encoding="utf-8"))
CASES = DATA["cases"]
RANDOM = {"dropout", "one_hot"}  # tested elsewhere: one is random, the other has no gradient
SINGLE = {"celu", "hardsigmoid"}  # PyTorch rounds 1/alpha and 1/6 to float32 here, also for float64 operands


def title(case: dict[str, Any]) -> str:
    settings = [f"{name}={value}" for name, value in case["settings"].items()]
    shapes = ["x".join(map(str, np.shape(operand["data"]))) for operand in case["operands"]]
    return f"{case['function']}({', '.join([*shapes, *settings, *case['tensors']])})"


def tensor(description: dict[str, Any], requires_grad: bool) -> at.Tensor:
    return at.tensor(np.array(description["data"], description["dtype"]), requires_grad=requires_grad)


@pytest.mark.parametrize("case", CASES, ids=title)
def test_values_and_gradients_equal_pytorchs(case: dict[str, Any]) -> None:
    operands = [tensor(one, one["grad"] is not None) for one in case["operands"]]
    settings = {name: tensor(one, name in case["setting_grads"]) for name, one in case["tensors"].items()}
    y = getattr(F, case["function"])(*operands, **case["settings"], **settings)
    rtol = 2e-7 if case["function"] in SINGLE else 1e-10
    np.testing.assert_allclose(y.numpy(), case["value"], rtol=rtol, atol=1e-12)
    y.backward(np.linspace(0.5, 1.5, y.size).reshape(y.shape))
    leaves = [(one.grad, its["grad"]) for one, its in zip(operands, case["operands"], strict=True) if its["grad"] is not None]
    leaves += [(settings[name].grad, expected) for name, expected in case["setting_grads"].items()]
    for grad, expected in leaves:
        np.testing.assert_allclose(np.zeros(np.shape(expected)) if grad is None else grad, expected, rtol=rtol, atol=1e-11)
    for name, expected in case["after"].items():
        np.testing.assert_allclose(settings[name], expected, rtol=1e-12)


def test_every_function_has_numbers_of_pytorchs() -> None:
    assert set(F.__all__) - RANDOM == {case["function"] for case in CASES}


@pytest.mark.parametrize("case", [case for case in CASES if not case["settings"].get("training")], ids=title)
def test_float32_gives_float32_and_nearly_the_same(case: dict[str, Any]) -> None:
    def single(description: dict[str, Any]) -> at.Tensor:
        array = np.array(description["data"], description["dtype"])
        return at.tensor(array.astype(np.float32) if array.dtype == np.float64 else array)

    operands = [single(one) for one in case["operands"]]
    settings = {name: single(one) for name, one in case["tensors"].items()}
    y = getattr(F, case["function"])(*operands, **case["settings"], **settings)
    assert y.dtype == np.float32
    large = max(float(np.max(np.abs(one["data"]), initial=0)) for one in case["operands"])
    np.testing.assert_allclose(y.numpy(), case["value"], rtol=1e-4, atol=1e-6 if large < 1e3 else 1e-2)


@pytest.mark.parametrize("name", DATA["modules"])
def test_a_module_writes_itself_as_pytorchs_does(name: str) -> None:
    described = DATA["modules"][name]
    assert repr(getattr(nn, name.partition(" ")[0])(*described["arguments"])) == described["text"]


def test_every_module_has_a_text_of_pytorchs() -> None:
    assert set(nn.__all__) - {"functional", "init", "utils", "Module", "Parameter"} <= set(DATA["modules"])


def test_a_nested_model_writes_itself_as_pytorchs_does() -> None:
    model = nn.Sequential(
        {
            "features": nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Dropout(0.1)),
            "blocks": nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4), nn.Tanh()]),
            "heads": nn.ModuleDict({"a": nn.Linear(4, 2, bias=False), "b": nn.Identity()}),
            "empty": nn.Sequential(),
        }
    )
    assert repr(model) == DATA["texts"]["nested"]


def test_state_dict_has_the_names_shapes_and_order_of_pytorchs() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.LayerNorm(4), nn.PReLU(), nn.Linear(4, 2, bias=False))
    assert [(name, list(t.shape)) for name, t in model.state_dict().items()] == list(DATA["state"].items())
