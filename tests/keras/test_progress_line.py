"""The text of a progress line: golden strings, and the room that it may take."""

import pytest

from autotensor.keras.utils.progress_line import DONE, REST, Progress, bar_line, plain_line, shown

TWO = (("accuracy", "0.1250"), ("loss", "2.8907"))
FOUR = (("accuracy", "0.9321"), ("loss", "0.2344"), ("val_accuracy", "0.9610"), ("val_loss", "0.1300"))
BAR = "━" * 20


def text(progress, room=float("inf"), width=20):
    return "".join(piece for piece, _ in bar_line(progress, width, room))


def over(seconds=1.2, per_unit=0.746, metrics=TWO, current=2, target=2):
    return Progress(current, target, seconds, per_unit, "step", metrics)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2.89071, "2.8907"), (0.0011, "0.0011"), (0.001, "1.0000e-03"), (-0.25, "-0.2500"), (-2e-5, "-2.0000e-05")],
)
def test_values_have_four_decimals_or_an_exponent(value, expected):
    assert shown(value) == expected


def test_values_that_are_no_number_are_shown_as_such():
    assert [shown(float(value)) for value in ("nan", "inf", "-inf")] == ["nan", "inf", "-inf"]


def test_the_lines_of_an_epoch_are_those_of_keras():
    assert text(over()) == f"2/2 {BAR} 1s 746ms/step - accuracy: 0.1250 - loss: 2.8907"
    assert plain_line(over()) == "2/2 - 1s - 746ms/step - accuracy: 0.1250 - loss: 2.8907"


def test_without_metrics_the_line_ends_with_the_time():
    assert text(over(metrics=())) == f"2/2 {BAR} 1s 746ms/step"
    assert plain_line(over(metrics=())) == "2/2 - 1s - 746ms/step"


@pytest.mark.parametrize(
    ("per_unit", "expected"),
    [(0, "0s/step"), (4e-7, "0us/step"), (25e-6, "25us/step"), (0.0123, "12ms/step"), (1.0, "1s/step"), (75.4, "75s/step")],
)
def test_the_time_of_a_step_has_a_fitting_unit(per_unit, expected):
    assert plain_line(over(per_unit=per_unit, metrics=())) == f"2/2 - 1s - {expected}"


@pytest.mark.parametrize(("seconds", "expected"), [(0.9, "0s"), (59.9, "59s"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01")])
def test_while_running_the_time_to_come_is_shown(seconds, expected):
    progress = Progress(5, 10, seconds, 1.0, "step", (), running=True)
    assert text(progress) == f" 5/10 {BAR} {expected} 1s/step"


def test_the_counter_is_as_wide_as_the_target():
    assert text(over(current=7, target=1000, metrics=())).startswith("   7/1000 ")


def test_an_unknown_target_has_no_bar():
    progress = Progress(17, None, 2.0, 0.1, "step", (("loss", "0.5000"),), running=True)
    assert text(progress) == "     17/Unknown 2s 100ms/step - loss: 0.5000"


def test_the_bar_is_done_in_proportion():
    parts = bar_line(Progress(1, 4, 1.0, 1.0, "step", (), running=True), 20)
    assert [(len(piece), style) for piece, style in parts if style in (DONE, REST)] == [(5, DONE), (15, REST)]


def test_more_steps_than_announced_fill_the_bar_and_no_more():
    assert text(over(current=5, target=2, metrics=())) == f"5/2 {BAR} 1s 746ms/step"


# What goes first when room is short, and what stays longest.
NARROWER = {
    116: f"938/938 {BAR} 3s 3ms/step - accuracy: 0.9321 - loss: 0.2344 - val_accuracy: 0.9610 - val_loss: 0.1300",
    104: "938/938 ━━━━━━━━ 3s 3ms/step - accuracy: 0.9321 - loss: 0.2344 - val_accuracy: 0.9610 - val_loss: 0.1300",
    99: "938/938 ━━━━━━━━━━━━ 3s - accuracy: 0.9321 - loss: 0.2344 - val_accuracy: 0.9610 - val_loss: 0.1300",
    79: "938/938 3s  accuracy 0.9321  loss 0.2344  val_accuracy 0.9610  val_loss 0.1300",
    74: "938/938 3s accuracy 0.9321 loss 0.2344 val_accuracy 0.9610 val_loss 0.1300",
    60: "938/938 3s accuracy 0.9321 loss 0.2344 val_loss 0.1300 …",
    39: "938/938 3s loss 0.2344 …",
    8: "938/938 ",
}


@pytest.mark.parametrize(("room", "expected"), NARROWER.items())
def test_a_narrow_line_keeps_what_tells_most(room, expected):
    assert text(over(3.0, 0.003, FOUR, 938, 938), room) == expected


@pytest.mark.parametrize(
    "progress",
    [
        over(),
        over(metrics=FOUR, current=938, target=938),
        over(metrics=()),
        Progress(12, None, 3.0, 0.1, "step", FOUR, running=True),
        Progress(3, 100000, 4000.0, 0.04, "sample", (*FOUR, ("a" * 50, "nan")), running=True),
    ],
)
def test_no_line_is_longer_than_its_room(progress):
    assert [room for room in range(1, 130) if len(text(progress, room)) > room] == []
