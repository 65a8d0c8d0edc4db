"""The functional style: symbolic tensors, the graph between them, and operators on them."""

import numpy as np
import pytest

import autotensor as at
from autotensor import keras
from autotensor.core.errors import ArgumentError, DataError, GraphError, ShapeError

layers = keras.layers
X = np.sin(np.arange(6 * 4) * 1.7).reshape(6, 4).astype("float32")


def close(ours, wanted):
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)


OPERATORS = {
    "x + 1": (lambda x: x + 1, lambda a: a + 1),
    "1 - x": (lambda x: 1 - x, lambda a: 1 - a),
    "x * x": (lambda x: x * x, lambda a: a * a),
    "2 / (x + 3)": (lambda x: 2 / (x + 3), lambda a: 2 / (a + 3)),
    "-x ** 2": (lambda x: -(x**2), lambda a: -(a**2)),
    "abs(x)": (abs, np.abs),
    "x @ W": (lambda x: x @ np.ones((4, 2), "float32"), lambda a: a @ np.ones((4, 2))),
    "x + an array": (lambda x: x + np.arange(4.0, dtype="float32"), lambda a: a + np.arange(4.0)),
    "x > 0": (lambda x: x > 0, lambda a: a > 0),
    "x[:, 1:3]": (lambda x: x[:, 1:3], lambda a: a[:, 1:3]),
    "x[:, 0]": (lambda x: x[:, 0], lambda a: a[:, 0]),
    "x.sum(axis=1)": (lambda x: x.sum(axis=1), lambda a: a.sum(axis=1)),
    "x.mean(axis=-1, keepdims=True)": (lambda x: x.mean(axis=-1, keepdims=True), lambda a: a.mean(axis=-1, keepdims=True)),
    "at.tanh(x)": (at.tanh, np.tanh),
    "at.where(x > 0, x, 0.0)": (lambda x: at.where(x > 0, x, 0.0), lambda a: np.where(a > 0, a, 0)),
}


@pytest.mark.parametrize("operation", OPERATORS)
def test_an_operation_on_a_symbolic_tensor_is_a_step_of_the_model(operation):
    symbolic, plain = OPERATORS[operation]
    x = keras.Input((4,))
    y = symbolic(x)
    wanted = plain(X)
    assert y.shape == (None, *wanted.shape[1:])
    model = keras.Model(x, y)
    assert model.output_shape == y.shape
    close(model.predict(X, verbose=0), wanted)
    close(model.predict(X[:2], verbose=0), plain(X[:2]))


