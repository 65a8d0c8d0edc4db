"""Whole trainings end where Keras's end: history, weights, `evaluate` and `predict` of small models.

The numbers in keras-models.json were recorded by running the cases of this file, as they stand here, on Keras 3.15.1 (JAX,
CPU): `keras` was Keras itself. Data and first weights are formulas, so that both sides begin alike.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from autotensor import keras

RECORDED = Path(__file__).resolve().parents[1] / "data" / "keras-models.json"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}

layers, regularizers, constraints = keras.layers, keras.regularizers, keras.constraints
X = np.sin(np.arange(20 * 4) * 1.7 + 0.3).reshape(20, 4).astype("float32")
X_TEST = np.sin(np.arange(6 * 4) * 2.3 + 1.1).reshape(6, 4).astype("float32")


def score(x):
    return x[:, 0] + 0.5 * x[:, 1] - x[:, 2] * x[:, 3]


def binary(x):
    return (score(x) > 0).astype("float32")


def three_classes(x):
    return (score(x) > -0.4).astype("int64") + (score(x) > 0.4)


def one_hot(x):
    return np.eye(3, dtype="float32")[three_classes(x)]


def continuous(x):
    return np.stack([score(x), x.sum(1)], axis=1)


def network(*middle, units=1, activation=None, **last):
    return keras.Sequential([keras.Input((4,)), *middle, layers.Dense(units, activation=activation, **last)])


def compiled(model, *args, **settings):
    model.compile(*args, **settings)
    return model


# Each case gives the model, the labels as a function of x, and what else `fit` is told.
def a_binary_mlp_with_rmsprop():
    model = network(layers.Dense(5, activation="tanh"), units=1, activation="sigmoid")
    return compiled(model, "rmsprop", "binary_crossentropy", metrics=["accuracy"]), binary, {"validation_split": 0.25}


def classes_with_adam_and_sample_weight():
    model = network(layers.Dense(5, activation="relu"), units=3, activation="softmax")
    compiled(model, "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["acc"])
    return model, three_classes, {"sample_weight": 0.5 + np.arange(20) % 3, "validation_split": 0.2}


def classes_with_adam_and_class_weight():
    model = network(layers.Dense(5, activation="relu"), units=3, activation="softmax")
    compiled(model, keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, three_classes, {"class_weight": {0: 2.0, 2: 0.5}, "validation_split": 0.3}


def one_hot_classes_with_class_weight_and_validation_data():
    model = network(units=3, activation="softmax")
    compiled(model, "adamax", "categorical_crossentropy", metrics=["accuracy", "mae"])
    return model, one_hot, {"class_weight": {0: 2.0, 1: 0.5}, "validation_data": (X_TEST, one_hot(X_TEST))}


def batch_normalization_with_momentum():
    model = network(layers.Dense(5), layers.BatchNormalization(momentum=0.9), layers.ReLU(), units=2)
    return compiled(model, keras.optimizers.SGD(0.05, momentum=0.9), "mse"), continuous, {"validation_split": 0.2}


def nesterov_and_clipping():
    model = network(layers.Dense(5, activation="gelu"), units=2)
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=0.1)
    return compiled(model, optimizer, keras.losses.Huber(0.5)), continuous, {}


def layer_normalization():
    model = network(layers.Dense(5), layers.LayerNormalization(), layers.Activation("elu"), units=2)
    return compiled(model, "adagrad", "mae", metrics=["mse"]), continuous, {}


def regularizers_of_weights_and_outputs():
    hidden = layers.Dense(
        5,
        activation="tanh",
        kernel_regularizer="l2",
        bias_regularizer=regularizers.L1(0.02),
        activity_regularizer=regularizers.L2(0.1),
    )
    last = {"kernel_regularizer": regularizers.L1L2(0.01, 0.02)}
    return compiled(network(hidden, units=2, **last), "sgd", "mse", metrics=["mae"]), continuous, {"validation_split": 0.2}


def constraints_after_each_step():
    first = layers.Dense(5, activation="tanh", kernel_constraint=constraints.MaxNorm(0.8), bias_constraint="non_neg")
    second = layers.Dense(4, activation="tanh", kernel_constraint="unit_norm")
    last = {"kernel_constraint": constraints.MinMaxNorm(0.2, 0.9, rate=0.5, axis=1)}
    return compiled(network(first, second, units=2, **last), keras.optimizers.SGD(0.1), "mse"), continuous, {}


def regression_with_a_partial_last_batch():
    model = network(layers.Dense(6, activation="silu"), units=2)
    compiled(model, keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True), "mse", metrics=["mae", "cosine_similarity"])
    return model, continuous, {"batch_size": 7}


def two_inputs_and_an_addition():
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(3, activation="tanh")
    joined = layers.Add()([shared(left), layers.Dense(3)(right)])
    joined = layers.Concatenate()([joined, shared(right)]) * 0.5 + 0.25
    model = keras.Model([left, right], layers.Dense(2)(joined))
    return compiled(model, "adam", "mse", metrics=["mae"]), continuous, {}


def binary_logits():
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    return compiled(network(units=1), keras.optimizers.Adam(0.01), loss, metrics=["mse"]), binary, {"validation_split": 0.2}


def class_logits():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return compiled(network(units=3), keras.optimizers.AdamW(0.01), loss, metrics=["accuracy"]), three_classes, {}


def a_frozen_layer():
    hidden, bn = layers.Dense(5, activation="tanh"), layers.BatchNormalization()
    hidden.trainable = bn.trainable = False
    return compiled(network(hidden, bn, units=2), keras.optimizers.SGD(0.1), "mse"), continuous, {}


def a_weighted_loss_and_moving_averages():
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, weight_decay=0.01)
    model = network(layers.Dense(3, activation="tanh"), units=2)
    return compiled(model, optimizer, "mse", loss_weights=0.5, metrics=["mse"]), continuous, {"validation_split": 0.2}


CASES = (
    a_binary_mlp_with_rmsprop,
    classes_with_adam_and_sample_weight,
    classes_with_adam_and_class_weight,
    one_hot_classes_with_class_weight_and_validation_data,
    batch_normalization_with_momentum,
    nesterov_and_clipping,
    layer_normalization,
    regularizers_of_weights_and_outputs,
    constraints_after_each_step,
    regression_with_a_partial_last_batch,
    two_inputs_and_an_addition,
    binary_logits,
    class_logits,
    a_frozen_layer,
    a_weighted_loss_and_moving_averages,
)


def first_weights(model):
    """Matrices in +-0.6, vectors in 0.1 to 0.5: positive, as a variance must be."""
    for k, shape in enumerate(w.shape for w in model.get_weights()):
        wave = np.sin(np.arange(np.prod(shape)) * 1.3 + k).reshape(shape)
        yield (0.6 * wave if len(shape) > 1 else 0.3 + 0.2 * wave).astype("float32")


def run(case):
    model, labels, settings = case()
    model.set_weights(list(first_weights(model)))
    x, x_test = ([X, X[::-1]], [X_TEST, X_TEST[::-1]]) if len(model.inputs) == 2 else (X, X_TEST)
    history = model.fit(x, labels(X), **({"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0} | settings))
    return {
        "history": {name: [float(value) for value in values] for name, values in history.history.items()},
        "weights": [w.tolist() for w in model.get_weights()],
        "evaluate": np.atleast_1d(model.evaluate(x_test, labels(X_TEST), batch_size=4, verbose=0)).tolist(),
        "predict": model.predict(x_test, batch_size=4, verbose=0).tolist(),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_training_ends_where_kerass_ends(case):
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))["cases"][case.__name__]
    ours = run(case)
    assert list(ours["history"]) == list(recorded["history"])
    for name, values in recorded["history"].items():
        np.testing.assert_allclose(ours["history"][name], values, err_msg=name, **TOLERANCE)
    for part in ("evaluate", "predict"):
        np.testing.assert_allclose(ours[part], recorded[part], err_msg=part, **TOLERANCE)
    assert len(ours["weights"]) == len(recorded["weights"])
    for k, (weight, wanted) in enumerate(zip(ours["weights"], recorded["weights"], strict=True)):
        np.testing.assert_allclose(weight, wanted, err_msg=f"weight {k}", **TOLERANCE)


def test_every_recorded_training_is_followed():
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))["cases"]
    assert list(recorded) == [case.__name__ for case in CASES]
