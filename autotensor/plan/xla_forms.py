"""What each primitive is in jax.numpy: a ufunc is the function of its name there, the others stand in a table.

A form is a function `(jax, y, *operands, **settings)` that gives one of JAX's arrays; `y` is the Value that it computes, whose
shape and dtype are NumPy's. JAX promotes dtypes by rules of its own, so operands are brought to NumPy's first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.core.spec import SCALARS, Array
from autotensor.plan.forms import is_ufunc
from autotensor.plan.graph import Value
from autotensor.plan.trace import TraceError

Form = Callable[..., Any]


def computed(jax: Any, y: Value, operands: Sequence[Any]) -> Any:
    """The value `y`, of its dtype, from operands that are JAX's arrays or Python scalars."""
    form = form_of(y)
    return form(jax, y, *operands, **y.settings).astype(y.dtype)


def form_of(y: Value) -> Form:
    """The form of an operation.

    Raises: TraceError for a primitive that has none.
    """
    name = y.primitive.name
    form = _ufunc if is_ufunc(y.primitive) else FORMS.get(name)
    if form is None:
        where = f"{'.'.join(y.path)}: " if y.path else ""
        raise TraceError(
            f"{where}{name} of shape {y.shape} has no form for XLA. Compile this function for NumPy, which has every primitive: "
            f'at.compile(f, backend="numpy").'
        )
    return form


def _ufunc(jax: Any, y: Value, *operands: Any) -> Any:
    ufunc = y.primitive.value
    # NumPy's own word on what it computes in; a Python number is as weak as there
    kinds = [_kind(x) for x in operands]
    dtypes = ufunc.resolve_dtypes((*kinds, *[None] * ufunc.nout))
    given = [jax.numpy.asarray(x, dtype) for x, dtype in zip(operands, dtypes, strict=False)]
    result = getattr(jax.numpy, ufunc.__name__)(*given)
    if y.primitive.name in ("floor_divide", "remainder") and y.dtype.kind in "iu":
        return jax.numpy.where(given[1] == 0, 0, result)  # as NumPy has it
    return result


def _kind(x: Any) -> Any:
    return np.dtype(np.bool_) if isinstance(x, bool) else type(x) if isinstance(x, SCALARS) else x.dtype


def _named(path: str) -> Form:
    """The function of jax that `path` names, with the operation's own settings."""

    def form(jax: Any, y: Value, *operands: Any, **settings: Any) -> Any:
        function = jax
        for name in path.split("."):
            function = getattr(function, name)
        return function(*operands, **settings)

    return form


def _alike(function: Form) -> Form:
    """A form whose operands all have the result's dtype; sums of booleans are counted, and what is not 0 is true."""

    def form(jax: Any, y: Value, *operands: Any, **settings: Any) -> Any:
        dtype: Any = np.int32 if y.dtype.kind == "b" else y.dtype
        return function(jax, y, *(jax.numpy.asarray(x, dtype) for x in operands), **settings)

    return form


def _floating(function: Form) -> Form:
    """A form whose operands have the result's dtype, or float64 in place of integers, of which JAX transposes nothing."""

    def form(jax: Any, y: Value, *operands: Any, **settings: Any) -> Any:
        dtype: Any = y.dtype if y.dtype.kind in "fc" else np.float64
        return function(jax, y, *(jax.numpy.asarray(x, dtype) for x in operands), **settings)

    return form


def _as_precise(path: str, kind: str) -> Form:
    """The transform that `path` names, of numbers of `kind` ("f" real, "c" complex) as precise as its result."""

    def form(jax: Any, y: Value, x: Any, **settings: Any) -> Any:
        double = y.dtype.name in ("float64", "complex128")
        dtype = {"f": ("float32", "float64"), "c": ("complex64", "complex128")}[kind][double]
        return _named(path)(jax, y, jax.numpy.asarray(x, dtype), **settings)

    return form


def _sum(jax: Any, y: Value, x: Any, **settings: Any) -> Any:
    return jax.numpy.sum(x, dtype=y.dtype, **settings)


def _getitem(jax: Any, y: Value, x: Any, *, index: Any) -> Any:
    return x[index]


def _scatter(jax: Any, y: Value, x: Any, *, index: Any, shape: Any) -> Any:
    return jax.numpy.zeros(shape, x.dtype).at[index].add(x)


def _gather(jax: Any, y: Value, x: Any, label: Any) -> Any:
    return jax.numpy.take_along_axis(x, label, axis=-1)


def _ungather(jax: Any, y: Value, x: Any, label: Any, *, classes: int) -> Any:
    x = x.astype(np.int32) if x.dtype == bool else x
    return jax.numpy.zeros(y.shape, x.dtype).at[(*_places(jax, label.shape[:-1], 1), label)].add(x)


def _pick(jax: Any, y: Value, x: Any, label: Any) -> Any:
    return _gather(jax, y, x, label[..., None])[..., 0]


def _unpick(jax: Any, y: Value, x: Any, label: Any, *, classes: int) -> Any:
    return jax.numpy.zeros(y.shape, y.dtype).at[(*_places(jax, label.shape, 0), label)].set(x)


def _places(jax: Any, shape: Any, more: int) -> list[Any]:
    """Indices that name each place of `shape`, with `more` axes behind."""
    return [x.reshape(x.shape + (1,) * more) for x in jax.numpy.indices(shape, sparse=True)]


def _concatenate(jax: Any, y: Value, *operands: Any, axis: int) -> Any:
    return jax.numpy.concatenate(operands, axis=axis)


