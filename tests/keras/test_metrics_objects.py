"""Metric objects: names, the accuracy rule, errors, users' own metrics and their variables, configs."""

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, DTypeError, NotBuiltError, ShapeError, UnknownNameError
from autotensor.keras import losses, metrics, names

OBJECTS = [getattr(metrics, name) for name in metrics.__all__ if name[0].isupper()]
BUILT_IN = [kind for kind in OBJECTS if kind not in {metrics.Metric, metrics.MetricVariable, metrics.MeanMetricWrapper}]
SHORT = {
    "mse": metrics.MeanSquaredError,
    "mae": metrics.MeanAbsoluteError,
    "mape": metrics.MeanAbsolutePercentageError,
    "msle": metrics.MeanSquaredLogarithmicError,
    "bce": metrics.BinaryCrossentropy,
    "kld": metrics.KLDivergence,
}
NAMES = {
    **{kind.__name__: kind for kind in BUILT_IN},
    **{names.snake_case(kind.__name__): kind for kind in BUILT_IN},
    **SHORT,
    **{name.upper(): kind for name, kind in SHORT.items()},
    "cosine_proximity": metrics.CosineSimilarity,
    "log_cosh": metrics.LogCoshError,
    "logcosh": metrics.LogCoshError,
    "kullback_leibler_divergence": metrics.KLDivergence,
    "huber": metrics.MeanMetricWrapper,
    "huber_loss": metrics.MeanMetricWrapper,
    "Huber": metrics.MeanMetricWrapper,
    "LogCosh": metrics.MeanMetricWrapper,
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_gives_a_new_metric(name: str) -> None:
    assert type(metrics.get(name)) is NAMES[name]
    assert metrics.get(name) is not metrics.get(name)
    assert metrics.as_metric(name).name == name


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.__name__)
def test_a_metric_has_keras_name(kind: Any) -> None:
    assert kind().name == {"LogCoshError": "logcosh"}.get(kind.__name__, names.snake_case(kind.__name__))


def test_get_passes_on_what_is_no_name() -> None:
    metric, loss = metrics.Mean(), losses.Huber()
    assert metrics.get(metric) is metric
    assert metrics.get(loss) is loss
    assert metrics.get(max) is max
    assert metrics.get(None) is None
    assert type(metrics.get(metrics.Sum)) is metrics.Sum
    with pytest.raises(
        DTypeError, match=r"a metric is a name, a Metric, a Loss, a function \(y_true, y_pred\) or a config dict, got 5\."
    ):
        metrics.get(5)


@pytest.mark.parametrize("identifier", ["huber", losses.huber, losses.Huber(), "Huber"])
def test_any_loss_is_a_metric(identifier: Any) -> None:
    assert metrics.as_metric(identifier)([[0.0]], [[3.0]]).item() == 2.5


def test_a_metric_in_a_list_keeps_its_own_name_and_a_function_has_its_own() -> None:
    def distance(y_true: Any, y_pred: Any) -> Any:
        return abs(y_true - y_pred)

    assert metrics.as_metric(metrics.Mean(name="mine")).name == "mine"
    assert metrics.as_metric(distance).name == "distance"
    assert metrics.as_metric(distance, "far").name == "far"
    assert metrics.as_metric(losses.Huber()).name == "huber_loss"
    assert metrics.as_metric(distance)([1, 2], [[1.0], [4.0]]).item() == 1.0


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("acuracy", "accuracy"),
        ("mean_square_error", "mean_squared_error"),
        ("sparse_categorical_acc", "sparse_categorical_accuracy"),
        ("rmse", "mse"),
    ],
)
def test_a_misspelt_metric_is_told_the_nearest_and_all_names(given: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError) as refusal:
        metrics.get(given)
    assert str(refusal.value).startswith(f"unknown metric {given!r}. Did you mean {nearest!r}? Known: accuracy, bce, ")


