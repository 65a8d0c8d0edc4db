"""Strings that stand for objects, and names for objects that were given none.

Every string of the facade ("adam", "mse", "relu") is looked up here, so that every unknown one is answered alike: with what was
given, the nearest name that is known, and all of them.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from autotensor.core.errors import UnknownKeywordError, UnknownNameError, did_you_mean

Object = TypeVar("Object")

_given: Counter[str] = Counter()  # how often each prefix was asked for; `reset_names` empties it


def resolve(kind: str, identifier: str, table: Mapping[str, Object], *, case_sensitive: bool = True) -> Object:
    """What `identifier` stands for in `table`; `kind` is what the message calls it.

    Raises: UnknownNameError if it stands for nothing.

    >>> resolve("activation", "relu", {"relu": max})
    <built-in function max>
    >>> resolve("optimizer", "Adam", {"adam": min}, case_sensitive=False)
    <built-in function min>
    """
    if identifier in table:
        return table[identifier]
    if not case_sensitive:
        for name, found in table.items():
            if name.lower() == identifier.lower():
                return found
    raise UnknownNameError(unknown(kind, identifier, table))


def unknown(kind: str, identifier: object, table: Mapping[str, object]) -> str:
    """What to say of a name that stands for nothing.

    >>> unknown("loss", "mean_square_error", {"mean_squared_error": 0, "hinge": 0})
    "unknown loss 'mean_square_error'. Did you mean 'mean_squared_error'? Known: hinge, mean_squared_error."
    """
    short = sorted({name for name in table if name == name.lower()} or table)  # CamelCase twins would double the list
    nearest = did_you_mean(identifier, short) or did_you_mean(identifier, table)
    return f"unknown {kind} {identifier!r}.{nearest} Known: {', '.join(short)}."


def snake_case(class_name: str) -> str:
    """A class name as Keras writes it in automatic names.

    >>> [snake_case(name) for name in ("Dense", "MaxPooling2D", "KLDivergence", "LeakyReLU")]
    ['dense', 'max_pooling2d', 'kl_divergence', 'leaky_re_lu']
    """
    name = re.sub(r"\W+", "", class_name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(prefix: str) -> str:
    """`prefix` the first time it is asked for, then with _1, _2, ...: one count a process, as in Keras.

    >>> reset_names()
    >>> unique_name("dense"), unique_name("dense"), unique_name("flatten")
    ('dense', 'dense_1', 'flatten')
    """
    before = _given[prefix]
    _given[prefix] += 1
    return f"{prefix}_{before}" if before else prefix


def reset_names() -> None:
    """Count from the start again; `clear_session` calls it.

    >>> name = unique_name("dense")
    >>> reset_names()
    >>> unique_name("dense")
    'dense'
    """
    _given.clear()


def refuse_keywords(what: str, functions: Iterable[Callable[..., Any]], unknown: Mapping[str, Any]) -> None:
    """Raise for keyword arguments that none of `functions` takes, with the nearest that they do.

    >>> def fit(x, epochs=1): ...
    >>> refuse_keywords("fit", [fit], {"epoch": 2})
    Traceback (most recent call last):
    autotensor.core.errors.UnknownKeywordError: fit takes no argument 'epoch' (got epoch=2). Did you mean 'epochs'? ...
    """
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    found = (p for function in functions for p in inspect.signature(function).parameters.values())
    options = sorted({p.name for p in found if p.kind not in variadic} - {"self", "args", "kwargs"})
    name, value = next(iter(unknown.items()))
    raise UnknownKeywordError(
        f"{what} takes no argument {name!r} (got {name}={value!r}).{did_you_mean(name, options)} It takes: {', '.join(options)}."
    )
