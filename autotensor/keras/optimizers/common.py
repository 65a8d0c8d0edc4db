"""The keywords that every Keras optimizer takes: their defaults, their ranges, and Keras 2's spellings."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from autotensor.core.errors import ArgumentError, UnknownKeywordError, did_you_mean
from autotensor.optim.ranges import NOT_NEGATIVE, POSITIVE, UNIT, check_range


class Shared(TypedDict, total=False):
    """Keywords of every optimizer, beside `learning_rate`, `weight_decay` and those of its formula."""

    clipnorm: float | None  # at most one of the three: each gradient by its own norm,
    clipvalue: float | None  # each element,
    global_clipnorm: float | None  # or all gradients by their common norm
    use_ema: bool  # keep a running mean of the parameters
    ema_momentum: float
    ema_overwrite_frequency: int | None  # steps between overwriting the parameters with it; None: at the end of fit
    loss_scale_factor: float | None  # the loss is multiplied, the gradients divided by it
    gradient_accumulation_steps: int | None  # update once in so many steps, with the mean of the gradients
    name: str | None
    lr: float  # Keras 2's learning_rate
    decay: float  # Keras 2: the learning rate is divided by 1 + decay * iterations


class Common(Shared, total=False):
    """`Shared`, and weight decay for those whose formula has none."""

    weight_decay: float | None  # w -= w * weight_decay * learning_rate before each update


DEFAULTS: Mapping[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
EPSILON = 1e-7  # the default of every formula; Keras 2 wrote it as None
CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


class Keras2Spelling(FutureWarning):
    """A spelling of Keras 2: it works, and Keras 3 says it otherwise."""


def read_common(kind: str, given: Mapping[str, Any], own: Iterable[str]) -> dict[str, Any]:
    """All common settings, checked: those that were given and the defaults of the others.

    Raises: UnknownKeywordError for a keyword that the optimizer does not take; ArgumentError for a value outside its range, or
    two ways of clipping.
    """
    known = {*DEFAULTS, *own, "learning_rate", "name"}
    for name in given:
        if name not in {*known, "lr", "decay"}:
            takes = ", ".join(sorted(known))
            raise UnknownKeywordError(f"{kind} has no keyword {name!r}.{did_you_mean(name, known)} It takes {takes}.")
    common = {**DEFAULTS, **{name: value for name, value in given.items() if name in DEFAULTS}}
    _check({**common, "decay": given.get("decay", 0.0)})
    return common


def note_keras2(kind: str, given: Mapping[str, Any]) -> None:
    """One note for each spelling of Keras 2 that was used."""
    said_now = {
        "lr": "learning_rate=",
        "decay": "a schedule as learning_rate; it keeps its effect, lr / (1 + decay * iterations)",
    }
    for name, now in said_now.items():
        if name in given:
            # the caller of the constructor of a subclass
            warnings.warn(f"{kind}({name}=...) is Keras 2's spelling; Keras 3 has {now}.", Keras2Spelling, stacklevel=4)


def _check(common: Mapping[str, Any]) -> None:
    clips = [f"{name}={common[name]}" for name in CLIPS if common[name] is not None]
    if len(clips) > 1:
        raise ArgumentError(f"gradients are clipped in one way at most, got {' and '.join(clips)}. Keep one of them.")
    for name in (*CLIPS, "loss_scale_factor"):
        if common[name] is not None:
            check_range(name, common[name], POSITIVE)
    if common["weight_decay"] is not None:
        check_range("weight_decay", common["weight_decay"], NOT_NEGATIVE)
    check_range("decay", common["decay"], NOT_NEGATIVE)
    check_range("ema_momentum", common["ema_momentum"], UNIT)
    _check_count("ema_overwrite_frequency", common["ema_overwrite_frequency"], 1)
    _check_count("gradient_accumulation_steps", common["gradient_accumulation_steps"], 2)


def _check_count(name: str, value: Any, low: int) -> None:
    if value is not None and (not isinstance(value, int) or value < low):
        raise ArgumentError(f"{name} must be an int >= {low} or None, got {value!r}.")
