"""Summaries of real models, character for character what Keras 3 and Keras 2 print for the same ones."""

from pathlib import Path

import numpy as np
import pytest

from autotensor import keras

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "golden"
layers = keras.layers


@pytest.fixture(autouse=True)
def _first_names():
    keras.utils.clear_session()


def digits():
    return keras.Sequential([keras.Input((64,)), layers.Dense(512), layers.Dense(10)])


def chain(*first):
    middle = [layers.Dense(512), layers.Dropout(0.2), layers.BatchNormalization()]
    return keras.Sequential([*first, *middle, layers.Dense(10)])


def fresh():
    return chain(keras.Input((64,)))


def fitted():
    model = fresh()
    model.compile("adam", "mse")
    model.fit(np.zeros((8, 64)), np.zeros((8, 10)), verbose=0)
    return model


def two_branches(name=None):
    x = keras.Input((4,), name="x")
    joined = layers.Add()([layers.Dense(3, name="left")(x), layers.Dense(3, name="right")(x)])
    return keras.Model(x, layers.Dense(1)(joined), name=name)


SUMMARIES = {
    "keras3-digits": (digits, {"line_length": 80}),
    "keras3-fresh": (fresh, {"line_length": 80}),
    "keras3-unbuilt": (chain, {"line_length": 80}),
    "keras3-fitted": (fitted, {"line_length": 80}),
    "keras3-show-trainable": (fresh, {"line_length": 80, "show_trainable": True}),
    "keras3-functional": (two_branches, {"line_length": 80}),
    "keras2-digits": (digits, {"style": "keras2"}),
    "keras2-fresh": (fresh, {"style": "keras2"}),
    "keras2-functional": (lambda: two_branches(name="model"), {"style": "keras2"}),  # Keras 2's automatic name
}


def printed(model, **settings):
    lines = []
    model.summary(print_fn=lines.append, **settings)
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_summary_of_a_model_is_kerass_character_for_character(name):
    make, settings = SUMMARIES[name]
    assert printed(make(), **settings) == (GOLDEN / f"summary-{name}.txt").read_text(encoding="utf-8")


def test_every_golden_summary_is_compared():
    assert {f"summary-{name}.txt" for name in SUMMARIES} == {path.name for path in GOLDEN.glob("summary-*.txt")}


def test_a_summary_without_print_fn_goes_to_standard_output(capsys):
    digits().summary(line_length=80)
    assert capsys.readouterr().out.rstrip("\n") == (GOLDEN / "summary-keras3-digits.txt").read_text(encoding="utf-8").rstrip("\n")


def test_a_subclassed_model_shows_its_layers_once_it_was_called():
    class Twice(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4, name="inner")

        def call(self, x):
            return self.dense(self.dense(x))

    model = Twice()
    model(np.zeros((1, 4)))
    text = printed(model, line_length=80)
    assert 'Model: "twice"' in text
    assert "inner (Dense)" in text
    assert "Total params: 20 (80.00 B)" in text


def test_a_model_inside_a_model_is_expanded_on_request():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="deep")], name="inner")
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(1)])
    assert "deep" not in printed(model, line_length=80)
    assert "deep (Dense)" in printed(model, line_length=80, expand_nested=True)


def test_frozen_weights_are_counted_as_non_trainable():
    model = digits()
    model.layers[0].trainable = False
    text = printed(model, line_length=80)
    assert "Trainable params: 5,130" in text
    assert "Non-trainable params: 33,280" in text


def test_an_operation_between_layers_has_a_row():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Dense(1)(x * 2.0 + 1.0))
    text = printed(model, line_length=80)
    assert "multiply (Multiply)" in text
    assert "add (Add)" in text
