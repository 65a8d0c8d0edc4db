"""The door: what users pass as data is checked and cast here, once, and comes out as batches of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, DataError, DTypeError
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.keras import config
from autotensor.random import default


class Data(NamedTuple):
    """A data set in arrays of one length: inputs (one array, or several by position), targets and weights or None."""

    x: Array | list[Array]  # (n, ...), floating ones in the model's dtype
    y: Any  # (n, ...), or a list of such, or None
    w: Array | None  # (n,) or with more axes: one weight a sample
    n: int

    def rows(self, index: Any) -> tuple[Any, Any, Any]:
        """The samples at `index` (a slice or an array of ints) as (x, y, w)."""
        return _rows(self.x, index), _rows(self.y, index), _rows(self.w, index)

    def part(self, index: slice) -> Data:
        """A contiguous part, without copying."""
        x, y, w = self.rows(index)
        return Data(x, y, w, _length(x))


def _rows(array: Any, index: Any) -> Any:
    if array is None:
        return None
    if isinstance(array, list):
        return [_rows(each, index) for each in array]
    return array[index] if isinstance(index, slice) else array.take(index, axis=0)


def _length(x: Any) -> int:
    return len(x[0] if isinstance(x, list) else x)


def admit(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    inputs: Sequence[str],
    dtypes: Sequence[np.dtype[Any]],
    purpose: str,
    finite: bool = True,
) -> Data:
    """Check and cast a data set for a model with these inputs.

    Raises: DataError if it is empty, of unequal lengths, or (while `finite`) has NaN or infinite numbers; DTypeError if it is
    not numeric.
    """
    xs = _several(x, inputs)
    arrays = [
        _array(each, f"x[{name!r}]" if len(inputs) > 1 else "x", dtype)
        for each, name, dtype in zip(xs, inputs, dtypes, strict=True)
    ]
    n = len(arrays[0])
    floating = dtypes[0] if dtypes[0].kind == "f" else config.float_dtype()  # an Input of integers does not make y integers
    targets = None if y is None else _array(y, "y", floating, keep_integers=True)
    weights = None if sample_weight is None else _array(sample_weight, "sample_weight", floating)
    named = [(f"x[{name!r}]" if len(inputs) > 1 else "x", a) for name, a in zip(inputs, arrays, strict=True)]
    named += [("y", targets)] if targets is not None else []
    named += [("sample_weight", weights)] if weights is not None else []
    if len({len(a) for _, a in named}) > 1:
        lengths = ", ".join(f"{name} has {len(a)}" for name, a in named)
        raise DataError(f"{purpose}: all parts of the data must have the same number of samples, but {lengths}.")
    if n == 0:
        raise DataError(f"{purpose} needs at least one sample, got x of shape {arrays[0].shape}.")
    if finite:
        for name, a in named:
            _check_finite(name, a, purpose)
    return Data(arrays[0] if len(arrays) == 1 else arrays, targets, weights, n)


def _several(x: Any, inputs: Sequence[str]) -> list[Any]:
    if isinstance(x, Mapping):
        missing = [name for name in inputs if name not in x]
        if missing:
            raise DataError(f"x is a dict without {missing}; the model's inputs are {list(inputs)}, got {sorted(map(str, x))}.")
        return [x[name] for name in inputs]
    if len(inputs) == 1:
        single = isinstance(x, (list, tuple)) and len(x) == 1 and getattr(x[0], "ndim", 0) > 1
        return [x[0] if single else x]
    if not isinstance(x, (list, tuple)) or len(x) != len(inputs):
        raise DataError(f"the model has {len(inputs)} inputs {list(inputs)}: pass a list of as many arrays, or a dict by name.")
    return list(x)


def _array(data: Any, name: str, dtype: np.dtype[Any], *, keep_integers: bool = False) -> Array:
    if isinstance(data, Tensor):
        data = data.data
    try:
        array = np.asarray(data)
    except ValueError as reason:
        raise DataError(
            f"{name} is not a rectangular array: {str(reason).rstrip('.')}. Give every sample the same shape."
        ) from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"{name} must hold numbers, got dtype {array.dtype} ({type(data).__name__}). "
            f"Turn names into numbers first, for example np.unique(labels, return_inverse=True)[1]."
        )
    if array.ndim == 0:
        raise DataError(f"{name} must have one entry a sample, got a single number {array.item()!r}. Pass an array.")
    if array.dtype.kind == "f" or not keep_integers:
        array = array.astype(dtype, copy=False)
    return array


def _check_finite(name: str, array: Array, purpose: str) -> None:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    bad = ~np.isfinite(array)
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    count = int(bad.sum())
    raise DataError(
        f"{purpose}: {count} of the {array.size} numbers in {name} {'is' if count == 1 else 'are'} NaN or infinite, "
        f"the first is {name}[{', '.join(map(str, first))}] = {array[first]}. "
        f"Training on them makes every weight NaN: drop those samples, or use np.nan_to_num({name})."
    )


def weigh_classes(data: Data, class_weight: Mapping[int, float] | None) -> Data:
    """The same data with the weight of its class for each sample; a class that is not named has 1, None changes nothing.

    Raises: ArgumentError if there are weights already, or no labels; DTypeError unless `class_weight` is a dict of numbers.
    """
    if class_weight is None:
        return data
    if not isinstance(class_weight, Mapping):
        raise DTypeError(
            f"class_weight is a dict from class numbers to weights, such as {{0: 1.0, 1: 5.0}}, got {class_weight!r}."
        )
    if data.w is not None:
        raise ArgumentError("pass class_weight or sample_weight, not both: one becomes the other.")
    if data.y is None:
        raise ArgumentError("class_weight needs targets y.")
    y = data.y
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.astype(np.int64)
    if labels.size != data.n:
        raise ArgumentError(f"class_weight needs one label a sample, got y of shape {y.shape}. Pass sample_weight instead.")
    weights = [class_weight.get(label, 1.0) for label in labels.reshape(-1).tolist()]
    return data._replace(w=np.array(weights, config.float_dtype()))


def split(data: Data, fraction: float) -> tuple[Data, Data]:
    """(training, validation): the last samples, before any shuffling, cut at floor(n (1 - fraction)).

    Raises: ArgumentError unless 0 < fraction < 1; DataError if one side would be empty.
    """
    if not 0 < fraction < 1:
        raise ArgumentError(f"validation_split is a share of the samples, in (0, 1), got {fraction!r}.")
    cut = int(data.n * (1 - fraction))
    if cut in (0, data.n):
        raise DataError(f"validation_split={fraction} of {data.n} samples leaves one side empty; choose another share.")
    return data.part(slice(0, cut)), data.part(slice(cut, None))


def check_batch_size(batch_size: Any) -> int:
    """32 for None.

    Raises: ArgumentError unless it is an int >= 1.
    """
    if batch_size is None:
        return 32
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ArgumentError(f"batch_size is the number of samples a step, an int >= 1, got {batch_size!r}.")
    return int(batch_size)


def batches(data: Data, batch_size: int, shuffle: bool | str = False) -> Iterator[tuple[Any, Any, Any]]:
    """The data set once, in batches; the last may be smaller. `shuffle="batch"` shuffles whole batches only."""
    return (data.rows(index) for index in rows(data.n, batch_size, shuffle))


def rows(n: int, batch_size: int, shuffle: bool | str = False) -> Iterator[Any]:
    """Which samples each batch holds: slices, or where samples are shuffled arrays of ints."""
    starts = range(0, n, batch_size)
    if shuffle == "batch":
        for i in default.permutation(len(starts)).tolist():
            yield slice(starts[i], min(starts[i] + batch_size, n))
    elif shuffle:
        order = default.permutation(n)
        for start in starts:
            yield order[start : start + batch_size]
    else:
        for start in starts:
            yield slice(start, min(start + batch_size, n))
