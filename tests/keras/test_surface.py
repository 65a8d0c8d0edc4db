"""The facade's surface: every public name can be imported, made, looked up by its string, described and made again."""

import importlib
import inspect
import json
import types

import numpy as np
import pytest

from autotensor import keras
from autotensor.keras import activations, constraints, initializers, regularizers

layers = keras.layers
ROOMS = ("layers", "models", "losses", "metrics", "optimizers", "callbacks", "utils", "datasets")
TABLES = ("initializers", "activations", "regularizers", "constraints")
NAMES = [(room, name) for room in ROOMS for name in importlib.import_module(f"autotensor.keras.{room}").__all__]
NAMES += [(room, name) for room in TABLES for name in getattr(keras, room).TABLE if hasattr(getattr(keras, room), name)]
NAMES += [("", name) for name in keras.__all__]
IDS = [f"{room}.{name}".lstrip(".") for room, name in NAMES]

# What Keras's own documentation names, of what this version has; so that a name cannot go away unnoticed.
EXPECTED = {
    "layers": "Activation Add Average BatchNormalization Concatenate Dense Dropout Flatten Input InputLayer Layer "
    "LayerNormalization Maximum Minimum Multiply ReLU Reshape Softmax Subtract serialize deserialize",
    "models": "Model Sequential",
    "losses": "BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber KLDivergence LogCosh "
    "Loss MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson "
    "SparseCategoricalCrossentropy SquaredHinge get serialize deserialize",
    "metrics": "Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy CategoricalCrossentropy CosineSimilarity "
    "KLDivergence Mean MeanAbsoluteError MeanMetricWrapper MeanSquaredError Metric RootMeanSquaredError "
    "SparseCategoricalAccuracy SparseTopKCategoricalAccuracy Sum TopKCategoricalAccuracy get serialize deserialize",
    "optimizers": "SGD RMSprop Adam AdamW Adamax Adagrad Optimizer get serialize deserialize",
    "callbacks": "Callback CallbackList EarlyStopping History LambdaCallback ProgbarLogger TerminateOnNaN",
    "utils": "Progbar clear_session normalize set_random_seed to_categorical",
    "initializers": "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal LecunUniform Ones "
    "Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros get serialize deserialize",
    "regularizers": "L1 L2 L1L2 l1 l2 get serialize deserialize",
    "constraints": "Constraint MaxNorm MinMaxNorm NonNeg UnitNorm max_norm non_neg unit_norm get serialize deserialize",
    "activations": "elu exponential gelu hard_sigmoid leaky_relu linear log_softmax mish relu relu6 selu sigmoid silu softmax "
    "softplus softsign swish tanh get serialize deserialize",
    "config": "floatx set_floatx epsilon set_epsilon",
}


@pytest.mark.parametrize("room", EXPECTED)
def test_names_of_keras_are_there_by_path_and_as_attributes(room):
    module = importlib.import_module(f"autotensor.keras.{room}")
    assert getattr(keras, room) is module
    assert [name for name in EXPECTED[room].split() if not hasattr(module, name)] == []


@pytest.mark.parametrize(("room", "name"), NAMES, ids=IDS)
def test_a_public_name_has_a_docstring_that_begins_with_a_sentence(room, name):
    thing = getattr(importlib.import_module(f"autotensor.keras.{room}".rstrip(".")), name)
    first = (inspect.getdoc(thing) or "").partition("\n\n")[0]
    assert first.endswith((".", ":")), first
    if isinstance(thing, type):
        assert "__doc__" in vars(thing), f"{name} only inherits its docstring"


def test_top_level_names_are_those_of_the_rooms():
    assert keras.Sequential is keras.models.Sequential
    assert keras.Model is keras.models.Model
    assert keras.Input is layers.Input
    assert keras.Layer is layers.Layer
    assert all(isinstance(getattr(keras, room), types.ModuleType) for room in (*ROOMS, *TABLES))


