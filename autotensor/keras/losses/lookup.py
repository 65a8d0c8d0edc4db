"""What `compile(loss=...)` may say, and the loss that it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autotensor.core.errors import DTypeError
from autotensor.core.spec import Shape
from autotensor.keras import configs, names
from autotensor.keras.losses.classes import CLASSES
from autotensor.keras.losses.functions import BY_SHAPE, FUNCTIONS, crossentropy, crossentropy_for
from autotensor.keras.losses.labels import class_labels
from autotensor.keras.losses.probabilistic import sparse_categorical_crossentropy
from autotensor.keras.losses.wrapper import Loss, LossFunctionWrapper
from autotensor.ops.conversion import lift

TABLE: dict[str, Any] = {**FUNCTIONS, **BY_SHAPE, **{kind.__name__: kind for kind in (*CLASSES, LossFunctionWrapper)}}
EXPECTED = "a loss is a name, a Loss, a function (y_true, y_pred) or a config dict"


def get(identifier: Any) -> Any:
    """A loss from a name, a config dict, a class, a Loss or any callable; None stays None. A name gives the function.

    Raises: UnknownNameError for an unknown name; DTypeError for anything else.

    >>> get("mse").__name__
    'mean_squared_error'
    >>> get("Huber")
    <Huber name=huber_loss reduction=sum_over_batch_size>
    """
    return configs.instance(identifier, deserialize, EXPECTED)


def serialize(loss: Any) -> dict[str, Any]:
    """A loss as the dict that Keras writes.

    >>> serialize(get("Huber"))["config"]
    {'name': 'huber_loss', 'reduction': 'sum_over_batch_size', 'delta': 1.0}
    """
    return configs.described(loss, "keras.losses")


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that a name or a dict describes; `custom_objects` are the user's own, by name.

    Raises: UnknownNameError for a name that is in neither.
    """
    return configs.rebuilt("loss", name, TABLE, custom_objects)


def as_loss(identifier: Any) -> Loss:
    """The Loss object that `compile(loss=identifier)` means, under the user's name.

    Raises: as `get`; DTypeError for None.

    >>> as_loss("mse")
    <LossFunctionWrapper name=mse reduction=sum_over_batch_size>
    """
    found = get(identifier)
    if isinstance(found, Loss):
        return found
    if found is None:
        raise DTypeError(f"{EXPECTED}, got None.")
    return LossFunctionWrapper(found, name=identifier if isinstance(identifier, str) else name_of(found))


def check_labels(loss: Any, y_true: Any, y_pred_shape: Shape) -> None:
    """Look at the labels of all samples before training, where the loss takes class numbers; other losses take any number.

    Shapes: `y_pred_shape` is that of predictions, whatever their number.
    Raises: as `sparse_categorical_crossentropy`.

    >>> check_labels(as_loss("sparse_categorical_crossentropy"), [0, 9, 10], (1, 10))
    Traceback (most recent call last):
    autotensor.keras.losses.labels.LabelError: sparse_categorical_crossentropy got label 10 at index 2; ...
    """
    function = getattr(loss, "fn", loss)
    y = lift(y_true)
    shape = (*y.shape[:1], *y_pred_shape[1:])
    if function is crossentropy:
        function = crossentropy_for(tuple(y.shape), shape)
    if function is sparse_categorical_crossentropy:
        settings = getattr(loss, "settings", {})
        axis, ignored = settings.get("axis", -1), settings.get("ignore_class")
        class_labels(function.__name__, y, shape, axis=axis, ignore_class=ignored)


def name_of(thing: Any) -> str:
    """What an object that was given without a name is called in the history.

    >>> name_of(max)
    'max'
    """
    return str(getattr(thing, "name", None) or names.snake_case(getattr(thing, "__name__", type(thing).__name__)))
