"""What a model holds: weights that are shared, frozen, taken out, put back, copied and pickled; and two threads at once."""

import copy
import pickle
import threading

import numpy as np
import pytest

import autotensor as at
from autotensor import keras
from autotensor.core.errors import DTypeError, NotBuiltError, ShapeError

layers = keras.layers
X = np.sin(np.arange(20 * 4) * 1.7).reshape(20, 4).astype("float32")
Y = np.arange(20) % 3


def classifier(seed=3):
    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(5, "relu", kernel_regularizer="l2"), layers.Dropout(0.3), layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def functional():
    keras.utils.set_random_seed(3)
    x = keras.Input((4,))
    shared = layers.Dense(4, "tanh", activity_regularizer="l1")
    model = keras.Model(x, layers.Dense(3, "softmax")(shared(shared(x)) + x * 2.0))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def same(ours, theirs):
    return len(ours) == len(theirs) and all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def continued(model):
    keras.utils.set_random_seed(8)
    return model.fit(X, Y, batch_size=6, epochs=2, validation_split=0.2, verbose=0).history


def test_weights_go_out_as_copies_and_come_back_in_keras_order():
    model = classifier()
    weights = model.get_weights()
    assert [w.shape for w in weights] == [(4, 5), (5,), (5,), (5,), (5,), (5,), (5, 3), (3,)]
    model.fit(X, Y, verbose=0)
    assert not same(model.get_weights(), weights)
    model.set_weights(weights)
    assert same(model.get_weights(), weights)
    weights[0][:] = 9.0
    assert not same(model.get_weights(), weights)
    model.set_weights([at.tensor(w) for w in weights])
    assert model.get_weights()[0].dtype == np.float32


@pytest.mark.parametrize("wrong", [lambda w: w[:-1], lambda w: [*w[:-1], np.zeros(4)], lambda w: [*w[:-1], "names"]])
def test_weights_that_do_not_fit_change_nothing(wrong):
    model = classifier()
    before = model.get_weights()
    with pytest.raises((ShapeError, DTypeError)):
        model.set_weights(wrong([w + 1 for w in before]))
    assert same(model.get_weights(), before)


def test_counting_and_setting_weights_need_a_built_model():
    model = keras.Sequential([layers.Dense(2)])
    for question in (
        model.count_params,
        lambda: model.set_weights([]),
        lambda: model.output_shape,
        lambda: layers.Dense(1).output,
    ):
        with pytest.raises((NotBuiltError, RuntimeError)):
            question()
    assert model.get_weights() == []
    model.build((None, 3))
    assert model.count_params() == 8
    assert model.input_shape == (None, 3)


def test_a_model_without_input_is_built_by_its_data():
    model = keras.Sequential([layers.Dense(2), layers.BatchNormalization()])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    assert model.output_shape == (None, 2)
    assert [layer.input_shape if hasattr(layer, "input_shape") else layer.input.shape for layer in model.layers] == [
        (None, 4),
        (None, 2),
    ]


@pytest.mark.parametrize("make", [classifier, functional])
@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("fitted", [True, False])
def test_a_copy_goes_on_training_as_the_original_does(make, twin_of, fitted):
    model = make()
    if fitted:
        model.fit(X, Y, epochs=2, verbose=0)
    twin = twin_of(model)
    before = twin.get_weights()
    assert same(model.get_weights(), before)
    assert twin.optimizer.iterations == model.optimizer.iterations
    expected = continued(model)
    assert same(twin.get_weights(), before)  # nothing is shared
    assert continued(twin) == expected
    assert same(twin.get_weights(), model.get_weights())


def test_a_model_of_four_hundred_layers_is_copied_and_pickled():
    x = y = keras.Input((2,))
    for _ in range(400):
        y = layers.Activation("linear")(y)
    model = keras.Model(x, y)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(twin.predict(np.ones((1, 2)), verbose=0), np.ones((1, 2)))


def test_frozen_weights_stay_and_learn_again_once_compiled():
    model = classifier()
    frozen = model.layers[0]
    frozen.trainable = False
    before = frozen.get_weights()
    model.fit(X, Y, verbose=0)
    assert same(frozen.get_weights(), before)
    assert len(model.trainable_weights) == 4
    assert len(model.non_trainable_weights) == 4
    frozen.trainable = True
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    assert not same(frozen.get_weights(), before)


def test_freezing_a_model_freezes_all_below():
    inner = classifier()
    inner.trainable = False
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = inner.get_weights()
    model.fit(X, Y, epochs=2, verbose=0)
    assert same(inner.get_weights(), before)  # moving statistics too
    assert len(model.trainable_weights) == 2


def test_a_layer_used_twice_has_one_set_of_weights_and_both_gradients():
    a, b = keras.Input((4,)), keras.Input((4,))
    shared = layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Model([a, b], layers.Add()([shared(a), shared(b)]))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    assert model.count_params() == 4
    model.fit([X[:1], X[1:2]], np.ones((1, 1)), verbose=0)
    np.testing.assert_allclose(model.get_weights()[0][:, 0], 2 * (X[0] + X[1]), rtol=1e-5)


def test_a_model_is_a_layer_of_another_and_shares_its_weights():
    inner = classifier()
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(1)(inner(x * 0.5)))
    model.compile("sgd", "mse")
    before = inner.get_weights()
    model.fit(X, Y, verbose=0)
    assert not same(inner.get_weights(), before)
    assert inner in model.layers


def test_pop_removes_the_last_layer_and_add_puts_another_in_its_place():
    model = classifier()
    removed = model.pop()
    assert removed.units == 3
    assert model.output_shape == (None, 5)
    assert len(model.get_weights()) == 6
    assert model.predict(X, verbose=0).shape == (20, 5)
    model.add(layers.Dense(7))
    assert model.output_shape == (None, 7)
    while model.layers:
        model.pop()
    with pytest.raises(ValueError, match="no layer to remove"):
        model.pop()
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)


def train(seed, results):
    initial = [keras.initializers.GlorotUniform(seed + k) for k in range(2)]
    hidden = [layers.Dense(8, "relu", kernel_initializer=initial[0]), layers.Dropout(0.3, seed=seed), layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(3, "softmax", kernel_initializer=initial[1])])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, Y, batch_size=4, epochs=20, shuffle=False, verbose=0, validation_split=0.2)
    results[seed] = (history.history, [w.tolist() for w in model.get_weights()])


def test_two_models_trained_in_two_threads_end_as_they_do_alone():
    alone, together = {}, {}
    for seed in (1, 2):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_a_sequential_comes_back_from_its_config_with_weights_of_its_own():
    model = classifier()
    twin = keras.Sequential.from_config(model.get_config())
    assert [type(layer) for layer in twin.layers] == [type(layer) for layer in model.layers]
    assert twin.get_config() == model.get_config()
    assert twin.output_shape == model.output_shape
    twin.set_weights(model.get_weights())
    assert np.array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    assert not same(classifier(4).get_weights(), twin.get_weights())
