"""Keras's optimizers: where Keras 3.15 walks, what each common keyword does, what is saved, and what is refused."""

import copy
import json
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import (
    ArgumentError,
    GraphError,
    NotBuiltError,
    ShapeError,
    UnknownKeywordError,
    UnknownNameError,
)
from autotensor.core.namespace import plain, recorded
from autotensor.core.tensor import Tensor
from autotensor.keras import optimizers
from autotensor.keras.optimizers import SGD, Adagrad, Adam, Adamax, AdamW, Optimizer, RMSprop
from autotensor.keras.optimizers.common import DEFAULTS, Keras2Spelling
from autotensor.optim.rule import Rule

GOLDEN = json.loads((Path(__file__).parent.parent / "data/golden/keras-3.15.json").read_text(encoding="utf-8"))
KINDS = (SGD, RMSprop, Adam, AdamW, Adamax, Adagrad)
every_kind = pytest.mark.parametrize("kind", KINDS)


def leaf(*data):
    return at.tensor(list(data), requires_grad=True)


def steps(optimizer, p, gradients):
    after = []
    for g in gradients:
        optimizer.apply([np.float32(g)], [p])
        after.append(p.tolist())
    return np.array(after)


def settings_of(title):
    """`SGD(momentum=.9,nesterov)` as a class and its keywords."""
    name, _, rest = title.rstrip(")").partition("(")
    pairs = (item.partition("=") for item in rest.split(",") if item)
    return getattr(optimizers, name, None), {key: json.loads(re.sub(r"^\.", "0.", value or "true")) for key, _, value in pairs}


OURS = [  # the other runs are of schedules, and of optimizers that are not here
    title for title in GOLDEN["runs"] if title.partition("(")[0] in {kind.__name__ for kind in KINDS} and "Decay(" not in title
]


@pytest.mark.parametrize("title", OURS)
def test_parameters_follow_keras(title):
    kind, settings = settings_of(title)
    p = leaf(*GOLDEN["p0"])
    after = steps(kind(**settings), p, GOLDEN["g"])
    np.testing.assert_allclose(after, GOLDEN["runs"][title], rtol=1e-6, atol=1e-7)
    assert p.dtype == np.float32


def test_every_golden_run_of_these_optimizers_is_followed():
    assert len(OURS) == 16


# rules
RULES = [
    value for kind in KINDS for value in vars(__import__(kind.__module__, fromlist=["_"])).values() if isinstance(value, Rule)
]
HYPER = {
    "lr": 0.1, "beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-6, "momentum": 0.9, "rho": 0.9, "initial_accumulator_value": 0.5,
    "betas": (0.9, 0.99), "eps": 1e-6,
}  # fmt: skip


@pytest.mark.parametrize("rule", dict.fromkeys(RULES), ids=lambda rule: rule.name)
def test_a_rule_gives_the_same_on_recorded_tensors_as_on_arrays(rule):
    leaf, s = np.float32([1.0, -2.0]), rule.scalars(3, HYPER)
    g, slots = np.float32([0.5, 0.0]), rule.start(np.float32([1.0, -2.0]), HYPER)
    new, new_slots = rule.update(plain, leaf, g, slots, s)
    traced, traced_slots = rule.update(recorded, Tensor(leaf), Tensor(g), tuple(map(Tensor, slots)), s)
    assert np.array_equal(new, traced.numpy())
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(new_slots, traced_slots, strict=True))
    assert {a.dtype.name for a in (new, *new_slots)} == {"float32"}


