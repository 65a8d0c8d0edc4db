"""Writing in place: what `x[index] = v` and `x += v` do.

Into a constant both really write, and every view of its memory sees it. What is recorded keeps its numbers, for a derivative may
need them: there `x += v` is `x = x + v`, and `x[index] = v` is an error that names `x.at[index]`. A leaf may be written to under
`at.no_grad()`, as an update by hand does. Each write is noted in `core.versions`, which tells a graph that saved the memory.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autotensor.core.errors import DTypeError, IndexRangeError, InPlaceError, ShapeError
from autotensor.core.node import followed
from autotensor.core.recording import current, watching
from autotensor.core.spec import SCALARS, DType, as_array
from autotensor.core.tensor import Tensor
from autotensor.core.versions import wrote
from autotensor.ops.indexing import plain_index

SIGNS = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.floordiv: "//", operator.mod: "%",
    operator.pow: "**", operator.matmul: "@", operator.and_: "&", operator.or_: "|", operator.xor: "^", operator.lshift: "<<",
    operator.rshift: ">>",
}  # fmt: skip

# Where NumPy's own function does all of it, without an array in between; the others go by way of the primitive.
UFUNCS = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply, operator.truediv: np.divide,
    operator.floordiv: np.floor_divide, operator.mod: np.remainder,
}  # fmt: skip

KINDS = {bool: "biufc", int: "iufc", float: "fc", complex: "c"}  # of the dtypes that a Python scalar can be written into

ASSIGNMENT = "x[index] = v"


def assign(x: Any, index: Any, value: Any) -> None:
    """x[index] = value, with NumPy's basic and advanced indexing; of several values for one place the last stays.

    Shapes: `value` broadcasts to x[index]. A Python scalar is weak; other dtypes must convert to x's within their kind.
    Raises: InPlaceError if x or the value is recorded, or x is read-only; DTypeError, ShapeError, IndexRangeError.

    >>> import autotensor as at
    >>> x = at.zeros((3,))
    >>> x[1:] = at.tensor([1.0, 2.0])
    >>> x
    tensor([0., 1., 2.])
    """
    if _symbolic(x) or (x.node is not None and not (_owned(x) and current.scope is None)):
        raise InPlaceError(
            f"{_outline(x)} cannot be written to by index. Use x = x.at[index].set(v), which is recorded.{_hint(x)}"
        )
    if _recorded(value):
        raise InPlaceError(
            f"{_outline(value)} cannot be written into a tensor by index, its gradient would be lost. "
            f"Use x = x.at[index].set(v), which is recorded, or write v.detach()."
        )
    parts = tuple(plain_index(part) for part in (index if isinstance(index, tuple) else (index,)))
    if all(isinstance(part, (int, np.integer)) for part in parts):
        parts = (*parts, ...)  # a single element as a view: NumPy broadcasts to that too
    given = _given(value, x.dtype)
    _checked(x, ASSIGNMENT)
    try:
        _write(x, parts, given, ASSIGNMENT)
    except IndexError as reason:
        raise IndexRangeError(f"{ASSIGNMENT}: the index does not fit a tensor of shape {x.shape}: {reason}.") from None
    except ValueError:
        place = x.data[parts].shape
        raise ShapeError(
            f"values of shape {np.shape(given)} do not fit the place: x[index] has shape {place}, x has shape {x.shape}."
        ) from None
    except OverflowError:
        raise DTypeError(f"{ASSIGNMENT}: {value} does not fit the dtype {x.dtype}. Convert x first, to a wider one.") from None


def update(x: Any, operate: Callable[[Any, Any], Any], other: Any) -> Any:
    """x += other and its relatives: x itself with new numbers, or the recorded result where something is recorded.

    Raises: InPlaceError for a leaf while recording, or if x is read-only; ShapeError and DTypeError if the result is not of x's
    shape, or of a dtype of another kind.

    >>> import autotensor as at
    >>> x = y = at.ones((2,))
    >>> x += 1
    >>> y
    tensor([2., 2.])
    """
    sign = SIGNS[operate]
    what = f"x {sign}= v"
    if not _symbolic(x) and x.node is not None and current.scope is not None and _owned(x):
        raise InPlaceError(
            f"{what} on {_outline(x)}: it collects a gradient, and would no longer be the leaf that does. For an update by hand "
            f"write `with at.no_grad(): {what}`; for a new tensor that is recorded, x = x {sign} v."
        )
    if _at_once(x, operate, other, what):
        return x
    result = operate(x, other)
    if _symbolic(result) and watching and current.watcher is not None and current.watcher.traces:
        return current.watcher.overwrite(x, result, what)
    if _symbolic(x) or (x.node is not None and not _owned(x)):
        return result
    if _recorded(result):
        if _owned(x) and _symbolic(result):
            raise InPlaceError(f"{what} on {_outline(x)}: a compiled function does not write to leaves. Let an optimizer do it.")
        return result
    if result.shape != x.shape:
        raise ShapeError(
            f"{what} keeps the shape of x, {x.shape}; x {sign} v has shape {result.shape}. Use x = x {sign} v for a new tensor."
        )
    if not np.can_cast(result.dtype, x.dtype, "same_kind"):
        raise DTypeError(
            f"{what} keeps the dtype of x, {x.dtype}; x {sign} v is {result.dtype}. Use x = x {sign} v for a new tensor, "
            f"or convert x first: x.astype({result.dtype.name!r})."
        )
    _checked(x, what)
    _write(x, ..., result.data, what)
    return x


def _at_once(x: Any, operate: Callable[[Any, Any], Any], other: Any, what: str) -> bool:
    """`update` of plain numbers by plain numbers, straight into x; whether that was possible."""
    ufunc = UFUNCS.get(operate)
    if ufunc is None or (watching and current.watcher is not None) or _symbolic(x) or not (x.node is None or _owned(x)):
        return False
    if isinstance(other, Tensor):
        if _symbolic(other) or (other.node is not None and (current.scope is not None or current.outer.following is not None)):
            return False
        other = other.data
    elif not isinstance(other, (*SCALARS, np.ndarray, np.generic)):
        return False
    try:
        ufunc(x.data, other, out=x.data, casting="same_kind")
    except (TypeError, ValueError):
        return False  # nothing was written: the long way says what is wrong
    except FloatingPointError:
        wrote(x.data, what)
        raise
    wrote(x.data, what)
    return True


def _write(x: Tensor, index: Any, given: Any, what: str) -> None:
    try:
        x.data[index] = given
    finally:
        wrote(x.data, what)  # also where NumPy stops half-way, as at an overflow under np.errstate(all="raise")


def _owned(x: Tensor) -> bool:
    """Whether x is a leaf of the user's: not a transform's, which stands for the argument, nor one example of vmap's."""
    node = x.node
    return node is not None and node.is_leaf and node.watch is not None and not followed(node)


