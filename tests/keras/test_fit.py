"""`fit`, `evaluate`, `predict` and their single-batch forms: what they take, print and return."""

import re

import numpy as np
import pytest

import autotensor as at
from autotensor import keras

layers = keras.layers
X = np.sin(np.arange(20 * 4) * 1.7).reshape(20, 4).astype("float32")
Y = np.arange(20) % 3


def classifier(metrics=("accuracy",), seed=3, **settings):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, "relu"), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=list(metrics), **settings)
    return model


KEYS = ["accuracy", "loss", "sparse_categorical_crossentropy"]


def test_the_history_has_kerass_keys_sorted_with_those_of_validation_last():
    model = classifier(metrics=["sparse_categorical_crossentropy", "accuracy"])
    history = model.fit(X, Y, epochs=2, validation_split=0.2, verbose=0)
    assert isinstance(history, keras.callbacks.History)
    assert list(history.history) == [*KEYS, *(f"val_{key}" for key in KEYS)]
    assert all(len(values) == 2 and {type(v) for v in values} == {float} for values in history.history.values())
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 1}
    assert model.history is history
    assert history.model is model


BAR = r"━{20}"
TIME = r"\d+(s|ms|us)"
NUMBERS = r"accuracy: 0\.\d{4} - loss: \d\.\d{4}"
OUTPUTS = {  # of two epochs, where standard output is no terminal
    0: "",
    1: rf"Epoch 1/2\n(.*\n)*3/3 {BAR} \d+s {TIME}/step - {NUMBERS}\nEpoch 2/2\n(.*\n)*3/3 {BAR} \d+s {TIME}/step - {NUMBERS}\n",
    2: rf"Epoch 1/2\n3/3 - \d+s - {TIME}/step - {NUMBERS}\nEpoch 2/2\n3/3 - \d+s - {TIME}/step - {NUMBERS}\n",
}


@pytest.mark.parametrize(("verbose", "meant"), [(0, 0), (1, 1), (2, 2), ("auto", 2)])
def test_what_fit_prints_where_there_is_no_terminal(verbose, meant, capsys):
    classifier().fit(X, Y, batch_size=8, epochs=2, verbose=verbose)
    out = capsys.readouterr().out
    assert re.fullmatch(OUTPUTS[meant], out), out
    assert "\x1b" not in out
    assert "\r" not in out


def test_one_epoch_has_no_heading_and_evaluate_and_predict_have_a_line(capsys):
    model = classifier()
    model.fit(X, Y, verbose=2)
    model.evaluate(X, Y, verbose=2)
    model.predict(X, verbose=2)
    first, second, third = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"1/1 - \d+s - {TIME}/step - {NUMBERS}", first)
    assert re.fullmatch(rf"1/1 - \d+s - {TIME}/step - {NUMBERS}", second)
    assert re.fullmatch(rf"1/1 - \d+s - {TIME}/step", third)


@pytest.mark.parametrize(
    ("frequency", "validated"), [(1, 4), (2, 2), (3, 1), ([1, 4], 2), ((2,), 1), (np.int64(4), 1), (range(1, 3), 2), (5, 0)]
)
def test_validation_happens_in_the_epochs_that_validation_freq_names(frequency, validated):
    history = classifier().fit(X, Y, epochs=4, validation_split=0.2, validation_freq=frequency, verbose=0).history
    assert len(history["loss"]) == 4
    assert len(history.get("val_loss", [])) == validated


@pytest.mark.parametrize(("epochs", "initial", "ran"), [(4, 2, [2, 3]), (2, 2, []), (1, 5, []), (0, 0, [])])
def test_epochs_is_the_last_epoch_and_initial_epoch_the_first(epochs, initial, ran):
    model = classifier()
    history = model.fit(X, Y, epochs=epochs, initial_epoch=initial, verbose=0)
    assert history.epoch == ran
    assert model.optimizer.iterations == len(ran)


