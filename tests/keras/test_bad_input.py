"""What goes wrong in a beginner's script: each mistake is refused with a message that helps, and changes nothing."""

import numpy as np
import pytest

from autotensor import keras, nn
from autotensor.core import errors

layers = keras.layers
X = np.sin(np.arange(20 * 4) * 1.7).reshape(20, 4).astype("float32")
CLASSES = np.arange(20) % 10
ONE_HOT = np.eye(10, dtype="float32")[CLASSES]
BINARY = CLASSES % 2


def network(units=10, activation="softmax"):
    return keras.Sequential([keras.Input((4,)), layers.Dense(5, name="hidden"), layers.Dense(units, activation, name="last")])


def trained(model, loss, y, metrics=("accuracy",), optimizer="adam"):
    model.compile(optimizer, loss, metrics=list(metrics))
    model.fit(X, y, batch_size=8, verbose=0)
    return model


# The models that the mistakes are made on, each with the labels that are right for it.
def sparse():
    return trained(network(), "sparse_categorical_crossentropy", CLASSES), CLASSES


def one_hot():
    return trained(network(), "categorical_crossentropy", ONE_HOT), ONE_HOT


def ten_sigmoids():
    return trained(network(activation="sigmoid"), "binary_crossentropy", ONE_HOT), ONE_HOT


def binary():
    return trained(network(1, "sigmoid"), "binary_crossentropy", BINARY), BINARY


def regression():
    return trained(network(2, None), "mse", X[:, :2], ["mae"]), X[:, :2]


def two_inputs():
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    model = keras.Model([left, right], layers.Dense(1)(layers.Add()([left, right])))
    model.compile("sgd", "mse")
    return model, BINARY


def uncompiled():
    return network(), CLASSES


def without_loss():
    model = network()
    model.compile("sgd")
    return model, CLASSES


def with_value(value, *index, of=X):
    x = np.array(of, "float32")
    x[index] = value
    return x


def unconnected(m):
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    keras.Model(a, layers.Dense(1, name="out")(layers.Add()([a, b])))


def twins():
    x = keras.Input((2,))
    keras.Model(x, layers.Dense(1, name="twin")(layers.Dense(1, name="twin")(x)))


def compiles(**wrong):
    return lambda m: m.compile(**({"optimizer": "adam", "loss": "mse"} | wrong))


def fits(x=X, y=CLASSES, **wrong):
    return lambda m: m.fit(x, y, **({"verbose": 0} | wrong))