BY_HAND = (  # one step from w = 1 with g = 2 and learning rate 0.1
    (SGD(0.1), 1 - 0.2),
    (SGD(0.1, momentum=0.5), 1 - 0.2),
    (SGD(0.1, momentum=0.5, nesterov=True), 1 - 0.2 - 0.5 * 0.2),
    (RMSprop(0.1, rho=0.75, epsilon=3), 1 - 0.2 / 2),
    (RMSprop(0.1, rho=0.75, epsilon=3, momentum=0.5), 1 - 0.2 / 2),
    (RMSprop(0.1, rho=0.5, epsilon=3, centered=True), 1 - 0.2 / 2),
    (RMSprop(0.1, rho=0.5, epsilon=3, centered=True, momentum=0.5), 1 - 0.2 / 2),
    # t = 1, beta_1 = 0.5, beta_2 = 0.75: a = 0.1 * 0.5 / 0.5, m = 1, sqrt(v) = 1
    (Adam(0.1, beta_1=0.5, beta_2=0.75, epsilon=1), 1 - 0.1 / (1 + 1)),
    (Adam(0.1, beta_1=0.5, beta_2=0.75, epsilon=1, amsgrad=True), 1 - 0.1 / (1 + 1)),
    (AdamW(0.1, 2.0, beta_1=0.5, beta_2=0.75, epsilon=1), 0.8 - 0.1 / (1 + 1)),
    (Adamax(0.1, beta_1=0.5, epsilon=2), 1 - 0.1 / 0.5 * 1 / (2 + 2)),
    (Adagrad(0.1, initial_accumulator_value=3, epsilon=2), 1 - 0.2 / 3),
)


@pytest.mark.parametrize(("optimizer", "expected"), BY_HAND, ids=[repr(row[0]) for row in BY_HAND])
def test_a_first_step_is_what_the_formula_says(optimizer, expected):
    p = at.tensor(np.ones(1), requires_grad=True)
    optimizer.apply([np.full(1, 2.0)], [p])
    np.testing.assert_allclose(p.data, [expected], rtol=1e-12)


# common keywords
def test_clipping_is_each_by_its_norm_or_all_by_one_or_by_value():
    for keyword, expected in (
        ({"clipnorm": 1.0}, ([-0.6, -0.8], [-0.5])),
        ({"global_clipnorm": 1.0}, (np.array([-3, -4]) / math.sqrt(25.25), [-0.5 / math.sqrt(25.25)])),
        ({"clipvalue": 1.0}, ([-1, -1], [-0.5])),
    ):
        a, b = leaf(0.0, 0.0), leaf(0.0)
        SGD(1.0, **keyword).apply([[3.0, 4.0], [0.5]], [a, b])
        np.testing.assert_allclose(a.data, expected[0], rtol=1e-6)
        np.testing.assert_allclose(b.data, expected[1], rtol=1e-6)


@every_kind
def test_weight_decay_shrinks_every_parameter_before_the_update(kind):
    w, bias = leaf(1.0), leaf(2.0)
    kind(0.5, weight_decay=0.2).apply([[0.0], [0.0]], [w, bias])
    assert (w.item(), bias.item()) == (pytest.approx(0.9), pytest.approx(1.8))


def test_excluded_parameters_do_not_decay():
    kernel, bias, listed = nn.Parameter([1.0]), nn.Parameter([1.0]), nn.Parameter([1.0])
    kernel.name, bias.name, listed.name = "kernel", "my_bias", "other"
    adam = AdamW(0.5, weight_decay=0.2)
    adam.exclude_from_weight_decay(var_list=[listed], var_names=["bias", "^gamma"])
    adam.apply([[0.0]] * 3, [kernel, bias, listed])
    assert (kernel.item(), bias.item(), listed.item()) == (pytest.approx(0.9), 1.0, 1.0)
    assert (adam.rule(kernel).name, adam.rule(bias).name) == ("decoupled adam", "adam")
    with pytest.raises(GraphError, match="must come before the optimizer is built"):
        adam.exclude_from_weight_decay(var_names=["x"])


