"""EarlyStopping against Keras 3.15.1, whose own callback was given the same values; its results are the literals below."""

import math
import warnings
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from autotensor.core.errors import ArgumentError
from autotensor.keras.callbacks import EarlyStopping, MonitorWarning

NAN, INF = math.nan, math.inf


class Net:
    """Weights that are the number of the epoch that made them."""

    def __init__(self, metrics=()):
        self.weight, self.stop_training, self.metrics = -1, False, list(metrics)

    def get_weights(self):
        return [np.array(self.weight)]

    def set_weights(self, weights):
        self.weight = int(weights[0])


class Outcome(NamedTuple):
    last_epoch: int
    stopped: bool
    weight: int  # the epoch whose weights the model has in the end
    stopped_epoch: int
    best_epoch: int
    best: float | None
    wait: int


def train(callback, values, first=0, net=None):
    net = net or Net()
    callback.set_model(net)
    callback.on_train_begin()
    epoch = first
    for epoch, value in enumerate(values, first):
        net.weight = epoch
        callback.on_epoch_end(epoch, {} if value is None else {callback.monitor: value})
        if net.stop_training:
            break
    callback.on_train_end()
    return Outcome(
        epoch, net.stop_training, net.weight, callback.stopped_epoch, callback.best_epoch, callback.best, callback.wait
    )


RESTORE = {"restore_best_weights": True}
SCENARIOS = {
    "no patience": ({}, [3, 2, 1, 1, 0], (3, True, 3, 3, 2, 1.0, 1)),
    "worse from the start": ({}, [1, 2, 3], (1, True, 1, 1, 0, 1.0, 1)),
    "patience": ({"patience": 2}, [3, 2, 2.5, 2.2, 1, 0], (3, True, 3, 3, 1, 2.0, 2)),
    "patience begins anew": ({"patience": 2}, [3, 2, 2.5, 1.9, 2, 2, 1], (5, True, 5, 5, 3, 1.9, 2)),
    "stopped, restored": ({"patience": 1, **RESTORE}, [3, 1, 2, 0], (2, True, 1, 2, 1, 1.0, 1)),
    "ended, restored": ({"patience": 9, **RESTORE}, [3, 1, 2, 2], (3, False, 1, 0, 1, 1.0, 2)),
    "ended, not restored": ({"patience": 9}, [3, 1, 2, 2], (3, False, 3, 0, 1, 1.0, 2)),
    "ties keep the first": ({"patience": 2, **RESTORE}, [2, 1, 1, 1], (3, True, 1, 3, 1, 1.0, 2)),
    "min_delta": ({"min_delta": 0.5, "patience": 1}, [3, 2.8, 2.7, 2], (1, True, 1, 1, 0, 3.0, 1)),
    "min_delta met but for rounding": ({"min_delta": 0.1}, [0.8, 0.7, 0.6], (1, True, 1, 1, 0, 0.8, 1)),
    "min_delta's sign": ({"min_delta": -0.5, "patience": 1}, [3, 2.8, 2.7, 2], (1, True, 1, 1, 0, 3.0, 1)),
    "max": ({"mode": "max", "patience": 1}, [1, 2, 2, 1, 3], (2, True, 2, 2, 1, 2.0, 1)),
    "max, min_delta": (
        {"mode": "max", "min_delta": 0.5, "patience": 1, **RESTORE},
        [1, 1.4, 1.6, 1.7, 1.8, 3],
        (1, True, 0, 1, 0, 1.0, 1),
    ),
    "training loss": ({"monitor": "loss", "patience": 1}, [1, 2, 3], (1, True, 1, 1, 0, 1.0, 1)),
    "baseline not reached": (
        {"baseline": 0.5, "patience": 2, **RESTORE},
        [3, 2, 1, 0.9],
        (3, False, 3, 0, 3, 0.9, 4),
    ),
    "baseline reached late": (
        {"baseline": 1.5, "patience": 3},
        [3, 2, 1.4, 1.6, 1.7, 1.8, 1.9],
        (5, True, 5, 5, 2, 1.4, 3),
    ),
    "baseline without patience": ({"baseline": 0.5}, [0.6, 0.55, 0.54], (2, False, 2, 0, 2, 0.54, 3)),
    "better than the baseline, not the best": (
        {"baseline": 2.5, "patience": 1, **RESTORE},
        [2, 2.2, 2.1, 1],
        (1, True, 0, 1, 0, 2.0, 1),
    ),
    "start": ({"start_from_epoch": 2, "patience": 1}, [1, 2, 3, 4, 5, 6], (3, True, 3, 3, 2, 3.0, 1)),
    "start, restored": (
        {"start_from_epoch": 2, "patience": 2, **RESTORE},
        [1, 2, 5, 6, 7, 3],
        (4, True, 2, 4, 2, 5.0, 2),
    ),
    "start never reached": ({"start_from_epoch": 9, **RESTORE}, [1, 2, 3], (2, False, 2, 0, 0, None, 0)),
    "NaN is no improvement": ({"patience": 2, **RESTORE}, [2, 1, NAN, NAN, 0.5], (3, True, 1, 3, 1, 1.0, 2)),
    "infinity can be improved on": ({"patience": 2}, [INF, INF, 5, 6, 7], (4, True, 4, 4, 2, 5.0, 2)),
    "less than float32 can tell": ({}, [1.0, 1.0 - 1e-9, 1.0 - 2e-9], (1, True, 1, 1, 0, 1.0, 1)),
}


