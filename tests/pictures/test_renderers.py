"""Which renderer draws what, what is said when it is missing, and files that appear whole or not at all."""

import os
import shutil
import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, MissingExtraError, MissingRendererError
from autotensor.pictures import Arrow, Box, Diagram, Drawing, draw, files, renderers


@pytest.fixture
def drawing() -> Drawing:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    return draw((x * x).sum())


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderers, "available", lambda: ("builtin",))


def test_svg_and_dot_work_with_nothing_installed(drawing: Drawing, nothing_installed: None, tmp_path: Path) -> None:
    assert drawing.save(tmp_path / "graph.svg").read_text(encoding="utf-8") == drawing.svg() == drawing.svg(renderer="builtin")
    assert drawing.save(tmp_path / "graph.dot").read_text(encoding="utf-8") == drawing.source
    assert drawing.save(tmp_path / "graph.gv").read_bytes() == drawing.source.encode()


@pytest.mark.parametrize("name", ["graph.png", "graph.PDF"])
def test_png_and_pdf_without_graphviz_name_the_extra_and_suggest_svg(
    drawing: Drawing, nothing_installed: None, tmp_path: Path, name: str
) -> None:
    with pytest.raises(MissingRendererError) as caught:
        drawing.save(tmp_path / name)
    form = name[-3:].upper()
    assert str(caught.value) == (
        f"drawing as {form} needs the `dot` program or the package 'pygraphviz', and neither can do it here. "
        "Install it with: pip install 'autotensor[viz]', or save the picture as .svg, which needs nothing."
    )
    assert isinstance(caught.value, MissingExtraError)
    assert list(tmp_path.iterdir()) == []


def test_a_renderer_that_is_asked_for_and_missing_is_named(drawing: Drawing, nothing_installed: None) -> None:
    with pytest.raises(MissingRendererError, match="drawing with the renderer 'dot' needs"):
        drawing.svg(renderer="dot")
    with pytest.raises(ArgumentError, match="renderer must be one of 'dot', 'pygraphviz', 'builtin' or None, got 'neato'"):
        drawing.svg(renderer="neato")  # type: ignore[arg-type]


def test_a_renderer_that_fails_gives_way_to_the_next(drawing: Drawing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(source: str, form: str) -> bytes:
        raise OSError("plugin not found")

    monkeypatch.setattr(renderers, "available", lambda: ("dot", "builtin"))
    monkeypatch.setattr(renderers, "_by_dot", broken)
    assert drawing.svg() == drawing.svg(renderer="builtin")
    with pytest.raises(MissingRendererError, match="dot is installed but failed: plugin not found"):
        drawing.save(tmp_path / "graph.png")


def test_another_ending_is_refused_with_those_known(drawing: Drawing, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"ends in one of \.svg, \.png, \.pdf, \.dot, \.gv, got '.*graph\.jpg'"):
        drawing.save(tmp_path / "graph.jpg")
    with pytest.raises(ArgumentError, match=r"Did you mean 'svg'\?"):
        drawing.save("graph.svgz")


def test_saving_replaces_the_file_whole_or_leaves_it(
    drawing: Drawing, nothing_installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "graph.svg"
    target.write_text("before")
    target.chmod(0o640)

    def full(self: Path, other: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="no space left"):
            drawing.save(target)
    assert target.read_text() == "before"
    assert drawing.save(str(target)) == target
    assert target.read_text(encoding="utf-8").startswith("<svg")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.svg"]
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_a_new_file_has_the_mode_that_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = files.write_whole(tmp_path / "new.svg", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_large_svg_is_always_by_the_built_in_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderers, "available", lambda: ("dot", "builtin"))
    monkeypatch.setattr(renderers, "_by_dot", lambda source, form: pytest.fail("dot takes minutes"))
    boxes = [Box(str(i), "op") for i in range(400)]
    large = Drawing(Diagram(boxes, [Arrow(str(i), str(i + 1)) for i in range(399)]))
    assert large.svg().count("<rect") == 401
    assert "splines=line" in large.source
    assert "nslimit" in large.source


def renders(drawing: Drawing, renderer: renderers.Renderer, folder: Path) -> None:
    svg = drawing.svg(renderer=renderer)
    assert svg.startswith("<svg")
    words = ["".join(element.itertext()) for element in ET.fromstring(svg).iter()]
    assert {"multiply", "no gradient yet"} <= set(words)
    assert drawing.save(folder / "graph.png", renderer=renderer).read_bytes().startswith(b"\x89PNG")
    assert drawing.save(folder / "graph.pdf", renderer=renderer).read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs the `dot` program of Graphviz")
def test_the_dot_program_draws(drawing: Drawing, tmp_path: Path) -> None:
    renders(drawing, "dot", tmp_path)


def test_pygraphviz_draws_without_the_dot_program(drawing: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygraphviz")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert renderers.available() == ("pygraphviz", "builtin")
    renders(drawing, "pygraphviz", tmp_path)
