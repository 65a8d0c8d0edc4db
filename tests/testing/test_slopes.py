"""Kinks are seen wherever they are, and nowhere else; errors cover the truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autotensor.testing.slopes import slopes

POINTS = np.linspace(-3, 3, 2001)  # 0 among them


def along(f: Callable[[Any], Any], x: Any) -> Any:
    x = np.asarray(x, np.float64)
    return slopes(lambda point: np.asarray(f(point[0])), [x], [np.ones_like(x)], np.zeros(x.shape))


SMOOTH = {
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "tanh 5x": (lambda x: np.tanh(5 * x), lambda x: 5 / np.cosh(5 * x) ** 2),
    "softplus 20x": (lambda x: np.logaddexp(0, 20 * x) / 20, lambda x: 1 / (1 + np.exp(-20 * x))),
    "cube": (lambda x: x**3, lambda x: 3 * x * x),
    "cancelling": (lambda x: x * x + 1e6, lambda x: 2 * x),
}
KINKED = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky": lambda x: np.where(x > 0, x, 0.01 * x),
    "abs": np.abs,
    "bent by a thousandth": lambda x: x + 1e-3 * np.abs(x),
    "scaled": lambda x: 1e-9 * np.abs(x),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_have_no_kinks_and_errors_cover_the_truth(name: str) -> None:
    f, slope = SMOOTH[name]
    found = along(f, POINTS)
    assert np.count_nonzero(found.jump) == 0
    off = np.abs(found.value - slope(POINTS))
    assert (off <= found.error + 8 * np.spacing(np.abs(slope(POINTS)))).all()


@pytest.mark.parametrize("name", KINKED)
def test_a_kink_is_seen_with_its_jump(name: str) -> None:
    f = KINKED[name]
    found = along(f, 0.0)
    right, left = f(np.float64(1.0)), -f(np.float64(-1.0))
    assert found.jump == pytest.approx(right - left, rel=1e-6)
    assert found.value == pytest.approx((right + left) / 2, rel=1e-6, abs=1e-20)


@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("distance", [3e-3, 1.7e-3, 1e-3, 1e-4, 1.7e-5, 1e-5, 2e-6])
def test_a_kink_that_is_near_is_left_behind(name: str, distance: float) -> None:
    f = KINKED[name]
    for x in (distance, -distance):
        found = along(f, x)
        slope = f(np.float64(1.0)) if x > 0 else -f(np.float64(-1.0))
        assert found.jump == 0
        assert abs(found.value - slope) <= found.error
        assert found.error <= 1e-3 * max(abs(slope), 1e-9)


@pytest.mark.parametrize("f", [np.floor, np.sign, lambda x: (x >= 0) * 1.0])
def test_a_jump_of_the_function_itself_is_no_slope(f: Callable[[Any], Any]) -> None:
    assert along(f, 0.0).jump != 0
