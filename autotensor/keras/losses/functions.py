"""The losses as functions, under every name that a string may give them, and the crossentropy that shapes choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotensor.core.spec import Shape
from autotensor.keras.losses.margin import categorical_hinge, hinge, squared_hinge
from autotensor.keras.losses.probabilistic import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from autotensor.keras.losses.regression import (
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from autotensor.ops.conversion import lift

SHORT: dict[str, Callable[..., Any]] = {
    "mse": mean_squared_error,
    "MSE": mean_squared_error,
    "mae": mean_absolute_error,
    "MAE": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "MAPE": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
    "MSLE": mean_squared_logarithmic_error,
    "bce": binary_crossentropy,
    "BCE": binary_crossentropy,
    "kld": kl_divergence,
    "KLD": kl_divergence,
}
KERAS_2: dict[str, Callable[..., Any]] = {  # names that Keras 3 has given up
    "huber_loss": huber,
    "logcosh": log_cosh,
    "kullback_leibler_divergence": kl_divergence,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_logarithmic_error,
        cosine_similarity,
        huber,
        log_cosh,
        hinge,
        squared_hinge,
        categorical_hinge,
        kl_divergence,
        poisson,
        binary_crossentropy,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
    )
}
FUNCTIONS |= SHORT | KERAS_2


def family_for(y_true_shape: Shape, y_pred_shape: Shape) -> str:
    """Keras's rule: "binary" for one output, "sparse_categorical" for class numbers beside several, else "categorical".

    >>> family_for((32, 1), (32, 1)), family_for((32, 1), (32, 10)), family_for((32, 10), (32, 10))
    ('binary', 'sparse_categorical', 'categorical')
    """
    if not y_pred_shape or y_pred_shape[-1] == 1:
        return "binary"
    sparse = len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1
    return "sparse_categorical" if sparse else "categorical"


def crossentropy_for(y_true_shape: Shape, y_pred_shape: Shape) -> Callable[..., Any]:
    """The crossentropy that fits the shapes, by `family_for`.

    >>> crossentropy_for((32,), (32, 10)).__name__
    'sparse_categorical_crossentropy'
    """
    return FUNCTIONS[f"{family_for(y_true_shape, y_pred_shape)}_crossentropy"]


def crossentropy(y_true: Any, y_pred: Any) -> Any:
    """The crossentropy that fits the shapes: what `compile(loss="crossentropy")` means.

    >>> crossentropy([0], [[0.5, 0.5]])
    tensor([0.6931472])
    """
    t, p = lift(y_true), lift(y_pred)
    return crossentropy_for(tuple(t.shape), tuple(p.shape))(t, p)


BY_SHAPE: dict[str, Callable[..., Any]] = dict.fromkeys(("crossentropy", "ce", "CE"), crossentropy)  # losses only, no metrics
OWN = frozenset((*FUNCTIONS.values(), crossentropy))  # these reconcile shapes themselves
