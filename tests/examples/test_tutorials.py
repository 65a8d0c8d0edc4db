"""The four programs of `examples/tutorials`, and the one by hand, run as they stand."""

import re
import runpy
import statistics
from pathlib import Path

import numpy as np
import pytest

from autotensor import keras
from autotensor.core.errors import ShapeError

TUTORIALS = Path(__file__).parents[2] / "examples" / "tutorials"


def run(name, capsys):
    """The program's printed output, with automatic layer names counted from the start."""
    keras.utils.clear_session()
    runpy.run_path(str(TUTORIALS / f"{name}.py"), run_name="__main__")
    return capsys.readouterr().out


def number_after(text, words):
    return float(re.search(rf"{words} (\d+\.\d+)", text)[1])


def test_the_binary_classifier_trains(capsys):
    keras.utils.set_random_seed(0)
    out = run("binary_classifier", capsys)
    assert "Epoch 10/10" in out
    assert number_after(out, "accuracy") > 0.55  # random labels: what it learns it remembers


def test_three_hidden_units_beat_the_best_straight_line_on_half_moons(capsys):
    out = run("half_moons", capsys)
    assert "Total params: 13 (52.00 B)" in out
    assert number_after(out, "accuracy") > number_after(out, "best straight line") + 0.03


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A file in MNIST's place: a bright band whose height says the digit."""
    rng = np.random.default_rng(0)

    def images(n):
        labels = rng.integers(0, 10, n).astype(np.uint8)
        pixels = rng.integers(0, 60, (n, 28, 28)).astype(np.uint8)
        for image, label in zip(pixels, labels, strict=True):
            image[2 * label : 2 * label + 4] += 150
        return pixels, labels

    (x_train, y_train), (x_test, y_test) = images(600), images(100)
    (tmp_path / "datasets").mkdir()
    np.savez(tmp_path / "datasets" / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


@pytest.mark.usefixtures("small_mnist")
def test_the_mnist_program_as_published_says_what_is_wrong_and_both_repairs(capsys):
    with pytest.raises(ShapeError) as error:
        run("mnist_as_published", capsys)
    for part in ("binary_crossentropy", "(600,)", "(600, 10)", "sparse_categorical_crossentropy", "to_categorical"):
        assert part in str(error.value)


@pytest.mark.usefixtures("small_mnist")
def test_the_mnist_program_repaired_trains(capsys):
    keras.utils.set_random_seed(0)
    assert number_after(run("mnist", capsys), "test accuracy") > 0.95


def test_the_digits_program_shows_its_summary_and_learns(capsys):
    out = run("digits", capsys)
    assert "Total params: 38,410 (150.04 KB)" in out
    assert "33,280" in out
    assert "5,130" in out
    assert number_after(out, "test accuracy") >= 0.96


def test_the_digits_program_with_data_from_scikit_learn_learns_the_same(capsys):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    assert number_after(run("digits_sklearn", capsys), "test accuracy") >= 0.96


def test_twenty_epochs_on_the_digits_reach_97_5_percent_over_five_seeds():
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    accuracies = []
    for seed in (0, 1, 2, 3, 4):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [keras.layers.Dense(512, activation="relu", input_shape=(64,)), keras.layers.Dense(10, activation="softmax")]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x_train, y_train, epochs=20, verbose=0)
        accuracies.append(model.evaluate(x_test, y_test, verbose=0)[1])
    assert statistics.median(accuracies) >= 0.975
    assert min(accuracies) >= 0.96


def test_the_program_by_hand_learns_and_draws_its_loss_before_and_after_backward(capsys):
    out = run("by_hand", capsys)
    assert float(re.findall(r"test accuracy (\d\.\d+)", out)[-1]) > 0.96
    assert out.count("<drawing") == 2