NEEDS = {  # what a class must be told
    "Activation": ["relu"],
    "Dense": [3],
    "Dropout": [0.5],
    "InputLayer": [(4,)],
    "Reshape": [(2, 2)],
    "LossFunctionWrapper": [keras.losses.mean_squared_error],
    "MeanMetricWrapper": [keras.losses.mean_squared_error],
    "Optimizer": [0.1],
    "Progbar": [3],
    "KerasTensor": None,  # made by Input
    "MetricVariable": [0.0],
}
CLASSES = sorted(
    {thing for room, name in NAMES if isinstance(thing := getattr(getattr(keras, room, keras), name), type)}, key=repr
)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: f"{kind.__module__.split('.')[2]}.{kind.__name__}")
def test_a_class_can_be_made_with_its_defaults_and_shows_itself(kind):
    needs = NEEDS.get(kind.__name__, [])
    if needs is not None:
        made = kind(*needs)
        assert isinstance(made, kind)
        assert repr(made)


STRINGS = [
    *(("loss", keras.losses.get, name) for name in keras.losses.lookup.TABLE if name != "LossFunctionWrapper"),
    *(("metric", keras.metrics.get, name) for name in keras.metrics.lookup.TABLE if name != "MeanMetricWrapper"),
    *(
        ("optimizer", keras.optimizers.get, name)
        for name in ("sgd", "SGD", "rmsprop", "RMSprop", "adam", "Adam", "adamw", "adamax")
    ),
    *(("initializer", initializers.get, name) for name in initializers.TABLE),
    *(("activation", activations.get, name) for name in activations.TABLE),
    *(("regularizer", regularizers.get, name) for name in regularizers.TABLE),
    *(("constraint", constraints.get, name) for name in constraints.TABLE),
]


@pytest.mark.parametrize(("kind", "get", "name"), STRINGS, ids=[f"{kind} {name}" for kind, _, name in STRINGS])
def test_a_string_stands_for_an_object_and_an_object_for_itself(kind, get, name):
    found = get(name)
    assert callable(found) or kind == "optimizer"
    assert get(found) is found


LAYERS = [
    layers.Dense(3),
    layers.Dense(
        3,
        "relu",
        use_bias=False,
        kernel_initializer=initializers.HeNormal(seed=3),
        bias_initializer=initializers.Constant(2.0),
        kernel_regularizer=regularizers.L1L2(0.1, 0.2),
        bias_regularizer="l1",
        activity_regularizer=regularizers.L2(0.3),
        kernel_constraint=constraints.MaxNorm(3.0, axis=1),
        bias_constraint="non_neg",
        trainable=False,
        dtype="float64",
    ),
    layers.Dense(2, kernel_initializer=np.ones((4, 2))),
    layers.Activation("leaky_relu"),
    layers.ReLU(6.0, 0.1, 0.2),
    layers.Softmax(axis=1),
    layers.Flatten(),
    layers.Reshape((2, -1)),
    layers.Dropout(0.25, noise_shape=(None, 1), seed=7),
    layers.BatchNormalization(),
    layers.BatchNormalization(
        axis=1,
        momentum=0.5,
        epsilon=0.1,
        center=False,
        scale=False,
        beta_initializer="ones",
        gamma_initializer=initializers.RandomNormal(1.0, 0.1, seed=2),
        moving_mean_initializer="ones",
        moving_variance_initializer=initializers.Constant(0.5),
        beta_regularizer="l1",
        gamma_regularizer=regularizers.L2(0.5),
        beta_constraint="non_neg",
        gamma_constraint="unit_norm",
    ),
    layers.LayerNormalization(
        axis=(1, 2),
        epsilon=0.1,
        center=False,
        scale=False,
        beta_initializer="ones",
        gamma_initializer="zeros",
        beta_regularizer="l1",
        gamma_regularizer="l2",
        beta_constraint="non_neg",
        gamma_constraint="max_norm",
    ),
    *(kind() for kind in (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)),
    layers.Concatenate(axis=1),
    layers.InputLayer((4, None), batch_size=3, dtype="int64"),
]
COMMON = {"input_shape", "input_dim", "batch_input_shape", "weights", "unknown", "common", "self"}  # not of a config


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_a_layer_comes_back_from_its_config_with_every_argument(layer):
    config = layer.get_config()
    taken = set(inspect.signature(type(layer).__init__).parameters) - COMMON
    optional = {"activity_regularizer"} if layer.activity_regularizer is None else set()
    assert taken - set(config) == optional & taken
    json.dumps(config)
    twin = type(layer).from_config(config)
    assert twin.get_config() == config
    assert type(layers.deserialize(layers.serialize(layer))) is type(layer)
    assert layers.deserialize(json.loads(json.dumps(layers.serialize(layer)))).name == layer.name


