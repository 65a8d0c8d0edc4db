"""The tables of `Model.summary`, against what Keras 3 and Keras 2 print for the same networks."""

import io
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotensor.core.errors import ArgumentError
from autotensor.keras.summary import LayerRow, Totals, readable_size, select, styled_table, summarise, table

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "golden"

DIGITS = [
    LayerRow("dense", "Dense", (None, 512), 33280, trainable=True),
    LayerRow("dense_1", "Dense", (None, 10), 5130, trainable=True),
]
DIGITS_TOTALS = Totals(38410, 4 * 38410)
FRESH = [
    LayerRow("dense", "Dense", (None, 512), 33280, trainable=True),
    LayerRow("dropout", "Dropout", (None, 512), 0),
    LayerRow("batch_normalization", "BatchNormalization", (None, 512), 2048, trainable=True),
    LayerRow("dense_1", "Dense", (None, 10), 5130, trainable=True),
]
FRESH_TOTALS = Totals(39434, 4 * 39434, 1024, 4 * 1024)
UNBUILT = [
    LayerRow("dense", "Dense", None, 0, built=False),
    LayerRow("dropout", "Dropout", None, 0),
    LayerRow("batch_normalization", "BatchNormalization", None, 0, built=False),
    LayerRow("dense_1", "Dense", None, 0, built=False),
]
FUNCTIONAL = [
    LayerRow("x", "InputLayer", (None, 4), 0, is_input=True),
    LayerRow("left", "Dense", (None, 3), 15, trainable=True, connected_to=("x[0][0]",)),
    LayerRow("right", "Dense", (None, 3), 15, trainable=True, connected_to=("x[0][0]",)),
    LayerRow("add", "Add", (None, 3), 0, connected_to=("left[0][0]", "right[0][0]")),
    LayerRow("dense", "Dense", (None, 1), 4, trainable=True, connected_to=("add[0][0]",)),
]
FUNCTIONAL_TOTALS = Totals(34, 136)
FITTED_TOTALS = FRESH_TOTALS._replace(optimizer=78870, optimizer_bytes=4 * 78870)

NESTED = [
    LayerRow("first", "Dense", (None, 4), 20, trainable=True),
    LayerRow("mid", "Sequential", (None, 2), 29, trainable=True),
    LayerRow("inner", "Sequential", (None, 2), 23, trainable=True, depth=1),
    LayerRow("a", "Dense", (None, 3), 15, trainable=True, depth=2),
    LayerRow("b", "Dense", (None, 2), 8, trainable=True, depth=2),
    LayerRow("c", "Dense", (None, 2), 6, trainable=True, depth=1),
    LayerRow("last", "Dense", (None, 1), 3, trainable=True),
]
NESTED_TOTALS = Totals(52, 208)


def digits(**settings):
    return table("sequential", "sequential", DIGITS, DIGITS_TOTALS, **settings)


def one(row, kind="sequential", **settings):
    """The table's lines for a model of one layer."""
    return table("m", kind, [row], Totals(0, 0), **{"line_length": 80, **settings}).splitlines()


