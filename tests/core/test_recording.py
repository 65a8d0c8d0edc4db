"""The switch that turns recording off and on, by thread."""

import threading
from collections.abc import Iterator

import pytest

import autotensor as at
from autotensor.core.recording import current, inside


@pytest.fixture
def x() -> at.Tensor:
    return at.tensor([1.0, 2.0], requires_grad=True)


def test_nothing_is_recorded_under_no_grad(x: at.Tensor) -> None:
    with at.no_grad():
        y = x * 2
        assert not at.is_grad_enabled()
    assert not y.requires_grad
    assert y.is_leaf
    assert (x * 2).requires_grad


def test_switches_nest_and_restore(x: at.Tensor) -> None:
    with at.no_grad():
        with at.enable_grad():
            assert (x * 2).requires_grad
            with at.no_grad():
                assert not (x * 2).requires_grad
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert at.is_grad_enabled()


def test_one_switch_object_is_re_entrant(x: at.Tensor) -> None:
    off = at.no_grad()
    with off:
        with off:
            assert not at.is_grad_enabled()
        assert not at.is_grad_enabled()
    assert at.is_grad_enabled()


def test_a_switch_restores_after_an_error() -> None:
    with pytest.raises(KeyError), at.no_grad():
        raise KeyError
    assert at.is_grad_enabled()


def test_switches_decorate_functions_and_keep_their_names(x: at.Tensor) -> None:
    @at.no_grad()
    def quiet(n: int) -> at.Tensor:
        """Documented."""
        return x * 2 if n == 0 else quiet(n - 1)

    @at.enable_grad()
    def loud() -> at.Tensor:
        return x * 2

    assert not quiet(3).requires_grad
    assert (quiet.__name__, quiet.__doc__) == ("quiet", "Documented.")
    with at.no_grad():
        assert loud().requires_grad
    assert at.is_grad_enabled()


def test_each_thread_has_its_own_switch(x: at.Tensor) -> None:
    inside_block, done = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    def other() -> None:
        with at.no_grad():
            inside_block.set()
            done.wait(10)
            seen["other"] = (x * 2).requires_grad

    thread = threading.Thread(target=other)
    thread.start()
    inside_block.wait(10)
    seen["here"] = (x * 2).requires_grad
    done.set()
    thread.join()
    assert seen == {"here": True, "other": False}


def test_a_new_thread_records_although_its_starter_does_not(x: at.Tensor) -> None:
    seen = []
    with at.no_grad():
        thread = threading.Thread(target=lambda: seen.append(at.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_a_generator_under_no_grad_does_not_leak(x: at.Tensor) -> None:
    def numbers() -> Iterator[bool]:
        with at.no_grad():
            yield at.is_grad_enabled()
        yield at.is_grad_enabled()

    assert list(numbers()) == [False, True]
    assert at.is_grad_enabled()


def test_operations_know_the_modules_they_happen_in(x: at.Tensor) -> None:
    with inside("model"), inside("layer1"):
        y = at.tanh(x)
        with at.no_grad():
            assert str(current.outer) == "model.layer1"
        z = y * 2
    assert y.node is not None
    assert z.node is not None
    assert (y.node.label, z.node.label) == ("model.layer1: tanh", "model.layer1: multiply")
    assert str(current.outer) == ""


def test_the_module_path_stays_right_when_recording_changes_inside(x: at.Tensor) -> None:
    with at.no_grad(), inside("model"):
        with at.enable_grad():
            y = x * 2
        assert not at.is_grad_enabled()
    assert y.node is not None
    assert y.node.label == "model: multiply"
    assert (x * 2).node.label == "multiply"  # type: ignore[union-attr]


def test_comparisons_and_integers_are_never_recorded(x: at.Tensor) -> None:
    assert not (x > 1).requires_grad
    assert not x.argmax().requires_grad
    assert not x.astype("int64").requires_grad
    assert x.astype("float64").requires_grad
