"""Learning curves: panels, axes, files; and sparklines."""

import builtins
import io
import math
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotensor.core.errors import ArgumentError, DataError, DTypeError, MissingExtraError
from autotensor.pictures.curves import curves, sparkline
from autotensor.pictures.plotting import log_ticks, ticks

HISTORY = {
    "loss": [2.0, 1.0, 0.5],
    "accuracy": [0.2, 0.5, 0.8],
    "val_loss": [2.1, 1.3, 0.9],
    "val_accuracy": [0.1, 0.4, 0.7],
    "learning_rate": [1e-3, 1e-3, 1e-4],
}
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_losses_metrics_and_the_learning_rate_have_their_own_panels() -> None:
    drawn = curves(HISTORY)
    assert [[one.name for one in panel.series] for panel in drawn.panels] == [
        ["loss", "val_loss"],
        ["accuracy", "val_accuracy"],
        ["learning_rate"],
    ]
    assert set(HISTORY) <= set(texts(drawn.svg()))
    assert repr(drawn).startswith("<curves: loss, val_loss, accuracy, val_accuracy, learning_rate; 3 epochs")
    assert drawn._repr_svg_() == drawn.svg() == curves(HISTORY).svg()


def test_validation_is_dashed_in_the_colour_of_training() -> None:
    first, second = curves(HISTORY).panels[0].series
    assert (first.dashed, second.dashed) == (False, True)
    assert first.color == second.color


def test_a_history_object_is_taken_as_it_is() -> None:
    class Record:
        history = HISTORY

    assert curves(Record()).svg() == curves(HISTORY).svg()


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [1.0]},
        {"loss": [2.0] * 5},
        {"loss": [0.0, 0.0]},
        {"loss": [math.nan, 1.0, math.inf]},
        {"loss": [math.nan, math.nan]},
        {"loss": [1e-300, 1e300]},
        {"loss": [-1.0, 3.0]},
        {"a <loss> & b": list(range(1000))},
        {f"metric_{i}": [i, 2 * i] for i in range(30)},
    ],
)
def test_any_history_is_drawn_within_the_picture(history: dict[str, list[float]]) -> None:
    svg = curves(history).svg()
    root = ET.fromstring(svg)
    for circle in root.iter(f"{SVG}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= 440
        assert 0 <= float(circle.attrib["cy"]) <= 290
    assert "nan" not in "".join(element.attrib.get("d", "") for element in root.iter())


def test_a_logarithmic_axis_leaves_out_what_is_not_positive() -> None:
    drawn = curves({"loss": [100.0, 0.0, 0.01], "accuracy": [0.0, 0.5, 1.0]}, log=True)
    assert "loss (logarithmic)" in texts(drawn.svg())
    assert {"0.01", "1", "100"} <= set(texts(drawn.svg()))
    assert [panel.log for panel in drawn.panels] == [True, False]
    with pytest.raises(ArgumentError, match="log=True needs a positive loss"):
        curves({"loss": [-1.0, -2.0]}, log=True)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_in_range(low: float, width: float) -> None:
    found = ticks(low, low + width)
    assert 2 <= len(found) <= 8
    assert all(low - width * 1e-6 <= tick <= low + width * (1 + 1e-6) for tick in found)


@given(st.floats(1e-12, 1e6), st.floats(1.5, 1e12))
def test_logarithmic_ticks_are_in_range(low: float, ratio: float) -> None:
    found = log_ticks(low, low * ratio)
    assert 1 <= len(found) <= 16
    assert all(low * 0.999 <= tick <= low * ratio * 1.001 for tick in found)


def test_what_is_no_history_is_refused() -> None:
    with pytest.raises(DTypeError, match="curves expects a history"):
        curves([1.0, 2.0])
    with pytest.raises(DataError, match="the history has no epoch"):
        curves({"loss": []})
    with pytest.raises(DataError, match="history of 'loss' must be a list of numbers"):
        curves({"loss": ["high", "low"]})


def test_png_without_matplotlib_names_the_extra_and_suggests_svg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **settings: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **settings)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"autotensor\[plot\]', or save the curves as \.svg"):
        curves(HISTORY).save(tmp_path / "curves.png")
    drawn = curves(HISTORY)
    assert drawn.path is None
    assert drawn.save(tmp_path / "curves.svg").read_text(encoding="utf-8") == drawn.svg()
    assert drawn.path == tmp_path / "curves.svg"
    assert [path.name for path in tmp_path.iterdir()] == ["curves.svg"]
    with pytest.raises(ArgumentError, match=r"one of \.svg, \.png, \.pdf"):
        drawn.save(tmp_path / "curves.bmp")


def test_matplotlib_draws_the_same_panels(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    drawn = curves(HISTORY, log=True)
    axes = drawn.figure().axes
    assert [[line.get_label() for line in one.lines] for one in axes] == [[s.name for s in p.series] for p in drawn.panels]
    assert [one.get_yscale() for one in axes] == ["log", "linear", "linear"]
    assert axes[0].lines[1].get_linestyle() == "--"
    assert drawn.save(tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


# sparklines
class Stream(io.StringIO):
    encoding = "latin-1"  # type: ignore[assignment]


def test_a_sparkline_rises_with_its_values() -> None:
    assert sparkline(range(8), ascii=False) == "▁▂▃▄▅▆▇█"
    assert sparkline(range(8), ascii=True) == sparkline(range(8), stream=Stream()) == "_.-~=+*#"


def test_a_sparkline_shows_what_is_not_finite() -> None:
    values = [math.inf, 0.0, math.nan, 1.0, -math.inf]
    assert sparkline(values, ascii=False) == "↑▁?█↓"
    assert sparkline(values, ascii=True) == "^_?#v"
    assert sparkline([math.nan] * 3, ascii=False) == "???"


def test_a_constant_sparkline_runs_in_the_middle_and_an_empty_one_is_empty() -> None:
    assert sparkline([3.0] * 4, ascii=False) == "▄▄▄▄"
    assert sparkline([]) == ""
    with pytest.raises(ArgumentError, match="width must be at least 1, got 0"):
        sparkline([1.0], width=0)


def test_many_values_are_averaged_and_nan_is_not_lost() -> None:
    assert sparkline([0, 0, 1, 1], width=2, ascii=False) == "▁█"
    assert sparkline([0.0] * 50 + [math.nan] + [1.0] * 50, width=5, ascii=False).count("?") == 1


@given(st.lists(st.floats(), max_size=100), st.integers(1, 30))
def test_a_sparkline_is_never_longer_than_its_width(values: list[float], width: int) -> None:
    assert len(sparkline(values, width)) == min(width, len(values))


def test_the_encoding_of_standard_output_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Stream())
    assert sparkline([0.0, 1.0]) == "_#"