def _where(jax: Any, y: Value, condition: Any, a: Any, b: Any) -> Any:
    a, b = (jax.numpy.asarray(x, y.dtype) for x in (a, b))
    return jax.numpy.where(jax.numpy.asarray(condition, bool), a, b)


def _bitwise(jax: Any, y: Value, *operands: Any) -> Any:
    return getattr(jax.numpy, y.primitive.ufunc.__name__)(*operands)


def _convolution(jax: Any, y: Value, x: Any, w: Any, *, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    return jax.lax.conv_general_dilated(x, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups)


def _convolution_transpose(jax: Any, y: Value, g: Any, w: Any, *, size: Any, **sliding: Any) -> Any:
    whole = jax.ShapeDtypeStruct(y.shape, g.dtype)
    return jax.linear_transpose(lambda x: _convolution(jax, y, x, w, **sliding), whole)(g)[0]


def _convolution_weight(jax: Any, y: Value, x: Any, g: Any, *, kernel: Any, **sliding: Any) -> Any:
    whole = jax.ShapeDtypeStruct(y.shape, g.dtype)
    return jax.linear_transpose(lambda w: _convolution(jax, y, x, w, **sliding), whole)(g)[0]


def _sigmoid(jax: Any, y: Value, x: Any) -> Any:
    jnp = jax.numpy
    return jnp.exp(jnp.minimum(x, 0)) / (1 + jnp.exp(-jnp.abs(x)))


FORMS: dict[str, Form] = {
    # shapes and places
    "reshape": _named("numpy.reshape"),
    "permute": _named("numpy.transpose"),
    "expand": _named("numpy.broadcast_to"),
    "concatenate": _alike(_concatenate),
    "getitem": _getitem,
    "scatter": _alike(_scatter),
    "gather": _gather,
    "ungather": _ungather,
    "pick": _pick,
    "unpick": _unpick,
    # dtypes and constants
    "cast": lambda jax, y, x, dtype: jax.numpy.asarray(x, dtype),
    "stop": lambda jax, y, x: jax.numpy.asarray(x),
    "checked": lambda jax, y, x, check: jax.numpy.asarray(x),
    "full": lambda jax, y, shape, fill, dtype: jax.numpy.full(shape, fill, dtype),
    # along axes
    "sum": _sum,
    "cumulative_sum": _named("numpy.cumsum"),
    "max": _named("numpy.max"),
    "min": _named("numpy.min"),
    "argmax": _named("numpy.argmax"),
    "argmin": _named("numpy.argmin"),
    "all": _named("numpy.all"),
    "any": _named("numpy.any"),
    "count_nonzero": _named("numpy.count_nonzero"),
    "argsort": lambda jax, y, x, descending: jax.numpy.argsort(x, axis=-1, stable=True, descending=descending),
    "searchsorted": _named("numpy.searchsorted"),
    "isin": _named("numpy.isin"),
    # products
    "matmul": _alike(lambda jax, y, a, b: jax.numpy.matmul(a, b)),
    "linear": _alike(lambda jax, y, x, w: jax.numpy.matmul(x, w.T)),
    "convolution": _alike(_convolution),
    "convolution_transpose": _floating(_convolution_transpose),
    "convolution_weight": _floating(_convolution_weight),
    # element by element
    "where": _where,
    "relu": lambda jax, y, x: jax.numpy.maximum(x, 0),
    "sigmoid": _alike(_sigmoid),
    "softplus": _alike(lambda jax, y, x: jax.numpy.logaddexp(x, 0)),
    "round": _alike(lambda jax, y, x: jax.numpy.round(x)),
    "sinc": _alike(lambda jax, y, x: jax.numpy.sinc(x)),
    "erf": _alike(lambda jax, y, x: jax.scipy.special.erf(x)),
    "erfc": _alike(lambda jax, y, x: jax.scipy.special.erfc(x)),
    "lgamma": _alike(lambda jax, y, x: jax.scipy.special.gammaln(x)),
    "bitwise_and": _bitwise,
    "bitwise_or": _bitwise,
    "bitwise_xor": _bitwise,
    "bitwise_invert": _bitwise,
    "bitwise_left_shift": _bitwise,
    "bitwise_right_shift": _bitwise,
    # complex numbers
    "real": _named("numpy.real"),
    "imag": _named("numpy.imag"),
    "angle": _named("numpy.angle"),
    "complex": lambda jax, y, re, im: jax.numpy.asarray(re, y.dtype) + 1j * jax.numpy.asarray(im, y.dtype),
    "fft": _as_precise("numpy.fft.fft", "c"),
    "ifft": _as_precise("numpy.fft.ifft", "c"),
    "rfft": _as_precise("numpy.fft.rfft", "f"),
    "irfft": _as_precise("numpy.fft.irfft", "c"),
    # matrices whose result is unique
    "inv": _alike(lambda jax, y, x: jax.numpy.linalg.inv(x)),
    "solve": _alike(lambda jax, y, a, b: jax.numpy.linalg.solve(a, b)),
    "cholesky": _alike(lambda jax, y, x: jax.numpy.linalg.cholesky(x)),
    "det": _alike(lambda jax, y, x: jax.numpy.linalg.det(x)),
    "sign_of_det": _alike(lambda jax, y, x: jax.numpy.linalg.slogdet(x)[0]),
    "logabsdet": lambda jax, y, x: jax.numpy.linalg.slogdet(x)[1],
}
"""Forms by the names of primitives."""


def has_dtype(array: Array | Value) -> bool:
    """Whether XLA has an array's dtype: it knows no long double."""
    return array.dtype.kind in "biufc" and array.dtype.itemsize <= (16 if array.dtype.kind == "c" else 8)
