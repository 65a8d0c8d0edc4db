"""What users hold and change: compiled training sees every change at the next step, and never changes what was given out."""

import copy
import pickle

import numpy as np
import pytest

import autotensor as at
from autotensor import keras, nn

layers, callbacks = keras.layers, keras.callbacks
X = np.sin(np.arange(20 * 4) * 1.3).reshape(20, 4).astype("float32")
Y = np.arange(20) % 3
FIT = {"batch_size": 6, "epochs": 4, "verbose": 0}


def network(optimizer=lambda: keras.optimizers.Adam(0.01), **settings):
    def make(**how):
        chosen = [layers.Dense(5, "relu"), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(3, "softmax")]
        model = keras.Sequential([keras.Input((4,)), *chosen])
        model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"], **settings, **how)
        return model

    return make


# between fits
def replace_parameter(model):
    model.layers[0].kernel = layers.weight.Weight(np.ones((4, 5), "float32"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", run_eagerly=model.run_eagerly)


def load(model):
    model.load_state_dict({name: t.numpy() * 0.5 for name, t in model.state_dict().items()})


def set_weights(model):
    model.set_weights([w * 0.5 for w in model.get_weights()])


def assign_data(model):
    model.layers[0].kernel.data = model.layers[0].kernel.data * 2


def write_in_place(model):
    model.layers[0].kernel.data *= 2
    model.layers[3].bias.data[1] = 0.5
    model.layers[1].moving_mean.data += 0.25


def write_with_no_grad(model):
    with at.no_grad():
        kernel = model.layers[0].kernel
        kernel *= 2.0


def freeze(model):
    model.layers[0].trainable = not model.layers[0].trainable


def freeze_parameter(model):
    model.layers[3].kernel.requires_grad_(False)


def change_rate(model):
    model.optimizer.learning_rate = model.optimizer.learning_rate * 0.5


def change_settings(model):
    model.optimizer.beta_1 = 0.5
    model.optimizer.epsilon = 1e-3


def change_dropout(model):
    model.layers[2].rate = 0.5


def clip(model):
    model.optimizer.clipnorm = 0.01


def regularize(model):
    model.layers[0].activity_regularizer = keras.regularizers.L2(0.1)


def new_activation(model):
    model.layers[0].activation = at.tanh


def train_a_batch(model):
    model.train_on_batch(X[:3], Y[:3])


def evaluate(model):
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)


def slots_anew(model):
    kernel = model.layers[0].kernel
    model.optimizer.set_slots(kernel, [s * 0 for s in model.optimizer.slots(kernel)])


def iterate(model):
    model.optimizer._applied += 5


CHANGES = [load, set_weights, assign_data, write_in_place, write_with_no_grad, freeze, freeze_parameter, change_rate]
CHANGES += [change_settings, change_dropout, clip, regularize, new_activation, train_a_batch, evaluate, slots_anew, iterate]
called = pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)


@called
def test_a_change_between_fits(change, compiled_equals_eager):
    def use(model):
        first = model.fit(X, Y, **FIT).history
        change(model)
        return first, model.fit(X, Y, **FIT).history, model.predict(X, verbose=0)

    compiled_equals_eager(network(), use)


def test_a_parameter_replaced_between_fits_and_compiled_again(compiled_equals_eager):
    def use(model):
        model.fit(X, Y, **FIT)
        replace_parameter(model)
        return model.fit(X, Y, **FIT).history

    result = compiled_equals_eager(network(), use)
    assert abs(result["weights"][0] - 1).max() < 0.9


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end", "on_test_end"])
@called
def test_a_change_in_a_callback_is_seen_by_the_next_step(hook, change, compiled_equals_eager):
    def use(model):
        count = iter(range(100))
        act = callbacks.LambdaCallback()
        setattr(act, hook, lambda *args, **logs: change(model) if next(count) in (1, 3) else None)
        data = {"validation_data": (X[:5], Y[:5])} if hook == "on_test_end" else {}
        return model.fit(X, Y, callbacks=[act], **FIT, **data).history

    compiled_equals_eager(network(), use)


def test_a_change_after_the_last_batch_stays(compiled_equals_eager):
    def use(model):
        zero = callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: model.layers[0].set_weights([np.zeros((4, 5)), np.ones(5)])
        )
        model.fit(X, Y, callbacks=[zero], **FIT)
        return model.layers[0].get_weights()

    kernel, bias = compiled_equals_eager(network(), use)["returned"]
    assert not kernel.any()
    assert (bias == 1).all()


def test_batch_callbacks_read_present_values(compiled_equals_eager):
    seen = []

    def use(model):
        def look(batch, logs=None):
            slots = [s for p in model.trainable_weights for s in model.optimizer.slots(p)] if model.optimizer.iterations else []
            seen.append([*model.get_weights(), *(s.copy() for s in slots), np.array(model.optimizer.iterations)])

        seen.clear()
        model.fit(X, Y, callbacks=[callbacks.LambdaCallback(on_train_batch_begin=look, on_train_batch_end=look)], **FIT)
        return list(seen)

    found = compiled_equals_eager(network(), use)["returned"]
    assert len({values[0].tobytes() for values in found}) == 17  # before the first step, and after each of 16


