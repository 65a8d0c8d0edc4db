"""Laws over every update rule: pure, the same for arrays and Tensors, and faithful to the leaf's dtype."""

import copy

import numpy as np
import pytest

from autotensor.core.namespace import plain, recorded
from autotensor.core.tensor import Tensor
from autotensor.optim import adagrad, adam, adamax, rmsprop, sgd
from autotensor.optim.rule import Rule, Slot
from autotensor.optim.variants import ascending, coupled, decoupled

MODULES = (adagrad, adam, adamax, rmsprop, sgd)
PLAIN = [value for module in MODULES for value in vars(module).values() if isinstance(value, Rule)]
RULES = [*PLAIN, *map(coupled, PLAIN), *map(decoupled, PLAIN), *map(ascending, PLAIN), ascending(coupled(adam.ADAM))]
HYPER = {
    "lr": 0.1, "betas": (0.9, 0.99), "eps": 1e-6, "weight_decay": 0.1, "momentum": 0.9, "dampening": 0.25, "alpha": 0.9,
    "lr_decay": 0.1, "initial_accumulator_value": 0.5,
}  # fmt: skip
LEAF, GRADIENTS = np.array([1.0, -2.0, 0.5]), ([0.1, -0.2, 0.0], [3.0, 0.0, -0.1], [-0.01, 0.5, 0.2])
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def run(rule, ns, wrap, hyper=HYPER, dtype="float32"):
    leaf = wrap(LEAF.astype(dtype))
    slots = tuple(map(wrap, rule.start(LEAF.astype(dtype), hyper)))
    for t, g in enumerate(GRADIENTS, 1):
        leaf, slots = rule.update(ns, leaf, wrap(np.array(g, dtype)), slots, rule.scalars(t, hyper))
    return leaf, slots


def numbers(s):
    return [x for item in s for x in (numbers(item) if isinstance(item, tuple) else [item])]


@every_rule
def test_a_rule_gives_the_same_on_recorded_tensors_as_on_arrays(rule):
    leaf, slots = run(rule, plain, lambda array: array)
    traced, traced_slots = run(rule, recorded, Tensor)
    assert np.array_equal(leaf, traced.numpy())
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(slots, traced_slots, strict=True))


@every_rule
def test_a_step_can_be_differentiated(rule):
    leaf = Tensor(np.float64(LEAF)).requires_grad_()
    new, _ = run(rule, recorded, lambda array: leaf if np.array_equal(array, LEAF) else Tensor(array), dtype="float64")
    assert new.node is not None


@every_rule
def test_a_rule_writes_into_nothing(rule):
    leaf, g, slots = LEAF.copy(), np.array(GRADIENTS[0]), rule.start(LEAF, HYPER)
    before = copy.deepcopy((leaf, g, slots))
    for array in (leaf, g, *slots):
        array.flags.writeable = False
    new, new_slots = rule.update(plain, leaf, g, slots, rule.scalars(1, HYPER))
    assert all(np.array_equal(a, b) for a, b in zip((leaf, g, *slots), (*before[:2], *before[2]), strict=True))
    assert not any(np.shares_memory(a, b) for a in (new, *new_slots) for b in (leaf, g, *slots))


@every_rule
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_leaf_and_slots_keep_their_dtype(rule, dtype):
    hyper = {name: value if name == "betas" else np.float64(value) for name, value in HYPER.items()}  # not weak by itself
    leaf, slots = run(rule, plain, lambda array: array, hyper, dtype)
    assert {array.dtype.name for array in (leaf, *slots)} == {dtype}


@every_rule
def test_scalars_are_python_floats(rule):
    hyper = {name: value if name == "betas" else np.float64(value) for name, value in HYPER.items()}
    assert {type(x) for x in numbers(rule.scalars(3, hyper))} == {float}


@every_rule
def test_a_rule_has_as_many_new_slots_as_it_declares(rule):
    _, slots = run(rule, plain, lambda array: array)
    assert len(slots) == len(rule.slots)
    assert all(slot.shape == LEAF.shape for slot in slots)