def unpadded(text):
    return "\n".join(line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize(
    ("name", "model", "rows", "totals", "settings"),
    [
        ("keras3-digits", "sequential", DIGITS, DIGITS_TOTALS, {}),
        ("keras3-fresh", "sequential", FRESH, FRESH_TOTALS, {}),
        ("keras3-show-trainable", "sequential", FRESH, FRESH_TOTALS, {"show_trainable": True}),
        ("keras3-fitted", "sequential", FRESH, FITTED_TOTALS, {}),
        ("keras3-unbuilt", "sequential", UNBUILT, Totals(0, 0), {}),
        ("keras3-functional", "functional", FUNCTIONAL, FUNCTIONAL_TOTALS, {}),
        ("keras2-digits", "sequential", DIGITS, DIGITS_TOTALS, {}),
        ("keras2-fresh", "sequential", FRESH, FRESH_TOTALS, {}),
        ("keras2-functional", "functional", FUNCTIONAL, FUNCTIONAL_TOTALS, {}),
    ],
)
def test_table_equals_the_one_that_keras_prints_character_for_character(name, model, rows, totals, settings):
    style = name.partition("-")[0]
    length = 80 if style == "keras3" else None
    expected = (GOLDEN / f"summary-{name}.txt").read_bytes().decode("utf-8")
    assert table(model, model, rows, totals, style=style, line_length=length, **settings) == expected


def test_every_recorded_table_is_compared():
    compared = test_table_equals_the_one_that_keras_prints_character_for_character.pytestmark[0].args[1]
    assert {f"summary-{case[0]}.txt" for case in compared} == {path.name for path in GOLDEN.glob("summary-*.txt")}


# widths


def test_keras3_table_at_line_length_60():
    assert digits(line_length=60).splitlines()[1:5] == [
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┓",
        "┃ Layer (type)             ┃ Output Shape      ┃   Param # ┃",
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━┩",
        "│ dense (Dense)            │ (None, 512)       │    33,280 │",
    ]


def test_keras3_table_at_line_length_100_is_not_cut_at_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert digits(line_length=100).splitlines()[4] == (
        "│ dense (Dense)                              │ (None, 512)                     │            33,280 │"
    )


def test_keras3_table_at_line_length_30_breaks_headers_and_shortens_numbers():
    assert unpadded(digits(line_length=30)).splitlines()[1:8] == [
        "┏━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━┓",
        "┃ Layer      ┃ Output  ┃ Pa… ┃",
        "┃ (type)     ┃ Shape   ┃   # ┃",
        "┡━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━┩",
        "│ dense      │ (None,  │ 33… │",
        "│ (Dense)    │ 512)    │     │",
        "├────────────┼─────────┼─────┤",
    ]


@pytest.mark.parametrize(
    ("columns", "kind", "show_trainable", "width"),
    [
        (80, "sequential", False, 76),
        (80, "functional", True, 76),
        (200, "sequential", False, 88),
        (200, "sequential", True, 100),
        (200, "functional", False, 108),
        (200, "functional", True, 120),
        (10, "functional", True, 40),  # the narrowest that fits every layout, rather than an error
    ],
)
def test_keras3_default_width_fits_the_terminal(monkeypatch, columns, kind, show_trainable, width):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = table("m", kind, FUNCTIONAL, FUNCTIONAL_TOTALS, show_trainable=show_trainable)
    assert {len(line) for line in text.splitlines() if line[:1] in set("┏┃┡│├└")} == {width}


@pytest.mark.parametrize(
    ("line_length", "second_row"),
    [
        (60, " dense (Dense)             (None, 512)             33280    "),
        (
            100,
            " dense (Dense)                               (None, 512)                             33280          ",
        ),
    ],
)
def test_keras2_table_at_other_widths(line_length, second_row):
    lines = digits(style="keras2", line_length=line_length).splitlines()
    assert lines[4] == second_row
    assert lines[1] == "_" * line_length
    assert lines[3] == "=" * line_length


def test_keras2_table_at_line_length_30_cuts_words_anywhere():
    assert digits(style="keras2", line_length=30).splitlines()[2:7] == [
        " Layer (typ  Output Sh   Param",
        " e)          ape          #   ",
        "==============================",
        " dense (Den  (None, 51   33280",
        " se)         2)               ",
    ]


def test_keras2_width_does_not_depend_on_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, digits(style="keras2").splitlines())) == 65


@pytest.mark.parametrize("positions", [[0.25, 0.5, 1.0], [20, 40, 80], (20, 40, 80)])
@pytest.mark.parametrize(
    ("style", "header"),
    [
        (
            "keras3",
            "┃ Layer (type)      ┃ Output Shape     ┃                               Param # ┃",
        ),
        ("keras2", " Layer (type)       Output Shape        Param #".ljust(80)),
    ],
)
def test_positions_may_be_fractions_or_characters(style, header, positions):
    assert digits(style=style, line_length=80, positions=positions).splitlines()[2] == header


def test_positions_for_four_columns_are_accepted_by_a_table_of_three():
    lines = digits(line_length=80, positions=[0.2, 0.5, 0.7, 1.0]).splitlines()
    assert lines[2] == "┃ Layer (type)          ┃ Output Shape                   ┃             Param # ┃"


