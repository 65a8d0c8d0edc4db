"""erf and erfc against exact values, against the C library, and on the edges of the formats.

`tests/data/erf-reference.npz` holds 2,679 points x and, for each function f, the float64 nearest to f(x) and `rest`, by
how many units in its last place f(x) lies above it; from mpmath with 200 bits. The points are dense where a formula of
ours or of fdlibm ends (0.78, 0.84, 1, 1.25, 2.86, 5.92, 16, 26.54, 27.2), and among them are those where a search of 40
million others found the worst errors.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from autotensor.ops.error_function import BLOCK, erf_values, erfc_values

Values = Callable[..., npt.NDArray[Any]]

REFERENCE = Path(__file__).resolve().parent.parent / "data" / "erf-reference.npz"
FUNCTIONS = pytest.mark.parametrize("values", [erf_values, erfc_values])
DTYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
SPECIAL = [math.inf, -math.inf, math.nan, 0.0, -0.0, 1e300, -1e300, 5e-324, -5e-324, 1e-310, 26.9, 27.3, 40.0]


def dense(low: float, high: float, count: int = 100_000) -> npt.NDArray[np.float64]:
    """Evenly spread with a random offset each, so that no low bit is always zero."""
    steps = np.arange(count) + np.random.default_rng(0).random(count)
    return low + steps * ((high - low) / count)


@pytest.mark.parametrize(("values", "name"), [(erf_values, "erf"), (erfc_values, "erfc")])
def test_float64_is_within_two_units_of_the_exact_values(values: Values, name: str) -> None:
    with np.load(REFERENCE) as reference:
        x, nearest, rest = reference["x"], reference[name], reference[f"{name}_rest"]
    assert x.size >= 2000
    errors = (values(x) - nearest) / np.spacing(np.abs(nearest)) - rest
    worst = int(np.argmax(np.abs(errors)))
    assert abs(errors[worst]) <= 2.0, f"{errors[worst]} units at {x[worst]!r}"


@pytest.mark.parametrize(
    ("values", "library", "low", "high", "units"),
    [
        (erf_values, math.erf, -6.5, 6.5, 3),
        (erf_values, math.erf, -1e-3, 1e-3, 3),
        (erfc_values, math.erfc, -6.5, 1.0, 3),
        # 6: the C library's own error comes on top, 3.6 units near 1.25 in glibc
        (erfc_values, math.erfc, 0.5, 6.0, 6),
        (erfc_values, math.erfc, 6.0, 26.5, 6),
    ],
)
def test_float64_agrees_with_the_c_library(
    values: Values, library: Callable[[float], float], low: float, high: float, units: int
) -> None:
    x = dense(low, high)
    theirs = np.array([library(value) for value in x.tolist()])
    assert np.max(np.abs(values(x) - theirs) / np.spacing(np.abs(theirs))) <= units


@FUNCTIONS
@pytest.mark.parametrize(("dtype", "units"), [(np.float32, 2.0), (np.float16, 0.51)])
def test_shorter_formats_are_close_to_float64(values: Values, dtype: type[np.floating[Any]], units: float) -> None:
    x = np.concatenate([dense(-11.0, 11.0), dense(0.9, 1.1), np.geomspace(1e-7, 1.0, 100_000)]).astype(dtype)
    exact = values(x.astype(np.float64))
    unit = np.spacing(np.abs(exact).astype(dtype)).astype(np.float64)
    assert np.max(np.abs(values(x).astype(np.float64) - exact) / unit) <= units


def test_hand_worked_values() -> None:
    assert float(erf_values(1.0)) == pytest.approx(0.8427007929497149, rel=1e-15)
    assert float(erfc_values(-1.0)) == pytest.approx(1.8427007929497148, rel=1e-15)
    assert float(erfc_values(5.0)) == pytest.approx(1.5374597944280349e-12, rel=1e-15)


@DTYPES
def test_erf_is_odd(dtype: type[np.floating[Any]]) -> None:
    x = dense(0.0, 7.0).astype(dtype)
    np.testing.assert_array_equal(erf_values(-x), -erf_values(x))


@DTYPES
def test_erfc_of_x_and_of_minus_x_add_up_to_two(dtype: type[np.floating[Any]]) -> None:
    x = dense(0.0, 7.0).astype(dtype)
    np.testing.assert_allclose(erfc_values(x) + erfc_values(-x), 2.0, rtol=float(np.finfo(dtype).eps))


@DTYPES
def test_erf_never_leaves_the_unit_interval_and_reaches_its_ends(dtype: type[np.floating[Any]]) -> None:
    values = erf_values(dense(0.0, 30.0).astype(dtype))
    assert values.max() == 1.0
    assert np.all(erf_values(np.linspace(6.0, 60.0, 999).astype(dtype)) == 1.0)


@DTYPES
def test_special_values(dtype: type[np.floating[Any]]) -> None:
    x = np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype)
    erf, erfc = erf_values(x), erfc_values(x)
    np.testing.assert_array_equal(erf, [-1.0, 0.0, 0.0, 1.0, np.nan])
    np.testing.assert_array_equal(np.signbit(erf[:3]), [True, True, False])
    np.testing.assert_array_equal(erfc, [2.0, 1.0, 1.0, 0.0, np.nan])


def test_subnormal_numbers_keep_their_slope() -> None:
    least = float(np.nextafter(0.0, 1.0))
    x = least * np.arange(2000.0)
    np.testing.assert_allclose(erf_values(x), x * (2 / math.sqrt(math.pi)), rtol=0, atol=1.01 * least)
    x32 = np.float32(2.0**-149) * np.arange(2000, dtype=np.float32)
    np.testing.assert_allclose(erf_values(x32), x32 * np.float32(2 / math.sqrt(math.pi)), rtol=0, atol=1.01 * 2.0**-149)


@FUNCTIONS
@DTYPES
def test_no_floating_point_error_is_raised(values: Values, dtype: type[np.floating[Any]]) -> None:
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
    with np.errstate(all="raise"):
        values(x)
        values(np.resize(x, BLOCK + 100))
        values(x[::2])
        for scalar in x:
            values(scalar)


@FUNCTIONS
@pytest.mark.parametrize(
    ("given", "returned"),
    [("e", "e"), ("f", "f"), ("d", "d"), (">f4", "f"), (">f8", "d"), ("?", "d"), ("i1", "d"), ("u2", "d"), ("i8", "d")],
)
def test_the_dtype_is_that_of_the_input_or_float64(values: Values, given: str, returned: str) -> None:
    result = values(np.array([0, 1]).astype(given))
    assert result.dtype == np.dtype(returned)
    np.testing.assert_array_equal(result, values(np.array([0, 1], returned)))


@FUNCTIONS
@pytest.mark.parametrize("dtype", [np.complex128, np.str_, np.object_])
def test_other_dtypes_are_refused(values: Values, dtype: type[Any]) -> None:
    with pytest.raises(TypeError, match=r"expects float16, float32, float64, integers or booleans, got .*astype"):
        values(np.array([1, 2]).astype(dtype))


@FUNCTIONS
def test_any_layout_gives_the_values_of_a_contiguous_copy_and_is_not_written_to(values: Values) -> None:
    whole = np.random.default_rng(1).normal(size=(40, 50, 60)) * 3
    for dtype in (np.float16, np.float32, np.float64):
        x = whole.astype(dtype)
        for view in (x, x.T, x[:, ::2, ::-3], x.transpose(1, 0, 2), np.broadcast_to(x[0, 0], (5, 60)), x[:0]):
            before = view.copy()
            result = values(view)
            assert result.shape == view.shape
            np.testing.assert_array_equal(result, values(before))
            np.testing.assert_array_equal(view, before)


@FUNCTIONS
@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77])
def test_blocks_do_not_show(values: Values, size: int) -> None:
    x = np.random.default_rng(2).normal(size=size)
    np.testing.assert_array_equal(values(x), np.concatenate([values(part) for part in np.array_split(x, 5)]))


@FUNCTIONS
def test_a_scalar_gives_a_scalar_and_nothing_gives_nothing(values: Values) -> None:
    for scalar in (0.5, 1, np.float32(0.5), np.array(0.5)):
        assert isinstance(values(scalar), np.floating)
    assert values(np.zeros((0, 3), np.float32)).shape == (0, 3)
    assert values([0.5, 1.0]).shape == (2,)


@FUNCTIONS
def test_out_receives_the_values(values: Values) -> None:
    x = np.random.default_rng(3).normal(size=1000)
    expected = values(x)
    out = np.empty(2000)[::2]
    assert values(x, out=out) is out
    np.testing.assert_array_equal(out, expected)
    shorter = np.empty(1000, np.float32)
    np.testing.assert_array_equal(values(x, out=shorter), expected.astype(np.float32))
    reversed_self = x.copy()
    values(reversed_self, out=reversed_self[::-1])  # overlapping memory
    np.testing.assert_array_equal(reversed_self[::-1], expected)
    assert values(x, out=x) is x
    np.testing.assert_array_equal(x, expected)
    with pytest.raises(ValueError, match="broadcast"):
        values(x, out=np.empty(3))
    with pytest.raises(TypeError, match="cast"):
        values(x, out=np.empty(1000, np.int64))
