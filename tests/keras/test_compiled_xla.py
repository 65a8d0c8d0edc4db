"""`jit_compile="xla"`: training steps by XLA learn what steps on NumPy learn, but for the order of sums."""

from __future__ import annotations

import numpy as np
import pytest

from autotensor import keras
from autotensor.core.errors import ArgumentError, MissingExtraError
from autotensor.plan import xla

needs_jax = pytest.mark.skipif(not xla.available(), reason="jax is not installed")


def fitted(how, optimizer, *layers):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.layers.Input((6,)), *(make() for make in layers), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=how)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 6)).astype("float32"), rng.integers(0, 3, 50)
    history = model.fit(x, y, epochs=3, batch_size=16, verbose=0, validation_data=(x, y))
    return model, history.history, model.predict(x, verbose=0)


@needs_jax
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", "adamw"])
def test_training_by_xla_learns_what_training_on_numpy_learns(optimizer):
    layers = [lambda: keras.layers.Dense(16, "relu"), keras.layers.BatchNormalization, lambda: keras.layers.Dropout(0.3)]
    ours, history, predicted = fitted("xla", optimizer, *layers)
    model, expected, wanted = fitted("auto", optimizer, *layers)
    assert ours.train_step_source.startswith("# train_step(")
    assert set(history) == set(expected)
    for name, numbers in expected.items():
        np.testing.assert_allclose(history[name], numbers, rtol=1e-4, err_msg=name)
    for a, b in zip(ours.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(predicted, wanted, rtol=1e-3, atol=1e-3)


def test_without_jax_compile_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(MissingExtraError, match=r'jit_compile="xla" needs the package \'jax\'.*autotensor\[xla\]'):
        model.compile("sgd", "mse", jit_compile="xla")


def test_xla_and_running_eagerly_exclude_each_other():
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ArgumentError, match="jit_compile='xla' compiles each step and run_eagerly=True does not; choose one"):
        model.compile("sgd", "mse", jit_compile="xla", run_eagerly=True)
