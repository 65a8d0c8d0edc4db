"""LambdaCallback and TerminateOnNaN."""

from types import SimpleNamespace

import pytest

from autotensor.core.errors import DTypeError, UnknownKeywordError
from autotensor.keras.callbacks import CallbackList, InvalidLossError, LambdaCallback, TerminateOnNaN
from autotensor.keras.callbacks.callback import HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_any_hook_can_be_given_as_a_function(hook):
    calls = []
    callback = LambdaCallback(**{hook: lambda *values, logs=None: calls.append(values)})
    values = (1, {}) if "epoch" in hook or "batch" in hook else ({},)
    getattr(CallbackList([callback]), hook)(*values)
    assert calls == [values]


def test_an_unknown_hook_is_refused_with_the_nearest():
    with pytest.raises(UnknownKeywordError, match=r"no hook 'on_epoch_ends'\. Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)


def test_what_is_no_function_is_refused():
    with pytest.raises(DTypeError, match="on_epoch_end expects a function, got 3"):
        LambdaCallback(on_epoch_end=3)


@pytest.mark.parametrize(("loss", "stops"), [(1.0, False), (float("nan"), True), (float("-inf"), True)])
def test_training_ends_at_the_first_loss_that_is_not_finite(loss, stops, capsys):
    net = SimpleNamespace(stop_training=False)
    callbacks = CallbackList([TerminateOnNaN()], model=net)
    assert callbacks.wants_batches("train")
    callbacks.on_train_batch_end(5, {"loss": loss})
    assert net.stop_training is stops
    assert capsys.readouterr().out == ("Batch 5: Invalid loss, terminating training\n" if stops else "")


def test_without_a_loss_nothing_ends():
    callback = TerminateOnNaN()
    callback.on_train_batch_end(0, {})
    callback.on_train_batch_end(0)


def test_raise_error_raises_at_once():
    with pytest.raises(InvalidLossError, match="the loss is nan after batch 2"):
        TerminateOnNaN(raise_error=True).on_train_batch_end(2, {"loss": float("nan")})
    assert issubclass(InvalidLossError, RuntimeError)
