"""The names of the array-API standard 2024.12, and how each is called: a table of facts, and every one of them is held here.

The standard says for each parameter whether it comes by position or by keyword and what it is when omitted. A library may be
more generous: it may take by keyword what the standard passes by position alone, or have settings of its own.
"""

import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Any

import pytest

import autotensor as at

# signature -> who has it
FUNCTIONS = {
    "(x, /)": (
        "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log "
        "log10 log1p log2 logical_not matrix_transpose negative nonzero positive real reciprocal round sign signbit sin sinh "
        "sqrt square tan tanh trunc unique_all unique_counts unique_inverse unique_values linalg.det linalg.eigh "
        "linalg.eigvalsh linalg.inv linalg.matrix_transpose linalg.slogdet linalg.svdvals"
    ),
    "(x1, x2, /)": (
        "add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal floor_divide "
        "greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor matmul maximum minimum "
        "multiply nextafter not_equal pow remainder subtract linalg.matmul linalg.outer linalg.solve"
    ),
    "(x, /, *, axis=None, keepdims=False)": "all any argmax argmin count_nonzero max mean min",
    "(x, /, *, n=None, axis=-1, norm='backward')": "fft.fft fft.hfft fft.ifft fft.ihfft fft.irfft fft.rfft",
    "(x, /, *, s=None, axes=None, norm='backward')": "fft.fftn fft.ifftn fft.irfftn fft.rfftn",
    "(shape, *, dtype=None, device=None)": "empty ones zeros",
    "(x, /, *, dtype=None, device=None)": "empty_like ones_like zeros_like",
    "(x1, x2, /, *, axis=-1)": "vecdot linalg.cross linalg.vecdot",
    "(x, /, *, axis=-1, descending=False, stable=True)": "argsort sort",
    "(arrays, /, *, axis=0)": "concat stack",
    "(x, /, *, axis=None, dtype=None, include_initial=False)": "cumulative_prod cumulative_sum",
    "(x, /, *, axis=0)": "expand_dims unstack",
    "(n, /, *, d=1.0, dtype=None, device=None)": "fft.fftfreq fft.rfftfreq",
    "(x, /, *, axes=None)": "fft.fftshift fft.ifftshift",
    "(type, /)": "finfo iinfo",
    "(x, /, *, rtol=None)": "linalg.matrix_rank linalg.pinv",
    "(x, /, *, axis=None, dtype=None, keepdims=False)": "prod sum",
    "(x, /, *, axis=None, correction=0.0, keepdims=False)": "std var",
    "(x1, x2, /, *, axes=2)": "tensordot linalg.tensordot",
    "(x, /, *, k=0)": "tril triu",
    "()": "__array_namespace_info__",
    "(start, /, stop=None, step=1, *, dtype=None, device=None)": "arange",
    "(obj, /, *, dtype=None, device=None, copy=None)": "asarray",
    "(x, dtype, /, *, copy=True, device=None)": "astype",
    "(*arrays)": "broadcast_arrays",
    "(x, /, shape)": "broadcast_to",
    "(from_, to, /)": "can_cast",
    "(x, /, min=None, max=None)": "clip",
    "(x, /, *, axis=-1, n=1, prepend=None, append=None)": "diff",
    "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)": "eye",
    "(x, /, *, axis=None)": "flip",
    "(x, /, *, device=None, copy=None)": "from_dlpack",
    "(shape, fill_value, *, dtype=None, device=None)": "full",
    "(x, /, fill_value, *, dtype=None, device=None)": "full_like",
    "(dtype, kind)": "isdtype",
    "(x, /, *, upper=False)": "linalg.cholesky",
    "(x, /, *, offset=0)": "linalg.diagonal",
    "(x, /, *, keepdims=False, ord='fro')": "linalg.matrix_norm",
    "(x, n, /)": "linalg.matrix_power",
    "(x, /, *, mode='reduced')": "linalg.qr",
    "(x, /, *, full_matrices=True)": "linalg.svd",
    "(x, /, *, offset=0, dtype=None)": "linalg.trace",
    "(x, /, *, axis=None, keepdims=False, ord=2)": "linalg.vector_norm",
    "(start, stop, /, num, *, dtype=None, device=None, endpoint=True)": "linspace",
    "(*arrays, indexing='xy')": "meshgrid",
    "(x, source, destination, /)": "moveaxis",
    "(x, /, axes)": "permute_dims",
    "(x, repeats, /, *, axis=None)": "repeat",
    "(x, /, shape, *, copy=None)": "reshape",
    "(*arrays_and_dtypes)": "result_type",
    "(x, /, shift, *, axis=None)": "roll",
    "(x1, x2, /, *, side='left', sorter=None)": "searchsorted",
    "(x, /, axis)": "squeeze",
    "(x, indices, /, *, axis=None)": "take",
    "(x, indices, /, *, axis=-1)": "take_along_axis",
    "(x, repetitions, /)": "tile",
    "(condition, x1, x2, /)": "where",
}
METHODS = {
    "(other, /)": (
        "__add__ __and__ __eq__ __floordiv__ __ge__ __gt__ __iadd__ __iand__ __ifloordiv__ __ilshift__ __imatmul__ __imod__ "
        "__imul__ __ior__ __ipow__ __irshift__ __isub__ __itruediv__ __ixor__ __le__ __lshift__ __lt__ __matmul__ __mod__ "
        "__mul__ __ne__ __or__ __pow__ __radd__ __rand__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__ "
        "__rpow__ __rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __sub__ __truediv__ __xor__"
    ),
    "()": "__abs__ __bool__ __complex__ __dlpack_device__ __float__ __index__ __int__ __invert__ __neg__ __pos__",
    "(*, api_version=None)": "__array_namespace__",
    "(*, stream=None, max_version=None, dl_device=None, copy=None)": "__dlpack__",
    "(key, /)": "__getitem__",
    "(key, value, /)": "__setitem__",
    "(device, /, *, stream=None)": "to_device",
}
ATTRIBUTES = ["dtype", "device", "mT", "ndim", "shape", "size", "T"]
CONSTANTS = ["e", "inf", "nan", "newaxis", "pi"]
BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def rows(table: dict[str, str]) -> list[Any]:
    return [pytest.param(name, text, id=name) for text, names in table.items() for name in names.split()]


