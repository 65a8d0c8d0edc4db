"""What at.draw says of a graph, before and after backward, and that it leaves the graph alone."""

import gc
import re
import weakref
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import autotensor as at
from autotensor import Tensor, nn
from autotensor.core.errors import ArgumentError, DTypeError, GraphError
from autotensor.core.namespace import late
from autotensor.core.recording import inside
from autotensor.pictures import Arrow, Box, Diagram, Drawing, Line, draw


def network_loss() -> tuple[nn.Module, Tensor]:
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
    x = at.tensor(rng.normal(size=(5, 8)).astype("float32"))
    return model, nn.CrossEntropyLoss()(model(x), at.tensor(rng.integers(0, 3, 5)))


def texts(drawing: Drawing, title: str) -> list[list[str]]:
    """The lines of each box with this title."""
    return [[line.text for line in box.lines] for box in drawing.diagram.boxes if box.title == title]


def words_of(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_drawing_names_operations_parameters_shapes_and_modules() -> None:
    _, loss = network_loss()
    drawing = draw(loss)
    source = drawing.source
    for word in ("linear", "relu", "surprisal", "0.weight", "2.bias", "(6, 8) float32", "no gradient yet"):
        assert word in source
    assert [cluster.label for cluster in drawing.diagram.clusters] == ["0", "1", "2"]
    assert source.count("subgraph cluster_") == 3
    assert words_of(drawing.svg(renderer="builtin")).count("linear") == 2


def test_settings_are_drawn() -> None:
    x = at.tensor([[1.0, 2.0]], requires_grad=True)
    assert "axis=1, keepdims" in draw(at.max(x, axis=1, keepdims=True)).source


def test_every_text_of_a_box_is_in_the_source_and_in_the_svg() -> None:
    _, loss = network_loss()
    drawing = draw(loss)
    shown = words_of(drawing.svg(renderer="builtin"))
    for box in drawing.diagram.boxes:
        for text in (box.title, *(line.text for line in box.lines)):
            assert text in shown
            assert text in drawing.source


def test_no_gradient_is_drawn_as_zero_before_backward_and_the_norm_after() -> None:
    model, loss = network_loss()
    assert texts(draw(loss), "0.bias")[0][-1] == "no gradient yet"
    assert "gradient norm" not in draw(loss).source
    loss.backward()
    grad = model[0].bias.grad
    assert grad is not None
    norm = np.linalg.norm(grad.numpy().astype("float64"))
    assert texts(draw(loss), "0.bias")[0][-1] == f"gradient norm {norm:.4g}"
    assert "no gradient yet" not in draw(loss).source


def test_after_backward_freed_values_are_called_freed_and_the_structure_stays() -> None:
    _, loss = network_loss()
    before = draw(loss)
    loss.backward()
    after = draw(loss)
    assert [box.title for box in after.diagram.boxes if box.kind == "operation"] == [
        box.title for box in before.diagram.boxes if box.kind == "operation"
    ]
    assert len(after.diagram.arrows) == len(before.diagram.arrows)
    assert after.diagram.homes == before.diagram.homes
    assert texts(after, "relu") == [["(5, 6)", "freed"]]
    assert texts(after, "divide") == [[f"{loss.item():.4g}"]]  # the drawn Tensor itself has its value


def test_drawing_changes_nothing_and_the_same_graph_gives_the_same_text() -> None:
    model, loss = network_loss()
    first = draw(loss)
    assert (draw(loss).source, draw(loss).svg(renderer="builtin")) == (first.source, first.svg(renderer="builtin"))
    _, twin = network_loss()
    titles = [box.title for box in draw(twin).diagram.boxes]
    assert titles == [box.title for box in first.diagram.boxes]
    loss.backward()
    assert model[0].weight.grad is not None


def test_a_drawing_keeps_neither_nodes_nor_arrays_alive() -> None:
    x = at.tensor(np.ones(100, "float32"), requires_grad=True)
    y = (x * 2).sum()
    drawing = draw(y)
    node, array = weakref.ref(y.node), weakref.ref(y.data)
    del x, y
    gc.collect()
    assert (node(), array()) == (None, None)
    assert "multiply" in drawing.source


def test_few_elements_are_numbers_and_many_are_statistics() -> None:
    few = at.tensor([1.0, -2.5], requires_grad=True)
    many = at.tensor(np.arange(8.0, dtype="float32"), requires_grad=True)
    assert texts(draw(few * 2), "multiply") == [["(2,)", "[2, -5]"]]
    assert texts(draw(many * 2), "multiply") == [["(8,)", "mean 7, std 4.583", "min 0, max 14"]]
    assert texts(draw(many * 2, values=False), "multiply") == [["(8,)"]]


def test_values_are_automatic_in_small_graphs_only() -> None:
    y = x = at.tensor(2.0, requires_grad=True)
    for _ in range(100):
        y = y * x
    assert texts(draw(y), "multiply")[0] == ["()"]
    assert texts(draw(y, values=True), "multiply")[0] == ["4"]


def test_what_is_not_finite_is_counted() -> None:
    x = at.tensor(np.array([np.nan, np.inf, 1, 2, 3, 4, 5, -np.inf], "float32"), requires_grad=True)
    assert texts(draw(x + 0), "add")[0][1] == "1 NaN, 2 infinite of 8"
    assert Line("[nan]", "warning") in draw(at.tensor([np.nan], requires_grad=True) + 0).diagram.boxes[2].lines


@pytest.mark.parametrize(("index", "text"), [((slice(None), 1), "index=[:, 1]"), (slice(1, None), "index=[1:]"), (0, "index=0")])
def test_settings_are_written_as_a_user_writes_them(index: object, text: str) -> None:
    x = at.tensor(np.ones((3, 4), "float32"), requires_grad=True)
    assert text in texts(draw(x[index], values=False), "getitem")[0]


def test_settings_that_the_shapes_tell_are_left_out() -> None:
    x = at.tensor(np.ones((3, 4), "float32"), requires_grad=True)
    assert texts(draw(x.sum(), values=False), "sum") == [["()"]]
    assert texts(draw(x.reshape((12,)), values=False), "reshape") == [["(12,)"]]
    assert texts(draw(x.sum(0), values=False), "sum") == [["(4,)", "axis=0"]]


def test_both_operands_of_x_times_x_are_drawn() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    drawing = draw(x * x)
    assert [(arrow.tail, arrow.head) for arrow in drawing.diagram.arrows] == [("node0", "node1")] * 2
    ends = re.findall(r'<path d="M([\d.]+) ([\d.]+)l', drawing.svg(renderer="builtin"))  # arrow heads
    assert len(set(ends)) == 2
    assert drawing.source.count("n0 -> n1") == 2


def test_python_numbers_are_drawn_by_value_and_arrays_by_shape() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    constants = [box.title for box in draw((x * 0.5) + np.ones((4, 2), "float32")).diagram.boxes if box.kind == "constant"]
    assert sorted(constants) == ["(4, 2)", "0.5"]


def test_an_array_used_twice_is_one_box() -> None:
    a = at.tensor(np.ones((3, 3), "float32"))
    x = at.tensor(np.ones((3, 3), "float32"), requires_grad=True)
    assert [box.title for box in draw(x * a + a).diagram.boxes].count("(3, 3)") == 1


def test_a_constant_is_drawn_alone() -> None:
    drawing = draw(at.tensor([1.0, 2.0]))
    assert [(box.kind, box.title) for box in drawing.diagram.boxes] == [("constant", "(2,)")]
    assert repr(drawing) == "<drawing: 1 constant, 0 arrows; .save('graph.svg') to see it>"


def test_a_leaf_is_drawn_alone() -> None:
    (box,) = draw(at.tensor([1.0], requires_grad=True)).diagram.boxes
    assert (box.kind, [line.text for line in box.lines]) == ("leaf", ["(1,) float32", "[1]", "no gradient yet"])


def test_several_results_share_one_drawing() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    drawing = draw([y.sum(), y.max(), y])
    assert [box.title for box in drawing.diagram.boxes].count("exp") == 1
    assert sum(box.result for box in drawing.diagram.boxes) == 3


def test_a_retained_gradient_is_drawn_on_its_operation() -> None:
    x = at.tensor([3.0], requires_grad=True)
    y = x * 2
    y.retain_grad()
    z = (y * y).sum()
    assert texts(draw(z), "multiply")[0][-1] == "no gradient yet"
    z.backward()
    assert texts(draw(z), "multiply")[0][-1] == "gradient norm 12"


def test_weights_that_two_modules_share_lie_outside_both() -> None:
    first, second = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
    second.weight = first.weight
    drawing = draw(nn.Sequential(first, second)(at.ones((1, 3))).sum())
    homes = dict(zip((box.title for box in drawing.diagram.boxes), drawing.diagram.homes, strict=True))
    assert homes["0.weight"] is None


def test_a_module_called_twice_has_a_frame_for_each_call() -> None:
    cell = nn.Linear(3, 3)
    h = at.ones((1, 3))
    for _ in range(2):
        with inside("cell"):
            h = cell(h)
        h = at.tanh(h)
    labels = [cluster.label for cluster in draw(h).diagram.clusters]
    assert labels == ["cell (call 1)", "cell (call 2)"]
    collapsed = [box.title for box in draw(h, depth=0).diagram.boxes if box.kind == "module"]
    assert collapsed == labels


def test_depth_collapses_modules() -> None:
    _, loss = network_loss()
    drawing = draw(loss, depth=0)
    assert [box.title for box in drawing.diagram.boxes if box.kind == "module"] == ["0", "1", "2"]
    assert texts(drawing, "0") == [["2 operations", "to (5, 6)", "54 parameters", "no gradient yet"]]
    assert drawing.diagram.clusters == ()
    loss.backward()
    assert texts(draw(loss, depth=0), "0")[0][-1].startswith("gradient norm ")
    assert draw(loss, depth=1).source == draw(loss).source


def test_nested_modules_collapse_from_the_depth_on() -> None:
    x = h = at.tensor(np.ones((2, 3), "float32"), requires_grad=True)
    with inside("encoder"):
        h = h + 1
        with inside("0"):
            h = at.tanh(h)
        with inside("1"), inside("mlp"):
            h = at.exp(h)
            h = h * x
    assert [box.title for box in draw(h, depth=0).diagram.boxes if box.kind == "module"] == ["encoder"]
    nested = draw(h, depth=1)
    assert [box.title for box in nested.diagram.boxes if box.kind == "module"] == ["encoder.0", "encoder.1"]
    assert [cluster.label for cluster in nested.diagram.clusters] == ["encoder"]
    assert [cluster.label for cluster in draw(h).diagram.clusters] == ["encoder", "encoder.0", "encoder.1.mlp"]


def test_a_deep_chain_is_drawn_with_a_note_and_without_recursion() -> None:
    x = y = at.tensor(1.0, requires_grad=True)
    for _ in range(20_000):
        y = at.sin(y)
    drawing = draw(y)
    (note,) = [box for box in drawing.diagram.boxes if box.kind == "note"]
    assert note.title == "… 19,500 more operations"
    assert note.lines == (Line("more boxes: draw(x, max_nodes=40002)", "muted"),)
    assert len(drawing.diagram.boxes) == 501
    assert "19,500 more operations" in drawing.svg(renderer="builtin")
    assert "19,500 more operations" in drawing.source
    assert repr(drawing) == "<drawing: 500 operations, … 19,500 more operations, 500 arrows; .save('graph.svg') to see it>"
    assert x.grad is None


def test_the_note_advises_to_collapse_modules_where_there_are_some() -> None:
    _, loss = network_loss()
    drawing = draw(loss, max_nodes=4)
    (note,) = [box for box in drawing.diagram.boxes if box.kind == "note"]
    assert "depth=0" in note.lines[1].text
    assert any(box.result for box in drawing.diagram.boxes)


def test_names_with_signs_of_markup_are_escaped() -> None:
    x = at.tensor([1.0], requires_grad=True)
    assert x.node is not None
    assert x.node.watch is not None
    x.node.watch.name = '<b>&"w\\n\x00'
    with inside('a<b>&"c'):
        y = x * 2
    drawing = draw(y)
    svg = drawing.svg(renderer="builtin")
    assert 'a<b>&"c.<b>&"w\\n ' in words_of(svg)
    assert 'a<b>&"c' in words_of(svg)
    assert "&lt;b&gt;&amp;&quot;w" in drawing.source
    assert "<B>a&lt;b&gt;&amp;&quot;c</B>" in drawing.source


class Recipe:
    def __drawing__(self) -> Diagram:
        return Diagram([Box("f", "flour"), Box("d", "dough", (Line("500 g"),), path=("bowl",))], [Arrow("f", "d", "sift")])


def test_an_object_that_knows_how_to_draw_itself_is_drawn() -> None:
    drawing = draw(Recipe())
    assert {"flour", "dough", "500 g", "bowl"} <= set(words_of(drawing.svg(renderer="builtin")))
    assert "n0 -> n1 [tooltip=sift]" in drawing.source


def test_a_diagram_refuses_what_cannot_be_drawn() -> None:
    with pytest.raises(ArgumentError, match="'a' occurs twice"):
        Diagram([Box("a", "x"), Box("a", "y")], [])
    with pytest.raises(ArgumentError, match="names the box 'b', which is not among"):
        Diagram([Box("a", "x")], [Arrow("a", "b")])
    with pytest.raises(GraphError, match="form a circle, for example through 'x'"):
        Diagram([Box("a", "x"), Box("b", "y")], [Arrow("a", "b"), Arrow("b", "a")])


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"values": "all"}, "values must be"), ({"depth": -1}, "depth must be 0 or more"), ({"max_nodes": 0}, "max_nodes must be")],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        draw(at.tensor([1.0]), **settings)


@pytest.mark.parametrize("x", [np.ones(2), 3.0, [], [np.ones(2)], "graph"])
def test_what_has_no_graph_is_refused(x: object) -> None:
    with pytest.raises(
        DTypeError, match="draw expects a Tensor, a list of Tensors, a compiled function, a plan or an object with __drawing__"
    ):
        draw(x)


def test_a_notebook_gets_the_svg_and_the_text() -> None:
    drawing = draw(at.tensor([1.0], requires_grad=True).exp())
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"] == repr(drawing) == "<drawing: 1 operation, 1 leaf, 1 arrow; .save('graph.svg') to see it>"
    assert drawing._repr_svg_() == drawing.svg()
    assert late.draw is draw is at.draw
