"""The error function and its complement, elementwise: erf(x) = 2/sqrt(pi) * integral of exp(-t**2) from 0 to x.

NumPy has neither. Each function here is a fixed number of NumPy calls on blocks that stay in the cache.
The coefficients are minimax fits (Remez exchange in 60-digit arithmetic); the error of each stands beside it.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["erf_values", "erfc_values"]

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
Coefficients: TypeAlias = tuple[FloatArray, ...]  # highest power first


class Kernel(NamedTuple):
    """One way to fill a block: `fill(x, y, scratch)` writes y; all in `dtype`, scratch (scratch_rows, x.size)."""

    fill: Callable[[FloatArray, FloatArray, FloatArray], None]
    dtype: type[np.floating[Any]]
    scratch_rows: int


def erf_values(x: npt.ArrayLike, out: FloatArray | None = None) -> FloatArray:
    """Error function, elementwise: y = 2/sqrt(pi) * integral of exp(-t**2) from 0 to x.

    Shapes: x any -> the same; `out`, if given, receives the values and is returned. A 0-d x gives a NumPy scalar.
    Accuracy: 2 units in the last place in float64 and float32; correctly rounded but for near-ties in float16.
    float16, float32 and float64 keep their dtype, integers and booleans give float64. NaN stays NaN, erf(-0.0) is -0.0.
    No floating-point warning or error is raised, whatever np.errstate says.
    Raises: TypeError for any other dtype.
    Source: the form x + x * P(x**2) near zero is that of fdlibm's s_erf.c, after Cody 1969, "Rational Chebyshev
    approximation for the error function", Math. Comp. 23; the exponent form of the tail and all fits are our own.

    >>> float(erf_values(0.5))
    0.5204998778130465
    """
    return _evaluate(_ERF_KERNELS, x, out)


def erfc_values(x: npt.ArrayLike, out: FloatArray | None = None) -> FloatArray:
    """Complementary error function, elementwise: y = 1 - erf(x), without the cancellation where erf(x) is near 1.

    Shapes: x any -> the same; `out`, if given, receives the values and is returned. A 0-d x gives a NumPy scalar.
    Accuracy: 2 units in the last place in float64, subnormal results (x > 26.54) included; correctly rounded but for
    near-ties in float32 and float16. Dtypes, NaN and warnings are as in `erf_values`.
    Raises: TypeError for any dtype but float16, float32, float64, integers and booleans.
    Source: Shepherd and Laframboise 1981, "Chebyshev approximation of (1 + 2x) exp(x**2) erfc x in 0 <= x < inf",
    Math. Comp. 36, with another slope and our own fit; squaring a shortened x is from Cody 1969.

    >>> float(erfc_values(10.0))
    2.088487583762545e-45
    """
    return _evaluate(_ERFC_KERNELS, x, out)


def _evaluate(kernels: dict[str, Kernel], x: npt.ArrayLike, out: FloatArray | None) -> FloatArray:
    """Run the kernel for the dtype of x, block by block."""
    x = np.asarray(x)
    dtype = np.dtype(np.float64) if x.dtype.kind in "biu" else x.dtype.newbyteorder("=")
    kernel = kernels.get(dtype.char)
    if kernel is None:
        raise TypeError(
            f"The error function expects float16, float32, float64, integers or booleans, got {x.dtype}. "
            f"Convert first, for example with x.astype(np.float64)."
        )
    block = max(1, min(x.size, BLOCK))
    scratch = np.empty((kernel.scratch_rows, block), kernel.dtype)
    y = np.empty_like(x, dtype=dtype, subok=False) if out is None else out
    # Clipping, underflow of exp and overflow of squares belong to the method: their flags say nothing about x.
    with np.errstate(all="ignore"):
        if out is None and x.dtype == kernel.dtype and 0 < x.size <= BLOCK and x.flags.c_contiguous:
            kernel.fill(x.reshape(-1), y.reshape(-1), scratch)  # as below, without the cost of an iterator
        else:
            with np.nditer(
                [x, y],
                flags=["external_loop", "buffered", "zerosize_ok", "copy_if_overlap"],
                op_flags=[["readonly"], ["writeonly"]],
                op_dtypes=[kernel.dtype, kernel.dtype],
                casting="same_kind",
                buffersize=block,
            ) as blocks:
                for x_block, y_block in blocks:
                    kernel.fill(x_block, y_block, scratch[:, : x_block.size])
    return y[()] if out is None else out


def _constants(dtype: type[np.floating[Any]], *values: float) -> Coefficients:
    """Arrays of shape (): NumPy takes them in half the time that it needs to take a Python number."""
    return tuple(np.array(value, dtype) for value in values)


def _horner(coefficients: Coefficients, x: FloatArray, y: FloatArray) -> FloatArray:
    """The polynomial in x, written to y."""
    np.multiply(x, coefficients[0], out=y)
    y += coefficients[1]
    for coefficient in coefficients[2:]:
        y *= x
        y += coefficient
    return y


# float32: erf(x) = m + m * (P(m**2) + erfc(1) * (1 - exp(-t*Q(t)))), m = x clipped to [-1, 1], t = |x - m|.
# All but the last addition is a correction of less than 0.16 m, and for |x| <= 1 the part with t is exactly zero.
# Both parts are evaluated for every element: in float32 that costs less than to select. -Q has a negative leading
# coefficient and no root, so that t = inf gives exp(-inf) = 0.
MINUS_ONE, ONE, ERFC_ONE = _constants(np.float32, -1.0, 1.0, 0.1572992)
SINGLE_NEAR: Final = _constants(  # P: |relative error of erf| < 2**-29.6
    np.float32, 7.853928e-05, -0.0008010213, 0.0051883296, -0.026853813, 0.112835854, -0.37612626, 0.12837917
)  # fmt: skip
SINGLE_EXPONENT: Final = _constants(  # -Q: |error of erf| < 2**-25.8
    np.float32, -0.0011634075, 0.009066329, -0.041068118, -0.8432093, -2.6389613
)  # fmt: skip


def _fill_erf_single(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    near, far, square, total = scratch
    x.clip(MINUS_ONE, ONE, out=near)
    np.subtract(x, near, out=far)
    np.abs(far, out=far)
    exponent = _horner(SINGLE_EXPONENT, far, total)
    exponent *= far
    np.exp(exponent, out=far)
    np.subtract(ONE, far, out=far)
    far *= ERFC_ONE
    np.square(near, out=square)
    _horner(SINGLE_NEAR, square, total)
    total += far
    total *= near
    np.add(total, near, out=y)


# float64: erf(x) = x + x * P(x**2) up to the edge; 1 - erfc(edge) * exp(-t*Q(t)), t = |x| - edge, beyond it.
ZERO, UNIT = _constants(np.float64, 0.0, 1.0)
EDGE, EDGE_SQUARED, MINUS_ERFC_EDGE = _constants(np.float64, 0.78125, 0.78125**2, -0.26922270758915273)
SATURATED: Final = np.array(5.95)  # erf(x) rounds to 1 from 5.92
DOUBLE_NEAR: Final = _constants(  # P: |relative error of erf| < 2**-58.8
    np.float64,
    1.121785777554157e-08, -1.586882896625178e-07, 1.6422228293947987e-06, -1.4923641663097106e-05,
    0.00012055267629731553, -0.0008548325653029489, 0.005223977607478029, -0.026866170643754274,
    0.112837916709497, -0.3761263890318367, 0.12837916709551256,
)  # fmt: skip
DOUBLE_EXPONENT: Final = _constants(  # -Q is this over the next: |error of erf| < 2**-56.1
    np.float64,
    -0.0006785268184144797, -0.016373848353658963, -0.15253036648441104, -0.7495840940202038,
    -2.1106349601452057, -3.293645545524734, -2.276517829611692,
)  # fmt: skip
DOUBLE_EXPONENT_DENOMINATOR: Final = _constants(
    np.float64,
    0.0006787393754496752, 0.015294945596893207, 0.12607433422684153, 0.5155218457769078, 1.0897821020191705, 1.0,
)  # fmt: skip


def _fill_erf_double(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    square, total = scratch
    np.square(x, out=square)
    _horner(DOUBLE_NEAR, square, total)
    total *= x
    np.add(total, x, out=y)
    beyond = np.flatnonzero(square > EDGE_SQUARED)  # NaN is not: it keeps x + x * P, which is NaN
    if beyond.size == 0:
        return
    signed = x.take(beyond)
    t = np.abs(signed)
    t.clip(ZERO, SATURATED, out=t)
    t -= EDGE
    tail = _horner(DOUBLE_EXPONENT, t, np.empty_like(t))
    tail *= t
    tail /= _horner(DOUBLE_EXPONENT_DENOMINATOR, t, np.empty_like(t))
    np.exp(tail, out=tail)
    tail *= MINUS_ERFC_EDGE
    tail += UNIT
    y[beyond] = np.copysign(tail, signed, out=tail)


# x >= 0: erfc(x) = exp(-x**2) * (1 + v * S(2*v - 1)) / (1 + SLOPE * x), v = x / (x + centre).
# SLOPE has few bits, so that 1 + SLOPE * z is exact for a short z, and keeps |v * S| below 0.102, so that its rounding
# hardly counts.
SLOPE, TWO_THIRDS, TWO_OVER_SQRT_PI = _constants(np.float64, 1.5625, 2 / 3, 1.1283791670955126)
SHORT_CENTRE: Final = np.array(3.0)
SHORT_UNDERFLOW: Final = np.array(10.1)  # from here erfc(x) is below half the least float32
SHORT_SERIES: Final = _constants(  # S: |relative error of erfc| < 2**-28.9, enough for a result in float32
    np.float64,
    -0.00039590751796838355, -0.0008088153851846348, 0.0036766880962877256, 0.0006497112897042664,
    -0.035965451244681014, 0.13200466050907395, -0.2870118135296327, 0.42390872808212937,
    -0.3907733116761965, 0.03613809603127354,
)  # fmt: skip
LONG_CENTRE: Final = np.array(3.5)
LONG_UNDERFLOW: Final = np.array(27.3)  # from here erfc(x) is below half the least float64
LONG_SERIES: Final = _constants(  # S: |relative error of erfc| < 2**-57.0
    np.float64,
    4.044619333256739e-09, 1.3057697643907183e-08, -2.4247859012937113e-08, -1.2127408936745301e-07,
    1.1638732164696507e-07, 7.999823929613985e-07, -8.01070598326491e-07, -5.001306047892475e-06,
    7.982661981111304e-06, 2.921463245003506e-05, -9.022549984192153e-05, -0.00010168304750860947,
    0.0009362471437965735, -0.0012822976670997166, -0.005186690035338412, 0.03317341522808507,
    -0.10203252892074319, 0.21962762375521297, -0.3581429553579908, 0.43993093695045865,
    -0.35442947051943585, 0.00911166944006996,
)  # fmt: skip
GRID: Final = np.array(1.5 * 2.0**31)  # added and subtracted, it rounds 0 <= x < 2**31 to a multiple of 2**-21
LEADING_BITS: Final = np.array(-(1 << 31))  # the mask that leaves 22 of the 53 bits of a float64


def _fill_erfc_short(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    """erfc(x) for results of up to float32, in plain float64."""
    z, value, other = scratch
    np.abs(x, out=z)
    z.clip(ZERO, SHORT_UNDERFLOW, out=z)
    _scaled_tail(SHORT_SERIES, SHORT_CENTRE, z, value, other)
    value += UNIT
    np.multiply(z, SLOPE, out=other)
    other += UNIT
    value /= other
    np.square(z, out=z)
    np.negative(z, out=z)
    np.exp(z, out=z)
    value *= z
    _reflect(x, value, other, y)


def _fill_erfc_long(x: FloatArray, y: FloatArray, scratch: FloatArray) -> None:
    """erfc(x) for float64, from z, which is x rounded to a multiple of 2**-21, and the rest r = x - z.

    z**2 and d = 1 + SLOPE*z are exact. With e = exp(-z**2) and q = v*S(2*v - 1), the Taylor series about z is
    erfc(x) = (e + e*q) / d - 2/sqrt(pi) * e * (r - z*r**2 + 2/3 * z**2*r**3). The quotient is taken as its leading bits
    plus remainder / d, where e - leading * d is exact: only exp and the last addition round at full size.
    """
    z, rest, value, divisor, other, leading = scratch
    np.abs(x, out=other)
    other.clip(ZERO, LONG_UNDERFLOW, out=other)
    np.add(other, GRID, out=z)
    z -= GRID
    np.subtract(other, z, out=rest)
    q = _scaled_tail(LONG_SERIES, LONG_CENTRE, z, value, other)
    np.multiply(z, SLOPE, out=divisor)
    divisor += UNIT
    zr = np.multiply(z, rest, out=other)
    series = np.multiply(zr, TWO_THIRDS, out=leading)
    series -= UNIT
    series *= zr
    series += UNIT
    series *= rest
    series *= divisor
    series *= TWO_OVER_SQRT_PI
    q -= series
    np.square(z, out=z)
    np.negative(z, out=z)
    e = np.exp(z, out=z)
    q *= e
    np.add(e, q, out=leading)
    leading /= divisor
    bits = leading.view(np.int64)
    bits &= LEADING_BITS
    e -= np.multiply(leading, divisor, out=other)
    remainder = np.add(e, q, out=value)
    remainder /= divisor
    remainder += leading
    _reflect(x, remainder, other, y)


def _scaled_tail(series: Coefficients, centre: FloatArray, z: FloatArray, y: FloatArray, v: FloatArray) -> FloatArray:
    """(1 + SLOPE*z) * exp(z**2) * erfc(z) - 1, written to y; v is scratch."""
    np.add(z, centre, out=v)
    np.divide(z, v, out=v)
    mapped = np.add(v, v)
    mapped -= UNIT
    _horner(series, mapped, y)
    y *= v  # outside the polynomial, so that the value at zero is exact
    return y


def _reflect(x: FloatArray, positive: FloatArray, sign: FloatArray, y: FloatArray) -> None:
    """erfc(x) from erfc(|x|), as erfc(-x) = 2 - erfc(x), written to y; `positive` and `sign` are overwritten."""
    np.copysign(UNIT, x, out=sign)
    positive *= sign
    np.subtract(UNIT, sign, out=sign)
    np.add(positive, sign, out=y)


BLOCK: Final = 32768  # elements: enough to hide the cost of a NumPy call, few enough for the second-level cache

_ERF_SINGLE: Final = Kernel(_fill_erf_single, np.float32, scratch_rows=4)
_ERF_DOUBLE: Final = Kernel(_fill_erf_double, np.float64, scratch_rows=2)
_ERFC_SHORT: Final = Kernel(_fill_erfc_short, np.float64, scratch_rows=3)
_ERFC_LONG: Final = Kernel(_fill_erfc_long, np.float64, scratch_rows=6)

_ERF_KERNELS: Final = {"e": _ERF_SINGLE, "f": _ERF_SINGLE, "d": _ERF_DOUBLE}
_ERFC_KERNELS: Final = {"e": _ERFC_SHORT, "f": _ERFC_SHORT, "d": _ERFC_LONG}
