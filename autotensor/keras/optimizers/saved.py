"""What is saved of an optimizer: its arrays, in Keras's order and under Keras's names, and its configuration."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar, Self

import numpy as np

from autotensor.core.errors import NotBuiltError
from autotensor.core.spec import Array
from autotensor.keras.optimizers.common import DEFAULTS
from autotensor.keras.optimizers.rates import Rate, config_of_rate, rate_from_config, read_rate
from autotensor.keras.optimizers.state import OptimizerVariable, State


class Saved:
    """An optimizer as its files see it."""

    settings: ClassVar[tuple[str, ...]] = ()  # the arguments of its own, as attributes and in its configuration
    name: str
    decay: float
    built: bool
    _rate: Rate
    _applied: int  # calls of apply; with accumulation more than updates
    _state: State

    @property
    def variables(self) -> list[OptimizerVariable]:
        """The whole state in Keras's order: iteration, learning rate if it is a number, averages, sums of gradients, slots."""
        return self._present(lent=False)

    def _present(self, *, lent: bool = True) -> list[OptimizerVariable]:
        """As `variables`; with `lent` slots may be a plan's."""
        scalars = [OptimizerVariable("iteration", np.asarray(self._applied, np.int32))]
        if not callable(self._rate):
            scalars.append(OptimizerVariable("learning_rate", np.asarray(self._rate, np.float32)))
        return [*scalars, *self._state.named(lent=lent)]

    @property
    def variable_count(self) -> int:
        """The number of elements of all `variables`, which `summary()` shows as optimizer parameters."""
        return sum(variable.value.size for variable in self._present())

    @property
    def variable_bytes(self) -> int:
        """The bytes of all `variables`; iteration and learning rate have 4 each, as in Keras."""
        return sum(variable.value.nbytes for variable in self._present())

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put copies of `variables` into `store` under "0", "1", ..., as Keras's files hold them.

        The learning rate is a double there, so that training resumes exactly.
        """
        scalars = [np.asarray(self._applied, np.int64)]
        if not callable(self._rate):
            scalars.append(np.asarray(self._rate, np.float64))
        arrays = [*scalars, *(variable.value.copy() for variable in self._state.named(lent=True))]
        store.update({str(i): array for i, array in enumerate(arrays)})

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Continue from what `save_own_variables` saved, or Keras; nothing changes if something does not fit.

        Raises: NotBuiltError before `build`; ArgumentError for another number of arrays; ShapeError for one of another shape.
        """
        if not self.built:
            raise NotBuiltError("an optimizer has no arrays to load into before it is built: call build(parameters) first.")
        numeric = not callable(self._rate)
        first = 2 if numeric else 1
        rate = read_rate(float(np.asarray(store["1"]))) if numeric and "1" in store else self._rate
        applied = int(np.asarray(store["0"])) if "0" in store else 0
        self._state.load(store, first)
        self._applied, self._rate = applied, rate

    def state_dict(self) -> dict[str, Array]:
        """The state, copied, in the form of `save_own_variables`."""
        state: dict[str, Array] = {}
        self.save_own_variables(state)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As `load_own_variables`."""
        self.load_own_variables(state)

    # configuration
    def get_config(self) -> dict[str, Any]:
        """The settings, from which `from_config` makes an optimizer like this one, without its state."""
        common = {name: getattr(self, name) for name in DEFAULTS}
        own = {name: getattr(self, name) for name in self.settings}
        legacy = {"decay": self.decay} if self.decay else {}
        return {"name": self.name, "learning_rate": config_of_rate(self._rate), **common, **legacy, **own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """An optimizer with the settings of `get_config()`; schedules are looked up in `custom_objects`."""
        settings = dict(config)
        decay = settings.pop("decay", 0.0)
        if "learning_rate" in settings:
            settings["learning_rate"] = rate_from_config(settings["learning_rate"], custom_objects)
        made = cls(**settings)
        made.decay = decay  # no note: the configuration is not the user's spelling
        return made