@pytest.mark.parametrize(("given", "steps"), [(None, 5), (2, 2), (5, 5), (9, 5)])
def test_steps_per_epoch_ends_an_epoch_early(given, steps):
    model = classifier()
    history = model.fit(X, Y, batch_size=4, epochs=2, steps_per_epoch=given, verbose=0)
    assert model.optimizer.iterations == 2 * steps
    assert history.params["steps"] == steps


def test_validation_steps_and_validation_batch_size_choose_what_is_validated():
    model = classifier()
    history = model.fit(X, Y, validation_data=(X, Y), validation_batch_size=3, validation_steps=2, verbose=0).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(X[:6], Y[:6], verbose=0)[0], abs=1e-6)]


def test_validation_data_wins_over_validation_split_and_may_have_weights():
    weights = np.where(Y == 0, 2.0, 0.5)
    model = classifier()
    history = model.fit(X, Y, validation_split=0.5, validation_data=(X, Y, weights), verbose=0).history
    loss, accuracy = model.evaluate(X, Y, sample_weight=weights, verbose=0)
    assert history["val_loss"] == [pytest.approx(loss, abs=1e-6)]
    assert history["val_accuracy"] == [accuracy]
    assert loss != pytest.approx(model.evaluate(X, Y, verbose=0)[0], abs=1e-3)


def test_a_validation_split_takes_the_last_samples_whatever_is_shuffled():
    broken = np.array(X)
    broken[15:] = 100.0  # samples from 15 on: every other weight would move if they were trained on
    ours, twin = classifier(), classifier()
    ours.fit(X, Y, validation_split=0.25, shuffle=False, verbose=0)
    twin.fit(broken, Y, validation_split=0.25, shuffle=False, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(ours.get_weights(), twin.get_weights(), strict=True))


def trained(shuffle, seed):
    model = classifier(seed=1)
    keras.utils.set_random_seed(seed)
    return model.fit(X, Y, batch_size=3, epochs=2, shuffle=shuffle, verbose=0).history


@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_shuffling_follows_the_seed(shuffle):
    assert trained(shuffle, 5) == trained(shuffle, 5)
    assert trained(shuffle, 5) != trained(shuffle, 6)


def test_without_shuffling_the_seed_does_not_matter():
    assert trained(False, 5) == trained(False, 6)


def test_batches_keep_their_samples_when_whole_batches_are_shuffled():
    seen = []

    class Watched(keras.Model):
        def train_step(self, data):
            seen.append(data[0][:, 0].tolist())
            return {"loss": 0.0}

    x = keras.Input((1,))
    model = Watched(x, layers.Dense(1)(x))
    model.compile("sgd", "mse", run_eagerly=True)
    keras.utils.set_random_seed(4)
    model.fit(np.arange(20.0)[:, None], np.zeros(20), batch_size=4, shuffle="batch", verbose=0)
    assert sorted(seen) == [[4.0 * i + j for j in range(4)] for i in range(5)]
    assert seen != sorted(seen)


def test_every_sample_is_seen_once_an_epoch_and_the_last_batch_may_be_smaller():
    sizes, seen = [], []

    class Watched(keras.Model):
        def train_step(self, data):
            sizes.append(len(data[0]))
            seen.extend(data[0][:, 0].tolist())
            return {"loss": 0.0}

    x = keras.Input((1,))
    model = Watched(x, layers.Dense(1)(x))
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(np.arange(20.0)[:, None], np.zeros(20), batch_size=8, verbose=0)
    assert sizes == [8, 8, 4]
    assert sorted(seen) == list(range(20))


def test_evaluate_returns_a_number_or_a_list_in_compiles_order_or_a_dict():
    plain, measured = classifier(metrics=()), classifier(metrics=["sparse_categorical_accuracy", "acc"])
    assert isinstance(plain.evaluate(X, Y, verbose=0), float)
    loss, sparse, accuracy = measured.evaluate(X, Y, verbose=0)
    assert measured.evaluate(X, Y, verbose=0, return_dict=True) == {
        "loss": loss,
        "sparse_categorical_accuracy": sparse,
        "acc": accuracy,
    }
    assert measured.metrics_names == ["loss", "sparse_categorical_accuracy", "acc"]
    assert plain.evaluate(X, Y, batch_size=4, steps=1, verbose=0) == plain.evaluate(X[:4], Y[:4], verbose=0)