def test_loss_scale_multiplies_the_loss_and_divides_the_gradients():
    w, sgd = leaf(1.0), SGD(0.1, loss_scale_factor=8.0)
    loss = sgd.scale_loss((w * 3.0).sum())
    loss.backward()
    assert (loss.item(), w.grad.tolist()) == (24.0, [24.0])
    sgd.apply([w.grad], [w])
    assert w.item() == pytest.approx(0.7)
    assert SGD().scale_loss(5.0) == 5.0


def test_accumulated_gradients_update_with_their_mean_every_so_many_steps():
    w, adam = leaf(1.0), Adam(0.1, gradient_accumulation_steps=3)
    seen = []
    for g in (1.0, 2.0, 6.0, 3.0, 3.0, 3.0):
        adam.apply([[g]], [w])
        seen.append((w.item(), adam.iterations))
    whole, twin = leaf(1.0), Adam(0.1)
    expected = steps(twin, whole, [[3.0], [3.0]]).ravel().tolist()
    assert [i for _, i in seen] == [0, 0, 1, 1, 1, 2]
    np.testing.assert_allclose([x for x, _ in seen], [1, 1, expected[0], expected[0], expected[0], expected[1]], rtol=1e-6)


def test_accumulated_gradients_stay_with_their_parameters_where_some_are_missing():
    a, b, c = parameters = [leaf(0.0) for _ in range(3)]
    sgd = SGD(1.0, gradient_accumulation_steps=2)
    moved = []
    for gradients in ((1, 10, 100), (1, None, None), (None, 4, None), (None, 4, None), (2, None, 6), (None, 8, 6)):
        sgd.apply([None if g is None else [g] for g in gradients], parameters)
        moved.append((a.item(), b.item(), c.item()))
    assert moved[1::2] == [(-1.0, -5.0, -50.0), (-1.0, -9.0, -50.0), (-2.0, -13.0, -56.0)]
    assert moved[0::2] == [(0.0, 0.0, 0.0), *moved[1:4:2]]


def test_running_mean_of_the_parameters_starts_as_the_parameter_and_is_written_back():
    w, sgd = leaf(0.0), SGD(1.0, use_ema=True, ema_momentum=0.75)
    steps(sgd, w, [[-1.0], [-1.0], [-1.0]])
    mean = 0.75 * (0.75 * 1 + 0.25 * 2) + 0.25 * 3
    assert w.item() == 3.0
    assert dict(sgd.variables)["variable_0_average"].item() == pytest.approx(mean)
    sgd.finalize_variable_values([w])
    assert w.item() == pytest.approx(mean)


def test_running_mean_overwrites_the_parameters_every_so_many_steps():
    w, sgd = leaf(0.0), SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    after = steps(sgd, w, [[-1.0]] * 4).ravel()
    # averages: 1; (1 + 2) / 2; (1.5 + 2.5) / 2; (2 + 3.5) / 2... written back after steps 2 and 4
    np.testing.assert_allclose(after, [1.0, 1.5, 2.5, 2.75])


def test_constraints_are_applied_after_the_running_mean():
    class Limited(Tensor):
        __slots__ = ("constraint",)

    w = Limited(np.float32([1.0, 1.0])).requires_grad_()
    w.constraint = lambda value: at.minimum(value, 1.5)
    sgd = SGD(1.0, use_ema=True)
    sgd.apply([[-1.0, 1.0]], [w])
    assert w.tolist() == [1.5, 0.0]
    assert sgd.variables[2].value.tolist() == [2.0, 0.0]
    w.constraint = lambda value: value[:1]
    with pytest.raises(ShapeError, match=r"must keep the parameter's shape \(2,\), it gave \(1,\)"):
        sgd.apply([[0.0, 0.0]], [w])