# cells


@pytest.mark.parametrize(
    ("shape", "keras3", "keras2"),
    [
        ((None, 4), "(None, 4)", "(None, 4)"),
        ((None,), "(None)", "(None,)"),
        ((), "()", "()"),
        ([(None, 4)], "(None, 4)", "[(None, 4)]"),
        ([(None, 4), (2,)], "[(None, 4), (2)]", "[(None, 4), (2,)]"),
        (((None, 4), (None, 3)), "((None, 4), (None, 3))", "((None, 4), (None, 3))"),
        ({"a": (None, 4), "b": (1,)}, "{a: (None, 4), b: (1)}", "{'a': (None, 4), 'b': (1,)}"),
        ({"a": (None, 4)}, "(None, 4)", "{'a': (None, 4)}"),
        ("multiple", "multiple", "multiple"),
        (None, "?", "?"),
    ],
)
def test_output_shapes_print_as_in_keras(shape, keras3, keras2):
    row = LayerRow("a", "A", shape)
    settings = {"line_length": 100, "positions": [0.2, 0.8, 1.0]}
    assert one(row, **settings)[4].split("│")[2].strip() == keras3
    # Keras 2 breaks the line after each of several shapes; the next begins with the space that parted them
    lines = one(row, style="keras2", **settings)[4:]
    pieces = [line[20:80].rstrip() for line in lines[: lines.index(" " * 100)]]
    assert "".join(pieces) == keras2


def test_integers_of_numpy_print_as_plain_numbers():
    np = pytest.importorskip("numpy")
    row = LayerRow("a", "A", (None, np.int64(3)))
    assert "│ (None, 3) " in one(row)[4]
    assert " (None, 3) " in one(row, style="keras2")[4]


def test_several_outputs_break_after_each_shape_in_keras2():
    lstm = LayerRow("lstm", "LSTM", [(None, 3), (None, 3), (None, 3)], 96)
    assert [line.rstrip() for line in one(lstm, style="keras2", line_length=None)[4:7]] == [
        " lstm (LSTM)                 [(None, 3),               96",
        "                              (None, 3),",
        "                              (None, 3)]",
    ]


def test_unbuilt_layer_prints_a_question_mark_and_no_parameters():
    row = LayerRow("dense", "Dense", (None, 3), 7, built=False, trainable=True)
    assert one(row, show_trainable=True)[4].split("│")[2:5] == [
        " ?                      ",
        " 0 (unbuilt) ",
        "   -   ",
    ]
    assert one(row, style="keras2")[4].split() == ["dense", "(Dense)", "?", "0", "(unused)"]


def test_frozen_layer_prints_n():
    row = LayerRow("dense", "Dense", (None, 3), 7, trainable=False)
    assert one(row, show_trainable=True)[4].endswith("│   N   │")
    assert one(row, style="keras2", show_trainable=True)[4].endswith(" N          ")


def test_keras2_adds_the_trainable_column_to_its_width_and_knows_no_dash():
    lines = table("s", "sequential", FRESH, FRESH_TOTALS, style="keras2", show_trainable=True).splitlines()
    assert lines[1] == "_" * 76
    assert lines[2] == " Layer (type)                Output Shape              Param #   Trainable  "
    assert lines[6] == " dropout (Dropout)           (None, 512)               0         Y          "


def test_long_name_is_shortened_in_keras3_and_broken_in_keras2():
    row = LayerRow("a_very_long_layer_name_without_a_break" * 2, "Dense", (None, 3), 15)
    assert one(row, line_length=60)[4:6] == [
        "│ a_very_long_layer_name_… │ (None, 3)         │        15 │",
        "│ (Dense)                  │                   │           │",
    ]
    lines = one(row, style="keras2", line_length=60)
    assert "".join(line[:26].strip() for line in lines[4:8]) == f"{row.name} (Dense)"
    assert lines[4] == " a_very_long_layer_name_w  (None, 3)               15       "


def test_long_model_name_stays_on_one_line():
    name = "a long name " * 20
    for style in ("keras3", "keras2"):
        assert table(name, "sequential", DIGITS, DIGITS_TOTALS, style=style).splitlines()[0] == f'Model: "{name}"'