def signature(text: str) -> inspect.Signature:
    """The signature that a text in the table stands for."""
    made: dict[str, Any] = {}
    exec(f"def function{text}: ...", made)
    return inspect.signature(made["function"])


def same_default(ours: Any, theirs: Any) -> bool:
    return ours is theirs or (type(ours) in (int, float, str, bool) and ours == theirs)


def complaints(function: Callable[..., Any], text: str) -> list[str]:
    """What keeps `function` from being called as the standard says."""
    ours = inspect.signature(function).parameters
    in_order = list(ours.values())
    found = []
    for place, wanted in enumerate(signature(text).parameters.values()):
        if wanted.kind is Parameter.KEYWORD_ONLY:
            mine = ours.get(wanted.name)
            fits = mine is not None and mine.kind in (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        else:
            mine = in_order[place] if place < len(in_order) else None
            fits = mine is not None and (
                mine.kind in BY_POSITION if wanted.kind is Parameter.POSITIONAL_ONLY else mine.kind is wanted.kind
            )
            if wanted.kind is Parameter.POSITIONAL_OR_KEYWORD:
                fits = fits and mine is not None and mine.name == wanted.name
        if mine is None or not fits:
            found.append(f"{wanted} ({wanted.kind.description}) is expected, found {mine}")
        elif wanted.default is not Parameter.empty and not same_default(mine.default, wanted.default):
            found.append(f"{wanted.name} is {wanted.default!r} when omitted, found {mine.default!r}")
    asked = {wanted.name for wanted in signature(text).parameters.values()}
    required = [p.name for p in in_order if p.default is Parameter.empty and p.kind is Parameter.KEYWORD_ONLY]
    return found + [f"{name} must be given, and the standard does not know it" for name in required if name not in asked]


@pytest.mark.parametrize(("name", "text"), rows(FUNCTIONS))
def test_a_function_of_the_standard_is_called_as_it_says(name: str, text: str) -> None:
    function: Any = at
    for part in name.split("."):
        function = getattr(function, part)
    assert complaints(function, text) == []


@pytest.mark.parametrize(("name", "text"), rows(METHODS))
def test_a_method_of_the_standard_is_called_as_it_says(name: str, text: str) -> None:
    assert complaints(getattr(at.ones((2, 2)), name), text) == []


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_tensor_has_the_attributes_of_the_standard(name: str) -> None:
    assert not callable(getattr(at.ones((2, 2)), name))


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_is_a_python_number(name: str) -> None:
    assert type(getattr(at, name)) is (float if name != "newaxis" else type(None))


def test_what_cannot_be_called_so_is_found() -> None:
    def renamed(x: Any, /, ax: Any = None) -> None: ...
    def required(x: Any, /, *, axis: Any = None, keepdims: bool = False, own: Any) -> None: ...
    def starred(*x: Any, axis: Any = 0, keepdims: bool = False) -> None: ...

    text = "(x, /, *, axis=None, keepdims=False)"
    assert len(complaints(renamed, text)) == 2
    assert complaints(required, text) == ["own must be given, and the standard does not know it"]
    assert len(complaints(starred, text)) == 2
