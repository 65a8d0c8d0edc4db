"""Compiled training equals eager training, whatever the network: every layer, activation and way of putting them together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor import keras, nn

layers, Sequential, Input = keras.layers, keras.Sequential, keras.Input
X = np.sin(np.arange(26 * 6) * 1.7).reshape(26, 6).astype("float32")
LABELS = np.arange(26) % 3


def trained(model, epochs=3):
    """26 samples in batches of 8: the last has 2."""
    history = model.fit(X, LABELS, batch_size=8, epochs=epochs, validation_data=(X[:11], LABELS[:11]), verbose=0).history
    again = model.fit(X, LABELS, batch_size=7, verbose=0).history
    return history, again, model.evaluate(X, LABELS, batch_size=10, verbose=0), model.predict(X, batch_size=11, verbose=0)


def chain(*made, last="softmax"):
    """A function that makes a chain of what `made` make, and compiles it."""

    def make(**how):
        model = Sequential([Input((6,)), *(one() for one in made), layers.Dense(3, last)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"], **how)
        return model

    return make


@pytest.mark.parametrize("name", sorted(keras.activations.TABLE))
def test_every_activation(name, compiled_equals_eager):
    compiled_equals_eager(chain(lambda: layers.Dense(5, name), lambda: layers.Dense(4), lambda: layers.Activation(name)), trained)


LAYERS = {
    "no layers between": (),
    "dense without bias": (lambda: layers.Dense(5, use_bias=False),),
    "dropout with the common seed": (lambda: layers.Dense(9, "relu"), lambda: layers.Dropout(0.4), lambda: layers.Dropout(0.1)),
    "dropout with its own": (lambda: layers.Dropout(0.5, seed=3), lambda: layers.Dense(9, "relu"), lambda: layers.Dropout(0.5)),
    "dropout of everything": (lambda: layers.Dense(4), lambda: layers.Dropout(1.0)),
    "dropout of nothing": (lambda: layers.Dropout(0.0), lambda: layers.Dropout(0.5, noise_shape=(None, 1))),
    "batch normalisation": (layers.BatchNormalization, lambda: layers.Dense(4, "tanh"), layers.BatchNormalization),
    "bare batch normalisation": (lambda: layers.BatchNormalization(center=False, scale=False, momentum=0.5),),
    "layer normalisation": (lambda: layers.Dense(4, "tanh"), layers.LayerNormalization),
    "reshaping": (lambda: layers.Reshape((2, 3)), lambda: layers.Dense(4, "relu"), layers.Flatten),
    "normalisation over an axis": (lambda: layers.Reshape((2, 3)), lambda: layers.BatchNormalization(axis=1), layers.Flatten),
    "relu and softmax": (lambda: layers.ReLU(max_value=1.0, negative_slope=0.1), layers.Softmax),
    "modules": (lambda: nn.Linear(6, 5), nn.Tanh, lambda: nn.LayerNorm(5), lambda: nn.Sequential(nn.Linear(5, 4), nn.ReLU())),
    "a module in double precision": (lambda: nn.Linear(6, 5).double(),),
    "a layer in double precision": (lambda: layers.Dense(5, "relu", dtype="float64"), lambda: layers.Dense(4)),
    "half precision between": (lambda: layers.Dense(5, "relu"), lambda: layers.Dense(4, dtype="float16")),
    "a chain in a chain": (lambda: Sequential([layers.Dense(4, "relu"), layers.Dropout(0.3)]), lambda: layers.Dense(2)),
}


@pytest.mark.parametrize("case", LAYERS)
def test_every_layer(case, compiled_equals_eager):
    compiled_equals_eager(chain(*LAYERS[case]), trained)


def test_a_buffer_that_training_changes_in_a_module(compiled_equals_eager):
    result = compiled_equals_eager(chain(lambda: nn.Linear(6, 5), lambda: nn.BatchNorm1d(5)), trained)
    assert any(w.dtype.kind == "i" or w.any() for w in result["weights"])


MERGING = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"]


def merged(name, **how):
    a, b = Input((4,), name="a"), Input((2,), name="b")
    left, right = layers.Dense(3, "tanh")(a), layers.Dense(3, "sigmoid")(b)
    y = layers.Dense(3, "softmax")(getattr(layers, name)()([left, right]))
    model = keras.Model([a, b], y)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
    return model


def trained_on_two(model):
    named = {"b": X[:, 4:], "a": X[:, :4]}
    history = model.fit([X[:, :4], X[:, 4:]], LABELS, batch_size=8, epochs=2, verbose=0, validation_data=(named, LABELS)).history
    return history, model.predict(named, batch_size=9, verbose=0), model.evaluate(named, LABELS, verbose=0)


@pytest.mark.parametrize("name", [*MERGING, "Subtract"])
def test_every_merging_layer_of_a_model_with_two_inputs(name, compiled_equals_eager):
    compiled_equals_eager(lambda **how: merged(name, **how), trained_on_two)


def with_two_outputs():
    x = Input((6,))
    h = layers.Dense(4, "relu")(x)
    return keras.Model(x, [h, layers.Dense(2)(h), h])


def test_predictions_of_several_outputs_are_arrays_of_their_own():
    model = with_two_outputs()
    outputs = model.predict(X, verbose=0)
    expected = [y.numpy() for y in model(X, training=True)]
    for y, z in zip(outputs, expected, strict=True):
        assert np.array_equal(y, z)
    assert not any(np.shares_memory(a, b) for i, a in enumerate(outputs) for b in outputs[:i])


class Shared(keras.Model):
    """A layer used twice, a weight used by two layers, operations of its own."""

    def __init__(self):
        super().__init__()
        self.first = layers.Dense(6, "tanh")
        self.last = layers.Dense(3)
        self.scale = self.add_weight(shape=(6,), initializer="ones", name="scale")

    def call(self, x, training=False):
        h = self.first(self.first(x)) * self.scale
        h = h + 0.1 * at.matmul(h, self.first.kernel.T) if training else at.concat([h[:, 3:], h[:, :3]], axis=1)
        return at.softmax(self.last(at.where(h > 0, h, 0.1 * h)))


class WithLosses(keras.Model):
    """Its own loss, of a traceable kind."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, "softmax")

    def call(self, x):
        return self.dense(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
        return super().compute_loss(x, y, y_pred, sample_weight) + 0.01 * (x**2).mean() * (y_pred**2).sum()


@pytest.mark.parametrize("kind", [Shared, WithLosses])
def test_a_subclass(kind, compiled_equals_eager):
    def make(**how):
        model = kind()
        model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
        return model

    compiled_equals_eager(make, trained)


def test_a_functional_model_with_a_shared_layer_and_an_operation(compiled_equals_eager):
    def make(**how):
        x = Input((6,))
        dense = layers.Dense(6, "tanh")
        model = keras.Model(x, layers.Dense(3, "softmax")(dense(dense(x)) * 0.5 + x))
        model.compile("adagrad", "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
        return model

    compiled_equals_eager(make, trained)


def test_weights_that_the_loss_does_not_reach_stay(compiled_equals_eager):
    class Unused(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.idle, self.last = layers.Dense(4), layers.Dense(4), layers.Dense(3, "softmax")

        def call(self, x):
            h = self.first(x)
            self.idle(h)
            return self.last(h)

    def make(**how):
        model = Unused()
        model.compile("adam", "sparse_categorical_crossentropy", **how)
        return model

    result = compiled_equals_eager(make, trained)
    assert not result["weights"][3].any()  # idle's bias


def test_a_constant_of_the_model_that_is_not_used_changes_nothing(compiled_equals_eager):
    class Extra(layers.Layer):
        def build(self, input_shape):
            self.table = self.add_weight(shape=(6,), initializer="ones", trainable=False, name="table")

        def call(self, x):
            self.table * 2.0
            return x * 1.0

    compiled_equals_eager(chain(Extra), trained)


def test_two_hundred_steps_of_a_deep_network(compiled_equals_eager):
    made = [
        lambda: layers.Dense(7, "relu"),
        layers.BatchNormalization,
        lambda: layers.Dropout(0.2),
        layers.LayerNormalization,
    ] * 3
    compiled_equals_eager(chain(*made), lambda model: trained(model, epochs=50))


BLOCKS = {
    "dense": layers.Dense,
    "relu": lambda n: layers.Dense(n, "relu"),
    "tanh": lambda n: layers.Dense(n, "tanh"),
    "gelu": lambda n: layers.Activation("gelu"),
    "softplus": lambda n: layers.Activation("softplus"),
    "dropout": lambda n: layers.Dropout(0.1 * n),
    "batch": lambda n: layers.BatchNormalization(momentum=0.9),
    "layer": lambda n: layers.LayerNormalization(),
    "module": lambda n: nn.ELU(),
    "penalty": lambda n: layers.Dense(n, kernel_regularizer="l2", activity_regularizer="l1"),
}


@given(
    blocks=st.lists(st.tuples(st.sampled_from(sorted(BLOCKS)), st.integers(1, 6)), max_size=6),
    optimizer=st.sampled_from(["sgd", "adam", "rmsprop", "adagrad", "adamax", "adamw"]),
    size=st.integers(1, 30),
    dtype=st.sampled_from(["float32", "float64"]),
    shuffle=st.sampled_from([True, False, "batch"]),
)
def test_random_networks(blocks, optimizer, size, dtype, shuffle, compiled_equals_eager):
    def make(**how):
        keras.config.set_floatx(dtype)
        try:
            model = Sequential([Input((6,)), *(BLOCKS[name](n) for name, n in blocks), layers.Dense(3, "softmax")])
            model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
        finally:
            keras.config.set_floatx("float32")
        return model

    def use(model):
        history = model.fit(X, LABELS, batch_size=size, epochs=2, shuffle=shuffle, verbose=0).history
        return history, model.evaluate(X, LABELS, verbose=0), model.predict(X, batch_size=size, verbose=0)

    compiled_equals_eager(make, use)
