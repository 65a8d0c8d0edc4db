"""What may stand for a learning rate: a number, a schedule, or a function of the iteration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from autotensor.core.errors import ArgumentError, UnknownNameError
from autotensor.optim.ranges import NOT_NEGATIVE, check_range

Rate: TypeAlias = float | Callable[..., Any]


def read_rate(given: Any) -> Rate:
    """A learning rate as a Python float, or as a function of the iteration.

    A function without arguments is called at each step too, as in Keras.
    Raises: ArgumentError if it is neither callable nor a number >= 0.

    >>> read_rate(1), read_rate(lambda iteration: 0.1 / (1 + iteration))(4), read_rate(lambda: 0.5)(4)
    (1.0, 0.02, 0.5)
    """
    if not callable(given):
        check_range("learning_rate", given, NOT_NEGATIVE)
        return float(given)
    try:
        inspect.signature(given).bind(0)
    except TypeError:
        return _Constant(given)
    except ValueError:  # built in: its signature is unknown
        pass
    return given


class _Constant:
    """A function without arguments, as a function of the iteration."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function

    def __call__(self, iteration: int) -> Any:
        return self.function()


def config_of_rate(rate: Rate) -> Any:
    """A learning rate for a configuration: the number, or the class and configuration of a schedule, or a function's name."""
    if not callable(rate):
        return rate
    made = rate.function if isinstance(rate, _Constant) else rate
    if hasattr(made, "get_config"):
        kind = type(made)
        return {"module": kind.__module__, "class_name": kind.__name__, "config": made.get_config()}
    return {"module": "builtins", "class_name": "function", "config": getattr(made, "__name__", type(made).__name__)}


def rate_from_config(config: Any, custom_objects: Mapping[str, Any] | None) -> Any:
    """The learning rate that `config_of_rate` described; schedules and functions are looked up in `custom_objects`.

    Raises: UnknownNameError if one is not there; ArgumentError for a dict of another form.
    """
    if not isinstance(config, Mapping):
        return config
    if not {"class_name", "config"} <= set(config):
        raise ArgumentError(f"a saved learning rate has 'class_name' and 'config', got the keys {sorted(config)}.")
    function = config["class_name"] == "function"
    name = config["config"] if function else config["class_name"]
    found = (custom_objects or {}).get(name)
    if found is None:
        raise UnknownNameError(
            f"the saved learning rate is {name!r}, which is not known here. Pass custom_objects={{{name!r}: ...}}."
        )
    if function:
        return found
    return found.from_config(config["config"]) if hasattr(found, "from_config") else found(**config["config"])
