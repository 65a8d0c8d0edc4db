"""The numeric derivatives against derivatives known in closed form: their own error estimates must cover the truth."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotensor.core.primitive import registry
from autotensor.testing import strategies
from autotensor.testing.numeric import Estimate, complex_step, extrapolated, rounded

SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "cube": (lambda x: x * x * x, lambda x: 3 * x * x),
    "constant": (lambda x: 0 * x + 7.0, lambda x: 0 * x),
    "cancelling": (lambda x: x * x + 1e6, lambda x: 2 * x),
    "steep": (lambda x: np.tanh(5 * x), lambda x: 5 / np.cosh(5 * x) ** 2),
}
POINTS = np.linspace(-3, 3, 2001)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("method", [complex_step, extrapolated])
def test_an_estimate_is_within_its_own_error_of_the_truth(name: str, method: Callable[..., Estimate]) -> None:
    function, slope = SMOOTH[name]
    estimate = method(lambda x: function(x[0]), [POINTS], [np.ones_like(POINTS)])
    off = np.abs(estimate.value - slope(POINTS))
    assert (off <= estimate.error + 8 * np.spacing(np.abs(slope(POINTS)))).all()


@pytest.mark.parametrize(("method", "most"), [(complex_step, 1e-12), (extrapolated, 1e-9)])
def test_an_estimate_is_not_merely_cautious(method: Callable[..., Estimate], most: float) -> None:
    for name in ("exp", "sin", "tanh", "cube"):
        estimate = method(lambda x, name=name: SMOOTH[name][0](x[0]), [POINTS], [np.ones_like(POINTS)])
        assert np.max(estimate.error / (1 + np.abs(estimate.value))) < most


@given(x=st.floats(-3, 3), t=st.floats(-1, 1))
def test_both_methods_agree_within_their_errors(x: float, t: float) -> None:
    for function, _ in SMOOTH.values():
        one, other = (m(lambda a, f=function: f(a[0]), [np.array(x)], [np.array(t)]) for m in (complex_step, extrapolated))
        assert abs(one.value - other.value) <= one.error + other.error


def test_rounding_shows_cancellation() -> None:
    def cancels(x: Any) -> Any:
        return (1 + x[0]) - 1

    x = np.array(1e-12)
    assert abs(cancels([x]) - x) <= rounded(lambda a: cancels([a[0]]), [x]).error + np.finfo(float).eps


@pytest.mark.parametrize("layout", strategies.LAYOUTS)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0)])
def test_a_layout_changes_strides_and_no_numbers(layout: str, shape: tuple[int, ...]) -> None:
    x = np.arange(float(np.prod(shape))).reshape(shape)
    again = strategies.laid_out(x, layout)
    assert again.shape == x.shape
    assert np.array_equal(again, x)


@pytest.mark.parametrize("name", ["abs", "maximum", "floor_divide", "max", "log", "power"])
@given(data=st.data())
def test_drawn_operands_are_in_the_domain_and_away_from_kinks(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    operands, settings = data.draw(strategies.cases(primitive))
    assert strategies.clear(primitive, operands, settings)
    for x, (low, high) in zip(operands, primitive.domain, strict=False):
        assert np.all((np.asarray(x) > low) & (np.asarray(x) < high))


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_autotensor_does_not_import_hypothesis_or_pytest() -> None:
    assert run("import sys, autotensor; print(sorted({'hypothesis', 'pytest'} & set(sys.modules)))") == "[]"


def test_testing_without_hypothesis_names_the_extra() -> None:
    code = (
        "import sys\n"
        "sys.modules['hypothesis'] = None\n"
        "from autotensor.core.errors import MissingExtraError\n"
        "try:\n    import autotensor.testing\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    assert run(code) == (
        "autotensor.testing needs the package 'hypothesis', which is not installed. "
        "Install it with: pip install 'autotensor[test]'"
    )