# one hand-worked step each, from leaf 1 and slots 0, with g = 2
BY_HAND = (
    (sgd.DESCENT, {"lr": 0.1}, 1 - 0.1 * 2),
    (sgd.HEAVY_BALL, {"lr": 0.1, "momentum": 0.5, "dampening": 0}, 1 - 0.1 * 2),
    (sgd.DAMPENED_BALL, {"lr": 0.1, "momentum": 0.5, "dampening": 0.9}, 1 - 0.1 * 2),
    (sgd.NESTEROV, {"lr": 0.1, "momentum": 0.5, "dampening": 0}, 1 - 0.1 * (2 + 0.5 * 2)),
    (adam.ADAM, {"lr": 0.1, "betas": (0.9, 0.99), "eps": 2.0}, 1 - 0.1 * 2 / (2 + 2)),
    (adam.AMSGRAD, {"lr": 0.1, "betas": (0.9, 0.99), "eps": 2.0}, 1 - 0.1 * 2 / (2 + 2)),
    (adamax.ADAMAX, {"lr": 0.1, "betas": (0.9, 0.99), "eps": 2.0}, 1 - 0.1 * 2 / (2 + 2)),
    (adagrad.ADAGRAD, {"lr": 0.1, "lr_decay": 1, "eps": 2.0, "initial_accumulator_value": 0}, 1 - 0.1 * 2 / (2 + 2)),
    (rmsprop.RMSPROP, {"lr": 0.1, "alpha": 0.75, "eps": 3.0, "momentum": 0}, 1 - 0.1 * 2 / (1 + 3)),
    (rmsprop.WITH_MOMENTUM, {"lr": 0.1, "alpha": 0.75, "eps": 3.0, "momentum": 0.5}, 1 - 0.1 * 2 / (1 + 3)),
    # v = 0.5 * 4, mean = 0.5 * 2, v - mean**2 = 1
    (rmsprop.CENTERED, {"lr": 0.1, "alpha": 0.5, "eps": 3.0, "momentum": 0}, 1 - 0.1 * 2 / (1 + 3)),
    (rmsprop.CENTERED_WITH_MOMENTUM, {"lr": 0.1, "alpha": 0.5, "eps": 3.0, "momentum": 0.5}, 1 - 0.1 * 2 / (1 + 3)),
    (coupled(sgd.DESCENT), {"lr": 0.1, "weight_decay": 3}, 1 - 0.1 * (2 + 3)),
    (decoupled(sgd.DESCENT), {"lr": 0.1, "weight_decay": 3}, 1 * (1 - 0.3) - 0.1 * 2),
    (ascending(sgd.DESCENT), {"lr": 0.1}, 1 + 0.1 * 2),
)


@pytest.mark.parametrize(("rule", "hyper", "expected"), BY_HAND, ids=[row[0].name for row in BY_HAND])
def test_a_first_step_is_what_the_formula_says(rule, hyper, expected):
    leaf = np.array([1.0])
    new, _ = rule.update(plain, leaf, np.array([2.0]), rule.start(leaf, hyper), rule.scalars(1, hyper))
    np.testing.assert_allclose(new, [expected], rtol=1e-12)


def test_every_rule_has_a_hand_worked_step():
    assert set(PLAIN) <= {row[0] for row in BY_HAND}


def test_variants_of_a_rule_are_made_once():
    assert coupled(adam.ADAM) is coupled(adam.ADAM)
    assert ascending(decoupled(adam.ADAM)) is ascending(decoupled(adam.ADAM))
    assert coupled(adam.ADAM) is not coupled(adam.AMSGRAD)


def test_slots_start_as_the_setting_says():
    rule = Rule("r", (Slot("zeros"), Slot("halves", "fill")), dict, dict)
    zeros, halves = rule.start(np.ones((2, 1), np.float32), {"fill": 0.5})
    assert (zeros.tolist(), halves.tolist(), halves.dtype) == ([[0], [0]], [[0.5], [0.5]], np.float32)


def test_centered_rmsprop_stays_finite_for_equal_gradients():
    hyper = {**HYPER, "alpha": 0.5}
    leaf = np.float32([1.0])
    slots = rmsprop.CENTERED.start(leaf, hyper)
    for t in range(1, 200):
        leaf, slots = rmsprop.CENTERED.update(plain, leaf, np.float32([0.1]), slots, rmsprop.CENTERED.scalars(t, hyper))
        assert np.isfinite(leaf).all()
