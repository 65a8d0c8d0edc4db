"""What each layer computes, in training and in inference, and what it is told."""

import numpy as np
import pytest

import autotensor as at
from autotensor import keras
from autotensor.core.errors import ShapeError

layers = keras.layers
X = np.sin(np.arange(6 * 4) * 1.7).reshape(6, 4).astype("float32")
CUBE = np.arange(24.0, dtype="float32").reshape(2, 3, 4)


def normalised(a, axis):
    return (a - a.mean(axis, keepdims=True)) / np.sqrt(a.var(axis, keepdims=True) + 1e-3)


def softmax(a, axis):
    e = np.exp(a - a.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


COMPUTED = {  # layer, input, output by NumPy
    "Dense of ones": (layers.Dense(2, kernel_initializer="ones"), X, X.sum(1, keepdims=True).repeat(2, 1)),
    "Dense over the last axis": (layers.Dense(1, kernel_initializer="ones", use_bias=False), CUBE, CUBE.sum(-1, keepdims=True)),
    "Dense with a bias": (layers.Dense(1, "relu", kernel_initializer="zeros", bias_initializer="ones"), X, np.ones((6, 1))),
    "Dense with an array": (layers.Dense(4, kernel_initializer=np.eye(4)), X, X),
    "Flatten": (layers.Flatten(), CUBE, CUBE.reshape(2, 12)),
    "Flatten of a vector": (layers.Flatten(), X, X),
    "Reshape": (layers.Reshape((2, -1)), CUBE, CUBE.reshape(2, 2, 6)),
    "Activation": (layers.Activation("tanh"), X, np.tanh(X)),
    "Activation of a function": (layers.Activation(lambda x: x * 2), X, X * 2),
    "ReLU": (layers.ReLU(), X, X.clip(0)),
    "ReLU with options": (layers.ReLU(0.5, 0.1, 0.2), X, np.where(X > 0.2, X.clip(None, 0.5), 0.1 * (X - 0.2))),
    "Softmax": (layers.Softmax(), X, softmax(X, -1)),
    "Softmax of an axis": (layers.Softmax(axis=1), CUBE, softmax(CUBE, 1)),
    "LayerNormalization": (layers.LayerNormalization(), X, normalised(X, -1)),
    "LayerNormalization of two axes": (layers.LayerNormalization(axis=(1, 2)), CUBE, normalised(CUBE, (1, 2))),
    "LayerNormalization alone": (layers.LayerNormalization(center=False, scale=False), X, normalised(X, -1)),
    "BatchNormalization at rest": (layers.BatchNormalization(), X, X / np.sqrt(1 + 1e-3)),
    "Dropout at rest": (layers.Dropout(0.9), X, X),
    "Add": (layers.Add(), [X, X, X], 3 * X),
    "Subtract": (layers.Subtract(), [X, 2 * X], -X),
    "Multiply": (layers.Multiply(), [X, X], X * X),
    "Average": (layers.Average(), [X, 3 * X], 2 * X),
    "Maximum": (layers.Maximum(), [X, -X], np.abs(X)),
    "Minimum": (layers.Minimum(), [X, -X], -np.abs(X)),
    "Concatenate": (layers.Concatenate(), [X, X[:, :1]], np.concatenate([X, X[:, :1]], 1)),
    "Concatenate of an axis": (layers.Concatenate(axis=1), [CUBE, CUBE], np.concatenate([CUBE, CUBE], 1)),
    "Add that broadcasts": (layers.Add(), [X, X[:, :1]], X + X[:, :1]),
}


@pytest.mark.parametrize("case", COMPUTED)
def test_a_layer_computes_what_its_name_says_on_arrays_and_symbols(case):
    layer, inputs, wanted = COMPUTED[case]
    result = layer(inputs)
    assert isinstance(result, at.Tensor)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.numpy(), wanted, rtol=1e-5, atol=1e-6)
    symbols = [keras.Input(x.shape[1:]) for x in inputs] if isinstance(inputs, list) else keras.Input(inputs.shape[1:])
    assert layer(symbols).shape == (None, *wanted.shape[1:])
    shapes = [(None, *x.shape[1:]) for x in inputs] if isinstance(inputs, list) else (None, *inputs.shape[1:])
    assert layer.compute_output_shape(shapes) == (None, *wanted.shape[1:])


@pytest.mark.parametrize("kind", [layers.BatchNormalization, layers.LayerNormalization, lambda: layers.Dense(2)])
@pytest.mark.parametrize("form", [[[1, 2], [3, 4]], np.array([[1, 2]]), np.ones((2, 2)), at.tensor(np.ones((2, 2)))])
def test_whole_numbers_and_double_precision_give_single_precision(kind, form):
    assert kind()(form).dtype == np.float32


