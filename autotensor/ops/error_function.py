"""The error function and its complement, elementwise on arrays: erf(x) = 2/sqrt(pi) * integral of exp(-t**2) from 0 to x.

NumPy has neither. Each function here is a fixed number of whole-array NumPy calls over blocks that stay in the cache. The
coefficients are minimax fits (Remez exchange in 60-digit arithmetic), so a pole or a zero of an approximation is nowhere near
its interval; the error of each fit is given beside it, and stays well below the rounding of the format it serves.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["erf_values", "erfc_values"]

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
Coefficients: TypeAlias = tuple[float, ...]  # highest power first

TWO_OVER_SQRT_PI: Final = 1.1283791670955126

# Near zero: erf(x) = x + x * P(x**2), so that all but the last addition is a small correction.
# Beyond `edge`: 1 - erf(x) = erfc(edge) * exp(-t * Q(t)) with t = |x| - edge, which is exactly erfc(edge) at t = 0.
# The tail is written in this form because Q is smooth, and because exp is then evaluated at rounding-safe small arguments.
SINGLE_EDGE: Final = 0.875
SINGLE_SATURATED: Final = 4.0  # erf(x) rounds to 1 from 3.92
SINGLE_TAIL_OVER_EDGE: Final = 0.24677138  # erfc(edge) / edge, chosen in its last bits so that erf(inf) is exactly 1
SINGLE_NEAR: Final[Coefficients] = (  # |relative error of erf| < 2**-26.8
    -0.0006203371, 0.005032205, -0.026791481, 0.11282456, -0.3761255, 0.12837915,
)  # fmt: skip
SINGLE_EXPONENT: Final[Coefficients] = (  # -Q; |error of erf| < 2**-28.9
    0.00020118504, -0.0020381315, 0.011201964, -0.04684114, -0.8265518, -2.4302192,
)  # fmt: skip

DOUBLE_EDGE: Final = 0.78125
DOUBLE_SATURATED: Final = 5.95  # erf(x) rounds to 1 from 5.92
DOUBLE_TAIL: Final = 0.26922270758915273  # erfc(edge)
DOUBLE_NEAR: Final[Coefficients] = (  # |relative error of erf| < 2**-58.8
    1.121785777554157e-08, -1.586882896625178e-07, 1.6422228293947987e-06, -1.4923641663097106e-05,
    0.00012055267629731553, -0.0008548325653029489, 0.005223977607478029, -0.026866170643754274,
    0.112837916709497, -0.3761263890318367, 0.12837916709551256,
)  # fmt: skip
DOUBLE_EXPONENT_NUMERATOR: Final[Coefficients] = (  # -Q = numerator / denominator; |error of erf| < 2**-56.1
    -0.0006785268184144797, -0.016373848353658963, -0.15253036648441104, -0.7495840940202038,
    -2.1106349601452057, -3.293645545524734, -2.276517829611692,
)  # fmt: skip
DOUBLE_EXPONENT_DENOMINATOR: Final[Coefficients] = (
    0.0006787393754496752, 0.015294945596893207, 0.12607433422684153, 0.5155218457769078, 1.0897821020191705, 1.0,
)  # fmt: skip

# The complement for x >= 0: erfc(x) = exp(-x**2) * (1 + v * S(2*v - 1)) / (1 + SLOPE * x), v = x / (x + centre).
# SLOPE has few bits, so that 1 + SLOPE * x is exact, and keeps |v * S| below 0.102, so that its rounding hardly counts.
SLOPE: Final = 1.5625
SHORT_CENTRE: Final = 3.0
SHORT_COMPLEMENT: Final[Coefficients] = (  # |relative error of erfc| < 2**-28.9 for x < 10.1, enough for a float32 result
    -0.00039590751796838355, -0.0008088153851846348, 0.0036766880962877256, 0.0006497112897042664,
    -0.035965451244681014, 0.13200466050907395, -0.2870118135296327, 0.42390872808212937,
    -0.3907733116761965, 0.03613809603127354,
)  # fmt: skip
LONG_CENTRE: Final = 3.5
LONG_COMPLEMENT: Final[Coefficients] = (  # |relative error of erfc| < 2**-57.0 for x < 27.3
    4.044619333256739e-09, 1.3057697643907183e-08, -2.4247859012937113e-08, -1.2127408936745301e-07,
    1.1638732164696507e-07, 7.999823929613985e-07, -8.01070598326491e-07, -5.001306047892475e-06,
    7.982661981111304e-06, 2.921463245003506e-05, -9.022549984192153e-05, -0.00010168304750860947,
    0.0009362471437965735, -0.0012822976670997166, -0.005186690035338412, 0.03317341522808507,
    -0.10203252892074319, 0.21962762375521297, -0.3581429553579908, 0.43993093695045865,
    -0.35442947051943585, 0.00911166944006996,
)  # fmt: skip
SHORT_UNDERFLOW: Final = 10.1  # from here erfc(x) is below half the least float32
LONG_UNDERFLOW: Final = 27.3  # from here erfc(x) is below half the least float64
GRID: Final = 1.5 * 2.0**31  # adding and subtracting it rounds 0 <= x < 2**31 to a multiple of 2**-21
LEADING_BITS: Final = -(1 << 31)  # and-mask that leaves 22 of the 53 bits of a float64


class Kernel(NamedTuple):
    """One way to fill a block: `fill(x, y, scratch)` reads x, writes y; all in `dtype`, scratch (scratch_rows, x.size)."""

    fill: Callable[[FloatArray, FloatArray, FloatArray], None]
    dtype: type[np.floating[Any]]
    scratch_rows: int


def erf_values(x: npt.ArrayLike, out: FloatArray | None = None) -> FloatArray:
    """Error function, elementwise: y = 2/sqrt(pi) * integral of exp(-t**2) from 0 to x, dy/dx = 2/sqrt(pi) * exp(-x**2).

    Shapes: x any -> the same; `out`, if given, receives the values and is returned. A 0-d x gives a NumPy scalar.
    Accuracy: within 2 units in the last place in float64 and float32, correctly rounded but for rare ties in float16.
    float16, float32 and float64 keep their dtype, integers and booleans give float64. NaN stays NaN, erf(-0.0) is -0.0.
    No floating-point warning is raised, whatever np.errstate says.
    Raises: TypeError for any other dtype.
    Source: the form x + x * P(x**2) near zero is that of Cody 1969, "Rational Chebyshev approximation for the error
    function", Math. Comp. 23, and of fdlibm's s_erf.c; the exponent form of the tail and all coefficients are our own fits.

    >>> float(erf_values(0.5))
    0.5204998778130465
    """
    return _evaluate(_ERF_KERNELS, x, out)


def erfc_values(x: npt.ArrayLike, out: FloatArray | None = None) -> FloatArray:
    """Complementary error function, elementwise: y = 1 - erf(x), without the cancellation where erf(x) is near 1.

    Shapes: x any -> the same; `out`, if given, receives the values and is returned. A 0-d x gives a NumPy scalar.
    Accuracy: within 2 units in the last place in float64 (the last place of a subnormal result beyond x = 26.5),
    correctly rounded but for rare ties in float32 and float16. Dtypes, NaN and warnings are as in `erf_values`.
    Raises: TypeError for any dtype but float16, float32, float64, integers and booleans.
    Source: Shepherd and Laframboise 1981, "Chebyshev approximation of (1 + 2x) exp(x**2) erfc x in 0 <= x < inf",
    Math. Comp. 36, with another slope and our own fit; the rounding of x before squaring is that of Cody 1969.

    >>> float(erfc_values(10.0))
    2.088487583762545e-45
    """
    return _evaluate(_ERFC_KERNELS, x, out)


def _evaluate(kernels: dict[str, Kernel], x: npt.ArrayLike, out: FloatArray | None) -> FloatArray:
    """Run the kernel for the dtype of x over blocks of a size that keeps the scratch arrays in the cache."""
    x = np.asarray(x)
    dtype = np.dtype(np.float64) if x.dtype.kind in "biu" else x.dtype.newbyteorder("=")
    kernel = kernels.get(dtype.char)
    if kernel is None:
        raise TypeError(
            f"the error function expects float16, float32, float64, integers or booleans, got {x.dtype}. "
            f"Convert first, for example with x.astype(np.float64)."
        )
    y = np.empty_like(x, dtype=dtype, subok=False) if out is None else out
    block = min(x.size, BLOCK)
    scratch = np.empty((kernel.scratch_rows, block), kernel.dtype)
    # Clipping, underflow of exp and squares beyond the range are part of the method: their flags say nothing about x.
    with (
        np.errstate(all="ignore"),
        np.nditer(
            [x, y],
            flags=["external_loop", "buffered", "zerosize_ok", "copy_if_overlap"],
            op_flags=[["readonly"], ["writeonly"]],
            op_dtypes=[kernel.dtype, kernel.dtype],
            casting="same_kind",
            buffersize=max(block, 1),
        ) as blocks,
    ):
        for x_block, y_block in blocks:
            kernel.fill(x_block, y_block, scratch[:, : x_block.size])
    return y[()] if out is None else out


def _horner(coefficients: Coefficients, x: FloatArray, y: FloatArray) -> FloatArray:
    """The polynomial in x, highest power first, written to y."""
    np.multiply(x, coefficients[0], out=y)
    y += coefficients[1]
    for coefficient in coefficients[2:]:
        y *= x
        y += coefficient
    return y


def _fill_erf_single(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    """erf(x) = m + m * (P(m**2) + (1 - exp(-t*Q(t))) * erfc(edge)/edge), m = x clipped to the edge, t = |x - m|.

    One formula for all x: selecting elements costs more than evaluating both parts in float32.
    """
    near, far, square, total = scratch
    np.clip(x, -SINGLE_SATURATED, SINGLE_SATURATED, out=far)
    np.clip(far, -SINGLE_EDGE, SINGLE_EDGE, out=near)
    far -= near
    np.abs(far, out=far)
    exponent = _horner(SINGLE_EXPONENT, far, total)
    exponent *= far
    np.exp(exponent, out=far)
    np.subtract(1.0, far, out=far)
    far *= SINGLE_TAIL_OVER_EDGE
    np.square(near, out=square)
    _horner(SINGLE_NEAR, square, total)
    total += far
    total *= near
    np.add(total, near, out=y)


def _fill_erf_double(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    """erf(x) = x + x * P(x**2) everywhere, then 1 - erfc(edge) * exp(-t*Q(t)) written over the elements beyond the edge."""
    square, total = scratch
    np.square(x, out=square)
    _horner(DOUBLE_NEAR, square, total)
    total *= x
    np.add(total, x, out=y)
    beyond = np.flatnonzero(square > DOUBLE_EDGE**2)  # NaN compares false and keeps its near value, NaN
    if beyond.size == 0:
        return
    signed = x.take(beyond)
    t = np.abs(signed)
    np.minimum(t, DOUBLE_SATURATED, out=t)
    t -= DOUBLE_EDGE
    tail = _horner(DOUBLE_EXPONENT_NUMERATOR, t, np.empty_like(t))
    tail *= t
    tail /= _horner(DOUBLE_EXPONENT_DENOMINATOR, t, np.empty_like(t))
    np.exp(tail, out=tail)
    tail *= -DOUBLE_TAIL
    tail += 1.0
    y[beyond] = np.copysign(tail, signed, out=tail)


def _fill_erfc_short(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    """erfc(x) for results of up to float32: plain float64 arithmetic, whose roundings are far below theirs."""
    z, value, other = scratch
    np.abs(x, out=z)
    np.minimum(z, SHORT_UNDERFLOW, out=z)
    _scaled_complement(SHORT_COMPLEMENT, SHORT_CENTRE, z, value, other)
    value += 1.0
    np.multiply(z, SLOPE, out=other)
    other += 1.0
    value /= other
    np.square(z, out=z)
    np.negative(z, out=z)
    np.exp(z, out=z)
    value *= z
    _reflect(x, value, other, y)


def _fill_erfc_long(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    """erfc(x) for float64, from its value and derivatives at z, which is x rounded to a multiple of 2**-21.

    z**2 and d = 1 + SLOPE*z are exact, so with e = exp(-z**2), q = v*S(2*v - 1) and r = x - z
    erfc(x) = (e + e*q) / d - 2/sqrt(pi) * e * (r - z*r**2 + 2/3 * z**2*r**3), and only exp rounds at full size:
    the quotient is taken as leading bits plus remainder / d, where e - leading * d is exact.
    """
    z, rest, value, divisor, other, leading = scratch
    np.abs(x, out=other)
    np.minimum(other, LONG_UNDERFLOW, out=other)
    np.add(other, GRID, out=z)
    z -= GRID
    np.subtract(other, z, out=rest)
    _scaled_complement(LONG_COMPLEMENT, LONG_CENTRE, z, value, other)
    np.multiply(z, SLOPE, out=divisor)
    divisor += 1.0
    # value: q less the terms in r, multiplied by d
    np.multiply(z, rest, out=other)
    np.multiply(other, 2.0 / 3.0, out=leading)
    leading -= 1.0
    leading *= other
    leading += 1.0
    leading *= rest
    leading *= divisor
    leading *= TWO_OVER_SQRT_PI
    value -= leading
    np.square(z, out=z)
    np.negative(z, out=z)
    exponential = np.exp(z, out=z)
    value *= exponential
    np.add(exponential, value, out=leading)
    leading /= divisor
    bits = leading.view(np.int64)
    bits &= LEADING_BITS
    np.multiply(leading, divisor, out=other)
    exponential -= other
    value += exponential
    value /= divisor
    value += leading
    _reflect(x, value, other, y)


def _scaled_complement(coefficients: Coefficients, centre: float, z: FloatArray, y: FloatArray, v: FloatArray) -> None:
    """(1 + SLOPE*z) * exp(z**2) * erfc(z) - 1 written to y; v is scratch."""
    np.add(z, centre, out=v)
    np.divide(z, v, out=v)
    # 2*v - 1 is the mapped variable; the factor v in front makes the value at zero exact
    mapped = np.add(v, v)
    mapped -= 1.0
    _horner(coefficients, mapped, y)
    y *= v


def _reflect(x: FloatArray, positive: FloatArray, sign: FloatArray, y: FloatArray) -> None:
    """erfc(x) from erfc(|x|): erfc(-x) = 2 - erfc(x). `positive` and `sign` are overwritten."""
    np.copysign(1.0, x, out=sign)
    positive *= sign
    np.subtract(1.0, sign, out=sign)
    np.add(positive, sign, out=y)


BLOCK: Final = 32768  # elements: large enough to hide the cost of a NumPy call, small enough for the second-level cache

_ERF_SINGLE: Final = Kernel(_fill_erf_single, np.float32, scratch_rows=4)
_ERF_DOUBLE: Final = Kernel(_fill_erf_double, np.float64, scratch_rows=2)
_ERFC_SHORT: Final = Kernel(_fill_erfc_short, np.float64, scratch_rows=3)
_ERFC_LONG: Final = Kernel(_fill_erfc_long, np.float64, scratch_rows=6)

_ERF_KERNELS: Final = {"e": _ERF_SINGLE, "f": _ERF_SINGLE, "d": _ERF_DOUBLE}
_ERFC_KERNELS: Final = {"e": _ERFC_SHORT, "f": _ERFC_SHORT, "d": _ERFC_LONG}
