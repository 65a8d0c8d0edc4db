"""Objects as the dicts that Keras writes into its files, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.keras import names


def described(thing: Any, module: str) -> dict[str, Any]:
    """An object or function as a dict; `module` is the public module of objects that are Keras's own.

    >>> described(max, "keras.losses")["config"]
    'max'
    """
    if not hasattr(thing, "get_config"):
        return described_function(thing)
    kind = type(thing)
    own = kind.__module__.startswith("autotensor.")
    return {
        "module": module if own else kind.__module__,
        "class_name": kind.__name__,
        "config": thing.get_config(),
        "registered_name": None if own else kind.__name__,
    }


def described_function(function: Callable[..., Any]) -> dict[str, Any]:
    """A function as a dict: by its name alone.

    >>> described_function(max)
    {'module': 'builtins', 'class_name': 'function', 'config': 'max', 'registered_name': 'function'}
    """
    name = getattr(function, "__name__", type(function).__name__)
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def rebuilt(kind: str, config: Any, table: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The object that a dict or a name describes; `custom_objects` are names of the user's own, which go first.

    Raises: UnknownNameError for a name in neither; ArgumentError for a dict without a class name.
    """
    own = custom_objects or {}
    known = {**table, **own}
    if isinstance(config, str):
        return names.resolve(kind, config, known)
    if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
        raise ArgumentError(f"a {kind} is described by its name or by a dict with 'class_name' and 'config', got {config!r}.")
    if config["class_name"] == "function":
        return names.resolve(kind, str(config.get("config")), known)
    made = names.resolve(kind, config["class_name"], known)
    settings = dict(config.get("config") or {})
    inner = settings.get("fn")
    if isinstance(inner, Mapping) and _name(inner) in own:
        settings["fn"] = rebuilt(kind, inner, own)  # others are known to the class itself
    return made.from_config(settings) if hasattr(made, "from_config") else made


def instance(identifier: Any, rebuild: Callable[[Any], Any], expected: str) -> Any:
    """The object that a user gave: names and dicts are rebuilt, classes called, callables and None stay.

    Raises: as `rebuild`; DTypeError for anything else, which says what was `expected`.

    >>> instance("max", {"max": max}.get, "a loss is a name or a function")
    <built-in function max>
    >>> instance(3, {"max": max}.get, "a loss is a name or a function")
    Traceback (most recent call last):
    autotensor.core.errors.DTypeError: a loss is a name or a function, got 3.
    """
    if identifier is None:
        return None
    found = rebuild(identifier) if isinstance(identifier, (str, Mapping)) else identifier
    if isinstance(found, type):
        found = found()
    if not callable(found):
        raise DTypeError(f"{expected}, got {identifier!r}.")
    return found


def _name(config: Mapping[str, Any]) -> Any:
    return config.get("config" if config.get("class_name") == "function" else "class_name")
