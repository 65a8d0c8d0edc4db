"""History: what it records, how it prints, and its picture."""

import builtins
import re
import sys
from types import SimpleNamespace

import pytest

from autotensor.core.errors import MissingExtraError
from autotensor.keras.callbacks import CallbackList, History

LOSSES = {"loss": [1.0, 0.5, 0.25, 0.0005], "accuracy": [0.25, 0.5, 0.75, 1.0], "val_loss": [2.0, 1.0, 1.5, 1.0]}


def record(columns=LOSSES, **settings):
    net = SimpleNamespace(history=None)
    callbacks = CallbackList(add_history=True, model=net, **settings)
    callbacks.on_train_begin()
    for epoch, values in enumerate(zip(*columns.values(), strict=True)):
        callbacks.on_epoch_end(epoch, dict(zip(columns, values, strict=True)))
    assert net.history is callbacks.history
    return callbacks.history


def test_every_metric_of_every_epoch_is_recorded():
    history = record(epochs=4, steps=2, verbose=0)
    assert history.history == LOSSES
    assert list(history.history) == ["accuracy", "loss", "val_loss"]
    assert history.epoch == [0, 1, 2, 3]
    assert history.params == {"epochs": 4, "steps": 2, "verbose": 0}


def test_a_history_given_to_a_second_fit_goes_on_as_in_keras():
    history = History()
    for start in (0, 2):
        history.on_train_begin()
        history.on_epoch_end(start, {"loss": 1.0})
        history.on_epoch_end(start + 1, {"loss": 0.5})
    assert history.history == {"loss": [1.0, 0.5, 1.0, 0.5]}
    assert history.epoch == [2, 3]


def test_it_prints_as_a_table_of_first_and_last_values_and_sparklines():
    title, heading, *rows = repr(record()).split("\n")
    assert title == "History of 4 epochs"
    assert heading.split() == ["metric", "first", "last"]
    assert [row.split()[:3] for row in rows] == [
        ["accuracy", "0.2500", "1.0000"],
        ["loss", "1.0000", "5.0000e-04"],
        ["val_loss", "2.0000", "1.0000"],
    ]
    assert all(re.fullmatch("[▁▂▃▄▅▆▇█]{4}", row.split()[3]) for row in rows)
    assert len({row.index(row.split()[3]) for row in rows}) == 1


def test_an_empty_history_prints():
    assert repr(History()) == "History of 0 epochs"
    assert repr(record({"loss": [1.0]})).startswith("History of 1 epoch\n")


def test_values_that_are_not_finite_print():
    assert "nan" in repr(record({"loss": [1.0, float("nan"), float("nan")]}))


def test_a_metric_of_some_epochs_only_prints():
    history = record({"loss": [1.0, 0.5]})
    history.on_epoch_end(2, {"loss": 0.25, "val_loss": 3.0})
    assert repr(history).startswith("History of 3 epochs\n")


@pytest.fixture
def no_matplotlib(monkeypatch):
    """As where the extra is not installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)


def test_curves_are_drawn_and_saved_without_matplotlib(no_matplotlib, tmp_path):
    curves = record().plot(tmp_path / "curves.svg")
    assert "<svg" in (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert "<svg" in curves.svg()
    assert "<svg" in curves._repr_svg_()


def test_a_figure_without_matplotlib_names_the_extra(no_matplotlib):
    with pytest.raises(MissingExtraError, match=r"autotensor\[plot\]"):
        record().plot().figure()


def test_a_figure_with_matplotlib_has_the_curves():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = record().plot().figure()
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    assert [1.0, 0.5, 0.25, 0.0005] in [list(line.get_ydata()) for line in lines]
    pyplot.close(figure)
