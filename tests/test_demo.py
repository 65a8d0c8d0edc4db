"""`python -m autotensor`: the demo, and what it answers to mistakes."""

import xml.etree.ElementTree as ET

from autotensor.__main__ import main


def test_the_demo_trains_shows_and_writes_two_pictures(tmp_path, capsys):
    assert main(["demo", "--fast", "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for part in ("Total params: 38,410 (150.04 KB)", "Epoch 2/2", "val_accuracy", "it reads 9", "reads ", "█"):
        assert part in out
    for name in ("digits-graph.svg", "digits-curves.svg"):
        assert name in out
        assert ET.parse(tmp_path / name).getroot().tag.endswith("svg")


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["demo", "--output", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_explain_describes_a_primitive_and_suggests_for_a_misspelt_one(capsys):
    assert main(["explain", "tanh"]) == 0
    assert "1 - y**2" in capsys.readouterr().out
    assert main(["explain", "tahn"]) == 2
    assert "Did you mean" in capsys.readouterr().err
