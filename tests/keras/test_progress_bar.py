"""utils.Progbar: averages, finalizing, and verbosity; and what ProgbarLogger refuses."""

import io

import numpy as np
import pytest

from autotensor.core.errors import ArgumentError
from autotensor.keras.callbacks import ProgbarLogger
from autotensor.keras.utils import Progbar
from autotensor.keras.utils.screen import Screen


def bar(target, **settings):
    out = io.StringIO()
    return Progbar(target, screen=Screen(out), clock=lambda: 0.0, **settings), out


def last_line(progress, out):
    """The line as it would be now: a last update without values."""
    progress.update(progress.seen, finalize=True)
    return out.getvalue()


def test_metrics_are_averaged_over_the_steps():
    progress, out = bar(8, verbose=2)
    progress.update(1, [("loss", 4.0)])
    progress.update(3, [("loss", 1.0)])  # two steps at once count twice
    assert last_line(progress, out) == "3/8 - 0s - 0s/step - loss: 2.0000\n"


def test_stateful_metrics_are_shown_as_they_are():
    progress, out = bar(8, verbose=2, stateful_metrics=["accuracy"])
    progress.update(1, [("loss", 4.0), ("accuracy", 0.25)])
    progress.update(2, [("loss", 2.0), ("accuracy", 0.75)])
    assert last_line(progress, out) == "2/8 - 0s - 0s/step - loss: 3.0000 - accuracy: 0.7500\n"


def test_with_stateless_metrics_all_others_are_shown_as_they_are():
    progress, out = bar(8, verbose=2, stateless_metrics=["loss"])
    progress.update(1, [("loss", 4.0), ("accuracy", 0.25)])
    progress.update(2, [("loss", 2.0), ("accuracy", 0.75)])
    assert last_line(progress, out) == "2/8 - 0s - 0s/step - loss: 3.0000 - accuracy: 0.7500\n"


def test_both_kinds_at_once_are_refused():
    with pytest.raises(ArgumentError, match="got both"):
        Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])


def test_the_last_update_takes_values_as_they_are():
    progress, out = bar(2, verbose=2)
    progress.update(1, [("loss", 4.0)])
    progress.update(2, [("loss", 1.0)])
    assert out.getvalue() == "2/2 - 0s - 0s/step - loss: 1.0000\n"


def test_add_counts_on():
    progress, out = bar(5, verbose=2)
    progress.add(2, [("loss", 1.0)])
    progress.add(3)
    assert out.getvalue() == "5/5 - 0s - 0s/step - loss: 1.0000\n"


def test_an_unknown_target_ends_when_it_is_told_to():
    progress, out = bar(None)
    progress.update(3, [("loss", 1.0)])
    assert out.getvalue() == ""
    progress.update(4, finalize=True)
    assert out.getvalue() == "      4/Unknown 0s 0s/step - loss: 1.0000\n"


def test_the_width_and_the_unit_can_be_chosen():
    progress, out = bar(2, width=4, unit_name="sample")
    progress.update(2)
    assert out.getvalue() == "2/2 ━━━━ 0s 0s/sample\n"


def test_arrays_are_shown_by_their_mean_and_words_as_they_are():
    progress, out = bar(2, verbose=2, stateless_metrics=[])
    progress.update(2, [("loss", np.array([1.0, 2.0])), ("mood", "good"), ("n", np.float32(3))])
    assert out.getvalue() == "2/2 - 0s - 0s/step - loss: 1.5000 - mood: good - n: 3.0000\n"


def test_the_first_step_does_not_count_in_the_time_of_a_step():
    out, now = io.StringIO(), [0.0]
    progress = Progbar(3, verbose=2, screen=Screen(out), clock=lambda: now[0])
    for step, time in enumerate([10.0, 10.5, 11.0]):
        now[0] = time
        progress.update(step + 1)
    assert out.getvalue() == "3/3 - 11s - 500ms/step\n"


@pytest.mark.parametrize("verbose", [3, "loud", -1])
def test_an_unknown_verbosity_is_refused(verbose):
    with pytest.raises(ArgumentError, match="verbose is 0"):
        ProgbarLogger().set_params({"verbose": verbose, "epochs": 1, "steps": 1})
