"""Compiled training equals eager training whatever fit, evaluate and predict are asked for, and however data come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotensor import keras

layers = keras.layers
X = np.sin(np.arange(30 * 4) * 1.3).reshape(30, 4).astype("float32")
Y = np.arange(30) % 3


def network(dtype="float32", **settings):
    def make(**how):
        keras.config.set_floatx(dtype)
        try:
            chosen = [layers.Dense(6, "relu"), layers.Dropout(0.2), layers.BatchNormalization(), layers.Dense(3, "softmax")]
            model = keras.Sequential([keras.Input((4,)), *chosen])
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **settings, **how)
        finally:
            keras.config.set_floatx("float32")
        return model

    return make


FITS = {
    "a partial batch at the end": {"batch_size": 7},
    "one sample at the end": {"batch_size": 29},
    "more than there are": {"batch_size": 64},
    "one at a time": {"batch_size": 1},
    "in order": {"shuffle": False, "batch_size": 8},
    "whole batches shuffled": {"shuffle": "batch", "batch_size": 8},
    "some steps": {"steps_per_epoch": 2, "batch_size": 8},
    "more steps than batches": {"steps_per_epoch": 20, "batch_size": 8},
    "a validation split": {"validation_split": 0.3, "batch_size": 8},
    "validation data": {"validation_data": (X[:7], Y[:7]), "validation_batch_size": 3, "validation_freq": 2},
    "weighted validation data": {"validation_data": (X[:7], Y[:7], np.arange(7)), "validation_steps": 1},
    "weights": {"sample_weight": np.linspace(0, 2, 30)},
    "classes": {"class_weight": {0: 2.0, 1: 0.0}, "validation_split": 0.2},
    "later epochs": {"initial_epoch": 2, "epochs": 5},
    "no epoch": {"epochs": 0},
}


@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize("case", FITS)
def test_every_way_to_fit(case, together, compiled_equals_eager):
    def use(model):
        return model.fit(X, Y, **{"epochs": 3, "verbose": 0, **FITS[case]}).history

    compiled_equals_eager(network(steps_per_execution=together), use)


@given(n=st.integers(1, 30), size=st.integers(1, 40), epochs=st.integers(1, 3), together=st.integers(1, 5), data=st.data())
def test_any_sizes(n, size, epochs, together, data, compiled_equals_eager):
    steps = data.draw(st.none() | st.integers(1, 5))
    shuffle = data.draw(st.sampled_from([True, False, "batch"]))

    def use(model):
        first = model.fit(X[:n], Y[:n], size, epochs, verbose=0, shuffle=shuffle, steps_per_epoch=steps).history
        return first, model.evaluate(X, Y, size, steps=steps, verbose=0), model.predict(X, size, steps=steps, verbose=0)

    compiled_equals_eager(network(steps_per_execution=together), use)


TYPES = ["float32", "float64", "float16", "int32", "bool"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given_as", TYPES)
def test_data_and_models_of_every_dtype(dtype, given_as, compiled_equals_eager):
    x, y = (X * 3).astype(given_as), Y.astype(given_as if given_as != "bool" else "uint8")

    def use(model):
        history = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
        return history, model.predict(x, verbose=0), model.evaluate(x, y, verbose=0), model(X).numpy()

    result = compiled_equals_eager(network(dtype), use)
    assert {w.dtype.name for w in result["weights"]} == {dtype}


LAYOUTS = {"Fortran's order": np.asfortranarray(X), "every second": np.repeat(X, 2, 0)[::2], "reversed": X[::-1][::-1]}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shuffle", [True, False])
def test_data_in_every_layout(layout, shuffle, compiled_equals_eager):
    x = LAYOUTS[layout]

    def use(model):
        history = model.fit(x, Y, batch_size=8, epochs=2, shuffle=shuffle, verbose=0).history
        return history, model.predict(x, verbose=0, batch_size=30), model.predict(x, verbose=0, batch_size=7)

    compiled_equals_eager(network(), use)


def test_single_batches_before_and_after_a_fit_and_between_fits(compiled_equals_eager):
    def use(model):
        before = [model.train_on_batch(X[:5], Y[:5]), model.test_on_batch(X[:5], Y[:5])]
        first = model.fit(X, Y, batch_size=8, epochs=2, verbose=0).history
        between = model.train_on_batch(X[5:9], Y[5:9], sample_weight=[1.0, 0.0, 2.0, 1.0])
        second = model.fit(X, Y, batch_size=8, epochs=2, verbose=0).history
        return before, first, between, second, model.train_on_batch(X, Y), model.predict_on_batch(X[:3])

    compiled_equals_eager(network(), use)


def test_two_fits_go_on_like_one(compiled_equals_eager):
    def make(**how):
        model = keras.Sequential([keras.Input((4,)), layers.Dense(6, "tanh"), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", **how)
        return model

    def twice(model):
        model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)

    def once(model):
        model.fit(X, Y, batch_size=8, epochs=5, shuffle=False, verbose=0)

    ours, whole = (compiled_equals_eager(make, use) for use in (twice, once))
    assert all(np.array_equal(a, b) for a, b in zip(ours["weights"], whole["weights"], strict=True))
    assert ours["iterations"] == whole["iterations"] == 20


SIZES = [1, 2, 3, 7, 29, 30, 31, 33]


@pytest.mark.parametrize("n", SIZES)
def test_predictions_of_one_sample_and_of_partial_batches(n, compiled_equals_eager):
    x = np.resize(X, (n, 4)).astype("float32")

    def use(model):
        plain = model.predict(x, verbose=0)
        assert np.array_equal(plain, model.predict(x, verbose=0))
        return plain, model.predict(x, batch_size=2, verbose=0), model(x).numpy(), model.predict(list(x), verbose=0)

    compiled_equals_eager(network(), use)


@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_an_input_of_another_dtype_than_the_model(dtype, compiled_equals_eager):
    def make(**how):
        x = keras.Input((4,), dtype=dtype)
        model = keras.Model(x, layers.Dense(3, "softmax")(x))
        model.compile("sgd", "sparse_categorical_crossentropy", **how)
        return model

    def use(model):
        history = model.fit(X * 3, Y, batch_size=8, verbose=0).history
        predicted = [model.predict((X * 3).astype(kind), verbose=0) for kind in ("float32", "float64", "int32")]
        return history, predicted, model.predict(X[:1] * 3, verbose=0)

    compiled_equals_eager(make, use)


# steps_per_execution
class Calls(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __getattribute__(self, name):
        if name.startswith("on_") and "batch" in name and name not in {"on_batch_begin", "on_batch_end"}:
            return lambda step, logs=None: self.seen.append((name[3:], step))
        return super().__getattribute__(name)

    def on_train_batch_begin(self, batch, logs=None): ...
    def on_train_batch_end(self, batch, logs=None): ...
    def on_test_batch_begin(self, batch, logs=None): ...
    def on_test_batch_end(self, batch, logs=None): ...
    def on_predict_batch_begin(self, batch, logs=None): ...
    def on_predict_batch_end(self, batch, logs=None): ...


@pytest.mark.parametrize("how", [{}, {"run_eagerly": True}])
def test_callbacks_are_called_once_for_each_execution(how):
    model = network(steps_per_execution=3)(**how)
    calls = Calls()
    model.fit(X, Y, batch_size=5, epochs=1, steps_per_epoch=5, verbose=0, callbacks=calls)
    model.evaluate(X, Y, batch_size=8, verbose=0, callbacks=[calls])
    model.predict(X, batch_size=8, verbose=0, callbacks=[calls])
    groups = {"train": [(0, 2), (3, 4)], "test": [(0, 2), (3, 3)], "predict": [(0, 2), (3, 3)]}
    expected = [(f"{m}_batch_{e}", i) for m, found in groups.items() for pair in found for e, i in zip(("begin", "end"), pair)]  # noqa: B905
    assert calls.seen == expected
    assert model.optimizer.iterations == 5


def test_outputs_of_an_execution_come_together():
    model = network(steps_per_execution=2)()
    seen = []
    watch = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda batch, logs: seen.append(logs["outputs"].numpy()))
    outputs = model.predict(X, batch_size=8, verbose=0, callbacks=[watch])
    assert [len(y) for y in seen] == [16, 14]
    assert np.array_equal(np.concatenate(seen), outputs)