# learning rates
def test_learning_rate_can_be_an_int_a_number_a_schedule_or_a_function():
    rates = [SGD(rate).learning_rate for rate in (1, np.float32(0.5), at.tensor(0.25))]
    assert rates == [1.0, 0.5, 0.25]
    assert {type(rate) for rate in rates} == {float}
    for rate, expected in (
        (lambda iteration: 1.0 / (1 + iteration), [1.0, 1.5]),
        (lambda: np.float64(0.5), [0.5, 1.0]),
        (Halving(1.0), [1.0, 1.5]),
    ):
        np.testing.assert_allclose(steps(SGD(rate), leaf(0.0), [[-1.0], [-1.0]]).ravel(), expected)


def test_learning_rate_is_assignable_and_counts_from_the_next_step():
    w, sgd = leaf(0.0), SGD(0.5)
    steps(sgd, w, [[-1.0]])
    sgd.learning_rate *= 0.5
    assert sgd.lr == sgd.learning_rate == 0.25
    assert steps(sgd, w, [[-1.0]]).item() == 0.75
    sgd.lr = lambda iteration: 1.0 + iteration / 2
    assert sgd.learning_rate == 2.0
    with pytest.raises(ArgumentError, match="learning_rate must be a number >= 0, got -1"):
        sgd.learning_rate = -1


def test_schedules_see_every_call_and_not_only_updates():
    w, seen = leaf(0.0), []
    sgd = SGD(lambda iteration: seen.append(iteration) or 0.1, gradient_accumulation_steps=2)
    steps(sgd, w, [[1.0]] * 4)
    assert {1, 3} <= set(seen)


def test_keras_2_spellings_work_with_a_note_each():
    with pytest.warns(Keras2Spelling) as notes:
        sgd = SGD(lr=0.5, decay=1.0, momentum=0.0)
    assert [str(note.message).split(" is ")[0] for note in notes] == ["SGD(lr=...)", "SGD(decay=...)"]
    assert {note.filename for note in notes} == {__file__}
    w = leaf(0.0)
    np.testing.assert_allclose(steps(sgd, w, [[-1.0]] * 3).ravel(), np.cumsum([0.5, 0.25, 0.5 / 3]), rtol=1e-6)
    assert sgd.learning_rate == 0.5
    assert type(sgd).from_config(sgd.get_config()).decay == 1.0
    assert Adam(epsilon=None).epsilon == 1e-7


# what is refused
W = leaf(1.0)
REFUSALS = (
    (lambda: Adam(beta1=0.5), UnknownKeywordError, r"Adam has no keyword 'beta1'. Did you mean 'beta_1'\? It takes amsgrad"),
    (lambda: SGD(learning_rat=0.5), UnknownKeywordError, "Did you mean 'learning_rate'"),
    (lambda: SGD(-0.1), ArgumentError, "learning_rate must be a number >= 0, got -0.1"),
    (lambda: SGD("0.1"), ArgumentError, "learning_rate must be a number >= 0, got '0.1'"),
    (lambda: SGD(clipnorm=1, clipvalue=2), ArgumentError, "in one way at most, got clipnorm=1 and clipvalue=2"),
    (lambda: SGD(clipnorm=0), ArgumentError, "clipnorm must be a number > 0, got 0"),
    (lambda: SGD(global_clipnorm=-1), ArgumentError, "global_clipnorm must be a number > 0, got -1"),
    (lambda: SGD(loss_scale_factor=0), ArgumentError, "loss_scale_factor must be a number > 0, got 0"),
    (lambda: SGD(weight_decay=-1), ArgumentError, "weight_decay must be a number >= 0, got -1"),
    (lambda: SGD(ema_momentum=1.5), ArgumentError, r"ema_momentum must be a number in \[0, 1\], got 1.5"),
    (lambda: SGD(ema_overwrite_frequency=0), ArgumentError, "ema_overwrite_frequency must be an int >= 1 or None, got 0"),
    (lambda: SGD(gradient_accumulation_steps=1), ArgumentError, "gradient_accumulation_steps must be an int >= 2 or None"),
    (lambda: SGD(momentum=1.5), ArgumentError, r"momentum must be a number in \[0, 1\], got 1.5"),
    (lambda: Adam(beta_1=1.0), ArgumentError, r"beta_1 must be a number in \[0, 1\), got 1.0"),
    (lambda: RMSprop(rho=-1), ArgumentError, r"rho must be a number in \[0, 1\], got -1"),
    (lambda: Adagrad(initial_accumulator_value=-1), ArgumentError, "initial_accumulator_value must be a number >= 0"),
    (lambda: AdamW(weight_decay=None), ArgumentError, "AdamW needs a weight_decay, got None"),
    (lambda: SGD().apply([[1.0]]), NotBuiltError, "needs the parameters on the first call"),
    (lambda: SGD().apply([[1.0], [2.0]], [W]), ArgumentError, "2 gradients came for 1 parameters"),
    (lambda: SGD().apply([None], [W]), ArgumentError, "no parameter has a gradient"),
    (lambda: SGD().apply([[1.0, 2.0]], [W]), ShapeError, r"gradient of variable_0 must have its shape \(1,\), got \(2,\)"),
    (lambda: Optimizer(0.1).build([W]), NotImplementedError, "define plain_rule"),
    (lambda: optimizers.get("adamm"), UnknownNameError, r"optimizer 'adamm'. Did you mean 'adam'\? Known: adagrad, adam,"),
    (lambda: optimizers.get(3), ArgumentError, "got int. For example optimizer='adam'"),
    (lambda: optimizers.deserialize({"name": "adam"}), ArgumentError, r"has 'class_name' and 'config', got \['name'\]"),
)