@pytest.mark.parametrize("name", ["[bold]x[/]", ":smile:", "[/]", r"a\[b]"])
def test_names_are_text_and_never_markup(name):
    text = table(name, "sequential", [LayerRow(name, name)], Totals(0, 0), line_length=80)
    assert text.startswith(f'Model: "{name}"\n')
    assert f"│ {name} ({name}) " in text


def test_model_without_layers_has_an_empty_table():
    text = table("s", "sequential", [], Totals(0, 0), line_length=40)
    assert [line[0] for line in text.splitlines()[1:6]] == ["┏", "┃", "┃", "┡", "└"]
    assert unpadded(table("s", "sequential", [], Totals(0, 0), style="keras2")).count("=" * 65 + "\n" + "=" * 65) == 1


def test_automatic_functional_names_are_model_names_in_keras2():
    rows = [
        LayerRow("functional_1", "Functional", (None, 3), 0),
        LayerRow("functional_head", "Dense", (None, 3), 0, connected_to=("functional_1[0][0]",)),
    ]
    text = table("functional", "functional", rows, Totals(0, 0), style="keras2")
    assert text.startswith('Model: "model"\n')
    assert " model_1 (Functional) " in text
    assert "['model_1[0][0]']" in text
    assert " functional_head (Dense) " in text
    assert 'Model: "functional"' in table("functional", "functional", rows, Totals(0, 0))


# nested models


def test_nested_rows_are_indented_in_keras3():
    text = table("outer", "sequential", NESTED, NESTED_TOTALS, line_length=70)
    assert [line for line in text.splitlines() if line.startswith("│")] == [
        "│ first (Dense)                │ (None, 4)             │          20 │",
        "│ mid (Sequential)             │ (None, 2)             │          29 │",
        "│    └ inner (Sequential)      │ (None, 2)             │          23 │",
        "│       └ a (Dense)            │ (None, 3)             │          15 │",
        "│       └ b (Dense)            │ (None, 2)             │           8 │",
        "│    └ c (Dense)               │ (None, 2)             │           6 │",
        "│ last (Dense)                 │ (None, 1)             │           3 │",
    ]


def test_nested_rows_are_framed_in_keras2():
    text = table("outer", "sequential", NESTED, NESTED_TOTALS, style="keras2", line_length=70)
    assert unpadded(text).splitlines()[4:-5] == [
        " first (Dense)                 (None, 4)                   20",
        "",
        " mid (Sequential)              (None, 2)                   29",
        "|" + "¯" * 68 + "|",
        "| inner (Sequential)           (None, 2)                   23        |",
        "||" + "¯" * 66 + "||",
        "|| a (Dense)                   (None, 3)                   15       ||",
        "||                                                                  ||",
        "|| b (Dense)                   (None, 2)                   8        ||",
        "|" + "¯" * 68 + "|",
        "| c (Dense)                    (None, 2)                   6         |",
        "¯" * 70,
        " last (Dense)                  (None, 1)                   3",
        "",
    ]
    assert {len(line) for line in text.splitlines()[1:-4]} == {70}


def test_nest_that_ends_the_model_closes_every_frame_in_keras2():
    lines = table("outer", "sequential", NESTED[:5], NESTED_TOTALS, style="keras2", line_length=70).splitlines()
    assert [line[:2] for line in lines[12:16]] == ["||", "|¯", "¯¯", "=="]


def test_nest_deeper_than_its_column_still_ends():
    rows = [LayerRow("a", "A", (None,), depth=depth) for depth in range(40)]
    for style in ("keras3", "keras2"):
        assert "Total params" in table("m", "sequential", rows, Totals(0, 0), style=style, line_length=60)


# layer_range


def names(rows):
    return [row.name for row in rows]


@pytest.mark.parametrize(
    ("layer_range", "expected"),
    [
        (None, ["dense", "dropout", "batch_normalization", "dense_1"]),
        (("dropout", "batch_normalization"), ["dropout", "batch_normalization"]),
        (["dropout", "dropout"], ["dropout"]),
        (("batch_normalization", "dropout"), ["dropout", "batch_normalization"]),  # in the wrong order
        (("d.*t$", "dense"), ["dropout", "batch_normalization", "dense_1"]),  # matched at the beginning: dense_1 too
        (("batch", ".*"), ["batch_normalization", "dense_1"]),
    ],
)
def test_layer_range_selects_from_the_first_match_to_the_last(layer_range, expected):
    assert names(select(FRESH, layer_range)) == expected


