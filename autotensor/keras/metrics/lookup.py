"""What `compile(metrics=[...])` may say, and the metric that it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autotensor.core.errors import DTypeError
from autotensor.keras import configs, names
from autotensor.keras.losses import Loss
from autotensor.keras.losses import classes as loss_classes
from autotensor.keras.losses.functions import FUNCTIONS
from autotensor.keras.losses.lookup import name_of
from autotensor.keras.metrics import accuracies, accuracy_classes
from autotensor.keras.metrics import loss_classes as measured
from autotensor.keras.metrics.metric import Metric
from autotensor.keras.metrics.reduction import Mean, MeanMetricWrapper, Sum

CLASSES: tuple[type[Metric], ...] = (
    Mean,
    Sum,
    MeanMetricWrapper,
    accuracy_classes.Accuracy,
    accuracy_classes.BinaryAccuracy,
    accuracy_classes.CategoricalAccuracy,
    accuracy_classes.SparseCategoricalAccuracy,
    accuracy_classes.TopKCategoricalAccuracy,
    accuracy_classes.SparseTopKCategoricalAccuracy,
    measured.MeanSquaredError,
    measured.RootMeanSquaredError,
    measured.MeanAbsoluteError,
    measured.MeanAbsolutePercentageError,
    measured.MeanSquaredLogarithmicError,
    measured.LogCoshError,
    measured.CosineSimilarity,
    measured.Hinge,
    measured.SquaredHinge,
    measured.CategoricalHinge,
    measured.KLDivergence,
    measured.Poisson,
    measured.BinaryCrossentropy,
    measured.CategoricalCrossentropy,
    measured.SparseCategoricalCrossentropy,
)
SHORT: dict[str, type[Metric]] = {
    "mse": measured.MeanSquaredError,
    "mae": measured.MeanAbsoluteError,
    "mape": measured.MeanAbsolutePercentageError,
    "msle": measured.MeanSquaredLogarithmicError,
    "bce": measured.BinaryCrossentropy,
    "kld": measured.KLDivergence,
}
KERAS_2: dict[str, type[Metric]] = {  # names that Keras 3 has given up
    "cosine_proximity": measured.CosineSimilarity,
    "log_cosh": measured.LogCoshError,
    "logcosh": measured.LogCoshError,
    "kullback_leibler_divergence": measured.KLDivergence,
}
TABLE: dict[str, Any] = {
    **FUNCTIONS,  # any loss is a metric, where no metric has its name
    **{kind.__name__: kind for kind in (*loss_classes.CLASSES, *CLASSES)},
    **{names.snake_case(kind.__name__): kind for kind in CLASSES if kind is not MeanMetricWrapper},
    **SHORT,
    **{name.upper(): kind for name, kind in SHORT.items()},
    **KERAS_2,
}
EXPECTED = "a metric is a name, a Metric, a Loss, a function (y_true, y_pred) or a config dict"
ACCURACY = ("accuracy", "acc")  # chosen by shapes in compile, in any case


def get(identifier: Any) -> Any:
    """A metric from a name, a config dict, a class, a Metric or any callable; None stays None. A name gives a new Metric.

    Raises: UnknownNameError for an unknown name; DTypeError for anything else.

    >>> get("mse"), get("top_k_categorical_accuracy").k
    (<MeanSquaredError name=mean_squared_error>, 5)
    """
    found = configs.instance(identifier, deserialize, EXPECTED)
    return (
        MeanMetricWrapper(found, name=name_of(found)) if isinstance(identifier, str) and not isinstance(found, Metric) else found
    )


def as_metric(identifier: Any, name: str | None = None) -> Metric:
    """The Metric object that one entry of `compile(metrics=...)` means; a string is also its name, unless `name` says another.

    "accuracy" and "acc" choose by the shapes of each batch; `accuracy_for` chooses once.
    Raises: as `get`; DTypeError for None.

    >>> as_metric("mse"), as_metric("huber"), as_metric("acc")([1], [[0.2, 0.8]])
    (<MeanSquaredError name=mse>, <MeanMetricWrapper name=huber>, tensor(1.))
    """
    if isinstance(identifier, str) and identifier.lower() in ACCURACY:
        return MeanMetricWrapper(accuracies.accuracy_by_shape, name=name or identifier)
    found = get(identifier)
    if found is None:
        raise DTypeError(f"{EXPECTED}, got None.")
    if not isinstance(found, Metric):
        return MeanMetricWrapper(found, name=name or name_of(found))
    if isinstance(identifier, str):
        found.name = name or identifier
    return found


def serialize(metric: Any) -> dict[str, Any]:
    """A metric as the dict that Keras writes.

    >>> serialize(get("mse"))["class_name"]
    'MeanSquaredError'
    """
    return configs.described(metric, "keras.losses" if isinstance(metric, Loss) else "keras.metrics")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that a name or a dict describes; `custom_objects` are the user's own, by name.

    Raises: UnknownNameError for a name that is in neither.
    """
    return configs.rebuilt("metric", config, TABLE, custom_objects)