def test_evaluate_over_batches_is_the_mean_over_samples():
    model = classifier()
    assert model.evaluate(X, Y, batch_size=7, verbose=0) == pytest.approx(
        model.evaluate(X, Y, batch_size=20, verbose=0), abs=1e-6
    )


def test_predict_needs_no_compile_and_gives_an_array_of_its_own():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    outputs = model.predict(X.astype("float64"), batch_size=7, verbose=0)
    assert type(outputs) is np.ndarray
    assert outputs.shape == (20, 3)
    assert outputs.dtype == np.float32
    assert outputs.flags.writeable
    np.testing.assert_allclose(outputs, X @ model.get_weights()[0], rtol=1e-5, atol=1e-6)
    outputs[:] = 0
    assert model.predict(X, verbose=0).any()
    assert model.predict(X, batch_size=4, steps=2, verbose=0).shape == (8, 3)


def test_a_step_on_a_batch_is_an_epoch_of_one_batch():
    ours, twin = classifier(), classifier()
    loss, accuracy = ours.train_on_batch(X, Y)
    history = twin.fit(X, Y, batch_size=20, shuffle=False, verbose=0).history
    assert history == {"accuracy": [accuracy], "loss": [loss]}
    assert all(np.array_equal(a, b) for a, b in zip(ours.get_weights(), twin.get_weights(), strict=True))
    assert ours.test_on_batch(X, Y) == twin.evaluate(X, Y, verbose=0)
    assert ours.test_on_batch(X, Y, return_dict=True) == twin.evaluate(X, Y, verbose=0, return_dict=True)
    assert np.array_equal(ours.predict_on_batch(X), twin.predict(X, verbose=0))
    assert not ours.training


def test_a_batch_is_measured_alone():
    model = classifier(metrics=())
    first = model.test_on_batch(X[:4], Y[:4])
    model.test_on_batch(X, Y)
    assert model.test_on_batch(X[:4], Y[:4]) == first


class Frame:
    """Like a pandas object: an array on request."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)

    def __len__(self):
        return len(self.values)


FORMS = {
    "lists": (X.tolist(), Y.tolist()),
    "tuples": (tuple(map(tuple, X.tolist())), tuple(Y.tolist())),
    "double precision": (X.astype("float64"), Y.astype("float64")),
    "Tensors": (at.tensor(X), at.tensor(Y)),
    "objects with __array__": (Frame(X), Frame(Y)),
    "a column of labels": (X, Y[:, None]),
    "a list of one input": ([X], Y),
    "Fortran order": (np.asfortranarray(X), Y.astype("int8")),
}


@pytest.mark.parametrize("form", FORMS)
def test_data_may_come_in_any_form_and_trains_alike(form):
    x, y = FORMS[form]
    ours, plain = classifier(), classifier()
    assert ours.fit(x, y, verbose=0, shuffle=False).history == plain.fit(X, Y, verbose=0, shuffle=False).history
    assert ours.predict(x, verbose=0).dtype == np.float32


def test_the_users_arrays_are_neither_changed_nor_kept():
    x, y = X.copy(), Y.copy()
    model = classifier()
    model.fit(x, y, verbose=0, epochs=2)
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)
    before = model.predict(X, verbose=0)
    x[:] = 0
    assert np.array_equal(model.predict(X, verbose=0), before)


@pytest.mark.parametrize("name", ["max_queue_size", "workers", "use_multiprocessing"])
def test_keras_2s_arguments_of_queues_are_accepted(name):
    classifier().fit(X, Y, verbose=0, **{name: 1})
