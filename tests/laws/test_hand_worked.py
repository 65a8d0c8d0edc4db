"""One number a primitive, worked by hand, so that an error which value and rule share cannot hide; and the choices at kinks.

Each row: operands, settings, value, and the gradient of the sum of the value by each operand (None: it has none).
"""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

import autotensor as at
from autotensor.core.namespace import recorded
from autotensor.core.primitive import registry
from autotensor.core.tensor import Tensor

PI, E, LN2, LN10 = math.pi, math.e, math.log(2), math.log(10)
R2, R3 = math.sqrt(2), math.sqrt(3)
NAN, INF = math.nan, math.inf
EULER = 0.5772156649015329
F64, F32 = np.dtype(np.float64), np.dtype(np.float32)
ALONG = {"axis": (0,), "keepdims": False}
STEPS = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}


class Row(NamedTuple):
    operands: tuple[Any, ...]
    settings: dict[str, Any]
    value: Any
    gradients: tuple[Any, ...]


def row(operands: tuple[Any, ...], value: Any, *gradients: Any, **settings: Any) -> Row:
    return Row(operands, settings, value, gradients)


def fact(operands: tuple[Any, ...], value: Any, **settings: Any) -> Row:
    """A row of a primitive without a derivative."""
    return Row(operands, settings, value, (None,) * len(operands))


