"""Where a step cannot be compiled it runs eagerly, says so once, and gives what eager training gives."""

import re
import warnings

import numpy as np
import pytest

import autotensor as at
from autotensor import keras
from autotensor.plan.trace import TraceError

layers = keras.layers
X = np.sin(np.arange(20 * 4) * 1.3).reshape(20, 4).astype("float32")
Y = np.arange(20) % 3
FIT = {"batch_size": 6, "epochs": 3, "verbose": 0}
SEEN = []


class Plain(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, "softmax")

    def call(self, x):
        return self.dense(x)


class OwnStep(Plain):
    def train_step(self, data):
        x, y = data
        with at.enable_grad():
            loss = self.compute_loss(x, y, self(x, training=True))
        loss.backward()
        self.optimizer.apply([p.grad for p in self.trainable_weights], self.trainable_weights)
        self.zero_grad()
        return {"loss": loss.item()}


class OwnMetrics(Plain):
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {**super().compute_metrics(x, y, y_pred, sample_weight), "mean": float(np.mean(y_pred.numpy()))}


class Number(Plain):
    def call(self, x):
        scale = float(at.max(at.abs(x)))  # a number
        return self.dense(x / scale)


class Array(Plain):
    def call(self, x):
        return self.dense(x) + np.asarray(x).mean() * 0  # an array


class Branch(Plain):
    def call(self, x):
        if x.sum() > 0:  # a truth
            x = x * 2
        return self.dense(x)


class Mask(Plain):
    def call(self, x):
        return self.dense(x) + x[x > 0].sum() * 0.01  # a shape


class Last(Plain):
    """Fails for the last batch alone."""

    def call(self, x):
        y = self.dense(x)
        return y if x.shape[0] > 4 or not self.training else y + x.numpy().sum() * 0  # the last batch


class OwnLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        weight = 2.0 if y_pred.mean().item() > 0.2 else 1.0  # an item
        return weight * at.mean(at.square(y_true[:, None] - y_pred), axis=-1)


class Counting(layers.Layer):
    """Keeps a number in Python, which is part of what it computes."""

    def __init__(self, **common):
        super().__init__(**common)
        self.calls = 0

    def call(self, x):
        self.calls += 1
        return x * (1 + 0.1 * self.calls)


class Collecting(layers.Layer):
    """Keeps what it has seen."""

    def __init__(self, **common):
        super().__init__(**common)
        self.outputs = []

    def call(self, x):
        self.outputs.append(x * 2)
        return self.outputs[-1]


class Keeping(layers.Layer):
    def call(self, x):
        self.latest = x * 2
        return self.latest


def made(kind, loss="sparse_categorical_crossentropy"):
    def make(**how):
        model = kind()
        model.compile("adam", loss() if isinstance(loss, type) else loss, metrics=["accuracy"], **how)
        return model

    return make