def test_gradients_flow_through_operations_between_layers():
    x = keras.Input((4,))
    first, last = layers.Dense(3), layers.Dense(1)
    hidden = first(x)
    model = keras.Model(x, last(at.tanh(hidden) * 2.0 - hidden))
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, X.sum(1), verbose=0)
    assert not any(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


QUESTIONS = {
    "bool": bool,
    "float": float,
    "np.asarray": np.asarray,
    ".numpy()": lambda x: x.numpy(),
    "if x > 0": lambda x: 1 if x > 0 else 2,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_symbolic_tensor_has_no_numbers_and_says_so(question):
    with pytest.raises(GraphError, match="has no numbers"):
        QUESTIONS[question](keras.Input((4,)))


def two_towers():
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    joined = layers.Concatenate()([layers.Dense(2, name="a")(left), layers.Dense(3, name="b")(right)])
    return keras.Model([left, right], layers.Dense(1, name="out")(joined))


def test_several_inputs_come_as_a_list_or_by_name():
    model = two_towers()
    by_place = model.predict([X, X + 1], verbose=0)
    close(model.predict({"right": X + 1, "left": X}, verbose=0), by_place)
    close(model([X, X + 1]).numpy(), by_place)
    close(model({"right": X + 1, "left": X}).numpy(), by_place)
    assert [x.name for x in model.inputs] == ["left", "right"]
    assert model.input_shape == [(None, 4), (None, 4)]


def test_several_outputs_come_as_they_were_given():
    x = keras.Input((4,))
    a, b = layers.Dense(1)(x), layers.Dense(2)(x)
    listed, named = keras.Model(x, [a, b]), keras.Model(x, {"a": a, "b": b})
    first, second = listed.predict(X, batch_size=4, verbose=0)
    assert (first.shape, second.shape) == ((6, 1), (6, 2))
    assert listed.output_shape == [(None, 1), (None, 2)]
    assert np.array_equal(named.predict(X, verbose=0)["b"], listed.predict(X, verbose=0)[1])
    listed.compile("sgd", "mse")
    with pytest.raises(ArgumentError, match=r"one output, functional\w* has 2"):
        listed.fit(X, [X[:, :1], X[:, :2]], verbose=0)


def test_a_list_of_one_is_that_one():
    x = keras.Input((4,))
    y = layers.Dense(2)(x)
    model = keras.Model(inputs=[x], outputs=[y])
    assert model.predict(X, verbose=0).shape == (6, 2)
    assert model.output_shape == (None, 2)
    assert model.inputs == [x]
    assert model.outputs == [y]
    assert model.input is x
    assert model.output is y


@pytest.mark.parametrize("style", ["sequential", "functional"])
def test_the_output_of_a_layer_inside_makes_a_model_of_the_part_before_it(style):
    x, first, second = keras.Input((4,)), layers.Dense(3, "relu", name="first"), layers.Dense(2, name="second")
    model = keras.Sequential([x, first, second]) if style == "sequential" else keras.Model(x, second(first(x)))
    part = keras.Model(model.inputs, model.get_layer("first").output)
    assert part.output_shape == (None, 3)
    close(part.predict(X, verbose=0), np.maximum(X @ model.get_weights()[0], 0))
    model.set_weights([w + 1 for w in model.get_weights()])
    close(part.predict(X, verbose=0), np.maximum(X @ model.get_weights()[0] + 1, 0))  # weights are shared
    assert model.get_layer("second").input is not None


def test_the_layers_come_in_the_order_of_their_calls_each_once():
    model = two_towers()
    assert [layer.name for layer in model.layers[:4]] == ["left", "right", "a", "b"]
    assert model.layers[-1].name == "out"
    assert model.get_layer("b") is model.get_layer(index=3)
    assert len(model.weights) == 6


def test_an_unknown_size_stays_unknown_until_there_is_data():
    x = keras.Input((None, 4))
    model = keras.Model(x, layers.Dense(2)(x))
    assert model.output_shape == (None, None, 2)
    assert model.predict(np.ones((2, 7, 4)), verbose=0).shape == (2, 7, 2)
    assert model.predict(np.ones((2, 3, 4)), verbose=0).shape == (2, 3, 2)


@pytest.mark.parametrize("dtype", ["int64", "float64", "float32", "bool"])
def test_inputs_are_cast_to_the_dtype_of_the_input(dtype):
    x = keras.Input((2,))
    model, chain = keras.Model(x, layers.Flatten()(x)), keras.Sequential([keras.Input((2,)), layers.Flatten()])
    for each in (model, chain):
        assert each(np.ones((1, 2), dtype)).dtype == np.float32
        assert each.predict(np.ones((1, 2), dtype), verbose=0).dtype == np.float32


def test_an_input_of_integers_leaves_labels_and_weights_as_they_are():
    x = keras.Input((2,), dtype="int32")
    model = keras.Model(x, layers.Dense(1, kernel_initializer="zeros")(x))
    model.compile("sgd", "mse")
    assert model.evaluate(np.ones((2, 2)), [0.5, 0.5], sample_weight=[0.5, 0.5], verbose=0) == pytest.approx(0.125)


def outside():
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    return keras.Model(a, layers.Add()([a, b]))


WRONG = {
    "an output of another input": (outside, GraphError, "'b', which is not among the inputs"),
    "arrays": (lambda: keras.Model(X, X), ArgumentError, "symbolic tensors made from Input"),
    "symbols and arrays": (lambda: layers.Add()([keras.Input((4,)), X]), GraphError, "symbolic and real"),
    "shapes that do not join": (lambda: layers.Add()([keras.Input((4,)), keras.Input((3,))]), ShapeError, "broadcast"),
    "another width": (lambda: two_towers()([X, X[:, :2]]), ShapeError, "'right' of shape"),
    "one input of two": (lambda: two_towers()(X), ShapeError, "2 inputs"),
    "a name that is missing": (lambda: two_towers().predict({"left": X}, verbose=0), DataError, "right"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_graph_that_cannot_be_says_why(case):
    do, error, phrase = WRONG[case]
    with pytest.raises(error) as caught:
        do()
    assert phrase in str(caught.value)
