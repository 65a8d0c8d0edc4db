"""The shell around the rules: groups, steps, saved state, and what it refuses."""

import copy
import math
import pickle

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, DTypeError, ShapeError
from autotensor.optim import SGD, Adagrad, Adam, Adamax, AdamW, Optimizer, RMSprop

KINDS = (SGD, RMSprop, Adam, AdamW, Adamax, Adagrad)


def leaf(*data):
    return at.tensor(list(data), requires_grad=True)


def give(p, *g):
    p.grad = at.tensor(list(g))
    return p


# what is refused
W = leaf(1.0, 2.0)
DONE = W * 2
REFUSALS = (
    (lambda: SGD([]), ArgumentError, "at least one parameter, got an empty list"),
    (lambda: SGD(W), DTypeError, r"got one Tensor. Put it in a list: \[w\]"),
    (lambda: SGD([DONE]), ArgumentError, r"parameter 0 of shape \(2,\) is the result of an operation"),
    (lambda: SGD([np.ones(2)]), DTypeError, "parameters are Tensors, got ndarray at place 0"),
    (lambda: SGD([{"params": {W}}]), DTypeError, "got a set. Pass a list"),
    (lambda: SGD([W, W]), ArgumentError, r"parameter 1 of shape \(2,\) is given twice"),
    (lambda: SGD([{"params": [W]}, {"params": [W]}]), ArgumentError, "given twice"),
    (lambda: SGD([{"params": [W]}, leaf(1.0)]), DTypeError, "a parameter group is a dict with 'params', got Tensor"),
    (lambda: SGD([{"parms": [W]}]), ArgumentError, r"needs 'params', got the keys \['parms'\]"),
    (lambda: SGD([("a", W), leaf(1.0)]), ArgumentError, "1 of 2 have none"),
    (lambda: SGD([{"params": [("a", W)]}, {"params": [leaf(1.0)]}]), ArgumentError, "all parameter groups have names"),
    (lambda: SGD([{"params": [W], "lr": -1}]), ArgumentError, "lr must be a number >= 0, got -1"),
    (lambda: SGD([W], lr=-0.1), ArgumentError, r"lr must be a number >= 0, got -0\.1"),
    (lambda: SGD([W], lr="0.1"), ArgumentError, r"lr must be a number >= 0, got '0\.1'"),
    (lambda: SGD([W], lr=math.nan), ArgumentError, "got nan"),
    (lambda: SGD([W], lr=None), ArgumentError, "got None"),
    (lambda: SGD([W], momentum=-1), ArgumentError, "momentum must be a number >= 0, got -1"),
    (lambda: SGD([W], weight_decay=-1), ArgumentError, "weight_decay must be a number >= 0, got -1"),
    (lambda: SGD([W], nesterov=True), ArgumentError, "nesterov needs momentum > 0 and dampening = 0, got momentum=0"),
    (lambda: SGD([W], momentum=0.9, dampening=0.1, nesterov=True), ArgumentError, "dampening=0.1"),
    (lambda: Adam([W], betas=(1.0, 0.9)), ArgumentError, r"betas\[0\] must be a number in \[0, 1\), got 1\.0"),
    (lambda: Adam([W], betas=(0.9, -0.1)), ArgumentError, r"betas\[1\] must be a number in \[0, 1\), got -0\.1"),
    (lambda: Adam([W], betas=0.9), ArgumentError, "betas must be two numbers, got 0.9"),
    (lambda: Adam([W], eps=-1), ArgumentError, "eps must be a number >= 0, got -1"),
    (lambda: RMSprop([W], alpha=-1), ArgumentError, "alpha must be a number >= 0, got -1"),
    (lambda: Adagrad([W], lr_decay=-1), ArgumentError, "lr_decay must be a number >= 0, got -1"),
    (lambda: Adagrad([W], initial_accumulator_value=-1), ArgumentError, "initial_accumulator_value must be a number >= 0"),
    (lambda: Optimizer([W], {"weight_decay": 0, "maximize": False}).rule({}), NotImplementedError, "define plain_rule"),
)


@pytest.mark.parametrize(("make", "error", "message"), REFUSALS, ids=[row[2] for row in REFUSALS])
def test_what_cannot_be_optimized_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_refused_group_is_not_added():
    optimizer = SGD([W])
    for group in ({"params": [W]}, {"params": [leaf(1.0)], "lr": -1}):
        with pytest.raises(ArgumentError):
            optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1


# groups
def test_a_group_has_its_own_settings_and_the_defaults_for_the_rest():
    a, b = give(leaf(1.0), 1.0), give(leaf(1.0), 1.0)
    mine = {"params": b, "lr": 0.5}
    SGD([{"params": [a]}, mine], lr=0.1).step()
    assert (a.item(), b.item()) == (pytest.approx(0.9), 0.5)
    assert mine == {"params": b, "lr": 0.5}