def test_layer_range_takes_nested_rows_along_and_does_not_match_them():
    assert names(select(NESTED, ("mid", "mid"))) == ["mid", "inner", "a", "b", "c"]
    assert names(select(NESTED, ("mid", "last"))) == ["mid", "inner", "a", "b", "c", "last"]
    with pytest.raises(ArgumentError, match=r"no layer's name matches 'inner'. The layers are: first, mid, last\."):
        select(NESTED, ("inner", "last"))


@pytest.mark.parametrize("layer_range", ["ab", ("dense",), ("a", "b", "c"), ("dense", 1), (0, 1)])
def test_layer_range_that_is_not_two_strings_is_an_error(layer_range):
    with pytest.raises(ArgumentError, match=r"layer_range expects two strings.* got " + re.escape(repr(layer_range))):
        select(FRESH, layer_range)


def test_layer_range_that_is_no_regular_expression_is_an_error():
    with pytest.raises(ArgumentError, match=r"layer_range: 'dense\(' is no regular expression"):
        select(FRESH, ("dense(", "dense"))


# errors


def test_unknown_style_is_an_error_that_names_both():
    with pytest.raises(ValueError, match=r'style must be "keras3" or "keras2", got \'keras4\''):
        digits(style="keras4")


def test_unknown_kind_is_an_error_that_names_both():
    with pytest.raises(ArgumentError, match=r'model_kind must be "sequential" or "functional", got \'graph\''):
        table("m", "graph", [], Totals(0, 0))


@pytest.mark.parametrize("style", ["keras3", "keras2"])
def test_too_few_positions_is_an_error(style):
    with pytest.raises(ArgumentError, match=r"positions expects 3 numbers, .* got \[0.5, 1.0\]"):
        digits(style=style, positions=[0.5, 1.0])


@pytest.mark.parametrize("style", ["keras3", "keras2"])
@pytest.mark.parametrize("settings", [{"line_length": 10}, {"line_length": 80, "positions": [0.5, 0.4, 1.0]}])
def test_columns_too_narrow_to_print_are_an_error(style, settings):
    with pytest.raises(ArgumentError, match=r"leave a column -?\d+ characters wide, 4 are needed"):
        digits(style=style, **settings)


# sizes


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.00 B"),
        (136, "136.00 B"),
        (1023, "1023.00 B"),
        (1024, "1.00 KB"),
        (153640, "150.04 KB"),
        (5 * 1024**2, "5.00 MB"),
        (1.5 * 1024**3, "1.50 GB"),
        (2 * 1024**4, "2.00 TB"),
        (1024**6, "1024.00 PB"),
    ],
)
def test_sizes_are_read_in_units_of_1024(size, text):
    assert readable_size(size) == text
    assert readable_size(size, "keras2") == text.replace(" B", " Byte")


def test_keras2_neither_shows_nor_adds_the_optimizer():
    text = table("sequential", "sequential", FRESH, FITTED_TOTALS, style="keras2")
    assert text == table("sequential", "sequential", FRESH, FRESH_TOTALS, style="keras2")


def test_optimizer_with_no_state_yet_has_no_line_and_with_an_empty_one_has():
    assert "Optimizer" not in digits()
    empty = DIGITS_TOTALS._replace(optimizer=0)
    assert " Optimizer params: 0 (0.00 B)\n" in table("s", "sequential", DIGITS, empty)


# printing


def show(**settings):
    summarise("outer", "sequential", NESTED, NESTED_TOTALS, **settings)


def test_print_fn_gets_the_whole_text_once_in_keras3_and_each_line_in_keras2():
    for style, times in (("keras3", 1), ("keras2", 23)):
        calls = []
        show(style=style, print_fn=calls.append, expand_nested=True)
        assert len(calls) == times
        expected = table("outer", "sequential", NESTED, NESTED_TOTALS, style=style)
        assert "".join(f"{call}\n" for call in calls) == expected


