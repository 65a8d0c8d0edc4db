"""`at.explain`: the chain rule as a table, with its numeric check."""

from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import ArgumentError, DTypeError, GraphError, GraphFreedError
from autotensor.core.primitive import registry
from autotensor.pictures.declarations import operand_names
from autotensor.pictures.finite_differences import derivative
from autotensor.pictures.local_rules import local_rule


def leaf(data: Any, dtype: Any = None) -> at.Tensor:
    return at.tensor(data, dtype=dtype, requires_grad=True)


def gradient(y: at.Tensor, x: at.Tensor) -> Any:
    y.backward(retain_graph=True)
    assert x.grad is not None
    found, x.grad = x.grad.numpy(), None
    return found


def test_a_chain_is_a_table_of_local_derivatives() -> None:
    x = leaf(0.5)
    assert str(at.explain(at.tanh(x * 3), x)).splitlines() == [
        "dy/dx = 0.5421 at x = 0.5, y = 0.9051",
        "y <- tanh <- multiply <- x",
        "operation       local derivative          value     upstream  product   numeric",
        "tanh            dy/dx = 1 - y * y         0.1807    1         0.1807    0.1807",
        "multiply        dy/da = b                 3         0.1807    0.5421    3",
        "numeric check of the whole: 0.5421, agrees",
    ]


def test_paths_add_up_the_largest_first() -> None:
    x = leaf(2.0)
    found = at.explain(x * x * 3 + x, wrt=x)
    assert [path.contribution for path in found.paths] == [6.0, 6.0, 1.0]
    assert found.derivative == 13.0
    assert "sum over the paths: 6 + 6 + 1 = 13" in str(found)


def test_each_step_is_upstream_times_local() -> None:
    x = leaf([0.3, 0.5, -0.2])
    found = at.explain(at.logsumexp(at.sin(x) * x), x, at=1)
    for path in found.paths:
        for step in path.steps:
            assert step.value is not None
            assert step.product == pytest.approx(step.upstream * step.value)
            assert step.agrees
            assert step.numeric == pytest.approx(float(step.value[0]))
    assert sum(path.contribution for path in found.paths) == pytest.approx(found.derivative)


@pytest.mark.parametrize("at_index", [(0, 0), (2, 1)])
def test_a_network_is_explained_element_by_element(at_index: tuple[int, int]) -> None:
    at.random.seed(0)  # with some weights the paths cancel, and float32 has no digits left
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    x = at.tensor([[0.5, -1.0], [0.2, 0.1]])
    loss = nn.functional.cross_entropy(model(x), at.tensor([0, 1]))
    found = at.explain(loss, wrt=model[0].weight, at=at_index, max_paths=99)
    assert found.derivative == pytest.approx(float(gradient(loss, model[0].weight)[at_index]), rel=1e-5)
    assert sum(path.contribution for path in found.paths) == pytest.approx(found.derivative)
    assert found.agrees
    assert found.left_out == 0
    assert f"dy/dweight[{at_index[0]}, {at_index[1]}]" in found.head
    assert "1: tanh[" in str(found)


def test_many_elements_are_told_together() -> None:
    x = leaf(0.5)
    found = at.explain((at.tanh(x * at.arange(50.0)) * 2).sum(), x)
    (path,) = found.paths
    assert path.contribution == pytest.approx(found.derivative)
    assert "50 values" in str(found)
    assert all(step.agrees for step in path.steps)
    assert found.agrees


def test_only_the_elements_between_the_two_count() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = at.cumulative_sum(x * x) if hasattr(at, "cumulative_sum") else x * x
    found = at.explain(y, x, at=0, of=0)
    assert found.derivative == 2.0
    assert found.paths[0].steps[-1].operation == "multiply[0]"


def test_where_nothing_flows_the_derivative_is_0() -> None:
    x = leaf([1.0, 2.0])
    found = at.explain(x * 2, x, at=0, of=1)
    assert found.derivative == 0.0
    assert "no path leads from one element to the other" in str(found)


# the choice of elements
def test_the_largest_gradient_is_chosen_and_said_so() -> None:
    x = leaf([1.0, -3.0, 2.0])
    found = at.explain((x * x).sum(), x)
    assert (found.x, found.y) == ("x[1]", "y")
    assert found.remark == "x[1] chosen: the gradient is largest there."
    found = at.explain(x * x, x)
    assert (found.x, found.y) == ("x[1]", "y[1]")
    assert found.remark == "y[1] by x[1] chosen: the gradient is largest there."
    found = at.explain(x * x, x, at=2)
    assert (found.x, found.y) == ("x[2]", "y[2]")
    found = at.explain(x * x, x, of=-1)
    assert (found.x, found.y) == ("x[2]", "y[2]")


def test_what_was_asked_for_needs_no_word() -> None:
    x = leaf([1.0, 2.0])
    assert at.explain(x * x, x, at=0, of=0).remark == ""
    assert at.explain(leaf(1.0) * x.sum(), x, at=0).remark == ""


@pytest.mark.parametrize("index", [2, (0, 0), -3, "a", (0.5,)])
def test_a_wrong_index_is_refused(index: Any) -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(ArgumentError, match="at"):
        at.explain((x * x).sum(), x, at=index)


def test_too_many_outputs_ask_for_a_choice() -> None:
    x = leaf(np.zeros(1000))
    with pytest.raises(ArgumentError, match="y has 1000 elements: choose one with of="):
        at.explain(x * x, x)
    assert at.explain(x * 2, x, of=7).x == "x[7]"