def test_logs_of_batches_are_the_running_values(compiled_equals_eager):
    def use(model):
        seen = []
        model.fit(
            X, Y, callbacks=[callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))], **FIT
        )
        return seen

    compiled_equals_eager(network(), use)


@pytest.mark.parametrize("together", [1, 2])
def test_stopping_in_a_batch(together, compiled_equals_eager):
    def use(model):
        def stop(batch, logs):
            model.stop_training = batch >= 1

        return model.fit(X, Y, callbacks=[callbacks.LambdaCallback(on_train_batch_end=stop)], **FIT).history

    assert compiled_equals_eager(network(steps_per_execution=together), use)["iterations"] == 2


def test_early_stopping_restores_the_best_weights(compiled_equals_eager):
    def use(model):
        stop = callbacks.EarlyStopping(patience=1, restore_best_weights=True)
        settings = {**FIT, "epochs": 60}
        return model.fit(X, Y, validation_data=(X[:9], (Y[:9] + 1) % 3), callbacks=[stop], **settings).history

    compiled_equals_eager(network(lambda: "adam"), use)


# what was given out
@pytest.mark.parametrize("optimizer", ["sgd", "adam", lambda: keras.optimizers.SGD(0.1, use_ema=True)])
def test_what_was_given_out_never_changes(optimizer):
    model = network(optimizer if callable(optimizer) else lambda: optimizer)()
    given_out = []

    def keep(*args, **logs):
        weights = [w for p in model.weights for w in (p.numpy(), p.data, p.detach().data)]
        slots = [s for p in model.trainable_weights for s in model.optimizer.slots(p)] if model.optimizer.built else []
        found = [*model.get_weights(), *weights, *slots, model.predict(X[:2], verbose=0), model(X[:2]).numpy()]
        given_out.extend((a, a.copy()) for a in found)

    act = callbacks.LambdaCallback(on_train_begin=keep, on_epoch_end=keep, on_train_batch_end=keep)
    keep()
    model.fit(X, Y, callbacks=[act], **FIT)
    keep()
    model.fit(X, Y, **FIT)
    assert len(given_out) > 100
    assert all(a.tobytes() == b.tobytes() for a, b in given_out)


def test_writing_into_what_was_given_out_changes_nothing_but_the_model_itself():
    model, twin = network()(), network()()
    twin.set_weights(model.get_weights())
    for each in (model, twin):
        keras.utils.set_random_seed(1)
        each.fit(X, Y, **FIT)
        if each is model:
            for w in [*each.get_weights(), each.predict(X, verbose=0)]:
                w[...] = 7.0
        each.fit(X, Y, **FIT)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), twin.get_weights(), strict=True))


def test_a_write_in_place_to_one_parameter_does_not_touch_the_graph_of_another():
    model = network()()
    model.fit(X, Y, **FIT)
    kernel, bias = model.layers[0].kernel, model.layers[0].bias
    y = (bias * bias).sum()
    with at.no_grad():
        kernel *= 2.0
    y.backward()
    assert np.array_equal(bias.grad.numpy(), 2 * bias.numpy())


# copies
@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_like_the_model(again, compiled_equals_eager):
    def use(model):
        model.fit(X, Y, **FIT)
        twin = again(model)
        state = at.random.default.state
        first = model.fit(X, Y, **FIT).history
        at.random.default.state = state
        second = twin.fit(X, Y, **FIT).history
        assert first == second
        assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), twin.get_weights(), strict=True))
        assert not any(np.shares_memory(a.data, b.data) for a in model.weights for b in twin.weights)
        return first, second

    compiled_equals_eager(network(), use)


def test_a_model_copied_in_a_callback(compiled_equals_eager):
    def use(model):
        twins = []
        model.fit(
            X,
            Y,
            callbacks=[callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: twins.append(copy.deepcopy(model)))],
            **FIT,
        )
        return [twin.get_weights() for twin in twins]

    compiled_equals_eager(network(), use)


# layers of several models
def test_a_layer_shared_by_two_models_that_train_in_turn(compiled_equals_eager):
    def make(**how):
        shared = layers.Dense(5, "tanh")
        one = keras.Sequential([keras.Input((4,)), shared, layers.Dense(3, "softmax")])
        other = keras.Sequential([keras.Input((4,)), shared, layers.Dropout(0.3), layers.Dense(3, "softmax")])
        for model in (one, other):
            model.compile("adam", "sparse_categorical_crossentropy", **how)
        one.__dict__["other"] = other
        return one

    def use(model):
        histories = []
        for _ in range(3):
            for each in (model, model.other):
                histories.append(each.fit(X, Y, batch_size=6, verbose=0).history)
                histories.append([model.predict(X, verbose=0), model.other.predict(X, verbose=0)])
        return histories, model.other.get_weights()

    compiled_equals_eager(make, use)


