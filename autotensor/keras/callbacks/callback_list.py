"""Several callbacks as one, with the hooks that nobody overrides left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autotensor.core.errors import DTypeError
from autotensor.keras.callbacks.callback import HOOKS, Callback, Logs
from autotensor.keras.callbacks.history import History
from autotensor.keras.callbacks.progress import ProgbarLogger

LazyLogs = Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None


class CallbackList(Callback):
    """Calls each hook on the callbacks that override it, in their order; the history and the progress bar come last.

    Which callbacks override a hook is found once. Logs reach them as a new dict of floats, sorted by name, with the `val_` ones
    after the others. Where a batch ends, `logs` may also be a function that returns them: it is called only if a callback
    reads them, which the progress bar does ten times a second. `close` belongs in the `finally` of what calls the hooks.

    Raises: DTypeError if something in `callbacks` is no callback.

    >>> seen = []
    >>> class Watch(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         seen.append(logs)
    >>> callbacks = CallbackList([Watch()], epochs=1, steps=1, verbose=0)
    >>> callbacks.wants_batches("train")
    False
    >>> callbacks.on_epoch_end(0, {"val_loss": 2, "loss": 1})
    >>> seen
    [{'loss': 1.0, 'val_loss': 2.0}]
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = list(_flat(callbacks))
        if add_history and not any(isinstance(callback, History) for callback in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self._find_hooks()
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    @property
    def history(self) -> History | None:
        """The callback that records the history, or None."""
        return next((callback for callback in self.callbacks if isinstance(callback, History)), None)

    def append(self, callback: Callback) -> None:
        """Add a callback, which is called after the others."""
        self.callbacks.extend(_flat(callback))
        self._find_hooks()

    def set_params(self, params: Mapping[str, Any]) -> None:
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        self.model = model
        for callback in self.callbacks:
            if isinstance(callback, History):
                model.history = callback
            callback.set_model(model)

    def wants_batches(self, mode: str = "train") -> bool:
        """Whether a callback overrides a batch hook of `mode`: "train", "test" or "predict"."""
        return bool(self._hooks[f"on_{mode}_batch_begin"] or self._hooks[f"on_{mode}_batch_end"])

    def sees_batches(self, mode: str = "train") -> bool:
        """Whether one of them is more than our own progress bar, which looks at nothing but the logs."""
        return self._reads[f"on_{mode}_batch_end"] or bool(self._hooks[f"on_{mode}_batch_begin"])

    def close(self) -> None:
        """Leave the terminal as it was, however training ended."""
        for callback in self.callbacks:
            if isinstance(callback, ProgbarLogger):
                callback.close()

    def on_train_begin(self, logs: LazyLogs = None) -> None:
        self._call("on_train_begin", logs)

    def on_train_end(self, logs: LazyLogs = None) -> None:
        self._call("on_train_end", logs)

    def on_test_begin(self, logs: LazyLogs = None) -> None:
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: LazyLogs = None) -> None:
        self._call("on_test_end", logs)

    def on_predict_begin(self, logs: LazyLogs = None) -> None:
        self._call("on_predict_begin", logs)

    def on_predict_end(self, logs: LazyLogs = None) -> None:
        self._call("on_predict_end", logs)

    def on_epoch_begin(self, epoch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_epoch_end", epoch, logs)

    def on_batch_begin(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_batch_end", batch, logs)

    def on_train_batch_begin(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: LazyLogs = None) -> None:
        self._call_at("on_predict_batch_end", batch, logs)

    def _find_hooks(self) -> None:
        self._hooks: dict[str, list[Callable[..., object]]] = {}
        self._reads: dict[str, bool] = {}  # whether a hook needs the logs even when nothing is redrawn
        for hook in HOOKS:
            those = [callback for callback in self.callbacks if _overrides(callback, hook)]
            self._hooks[hook] = [getattr(callback, hook) for callback in those]
            lazy = getattr(ProgbarLogger, hook) if "batch_end" in hook else None
            self._reads[hook] = any(getattr(type(callback), hook) is not lazy for callback in those)

    def _call(self, hook: str, logs: LazyLogs) -> None:
        if hooks := self._hooks[hook]:
            read = read_logs(logs)
            for one in hooks:
                one(read)

    def _call_at(self, hook: str, index: int, logs: LazyLogs) -> None:
        if hooks := self._hooks[hook]:
            read = read_logs(logs) if self._reads[hook] else logs
            for one in hooks:
                one(index, read)


def read_logs(logs: LazyLogs) -> Logs:
    """Logs as a new dict of floats: called if they are a function, nested ones flattened, sorted, `val_` after the others.

    >>> read_logs({"val_loss": 2, "net": {"mae": 3}, "loss": 1})
    {'loss': 1.0, 'mae': 3.0, 'val_loss': 2.0}
    """
    found: Logs = {}
    for name, value in ((logs() if callable(logs) else logs) or {}).items():
        if isinstance(value, Mapping):
            found.update(read_logs(value))
            continue
        try:
            found[name] = float(value) if getattr(value, "ndim", 0) == 0 else value
        except (TypeError, ValueError):
            found[name] = value
    return {name: found[name] for name in sorted(found, key=lambda name: (name.startswith("val_"), name))}


def _overrides(callback: Any, hook: str) -> bool:
    """Whether `callback` has its own version of `hook`, or of the old name that `hook` calls, in its class or on itself."""
    names = {hook, hook.replace("_train_batch_", "_batch_")}
    own = getattr(callback, "__dict__", {})
    return hasattr(callback, hook) and any(
        name in own or getattr(type(callback), name, None) is not getattr(Callback, name) for name in names
    )


def _flat(callbacks: Any) -> Iterator[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, CallbackList):
        callbacks = callbacks.callbacks
    if isinstance(callbacks, (list, tuple)):
        for callback in callbacks:
            yield from _flat(callback)
    elif isinstance(callbacks, type):
        name = callbacks.__name__
        raise DTypeError(f"callbacks expects instances of Callback, got the class {name}. Pass {name}(), with its settings.")
    elif callable(getattr(callbacks, "set_model", None)) and callable(getattr(callbacks, "set_params", None)):
        yield callbacks
    else:
        raise DTypeError(
            f"callbacks expects instances of Callback, got {callbacks!r}. "
            f"Derive from keras.callbacks.Callback, or wrap a function in LambdaCallback."
        )
