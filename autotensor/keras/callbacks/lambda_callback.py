"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotensor.core.errors import DTypeError, UnknownKeywordError, did_you_mean
from autotensor.keras.callbacks.callback import HOOKS, Callback

Hook = Callable[..., object] | None


class LambdaCallback(Callback):
    """Calls the given functions as hooks: any hook of `Callback`, by its name, with its arguments.

    Raises: UnknownKeywordError for a name that is no hook; DTypeError for a value that cannot be called.

    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
    >>> callback.on_epoch_end(3, {"loss": 0.5})
    3 {'loss': 0.5}
    """

    def __init__(
        self,
        on_epoch_begin: Hook = None,
        on_epoch_end: Hook = None,
        on_train_begin: Hook = None,
        on_train_end: Hook = None,
        on_train_batch_begin: Hook = None,
        on_train_batch_end: Hook = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in hooks.items():
            if name not in HOOKS:
                raise UnknownKeywordError(f"LambdaCallback: there is no hook {name!r}.{did_you_mean(name, HOOKS)}")
            if function is None:
                continue
            if not callable(function):
                raise DTypeError(f"LambdaCallback: {name} expects a function, got {function!r}.")
            setattr(self, name, function)
