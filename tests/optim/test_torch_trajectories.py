"""Every optimizer walks where PyTorch's walks: its parameters and its state, over twelve steps."""

import json
from pathlib import Path

import numpy as np
import pytest

import autotensor as at
from autotensor import optim

GOLDEN = json.loads((Path(__file__).parent.parent / "data/torch-optim.json").read_text(encoding="utf-8"))
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}


def title(run):
    return f"{run['optimizer']}({run['settings']}, {run.get('groups', '')}{run.get('lr_after', '')}, {run['dtype']})"


def leaf(data, dtype):
    return at.tensor(data, dtype=dtype, requires_grad=True)


def start(run):
    w, b = leaf(GOLDEN["w"], run["dtype"]), leaf(GOLDEN["b"], run["dtype"])
    params = [w, b]
    if "groups" in run:
        params = [{"params": [p], **group} for p, group in zip(params, run["groups"], strict=True)]
    return w, b, getattr(optim, run["optimizer"])(params, **run["settings"])


def walk(run, w, b, optimizer, steps=range(12)):
    after = []
    for t in steps:
        for group in optimizer.param_groups if str(t) in run.get("lr_after", {}) else ():
            group["lr"] = run["lr_after"][str(t)]
        for p, g in zip((w, b), GOLDEN["g"][t], strict=True):
            p.grad = None if g is None else at.tensor(g, dtype=run["dtype"])
        optimizer.step()
        after.append([*w.tolist(), b.item()])
    return np.array(after)


@pytest.mark.parametrize("run", GOLDEN["runs"], ids=title)
def test_parameters_follow_pytorch(run):
    w, b, optimizer = start(run)
    after = walk(run, w, b, optimizer)
    rtol = TOLERANCE[run["dtype"]]
    np.testing.assert_allclose(after, run["after"], rtol=rtol, atol=rtol / 4)
    assert w.dtype == b.dtype == run["dtype"]
    assert (w.shape, b.shape) == ((3,), ())


@pytest.mark.parametrize("run", GOLDEN["runs"], ids=title)
def test_state_has_the_structure_of_pytorch(run):
    w, b, optimizer = start(run)
    walk(run, w, b, optimizer)
    state = optimizer.state_dict()["state"]
    expected = {int(i): slots for i, slots in run["state"].items() if slots.get("momentum_buffer", ()) is not None}
    assert {i: set(slots) for i, slots in state.items()} == {i: set(slots) for i, slots in expected.items() if slots}
    for i, slots in state.items():
        for name, value in slots.items():
            rtol = TOLERANCE[run["dtype"]]
            largest = np.abs(expected[i][name]).max()  # a slot that passes through 0 keeps the rounding of its past
            np.testing.assert_allclose(value, expected[i][name], rtol=rtol, atol=rtol * largest)
            assert name == "step" or (type(value), value.dtype) == (np.ndarray, run["dtype"])


@pytest.mark.parametrize("run", GOLDEN["runs"], ids=title)
def test_a_loaded_state_resumes_exactly(run):
    whole = walk(run, *start(run))
    w, b, optimizer = start(run)
    walk(run, w, b, optimizer, range(7))
    saved = optimizer.state_dict()
    w2, b2, resumed = start(run)
    w2.data, b2.data = w.data.copy(), b.data.copy()
    resumed.load_state_dict(saved)
    walk(run, w, b, optimizer, range(7, 12))  # what was saved is a copy
    assert np.array_equal(walk(run, w2, b2, resumed, range(7, 12)), whole[7:])


@pytest.mark.parametrize("name", GOLDEN["defaults"])
def test_defaults_are_those_of_pytorch(name):
    optimizer = getattr(optim, name)([leaf([0.0], "float32")])
    expected = {k: tuple(v) if isinstance(v, list) else v for k, v in GOLDEN["defaults"][name].items()}
    assert optimizer.defaults == expected


def test_a_state_saved_by_pytorch_loads():
    run = next(run for run in GOLDEN["runs"] if run["optimizer"] == "Adam" and run["settings"].get("amsgrad"))
    _, _, optimizer = start(run)
    pytorch_only = {"foreach": False, "capturable": False, "differentiable": False, "fused": None}
    settings = {**GOLDEN["defaults"]["Adam"], **run["settings"], **pytorch_only}
    state = {int(i): slots for i, slots in run["state"].items()}
    optimizer.load_state_dict({"state": state, "param_groups": [{**settings, "params": [0, 1]}]})
    assert optimizer.state_dict()["state"][0]["step"] == 12
    np.testing.assert_array_equal(optimizer.state_dict()["state"][1]["exp_avg"], np.float32(state[1]["exp_avg"]))