# what it refuses
def test_graphs_that_cannot_be_explained_are_refused() -> None:
    x, other = leaf(1.0), leaf(2.0)
    y = at.exp(x)
    with pytest.raises(GraphError, match="no path leads"):
        at.explain(y, other)
    with pytest.raises(GraphError, match="wrt is a constant"):
        at.explain(y, at.tensor(1.0))
    with pytest.raises(GraphError, match="y is a constant"):
        at.explain(y.detach(), x)
    with pytest.raises(GraphError, match="the same tensor"):
        at.explain(y, y)
    with pytest.raises(DTypeError, match="two Tensors, got float"):
        at.explain(1.0, x)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="max_paths"):
        at.explain(y, x, max_paths=0)
    y.backward()
    with pytest.raises(GraphFreedError, match="exp saved"):
        at.explain(y, x)


def test_the_graph_is_as_it_was() -> None:
    x = leaf(0.5)
    y = at.exp(x) * x
    at.explain(y, x)
    assert x.grad is None
    y.backward()
    assert x.grad is not None


def test_an_intermediate_tensor_may_be_what_is_asked_about() -> None:
    x = leaf(0.5)
    h = at.exp(x)
    found = at.explain(h * h + x, wrt=h)
    assert found.derivative == pytest.approx(2 * np.exp(0.5))


# the numeric check
def test_a_kink_is_marked_and_explained() -> None:
    x = leaf(0.0)
    found = at.explain(at.relu(x), x)
    assert found.derivative == 0.0
    assert not found.agrees
    assert "0.5 !" in str(found)
    assert "at a kink the rule's value is a choice" in " ".join(str(found).split())


def test_a_dead_unit_still_has_its_path() -> None:
    x = leaf([-1.0, 2.0])
    found = at.explain(at.relu(x).sum(), x, at=0)
    assert found.derivative == 0.0
    assert [step.operation for step in found.paths[0].steps] == ["sum", "relu[0]"]
    assert found.agrees


def test_a_wrong_rule_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    x = leaf(0.5)
    y = at.sin(x)
    wrong = (lambda ns, y, x: ns.sin(x),)
    monkeypatch.setattr(registry["sin"], "shortcuts", wrong)
    monkeypatch.setattr(type(registry["sin"]), "partials", wrong)
    found = at.explain(y, x)
    assert not found.agrees
    assert not found.paths[0].steps[0].agrees


def test_numbers_are_sharp_although_the_graph_is_float32() -> None:
    x = leaf(1e-3)
    found = at.explain(at.log(x) + 1e6, x)
    assert found.agrees
    assert found.numeric == pytest.approx(1000.0, rel=1e-4)


@pytest.mark.parametrize(
    ("f", "x", "slope"), [(np.exp, 0.0, 1.0), (np.log, 1e-4, 1e4), (np.abs, 3.0, 1.0), (np.square, 1e6, 2e6)]
)
def test_finite_differences_know_their_error(f: Any, x: float, slope: float) -> None:
    found = derivative(lambda h: f(x + h), x)
    assert abs(found.value - slope) <= 8 * found.error
    assert found.value == pytest.approx(slope, rel=1e-6)


# size and looks
def test_no_line_is_wider_than_80_columns() -> None:
    at.random.seed(0)
    layers = [layer for _ in range(6) for layer in (nn.Linear(2, 2), nn.Tanh())]
    model = nn.Sequential(*layers, nn.LayerNorm(2))
    x = at.tensor([[0.5, -1.0]])
    found = at.explain(nn.functional.cross_entropy(model(x), at.tensor([1])), wrt=model[0].weight)
    assert max(map(len, str(found).splitlines())) <= 80


def test_numberless_paths_are_counted_and_not_walked() -> None:
    x = leaf(1.0, np.float64)
    y = x
    for _ in range(70):
        y = y + y
    found = at.explain(y, x, max_paths=2)
    assert len(found.paths) == 2
    assert found.left_out == 2**70 - 2
    assert "more paths" in str(found)
    assert "… 46 more" in str(found)


def test_a_long_chain_is_no_deeper_than_one() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(3000):
        y = y * 1.0001
    found = at.explain(y, x)
    assert len(str(found).splitlines()) < 60
    assert found.derivative == pytest.approx(1.0001**3000, rel=1e-3)


def test_a_notebook_shows_a_table() -> None:
    x = leaf(0.5)
    html = at.explain(at.where(x < 1, x, 0.0) * x, x)._repr_html_()
    assert html.count("<table>") == 2
    assert "<td>" in html
    assert "&lt;-" in html


# symbols
@pytest.mark.parametrize(
    ("name", "operand", "rule"),
    [
        ("tanh", 0, "dy/dx = 1 - y * y"),
        ("sin", 0, "dy/dx = cos(x)"),
        ("divide", 1, "dy/db = -y / b"),
        ("subtract", 1, "dy/db = -1"),
        ("power", 0, "dy/dx = b x**(b-1)"),
        ("relu", 0, "dy/dx = 1 where x > 0, else 0"),
        ("sum", 0, "dy/dx_i = 1"),
        ("linear", 0, "dx = g @ W"),
        ("where", 1, "the cotangent goes to the one that was chosen"),
    ],
)
def test_rules_are_read_from_the_declarations(name: str, operand: int, rule: str) -> None:
    assert local_rule(registry[name], operand) == rule


def test_every_primitive_has_a_rule_to_show() -> None:
    for primitive in registry.values():
        if primitive.differentiable:
            for k in range(len(operand_names(primitive))):
                assert local_rule(primitive, k)
