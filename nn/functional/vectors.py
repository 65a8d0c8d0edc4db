"""Functions of whole rows: probabilities from scores, unit length, one-hot codes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotensor import ops
from autotensor.core.errors import ArgumentError, DataError, DTypeError
from autotensor.core.namespace import recorded as ns
from autotensor.nn.functional.checks import class_labels, here
from autotensor.ops.conversion import lift


def softmax(input: Any, dim: int | None = None) -> Any:
    """y_i = e**x_i / sum_j e**x_j along `dim`.

    Raises: ArgumentError without `dim`: PyTorch guesses it, with a warning.

    >>> import autotensor as at
    >>> softmax(at.tensor([0.0, 0.0]), dim=-1)
    tensor([0.5, 0.5])
    """
    return ops.softmax(input, axis=_given("softmax", dim))


def log_softmax(input: Any, dim: int | None = None) -> Any:
    """y_i = x_i - ln sum_j e**x_j along `dim`.

    Raises: ArgumentError without `dim`: PyTorch guesses it, with a warning.

    >>> import autotensor as at
    >>> log_softmax(at.tensor([0.0, 0.0]), dim=-1)
    tensor([-0.6931472, -0.6931472])
    """
    return ops.log_softmax(input, axis=_given("log_softmax", dim))


def _given(name: str, dim: int | None) -> int:
    if dim is None:
        raise ArgumentError(here(f"{name} needs dim, the axis of the classes; that is usually dim=-1."))
    return dim


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """y = x / max(norm, eps), where norm = (sum_i |x_i|**p)**(1/p) along `dim`; p may be infinite.

    Raises: ArgumentError unless p > 0.

    >>> import autotensor as at
    >>> normalize(at.tensor([[3.0, 4.0]]))
    tensor([[0.6, 0.8]])
    """
    if not p > 0:
        raise ArgumentError(here(f"normalize needs p > 0, got {p}."))
    x = lift(input)
    if p == 2:  # the limit before the root, whose derivative at 0 is not finite
        return x / ns.sqrt(ns.maximum(ops.sum(ns.square(x), dim, keepdims=True), eps * eps))
    size = ns.abs(x)
    if p == 1:
        return x / ns.maximum(ops.sum(size, dim, keepdims=True), eps)
    if math.isinf(p):
        return x / ns.maximum(ops.max(size, dim, keepdims=True), eps)
    total = ops.sum(ns.power(size, p), dim, keepdims=True)
    nothing = total <= 0
    norm = ns.where(nothing, eps, ns.power(ns.where(nothing, 1.0, total), 1 / p))
    return x / ns.maximum(norm, eps)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Class labels as rows with a single 1; by default there are as many classes as the largest label asks for.

    Shapes: tensor (...), integers -> (..., num_classes), int64.
    Raises: DTypeError unless integers; IndexRangeError outside [0, num_classes).

    >>> import autotensor as at
    >>> one_hot(at.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    labels = lift(tensor)
    classes = num_classes
    if classes == -1:
        if labels.dtype.kind not in "iu":
            raise DTypeError(here(f"one_hot takes integers, got dtype {labels.dtype}. Write tensor.astype('int64')."))
        if labels.size == 0:
            raise DataError(here("one_hot cannot tell the number of classes from no labels; give num_classes."))
        classes = int(labels.numpy().max()) + 1
    checked, _ = class_labels(labels, classes, tuple(labels.shape))
    return ops.astype(ops.expand_dims(checked, -1) == np.arange(classes), np.int64)