def _recorded(x: Any) -> bool:
    """Whether something would be lost if only the numbers of x were kept."""
    if isinstance(x, (list, tuple)):
        return any(map(_recorded, x))
    return _symbolic(x) or (isinstance(x, Tensor) and x.node is not None and (current.scope is not None or followed(x.node)))


def _symbolic(x: Any) -> bool:
    """Whether x has a shape and no numbers: while it is worked out, `x += v` is x = x + v."""
    return hasattr(x, "interpret")


def _outline(x: Any) -> str:
    if isinstance(x, Tensor) and x.node is not None and not _symbolic(x):
        origin = f"a leaf{' that requires grad' if _owned(x) else ''}" if x.node.is_leaf else f"the result of {x.node.label}"
        return f"a recorded tensor of shape {x.shape} ({origin})"
    if isinstance(x, (list, tuple)):
        return f"a {type(x).__name__} with a recorded tensor in it"
    return f"a symbolic value of shape {tuple(x.shape)}"


def _hint(x: Any) -> str:
    return "" if _symbolic(x) or not _owned(x) else " For an update by hand write inside `with at.no_grad():`."


def _given(value: Any, dtype: DType) -> Any:
    """What is to be written, as an array or Python scalar that converts to `dtype`.

    Raises: DTypeError.
    """
    if type(value) in KINDS:
        given, kind = value, type(value).__name__
        fits = dtype.kind in KINDS[type(value)]
    else:
        given = value.data if isinstance(value, Tensor) else as_array(value)
        given = given if hasattr(value, "dtype") else np.asarray(value)  # a list's numbers, before they become float32
        kind = given.dtype.name
        fits = np.can_cast(given.dtype, dtype, "same_kind")
    if not fits:
        raise DTypeError(
            f"{ASSIGNMENT} keeps the dtype of x, {dtype}, and got {kind}. Convert what is written, at.astype(v, {dtype.name!r}), "
            f"or x first."
        )
    return given


def _checked(x: Tensor, what: str) -> None:
    """Refuse to write where several elements share a place, or where the memory's owner forbids it."""
    if watching and current.watcher is not None and current.watcher.traces:
        current.watcher.written(x, what)
    if not x.data.flags.writeable:
        raise InPlaceError(
            f"{what}: the memory of this tensor of shape {x.shape} is read-only; it is a broadcast view, or was lent by its "
            f"owner. Make a copy first: x = at.tensor(x)."
        )
