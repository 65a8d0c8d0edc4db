"""`at.debug`: the user's line of every tensor, and errors that name the lines."""

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import AutotensorError, DTypeError, GraphError, GraphFreedError, ShapeError
from autotensor.core.lines import Line, line_of
from autotensor.core.recording import current, watching

HERE = Path(__file__).name


def here() -> int:
    """The number of the line that calls this."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def line(x: at.Tensor) -> Line:
    found = line_of(x)
    assert found is not None
    return found


@pytest.fixture
def x() -> at.Tensor:
    return at.tensor([1.0, 2.0], requires_grad=True)


# lines
def test_a_tensor_remembers_file_number_function_and_text(x: at.Tensor) -> None:
    with at.debug():
        y, number = at.tanh(x), here()
    assert Path(line(y).file).name == HERE
    assert line(y).number == number
    assert line(y).function == "test_a_tensor_remembers_file_number_function_and_text"
    assert line(y).text == "y, number = at.tanh(x), here()"
    assert y.node is not None
    assert y.node.scope.line == line(y)


def test_off_nothing_is_remembered(x: at.Tensor) -> None:
    y = at.tanh(x)
    assert line_of(x) is None
    assert line_of(y) is None
    assert not watching
    with at.debug():
        pass
    assert line_of(at.tanh(x)) is None
    assert not watching


@pytest.mark.parametrize(
    "make",
    [
        lambda x: at.tensor([1.0]),
        lambda x: at.tensor([1.0], requires_grad=True),
        lambda x: at.zeros((2, 2)),
        lambda x: at.random.normal((2,)),
        lambda x: x.detach(),
        lambda x: x * 2,
        lambda x: x > 1,
        lambda x: x.mean(),
        lambda x: np.tanh(x) * 1,
        lambda x: np.sum(x) * 1,
        lambda x: at.softmax(x, axis=0),
        lambda x: at.grad(at.sum)(x * 1),
        lambda x: nn.Linear(2, 2)(x + 1),
        lambda x: nn.Parameter([1.0]),
    ],
)
def test_every_way_of_making_a_tensor_is_the_users_line(make, x: at.Tensor) -> None:
    with at.debug():
        y = make(x)
    assert Path(line(y).file).name == HERE
    assert line(y).number == make.__code__.co_firstlineno


def test_operations_inside_autotensor_belong_to_the_line_that_called_it(x: at.Tensor) -> None:
    with at.debug():
        y = at.softmax(x)
    nodes, lines = [y.node], set()
    for node in nodes:
        assert node is not None
        if not node.is_leaf:
            lines.add(node.scope.line)
        nodes += [p for p in node.parents if p is not None]
    assert lines == {line(y)}


def test_the_line_is_known_without_recording_too(x: at.Tensor) -> None:
    with at.debug(), at.no_grad():
        y = x * 2
    assert line(y).text == "y = x * 2"


def test_blocks_nest_and_one_object_is_re_entrant(x: at.Tensor) -> None:
    watch = at.debug()
    with watch:
        with watch:
            pass
        y = x * 2
        assert line(y).text == "y = x * 2"
        assert current.watcher is not None
    assert current.watcher is None
    assert not watching


def test_an_inner_block_keeps_what_the_outer_one_watches() -> None:
    with at.debug(nan="raise"), at.debug(), pytest.raises(FloatingPointError):
        at.log(at.tensor([0.0]))


def test_it_decorates_functions(x: at.Tensor) -> None:
    @at.debug()
    def double(n: int) -> at.Tensor:
        return x * 2 if n == 0 else double(n - 1)

    assert line(double(2)).function == "double"
    assert double.__name__ == "double"
    assert line_of(x * 2) is None


def test_it_ends_with_an_error() -> None:
    with pytest.raises(KeyError), at.debug():
        raise KeyError
    assert current.watcher is None
    assert not watching


def test_it_holds_for_one_thread(x: at.Tensor) -> None:
    found = []

    def other() -> None:
        found.append(line_of(x * 2))

    with at.debug():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found == [None]


def test_a_generator_does_not_leak(x: at.Tensor) -> None:
    def lines() -> Iterator[Line | None]:
        with at.debug():
            yield line_of(x * 2)
        yield line_of(x * 2)

    first, second = lines()
    assert first is not None
    assert second is None


def test_results_are_the_same_and_gradients_too() -> None:
    def step() -> tuple[list[float], list[float]]:
        x = at.tensor([0.3, -0.7], requires_grad=True)
        y = at.softmax(at.tanh(x) * x)
        y[0].backward()
        assert x.grad is not None
        return y.tolist(), x.grad.tolist()

    plain = step()
    with at.debug():
        assert step() == plain
    with at.debug(nan="raise"):
        assert step() == plain


def test_transforms_and_create_graph_run_under_it() -> None:
    with at.debug(nan="raise"):
        assert at.grad(at.grad(at.sin))(0.5).item() == pytest.approx(-np.sin(0.5))
        assert at.hessian(lambda x: (x**3).sum())(at.tensor([1.0, 2.0])).tolist() == [[6.0, 0.0], [0.0, 12.0]]
        x = at.tensor(2.0, requires_grad=True)
        (x**3).backward(create_graph=True)
        assert x.grad is not None
        assert x.grad.requires_grad


# errors
def test_a_shape_error_names_the_lines_of_both_operands() -> None:
    with at.debug():
        a, first = at.tensor([1.0, 2.0]), here()
        b, second = at.tensor([1.0, 2.0, 3.0]), here()
        with pytest.raises(ShapeError) as caught:
            a + b
    text = str(caught.value)
    assert "add" in text
    assert f"operand 1 (2,) float32, made at {line(a).where} in test_" in text
    assert f"operand 2 (3,) float32, made at {line(b).where} in test_" in text
    assert line(a).where.endswith(f"{HERE}:{first}")
    assert line(b).where.endswith(f"{HERE}:{second}")
    assert "b, second = at.tensor([1.0, 2.0, 3.0]), here()" in text


def test_without_debug_errors_name_no_lines() -> None:
    with pytest.raises(ShapeError) as caught:
        at.tensor([1.0, 2.0]) + at.tensor([1.0, 2.0, 3.0])
    assert "made at" not in str(caught.value)


def test_an_operand_of_an_operation_is_named_with_it() -> None:
    with at.debug():
        x = at.tensor(np.zeros((2, 3)), requires_grad=True)
        h = at.tanh(x)
        with pytest.raises(ShapeError, match=r"operand 1 \(2, 3\) float64 from tanh, made at .*: h = at\.tanh\(x\)"):
            h @ h


def test_what_autotensor_reshaped_itself_is_shown_as_the_user_has_it() -> None:
    with at.debug():
        v = at.tensor([1.0, 2.0])
        with pytest.raises(ShapeError, match=r"other \(2,\) float32, made at .*: v = at\.tensor"):
            at.zeros((2, 3)) @ v


def test_an_error_in_a_module_names_its_path_the_weight_and_the_input() -> None:
    with at.debug():
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
        x = at.ones((2, 3))
        with pytest.raises(ShapeError) as caught:
            model(x)
    text = str(caught.value)
    assert text.startswith("1: linear")
    assert "operand 2 (2, 5) float32, made at" in text
    assert "inputs[0] (2, 3) float32, made at" in text
    assert ": x = at.ones((2, 3))" in text


def test_an_error_before_any_operation_names_the_lines_when_the_block_ends() -> None:
    def step() -> None:
        x = at.tensor([1.0, 2.0])
        x.sum(axis=3)

    with pytest.raises(AutotensorError) as caught, at.debug():
        step()
    assert "axis 3 is out of range" in str(caught.value)
    assert "(2,) float32, made at" in str(caught.value)
    assert ": x = at.tensor([1.0, 2.0])" in str(caught.value)


def test_an_error_before_any_operation_names_the_path_of_the_module() -> None:
    class Wrong(nn.Module):
        def forward(self, x: at.Tensor) -> at.Tensor:
            return x.sum(axis=3)

    with pytest.raises(AutotensorError, match=r"^1: .*axis 3 is out of range"):
        nn.Sequential(nn.Tanh(), Wrong())(at.tensor([1.0]))


def test_a_dtype_error_names_the_lines() -> None:
    with at.debug():
        x = at.tensor([True, False])
        with pytest.raises(DTypeError, match=r"subtract does not take dtypes bool.*\n.*operand 1 \(2,\) bool, made at"):
            x - at.tensor([True, True])


def test_backward_of_a_constant_names_its_line() -> None:
    with at.debug():
        x = at.tensor([1.0])
        with pytest.raises(GraphError, match=r"this one is a constant.*\n  the tensor \(1,\) float32, made at .*: x = at"):
            x.backward()


def test_a_freed_graph_names_the_backward_that_freed_it() -> None:
    with at.debug():
        x = at.tensor([1.0], requires_grad=True)
        y = (x * x).sum()
        y.backward()  # the first
        with pytest.raises(GraphFreedError) as caught:
            y.backward()
    assert ": y.backward()  # the first" in str(caught.value)
    assert "sum (), made at" in str(caught.value)
    assert ": y = (x * x).sum()" in str(caught.value)


def test_lines_are_told_once() -> None:
    with pytest.raises(ShapeError) as caught, at.debug(), at.debug():
        at.tensor([1.0, 2.0]) + at.tensor([1.0, 2.0, 3.0])
    assert str(caught.value).count("operand 1") == 1


def test_another_setting_is_refused() -> None:
    with pytest.raises(AutotensorError, match="nan is None or \"raise\", got 'stop'"):
        at.debug(nan="stop")  # type: ignore[arg-type]


def test_the_path_is_relative_below_the_working_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Line(str(tmp_path / "train.py"), 3, "step", "y = f(x)").where == "train.py:3"
    assert str(Line("<stdin>", 3, "<module>", "")) == "<stdin>:3 in <module>"
    assert Line(str(Path(tmp_path.anchor) / "other" / "a.py"), 1, "f", "").where.endswith("a.py:1")
