"""Where weights may be: applied after each optimizer step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from autotensor import ops
from autotensor.core.errors import DTypeError
from autotensor.core.spec import Axis
from autotensor.keras import config, configs, names


class Constraint:
    """Called with a weight, gives the nearest one that is allowed."""

    def __call__(self, w: Any) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The same constraint again."""
        return cls(**config)


def _norms(w: Any, axis: Axis) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis, keepdims=True))


class NonNeg(Constraint):
    """Negative elements become 0."""

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0.0)


class MaxNorm(Constraint):
    """Norms along `axis` are at most `max_value`. Source: Srivastava et al. 2014, section 5.1."""

    def __init__(self, max_value: float = 2.0, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (norms + config.epsilon()))


class MinMaxNorm(Constraint):
    """Norms along `axis` move into [min_value, max_value], by the share `rate` of the way."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        desired = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (desired / (norms + config.epsilon()))


class UnitNorm(Constraint):
    """Norms along `axis` are 1."""

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return w / (_norms(w, self.axis) + config.epsilon())


CLASSES = (NonNeg, MaxNorm, MinMaxNorm, UnitNorm)
TABLE: dict[str, type[Constraint]] = {}
TABLE |= {names.snake_case(c.__name__): c for c in CLASSES} | {c.__name__: c for c in CLASSES}
non_neg, max_norm, min_max_norm, unit_norm = CLASSES


def get(identifier: Any) -> Any:
    """A constraint from its name, a callable of a weight, a config dict, or None.

    Raises: UnknownNameError for an unknown name; DTypeError for anything else.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, str):
        return names.resolve("constraint", identifier, TABLE)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Constraint):
        return identifier()
    raise DTypeError(f"a constraint is a name, a callable, a config dict or None, got {identifier!r}.")


def serialize(constraint: Any) -> dict[str, Any] | None:
    """A constraint as the dict that Keras writes; None stays None.

    >>> serialize(MaxNorm(3.0))["config"]
    {'max_value': 3.0, 'axis': 0}
    """
    return None if constraint is None else configs.described(constraint, "keras.constraints")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that `serialize` described; `custom_objects` are the user's own, by name.

    Raises: UnknownNameError for a name that is in neither.
    """
    return configs.rebuilt("constraint", config, TABLE, custom_objects)