def with_layer(kind):
    def make(**how):
        model = keras.Sequential([keras.Input((4,)), kind(name="special"), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
        return model

    return make


def hooked(**how):
    model = made(Plain)(**how)
    SEEN.clear()
    model.dense.register_forward_hook(lambda module, inputs, output: SEEN.append(output.numpy().sum()))
    return model


def use(model):
    histories = [model.fit(X, Y, validation_data=(X[:5], Y[:5]), **FIT).history, model.fit(X, Y, **FIT).history]
    kept = [getattr(model, "layers", [None])[0]]
    state = [getattr(kept[0], "calls", None), [y.numpy() for y in getattr(kept[0], "outputs", []) if isinstance(y, at.Tensor)]]
    return histories, state, model.evaluate(X, Y, verbose=0), model.predict(X, batch_size=7, verbose=0), list(SEEN)


LINE = r"test_compiled_fallbacks\.py:\d+ in call: "
CASES = {
    "a train_step of one's own": (made(OwnStep), "OwnStep defines its own train_step"),
    "compute_metrics of one's own": (made(OwnMetrics), "OwnMetrics defines its own compute_metrics"),
    "a number": (made(Number), f"float.*{LINE}scale = float"),
    "an array": (made(Array), f"the array.*{LINE}return self.dense"),
    "a branch": (made(Branch), f"the truth.*{LINE}if x.sum"),
    "a mask": (made(Mask), rf"numpy\(\).*{LINE}return self.dense"),
    "the last batch": (made(Last), f"numpy.*{LINE}return y if"),
    "a loss": (made(Plain, OwnLoss), f"item.*{LINE}weight ="),
    "a hook": (hooked, "Dense has forward hooks"),
    "a count": (with_layer(Counting), r"special\.calls changes whenever the model is called"),
    "a list": (with_layer(Collecting), "a list that a layer keeps changes whenever the model is called"),
    "an attribute": (with_layer(Keeping), r"special\.latest changes whenever the model is called"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_compiled_runs_eagerly_with_one_warning(case, falls_back):
    make, reason = CASES[case]
    SEEN.clear()
    said = falls_back(make, use)
    assert re.search(reason, said), said
    assert re.match(
        r"fit of \w+ is not compiled: .*\. It runs eagerly; pass run_eagerly=True to compile\(\) if that is meant\.$", said
    )


@pytest.mark.parametrize("case", CASES)
def test_jit_compile_true_raises_there_and_run_eagerly_says_nothing(case):
    make, reason = CASES[case]
    model = make(jit_compile=True)
    with pytest.raises(TraceError, match=reason):
        model.fit(X, Y, **FIT)
    for quiet in ({"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": None}):
        make(**quiet).fit(X, Y, **FIT)


def test_the_weights_are_those_before_the_batch_that_cannot_be_compiled():
    model = made(Last)(jit_compile=True)
    twin = made(Last)(run_eagerly=True)
    for each in (model, twin):
        each(X)
    twin.set_weights(model.get_weights())
    with pytest.raises(TraceError):
        model.fit(X, Y, shuffle=False, **FIT)
    twin.fit(X, Y, shuffle=False, steps_per_epoch=3, **{**FIT, "epochs": 1})
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)  # with Numba, jit_compile=True takes exp by a polynomial
    assert model.optimizer.iterations == 3


def test_a_hook_registered_in_a_callback_is_called_from_the_next_step_on():
    seen = []
    model = made(Plain)()

    def register(batch, logs):
        if batch == 1 and not model.dense._hooks:
            model.dense.register_forward_hook(lambda module, inputs, output: seen.append(type(output).__name__))

    with pytest.warns(UserWarning, match="forward hooks") as caught:
        model.fit(X, Y, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=register)], **FIT)
    assert len(caught) == 1
    assert seen == ["Tensor"] * 10


def test_settings_that_change_with_every_step_are_run_eagerly(falls_back):
    def warmed(model):
        def raise_rate(batch, logs=None):
            model.layers[0].rate = 0.01 * (batch + 1)

        return model.fit(
            X, Y, batch_size=1, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_begin=raise_rate)]
        ).history

    assert "change with nearly every step" in falls_back(with_layer(lambda name: layers.Dropout(0.5, name=name)), warmed)


def test_debug_runs_eagerly_and_says_nothing():
    model, twin = made(Plain)(), made(Plain)(run_eagerly=True)
    model(X), twin(X)
    twin.set_weights(model.get_weights())
    with at.debug():
        model.fit(X, Y, shuffle=False, **FIT)
        twin.fit(X, Y, shuffle=False, **FIT)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), twin.get_weights(), strict=True))


def test_debug_finds_a_nan_in_fit():
    model = made(Plain)()
    model(X)
    model.dense.kernel.data = model.dense.kernel.data * np.float32(np.nan)
    with pytest.raises(at.core.errors.NonFiniteError), at.debug(nan="raise"):
        model.fit(X, Y, **FIT)


def test_a_network_of_which_nothing_is_trained_is_refused_alike():
    def refusal(**how):
        model = made(Plain)(**how)
        model(X)
        model.trainable = False
        before = model.get_weights()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model.fit(X, Y, **FIT)
            except at.core.errors.AutotensorError as error:
                return type(error), str(error), [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
        return None

    assert refusal() == refusal(run_eagerly=True)


def test_a_loss_that_reaches_no_weight_is_refused_alike():
    class Detached(Plain):
        def call(self, x):
            return self.dense(x).detach() + x[:, :3] * 0.1

    def refusal(**how):
        model = made(Detached)(**how)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model.fit(X, Y, **FIT)
            except at.core.errors.AutotensorError as error:
                return type(error), str(error)
        return None

    assert refusal() == refusal(run_eagerly=True)


def test_nans_are_the_same(compiled_equals_eager):
    def broken(model):
        model.layers[0].set_weights([np.full((4, 3), np.inf), np.zeros(3)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            history = model.fit(X, Y, callbacks=[keras.callbacks.TerminateOnNaN()], **FIT).history
            result = history, [np.isnan(w) for w in model.get_weights()]
        model.set_weights([np.zeros_like(w) for w in model.get_weights()])
        return result

    def make(**how):
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", **how)
        return model

    compiled_equals_eager(make, broken)


def test_predictions_of_a_layer_with_python_state_follow_it():
    model, twin = with_layer(Counting)(), with_layer(Counting)(run_eagerly=True)
    twin.set_weights(model.get_weights())
    for each in (model, twin):
        each.layers[0].calls = 0
    for _ in range(3):
        assert np.array_equal(model.predict(X, verbose=0), twin.predict(X, verbose=0))
        assert np.array_equal(model(X).numpy(), twin(X).numpy())
        assert model.evaluate(X, Y, verbose=0) == twin.evaluate(X, Y, verbose=0)
        assert model.layers[0].calls == twin.layers[0].calls
