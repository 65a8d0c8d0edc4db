"""The pages of primitives: complete, true when run, and fit for any terminal."""

import doctest
import io
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from autotensor import explaining
from autotensor.core.errors import UnknownNameError
from autotensor.core.primitive import Elementwise, registry
from autotensor.explaining import catalogue, describe
from autotensor.pictures.function_plots import strokes

CURVED = sorted(n for n, p in registry.items() if isinstance(p, Elementwise) and p.differentiable and len(p.partials) == 1)


@pytest.mark.parametrize("name", sorted(registry))
def test_the_example_of_every_page_prints_what_the_page_shows(name: str) -> None:
    session = "\n".join(describe(name).example)
    test = doctest.DocTestParser().get_doctest(session, {}, name, None, None)
    complaints: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=complaints.append)
    assert complaints == []


@pytest.mark.parametrize("name", sorted(registry))
def test_every_page_states_the_formula_the_rules_and_a_gradient(name: str) -> None:
    page, primitive = describe(name), registry[name]
    first = (primitive.__doc__ or "").split("\n")[0]
    assert page.facts[0] == first
    assert page.value
    assert bool(page.rules) == primitive.differentiable
    assert all(rule.source for rule in page.rules)
    assert any(line.endswith(".grad") for line in page.example) == primitive.differentiable
    words = " ".join(page.text(width=1000, ascii=False).split())
    assert first in words
    assert all(rule.source.split("\n")[0] in words for rule in page.rules)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ["tanh", "power", "max", "matmul", "reciprocal", "floor"])
def test_plots_and_rules_keep_to_the_width(name: str, width: int) -> None:
    lines = describe(name).text(width=width, ascii=False).split("\n")
    shown = [line for line in lines if not line.startswith("    ") or line.strip()[:3] not in {">>>", "..."}]
    session = {"    " + line for line in describe(name).example}
    assert [line for line in shown if len(line) > width and line not in session] == []


@pytest.mark.parametrize("name", sorted(registry))
def test_the_page_can_be_shown_in_ascii(name: str) -> None:
    page = describe(name).text(ascii=True)
    assert page.isascii()
    assert "?" not in page
    assert ("*" in page.split("family")[1]) >= (name in CURVED)


def test_a_terminal_that_knows_ascii_only_is_given_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert describe("tanh").text().isascii()
    assert catalogue().isascii()


def test_the_page_of_tanh() -> None:
    page = describe("tanh")
    assert page.family == "Elementwise"
    assert page.file == "autotensor/ops/transcendental.py"
    assert page.rules == (("dy/dx", "1 - y * y"),)
    assert page.numpy_names == ("np.tanh",)
    assert page.analytic
    assert page.kink is None
    assert str(page) == page.text()


def test_operands_are_called_as_in_the_formula() -> None:
    assert describe("power").operands == ("x", "b")
    assert describe("maximum").operands == ("a", "b")
    assert describe("linear").operands == ("x", "w")
    assert describe("concatenate").operands == ("x1", "x2")


def test_rules_that_are_functions_come_with_their_source() -> None:
    page = describe("maximum")
    assert page.rules == (("dy/da", "_share"), ("dy/db", "_share(ns, y, b, a)"))
    assert page.helpers[0].startswith("def _share(")
    assert '"""' not in page.helpers[0]
    assert "self.ufunc = np.maximum" not in describe("max").value
    assert describe("max").value.startswith("np.maximum.reduce(")


def test_choices_at_kinks_are_computed() -> None:
    assert describe("relu").kink == ("x = 0", "dy/dx = 0")
    assert describe("abs").kink == ("x = 0", "dy/dx = 0")
    assert describe("floor").kink == ("x = -1, 0, 1, …", "dy/dx = 0")
    assert describe("maximum").kink == ("a = b = 1", "dy/da = 0.5, dy/db = 0.5")
    assert describe("max").kink == ("x = 1 everywhere, shape (3, 4), axis=(0,), keepdims=False", "dx = 0.3333")


def test_every_declared_kink_has_a_choice_on_its_page() -> None:
    for name, primitive in registry.items():
        page = describe(name)
        assert (page.kink is not None) == (bool(page.distance) and primitive.differentiable), name


@pytest.mark.parametrize("name", CURVED)
def test_the_picture_is_svg_with_both_curves(name: str) -> None:
    page = describe(name)
    root = ET.fromstring(page.svg())
    space = "{http://www.w3.org/2000/svg}"
    curves = [path for path in root.iter(space + "path") if path.get("stroke-width") == "2"]
    assert len(curves) == 2
    assert all(path.get("d", "").startswith("M") for path in curves)
    assert "nan" not in page.svg()
    assert page.curves is not None
    assert np.isfinite(page.curves.slope).all()


def test_the_plotted_slope_is_the_slope_of_the_plotted_function() -> None:
    for name in CURVED:
        curves, page = describe(name).curves, registry[name]
        assert curves is not None
        middle = (curves.x[1:] + curves.x[:-1]) / 2
        settings = page.examples[0][1] if page.examples else {}
        smooth = np.broadcast_to(page.kinks(middle, **settings) > curves.x[1] - curves.x[0], middle.shape)
        secant = np.diff(curves.y) / np.diff(curves.x)
        mean = (curves.slope[1:] + curves.slope[:-1]) / 2
        np.testing.assert_allclose(secant[smooth], mean[smooth], rtol=1e-2, atol=1e-3, err_msg=name)


def test_a_jump_is_not_drawn_as_a_line() -> None:
    curves = describe("floor").curves
    assert curves is not None
    assert len(list(strokes(curves.x, curves.y))) == 6
    assert len(list(strokes(curves.x, curves.slope))) == 1
    relu = describe("relu").curves
    assert relu is not None
    assert len(list(strokes(relu.x, relu.slope))) == 2


def test_functions_of_two_have_no_picture() -> None:
    assert describe("add").svg() == ""
    assert "![" not in describe("add").markdown()


@pytest.mark.parametrize("name", sorted(registry))
def test_markdown_has_balanced_fences_and_escapes_powers(name: str) -> None:
    page = describe(name).markdown()
    assert page.startswith(f"# {name}\n")
    assert page.count("```") % 2 == 0
    words = page.split("```")[0::2]
    assert not any("**" in part.replace(r"\*", "") for part in words)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match=r"there is no primitive called 'thanh'\. Did you mean 'tanh'\? `python -m autotensor"
    ):
        describe("thanh")


def test_the_catalogue_lists_every_primitive_under_its_file() -> None:
    lines = catalogue().split("\n")
    names = [line.split()[0] for line in lines if line.startswith("    ") and not line.startswith("     ")]
    assert sorted(names) == sorted(registry)
    assert max(map(len, lines)) <= 80
    files = [line for line in lines if line.startswith("autotensor/")]
    assert files == sorted(files) == list(explaining.by_file())


class Cube(Elementwise):
    """Cube, elementwise: y = x**3, dy/dx = 3 x**2."""

    numpy = staticmethod(lambda x: x * x * x)
    partials = (lambda ns, y, x: 3 * x * x,)


def test_a_primitive_that_was_added_has_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from autotensor.core.namespace import plain, recorded

    for table in (registry, vars(plain), vars(recorded)):
        monkeypatch.setitem(table, "cube", None)  # removed again after the test
    Cube()
    page = describe("cube")
    assert page.rules == (("dy/dx", "3 * x * x"),)
    assert page.svg().startswith("<svg")
    assert "x.grad" in page.text()
