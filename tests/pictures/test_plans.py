"""Plans as pictures: what was traced and what is left, buffers by name, kernels with members, the backward pass in a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import ArgumentError, GraphError
from autotensor.pictures import Box, Drawing, draw
from autotensor.plan.plan import Plan
from tests.plan.test_state import BUILDS, Step

X, Y = at.ones((4, 3)), at.zeros((4, 1))


def loss(w: Any, x: Any, y: Any) -> Any:
    return ((at.tanh(x @ w) - y) ** 2).mean()


def ran(f: Any, *arguments: Any) -> Any:
    f(*arguments)
    return f


def titles(drawing: Drawing, kind: str = "operation") -> list[str]:
    return [box.title for box in drawing.diagram.boxes if box.kind == kind]


def only(drawing: Drawing, title: str) -> Box:
    (found,) = [box for box in drawing.diagram.boxes if box.title == title]
    return found


def places(drawing: Drawing) -> dict[str, str]:
    """The buffer of each operation whose result lies in one."""
    return {box.title: line.text for box in drawing.diagram.boxes for line in box.lines if line.tone == "buffer"}


def network() -> Drawing:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    with at.no_grad():
        return draw(ran(at.compile(at.grad(lambda x: model(x).sum())), X))


def test_the_operations_of_the_source_are_drawn_in_order_with_their_buffers() -> None:
    f = ran(at.compile(loss), at.ones((3, 1)), X, Y)
    drawing = draw(f)
    assert repr(drawing) == "<drawing: 6 operations, 3 leaves, 1 constant, 9 arrows; .save('graph.svg') to see it>"
    assert titles(drawing) == ["matmul", "tanh", "subtract", "square", "sum", "divide"]
    assert sorted(titles(drawing, "leaf")) == ["w", "x", "y"]
    assert places(drawing) == {
        "matmul": "in h", "tanh": "in h", "subtract": "in h", "square": "in h", "sum": "in h_2", "divide": "in h_2",
    }  # fmt: skip
    assert "tanh(h, out=h)" in f.source
    assert [box.title for box in drawing.diagram.boxes if box.result] == ["divide"]


def test_what_was_traced_is_drawn_before_the_passes_and_without_buffers() -> None:
    f = ran(at.compile(lambda x: (at.tanh(x) * 1 + at.tanh(x) * at.tanh(x), x.sum())[0]), X)
    before, after = draw(f, stage="traced"), draw(f, stage="optimized")
    assert sorted(titles(before)) == ["add", "multiply", "multiply", "sum", "tanh", "tanh", "tanh"]
    assert titles(after) == ["tanh", "multiply", "add"]
    assert places(before) == {}
    assert draw(f).source == after.source


def test_a_view_says_of_what_and_a_result_that_it_is_a_new_array() -> None:
    drawing = draw(ran(at.compile(lambda x: at.reshape(at.exp(x).T @ x, (-1,)) + 1), X))
    assert only(drawing, "permute").lines[-1].text == "h_T: a view of h"
    assert only(drawing, "add").lines[-1].text.endswith(": a new array")


def test_modules_are_frames_and_those_of_the_backward_pass_lie_in_one() -> None:
    labels = [cluster.label for cluster in network().diagram.clusters]
    assert {"0", "1", "backward", "backward.0", "backward.1", "backward.2"} <= set(labels)
    assert not any("call" in label for label in labels)


def test_depth_makes_one_box_of_each_module() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    with at.no_grad():
        f = ran(at.compile(model), X)
    drawing = draw(f, depth=0)
    assert titles(drawing, "module") == ["0", "1", "2"]
    assert titles(drawing) == []
    assert [line.text for line in only(drawing, "0").lines] == ["3 operations", "to (4, 4)"]


def test_of_a_large_plan_the_part_nearest_to_the_results_is_drawn_with_a_note() -> None:
    def deep(x: Any) -> Any:
        for _ in range(30):
            x = at.sin(x) + 1
        return x

    drawing = draw(ran(at.compile(deep), X), max_nodes=10)
    (note,) = titles(drawing, "note")
    assert note.endswith("more operations")
    assert 5 <= len(titles(drawing)) <= 10


def test_kernels_are_boxes_with_their_members() -> None:
    pytest.importorskip("numba", reason="numba is not installed")
    f = at.compile(lambda x, y: at.tanh(x * 2 - y) * 3 + y, backend="numba")
    a = at.ones((64, 32))
    drawing = draw(f.plan_for(a, a))
    assert titles(drawing) == ["tanh"]
    assert titles(drawing, "kernel") == ["multiply_subtract", "multiply_add"]
    first, last = (only(drawing, title) for title in titles(drawing, "kernel"))
    assert [line.text for line in first.lines] == ["multiply (64, 32)", "subtract (64, 32)", "in h"]
    assert last.lines[-1].text.endswith("a new array")
    assert last.result
    tails = [arrow.tail for arrow in drawing.diagram.arrows if arrow.head == last.key]
    assert len(tails) == len(set(tails)) == 2


def test_states_say_what_they_become() -> None:
    graph = Step(BUILDS["momentum"], [(3, 3), (3, 3)], [(3, 3)]).graph
    bound = {v: np.zeros(v.shape, v.dtype) for v in graph.values if v.kind == "state"}
    drawing = draw(Plan(graph, "step", given=bound))
    assert only(drawing, "s0").lines[1].text == "state"
    becoming = [(box.title, line.text) for box in drawing.diagram.boxes for line in box.lines if "next" in line.text]
    assert becoming == [("add", "the next s1"), ("subtract", "the next s0")]


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("stage", ["traced", "optimized"])
def test_every_plan_with_state_is_drawn(name: str, stage: Any) -> None:
    graph = Step(BUILDS[name], [(3, 3), (3, 3), (3, 3), (18,)], [(3, 3)]).graph
    bound = {v: np.zeros(v.shape, v.dtype) for v in graph.values if v.kind == "state"}
    drawing = draw(Plan(graph, "step", given=bound), stage=stage)
    assert drawing.svg(renderer="builtin").startswith("<svg")
    ends = {id(y) for y in graph.outputs}
    assert any(box.result for box in drawing.diagram.boxes) is bool(ends)


def test_random_numbers_and_tensors_from_outside_say_what_they_are() -> None:
    outside = at.ones((3,))
    drawing = draw(ran(at.compile(lambda x: x + at.random.uniform((4, 3)) + outside), X))
    words = sorted(box.lines[1].text for box in drawing.diagram.boxes if box.kind == "leaf")
    assert words == ["argument", "drawn at each call", "read at each call"]


def test_an_argument_given_back_is_a_result() -> None:
    drawing = draw(ran(at.compile(lambda x: x), X))
    assert [(box.title, box.result) for box in drawing.diagram.boxes] == [("x", True)]


def test_a_compiled_function_that_has_not_run_is_refused() -> None:
    with pytest.raises(GraphError, match="call it once"):
        draw(at.compile(loss))


def test_settings_that_do_not_apply_are_refused() -> None:
    f = ran(at.compile(loss), at.ones((3, 1)), X, Y)
    with pytest.raises(ArgumentError, match="a plan has no values to show"):
        draw(f, values=True)
    with pytest.raises(ArgumentError, match='stage must be "traced" or "optimized", got \'fused\''):
        draw(f, stage="fused")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="stage='traced' is for compiled functions and plans, got Tensor"):
        draw(X, stage="traced")
