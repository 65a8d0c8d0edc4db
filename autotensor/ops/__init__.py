"""The operations: primitives in a file for each topic, and compositions of them.

The first thing to read is `arithmetic`: the idea of `core.primitive` used a dozen times.
"""

from autotensor.core.namespace import numpy_functions, public
from autotensor.ops import checking as checking  # a primitive without a function of its own
from autotensor.ops import fft, linalg, numpy_names, special
from autotensor.ops import normalising as normalising  # primitives without functions of their own
from autotensor.ops.activation import relu, sigmoid, softplus
from autotensor.ops.along import take_along_axis
from autotensor.ops.arithmetic import (
    abs,
    add,
    divide,
    floor_divide,
    maximum,
    minimum,
    multiply,
    negative,
    pow,
    reciprocal,
    remainder,
    square,
    subtract,
)
from autotensor.ops.assigning import assign, update
from autotensor.ops.bessel_functions import i0
from autotensor.ops.bits import bitwise_and, bitwise_invert, bitwise_left_shift, bitwise_or, bitwise_right_shift, bitwise_xor
from autotensor.ops.comparison import (
    ceil,
    equal,
    floor,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
    round,
    sign,
    trunc,
    where,
)
from autotensor.ops.complex_numbers import angle, complex, conj, imag, polar, real
from autotensor.ops.compound import log_sigmoid, logsumexp, prod, std, var
from autotensor.ops.contractions import dot, inner, kron, outer
from autotensor.ops.conversion import astype, stop_gradient
from autotensor.ops.creation import (
    arange,
    asarray,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from autotensor.ops.cumulative import cumulative_prod, cumulative_sum, diff
from autotensor.ops.diagonals import diag, diagonal, trace, tril, triu
from autotensor.ops.dtypes import (
    bool,
    can_cast,
    complex64,
    complex128,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    result_type,
    uint8,
    uint16,
    uint32,
    uint64,
)
from autotensor.ops.einstein import einsum
from autotensor.ops.filtering import convolve, correlate, interp
from autotensor.ops.indexing import getitem, take
from autotensor.ops.interchange import (
    __array_api_version__,
    __array_namespace_info__,
    e,
    empty,
    empty_like,
    from_dlpack,
    inf,
    nan,
    newaxis,
    pi,
    to_device,
)
from autotensor.ops.joining import concat, stack
from autotensor.ops.limits import clip
from autotensor.ops.missing_numbers import nan_to_num, nanmax, nanmean, nanmin, nansum
from autotensor.ops.order_statistics import median, quantile
from autotensor.ops.padding import pad, repeat, roll, tile
from autotensor.ops.probabilities import log_softmax, softmax
from autotensor.ops.products import cross, linear, matmul, tensordot, vecdot
from autotensor.ops.reduction import all, any, argmax, argmin, count_nonzero, max, mean, min, sum
from autotensor.ops.searching import isin, nonzero, unique_all, unique_counts, unique_inverse, unique_values
from autotensor.ops.shaping import (
    broadcast_arrays,
    broadcast_to,
    expand_dims,
    flip,
    matrix_transpose,
    moveaxis,
    permute_dims,
    reshape,
    squeeze,
    swapaxes,
)
from autotensor.ops.signs import copysign, heaviside, nextafter, positive, signbit, sinc
from autotensor.ops.sorting import argsort, searchsorted, sort, top_k
from autotensor.ops.splitting import array_split, meshgrid, split, unstack
from autotensor.ops.transcendental import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    exp,
    exp2,
    expm1,
    hypot,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from autotensor.ops.writing import Writer

__all__ = [
    "__array_api_version__", "__array_namespace_info__", "abs", "acos", "acosh", "add", "all", "angle", "any", "arange",
    "argmax", "argmin", "argsort", "array_split", "asarray", "asin", "asinh", "astype", "atan", "atan2", "atanh", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bool", "broadcast_arrays",
    "broadcast_to", "can_cast", "ceil", "clip", "complex", "complex128", "complex64", "concat", "conj", "convolve", "copysign",
    "correlate", "cos", "cosh", "count_nonzero", "cross", "cumulative_prod", "cumulative_sum", "diag", "diagonal", "diff",
    "divide", "dot", "e", "einsum", "empty", "empty_like", "equal", "exp", "exp2", "expand_dims", "expm1", "eye", "fft",
    "finfo", "flip", "float16", "float32", "float64", "floor", "floor_divide", "from_dlpack", "full", "full_like", "getitem",
    "greater", "greater_equal", "heaviside", "hypot", "i0", "iinfo", "imag", "inf", "inner", "int16", "int32", "int64", "int8",
    "interp", "isdtype", "isfinite", "isin", "isinf", "isnan", "kron", "less", "less_equal", "linalg", "linear", "linspace",
    "log", "log10", "log1p", "log2", "log_sigmoid", "log_softmax", "logaddexp", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logsumexp", "matmul", "matrix_transpose", "max", "maximum", "mean", "median", "meshgrid", "min", "minimum",
    "moveaxis", "multiply", "nan", "nan_to_num", "nanmax", "nanmean", "nanmin", "nansum", "negative", "newaxis", "nextafter",
    "nonzero", "not_equal", "ones", "ones_like", "outer", "pad", "permute_dims", "pi", "polar", "positive", "pow", "prod",
    "quantile", "real", "reciprocal", "relu", "remainder", "repeat", "reshape", "result_type", "roll", "round", "searchsorted",
    "sigmoid", "sign", "signbit", "sin", "sinc", "sinh", "softmax", "softplus", "sort", "special", "split", "sqrt", "square",
    "squeeze", "stack", "std", "stop_gradient", "subtract", "sum", "swapaxes", "take", "take_along_axis", "tan", "tanh",
    "tensor", "tensordot", "tile", "to_device", "top_k", "trace", "tril", "triu", "trunc", "uint16", "uint32", "uint64",
    "uint8", "unique_all", "unique_counts", "unique_inverse", "unique_values", "unstack", "var", "vecdot", "where", "zeros",
    "zeros_like",
]  # fmt: skip

public.writer = Writer
public.assign = assign
public.update = update
for _name in __all__:
    setattr(public, _name, globals()[_name])
numpy_functions.update({**numpy_names.table(public), **numpy_names.table_of_settings(public)})
numpy_functions.update({**linalg.numpy_table(), **fft.numpy_table()})
