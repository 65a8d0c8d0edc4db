"""What a module is saved as: arrays by dotted path; and how they are put back, all or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autotensor.core.errors import AutotensorError, did_you_mean
from autotensor.core.spec import Array, as_array
from autotensor.core.tensor import Tensor
from autotensor.nn.walking import dotted, walk

if TYPE_CHECKING:
    from autotensor.nn.module import Module


class StateError(AutotensorError, RuntimeError):
    """Saved arrays that do not fit a module: names missing or unexpected, other shapes or kinds of numbers."""


class Keys(NamedTuple):
    """What `load_state_dict(strict=False)` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def entries(module: Module, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Parameters and persistent buffers by path, in PyTorch's order; shared ones at each of their places."""
    for path, one in walk(module):
        own = [*one._held("parameter"), *(pair for pair in one._held("buffer") if pair[0] not in one._transient)]
        for name, tensor in own:
            if tensor is not None:
                yield prefix + dotted(path, name), tensor


def collected(module: Module, prefix: str = "") -> dict[str, Tensor]:
    """Copies, as constants."""
    return {path: Tensor(tensor.data.copy()) for path, tensor in entries(module, prefix)}


def load(module: Module, given: Mapping[str, Any], strict: bool) -> Keys:
    """Check every name, shape and kind of number, then replace the arrays."""
    own = dict(entries(module))
    keys = Keys([name for name in own if name not in given], [name for name in given if name not in own])
    complaints = []
    if strict:
        complaints += [f"missing: {name!r}, of shape {own[name].shape}." for name in keys.missing_keys]
        complaints += [f"unexpected: {name!r}.{did_you_mean(name, keys.missing_keys or own)}" for name in keys.unexpected_keys]
    fresh: dict[str, Array] = {}
    for name, tensor in own.items():
        if name in given:
            value = given[name]
            array = value.data if isinstance(value, Tensor) else as_array(value)
            if array.shape != tensor.shape:
                complaints.append(f"shape: {name!r} is {tensor.shape} here and {array.shape} in what was saved.")
            elif array.dtype != tensor.dtype and not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
                complaints.append(f"dtype: {name!r} is {tensor.dtype} here and {array.dtype} in what was saved.")
            else:
                fresh[name] = np.array(array, dtype=tensor.dtype, order="C")
    if complaints:
        head = f"these arrays do not fit {type(module).__name__}, nothing was changed:"
        raise StateError("\n  ".join([head, *complaints]))
    for name, array in fresh.items():
        own[name].data = array
    return keys
