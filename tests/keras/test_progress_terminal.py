"""Progress on terminals of every kind, and where there is none: what is written, and what is left behind."""

import contextlib
import io
import re
import sys
import types
import warnings

import pytest

from autotensor.keras.callbacks import Callback, CallbackList, ProgbarLogger
from autotensor.keras.utils import Progbar
from autotensor.keras.utils.screen import Screen

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
HIDDEN, VISIBLE = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True

    def rows(self):
        """What a person sees in the end: each row after its last redraw."""
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", lambda code: "\r" if code[0] == "\x1b[2K" else "", self.getvalue())
        return [row.split("\r")[-1] for row in text.split("\n")]


class Clock:
    """A clock that stands still unless it is told to pass."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def terminal(monkeypatch):
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


@pytest.fixture
def pipe(monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return io.StringIO()


onto = contextlib.redirect_stdout  # by tests, not by fixtures: pytest sets its own streams in between


def fit(*others, epochs=1, steps=4, known=True, verbose="auto", seconds=0.25, validate=False, stop=None, interrupt=None):
    """What Model.fit does with its callbacks, a step lasting `seconds` by a clock of its own."""
    clock = Clock()
    callbacks = CallbackList(
        [*others, ProgbarLogger(clock=clock)], verbose=verbose, epochs=epochs, steps=steps if known else None
    )
    try:
        callbacks.on_train_begin()
        for epoch in range(epochs):
            callbacks.on_epoch_begin(epoch)
            for step in range(steps):
                if step == interrupt:
                    raise KeyboardInterrupt
                clock.now += seconds
                callbacks.on_train_batch_begin(step)
                callbacks.on_train_batch_end(step, lambda step=step: {"loss": 1 / (step + 1), "accuracy": 0.5})
                if step == stop:
                    break
            logs = {"loss": 0.25, "accuracy": 0.5}
            if validate:
                callbacks.on_test_begin()
                callbacks.on_test_batch_end(0, {"loss": 9.0})
                callbacks.on_test_end({"loss": 0.5})
                logs["val_loss"] = 0.5
            callbacks.on_epoch_end(epoch, logs)
        callbacks.on_train_end({})
    finally:
        callbacks.close()


def call(mode, verbose="auto", steps=2):
    clock = Clock()
    callbacks = CallbackList([ProgbarLogger(clock=clock)], verbose=verbose, epochs=1, steps=steps)
    getattr(callbacks, f"on_{mode}_begin")()
    for step in range(steps):
        clock.now += 1
        getattr(callbacks, f"on_{mode}_batch_end")(step, {"loss": 0.5} if mode == "test" else {"outputs": [[1.0]]})
    getattr(callbacks, f"on_{mode}_end")({"loss": 0.5} if mode == "test" else None)


BAR = "━" * 20
EPOCHS = f"""Epoch 1/2
4/4 {BAR} 1s 250ms/step - accuracy: 0.5000 - loss: 0.2500 - val_loss: 0.5000
Epoch 2/2
4/4 {BAR} 1s 250ms/step - accuracy: 0.5000 - loss: 0.2500 - val_loss: 0.5000
"""
PLAIN = re.sub(f"{BAR} (1s) ", r"- \1 - ", EPOCHS)


def test_a_pipe_gets_one_plain_line_an_epoch(pipe):
    with onto(pipe):
        fit(epochs=2, validate=True)
    assert pipe.getvalue() == PLAIN


def test_verbose_1_into_a_pipe_gives_bars_without_control_characters(pipe):
    with onto(pipe):
        fit(epochs=2, validate=True, verbose=1)
    assert pipe.getvalue() == EPOCHS


def test_a_single_epoch_has_no_heading(pipe):
    with onto(pipe):
        fit()
    assert pipe.getvalue() == "4/4 - 1s - 250ms/step - accuracy: 0.5000 - loss: 0.2500\n"


def test_verbose_0_is_silent(pipe):
    with onto(pipe):
        fit(epochs=2, verbose=0)
        Progbar(2, verbose=0).update(2)
    assert pipe.getvalue() == ""


def test_evaluate_and_predict_have_lines_without_a_heading(pipe):
    with onto(pipe):
        call("test")
        call("predict")
    assert pipe.getvalue() == "2/2 - 2s - 1s/step - loss: 0.5000\n2/2 - 2s - 1s/step\n"


def test_a_terminal_shows_in_the_end_what_keras_shows(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    with onto(terminal):
        fit(epochs=2, validate=True)
    assert terminal.rows() == EPOCHS.split("\n")


def test_evaluate_in_a_terminal_has_a_bar(terminal):
    with onto(terminal):
        call("test")
    assert terminal.rows() == [f"2/2 {BAR} 2s 1s/step - loss: 0.5000", ""]


def test_the_line_is_redrawn_in_place_at_most_ten_times_a_second(terminal):
    with onto(terminal):
        fit(steps=1000, seconds=0.001)
    # nine times while the second runs, and the end; the first redraw writes the line twice
    assert 9 <= terminal.getvalue().count("/1000") <= 12
    assert len(terminal.rows()) == 2


def test_logs_are_read_only_when_the_line_is_redrawn(terminal):
    clock, reads = Clock(), []
    with onto(terminal):
        callbacks = CallbackList([ProgbarLogger(clock=clock)], verbose=1, epochs=1, steps=1000)
        callbacks.on_train_begin()
        callbacks.on_epoch_begin(0)
        for step in range(1000):
            clock.now += 0.001
            callbacks.on_train_batch_end(step, lambda: reads.append(1) or {"loss": 1.0})
        callbacks.close()
    assert 8 <= len(reads) <= 10


def test_a_short_epoch_never_starts_a_live_line(terminal):
    with onto(terminal):
        fit(epochs=2, seconds=0.001)
    assert HIDDEN not in terminal.getvalue()
    assert terminal.rows()[1].startswith(f"4/4 {BAR} 0s 1ms/step")


@pytest.mark.parametrize("columns", [20, 40, 79, 80])
def test_no_row_is_wider_than_the_terminal(terminal, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    with onto(terminal):
        fit(epochs=2, validate=True, steps=12)
    assert max(map(len, terminal.rows())) < columns


def test_an_unknown_number_of_steps_is_counted_and_known_afterwards(terminal):
    with onto(terminal):
        fit(epochs=2, known=False, steps=17)
    text = CONTROL.sub("", terminal.getvalue())
    assert "16/Unknown 4s 250ms/step - accuracy: 0.5000 - loss: 0.0625" in text
    assert terminal.rows()[1] == f"17/17 {BAR} 4s 250ms/step - accuracy: 0.5000 - loss: 0.2500"
    assert " 1/17 " in text


def test_a_stopped_epoch_shows_how_far_it_came(pipe):
    with onto(pipe):
        fit(steps=10, stop=2)
    assert pipe.getvalue().startswith(" 3/10 - 1s - 250ms/step")


def test_prints_and_warnings_of_callbacks_appear_above_the_line(terminal):
    class Talk(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                sys.stdout.write("said\n")
                sys.stderr.write("warned\n")

        def on_epoch_end(self, epoch, logs=None):
            sys.stdout.write("over\n")

    with onto(terminal), contextlib.redirect_stderr(terminal):
        fit(Talk())
        assert sys.stdout is sys.stderr is terminal
    assert terminal.rows()[:3] == ["said", "warned", "over"]
    assert terminal.rows()[3].startswith(f"4/4 {BAR}")


def test_an_interrupt_leaves_a_visible_cursor_on_a_new_line_and_the_streams_as_they_were(terminal):
    with onto(terminal):
        with pytest.raises(KeyboardInterrupt):
            fit(interrupt=3)
        assert sys.stdout is terminal
    assert terminal.getvalue().rindex(VISIBLE) > terminal.getvalue().rindex(HIDDEN)
    assert terminal.rows()[0].startswith(f"3/4 {BAR}")
    assert terminal.rows()[1] == ""


def test_a_bar_that_is_dropped_half_way_shows_the_cursor_again(terminal):
    with onto(terminal):
        bar = Progbar(3, interval=0)
        bar.update(1)
        assert VISIBLE not in terminal.getvalue()
        del bar
        assert VISIBLE in terminal.getvalue()
        assert sys.stdout is terminal


def test_another_display_on_the_terminal_is_not_disturbed(terminal):
    class Evaluates(Callback):
        def on_epoch_end(self, epoch, logs=None):
            call("test")

    with onto(terminal):
        fit(Evaluates())
    assert terminal.rows()[0] == "2/2 - 2s - 1s/step - loss: 0.5000"
    assert terminal.rows()[1].startswith(f"4/4 {BAR} 1s")
    assert terminal.getvalue().count(HIDDEN) == 1


def test_a_dumb_terminal_gets_plain_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    with onto(terminal):
        fit(epochs=2, validate=True)
    assert terminal.getvalue() == PLAIN


def test_no_color_leaves_no_colour_and_the_rest_of_the_bar_blank(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    with onto(terminal), pytest.raises(KeyboardInterrupt):
        fit(interrupt=2)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.getvalue())
    assert terminal.rows()[0].startswith(f"2/4 {'━' * 10}{' ' * 10} 0s 250ms/step")


def test_colours_can_be_forced_into_a_pipe_without_a_live_line(pipe, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with onto(pipe):
        fit(verbose=1)
    assert "\x1b[32m" in pipe.getvalue()
    assert HIDDEN not in pipe.getvalue()
    assert CONTROL.sub("", pipe.getvalue()) == f"4/4 {BAR} 1s 250ms/step - accuracy: 0.5000 - loss: 0.2500\n"


def test_an_encoding_without_boxes_gets_equals_signs(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", newline="\n"))
    fit(verbose=1)
    assert raw.getvalue().decode() == f"4/4 {'=' * 20} 1s 250ms/step - accuracy: 0.5000 - loss: 0.2500\n"


def test_a_terminal_without_boxes_gets_equals_signs(terminal, monkeypatch):
    monkeypatch.setattr(Terminal, "encoding", "cp1252")
    with onto(terminal):
        fit()
    assert "=" * 20 in terminal.rows()[0]
    assert "━" not in terminal.getvalue()


def test_without_a_standard_output_nothing_is_shown(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    fit(epochs=2)
    fit(epochs=2, verbose=1)


def test_a_bare_object_with_write_will_do(monkeypatch):
    written = []
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(write=written.append, flush=lambda: None))
    fit()
    assert written == ["4/4 - 1s - 250ms/step - accuracy: 0.5000 - loss: 0.2500\n"]


def test_rich_is_not_imported_for_a_pipe(pipe, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.setitem(sys.modules, name, None)
    with onto(pipe):
        fit(epochs=2, verbose=1)
    assert "Epoch 2/2" in pipe.getvalue()


def test_a_notebook_updates_one_output_in_place(monkeypatch):
    """IPython is played by a stand-in: `display` gives a handle, whose `update` replaces what it shows."""
    outputs = []

    def display(text, display_id):
        outputs.append([text.plain])
        return types.SimpleNamespace(update=lambda text: outputs[0].append(text.plain))

    shell = type("ZMQInteractiveShell", (), {})()
    stand_in = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", stand_in)
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    fit()
    ((first, *_, last),) = outputs
    assert first.startswith("1/4 ")
    assert last == f"4/4 {BAR} 1s 250ms/step - accuracy: 0.5000 - loss: 0.2500"
    assert sys.stdout.getvalue() == ""
    fit(seconds=0.001)
    assert len(outputs) == 1
    assert CONTROL.sub("", sys.stdout.getvalue()).startswith(f"4/4 {BAR} 0s")


def test_a_screen_that_was_closed_can_be_drawn_on_again(terminal):
    screen = Screen(terminal)
    for word in ("one", "two"):
        screen.draw([(word, "")])
        screen.close()
        screen.close()
    assert terminal.rows() == ["one", "two", ""]


def test_nothing_warns(terminal):
    with onto(terminal), warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(epochs=2, validate=True)