def test_a_layer_of_double_precision_keeps_it():
    layer = layers.Dense(2, dtype="float64")
    assert layer(np.ones((1, 3))).dtype == np.float64
    assert layer.kernel.dtype == np.float64
    assert layer(np.ones((1, 3), "float32")).dtype == np.float64


def test_gradients_reach_a_float64_leaf_through_a_float32_layer():
    x = at.tensor(np.ones((1, 3)), requires_grad=True)
    layers.Dense(1, kernel_initializer="ones")(x).sum().backward()
    assert x.grad.tolist() == [[1.0, 1.0, 1.0]]
    assert x.grad.dtype == np.float64


def test_dropout_drops_a_share_in_training_and_keeps_the_mean():
    keras.utils.set_random_seed(1)
    ones = np.ones((200, 50))
    out = layers.Dropout(0.25)(ones, training=True).numpy()
    np.testing.assert_allclose(np.unique(out), [0, 4 / 3], rtol=1e-6)
    assert (out == 0).mean() == pytest.approx(0.25, abs=0.02)
    whole = layers.Dropout(0.5, noise_shape=(None, 1))(ones, training=True).numpy()
    assert (whole == whole[:, :1]).all()
    assert not layers.Dropout(1.0)(ones, training=True).numpy().any()
    assert layers.Dropout(0.0)(ones, training=True).numpy().all()


def test_dropout_with_a_seed_draws_from_a_stream_of_its_own():
    ones = np.ones((4, 8))
    first, second = layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=3)
    ours = [first(ones, training=True).tolist() for _ in range(2)]
    keras.utils.set_random_seed(9)
    assert [second(ones, training=True).tolist() for _ in range(2)] == ours
    assert ours[0] != ours[1]


def test_batch_normalization_follows_the_batch_in_training_alone():
    layer = layers.BatchNormalization(momentum=0.9)
    layer.build_for((None, 4))
    out = layer(X, training=True)
    np.testing.assert_allclose(out.numpy(), normalised(X, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * X.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * X.var(0), rtol=1e-5)  # biased, as in Keras
    moved = layer.moving_mean.numpy().copy()
    layer(X)
    layer.trainable = False
    layer(X, training=True)  # frozen: inference
    assert np.array_equal(layer.moving_mean.numpy(), moved)
    names = [name for name, _ in layer.named_parameters()] + [name for name, _ in layer.named_buffers()]
    assert names == ["gamma", "beta", "moving_mean", "moving_variance"]


def test_what_regularizers_add_is_in_losses_of_the_last_call():
    layer = layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l2", activity_regularizer=keras.regularizers.L1(1.0))
    model = keras.Sequential([keras.Input((3,)), layer])
    assert [float(loss) for loss in model.losses] == [pytest.approx(0.06)]
    for _ in range(2):  # a second call does not add to the first
        model(np.ones((5, 3)))
        assert [float(loss) for loss in model.losses] == [pytest.approx(0.06), pytest.approx(6.0)]


def test_a_layer_used_twice_in_a_call_is_penalised_twice():
    x = keras.Input((2,))
    layer = layers.Dense(2, kernel_initializer="ones", activity_regularizer="l1")
    model = keras.Model(x, layer(layer(x)))
    model(np.ones((1, 2)))
    assert [float(loss) for loss in model.losses] == [pytest.approx(0.04), pytest.approx(0.08)]


def test_a_first_layer_may_say_the_shape_of_its_input():
    for said in ({"input_shape": (4,)}, {"input_dim": 4}, {"batch_input_shape": (None, 4)}):
        assert keras.Sequential([layers.Dense(2, **said)]).output_shape == (None, 2)


def test_weights_given_to_the_constructor_are_taken():
    layer = layers.Dense(1, weights=[np.full((2, 1), 3.0), np.ones(1)])
    assert layer([[1.0, 1.0]]).tolist() == [[7.0]]


@pytest.mark.parametrize(
    ("layer", "inputs", "phrase"),
    [
        (layers.Dense(2), X[0], "batch, ..., features"),
        (layers.Subtract(), [X, X, X], "exactly two"),
        (layers.Add(), [X], "two or more"),
        (layers.Add(), X, "list"),
        (layers.Concatenate(), [X, X[:3]], "(3, 4)"),
        (layers.Reshape((5,)), X, "5"),
    ],
)
def test_what_a_layer_cannot_take_it_refuses_with_the_shapes(layer, inputs, phrase):
    with pytest.raises(ValueError, match=r".") as caught:
        layer(inputs)
    assert phrase in str(caught.value)


def test_a_width_other_than_the_first_names_the_layer_and_both():
    layer = layers.Dense(2, name="wide")
    layer(X)
    with pytest.raises(ShapeError, match=r"wide: Dense expects inputs of shape \(batch, \.\.\., 4\), got \(6, 3\)"):
        layer(X[:, :3])