@pytest.mark.parametrize("name", ["ce", "crossentropy"])
def test_crossentropy_by_shape_is_no_metric(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown metric '{name}'"):
        metrics.as_metric(name)


RULE = [
    ((32, 1), (32, 1), metrics.BinaryAccuracy),
    ((32,), (32, 1), metrics.BinaryAccuracy),
    ((32,), (32, 10), metrics.SparseCategoricalAccuracy),
    ((32, 1), (32, 10), metrics.SparseCategoricalAccuracy),
    ((32, 5), (32, 5, 10), metrics.SparseCategoricalAccuracy),
    ((32, 10), (32, 10), metrics.CategoricalAccuracy),
    ((32, 5, 10), (32, 5, 10), metrics.CategoricalAccuracy),
]


@pytest.mark.parametrize(("y_true", "y_pred", "kind"), RULE)
def test_accuracy_is_chosen_by_shapes(y_true: Any, y_pred: Any, kind: Any) -> None:
    assert type(metrics.accuracy_for(y_true, y_pred)) is kind
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, y_true), rng.random(y_pred)
    for name in ("accuracy", "acc", "ACC", "Accuracy"):
        metric = metrics.as_metric(name)
        assert metric.name == name
        assert metric(y, p).item() == kind()(y, p).item()


ERRORS = [
    ("binary_accuracy", (32,), (32, 10), "If the labels are class numbers, use 'sparse_categorical_accuracy', or one-hot labels"),
    ("categorical_accuracy", (32,), (32, 10), "If the labels are class numbers, use 'sparse_categorical_accuracy', or one-hot"),
    ("top_k_categorical_accuracy", (32, 1), (32, 10), "If the labels are class numbers, use 'sparse_top_k_categorical_accuracy'"),
    ("sparse_categorical_accuracy", (32, 10), (32, 10), "Labels that are one-hot need 'categorical_accuracy'; for this one pass"),
    ("sparse_categorical_accuracy", (31,), (32, 10), "The number of samples differs"),
    ("sparse_top_k_categorical_accuracy", (32, 10), (32, 10), "Labels that are one-hot need 'top_k_categorical_accuracy'"),
    ("accuracy", (32, 3), (32, 1), "The labels hold 3 for each prediction of 1: give the last layer 3 units."),
    ("mean_squared_error", (32,), (32, 10), "For one value a sample, give the last layer 1 unit"),
    ("root_mean_squared_error", (32,), (32, 10), "For one value a sample, give the last layer 1 unit"),
]


@pytest.mark.parametrize(("name", "labels", "predictions", "repair"), ERRORS)
def test_shapes_that_do_not_fit_name_the_metric_both_shapes_and_the_repair(
    name: str, labels: Any, predictions: Any, repair: str
) -> None:
    with pytest.raises(ShapeError) as refusal:
        metrics.get(name).update_state(np.zeros(labels, int), np.zeros(predictions, np.float32))
    got = f"{name} got labels (y_true) of shape {labels} for predictions (y_pred) of shape {predictions}. "
    assert str(refusal.value).startswith(got + repair)


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"sample_weight of shape \(3,\) does not fit losses of shape \(2,\): give one weight"):
        metrics.MeanSquaredError()(np.zeros((2, 1)), np.zeros((2, 1)), np.ones(3))


def test_labels_out_of_range_are_in_no_top_k() -> None:
    with pytest.raises(
        losses.LabelError, match="sparse_top_k_categorical_accuracy got label 3 at index 0; the model predicts 2 classes"
    ):
        metrics.SparseTopKCategoricalAccuracy()([3], [[0.5, 0.5]])
    with pytest.raises(ArgumentError, match=r"k must be at least 1, got 0\."):
        metrics.TopKCategoricalAccuracy(k=0)([[0, 1]], [[0.5, 0.5]])