OBJECTS = [
    *((initializers, kind(seed=3)) for kind in (initializers.GlorotUniform, initializers.GlorotNormal, initializers.HeUniform)),
    *((initializers, kind(seed=3)) for kind in (initializers.HeNormal, initializers.LecunNormal, initializers.LecunUniform)),
    (initializers, initializers.VarianceScaling(2.0, "fan_avg", "uniform", seed=1)),
    (initializers, initializers.RandomNormal(1.0, 2.0, seed=1)),
    (initializers, initializers.TruncatedNormal(1.0, 2.0, seed=1)),
    (initializers, initializers.RandomUniform(-1.0, 2.0, seed=1)),
    (initializers, initializers.Orthogonal(2.0, seed=1)),
    (initializers, initializers.Identity(3.0)),
    (initializers, initializers.Constant(3.0)),
    (initializers, initializers.Zeros()),
    (initializers, initializers.Ones()),
    (initializers, initializers.get(np.arange(16.0).reshape(4, 4))),
    (regularizers, regularizers.L1(0.1)),
    (regularizers, regularizers.L2(0.2)),
    (regularizers, regularizers.L1L2(0.1, 0.2)),
    (constraints, constraints.MaxNorm(3.0, axis=1)),
    (constraints, constraints.MinMaxNorm(0.5, 1.5, 0.5, axis=1)),
    (constraints, constraints.NonNeg()),
    (constraints, constraints.UnitNorm(axis=1)),
]


@pytest.mark.parametrize(("room", "thing"), OBJECTS, ids=[type(thing).__name__ for _, thing in OBJECTS])
def test_an_initializer_regularizer_or_constraint_comes_back_from_its_config_and_does_the_same(room, thing):
    written = json.loads(json.dumps(room.serialize(thing)))
    assert written["module"] == f"keras.{room.__name__.rpartition('.')[2]}"
    value = np.linspace(-1, 1, 16, dtype="float32").reshape(4, 4)
    wanted = thing((4, 4)) if room is initializers else thing(value)
    for twin in (room.deserialize(written), room.get(written), type(thing).from_config(thing.get_config())):
        assert type(twin) is type(thing)
        assert twin.get_config() == thing.get_config()
        again = twin((4, 4)) if room is initializers else twin(value)
        assert np.array_equal(np.asarray(again), np.asarray(wanted))
    taken = set(inspect.signature(type(thing).__init__).parameters) - {"self", "args", "kwargs"}
    assert set(thing.get_config()) == taken


def test_none_is_none_of_them():
    assert regularizers.get(None) is None
    assert regularizers.serialize(None) is None
    assert constraints.get(None) is None
    assert constraints.serialize(None) is None
    assert activations.get(None) is activations.linear


def test_a_class_of_ones_own_comes_back_by_custom_objects():
    class Halved(layers.Layer):
        def call(self, x):
            return x / 2

    model = keras.Sequential([keras.Input((4,)), Halved(name="half")])
    config = model.get_config()
    with pytest.raises(ValueError, match="unknown layer 'Halved'"):
        keras.Sequential.from_config(config)
    twin = keras.Sequential.from_config(config, custom_objects={"Halved": Halved})
    assert twin.predict(np.ones((1, 4)), verbose=0).tolist() == [[0.5] * 4]
