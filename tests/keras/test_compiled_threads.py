"""Threads that train and predict at once: each gets what it would get alone."""

import copy
import threading
from itertools import pairwise

import numpy as np
import pytest

from autotensor import keras

layers = keras.layers
X = np.sin(np.arange(40 * 4) * 1.3).reshape(40, 4).astype("float32")
Y = np.arange(40) % 3


def network():
    chosen = [layers.Dense(7, "relu"), layers.BatchNormalization(), layers.Dropout(0.3, seed=5), layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((4,)), *chosen])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def at_once(work, count=8):
    """The results of `work(0)` to `work(7)`, in threads that start together; what one raises is raised."""
    results, errors, gate = [None] * count, [], threading.Barrier(count)

    def run(i):
        try:
            gate.wait()
            results[i] = work(i)
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def test_threads_train_models_of_their_own():
    models = [network() for _ in range(8)]
    twins = [copy.deepcopy(model) for model in models]

    def train(model):
        history = model.fit(X, Y, batch_size=9, epochs=4, shuffle=False, verbose=0, validation_data=(X[:9], Y[:9])).history
        return history, model.predict(X, verbose=0), model.predict(X[:1], verbose=0), model.get_weights()

    alone = [train(twin) for twin in twins]
    for ours, expected in zip(at_once(lambda i: train(models[i])), alone, strict=True):
        assert ours[0] == expected[0]
        assert all(np.array_equal(a, b) for a, b in zip(ours[1:3], expected[1:3], strict=True))
        assert all(np.array_equal(a, b) for a, b in zip(ours[3], expected[3], strict=True))


@pytest.mark.parametrize("ask", [lambda m, x: m.predict(x, verbose=0), lambda m, x: m(x).numpy()], ids=["predict", "call"])
def test_threads_predict_with_one_model(ask):
    model = network()
    expected = [ask(model, X[: i + 1]) for i in range(8)]
    twin = network()
    twin.set_weights(model.get_weights())  # which has no plan yet

    def predict(i):
        found = [ask(twin, X[: i + 1]) for _ in range(30)]
        assert not any(np.shares_memory(a, b) for a, b in pairwise(found))
        return found

    for ours, one in zip(at_once(predict), expected, strict=True):
        assert all(np.array_equal(y, one) for y in ours)


def test_predictions_of_a_model_while_others_train():
    model, others = network(), [network() for _ in range(4)]
    expected = model.predict(X, verbose=0)

    def work(i):
        if i < 4:
            return others[i].fit(X, Y, batch_size=8, epochs=5, verbose=0)
        return [model.predict(X, verbose=0) for _ in range(30)]

    for outputs in at_once(work)[4:]:
        assert all(np.array_equal(y, expected) for y in outputs)