SHAPE, DTYPE, DATA, ARGUMENT = errors.ShapeError, errors.DTypeError, errors.DataError, errors.ArgumentError
NAME, KEYWORD, GRAPH = errors.UnknownNameError, errors.UnknownKeywordError, errors.GraphError
BUILT, COMPILE = errors.NotBuiltError, errors.NotCompiledError
BUILTIN = {DTYPE: TypeError, KEYWORD: TypeError, GRAPH: RuntimeError}  # what users of Keras catch; the others are ValueErrors
REPAIRS = ("'sparse_categorical_crossentropy'", "to_categorical")
MISTAKES = (  # its name; the model; what is done with it; our error; what the message must hold
    # x
    ("another width", sparse, fits(X[:, :3]), SHAPE, ("(None, 4)", "(20, 3)")),
    ("another width in predict", sparse, lambda m: m.predict(X[:, :3], verbose=0), SHAPE, ("(None, 4)", "(20, 3)")),
    ("another width in evaluate", sparse, lambda m: m.evaluate(X[:, :3], CLASSES), SHAPE, ("(None, 4)", "(20, 3)")),
    ("another width on a batch", sparse, lambda m: m.train_on_batch(X[:, :3], CLASSES), SHAPE, ("(None, 4)",)),
    ("a single sample", sparse, lambda m: m.predict(X[0], verbose=0), SHAPE, ("(4,)", "x[None]")),
    ("a single sample called", sparse, lambda m: m(X[0]), SHAPE, ("(4,)", "batch of one", "x[None]")),
    ("an axis too many", sparse, fits(X[..., None]), SHAPE, ("(None, 4)", "(20, 4, 1)")),
    ("a single number", sparse, fits(3.0), DATA, ("x", "single number 3.0")),
    ("objects", sparse, fits(np.array([[None] * 4] * 20)), DTYPE, ("x must hold numbers", "object")),
    ("strings", sparse, fits([["a"] * 4] * 20), DTYPE, ("x must hold numbers", "<U1")),
    ("complex numbers", sparse, fits(X * 1j), DTYPE, ("x must hold numbers", "complex")),
    ("ragged lists", sparse, fits([[1.0, 2.0], [1.0]], [0, 1]), DATA, ("x is not a rectangular array",)),
    ("empty data", sparse, fits(X[:0], CLASSES[:0]), DATA, ("at least one sample", "(0, 4)")),
    ("nothing to predict", sparse, lambda m: m.predict(X[:0], verbose=0), DATA, ("predict", "at least one")),
    ("no x", sparse, lambda m: m.fit(), DATA, ("fit needs data",)),
    (
        "NaN in x",
        sparse,
        fits(with_value(np.nan, 3, 1)),
        DATA,
        ("1 of the 80 numbers in x is NaN", "x[3, 1] = nan", "np.nan_to_num"),
    ),
    ("infinity in x", sparse, fits(with_value(np.inf, 0, 0)), DATA, ("NaN or infinite", "x[0, 0]")),
    ("one input of two", two_inputs, fits(X, BINARY), DATA, ("2 inputs", "'left', 'right'")),
    ("a missing name", two_inputs, fits({"left": X}, BINARY), DATA, ("'right'", "got ['left']")),
    ("inputs of two lengths", two_inputs, fits([X, X[:5]], BINARY), DATA, ("x['left'] has 20", "x['right'] has 5")),
    # y
    ("y of another length", sparse, fits(X, CLASSES[:7]), DATA, ("x has 20", "y has 7")),
    ("validation of another length", sparse, fits(validation_data=(X, CLASSES[:7])), DATA, ("x has 20", "y has 7")),
    ("no y", sparse, fits(X, None), DATA, ("fit needs targets", "y is None")),
    ("no y to evaluate", sparse, lambda m: m.evaluate(X), DATA, ("evaluate needs targets",)),
    ("a label too high", sparse, fits(y=CLASSES + 3), DATA, ("label 12", "10 classes", "0 to 9", "13 units")),
    ("labels from one", sparse, fits(y=CLASSES + 1), DATA, ("label 10", "start at 1", "subtract 1")),
    ("a negative label", sparse, fits(y=CLASSES - 1), DATA, ("label -1", "0 to 9", "ignore_class=-1")),
    ("a fraction", sparse, fits(y=CLASSES + 0.5), DATA, ("class numbers", "0.5", "another loss")),
    ("a wrong label in the validation", sparse, fits(validation_data=(X, CLASSES + 3)), DATA, ("validation_data", "12")),
    ("a wrong label late in the data", sparse, fits(y=[*CLASSES[:-1], 99]), DATA, ("label 99 at index 19",)),
    ("one-hot for sparse", sparse, fits(y=ONE_HOT), SHAPE, ("(20, 10)", "'categorical_crossentropy'", "argmax")),
    ("integers for one-hot", one_hot, fits(), SHAPE, ("categorical_crossentropy", "(20,)", "(20, 10)", *REPAIRS)),
    ("integers for ten sigmoids", ten_sigmoids, fits(), SHAPE, ("binary_crossentropy", "(20,)", "(20, 10)", *REPAIRS)),
    ("a column for one-hot", one_hot, fits(y=CLASSES[:, None]), SHAPE, ("(20, 1)", "(20, 10)", *REPAIRS)),
    ("three columns for two", regression, fits(y=X[:, :3]), SHAPE, ("(20, 3)", "(20, 2)", "3 units")),
    ("a vector for two columns", regression, fits(y=X[:, 0]), SHAPE, ("(20,)", "(20, 2)", "1 unit")),
    ("names for labels", sparse, fits(y=["cat", "dog"] * 10), DTYPE, ("y must hold numbers", "return_inverse")),
    ("NaN in y", regression, fits(y=with_value(np.nan, 2, 0, of=X[:, :2])), DATA, ("y[2, 0] = nan",)),
    ("infinity in y", binary, fits(y=with_value(np.inf, 0, of=BINARY)), DATA, ("in y", "NaN or infinite")),
    # weights of samples and classes
    ("too few sample weights", sparse, fits(sample_weight=np.ones(7)), DATA, ("x has 20", "sample_weight has 7")),
    ("sample weights of no shape that fits", sparse, fits(sample_weight=np.ones((20, 3))), SHAPE, ("sample_weight", "3")),
    (
        "NaN in sample weights",
        sparse,
        fits(sample_weight=with_value(np.nan, 1, of=np.ones(20))),
        DATA,
        ("sample_weight[1] = nan",),
    ),
    ("both kinds of weights", sparse, fits(sample_weight=np.ones(20), class_weight={0: 2.0}), ARGUMENT, ("not both",)),
    ("class weights in a list", sparse, fits(class_weight=[1.0, 2.0]), DTYPE, ("class_weight", "dict", "[1.0, 2.0]")),
    ("class weights for many labels", regression, fits(y=np.zeros((20, 3, 1)), class_weight={0: 1.0}), ARGUMENT, ("(20, 3, 1)",)),
    # settings of fit and its relatives
    ("no samples a batch", sparse, fits(batch_size=0), ARGUMENT, ("batch_size", ">= 1", "got 0")),
    ("a negative batch", sparse, fits(batch_size=-1), ARGUMENT, ("batch_size", "got -1")),
    ("a fractional batch", sparse, fits(batch_size=2.5), ARGUMENT, ("batch_size", "int", "got 2.5")),
    ("negative epochs", sparse, fits(epochs=-1), ARGUMENT, ("epochs", ">= 0", "got -1")),
    ("half an epoch", sparse, fits(epochs=0.5), ARGUMENT, ("epochs", "int", "got 0.5")),
    ("all is validation", sparse, fits(validation_split=1.5), ARGUMENT, ("validation_split", "(0, 1)", "1.5")),
    ("negative validation", sparse, fits(validation_split=-0.5), ARGUMENT, ("validation_split", "-0.5")),
    ("too little to split", sparse, fits(validation_split=0.99), DATA, ("validation_split=0.99", "20 samples")),
    ("no validation steps", sparse, fits(validation_split=0.5, validation_steps=0), ARGUMENT, ("validation_steps",)),
    ("a validation batch of none", sparse, fits(validation_batch_size=0), ARGUMENT, ("validation_batch_size", "0")),
    ("a validation never", sparse, fits(validation_freq=0), ARGUMENT, ("validation_freq", "got 0")),
    ("a tuple of four", sparse, fits(validation_data=(X, X, X, X)), ARGUMENT, ("(x, y)", "4 parts")),
    ("no steps", sparse, fits(steps_per_epoch=0), ARGUMENT, ("steps_per_epoch", "got 0")),
    ("loud", sparse, fits(verbose=7), ARGUMENT, ("verbose", "0, 1, 2 or 'auto'", "7")),
    ("shuffle by a name", sparse, fits(shuffle="batches"), ARGUMENT, ("shuffle", "'batch'", "'batches'")),
    ("a misspelt keyword", sparse, fits(epoch=3), KEYWORD, ("'epoch'", "Did you mean 'epochs'?")),
    ("an unknown keyword", sparse, fits(colour="red"), KEYWORD, ("fit", "'colour'", "It takes:", "batch_size")),
    ("misspelt in evaluate", sparse, lambda m: m.evaluate(X, CLASSES, verbos=0), KEYWORD, ("Did you mean 'verbose'?",)),
    ("misspelt in predict", sparse, lambda m: m.predict(X, batchsize=2), KEYWORD, ("Did you mean 'batch_size'?",)),
    ("a class as a callback", sparse, fits(callbacks=[keras.callbacks.History]), DTYPE, ("class History", "History()")),
    ("a function as a callback", sparse, fits(callbacks=[print]), DTYPE, ("Callback", "LambdaCallback")),
    # compile
    ("a misspelt optimizer", sparse, compiles(optimizer="adma"), NAME, ("'adma'", "Did you mean 'adam'?", "sgd")),
    ("a number as optimizer", sparse, compiles(optimizer=0.1), ARGUMENT, ("optimizer='adam'", "float")),
    ("a misspelt loss", sparse, compiles(loss="mean_square_error"), NAME, ("Did you mean 'mean_squared_error'?",)),
    ("a number as loss", sparse, compiles(loss=3), DTYPE, ("a loss is", "3")),
    ("a misspelt metric", sparse, compiles(metrics=["acuracy"]), NAME, ("'acuracy'", "Did you mean 'accuracy'?")),
    ("one metric twice", sparse, compiles(metrics=["mae", "mae"]), ARGUMENT, ("'mae'", "twice")),
    ("a metric called loss", sparse, compiles(metrics=[keras.metrics.Mean("loss")]), ARGUMENT, ("'loss'",)),
    ("a misspelt keyword of compile", sparse, compiles(metric=["mae"]), KEYWORD, ("Did you mean 'metrics'?",)),
    ("weights for two outputs", sparse, compiles(loss_weights=[1.0, 2.0]), ARGUMENT, ("loss_weights", "one output")),
    ("fit before compile", uncompiled, fits(), COMPILE, ("fit needs a compiled model", ".compile(")),
    ("evaluate before compile", uncompiled, lambda m: m.evaluate(X, CLASSES), COMPILE, ("evaluate",)),
    ("a batch before compile", uncompiled, lambda m: m.train_on_batch(X, CLASSES), COMPILE, ("batch",)),
    ("fit without a loss", without_loss, fits(), COMPILE, ("needs a loss", "Pass loss= to compile")),
    ("a metric that does not fit", sparse, compiles(metrics=[3]), DTYPE, ("a metric is", "3")),
    # weights
    ("too few weights", sparse, lambda m: m.set_weights(m.get_weights()[:3]), SHAPE, ("4 weights", "got 3")),
    (
        "weights of another shape",
        sparse,
        lambda m: m.set_weights([*(w + 1 for w in m.get_weights()[:3]), np.ones(9)]),
        SHAPE,
        ("weight 3", "(10,)", "(9,)"),
    ),
    ("weights as names", sparse, lambda m: m.set_weights(["a", "b", "c", "d"]), DTYPE, ("str",)),
    ("weights before they exist", sparse, lambda m: layers.Dense(2).set_weights([]), BUILT, ("no weights yet",)),
    ("counting too early", sparse, lambda m: layers.Dense(2).count_params(), BUILT, ("before it is built",)),
    # layers and models
    ("no units", sparse, lambda m: layers.Dense(0), ARGUMENT, ("units", ">= 1", "got 0")),
    ("units in words", sparse, lambda m: layers.Dense("relu"), ARGUMENT, ("units", "'relu'")),
    ("more than all dropped", sparse, lambda m: layers.Dropout(2), ARGUMENT, ("rate", "[0, 1]", "got 2")),
    ("momentum beyond one", sparse, lambda m: layers.BatchNormalization(momentum=2), ARGUMENT, ("momentum", "2")),
    ("a misspelt activation", sparse, lambda m: layers.Dense(2, activation="rleu"), NAME, ("Did you mean 'relu'?",)),
    ("the class of an activation", sparse, lambda m: layers.Dense(2, layers.ReLU), DTYPE, ("class ReLU",)),
    (
        "a misspelt initializer",
        sparse,
        lambda m: layers.Dense(2, kernel_initializer="glorot_unifrom"),
        NAME,
        ("Did you mean 'glorot_uniform'?",),
    ),
    ("a misspelt regularizer", sparse, lambda m: layers.Dense(2, kernel_regularizer="l3"), NAME, ("'l3'", "l2")),
    ("a misspelt constraint", sparse, lambda m: layers.Dense(2, kernel_constraint="maxnorm"), NAME, ("'max_norm'",)),
    ("a misspelt keyword of a layer", sparse, lambda m: layers.Dense(2, activaton="relu"), KEYWORD, ("'activation'?",)),
    ("an unknown keyword of a layer", sparse, lambda m: layers.Flatten(colour=1), KEYWORD, ("Flatten", "'colour'")),
    ("a number as name", sparse, lambda m: layers.Dense(2, name=3), DTYPE, ("name of a layer", "3")),
    ("a dtype that is none", sparse, lambda m: layers.Dense(2, dtype="flaot32"), DTYPE, ("dtype", "'flaot32'")),
    ("an Input without shape", sparse, lambda m: keras.Input(), ARGUMENT, ("Input(shape=(64,))",)),
    ("an Input of a name", sparse, lambda m: keras.Input("x"), ARGUMENT, ("tuple of ints", "'x'")),
    ("a negative size", sparse, lambda m: keras.Input((-1,)), ARGUMENT, ("tuple of ints", "(-1,)")),
    ("a misspelt keyword of Input", sparse, lambda m: keras.Input(shpae=(1,)), KEYWORD, ("Did you mean 'shape'?",)),
    ("an Input last", sparse, lambda m: m.add(keras.Input((4,))), ARGUMENT, ("Input comes first",)),
    ("a name that is taken", sparse, lambda m: m.add(layers.Dense(2, name="last")), ARGUMENT, ("'last'", "another name")),
    ("two layers of one name", sparse, lambda m: twins(), GRAPH, ("'twin'", "another name")),
    ("no layers but numbers", sparse, lambda m: keras.Sequential([3]), DTYPE, ("takes layers, got 3",)),
    ("a function for a layer", sparse, lambda m: keras.Sequential([np.tanh]), DTYPE, ("Activation(function)",)),
    ("the class of a layer", sparse, lambda m: keras.Sequential([layers.Dense]), DTYPE, ("class Dense", "Dense(")),
    ("one layer and no list", sparse, lambda m: keras.Sequential(layers.Dense(1)), DTYPE, ("Sequential([layer])",)),
    ("no layers at all", sparse, lambda m: keras.Sequential().predict(X, verbose=0), BUILT, ("no layers yet",)),
    ("a graph that is not connected", sparse, unconnected, GRAPH, ("'b'", "not among the inputs")),
    ("arrays for symbols", sparse, lambda m: keras.Model(X, X), ARGUMENT, ("symbolic tensors made from Input",)),
    ("a module of the wrong width", sparse, lambda m: m.add(nn.Linear(3, 2)), SHAPE, ("(2, 3), got (None, 10)",)),
    ("an unknown layer", sparse, lambda m: m.get_layer("hiden"), NAME, ("'hiden'", "Did you mean 'hidden'?")),
    ("a layer beyond the last", sparse, lambda m: m.get_layer(index=7), NAME, ("2 layers", "7")),
    ("a layer by nothing", sparse, lambda m: m.get_layer(), ARGUMENT, ("a name or an index",)),
)


