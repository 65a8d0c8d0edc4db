"""Special functions beside erf, at known numbers, by their recurrences, and against what Python and NumPy have."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor import special
from autotensor.core.errors import ArgumentError

EULER = 0.5772156649015329
ZETA3 = 1.2020569031595942
CATALAN = 0.9159655941772190

KNOWN: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "digamma(1/2)": (special.digamma, 0.5, -EULER - 2 * math.log(2)),
    "digamma(1/4)": (special.digamma, 0.25, -EULER - math.pi / 2 - 3 * math.log(2)),
    "digamma(-1/2)": (special.digamma, -0.5, 2 - EULER - 2 * math.log(2)),
    "digamma(1e10)": (special.digamma, 1e10, math.log(1e10) - 5e-11),
    "trigamma(1/4)": (lambda x: special.polygamma(1, x), 0.25, math.pi**2 + 8 * CATALAN),
    "trigamma(-1/2)": (lambda x: special.polygamma(1, x), -0.5, math.pi**2 / 2 + 4),
    "tetragamma(1)": (lambda x: special.polygamma(2, x), 1.0, -2 * ZETA3),
    "pentagamma(1)": (lambda x: special.polygamma(3, x), 1.0, math.pi**4 / 15),
    "lgamma(-1/2)": (special.lgamma, -0.5, math.log(2 * math.sqrt(math.pi))),
    "i0(1)": (at.i0, 1.0, 1.2660658777520084),
    "i1(1)": (special.i1, 1.0, 0.5651591039924850),
    "i1(-2)": (special.i1, -2.0, -1.5906368546373291),
    "logit(3/4)": (special.logit, 0.75, math.log(3)),
    "ndtr(0)": (special.ndtr, 0.0, 0.5),
    "betaln(2, 3)": (lambda x: special.betaln(x, 3.0), 2.0, -math.log(12)),
    "erfcx(1)": (special.erfcx, 1.0, 0.42758357615580700),
    "erfcx(-1)": (special.erfcx, -1.0, 5.0089800807622835),
    "erfcx(30)": (special.erfcx, 30.0, 0.018795888861416751),
    "log_ndtr(-1)": (special.log_ndtr, -1.0, -1.8410216450092634),
    "log_ndtr(-40)": (special.log_ndtr, -40.0, -804.60844201375379),
    "log_ndtr(5)": (special.log_ndtr, 5.0, -2.8665161296376395e-07),
    "erfinv(1/2)": (special.erfinv, 0.5, 0.47693627620446987),
    "erfinv(-1e-200)": (special.erfinv, -1e-200, -math.sqrt(math.pi) / 2 * 1e-200),
    "erfinv(1 - 2**-50)": (special.erfinv, 1 - 2.0**-50, 5.686128441310391),
    "ndtri(1e-300)": (special.ndtri, 1e-300, -37.0470962993612),
    "ndtri(3/4)": (special.ndtri, 0.75, 0.67448975019608174),
    "j0(1)": (special.j0, 1.0, 0.76519768655796655),
    "j0(60)": (special.j0, 60.0, -0.091471804089061873),
    "j1(-2)": (special.j1, -2.0, -0.57672480775687339),
    "entr(1/e)": (special.entr, math.exp(-1), math.exp(-1)),
    "rel_entr(2, 1)": (lambda x: special.rel_entr(x, 1.0), 2.0, 2 * math.log(2)),
    "kl_div(1, 2)": (lambda x: special.kl_div(1.0, x), 2.0, 1 - math.log(2)),
    "xlogy(0, 0)": (lambda x: special.xlogy(0.0, x), 0.0, 0.0),
    "xlog1py(2, e-1)": (lambda x: special.xlog1py(2.0, x), math.e - 1, 2.0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_numbers(name: str) -> None:
    function, x, expected = KNOWN[name]
    assert function(at.tensor(np.float64(x))).item() == pytest.approx(expected, rel=2e-14, abs=1e-15)


@given(x=st.floats(0.01, 100), n=st.integers(0, 4))
def test_polygamma_climbs_by_its_recurrence(x: float, n: int) -> None:
    lower, upper = (special.polygamma(n, at.tensor(np.float64(z))).item() for z in (x, x + 1))
    step = (-1) ** n * math.factorial(n) / x ** (n + 1)
    assert upper - lower == pytest.approx(step, rel=1e-12, abs=1e-13 * max(abs(lower), 1))


@given(x=st.floats(-50, 170))
def test_lgamma_agrees_with_pythons(x: float) -> None:
    expected = math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)
    assert special.lgamma(at.tensor(np.float64(x))).item() == pytest.approx(expected, rel=1e-14, abs=2e-15)


def test_lgamma_keeps_its_digits_at_its_zeros() -> None:
    # ln gamma(1 + u) = -euler u + pi**2/12 u**2 - ..., ln gamma(2 + u) = (1 - euler) u + (pi**2/12 - 1/2) u**2 - ...
    u = 2.0**-30
    x = at.tensor(np.array([1 + u, 2 + u, 1.0, 2.0]))
    expected = [-EULER * u + math.pi**2 / 12 * u**2, (1 - EULER) * u + (math.pi**2 / 12 - 0.5) * u**2, 0.0, 0.0]
    np.testing.assert_allclose(special.lgamma(x).data, expected, rtol=1e-14)


def test_poles_and_infinity() -> None:
    x = at.tensor(np.array([0.0, -1.0, np.inf, np.nan, -np.inf]))
    np.testing.assert_array_equal(special.digamma(x).data, [np.nan, np.nan, np.inf, np.nan, np.nan])
    np.testing.assert_array_equal(special.polygamma(1, x).data, [np.nan, np.nan, 0.0, np.nan, np.nan])


@given(x=st.floats(-700, 700))
def test_i0_is_numpys(x: float) -> None:
    assert at.i0(at.tensor(np.float64(x))).item() == pytest.approx(float(np.i0(x)), rel=1e-13)


def test_bessel_functions_overflow_quietly_and_keep_the_dtype() -> None:
    assert at.i0(at.tensor([800.0])).tolist() == [math.inf]
    assert special.i1(at.tensor(np.array([-800.0]))).tolist() == [-math.inf]
    assert np.isnan(at.i0(at.tensor(math.nan)).item())
    assert special.lgamma(at.tensor([2.5])).dtype == np.float32
    assert special.digamma(at.tensor([2, 3])).dtype == np.float64


@given(x=st.floats(-0.2, 0.2))
def test_the_slope_of_sinc_is_its_series_near_zero(x: float) -> None:
    slope = at.grad(at.sinc)(at.tensor(np.float64(x))).item()
    z = math.pi * x
    series = math.pi * sum((-1) ** k * 2 * k * z ** (2 * k - 1) / math.factorial(2 * k + 1) for k in range(1, 12))
    assert slope == pytest.approx(series, rel=1e-14, abs=1e-300)


def test_sinc_bends_at_zero_as_it_should() -> None:
    assert at.grad(at.grad(at.sinc))(at.tensor(np.float64(0.0))).item() == pytest.approx(-(math.pi**2) / 3, rel=1e-15)


def test_an_order_is_an_int_from_zero_on() -> None:
    with pytest.raises(ArgumentError, match="order n >= 0, an int, got -1"):
        special.polygamma(-1, at.tensor(1.0))


@given(x=st.floats(-0.999, 0.999), p=st.floats(1e-300, 0.999))
def test_inverses_undo_what_they_invert(x: float, p: float) -> None:
    assert special.erf(special.erfinv(at.tensor(np.float64(x)))).item() == pytest.approx(x, rel=1e-14, abs=1e-300)
    assert special.ndtr(special.ndtri(at.tensor(np.float64(p)))).item() == pytest.approx(p, rel=3e-13)


def test_ends_of_the_inverses_and_tails() -> None:
    x = at.tensor(np.array([-2.0, -1.0, 0.0, 1.0, np.nan]))
    np.testing.assert_array_equal(special.erfinv(x).data, [np.nan, -np.inf, 0.0, np.inf, np.nan])
    np.testing.assert_array_equal(special.ndtri(x).data, [np.nan, np.nan, -np.inf, np.inf, np.nan])
    ends = at.tensor(np.array([-np.inf, np.inf, np.nan]))
    np.testing.assert_array_equal(special.erfcx(ends).data, [np.inf, 0.0, np.nan])
    np.testing.assert_array_equal(special.log_ndtr(ends).data, [-np.inf, 0.0, np.nan])
    np.testing.assert_array_equal(special.j1(ends).data, [0.0, 0.0, np.nan])
    assert special.erfinv(at.tensor([0.5])).dtype == np.float32


def test_the_slope_of_log_ndtr_far_out_is_the_distance() -> None:
    assert at.grad(special.log_ndtr)(at.tensor(np.float64(-1e6))).item() == pytest.approx(1e6, rel=1e-11)
    assert at.grad(special.log_ndtr)(at.tensor(np.float64(40.0))).item() == 0


@given(x=st.floats(0.1, 300), n=st.integers(1, 3))
def test_bessel_functions_climb_by_their_recurrence(x: float, n: int) -> None:
    from autotensor.ops.ordinary_bessel import bessel_j_values as j

    assert float(j(x, n + 1) + j(x, n - 1)) == pytest.approx(float(2 * n / x * j(x, n)), rel=1e-11, abs=1e-13)


@given(x=st.floats(1e-30, 0.01), n=st.integers(0, 5))
def test_bessel_functions_keep_their_digits_near_zero(x: float, n: int) -> None:
    from autotensor.ops.ordinary_bessel import bessel_j_values as j

    first = (x / 2) ** n / math.factorial(n)
    assert float(j(x, n)) == pytest.approx(first * (1 - x**2 / (4 * (n + 1)) * (1 - x**2 / (8 * (n + 2)))), rel=1e-14, abs=0)


def test_bessel_functions_where_the_series_ends_are_the_integral() -> None:
    from autotensor.ops.ordinary_bessel import _by_integral, _by_series

    for n in range(8):
        x = 2 * np.sqrt(n + 1) * np.linspace(0.9, 1, 101)
        np.testing.assert_allclose(_by_series(x, n), _by_integral(x, n), rtol=0, atol=1e-15)


def test_entropies_at_the_ends() -> None:
    zero, one, below = at.tensor(0.0), at.tensor(1.0), at.tensor(-1.0)
    assert [float(special.entr(x)) for x in (zero, one, below)] == [0.0, 0.0, -math.inf]
    assert [float(special.rel_entr(zero, x)) for x in (zero, one, below)] == [0.0, 0.0, math.inf]
    assert float(special.rel_entr(one, zero)) == math.inf
    assert math.isnan(float(special.rel_entr(one, math.nan)))
    assert float(at.grad(special.kl_div)(0.5, 0.25)) == pytest.approx(math.log(2))
