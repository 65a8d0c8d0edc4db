"""Models, layers and steps of one's own, as Keras's guides write them, and `nn.Module` among layers."""

import contextlib

import numpy as np
import pytest

import autotensor as at
from autotensor import keras, nn

layers = keras.layers
X = np.sin(np.arange(20 * 4) * 1.7).reshape(20, 4).astype("float32")
Y = X.sum(1)


class Scale(layers.Layer):
    def __init__(self, units=2, **common):
        super().__init__(**common)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", name="kernel")
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")
        super().build(input_shape)

    def call(self, x):
        return at.matmul(x, self.w)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_a_layer_of_ones_own_makes_its_weights_when_it_learns_the_shape():
    layer = Scale(3)
    assert layer.weights == []
    assert layer(np.ones((1, 4))).tolist() == [[4.0, 4.0, 4.0]]
    assert [w.shape for w in layer.weights] == [(4, 3), ()]
    assert layer.trainable_weights == [layer.w]
    assert layer.non_trainable_weights == [layer.seen]
    model = keras.Sequential([keras.Input((4,)), Scale(), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)] == [True, False, True, True]


def test_weights_of_one_name_in_a_list_are_all_kept():
    class Stack(layers.Layer):
        def build(self, input_shape):
            self.factors = [self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor") for _ in range(3)]

        def call(self, x):
            return x * self.factors[0] * self.factors[1] * self.factors[2]

    model = keras.Sequential([keras.Input((4,)), Stack()])
    assert model.count_params() == 12


class Residual(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(4, "relu") for _ in range(2)]
        self.named = {"last": layers.Dense(1)}
        self.drop = layers.Dropout(0.5)

    def call(self, x, training=False):
        self.mode_seen = training
        for block in self.blocks:
            x = x + block(x)
        return self.named["last"](self.drop(x, training=training))


def test_layers_in_lists_and_dicts_are_trained():
    model = Residual()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert len(model.weights) == 6
    assert len(model.layers) == 4
    model.blocks.append(layers.Dense(4))
    model(X)
    assert len(model.weights) == 8


def test_a_subclass_is_told_whether_it_trains():
    model = Residual()
    model(X)
    assert model.mode_seen is False
    model(X, training=True)
    assert model.mode_seen is True
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert model.mode_seen is True
    assert np.array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    assert model.mode_seen is False


def test_a_layer_may_be_called_output():  # a word that Keras forbids there
    class Small(keras.Model):
        def __init__(self):
            super().__init__()
            self.output = layers.Dense(1)

        def call(self, x):
            return self.output(x)

    model = Small()
    model(X)
    assert model.count_params() == 5
    assert (
        keras.Sequential([keras.Input((4,)), layers.Dense(2, name="summary"), layers.Dense(1, name="loss")]).count_params() == 13
    )


class Guided(keras.Model):
    """The train_step of Keras's guide "Customizing what happens in fit()", at its level of compile's loss and metrics."""

    def train_step(self, data):
        x, y = data
        y_pred = self(x, training=True)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        loss.backward()
        self.optimizer.apply([v.grad for v in self.trainable_weights], self.trainable_weights)
        self.zero_grad()
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def test_a_train_step_of_ones_own_trains_as_the_built_in_one():
    models = []
    for kind in (Guided, keras.Model):
        x = keras.Input((4,))
        model = kind(x, layers.Dense(1, kernel_initializer="ones")(x))
        model.compile("adam", "mse", metrics=["mae"])
        with contextlib.nullcontext() if kind is keras.Model else pytest.warns(UserWarning, match="its own train_step"):
            model.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
        models.append(model)
    ours, plain = models
    assert ours.history.history.keys() == plain.history.history.keys()
    for name, values in plain.history.history.items():
        np.testing.assert_allclose(ours.history.history[name], values, rtol=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(ours.get_weights(), plain.get_weights(), strict=True))
    assert ours.train_on_batch(X, Y) == pytest.approx(plain.train_on_batch(X, Y))


class Unsupervised(keras.Model):
    """A loss, a metric and data of its own: nothing but an optimizer is compiled, and there is no y."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.tracker = keras.metrics.Mean(name="distance")

    def train_step(self, x):
        distance = at.mean((self(x, training=True) - 1.0) ** 2)
        distance.backward()
        self.optimizer.apply([v.grad for v in self.trainable_weights], self.trainable_weights)
        self.zero_grad()
        self.tracker.update_state(distance)
        return {"distance": self.tracker.result()}

    def test_step(self, x):
        self.tracker.update_state(at.mean((self(x) - 1.0) ** 2))
        return {"distance": self.tracker.result()}


def test_a_step_of_ones_own_needs_neither_loss_nor_labels():
    x = keras.Input((4,))
    model = Unsupervised(x, layers.Dense(1)(x))
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    distances = model.fit(X, epochs=20, verbose=0).history["distance"]
    assert distances == sorted(distances, reverse=True)  # each epoch is measured anew
    assert distances[-1] < 0.01 * distances[0]
    assert model.evaluate(X, verbose=0) < distances[-1]
    assert model.evaluate(X, verbose=0, return_dict=True) == {"distance": model.evaluate(X, verbose=0)}


@pytest.mark.parametrize(("given", "parts"), [((X,), 0), ((X, Y), 2), ((X, Y, Y), 3)])
def test_a_step_is_given_what_fit_was_given(given, parts):
    seen = []

    class Watched(keras.Model):
        def train_step(self, data):
            seen.append(len(data) if isinstance(data, tuple) else 0)
            return {"loss": 0.0}

    x = keras.Input((4,))
    model = Watched(x, layers.Dense(1)(x))
    model.compile("sgd", "mse", run_eagerly=True)
    names = ("x", "y", "sample_weight")
    model.fit(**dict(zip(names, given, strict=False)), verbose=0)
    assert seen == [parts]


def test_modules_of_nn_are_layers_of_a_model():
    module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    model = keras.Sequential([keras.Input((4,)), module, nn.Tanh(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    assert model.output_shape == (None, 1)
    assert module[0].weight in set(model.trainable_weights)
    assert int(module[1].num_batches_tracked) == 2  # batches of training alone
    assert np.array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    module[0].requires_grad_(False)
    assert module[0].weight not in set(model.trainable_weights)


def test_a_module_of_nn_is_an_attribute_of_a_subclass():
    class Mixed(keras.Model):
        def __init__(self):
            super().__init__()
            self.linear, self.heads = nn.Linear(4, 3), [nn.Linear(3, 1)]

        def call(self, x):
            return self.heads[0](self.linear(x))

    model = Mixed()
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert len(before) == 4
    assert not any(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def mean_distance(y_true, y_pred):
    return at.mean(at.abs(y_true - y_pred), axis=-1)


METRICS = {
    "a name": ("mae", ["mae"]),
    "a list of names": (["mae", "mse"], ["mae", "mse"]),
    "a tuple": (("mae",), ["mae"]),
    "a list in a list": ([["mae", "mse"]], ["mae", "mse"]),
    "a dict by output": ({"last": ["mae"]}, ["mae"]),
    "an object": ([keras.metrics.MeanAbsoluteError(name="mine")], ["mine"]),
    "a class": ([keras.metrics.MeanAbsoluteError], ["mean_absolute_error"]),
    "a function": ([mean_distance], ["mean_distance"]),
    "a function of keras": ([keras.losses.mean_absolute_error], ["mean_absolute_error"]),
    "a Loss": ([keras.losses.Huber()], ["huber_loss"]),
    "none": (None, []),
    "an empty list": ([], []),
}


@pytest.mark.parametrize("form", METRICS)
def test_metrics_may_be_given_in_any_form(form):
    given, names = METRICS[form]
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, name="last")])
    model.compile("sgd", "mse", metrics=given)
    logs = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(logs) == ["loss", *names]
    mae = np.abs(model.predict(X, verbose=0)[:, 0] - Y).mean()
    if names and names[0] not in ("mse", "huber_loss"):
        assert logs[names[0]] == pytest.approx(mae, rel=1e-5)


@pytest.mark.parametrize(
    "name", sorted(name for name in keras.losses.lookup.FUNCTIONS if "sparse" not in name and "cosine" not in name)
)
def test_any_loss_is_also_a_metric(name):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, "softmax")])
    model.compile("sgd", name, metrics=[name])
    logs = model.evaluate(X, np.eye(2)[np.arange(20) % 2], verbose=0, return_dict=True)
    assert logs[name] == pytest.approx(logs["loss"], rel=1e-5)
