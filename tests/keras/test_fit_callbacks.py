"""Callbacks in a real `fit`: their order, early stopping, and a model that survives what they raise."""

import numpy as np
import pytest

from autotensor import keras

layers = keras.layers
X = np.sin(np.arange(20 * 4) * 1.7).reshape(20, 4).astype("float32")
Y = np.arange(20) % 3


def classifier(**settings):
    keras.utils.set_random_seed(3)
    hidden = [layers.Dense(5, "relu"), layers.Dropout(0.3), layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(3, "softmax")])
    model.compile(**({"optimizer": "adam", "loss": "sparse_categorical_crossentropy"} | settings))
    return model


def recorder(calls, only=None):
    def note(hook):
        def run(self, *args):
            if only is None or hook in only:
                calls.append((hook.removeprefix("on_"), *(a for a in args if isinstance(a, int))))

        return run

    hooks = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_") and "on_batch" not in name]
    return type("Recorder", (keras.callbacks.Callback,), {hook: note(hook) for hook in hooks})()


def test_hooks_come_in_kerass_order():
    calls = []
    classifier().fit(X, Y, batch_size=10, validation_split=0.2, verbose=0, callbacks=[recorder(calls)])
    assert calls == [
        ("train_begin",),
        ("epoch_begin", 0),
        ("train_batch_begin", 0),
        ("train_batch_end", 0),
        ("train_batch_begin", 1),
        ("train_batch_end", 1),
        ("test_begin",),
        ("test_batch_begin", 0),
        ("test_batch_end", 0),
        ("test_end",),
        ("epoch_end", 0),
        ("train_end",),
    ]


def test_evaluate_and_predict_have_hooks_of_their_own():
    calls = []
    model, watch = classifier(), recorder(calls)
    model.evaluate(X, Y, verbose=0, callbacks=[watch])
    model.predict(X, verbose=0, callbacks=[watch])
    assert [name for name, *_ in calls] == [
        *("test_begin", "test_batch_begin", "test_batch_end", "test_end"),
        *("predict_begin", "predict_batch_begin", "predict_batch_end", "predict_end"),
    ]


def test_callbacks_are_called_in_the_order_of_the_list():
    order = []
    watchers = [keras.callbacks.LambdaCallback(on_epoch_end=lambda *_, name=name: order.append(name)) for name in "ab"]
    classifier().fit(X, Y, epochs=2, verbose=0, callbacks=watchers)
    assert order == ["a", "b", "a", "b"]


def test_a_callback_sees_the_model_and_the_settings_and_can_end_training():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    stop = Stop()
    model = classifier()
    assert len(model.fit(X, Y, epochs=9, verbose=0, callbacks=stop).epoch) == 2
    assert stop.params == {"verbose": 0, "epochs": 9, "steps": 1}
    assert len(model.fit(X, Y, epochs=3, verbose=0).epoch) == 3  # the wish to stop is forgotten


def test_early_stopping_gives_back_the_weights_of_the_best_epoch():
    weights, losses = [], []

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            weights.append(self.model.get_weights())
            losses.append(logs["val_loss"])

    model = classifier(optimizer=keras.optimizers.SGD(0.5))
    stopping = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    history = model.fit(X, Y, epochs=60, validation_split=0.3, verbose=0, callbacks=[Keep(), stopping])
    assert len(history.epoch) < 60
    assert stopping.best_epoch == int(np.argmin(losses)) == len(losses) - 4
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights[stopping.best_epoch], strict=True))
    assert model.evaluate(X[14:], Y[14:], verbose=0) == pytest.approx(min(losses), abs=1e-6)


@pytest.mark.parametrize("error", [RuntimeError("from a callback"), KeyboardInterrupt()], ids=["exception", "interrupt"])
@pytest.mark.parametrize(
    "hook", ["on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_test_batch_end", "on_epoch_end", "on_train_end"]
)
def test_an_exception_in_a_callback_leaves_the_model_as_usable_as_before(hook, error, capsys):
    def strike(self, *args, **settings):
        raise error

    model = classifier()
    with pytest.raises(type(error)):
        model.fit(
            X, Y, validation_split=0.2, verbose=1, callbacks=[type("Striking", (keras.callbacks.Callback,), {hook: strike})()]
        )
    assert not any(module.training for module in model.modules())
    assert np.array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))  # no dropout
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2


def test_evaluating_in_the_middle_of_an_epoch_does_not_disturb_training():
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.evaluate(X, Y, verbose=0)

        def on_train_batch_end(self, batch, logs=None):
            self.model.predict(X, verbose=0)

    watched, alone = classifier(), classifier()
    for model, callbacks in ((watched, [Look()]), (alone, None)):
        keras.utils.set_random_seed(9)
        model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=callbacks)
    assert watched.history.history == alone.history.history
    assert all(np.array_equal(a, b) for a, b in zip(watched.get_weights(), alone.get_weights(), strict=True))


def test_a_loss_that_is_nan_ends_training_on_request():
    model = classifier(optimizer=keras.optimizers.SGD(1e30))
    with np.errstate(all="ignore"):
        history = model.fit(X, Y, epochs=20, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(history.epoch) < 20
