"""CallbackList: which hooks it calls, and with what."""

import numpy as np
import pytest

from autotensor.core.errors import DTypeError
from autotensor.keras.callbacks import Callback, CallbackList, EarlyStopping, History, LambdaCallback, ProgbarLogger
from autotensor.keras.callbacks.callback import HOOKS


class Net:
    history = None


def recorder(*hooks):
    """An instance of a class that overrides these hooks, and the list of their calls."""
    calls = []

    def noting(hook):
        if "epoch" in hook or "batch" in hook:
            return lambda self, index, logs=None: calls.append((hook, index, logs))
        return lambda self, logs=None: calls.append((hook, logs))

    note = {hook: noting(hook) for hook in hooks}
    return type("Recorder", (Callback,), note)(), calls


def arguments(hook):
    return (3, {}) if "epoch" in hook or "batch" in hook else ({},)


@pytest.mark.parametrize("hook", HOOKS)
def test_only_overridden_hooks_are_called(hook):
    other = next(name for name in HOOKS if name.replace("_train_batch_", "_batch_") != hook.replace("_train_batch_", "_batch_"))
    callback, calls = recorder(hook)
    silent, silent_calls = recorder(other)
    callbacks = CallbackList([callback, silent])
    getattr(callbacks, hook)(*arguments(hook))
    assert [call[0] for call in calls] == [hook]
    assert silent_calls == []


def test_logs_are_not_even_read_when_nobody_overrides_the_hook():
    callbacks = CallbackList([EarlyStopping()], add_history=True)
    callbacks.on_train_batch_end(0, lambda: pytest.fail("read"))
    assert not any(callbacks.wants_batches(mode) for mode in ("train", "test", "predict"))


@pytest.mark.parametrize(
    ("hook", "mode"),
    [
        ("on_train_batch_begin", "train"),
        ("on_train_batch_end", "train"),
        ("on_batch_begin", "train"),
        ("on_batch_end", "train"),
        ("on_test_batch_end", "test"),
        ("on_predict_batch_begin", "predict"),
    ],
)
def test_batches_are_wanted_in_the_mode_of_the_overridden_hook_alone(hook, mode):
    callbacks = CallbackList([recorder(hook)[0]])
    assert [name for name in ("train", "test", "predict") if callbacks.wants_batches(name)] == [mode]


@pytest.mark.parametrize("end", ["begin", "end"])
def test_the_old_name_of_a_batch_hook_is_called(end):
    callback, calls = recorder(f"on_batch_{end}")
    getattr(CallbackList([callback]), f"on_train_batch_{end}")(4, {"loss": 1})
    assert calls == [(f"on_batch_{end}", 4, {"loss": 1.0})]


def test_hooks_set_on_an_instance_are_called():
    callback, calls = Callback(), []
    callback.on_test_batch_end = lambda batch, logs=None: calls.append(batch)
    CallbackList([callback]).on_test_batch_end(2, {})
    CallbackList([LambdaCallback(on_test_batch_end=callback.on_test_batch_end)]).on_test_batch_end(3, {})
    assert calls == [2, 3]


def test_logs_arrive_as_sorted_floats_with_validation_last():
    callback, calls = recorder("on_epoch_end")
    logs = {"val_loss": np.float32(2), "wine": np.array(1), "accuracy": 1, "word": "x", "net": {"mae": 3}}
    CallbackList([callback]).on_epoch_end(0, logs)
    ((_, _, got),) = calls
    assert list(got.items()) == [("accuracy", 1.0), ("mae", 3.0), ("wine", 1.0), ("word", "x"), ("val_loss", 2.0)]
    assert type(got["val_loss"]) is float


def test_predictions_in_logs_stay_arrays():
    callback, calls = recorder("on_predict_batch_end")
    outputs = np.ones((1, 1))
    CallbackList([callback]).on_predict_batch_end(0, {"outputs": outputs})
    assert calls[0][2]["outputs"] is outputs


def test_logs_as_a_function_are_called_once_for_all():
    first, second, reads = recorder("on_train_batch_end"), recorder("on_batch_end"), []
    CallbackList([first[0], second[0]]).on_train_batch_end(0, lambda: reads.append(1) or {"loss": 2})
    assert reads == [1]
    assert first[1][0][2] == second[1][0][2] == {"loss": 2.0}


def test_what_a_callback_adds_to_the_logs_later_ones_and_the_history_see():
    schedule = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(learning_rate=0.1))
    given = {"loss": 1.0}
    callbacks = CallbackList([schedule], add_history=True, model=Net())
    callbacks.on_epoch_end(0, given)
    assert callbacks.history.history == {"loss": [1.0], "learning_rate": [0.1]}
    assert given == {"loss": 1.0}


def test_the_history_and_the_bar_are_added_last_and_only_if_absent():
    mine = History()
    assert CallbackList([mine], add_history=True).history is mine
    bar = ProgbarLogger()
    assert CallbackList(bar, add_progbar=True).callbacks == [bar]
    kinds = [type(one) for one in CallbackList([EarlyStopping()], True, True, verbose=0).callbacks]
    assert kinds == [EarlyStopping, History, ProgbarLogger]


def test_the_model_and_the_settings_reach_every_callback_even_without_super_init():
    class Own(Callback):
        def __init__(self):
            self.mine = 1

    net, own = Net(), Own()
    assert (own.model, own.params) == (None, None)
    callbacks = CallbackList([own], add_history=True, model=net, epochs=2, steps=3, verbose=0)
    assert own.model is callbacks.history.model is net
    assert own.params == callbacks.history.params == {"epochs": 2, "steps": 3, "verbose": 0}
    assert net.history is callbacks.history


def test_lists_in_lists_and_single_callbacks_are_taken():
    a, b, c = Callback(), Callback(), Callback()
    assert CallbackList([a, (b, [c])]).callbacks == [a, b, c]
    assert CallbackList(a).callbacks == [a]
    assert CallbackList(CallbackList([a])).callbacks == [a]
    assert CallbackList().callbacks == []


def test_an_appended_callback_is_called():
    callbacks = CallbackList()
    callback, calls = recorder("on_train_end")
    callbacks.append(callback)
    callbacks.on_train_end({"loss": 1})
    assert calls == [("on_train_end", {"loss": 1.0})]


def test_a_class_or_a_function_is_refused_with_what_to_pass():
    with pytest.raises(DTypeError, match=r"got the class EarlyStopping. Pass EarlyStopping\(\)"):
        CallbackList([EarlyStopping])
    with pytest.raises(DTypeError, match="wrap a function in LambdaCallback"):
        CallbackList([print])