TABLE: dict[str, Row] = {
    # arithmetic
    "add": row((2.0, 3.0), 5.0, 1.0, 1.0),
    "subtract": row((2.0, 3.0), -1.0, 1.0, -1.0),
    "multiply": row((2.0, 3.0), 6.0, 3.0, 2.0),
    "divide": row((3.0, 2.0), 1.5, 0.5, -0.75),  # -3/4
    "negative": row((2.0,), -2.0, -1.0),
    "reciprocal": row((4.0,), 0.25, -0.0625),
    "square": row((3.0,), 9.0, 6.0),
    "power": row((2.0, 3.0), 8.0, 12.0, 8 * LN2),
    "abs": row(([-2.0, 3.0],), [2.0, 3.0], [-1.0, 1.0]),
    "maximum": row(([1.0, 5.0], [4.0, 2.0]), [4.0, 5.0], [0.0, 1.0], [1.0, 0.0]),
    "minimum": row(([1.0, 5.0], [4.0, 2.0]), [1.0, 2.0], [1.0, 0.0], [0.0, 1.0]),
    "floor_divide": row((-7.0, 2.0), -4.0, 0.0, 0.0),  # down, not towards zero
    "remainder": row((-7.0, 2.0), 1.0, 1.0, 4.0),  # -7 = -4 * 2 + 1
    # activations
    "relu": row(([-1.0, 2.0],), [0.0, 2.0], [0.0, 1.0]),
    "sigmoid": row((math.log(3),), 0.75, 0.1875),  # 1/(1 + 1/3), 3/4 * 1/4
    "softplus": row((math.log(3),), math.log(4), 0.75),  # ln(1 + 3), and the sigmoid above
    "clip": row(([-2.0, -1.0, 0.5, 3.0],), [-1.0, -1.0, 0.5, 1.0], [0.0, 1.0, 1.0, 0.0], min=-1.0, max=1.0),
    # probabilities 3/4 and 1/4, whose sum is constant; by the sum of the logarithms dx_i = 1 - 2 p_i
    "softmax": row(([math.log(3), 0.0],), [0.75, 0.25], [0.0, 0.0], axis=(0,)),
    "log_softmax": row(([math.log(3), 0.0],), [math.log(0.75), math.log(0.25)], [-0.5, 0.5], axis=(0,)),
    "surprisal": row(([[math.log(3), 0.0]], [1]), [math.log(4)], [[0.75, -0.75]], None),
    "center": row(([1.0, 2.0, 6.0],), [-2.0, -1.0, 3.0], [0.0, 0.0, 0.0], axis=(0,)),
    # r = sqrt((9 + 16)/2 - 8.5) = 2; by the sum dx_i = (1 - y_i (1.5 + 2)/2)/2
    "rms_norm": row(([3.0, 4.0],), [1.5, 2.0], [-13 / 16, -1.25], axis=(0,), eps=-8.5),
    # transcendental
    "exp": row((1.0,), E, E),
    "exp2": row((3.0,), 8.0, 8 * LN2),
    "expm1": row((LN2,), 1.0, 2.0),
    "log": row((E,), 1.0, 1 / E),
    "log2": row((8.0,), 3.0, 1 / (8 * LN2)),
    "log10": row((100.0,), 2.0, 1 / (100 * LN10)),
    "log1p": row((E - 1,), 1.0, 1 / E),
    "logaddexp": row((math.log(3), 0.0), math.log(4), 0.75, 0.25),  # ln(3 + 1); shares 3/4 and 1/4
    "sqrt": row((9.0,), 3.0, 1 / 6),
    "sin": row((PI / 6,), 0.5, R3 / 2),
    "cos": row((PI / 3,), 0.5, -R3 / 2),
    "tan": row((PI / 4,), 1.0, 2.0),
    "asin": row((0.5,), PI / 6, 2 / R3),  # 1/sqrt(3/4)
    "acos": row((0.5,), PI / 3, -2 / R3),
    "atan": row((1.0,), PI / 4, 0.5),
    "sinh": row((LN2,), 0.75, 1.25),  # (2 - 1/2)/2, (2 + 1/2)/2
    "cosh": row((LN2,), 1.25, 0.75),
    "tanh": row((LN2,), 0.6, 0.64),  # 3/5, 1 - 9/25
    "asinh": row((0.75,), LN2, 0.8),  # 1/sqrt(25/16)
    "acosh": row((1.25,), LN2, 4 / 3),  # 1/sqrt(9/16)
    "atanh": row((0.6,), LN2, 1.5625),  # 1/(1 - 9/25) = 25/16
    "atan2": row((1.0, 1.0), PI / 4, 0.5, -0.5),
    "hypot": row((3.0, 4.0), 5.0, 0.6, 0.8),
    "erf": row((0.0,), 0.0, 2 / math.sqrt(PI)),
    "erfc": row((0.0,), 1.0, -2 / math.sqrt(PI)),
    "sinc": row((0.5,), 2 / PI, -4 / PI),  # sin(pi/2)/(pi/2); (cos(pi/2) - y)/x
    "lgamma": row((5.0,), math.log(24), 25 / 12 - EULER),  # ln 4!; 1 + 1/2 + 1/3 + 1/4 - Euler's constant
    "polygamma": row((1.0,), -EULER, PI**2 / 6, order=0),
    "bessel_i": row(([0.0],), [0.0], [0.5], order=1),  # (I_0(0) + I_2(0))/2
    "bessel_j": row(([0.0],), [0.0], [0.5], order=1),  # (J_0(0) - J_2(0))/2
    "erfcx": row((0.0,), 1.0, -2 / math.sqrt(PI)),
    "log_ndtr": row((0.0,), -LN2, math.sqrt(2 / PI)),  # the density over the probability: 1/sqrt(2 pi) over 1/2
    "erfinv": row((0.0,), 0.0, math.sqrt(PI) / 2),
    "ndtri": row((0.5,), 0.0, math.sqrt(2 * PI)),
    # comparison and choice
    "copysign": row(([-2.0, 3.0], [1.0, -1.0]), [2.0, -3.0], [-1.0, -1.0], [0.0, 0.0]),
    "heaviside": row(([-2.0, 0.0, 3.0], [0.5, 0.5, 0.5]), [0.0, 0.5, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
    "signbit": fact(([-0.0, 0.0, -1.0],), [True, False, True]),
    "nextafter": fact((1.0, 2.0), 1 + 2.0**-52),
    "bitwise_and": fact(([6, 5], [3, 4]), [2, 4]),  # 110 & 011, 101 & 100
    "bitwise_or": fact(([6, 5], [3, 4]), [7, 5]),
    "bitwise_xor": fact(([6, 5], [3, 4]), [5, 1]),
    "bitwise_invert": fact(([0, 5],), [-1, -6]),
    "bitwise_left_shift": fact(([3, 5], [2, 1]), [12, 10]),
    "bitwise_right_shift": fact(([12, -5], [2, 1]), [3, -3]),
    "equal": fact(([1.0, 2.0], [1.0, 3.0]), [True, False]),
    "not_equal": fact(([1.0, 2.0], [1.0, 3.0]), [False, True]),
    "less": fact(([1.0, 2.0, 3.0], 2.0), [True, False, False]),
    "less_equal": fact(([1.0, 2.0, 3.0], 2.0), [True, True, False]),
    "greater": fact(([1.0, 2.0, 3.0], 2.0), [False, False, True]),
    "greater_equal": fact(([1.0, 2.0, 3.0], 2.0), [False, True, True]),
    "logical_and": fact(([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]), [False, False, False, True]),
    "logical_or": fact(([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]), [False, True, True, True]),
    "logical_xor": fact(([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]), [False, True, True, False]),
    "logical_not": fact(([0.0, 2.0],), [True, False]),
    "isnan": fact(([NAN, INF, 1.0],), [True, False, False]),
    "isinf": fact(([NAN, -INF, 1.0],), [False, True, False]),
    "isfinite": fact(([NAN, INF, 1.0],), [False, False, True]),
    "sign": row(([-3.0, 0.0, 2.0],), [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
    "floor": row(([-1.5, 1.5],), [-2.0, 1.0], [0.0, 0.0]),
    "ceil": row(([-1.5, 1.5],), [-1.0, 2.0], [0.0, 0.0]),
    "trunc": row(([-1.5, 1.5],), [-1.0, 1.0], [0.0, 0.0]),
    "round": row(([0.5, 1.5, 2.6],), [0.0, 2.0, 3.0], [0.0, 0.0, 0.0]),  # halves to even
    "where": row(([True, False], [1.0, 2.0], [3.0, 4.0]), [1.0, 4.0], None, [1.0, 0.0], [0.0, 1.0]),
    # complex numbers: the gradient of the real part of the sum, dy/dRe + i dy/dIm
    "real": row(([1 + 2j],), [1.0], [1.0]),
    "imag": row(([1 + 2j],), [2.0], [1j]),
    "conj": row(([1 + 2j],), [1 - 2j], [1.0]),
    "angle": row(([1 + 1j],), [PI / 4], [(-1 + 1j) / 2]),  # -Im/|x|**2 + i Re/|x|**2
    "complex": row(([1.0], [2.0]), [1 + 2j], [1.0], [0.0]),
    # Fourier transforms: e**(-2 pi i j k/4) = (-i)**(j k)
    "fft": row(([1.0, 2.0, 3.0, 4.0],), [10, -2 + 2j, -2, -2 - 2j], [4.0, 0.0, 0.0, 0.0], axis=0, norm="backward"),
    "ifft": row(([10, -2 + 2j, -2, -2 - 2j],), [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 0.0], axis=0, norm="backward"),
    "rfft": row(
        ([1.0, 2.0, 3.0, 4.0],), [10, -2 + 2j, -2], [3.0, 0.0, 1.0, 0.0], axis=0, norm="backward"
    ),  # 1 + Re (-i)**j + (-1)**j
    "irfft": row(([10, -2 + 2j, -2],), [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0], n=4, axis=0, norm="backward"),
    # reduction
    "sum": row(([[1.0, 2.0], [3.0, 4.0]],), [4.0, 6.0], [[1.0, 1.0], [1.0, 1.0]], **ALONG),
    "max": row(([[1.0, 5.0], [3.0, 4.0]],), [3.0, 5.0], [[0.0, 1.0], [1.0, 0.0]], **ALONG),
    "min": row(([[1.0, 5.0], [3.0, 4.0]],), [1.0, 4.0], [[1.0, 0.0], [0.0, 1.0]], **ALONG),
    "any": fact(([[0.0, 0.0], [0.0, 2.0]],), [False, True], **ALONG),
    "all": fact(([[0.0, 1.0], [1.0, 2.0]],), [False, True], **ALONG),
    "count_nonzero": fact(([[0.0, 1.0], [0.0, 2.0]],), [0, 2], **ALONG),
    "argmax": fact(([[1.0, 5.0], [7.0, 2.0]],), [1, 0], axis=1, keepdims=False),
    "argmin": fact(([[1.0, 5.0], [7.0, 2.0]],), [0, 1], axis=1, keepdims=False),
    # shaping
    "reshape": row(([1.0, 2.0],), [[1.0], [2.0]], [1.0, 1.0], shape=(2, 1)),
    "permute": row(([[1.0, 2.0]],), [[1.0], [2.0]], [[1.0, 1.0]], axes=(1, 0)),
    "expand": row(([1.0, 2.0],), [[1.0, 2.0]] * 3, [3.0, 3.0], shape=(3, 2)),
    "concatenate": row(([1.0], [2.0, 3.0]), [1.0, 2.0, 3.0], [1.0], [1.0, 1.0], axis=0),
    "cast": row((0.5,), 0.5, 1.0, dtype=F32),
    "stop": fact(([1.0, 2.0],), [1.0, 2.0]),
    "checked": row(([1.0, 2.0],), [1.0, 2.0], [1.0, 1.0], check=len),
    "full": fact((), [7.0, 7.0], shape=(2,), fill=7.0, dtype=F64),
    # indexing
    "getitem": row(([1.0, 2.0, 3.0],), [2.0, 1.0, 2.0], [1.0, 2.0, 0.0], index=(np.array([1, 0, 1]),)),
    "scatter": row(([1.0, 2.0, 4.0],), [2.0, 5.0], [1.0, 1.0, 1.0], index=(np.array([1, 0, 1]),), shape=(2,)),
    "pick": row(([[1.0, 2.0], [3.0, 4.0]], [1, 0]), [2.0, 3.0], [[0.0, 1.0], [1.0, 0.0]], None),
    "unpick": row(([5.0, 6.0], [1, 0]), [[0.0, 5.0, 0.0], [6.0, 0.0, 0.0]], [1.0, 1.0], None, classes=3),
    "gather": row(([[1.0, 2.0], [3.0, 4.0]], [[1, 1], [0, 1]]), [[2.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [1.0, 1.0]], None),
    "ungather": row(([[5.0, 6.0]], [[2, 2]]), [[0.0, 0.0, 11.0]], [[1.0, 1.0]], None, classes=3),
    # order and running sums
    "argsort": fact(([[3.0, 1.0, 3.0]],), [[0, 2, 1]], descending=True),
    "isin": fact(([1.0, 2.0, 3.0], [3.0, 1.0]), [False, True, False], invert=True),
    "searchsorted": fact(([1.0, 2.0, 2.0], [2.0, 0.0]), [3, 0], side="right"),
    "cumulative_sum": row(([1.0, 2.0, 3.0],), [1.0, 3.0, 6.0], [3.0, 2.0, 1.0], axis=0),
    # linear algebra: by the sum, da[i, j] = sum of row j of b, db[i, j] = sum of column i of a
    "matmul": row(
        ([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]),
        [[19.0, 22.0], [43.0, 50.0]],
        [[11.0, 15.0], [11.0, 15.0]],
        [[4.0, 4.0], [6.0, 6.0]],
    ),
    # y = [1*3 + 2*4, 1*5 + 2*6]; dx = columns of W summed, each row of dW = x
    "linear": row(([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]), [[11.0, 17.0]], [[8.0, 10.0]], [[1.0, 2.0], [1.0, 2.0]]),
    # y = [1*10 + 2*1, 2*10 + 3*1]; in the middle both weights meet x; each weight meets two of x
    "convolution": row(([[[1.0, 2.0, 3.0]]], [[[10.0, 1.0]]]), [[[12.0, 23.0]]], [[[10.0, 11.0, 1.0]]], [[[3.0, 5.0]]], **STEPS),
    "convolution_transpose": row(
        ([[[1.0, 2.0]]], [[[10.0, 1.0]]]), [[[10.0, 21.0, 2.0]]], [[[11.0, 11.0]]], [[[3.0, 3.0]]], size=(3,), **STEPS
    ),
    "convolution_weight": row(
        ([[[1.0, 2.0, 3.0]]], [[[10.0, 1.0]]]), [[[12.0, 23.0]]], [[[10.0, 11.0, 1.0]]], [[[3.0, 5.0]]], kernel=(2,), **STEPS
    ),
    # x = [[2, 1], [1, 1]] has the inverse [[1, -1], [-1, 2]]; db = row sums of it transposed, da = -db y.T
    "solve": row(([[2.0, 1.0], [1.0, 1.0]], [[3.0], [2.0]]), [[1.0], [1.0]], [[0.0, 0.0], [-1.0, -1.0]], [[0.0], [1.0]]),
    "inv": row(([[2.0, 1.0], [1.0, 1.0]],), [[1.0, -1.0], [-1.0, 2.0]], [[0.0, 0.0], [0.0, -1.0]]),  # -(row sums)(column sums)
    "pinv": row(([[2.0], [0.0]],), [[0.5, 0.0]], [[-0.25], [0.25]], rtol=None),  # x.T/|x|**2
    "det": row(([[1.0, 2.0], [3.0, 5.0]],), -1.0, [[5.0, -3.0], [-2.0, 1.0]]),
    "cofactor": row(([[1.0, 2.0], [3.0, 5.0]],), [[5.0, -3.0], [-2.0, 1.0]], [[1.0, -1.0], [-1.0, 1.0]]),
    "logabsdet": row(([[0.0, -2.0], [0.5, 0.0]],), 0.0, [[0.0, -0.5], [2.0, 0.0]]),
    "sign_of_det": row(([[0.0, 2.0], [0.5, 0.0]],), -1.0, [[0.0, 0.0], [0.0, 0.0]]),
    # [[a, b], [b, c]] = [[4, 2], [2, 2]]: r = sqrt(a) = 2, b/r = 1, sqrt(c - b**2/a) = 1; of the sum
    # d/da = 1/4 - 1/8 + 1/8, d/dc = 1/2, d/db = 1/2 - 1/2, half of it in each corner
    "cholesky": row(([[4.0, 2.0], [2.0, 2.0]],), [[2.0, 0.0], [1.0, 1.0]], [[0.25, 0.0], [0.0, 0.5]]),
    # one column: q = x/|x| = (3, 4)/5, r = 5; the sum's derivative (1 - q (q1 + q2))/5 + q = (4, -3)/125 + (3, 4)/5
    "qr": row(([[3.0], [4.0]],), [[0.6], [0.8], [5.0]], [[0.632], [0.776]]),
    "complement": fact(([[1.0], [0.0]],), [[0.0], [1.0]]),
    # diag(1, 3): w = (1, 3), v = 1; dw = dx_ii, dv_12 = dx_12/2 = -dv_21, which cancel in the sum
    "eigh": row(([[1.0, 0.0], [0.0, 3.0]],), [[1.0, 3.0], [1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]),
    "eigvalsh": row(([[0.0, 2.0], [2.0, 0.0]],), [-2.0, 2.0], [[1.0, 0.0], [0.0, 1.0]]),  # the sum is the trace
    # the same matrix, of which dx_12 and dx_21 are now two: dv_12 = dx_12/2, dv_21 = -dx_21/2
    "eig": row(([[1.0, 0.0], [0.0, 3.0]],), [[1.0, 3.0], [1.0, 0.0], [0.0, 1.0]], [[1.0, 0.5], [-0.5, 1.0]]),
    "eigvals": row(([[1.0, 2.0], [0.0, 3.0]],), [1.0, 3.0], [[1.0, 0.0], [0.0, 1.0]]),
    "pivots": fact(([[0.6, -0.7], [-0.8, 0.71]],), [[0.0, 1.0], [1.0, 0.0]]),  # 0.6 < 0.9 * 0.8, 0.7 > 0.9 * 0.71
    "ties": fact(([[1.0, 2.0, 1.0]],), [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]),
    "apart": row(([[3.0]], [[2.0]]), [[1.5]], [[0.5]], [[-0.75]], case="eigh"),
    "alike": row(([[5.0, 1.0], [2.0, 7.0]], [[1.0, 2.0]]), [[5.0, 1.0], [2.0, 7.0]], np.ones((2, 2)), [[0.0, 0.0]], case="eigh"),
    "spread": row(([[5.0, 7.0]], [[1.0, 2.0]]), [[5.0, 0.0], [0.0, 7.0]], [[1.0, 1.0]], [[0.0, 0.0]], case="eigh"),
    "collect": row(([[5.0, 1.0], [2.0, 7.0]], [[1.0, 2.0]]), [[5.0, 7.0]], [[1.0, 0.0], [0.0, 1.0]], [[0.0, 0.0]], case="eigh"),
    "independent": row(([[2.0, 0.0], [1.0, 3.0]],), [[2.0, 0.0], [1.0, 3.0]], np.ones((2, 2))),
    # one column: u = (3, 4)/5, s = 5, v = 1; as for qr
    "svd": row(([[3.0], [4.0]],), [[0.6], [0.8], [5.0], [1.0]], [[0.632], [0.776]]),
    "svdvals": row(([[3.0], [4.0]],), [5.0], [[0.6], [0.8]]),
    "matrix_rank": fact(([[1.0, 2.0], [2.0, 4.0]],), 1, rtol=None),
    # the gradient of the sum: the integral over s from 0 to 1 of expm(x.T (1 - s)) 1 1.T expm(x.T s)
    "expm": row(([[0.0, 1.0], [0.0, 0.0]],), [[1.0, 1.0], [0.0, 1.0]], [[1.5, 1.0], [13 / 6, 1.5]]),
    # y dy + dy y = dx: dy_ij = dx_ij/(y_i + y_j)
    "sqrtm": row(([[4.0, 0.0], [0.0, 9.0]],), [[2.0, 0.0], [0.0, 3.0]], [[1 / 4, 1 / 5], [1 / 5, 1 / 6]]),
}

CHOICES: dict[str, tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = {
    "relu at 0 has slope 0": (at.relu, ([0.0, -0.0],), ([0.0, 0.0],)),
    "abs at 0 has slope 0": (at.abs, ([0.0, -0.0],), ([0.0, 0.0],)),
    "sign at 0 has slope 0": (at.sign, (0.0,), (0.0,)),
    "maximum shares a tie": (at.maximum, (2.0, 2.0), (0.5, 0.5)),
    "minimum shares a tie": (at.minimum, (2.0, 2.0), (0.5, 0.5)),
    "maximum of one with itself": (lambda x: at.maximum(x, x), (2.0,), (1.0,)),
    "max shares among all ties": (at.max, ([3.0, 1.0, 3.0, 3.0],), ([1 / 3, 0.0, 1 / 3, 1 / 3],)),
    "min shares among all ties": (at.min, ([1.0, 1.0, 3.0],), ([0.5, 0.5, 0.0],)),
    "max shares by row": (lambda x: at.max(x, axis=1), ([[1.0, 1.0], [2.0, 1.0]],), ([[0.5, 0.5], [1.0, 0.0]],)),
    "clip at a limit has slope 1": (lambda x: at.clip(x, -1, 1), ([-2.0, -1.0, 0.0, 1.0, NAN],), ([0.0, 1.0, 1.0, 1.0, 0.0],)),
    "clip with one limit": (lambda x: at.clip(x, max=1), ([-2.0, 1.0, 3.0],), ([1.0, 1.0, 0.0],)),
    "clip by tensors shares a tie": (lambda x: at.clip(x, at.tensor(-1.0), at.tensor(1.0)), ([-1.0, 0.0],), ([0.5, 1.0],)),
    "power 0 at 0 is flat": (lambda x: x**0.0, (0.0,), (0.0,)),
    "power of base 0 is flat in its exponent": (at.pow, (0.0, 2.0), (0.0, 0.0)),
    "prod with zeros": (at.prod, ([0.0, 2.0, 3.0],), ([6.0, 0.0, 0.0],)),
}


def leaves(operands: tuple[Any, ...], gradients: tuple[Any, ...]) -> list[Any]:
    """Operands as float64 leaves where a gradient is expected, else as constants of their own dtype."""
    return [at.tensor(np.asarray(x), requires_grad=gradient is not None) for x, gradient in zip(operands, gradients, strict=True)]


@pytest.mark.parametrize("name", sorted(registry))
def test_every_primitive_gives_the_numbers_worked_by_hand(name: str) -> None:
    expected = TABLE[name]
    operands = leaves(expected.operands, expected.gradients)
    y: Tensor = getattr(recorded, name)(*operands, **expected.settings)
    np.testing.assert_allclose(y.data, expected.value, rtol=1e-15, atol=2e-16)
    if any(gradient is not None for gradient in expected.gradients):
        y.backward(np.ones(y.shape))
    for x, gradient in zip(operands, expected.gradients, strict=True):
        if gradient is None:
            assert x.grad is None
        else:
            np.testing.assert_allclose(x.grad.data, gradient, rtol=2e-15, atol=2e-16)


def test_the_table_and_the_registry_have_the_same_names() -> None:
    assert sorted(TABLE) == sorted(registry)


def test_a_primitive_has_a_gradient_by_hand_exactly_if_it_is_differentiable() -> None:
    assert {name for name, r in TABLE.items() if all(g is None for g in r.gradients)} == {
        name for name, p in registry.items() if not p.differentiable
    }


@pytest.mark.parametrize("choice", CHOICES)
def test_subgradients_at_kinks_are_the_documented_choice(choice: str) -> None:
    function, numbers, expected = CHOICES[choice]
    operands = [at.tensor(np.asarray(x), requires_grad=True) for x in numbers]
    function(*operands).sum().backward()
    assert [x.grad.tolist() for x in operands if x.grad is not None] == list(expected)