@pytest.mark.parametrize(("make", "error", "message"), REFUSALS, ids=[row[2] for row in REFUSALS])
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_parameter_of_another_model_is_refused():
    adam = Adam()
    adam.apply([[1.0]], [W])
    with pytest.raises(ArgumentError, match=r"built with other parameters; a new one has shape \(2,\)"):
        adam.apply([[1.0, 1.0]], [leaf(1.0, 2.0)])


def test_a_wrong_gradient_moves_nothing():
    a, b, adam = leaf(1.0), leaf(1.0), Adam()
    with pytest.raises(ShapeError):
        adam.apply([[1.0], [1.0, 2.0]], [a, b])
    assert (a.item(), adam.iterations) == (1.0, 0)


# names and configurations
@every_kind
def test_strings_classes_configurations_and_optimizers_resolve(kind):
    name = kind.__name__
    found = [optimizers.get(given) for given in (name, name.lower(), name.upper(), kind, optimizers.serialize(kind()))]
    assert {type(optimizer) for optimizer in found} == {kind}
    assert optimizers.get(found[0]) is found[0]
    assert optimizers.get(None) is None


CONFIGURED = [
    *(kind(0.25, clipnorm=2.0, name="mine") for kind in KINDS),
    SGD(momentum=0.9, nesterov=True, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3),
    RMSprop(centered=True, momentum=0.5, gradient_accumulation_steps=2),
    Adam(amsgrad=True, weight_decay=0.1, loss_scale_factor=2.0),
]


@pytest.mark.parametrize("optimizer", CONFIGURED, ids=repr)
def test_a_configuration_makes_the_same_optimizer_again(optimizer):
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    again = optimizers.deserialize(config)
    assert again.get_config() == optimizer.get_config()
    assert {"name", "learning_rate", *DEFAULTS} <= set(config["config"])
    assert config["module"] == "keras.optimizers"


class Halving:
    def __init__(self, start):
        self.start = start

    def __call__(self, iteration):
        return self.start * 0.5**iteration

    def get_config(self):
        return {"start": self.start}


def test_schedules_and_functions_are_saved_by_name_and_looked_up():
    def tenth(iteration):
        return 0.1

    for rate, known in ((Halving(0.5), {"Halving": Halving}), (tenth, {"tenth": tenth})):
        config = json.loads(json.dumps(optimizers.serialize(SGD(rate))))
        again = optimizers.deserialize(config, custom_objects=known)
        assert again.learning_rate == rate(0)
        with pytest.raises(UnknownNameError, match="Pass custom_objects="):
            optimizers.deserialize(config)