class Positives(metrics.Metric):
    """A metric as users write it: variables made by `add_weight`, methods of Tensors."""

    def __init__(self, name: str = "positives", **settings: Any) -> None:
        super().__init__(name=name, **settings)
        self.hits = self.add_weight(name="hits", shape=(), initializer="zeros")
        self.seen = self.add_weight(name="seen", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.hits.assign_add(at.sum(y_pred > 0.5))
        self.seen.assign(self.seen + len(y_pred))

    def result(self) -> Any:
        return self.hits / self.seen


def test_a_users_metric_holds_variables() -> None:
    metric = Positives()
    assert float(metric(None, at.tensor([0.2, 0.8], requires_grad=True))) == 0.5
    assert float(metric(None, at.tensor([0.7, 0.9]))) == 0.75
    assert [(v.name, float(v), v.dtype) for v in metric.variables] == [("hits", 3.0, np.float64), ("seen", 4.0, np.float64)]
    assert not metric.hits.requires_grad
    metric.reset_state()
    assert [float(v) for v in metric.variables] == [0.0, 0.0]


def test_a_metric_in_a_metric_is_reset_with_it() -> None:
    class Twice(metrics.Metric):
        def __init__(self) -> None:
            super().__init__()
            self.inner = metrics.Mean()
            self.own = Positives()

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.inner.update_state(y_pred)
            self.own.update_state(y_true, y_pred)

        def result(self) -> Any:
            return 2 * self.inner.result()

    metric = Twice()
    assert metric(None, at.tensor([1.0, 2.0])).item() == 3.0
    assert [v.name for v in metric.variables] == ["hits", "seen"]
    metric.reset_states()
    assert metric.result().item() == 0.0
    assert float(metric.own.hits) == 0.0


def test_variables_start_as_they_are_told_and_take_values_of_their_shape() -> None:
    metric = metrics.Metric(name="m")
    ones = metric.add_variable((2,), "ones", dtype="float32", name="ones")
    assert (ones.tolist(), ones.dtype) == ([1.0, 1.0], np.float32)
    before = ones.value
    ones.assign_sub([0.5, 1.0])
    assert (ones.tolist(), before.tolist()) == ([0.5, 0.0], [1.0, 1.0])
    assert metric.add_weight("total").name == "total"
    with pytest.raises(ShapeError, match=r"variable 'ones' has shape \(2,\), got a value of shape \(3,\)\."):
        ones.assign([1.0, 2.0, 3.0])
    with pytest.raises(UnknownNameError, match=r"Did you mean 'zeros'\?"):
        metric.add_weight(initializer="zeross")


def test_variables_are_copied_with_their_names() -> None:
    variable = metrics.Metric().add_weight(name="total")
    for twin in (copy.deepcopy(variable), copy.copy(variable), pickle.loads(pickle.dumps(variable))):
        twin.assign_add(1.0)
        assert (twin.name, float(twin), float(variable)) == ("total", 1.0, 0.0)


def test_a_metric_that_forgets_to_call_its_base_is_told() -> None:
    class Forgetful(metrics.Metric):
        def __init__(self) -> None:
            self.total = self.add_weight()

    with pytest.raises(NotBuiltError, match=r"Forgetful\.__init__ must call super\(\).__init__\(\) before it makes variables\."):
        Forgetful()


def test_a_metric_that_does_not_say_what_it_does_is_told() -> None:
    with pytest.raises(ArgumentError, match="Metric does not say how it grows: define update_state"):
        metrics.Metric().update_state([1], [1.0])
    with pytest.raises(ArgumentError, match="Metric does not say its value: define result"):
        metrics.Metric().result()


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.__name__)
def test_a_metric_goes_through_its_config(kind: Any) -> None:
    metric = kind(name="mine", dtype="float64")
    config = metrics.serialize(metric)
    assert (config["module"], config["class_name"], config["registered_name"]) == ("keras.metrics", kind.__name__, None)
    assert config["config"]["dtype"] == "float64"
    again = metrics.deserialize(json.loads(json.dumps(config)))
    assert type(again) is kind
    assert again.get_config() == metric.get_config()


@pytest.mark.parametrize(
    "fn", [losses.huber, metrics.binary_accuracy, losses.Huber(delta=2.0)], ids=["loss", "accuracy", "object"]
)
def test_a_wrapped_function_goes_through_its_config(fn: Any) -> None:
    metric = metrics.MeanMetricWrapper(fn, name="mine")
    config = json.loads(json.dumps(metrics.serialize(metric)))
    for again in (metrics.deserialize(config), metrics.MeanMetricWrapper.from_config(config["config"])):
        assert again.get_config() == metric.get_config()
        assert again([[1.0]], [[0.9]]).item() == metric([[1.0]], [[0.9]]).item()


def test_settings_are_attributes_and_in_the_config() -> None:
    metric = metrics.BinaryAccuracy(threshold=0.7)
    assert metric.threshold == 0.7
    assert metric.get_config() == {"name": "binary_accuracy", "dtype": "float32", "threshold": 0.7}


def test_a_users_function_goes_through_the_config_of_its_wrapper() -> None:
    def distance(y_true: Any, y_pred: Any) -> Any:
        return abs(y_true - y_pred)

    config = metrics.serialize(metrics.MeanMetricWrapper(distance, name="mine"))
    again = metrics.deserialize(config, custom_objects={"distance": distance})
    assert (again.fn, again.name) == (distance, "mine")
    with pytest.raises(UnknownNameError, match="unknown metric 'distance'"):
        metrics.deserialize(config)
