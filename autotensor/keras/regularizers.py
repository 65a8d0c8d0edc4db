"""Penalties on weights, added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from autotensor import ops
from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.keras import configs, names


class L1L2:
    """The penalty l1 sum |w| + l2 sum w**2 (no half).

    >>> import autotensor as at
    >>> L1L2(l1=1.0, l2=1.0)(at.tensor([1.0, -2.0]))
    tensor(8.)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        for name, value in (("l1", l1), ("l2", l2)):
            if not value >= 0:
                raise ArgumentError(f"{name} must be >= 0, got {value!r}.")
        self.l1, self.l2 = float(l1), float(l2)

    def __call__(self, x: Any) -> Any:
        penalty: Any = 0.0
        if self.l1:
            penalty = penalty + self.l1 * ops.sum(ops.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * ops.sum(ops.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The same regularizer again."""
        return cls(**config)


class L1(L1L2):
    """The penalty l1 sum |w|."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(L1L2):
    """The penalty l2 sum w**2 (no half)."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


def _both() -> L1L2:
    return L1L2(0.01, 0.01)


TABLE: dict[str, Any] = {"l1": L1, "l2": L2, "l1l2": _both, "l1_l2": _both, "L1": L1, "L2": L2, "L1L2": _both}
CLASSES: dict[str, type[L1L2]] = {"L1": L1, "L2": L2, "L1L2": L1L2}  # what configs name; the bare string "L1L2" has strengths
l1, l2, l1_l2 = L1, L2, L1L2


def get(identifier: Any) -> Any:
    """A regularizer from its name, a callable of a weight, a config dict, or None.

    Raises: UnknownNameError for an unknown name; DTypeError for anything else.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, str):
        return names.resolve("regularizer", identifier, TABLE)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, L1L2):
        return identifier()
    raise DTypeError(f"a regularizer is a name, a callable, a config dict or None, got {identifier!r}.")


def serialize(regularizer: Any) -> dict[str, Any] | None:
    """A regularizer as the dict that Keras writes; None stays None.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return None if regularizer is None else configs.described(regularizer, "keras.regularizers")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that `serialize` described; `custom_objects` are the user's own, by name.

    Raises: UnknownNameError for a name that is in neither.
    """
    return configs.rebuilt("regularizer", config, {**TABLE, **CLASSES}, custom_objects)