def test_a_group_added_later_is_moved_too():
    a, b = give(leaf(1.0), 1.0), give(leaf(1.0), 1.0)
    optimizer = SGD([a], lr=0.5)
    optimizer.add_param_group({"params": [b], "lr": 0.25})
    optimizer.step()
    assert (a.item(), b.item()) == (0.5, 0.75)


def test_named_parameters_keep_their_names():
    optimizer = SGD({"w": leaf(1.0), "b": leaf(1.0)}.items())
    assert optimizer.param_groups[0]["param_names"] == ["w", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["w", "b"]


def test_an_edited_learning_rate_counts_from_the_next_step():
    w = give(leaf(1.0), 1.0)
    optimizer = SGD([w], lr=0.5)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert w.item() == 0.25


def test_a_switch_turned_on_later_finds_its_slot():
    w = give(leaf(1.0), 1.0)
    sgd, adam = SGD([w], lr=0.1), Adam([leaf(0.0), w])
    for optimizer, switch in ((sgd, {"momentum": 0.9, "dampening": 0.5}), (adam, {"amsgrad": True})):
        optimizer.step()
        optimizer.param_groups[0].update(switch)
        optimizer.step()
    assert sgd.state[w]["momentum_buffer"].tolist() == [1.0]
    assert set(adam.state[w]) == {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}


# steps
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_replaces_the_array_and_writes_into_nothing(kind):
    w = give(leaf(1.0, 2.0), 0.5, -0.5)
    optimizer = kind([w])
    optimizer.step()
    before = {id(a): (a, a.copy()) for a in (w.data, w.grad.data, *optimizer.state[w].values()) if isinstance(a, np.ndarray)}
    for array, _ in before.values():
        array.flags.writeable = False
    optimizer.step()
    assert all(np.array_equal(array, copied) for array, copied in before.values())
    assert id(w.data) not in before


def test_a_graph_recorded_before_a_step_keeps_its_values():
    w = leaf(3.0)
    y = (w * w).sum()
    give(w, 1.0)
    SGD([w], lr=1.0).step()
    w.grad = None
    y.backward()
    assert w.grad.tolist() == [6.0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_parameter_without_gradient_is_left_out(kind):
    w, unused, frozen = give(leaf(1.0), 1.0), leaf(1.0), at.tensor([1.0])
    optimizer = kind([w, unused, frozen])
    optimizer.step()
    assert (unused.item(), frozen.item()) == (1.0, 1.0)
    assert w.item() != 1.0
    assert unused not in optimizer.state
    assert frozen not in optimizer.state


@pytest.mark.parametrize("kind", KINDS)
def test_scalars_and_empty_parameters_stay_arrays(kind):
    w, nothing = at.tensor(1.0, requires_grad=True), at.tensor(np.zeros((0, 2), np.float32), requires_grad=True)
    w.grad, nothing.grad = at.tensor(0.5), at.tensor(np.zeros((0, 2), np.float32))
    optimizer = kind([w, nothing])
    optimizer.step()
    assert [(type(p.data), p.shape, p.dtype) for p in (w, nothing)] == [
        (np.ndarray, (), np.float32),
        (np.ndarray, (0, 2), np.float32),
    ]
    assert all(type(slot) is np.ndarray for name, slot in optimizer.state[w].items() if name != "step")


def test_a_gradient_of_another_shape_is_an_error_before_anything_moves():
    a, b = give(leaf(1.0), 1.0), give(leaf(1.0, 2.0), 1.0, 1.0)
    b.data = np.zeros((3,), np.float32)
    optimizer = Adam([a, b])
    with pytest.raises(ShapeError, match=r"parameter 1 has shape \(3,\) and its gradient \(2,\)"):
        optimizer.step()
    assert a.item() == 1.0
    assert not optimizer.state


def test_a_parameter_that_changed_its_shape_needs_a_new_optimizer():
    w = give(leaf(1.0), 1.0)
    optimizer = Adam([w])
    optimizer.step()
    w = optimizer.param_groups[0]["params"][0]
    w.requires_grad_(False)
    w.data = np.zeros((2,), np.float32)
    give(w.requires_grad_(), 1.0, 1.0)
    with pytest.raises(ShapeError, match=r"has shape \(2,\) now and had \(1,\) at the last step"):
        optimizer.step()


def test_slots_follow_a_parameter_to_another_dtype():
    w = give(at.tensor(np.ones(2), requires_grad=True), 1.0, 1.0)
    optimizer = Adam([w])
    optimizer.step()
    w.requires_grad_(False)
    w.data = w.data.astype(np.float32)
    give(w.requires_grad_(), 1.0, 1.0)
    optimizer.step()
    assert w.dtype == optimizer.state[w]["exp_avg"].dtype == np.float32


def test_closure_is_called_with_recording_on_and_its_loss_returned():
    w = leaf(2.0)
    optimizer = SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with at.no_grad():
        loss = optimizer.step(closure)
    assert (loss.item(), w.item()) == (4.0, pytest.approx(1.6))
    assert SGD([leaf(1.0)]).step() is None


def test_zero_grad_forgets_or_fills_with_zeros():
    w, unused = give(leaf(1.0), 1.0), leaf(1.0)
    optimizer = SGD([w, unused])
    optimizer.zero_grad(set_to_none=False)
    assert (w.grad.tolist(), unused.grad) == ([0.0], None)
    optimizer.zero_grad()
    assert w.grad is None


# saved state
def trained(kind, **settings):
    w, b = leaf(1.0, 2.0), leaf(0.5)
    optimizer = kind([w, b], **settings)
    give(w, 0.5, -0.5), give(b, 1.0)
    optimizer.step()
    return optimizer


def broken(optimizer, change):
    saved = optimizer.state_dict()
    change(saved)
    return saved


BAD_STATES = (
    (lambda s: s.pop("state"), ArgumentError, "has the keys 'state' and 'param_groups'"),
    (lambda s: s["param_groups"].append(s["param_groups"][0]), ArgumentError, r"parameter groups of \[2, 2\] parameters, this"),
    (lambda s: s["param_groups"][0]["params"].pop(), ArgumentError, r"groups of \[1\] parameters, this optimizer of \[2\]"),
    (lambda s: s["param_groups"][0].pop("betas"), ArgumentError, "the saved group 0 has no 'betas'"),
    (lambda s: s["param_groups"][0].update(lr=-1), ArgumentError, "lr must be a number >= 0, got -1"),
    (lambda s: s["state"][1].pop("exp_avg"), ArgumentError, "the saved state of parameter 1 has no 'exp_avg'"),
    (lambda s: s["state"][1].pop("step"), ArgumentError, "the saved state of parameter 1 has no 'step'"),
    (lambda s: s["state"][1].update(step=1.5), ArgumentError, "must be a whole number >= 0, got 1.5"),
    (lambda s: s["state"].update({7: s["state"][0]}), ArgumentError, "is of parameter 7 too"),
    (lambda s: s["state"][1].update(exp_avg=np.ones(3)), ShapeError, r"'exp_avg' of parameter 1 has shape \(3,\), its parameter"),
)


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return np.array_equal(a, b)


@pytest.mark.parametrize(("change", "error", "message"), BAD_STATES, ids=[row[2] for row in BAD_STATES])
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    optimizer = trained(Adam)
    saved = broken(trained(Adam, lr=0.5), change)
    before = optimizer.state_dict()
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(saved)
    after = optimizer.state_dict()
    assert same(after["state"], before["state"])
    assert after["param_groups"] == before["param_groups"]


def test_the_state_of_another_kind_of_optimizer_is_refused():
    with pytest.raises(ArgumentError, match="belongs to another kind of optimizer"):
        trained(Adam).load_state_dict(trained(SGD, momentum=0.9).state_dict())


def test_switches_that_older_files_lack_keep_their_value():
    saved = trained(Adam).state_dict()
    del saved["param_groups"][0]["maximize"]
    optimizer = trained(Adam, maximize=True)
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["maximize"] is True


def test_adamw_stays_decoupled_whatever_it_loads():
    optimizer = trained(AdamW)
    optimizer.load_state_dict(trained(Adam, weight_decay=0.1).state_dict())
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True
    assert optimizer.param_groups[0]["weight_decay"] == 0.1


def test_a_saved_state_shares_no_memory():
    optimizer = trained(Adam)
    saved = optimizer.state_dict()
    other = trained(Adam)
    other.load_state_dict(saved)
    w = other.param_groups[0]["params"][0]
    first = optimizer.param_groups[0]["params"][0]
    arrays = (optimizer.state[first]["exp_avg"], saved["state"][0]["exp_avg"], other.state[w]["exp_avg"])
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def test_state_is_keyed_by_number_and_groups_hold_numbers():
    saved = trained(SGD, momentum=0.9).state_dict()
    assert {i: set(slots) for i, slots in saved["state"].items()} == {0: {"momentum_buffer"}, 1: {"momentum_buffer"}}
    assert saved["param_groups"][0]["params"] == [0, 1]
    assert trained(SGD).state_dict()["state"] == {}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_can_be_copied_with_their_parameters(kind, copied):
    optimizer = trained(kind)
    twin = copied(optimizer)
    for each in (optimizer, twin):
        for p in each.param_groups[0]["params"]:
            give(p, *np.ones(p.shape))
        each.step()
    for p, q in zip(optimizer.param_groups[0]["params"], twin.param_groups[0]["params"], strict=True):
        assert p is not q
        assert np.array_equal(p.data, q.data)


def test_repr_shows_groups_and_settings_as_in_pytorch():
    assert repr(Adamax([leaf(1.0)])) == (
        "Adamax (\nParameter Group 0\n    betas: (0.9, 0.999)\n    eps: 1e-08\n    lr: 0.002\n    maximize: False\n"
        "    weight_decay: 0\n)"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_parabola_is_descended(kind):
    w = leaf(3.0, -2.0)
    optimizer = kind([w], lr=0.1)
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