def test_classes_of_ones_own_are_looked_up():
    class Mine(SGD):
        pass

    config = optimizers.serialize(Mine(0.5))
    assert config["registered_name"] == "Mine"
    assert type(optimizers.deserialize(config, {"Mine": Mine})) is Mine


# state
def named(*shapes):
    parameters = [nn.Parameter(np.zeros(shape, np.float32)) for shape in shapes]
    for p, name in zip(parameters, ("kernel", "bias"), strict=False):
        p.name = name
    return parameters


EVERYTHING = (
    "kernel_average bias_average kernel_gradient_accumulator bias_gradient_accumulator "
    "kernel_momentum kernel_velocity bias_momentum bias_velocity kernel_velocity_hat bias_velocity_hat"
)
VARIABLES = (  # as Keras 3.15 lists them
    (SGD(), ""),
    (SGD(momentum=0.9), "kernel_momentum bias_momentum"),
    (Adam(), "kernel_momentum kernel_velocity bias_momentum bias_velocity"),
    (
        Adam(amsgrad=True, use_ema=True, gradient_accumulation_steps=2),
        EVERYTHING,
    ),
    (
        RMSprop(momentum=0.9, centered=True),
        "kernel_velocity bias_velocity kernel_momentum bias_momentum kernel_average_gradient bias_average_gradient",
    ),
    (Adamax(), "kernel_momentum kernel_norm bias_momentum bias_norm"),
    (Adagrad(), "kernel_accumulator bias_accumulator"),
)


@pytest.mark.parametrize(("optimizer", "expected"), VARIABLES, ids=[repr(row[0]) for row in VARIABLES])
def test_variables_have_the_names_and_the_order_of_keras(optimizer, expected):
    optimizer.build(named((3, 2), (2,)))
    variables = optimizer.variables
    assert [v.name for v in variables] == ["iteration", "learning_rate", *expected.split()]
    shapes = {"k": (3, 2), "b": (2,)}
    assert [v.value.shape for v in variables] == [(), (), *(shapes[name[0]] for name in expected.split())]


def test_summary_counts_slots_iteration_and_learning_rate():
    adam = Adam()
    adam.build(named((64, 512), (512,), (512,), (512,), (512, 10), (10,)))
    assert adam.variable_count == 78_870
    assert f"{adam.variable_bytes / 1024:.2f}" == "308.09"
    scheduled = Adam(lambda: 0.1)
    scheduled.build(named((3,)))
    assert scheduled.variable_count == 7


@pytest.mark.parametrize("optimizer", CONFIGURED, ids=repr)
def test_a_loaded_state_resumes_exactly(optimizer):
    gradients = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    first, (w,) = copy.deepcopy(optimizer), named((3,))
    first.learning_rate = 0.1
    steps(first, w, gradients[:3])
    saved, data = first.state_dict(), w.data.copy()
    rest = steps(first, w, gradients[3:])
    second, (v,) = copy.deepcopy(optimizer), named((3,))
    v.data = data
    second.build([v])
    second.load_state_dict(saved)
    assert second.iterations == 3 // (optimizer.gradient_accumulation_steps or 1)
    assert np.array_equal(steps(second, v, gradients[3:]), rest)


BAD_STATES = (
    (lambda s: s.pop("3"), ArgumentError, "has 5 arrays, this one 6"),
    (lambda s: s.pop("0"), ArgumentError, "has 5 arrays, this one 6"),
    (lambda s: s.update({"6": np.zeros(2)}), ArgumentError, "has 7 arrays, this one 6"),
    (lambda s: s.update({"5": np.zeros(3)}), ShapeError, r"saved bias_velocity has shape \(3,\), this optimizer's \(2,\)"),
    (lambda s: s.update({"1": -1.0}), ArgumentError, "learning_rate must be a number >= 0"),
)


