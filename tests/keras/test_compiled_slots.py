"""The optimizer's slots while a plan has them: they exist once, who asks gets arrays that stay, what is written is taken over."""

import copy
import gc
import pickle
import tracemalloc
import weakref

import numpy as np
import pytest

from autotensor import keras
from autotensor.keras.optimizers.state import Loan

layers, callbacks = keras.layers, keras.callbacks
X = np.sin(np.arange(20 * 4) * 1.3).reshape(20, 4).astype("float32")
Y = np.arange(20) % 3
FIT = {"batch_size": 6, "epochs": 3, "verbose": 0}


def network(optimizer=None, **how):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(3, "softmax")])
    model.compile(optimizer or keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", **how)
    return model


def trained(**settings):
    model = network()
    model.fit(X, Y, **FIT, **settings)
    return model


def lent(optimizer):
    """Whether the slots of each parameter are a plan's."""
    return [isinstance(kept, Loan) for kept in optimizer._state._slots]


def flat(model):
    """The plan's own arrays."""
    return [array for arena in model._kept.plans.arenas for array in (arena.flat, *arena.slots)]


def test_after_a_fit_a_plan_has_the_slots_and_the_optimizer_none():
    model = trained()
    assert lent(model.optimizer) == [True] * 4
    kernel = model.layers[0].kernel
    first = model.optimizer.slots(kernel)
    assert lent(model.optimizer) == [True, False, True, True] or lent(model.optimizer) == [False, True, True, True]
    assert all(a is b for a, b in zip(first, model.optimizer.slots(kernel), strict=True))  # the optimizer's own from then on
    model.train_on_batch(X, Y)
    assert lent(model.optimizer) == [True] * 4


ASK = {
    "slots": lambda o: [s for p in o._state.parameters for s in o.slots(p)],
    "variables": lambda o: [v.value for v in o.variables],
    "state_dict": lambda o: list(o.state_dict().values()),
    "save_own_variables": lambda o: (o.save_own_variables(store := {}), list(store.values()))[1],
    "deepcopy": lambda o: [s for slots in copy.deepcopy(o)._state.slots for s in slots],
    "copy": lambda o: [s for slots in copy.copy(o)._state.slots for s in slots],
    "pickle": lambda o: [s for slots in pickle.loads(pickle.dumps(o))._state.slots for s in slots],
}
asked = pytest.mark.parametrize("ask", ASK.values(), ids=ASK)


@asked
def test_who_asks_gets_present_numbers_that_no_plan_changes(ask):
    model, eager = trained(shuffle=False), network(run_eagerly=True)
    keras.utils.set_random_seed(3)
    weights = [np.full(w.shape, 0.1, "float32") for w in model.get_weights()]
    for each in (model, eager):
        each.set_weights(weights)
        each.optimizer.build(each.trainable_weights)
        each.optimizer.load_own_variables({key: value * 0 for key, value in each.optimizer.state_dict().items()})
        each.fit(X, Y, shuffle=False, **FIT)
    found, expected = ask(model.optimizer), ask(eager.optimizer)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert not any(np.shares_memory(a, b) for a in found for b in flat(model))
    kept = [a.copy() for a in found]
    model.fit(X, Y, **FIT)
    assert all(np.array_equal(a, b) for a, b in zip(found, kept, strict=True))


def test_a_pickle_whose_buffers_stay_apart_shares_nothing_with_a_plan():
    model, buffers = trained(), []
    text = pickle.dumps(model.optimizer, protocol=5, buffer_callback=buffers.append)
    found = [np.frombuffer(buffer, "uint8") for buffer in buffers]
    assert not any(np.shares_memory(a, b) for a in found for b in flat(model))
    assert pickle.loads(text, buffers=buffers).variable_bytes == model.optimizer.variable_bytes


def write_in_place(optimizer):
    for p in optimizer._state.parameters:
        for slot in optimizer.slots(p):
            slot[...] *= 0.5


def write_one_in_place(optimizer):
    optimizer.variables[3].value[...] = 0.25


def set_slots(optimizer):
    for p in optimizer._state.parameters[::2]:
        optimizer.set_slots(p, [slot + 0.5 for slot in optimizer.slots(p)])


def load(optimizer):
    optimizer.load_own_variables({key: value * 2 for key, value in optimizer.state_dict().items()})


def step_eagerly(optimizer):
    parameters = optimizer._state.parameters
    optimizer.apply([np.full(p.shape, 0.5, "float32") for p in parameters], parameters)


@pytest.mark.parametrize("change", [write_in_place, write_one_in_place, set_slots, load, step_eagerly], ids=lambda f: f.__name__)
@pytest.mark.parametrize("when", ["between fits", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end"])
def test_what_is_written_is_taken_over(change, when, compiled_equals_eager):
    def use(model):
        model.fit(X, Y, **FIT)
        if when == "between fits":
            change(model.optimizer)
            return model.fit(X, Y, **FIT)
        act, count = callbacks.LambdaCallback(), iter(range(100))
        setattr(act, when, lambda *args, **logs: change(model.optimizer) if next(count) in (1, 2) else None)
        return model.fit(X, Y, callbacks=[act], **FIT)

    compiled_equals_eager(network, use)


def test_who_asks_while_steps_run_does_not_stop_them(compiled_equals_eager):
    def make(**how):
        def rate(iteration):  # which runs within a step
            seen.append([slot.copy() for kept in optimizer._state.slots for slot in kept])
            return 0.01

        seen = []
        optimizer = keras.optimizers.Adam(rate)
        model = network(optimizer, **how)
        model.__dict__["seen"] = seen
        return model

    def use(model):
        model.fit(X, Y, **FIT)
        return [float(slots[0].sum()) for slots in model.seen[-3:]], model.fit(X, Y, **FIT).history

    compiled_equals_eager(make, use)


def test_a_copied_optimizer_goes_on_by_itself():
    model = trained(shuffle=False)
    twin = network(copy.deepcopy(model.optimizer))  # built with copies of the parameters
    assert lent(twin.optimizer) == [False] * 4
    before = [slot.copy() for kept in twin.optimizer._state.slots for slot in kept]
    model.fit(X, Y, **FIT)
    assert all(
        np.array_equal(a, b) for a, b in zip(before, (s for kept in twin.optimizer._state.slots for s in kept), strict=True)
    )


def test_two_models_with_one_optimizer_train_in_turn(compiled_equals_eager):
    def make(**how):
        one = network(**how)
        other = keras.Sequential([*one.layers])
        other.compile(one.optimizer, "sparse_categorical_crossentropy", **how)
        one.__dict__["other"] = other
        return one

    def use(model):
        return [each.train_on_batch(X, Y) for _ in range(4) for each in (model, model.other)], model.fit(X, Y, **FIT).history

    compiled_equals_eager(make, use)


def test_compiling_again_with_the_same_optimizer_goes_on(compiled_equals_eager):
    def use(model):
        model.fit(X, Y, **FIT)
        model.compile(model.optimizer, "sparse_categorical_crossentropy", run_eagerly=model.run_eagerly)
        return model.fit(X, Y, **FIT)

    compiled_equals_eager(network, use)


def test_sizes_are_known_without_asking_for_the_slots():
    model = trained()
    slots = 2 * model.count_params()
    assert (model.optimizer.variable_count, model.optimizer.variable_bytes) == (slots + 2, 4 * slots + 8)
    model.optimizer.save_own_variables({})
    assert lent(model.optimizer) == [True] * 4


def test_a_layer_that_is_frozen_gets_its_slots_back(compiled_equals_eager):
    def use(model):
        model.fit(X, Y, **FIT)
        old = weakref.ref(model._kept.plans.arenas[0].slots[0]) if not model.run_eagerly else None
        model.layers[0].trainable = False
        model.fit(X, Y, **FIT)
        gc.collect()
        assert old is None or old() is None  # nothing holds the arrays of the first plan
        if old is not None:
            assert sorted(lent(model.optimizer)) == [False, False, True, True]
        model.layers[0].trainable = True
        return model.fit(X, Y, **FIT)

    compiled_equals_eager(network, use)


def test_an_optimizer_outlives_its_model():
    model = trained()
    optimizer, expected = model.optimizer, model.optimizer.state_dict()
    del model
    gc.collect()
    assert all(np.array_equal(a, b) for a, b in zip(optimizer.state_dict().values(), expected.values(), strict=True))


def test_steps_that_the_optimizer_takes_itself_lend_nothing():
    model = network(keras.optimizers.Adam(0.01, gradient_accumulation_steps=2))
    model.fit(X, Y, **FIT)
    assert lent(model.optimizer) == [False] * 4
    assert [arena.slots for arena in model._kept.plans.arenas] == [[]]


def test_a_fit_holds_parameters_twice_and_slots_once():
    model = keras.Sequential([keras.Input((300,)), layers.Dense(1000, "relu"), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = np.ones((8, 300), "float32"), np.zeros(8, int)
    model.fit(x, y, epochs=2, verbose=0)
    del model.__dict__["_kept"]
    gc.collect()
    tracemalloc.start()
    try:
        model.fit(x, y, epochs=2, verbose=0)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    parameters = 4 * model.count_params()
    assert now < 5.6 * parameters  # published ones, and those of the plan; its slots and gradients
    assert peak < 6.6 * parameters