def test_nested_rows_are_shown_on_demand_only():
    calls = []
    show(print_fn=calls.append)
    show(print_fn=calls.append, expand_nested=True, layer_range=("mid", "mid"))
    assert [("inner" in call, "last" in call) for call in calls] == [(False, True), (True, False)]


def test_standard_output_gets_plain_text_when_it_is_no_terminal(capsys):
    show(line_length=70, expand_nested=True)
    assert capsys.readouterr().out == table("outer", "sequential", NESTED, NESTED_TOTALS, line_length=70)[:-1]
    show(style="keras2")
    assert capsys.readouterr().out.endswith("Non-trainable params: 0 (0.00 Byte)\n" + "_" * 65 + "\n")


def test_terminal_gets_the_same_text_in_colour(monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", Terminal())
    show(line_length=70, expand_nested=True)
    printed = sys.stdout.getvalue()
    bare = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    assert bare == table("outer", "sequential", NESTED, NESTED_TOTALS, line_length=70)[:-1]
    assert '\x1b[1mModel: "outer"\x1b[0m' in printed
    assert "first (\x1b[38;5;33mDense\x1b[0m)" in printed
    assert "(\x1b[38;5;45mNone\x1b[0m, \x1b[38;5;34m4\x1b[0m)" in printed
    assert "\x1b[1m Total params:\x1b[0m \x1b[38;5;34m52\x1b[0m (208.00 B)" in printed


def test_styled_table_colours_connections_and_letters():
    from rich.console import Console

    file = io.StringIO()
    # the height too, or rich takes both from a terminal named "dumb"
    console = Console(file=file, width=120, height=25, color_system="256", force_terminal=True, no_color=False)
    console.print(styled_table("m", "functional", FUNCTIONAL, FUNCTIONAL_TOTALS, line_length=100, show_trainable=True))
    printed = file.getvalue()
    assert "add[\x1b[38;5;34m0\x1b[0m][\x1b[38;5;34m0\x1b[0m]" in printed
    assert "\x1b[1;38;5;34mY\x1b[0m" in printed
    assert "\x1b[1m-\x1b[0m" in printed


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_output_that_cannot_encode_boxes_gets_ascii_ones(monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
    show(line_length=70, expand_nested=True)
    sys.stdout.flush()
    text = raw.getvalue().decode(encoding)
    assert "|    ` inner (Sequential)      | (None, 2)             |          23 |" in text
    assert text.isascii()


def test_no_standard_output_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    show()


def test_importing_the_module_does_not_import_rich():
    import subprocess

    code = "import sys, autotensor.keras.summary; print('rich' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# laws

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=40)
SHAPES = st.lists(st.none() | st.integers(0, 10**6), max_size=6).map(tuple)
ROWS = st.builds(
    LayerRow,
    NAMES,
    NAMES,
    SHAPES | st.lists(SHAPES, max_size=3) | st.none(),
    st.integers(0, 10**12),
    built=st.booleans(),
    trainable=st.none() | st.booleans(),
    connected_to=st.lists(NAMES, max_size=3).map(tuple),
    is_input=st.booleans(),
    depth=st.integers(0, 3),
)


@given(
    st.lists(ROWS, max_size=5),
    st.sampled_from(["sequential", "functional"]),
    st.integers(60, 150),
    st.booleans(),
)
def test_every_row_of_every_table_is_as_wide_as_the_table(rows, kind, width, show_trainable):
    keras3 = table("m", kind, rows, Totals(1, 4), line_length=width, show_trainable=show_trainable).split("\n")
    assert {len(line) for line in keras3[1:-5]} == {width}
    keras2 = table("m", kind, rows, Totals(1, 4), style="keras2", line_length=width, show_trainable=show_trainable)
    lines = keras2.split("\n")[1:-5]
    assert {len(line) for line in lines if set(line) <= set("_=¯|")} == {width + 11 * show_trainable}
    # Keras 2 lets the last column run over its edge by the depth of the nest and the space in front of the frame
    assert all(len(line) >= width + 11 * show_trainable for line in lines)
