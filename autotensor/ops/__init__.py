"""The operations: primitives in a file for each topic, and compositions of them.

The first thing to read is `arithmetic`: the idea of `core.primitive` used a dozen times.
"""

from autotensor.core.namespace import numpy_functions, public
from autotensor.ops import numpy_names, special
from autotensor.ops.activation import relu, sigmoid, softplus
from autotensor.ops.arithmetic import (
    abs,
    add,
    clip,
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
from autotensor.ops.compound import log_sigmoid, log_softmax, logsumexp, prod, softmax, std, var
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
from autotensor.ops.indexing import getitem, take
from autotensor.ops.joining import concat, stack
from autotensor.ops.linalg import linear, matmul
from autotensor.ops.reduction import all, any, argmax, argmin, count_nonzero, max, mean, min, sum
from autotensor.ops.shaping import (
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

__all__ = [
    "abs", "acos", "acosh", "add", "all", "any", "arange", "argmax", "argmin", "asarray", "asin", "asinh", "astype", "atan",
    "atan2", "atanh", "broadcast_to", "ceil", "clip", "concat", "cos", "cosh", "count_nonzero", "divide", "equal", "exp", "exp2",
    "expand_dims", "expm1", "eye", "flip", "floor", "floor_divide", "full", "full_like", "getitem", "greater", "greater_equal",
    "hypot", "isfinite", "isinf", "isnan", "less", "less_equal", "linear", "linspace", "log", "log10", "log1p", "log2",
    "log_sigmoid", "log_softmax", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp", "matmul",
    "matrix_transpose", "max", "maximum", "mean", "min", "minimum", "moveaxis", "multiply", "negative", "not_equal", "ones",
    "ones_like", "permute_dims", "pow", "prod", "reciprocal", "relu", "remainder", "reshape", "round", "sigmoid", "sign", "sin",
    "sinh", "softmax", "softplus", "special", "sqrt", "square", "squeeze", "stack", "std", "stop_gradient", "subtract", "sum",
    "swapaxes", "take", "tan", "tanh", "tensor", "trunc", "var", "where", "zeros", "zeros_like",
]  # fmt: skip

for _name in __all__:
    setattr(public, _name, globals()[_name])
numpy_functions.update(numpy_names.table(public))