def cases(function):
    assert len({mistake[0] for mistake in MISTAKES}) == len(MISTAKES)
    return pytest.mark.parametrize(("make", "do", "error", "phrases"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])(
        function
    )


@cases
def test_a_mistake_is_refused_with_a_message_that_helps(make, do, error, phrases):
    model, _ = make()
    with pytest.raises(BUILTIN.get(error, ValueError)) as caught:
        do(model)
    assert isinstance(caught.value, error), repr(caught.value)
    message = str(caught.value)
    assert [phrase for phrase in phrases if phrase not in message] == [], message
    assert message[-1] in ".?])", message


def assert_same_arrays(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@cases
def test_a_mistake_changes_nothing(make, do, error, phrases):
    twins, histories = [], []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        twins.append(make())
    (model, y), (twin, _) = twins
    with pytest.raises(error):
        do(model)
    assert_same_arrays(model.get_weights(), twin.get_weights())
    assert len(model.layers) == len(twin.layers)
    if twin.optimizer is not None and twin.optimizer.built:
        assert model.optimizer.iterations == twin.optimizer.iterations
        assert_same_arrays([v.value for v in model.optimizer.variables], [v.value for v in twin.optimizer.variables])
    x = [X, X] if make is two_inputs else X
    for each in (model, twin):
        if not each.compiled or each.loss is None:
            each.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        keras.utils.set_random_seed(6)
        histories.append(each.fit(x, y, batch_size=8, epochs=2, verbose=0).history)
    assert histories[0] == histories[1]
    assert_same_arrays(model.get_weights(), twin.get_weights())
