"""What `check_grads` finds, what it passes, and what it says."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError
from autotensor.core.primitive import registry
from autotensor.testing import GradientCheckError, check_grads
from autotensor.testing.planted import PLANTS, planted

X = np.array([[0.5, -1.5, 0.25], [1.0, 0.75, -0.5]])
ROW = np.array([0.3, -0.7, 1.2])


def refused(f: Callable[..., Any], *inputs: Any, **settings: Any) -> GradientCheckError:
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, *inputs, **settings)
    return caught.value


RIGHT: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "elementwise": (at.tanh, (X,)),
    "broadcasting": (lambda x, b: x * b, (X, ROW)),
    "an affine layer with relu": (lambda x, w, b: at.relu(x @ w + b), (X, X.T, ROW[:2])),
    "softmax": (lambda x: at.softmax(x, axis=-1), (X,)),
    "cancellation": (lambda x: x * x + 1e6, (X,)),
    "large operands": (at.sin, (1e4 * X,)),
    "small operands": (at.log, (np.array([1e-5, 1e-9]),)),
    "a constant": (lambda x: 0.0 * x.sum() + 7.0, (X,)),
    "what cancels to a gradient of 0": (lambda x: (x - x.mean()).sum() + x[0].sum(), (X,)),
    "0-d": (lambda x: x**3, (np.array(2.0),)),
    "size 0": (lambda x: x * 2, (np.zeros((0, 3)),)),
    "a container": (lambda d: d["w"] @ d["b"][0], ({"w": X, "b": [ROW]},)),
    "several results": (lambda x: {"a": x.sum(), "b": (x * x,)}, (X,)),
    "ties, shared equally": (
        lambda x: x.max(axis=-1).sum() + (x * x).sum(),
        (np.array([[1.0, 1.0, 0.0, 0.5, 0.2], X.ravel()[:5]]),),
    ),
    "a kink among others": (at.relu, (np.array([0.0, 1.0, -2.0, 3.0]),)),
    "kinks that are near": (at.abs, (np.array([1e-3, -1e-4, 2e-5, 1.0]),)),
    "dropout, which drops the same": (lambda x: at.nn.functional.dropout(x, 0.5) * x, (X,)),
    "a gradient inside": (at.grad(lambda z: (z**3).sum()), (X,)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name: str) -> None:
    f, inputs = RIGHT[name]
    report = check_grads(f, *inputs)
    assert report.verdict == "pass"
    assert report.ratio < 1


@pytest.mark.parametrize("order", [1, 3])
def test_other_orders_pass(order: int) -> None:
    assert check_grads(lambda x: (x**4).sum(), ROW, order=order).order == order


@given(seed=st.integers(0, 2**16))
def test_a_small_network_at_any_point_and_seed_passes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    w, b = rng.normal(size=(3, 2)), rng.normal(size=2)
    check_grads(lambda x, w, b: at.relu(x @ w + b).sum(axis=0), X, w, b, seed=seed, order=1)


def test_what_is_analytic_is_checked_by_the_complex_step_and_the_rest_by_differences() -> None:
    assert check_grads(at.tanh, X, order=1).methods == ("complex step",)
    assert check_grads(at.relu, X, order=1).methods == ("differences",)
    assert check_grads(at.tanh, X, order=1, method="richardson").methods == ("differences",)


@pytest.mark.parametrize("method", ["auto", "complex", "richardson"])
def test_every_method_finds_a_wrong_factor(method: Any) -> None:
    assert refused(lambda x: x * x.detach(), ROW, method=method).cause.startswith("factor 1/2")


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_each_mode_alone_finds_a_wrong_second_order(mode: Any) -> None:
    plant = next(one for one in PLANTS if one.mistake == "NumPy called inside a rule")
    with planted(plant) as f:
        assert refused(f, *plant.inputs, modes=(mode,)).report.order == 2
        assert check_grads(f, *plant.inputs, modes=(mode,), order=1).verdict == "pass"


def test_an_error_names_both_sides_their_errors_the_place_the_cause_and_a_replay() -> None:
    def wrong(x: Any, b: Any) -> Any:
        return 2 * x + b - x.detach() + 0 * b

    error = refused(wrong, {"w": np.array([1.0, 2.0])}["w"], np.array(3.0), order=1)
    text = str(error)
    assert isinstance(error, AssertionError)
    assert isinstance(error, AutotensorError)
    assert error.verdict == "fail"
    assert re.search(r"at inputs\[0\]\[[01]\] the rules say \S+ \(analytic, rounding error \S+\)", text)
    assert re.search(r"the differences say \S+ \(numeric, estimated error \S+\)", text)
    assert "Suspected cause: factor 2" in text
    assert "Replay: check_grads(wrong, np.array([1.0, 2.0]), np.array(3.0), order=1)" in text
    replay = text.rpartition("Replay: ")[2]
    with pytest.raises(GradientCheckError, match="factor 2"):
        eval(replay, {"check_grads": check_grads, "wrong": wrong, "np": np, "at": at})


def test_the_replay_of_large_inputs_takes_them_from_the_error() -> None:
    x = np.linspace(-1, 1, 1000)
    error = refused(lambda x: x * x.detach(), x)
    assert "check_grads(f, *error.inputs)" in str(error)
    assert error.inputs[0] is x


def test_float32_is_checked_in_float64_and_the_report_says_so() -> None:
    report = check_grads(at.tanh, at.tensor([0.5, 1.0]))
    assert report.notes == ("converted to float64 for the check: inputs[0] (float32)",)
    assert report.worst is not None
    assert report.worst.numeric_error < 1e-10


def test_what_computes_in_float32_is_inconclusive_and_named() -> None:
    error = refused(lambda x: x.astype("float32") * 1.5, ROW)
    assert error.verdict == "inconclusive"
    assert "cast (float32) computes below float64" in str(error)


def test_only_the_inputs_that_require_gradients_are_checked_if_some_do() -> None:
    report = check_grads(lambda a, b: a * b.detach(), at.tensor(ROW, requires_grad=True), at.tensor(ROW))
    assert report.verdict == "pass"
    assert "swapped" not in refused(lambda a, b: a * b.detach(), ROW, 2 * ROW).cause


def test_integers_and_booleans_are_constants() -> None:
    assert check_grads(lambda x, n, m: x**n * m, X, np.array(3), np.array([True, False, True])).verdict == "pass"


def test_an_input_given_twice_is_one_leaf() -> None:
    assert check_grads(lambda a, b: a * b, ROW, ROW).compared < check_grads(lambda a, b: a * b, ROW, ROW.copy()).compared


@pytest.mark.parametrize(("f", "x"), [(at.relu, 0.0), (at.abs, 0.0), (lambda x: at.maximum(x, x * 2), 0.0), (at.sign, 0.0)])
def test_a_kink_alone_is_not_differentiable_here(f: Callable[..., Any], x: float) -> None:
    error = refused(f, np.array(x))
    assert error.verdict == "not differentiable here"
    assert "move the inputs away from kinks and ties" in str(error)


def test_how_much_may_be_passed_over_is_a_setting() -> None:
    x = np.array([0.0, 0.0, 1.0])
    assert refused(at.relu, x).verdict == "not differentiable here"
    assert check_grads(at.relu, x, most_skipped=0.9).kinks != ()


def test_a_choice_between_the_slopes_passes_and_one_outside_fails() -> None:
    assert check_grads(at.abs, np.array([0.0, 1.0])).verdict == "pass"
    error = refused(lambda x: at.relu(x) - 0.5 * at.relu(-x), np.array([0.0, 1.0, 2.0]))
    assert error.verdict == "fail"
    assert "outside the slopes" in error.cause


def test_the_nan_gradient_of_a_norm_at_0_is_a_failure_that_names_it() -> None:
    error = refused(lambda x: at.sqrt((x * x).sum()), np.zeros(3))
    assert error.verdict == "fail"
    assert "root or norm at 0" in error.cause


def test_a_function_that_varies_is_inconclusive() -> None:
    rng = np.random.default_rng(0)
    error = refused(lambda x: x * rng.normal(), ROW)
    assert error.verdict == "inconclusive"
    assert "two results for the same inputs" in str(error)


def test_a_function_that_is_not_finite_is_inconclusive() -> None:
    assert "not finite at these inputs" in str(refused(at.log, np.array([-1.0, 1.0])))


def test_a_function_that_is_noisy_is_not_accused() -> None:
    error = refused(lambda x: x + 1e-3 * at.sin(x * 1e12), ROW, method="richardson", order=1)
    assert error.verdict in {"inconclusive", "not differentiable here"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": 0}, "order is 1 or more, got 0"),
        ({"modes": ()}, "modes are some of"),
        ({"modes": ("backward",)}, "'backward'"),
        ({"method": "exact"}, "method is one of"),
        ({"samples": 0}, "samples is 1 or more"),
        ({"most_skipped": 2}, "most_skipped between 0 and 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)):
        check_grads(at.tanh, ROW, **settings)


def test_the_complex_step_is_refused_where_it_cannot_be() -> None:
    with pytest.raises(ArgumentError, match="takes complex numbers"):
        check_grads(lambda x: at.atan2(x, x + 1), ROW, method="complex")


def test_results_that_are_no_tensors_and_inputs_without_floats_are_refused() -> None:
    with pytest.raises(DTypeError, match="returned float"):
        check_grads(lambda x: float(x.sum()), ROW)
    with pytest.raises(ArgumentError, match="nothing to differentiate"):
        check_grads(lambda x: x, np.array([1, 2]))


def test_an_error_of_the_function_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError):
        check_grads(lambda x: x / (1 // 0), ROW)


def test_inputs_recording_and_the_random_state_are_left_alone() -> None:
    x, state = ROW.copy(), at.random.default.state
    check_grads(lambda x: at.nn.functional.dropout(x, 0.5), x)
    assert np.array_equal(x, ROW)
    assert at.random.default.state == state
    assert at.core.recording.is_grad_enabled()


@pytest.mark.parametrize("plant", PLANTS, ids=[plant.mistake for plant in PLANTS])
def test_a_planted_wrong_rule_is_caught_and_its_kind_suspected(plant: Any) -> None:
    with planted(plant) as f:
        error = refused(f, *plant.inputs)
    assert error.verdict == "fail"
    assert plant.suspect in error.cause


def test_planted_rules_are_gone_afterwards() -> None:
    before = dict(registry)
    for plant in PLANTS:
        with planted(plant):
            pass
    assert registry == before


@pytest.mark.parametrize("layout", ["F", "strided", "reversed"])
def test_strides_do_not_matter(layout: str) -> None:
    x = at.testing.strategies.laid_out(X, layout)
    assert check_grads(lambda x: at.tanh(x) @ x.T, x).verdict == "pass"