@pytest.mark.parametrize(("settings", "values", "outcome"), SCENARIOS.values(), ids=SCENARIOS)
def test_a_scripted_training_ends_as_in_keras(settings, values, outcome):
    assert train(EarlyStopping(**settings), values) == outcome


def test_epochs_are_counted_from_the_initial_one():
    assert train(EarlyStopping(patience=1), [1, 2, 2], first=3) == (4, True, 4, 4, 3, 1.0, 1)


def test_epochs_without_the_value_are_not_counted():
    with pytest.warns(MonitorWarning):
        assert train(EarlyStopping(patience=2), [2, None, 3, None, 3, 1]) == (4, True, 4, 4, 0, 2.0, 2)


def test_a_value_that_never_comes_ends_nothing_and_restores_nothing():
    with pytest.warns(MonitorWarning):
        assert train(EarlyStopping(**RESTORE), [None, None]) == (1, False, 1, 0, 0, None, 0)


def test_an_instance_serves_several_trainings():
    callback = EarlyStopping(patience=1, mode="max", min_delta=0.5)
    first = train(callback, [1, 2, 2, 1])
    assert train(callback, [1, 2, 2, 1]) == first
    assert train(callback, [0.5, 2, 2, 1]).best == 2


@pytest.mark.parametrize(
    ("monitor", "best"),
    [
        ("val_accuracy", 3),
        ("acc", 3),
        ("auc_1", 3),
        ("head_precision", 3),
        ("val_mean_io_u", 3),
        ("val_head_loss", 1),
        ("root_mean_squared_error", 1),
        ("val_binary_crossentropy", 1),
        ("mae", 1),
    ],
)
def test_the_direction_follows_from_the_name(monitor, best):
    assert train(EarlyStopping(monitor, patience=9), [2, 1, 3]).best == best


def test_the_direction_that_the_metric_declares_goes_before_its_name():
    net = Net([SimpleNamespace(name="precision", _direction="down"), SimpleNamespace(name="closeness", _direction="up")])
    assert train(EarlyStopping("val_precision", patience=9), [2, 1, 3], net=net).best == 1
    assert train(EarlyStopping("val_closeness", patience=9), [2, 1, 3], net=net).best == 3


def test_an_unknown_direction_is_an_error_that_says_what_to_pass():
    with pytest.raises(ArgumentError, match=r"cannot tell whether 'closeness' should be high.*mode=\"max\""):
        train(EarlyStopping("closeness"), [1])


def test_an_unknown_mode_warns_and_is_auto_as_in_keras():
    with pytest.warns(MonitorWarning, match="got 'minimum'"):
        assert EarlyStopping(mode="minimum").mode == "auto"


def warned(monitor, *logs):
    callback = EarlyStopping(monitor)
    callback.set_model(Net())
    callback.on_train_begin()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for epoch, one in enumerate(logs):
            callback.on_epoch_end(epoch, one)
    return [str(warning.message) for warning in caught]


def test_a_misspelt_metric_is_warned_of_once_with_the_nearest():
    logs = {"accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0}
    assert warned("val_acuracy", logs, logs) == [
        (
            "EarlyStopping watches 'val_acuracy', which is not among the metrics: accuracy, loss, val_accuracy, val_loss. "
            "Did you mean 'val_accuracy'?"
        )
    ]


def test_a_missing_validation_is_named_as_the_reason():
    assert warned("val_loss", {"loss": 1.0}) == [
        (
            "EarlyStopping watches 'val_loss', which is not among the metrics: loss. "
            "There was no validation: pass validation_data or validation_split to fit."
        )
    ]


def test_verbose_says_when_it_stopped_and_what_it_restored(capsys):
    train(EarlyStopping(patience=1, verbose=1, **RESTORE), [3, 1, 2, 0])
    assert capsys.readouterr().out == ("Epoch 3: early stopping\nRestoring model weights from the end of the best epoch: 2.\n")
