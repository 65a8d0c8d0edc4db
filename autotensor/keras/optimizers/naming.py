"""Optimizers by name, as configurations, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autotensor.core.errors import ArgumentError
from autotensor.keras import names
from autotensor.keras.optimizers.adagrad import Adagrad
from autotensor.keras.optimizers.adam import Adam, AdamW
from autotensor.keras.optimizers.adamax import Adamax
from autotensor.keras.optimizers.optimizer import Optimizer
from autotensor.keras.optimizers.rmsprop import RMSprop
from autotensor.keras.optimizers.sgd import SGD

KINDS: Mapping[str, type[Optimizer]] = {kind.__name__.lower(): kind for kind in (SGD, RMSprop, Adam, AdamW, Adamax, Adagrad)}


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that is meant by a name (in any case), a configuration, a class, or an optimizer; None stays None.

    Raises: UnknownNameError for a name of no optimizer; ArgumentError for anything else.

    >>> get("adam"), get(SGD)
    (<Adam learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False>,
     <SGD learning_rate=0.01, momentum=0.0, nesterov=False>)
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return _kind(identifier, None)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()  # type: ignore[call-arg]  # a subclass has a default learning rate
    raise ArgumentError(
        f"an optimizer is a name, a configuration, or an optimizer of autotensor.keras, got {type(identifier).__name__}. "
        f"For example optimizer='adam' or optimizer=Adam(0.01)."
    )


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """{"module": ..., "class_name": "Adam", "config": {...}, "registered_name": None}, as Keras's files hold it.

    >>> serialize(SGD())["class_name"]
    'SGD'
    """
    kind = type(optimizer)
    ours = KINDS.get(kind.__name__.lower()) is kind
    return {
        "module": "keras.optimizers" if ours else kind.__module__,
        "class_name": kind.__name__,
        "config": optimizer.get_config(),
        "registered_name": None if ours else kind.__name__,
    }


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """The optimizer that `serialize` described; classes and schedules of one's own are looked up in `custom_objects`.

    Raises: UnknownNameError for a class that is not known; ArgumentError for a dict of another form.

    >>> deserialize({"class_name": "sgd", "config": {"momentum": 0.9}}).momentum
    0.9
    """
    if "class_name" not in config:
        raise ArgumentError(f"the configuration of an optimizer has 'class_name' and 'config', got {sorted(config)}.")
    return _kind(config["class_name"], custom_objects).from_config(config.get("config", {}), custom_objects)


def _kind(name: str, custom_objects: Mapping[str, Any] | None) -> Any:
    return names.resolve("optimizer", name, {**KINDS, **(custom_objects or {})}, case_sensitive=False)
