"""Compiled training equals eager training for every optimizer with every option."""

import numpy as np
import pytest

from autotensor import keras

layers, optimizers = keras.layers, keras.optimizers
X = np.sin(np.arange(20 * 4) * 1.3).reshape(20, 4).astype("float32")
Y = np.arange(20) % 3
RULES = {
    "descent": lambda **k: optimizers.SGD(0.1, **k),
    "velocity": lambda **k: optimizers.SGD(0.1, momentum=0.9, **k),
    "nesterov": lambda **k: optimizers.SGD(0.1, momentum=0.8, nesterov=True, **k),
    "adam": lambda **k: optimizers.Adam(0.01, **k),
    "amsgrad": lambda **k: optimizers.Adam(0.01, beta_1=0.7, beta_2=0.9, epsilon=1e-4, amsgrad=True, **k),
    "adamw": lambda **k: optimizers.AdamW(0.01, **{"weight_decay": 0.05, **k}),
    "adamax": lambda **k: optimizers.Adamax(0.01, **k),
    "adagrad": lambda **k: optimizers.Adagrad(0.1, initial_accumulator_value=0.2, **k),
    "rmsprop": lambda **k: optimizers.RMSprop(0.01, **k),
    "rmsprop with momentum": lambda **k: optimizers.RMSprop(0.01, rho=0.8, momentum=0.5, **k),
    "centered": lambda **k: optimizers.RMSprop(0.01, momentum=0.5, centered=True, **k),
}


class Steps:
    """A rate that is not the same whenever it is asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return 0.1 / self.asked


OPTIONS = {
    "plain": {},
    "clipnorm": {"clipnorm": 0.05},
    "global_clipnorm": {"global_clipnorm": 0.05},
    "a global_clipnorm that is not reached": {"global_clipnorm": 1e6},
    "clipvalue": {"clipvalue": 0.01},
    "weight_decay": {"weight_decay": 0.1},
    "decay and a clip": {"weight_decay": 0.1, "clipnorm": 0.1},
    "a schedule": {"learning_rate": lambda iteration: 0.1 / (1 + iteration)},
    "a function": {"learning_rate": Steps},
    "average": {"use_ema": True, "ema_momentum": 0.8},
    "overwriting average": {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    "accumulated": {"gradient_accumulation_steps": 3},
    "accumulated and clipped": {"gradient_accumulation_steps": 2, "clipnorm": 0.1, "weight_decay": 0.1},
    "scaled": {"loss_scale_factor": 1024.0},
    "everything": {"loss_scale_factor": 8.0, "use_ema": True, "gradient_accumulation_steps": 2, "global_clipnorm": 0.2},
}


def trained(model):
    """Steps of 6, 6, 6 and 2 samples; a second fit goes on where the first has ended."""
    first = model.fit(X, Y, batch_size=6, epochs=3, verbose=0).history
    return first, model.fit(X, Y, batch_size=5, epochs=2, verbose=0).history


def network(optimizer, **settings):
    def make(**how):
        inner = layers.Dense(5, "relu", **settings)
        model = keras.Sequential([keras.Input((4,)), inner, layers.BatchNormalization(), layers.Dense(3, "softmax")])
        model.compile(optimizer(), "sparse_categorical_crossentropy", **how)
        return model

    return make


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_with_every_option(rule, option, compiled_equals_eager):
    def optimizer():
        given = dict(OPTIONS[option])
        rate = given.pop("learning_rate", None)
        made = RULES[rule](**given)
        if rate is not None:
            made.learning_rate = rate() if isinstance(rate, type) else rate
        return made

    compiled_equals_eager(network(optimizer), trained)


def test_a_rate_is_asked_as_often_as_eagerly(compiled_equals_eager):
    asked = []

    def use(model):
        rate = Steps()
        model.optimizer.learning_rate = rate
        history = trained(model)
        asked.append(rate.asked)
        return history

    compiled_equals_eager(network(lambda: optimizers.SGD(0.1)), use)
    assert asked[0] == asked[1]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_keras_2s_decay(compiled_equals_eager):
    compiled_equals_eager(network(lambda: optimizers.Adam(lr=0.1, decay=0.3)), trained)


@pytest.mark.parametrize("chosen", [{"var_names": ["bias", "gamma"]}, {"var_names": ["kernel"]}])
def test_weights_left_out_of_the_decay(chosen, compiled_equals_eager):
    def optimizer():
        made = optimizers.AdamW(0.01, weight_decay=0.5)
        made.exclude_from_weight_decay(**chosen)
        return made

    compiled_equals_eager(network(optimizer), trained)


CONSTRAINTS = ["non_neg", "unit_norm", keras.constraints.MaxNorm(0.5), keras.constraints.MinMaxNorm(0.3, 0.6, rate=0.5)]


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda c: c if isinstance(c, str) else type(c).__name__)
@pytest.mark.parametrize("rule", ["velocity", "amsgrad"])
def test_constraints(rule, constraint, compiled_equals_eager):
    compiled_equals_eager(network(RULES[rule], kernel_constraint=constraint), trained)


@pytest.mark.parametrize("rule", RULES)
def test_two_hundred_steps(rule, compiled_equals_eager):
    def use(model):
        return model.fit(X, Y, batch_size=6, epochs=50, verbose=0).history

    assert compiled_equals_eager(network(RULES[rule]), use)["iterations"] == 200


@pytest.mark.parametrize("rule", RULES)
def test_parameters_of_two_dtypes_and_without_axes(rule, compiled_equals_eager):
    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

        def call(self, x):
            return x * self.factor

    def make(**how):
        chosen = [Scaled(), layers.Dense(5, "tanh", dtype="float64"), Scaled(dtype="float64"), layers.Dense(3, "softmax")]
        model = keras.Sequential([keras.Input((4,)), *chosen])
        model.compile(RULES[rule](clipnorm=0.3), "sparse_categorical_crossentropy", **how)
        return model

    compiled_equals_eager(make, trained)


class Halving(optimizers.SGD):
    """An optimizer of one's own."""

    def apply(self, grads, trainable_variables=None):
        super().apply([None if g is None else g * 0.5 for g in grads], trainable_variables)


def test_an_optimizer_of_ones_own(compiled_equals_eager):
    compiled_equals_eager(network(lambda: Halving(0.1)), trained)


def test_a_gradient_that_some_weights_do_not_get(compiled_equals_eager):
    class Unused(keras.Model):
        def __init__(self):
            super().__init__()
            self.idle, self.last = layers.Dense(4), layers.Dense(3, "softmax")

        def call(self, x):
            self.idle(x)
            return self.last(x)

    def make(**how):
        model = Unused()
        model.compile(optimizers.Adam(0.1, gradient_accumulation_steps=2, use_ema=True), "sparse_categorical_crossentropy", **how)
        return model

    compiled_equals_eager(make, trained)