@pytest.mark.parametrize(("change", "error", "message"), BAD_STATES, ids=[row[2] for row in BAD_STATES])
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    adam, parameters = Adam(), named((3, 2), (2,))
    adam.apply([np.ones((3, 2)), np.ones(2)], parameters)
    before, saved = adam.state_dict(), adam.state_dict()
    saved = {name: array + 1 for name, array in saved.items()}
    change(saved)
    with pytest.raises(error, match=message):
        adam.load_state_dict(saved)
    after = adam.state_dict()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_state_is_not_loaded_before_there_is_where_to():
    with pytest.raises(NotBuiltError, match=re.escape("call build(parameters) first")):
        Adam().load_state_dict(Adam().state_dict())


def test_slots_of_a_parameter_can_be_read_and_replaced():
    adam, (w,) = Adam(), named((2,))
    adam.build([w])
    adam.set_slots(w, (np.ones(2, np.float32), np.zeros(2, np.float32)))
    with pytest.raises(ArgumentError, match=r"has the slots momentum, velocity, got 1 arrays"):
        adam.set_slots(w, [np.zeros(2)])
    with pytest.raises(ShapeError, match=r"the new \w*velocity has shape \(3,\), this optimizer's \(2,\)"):
        adam.set_slots(w, [np.zeros(2), np.zeros(3)])
    assert [slot.tolist() for slot in adam.slots(w)] == [[1, 1], [0, 0]]
    assert [slot.name for slot in adam.rule(w).slots] == ["momentum", "velocity"]


@every_kind
def test_a_step_replaces_arrays_and_writes_into_nothing(kind):
    (w,), optimizer = named((2,)), kind(weight_decay=0.1, use_ema=True, clipnorm=1.0)
    g = np.float32([3.0, -4.0])
    optimizer.apply([g], [w])
    arrays = [w.data, g, *(v.value for v in optimizer.variables if v.value.ndim)]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    optimizer.apply([g], [w])
    assert all(np.array_equal(a, b) for a, b in zip(arrays, copies, strict=True))
    assert not np.shares_memory(w.data, arrays[0])


@every_kind
def test_scalars_stay_arrays_and_gradients_may_be_tensors_or_missing(kind):
    scalar, unused = at.tensor(1.0, requires_grad=True), leaf(1.0)
    optimizer = kind(gradient_accumulation_steps=2, use_ema=True, clipvalue=1.0)
    for _ in range(2):
        optimizer.apply([Tensor(np.float64(0.5)), None], [scalar, unused])
    assert (type(scalar.data), scalar.dtype, scalar.shape) == (np.ndarray, np.float32, ())
    assert (scalar.item() != 1.0, unused.item()) == (True, 1.0)
    assert all(type(v.value) is np.ndarray for v in optimizer.variables)


def test_apply_gradients_takes_pairs_and_no_gradients_are_no_step():
    w, sgd = leaf(1.0), SGD(0.5)
    assert sgd.apply_gradients(zip([[1.0]], [w], strict=True)) == 1
    sgd.apply([[1.0]])
    sgd.apply([], [])
    assert (w.item(), sgd.iterations) == (0.0, 2)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_optimizers_can_be_copied(copied):
    adam, parameters = Adam(0.1, weight_decay=0.1), named((2,), (2,))
    adam.exclude_from_weight_decay(var_names=["bias"])
    adam.apply([np.ones(2), np.ones(2)], parameters)
    twin, theirs = copied((adam, parameters))
    for optimizer, owned in ((adam, parameters), (twin, theirs)):
        optimizer.apply([np.ones(2), np.ones(2)], owned)
    assert all(np.array_equal(p.data, q.data) and p is not q for p, q in zip(parameters, theirs, strict=True))