def test_another_model_that_trains_a_shared_layer_in_a_callback(compiled_equals_eager):
    def use(model):
        other = keras.Sequential([keras.Input((4,)), model.layers[0], layers.Dense(3, "softmax")])
        other.compile("sgd", "sparse_categorical_crossentropy", jit_compile=model.jit_compile, run_eagerly=model.run_eagerly)
        act = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: other.fit(X[:4], Y[:4], verbose=0))
        return model.fit(X, Y, callbacks=[act], **FIT).history, other.get_weights()

    compiled_equals_eager(network(), use)


def test_a_layer_added_after_compile(compiled_equals_eager):
    def make(**how):
        model = keras.Sequential([keras.Input((4,)), layers.Dense(5, "tanh")])
        model.compile("adam", "sparse_categorical_crossentropy", **how)
        model.add(layers.Dense(3, "softmax"))
        return model

    compiled_equals_eager(make, lambda model: (model.fit(X, Y, **FIT).history, model.predict(X, verbose=0)))


def test_a_layer_added_between_fits_needs_compiling_again():
    model = network()()
    model.fit(X, Y, **FIT)
    model.add(layers.Dense(3, "softmax"))
    assert model.predict(X, verbose=0).shape == (20, 3)
    with pytest.raises(at.core.errors.ArgumentError, match="built with other parameters"):
        model.fit(X, Y, **FIT)


class Blocks(keras.Model):
    """Layers in a list, which may grow, and settings in a dict and a closure."""

    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(4, "tanh")]
        self.settings = {"scale": 1.0}
        self.last = layers.Dense(3, "softmax")

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.last(x * self.settings["scale"] * SCALE)


SCALE = 1.0


def grow(model):
    model.settings["scale"] = 0.5


def rescale(model):
    global SCALE  # noqa: PLW0603 - what a user's callback may do
    SCALE = SCALE * 0.5


def repeat(model):
    model.blocks.append(model.blocks[0])


@pytest.mark.parametrize("change", [grow, rescale, repeat], ids=lambda f: f.__name__)
@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end"])
def test_what_a_call_reads_beside_attributes(change, hook, compiled_equals_eager):
    def make(**how):
        global SCALE  # noqa: PLW0603
        SCALE = 1.0
        model = Blocks()
        model.compile("adam", "sparse_categorical_crossentropy", **how)
        return model

    def use(model):
        count, outputs = iter(range(100)), [model.predict(X, verbose=0) for _ in range(2)]
        act = callbacks.LambdaCallback()
        setattr(act, hook, lambda *args, **logs: change(model) if next(count) == 1 else None)
        history = model.fit(X, Y, callbacks=[act], **FIT).history
        outputs.append(model.predict(X, verbose=0))
        change(model)
        return history, outputs, model.predict(X, verbose=0), model.evaluate(X, Y, verbose=0)

    compiled_equals_eager(make, use)


def test_a_module_whose_buffer_is_assigned_in_a_callback(compiled_equals_eager):
    def make(**how):
        model = keras.Sequential([keras.Input((4,)), nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), layers.Softmax()])
        model.compile("sgd", "sparse_categorical_crossentropy", **how)
        return model

    def use(model):
        norm = model.layers[0].module[1]

        def assign(batch, logs):
            norm.running_mean = at.tensor(np.full(3, 0.5, "float32"))

        history = model.fit(X, Y, callbacks=[callbacks.LambdaCallback(on_train_batch_end=assign)], **FIT).history
        return history, norm.running_mean.numpy(), model.predict(X, verbose=0)

    compiled_equals_eager(make, use)


# how a fit may end
class Stop(Exception):
    """What a callback raises."""


@pytest.mark.parametrize("kind", [Stop, KeyboardInterrupt])
@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end", "on_epoch_begin", "on_epoch_end"])
def test_an_exception_in_a_callback_leaves_the_last_finished_step(hook, kind, compiled_equals_eager):
    def use(model):
        count = iter(range(100))

        def stop(*args, **logs):
            if next(count) == 2:
                raise kind

        act = callbacks.LambdaCallback()
        setattr(act, hook, stop)
        with pytest.raises(kind):
            model.fit(X, Y, callbacks=[act], **FIT)
        after = model.get_weights(), model.predict(X, verbose=0)
        return after, model.fit(X, Y, **FIT).history

    compiled_equals_eager(network(), use)


def test_an_exception_in_a_metric_leaves_the_last_finished_step(compiled_equals_eager):
    def use(model):
        count = iter(range(100))

        class Refusing(keras.metrics.Metric):
            def update_state(self, y_true, y_pred, sample_weight=None):
                if next(count) == 7:
                    raise Stop

            def result(self):
                return 0.0

        how = {"jit_compile": model.jit_compile, "run_eagerly": model.run_eagerly}
        model.compile("adam", "sparse_categorical_crossentropy", metrics=[Refusing()], **how)
        with pytest.raises(Stop):
            model.fit(X, Y, **FIT)
        return model.get_weights()

    compiled_equals_eager(network(), use)
