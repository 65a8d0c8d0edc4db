"""Grey pictures as text: what is ink, how wide, and galleries within the line."""

import io
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.pictures import gallery, picture_in_text, terminal_shows_greys

RING = np.array([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]])


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


def test_half_blocks_show_two_rows_in_a_line() -> None:
    assert picture_in_text(RING, ascii=False) == "▄▀▀▄\n▀▄▄▀"


def test_ascii_shows_the_mean_of_two_rows() -> None:
    assert picture_in_text([[0, 1], [0, 1], [1, 1], [0, 0]], ascii=True) == " @\n=="


def test_the_range_follows_the_kind_of_number() -> None:
    expected = picture_in_text(RING, ascii=True)
    for image in (RING * 255, (RING * 255).astype("uint8"), RING.astype(bool), RING * 6.0 - 3, RING[..., None], at.tensor(RING)):
        assert picture_in_text(image, ascii=True) == expected
    assert picture_in_text(np.zeros((4, 4)), ascii=True).strip() == ""
    assert picture_in_text(np.full((2, 2), 255, "uint8"), ascii=False) == "██"


def test_what_is_not_finite_is_the_least_or_the_most() -> None:
    assert picture_in_text([[np.nan, np.inf, -np.inf, 1.0]] * 2, ascii=False) == " █ █"


def test_greys_are_codes_that_end_with_the_line() -> None:
    text = picture_in_text([[0.0, 1.0], [1.0, 0.0]], grey=True, ascii=False)
    assert text == "\x1b[38;5;232;48;5;255m▀\x1b[38;5;255;48;5;232m▀\x1b[0m"


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.booleans())
def test_any_size_becomes_any_width(rows: int, wide: int, width: int, plain: bool) -> None:
    image = np.random.default_rng(0).random((rows, wide))
    lines = picture_in_text(image, width, ascii=plain).split("\n")
    assert len(lines) == (max(1, round(rows * width / wide)) + 1) // 2
    assert max(map(len, lines)) <= width


def test_making_smaller_averages_and_making_larger_keeps_the_range() -> None:
    board = np.kron(RING, np.ones((7, 7)))
    assert picture_in_text(board, 4, ascii=False) == picture_in_text(RING, ascii=False)
    assert picture_in_text(np.full((3, 5), 0.7), 4, ascii=True) == "****"


def test_a_gallery_stays_within_the_line_and_centres_nothing_away() -> None:
    images = np.random.default_rng(0).random((10, 28, 28))
    text = gallery(images, [f"reads {i}" for i in range(10)], line=80, ascii=False)
    assert max(map(columns, text.split("\n"))) <= 80
    assert re.findall(r"reads (\d)", text) == list("0123456789")
    assert len(text.split("\n")) == 5 * 15 + 4  # two a row: 14 lines and the caption


def test_columns_can_be_asked_for_and_pictures_shrink_to_them() -> None:
    text = gallery(np.ones((6, 28, 28)), columns=6, line=80, ascii=False)
    assert len(text.split("\n")) == 6
    assert max(map(len, text.split("\n"))) <= 80
    with pytest.raises(ArgumentError, match="40 pictures do not fit in 80 columns"):
        gallery(np.ones((40, 28, 28)), columns=40, line=80)
    with pytest.raises(ArgumentError, match="columns must be at least 1"):
        gallery([RING], columns=0)


def test_captions_are_cut_and_wide_letters_counted() -> None:
    text = gallery([RING, RING], ["漢字漢字漢字漢字漢字漢字", "a\nb"], line=30, ascii=False)
    assert all(columns(line) <= 30 for line in text.split("\n"))
    assert "a b" in text
    assert "~" in text


def test_tiny_pictures_are_doubled_and_none_give_nothing() -> None:
    assert max(map(len, gallery([np.ones((8, 8))], line=80, ascii=False).split("\n"))) == 16
    assert gallery([]) == ""


@pytest.mark.parametrize("image", [np.ones(4), np.ones((2, 2, 3)), np.ones((0, 3)), [["a"]]])
def test_what_is_no_picture_is_refused(image: object) -> None:
    with pytest.raises(ShapeError, match="a picture is a 2-dimensional array"):
        picture_in_text(image)
    with pytest.raises(ArgumentError, match="width must be at least 1"):
        picture_in_text(RING, 0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_greys_are_for_terminals_that_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal_shows_greys(Terminal())
    assert not terminal_shows_greys(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal_shows_greys(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal_shows_greys(Terminal())
