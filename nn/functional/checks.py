"""What losses ask of their operands: one shape, a known reduction, labels that name a class."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autotensor.core.errors import DataError, DTypeError, IndexRangeError, ShapeError, UnknownNameError, did_you_mean
from autotensor.core.namespace import recorded
from autotensor.core.node import followed
from autotensor.core.recording import current
from autotensor.core.spec import Array
from autotensor.ops.comparison import less, not_equal, where
from autotensor.ops.conversion import astype, lift
from autotensor.ops.reduction import mean, sum

REDUCTIONS = ("mean", "sum", "none")
_lowest, _highest = np.minimum.reduce, np.maximum.reduce  # x.min() takes half as long again


def here(message: str) -> str:
    """`message` behind the path of the module that is being called, if there is one."""
    return f"{current.outer}: {message}" if current.outer.path else message


def asked(x: Any, question: Callable[..., None]) -> Any:
    """`x`, once `question(numbers, where)` has raised nothing: now, or at each call of what is being compiled."""
    if hasattr(x, "interpret"):
        return recorded.checked(x, check=partial(question, where=here("")))
    question(x.data, where=here(""))
    return x


def known(name: str, given: object, options: tuple[str, ...]) -> str:
    """The setting `name`, if it is one of `options`.

    Raises: UnknownNameError with the nearest option.
    """
    if isinstance(given, str) and given in options:
        return given
    raise UnknownNameError(
        here(f"{name} is one of {', '.join(map(repr, options))}, got {given!r}.{did_you_mean(given, options)}")
    )


def reduced(loss: Any, reduction: str) -> Any:
    """Losses of single elements as their mean, their sum, or as they are."""
    known("reduction", reduction, REDUCTIONS)
    return mean(loss) if reduction == "mean" else sum(loss) if reduction == "sum" else loss


def paired(input: Any, target: Any, *, names: tuple[str, str] = ("input", "target")) -> tuple[Any, Any]:
    """Two operands of one shape; the second in the dtype of the first, so that the loss has it too.

    Raises: ShapeError if the shapes differ. They are never broadcast: (n,) against (n, 1) would compare each with all.
    """
    x, t = lift(input), lift(target)
    if tuple(x.shape) != tuple(t.shape):
        raise ShapeError(here(f"{names[0]} has shape {tuple(x.shape)} and {names[1]} {tuple(t.shape)}; {_repair(x, t, names)}"))
    return x, astype(t, x.dtype) if x.dtype.kind == "f" and t.dtype != x.dtype else t


def _repair(x: Any, t: Any, names: tuple[str, str]) -> str:
    if np.prod(x.shape) == np.prod(t.shape):
        return f"losses do not broadcast. Write {names[1]}.reshape({tuple(x.shape)})."
    return "losses do not broadcast: give one target for each input."


def class_labels(target: Any, classes: int, shape: tuple[int, ...], ignore_index: int | None = None) -> tuple[Any, Any]:
    """Labels that name one of `classes`, and which of them count (None: all). Ignored ones become 0.

    Raises: ShapeError unless they have `shape`; DTypeError unless they are integers; IndexRangeError outside [0, classes).
    """
    labels = lift(target)
    if tuple(labels.shape) != shape:
        repair = f" Write target.reshape({shape})." if np.prod(labels.shape) == np.prod(shape) else ""
        raise ShapeError(
            here(f"labels of shape {shape} expected, one for each row of {classes} scores, got {labels.shape}.{repair}")
        )
    if labels.dtype.kind not in "iu":
        raise DTypeError(
            here(f"labels are integers from 0 to {classes - 1}, got dtype {labels.dtype}. Write target.astype('int64').")
        )
    if hasattr(labels, "interpret"):
        kept = None
        if ignore_index is not None and labels.size and not (_all_count() and not 0 <= ignore_index < classes):
            kept = not_equal(labels, ignore_index)
            labels = where(kept, labels, 0)
        return asked(labels, partial(_name_classes, classes=classes)), kept
    if followed(labels.node):  # vmap: a label that names no class goes where the loss itself refuses it
        kept = None if ignore_index is None else not_equal(labels, ignore_index)
        named = labels if kept is None else where(kept, labels, 0)
        return where(less(named, 0), classes, named), kept
    numbers = labels.data
    counts = None
    if ignore_index is not None and (ignored := numbers == ignore_index).any():
        numbers, counts = np.where(ignored, 0, numbers), ~ignored
    _name_classes(numbers, here(""), classes)
    return (labels if counts is None else lift(numbers)), counts


def _all_count() -> bool:
    """Whether a plan is made that may presume that no label is ignored, as it refuses such a label."""
    watcher = current.watcher
    return watcher is not None and watcher.traces and watcher.presume()


def _name_classes(labels: Array, where: str, classes: int) -> None:
    if labels.size and (_lowest(labels, axis=None) < 0 or _highest(labels, axis=None) >= classes):
        over = np.maximum(labels - (classes - 1), -labels)
        place = np.unravel_index(int(over.argmax()), labels.shape)
        worst = f"label {labels[place]} at index {tuple(map(int, place))}"
        raise IndexRangeError(f"{where}{worst} is outside the {classes} classes: labels are 0 to {classes - 1}.")


def class_weights(weight: Any, classes: int) -> Any:
    """One weight a class.

    Raises: ShapeError unless there are as many weights as classes.
    """
    w = lift(weight)
    if tuple(w.shape) != (classes,):
        raise ShapeError(here(f"weight has one entry for each of the {classes} classes, got shape {tuple(w.shape)}."))
    return w


def signs(target: Any) -> Any:
    """Labels that all are -1 or 1.

    Raises: DataError with the first other label.
    """
    return asked(target, _are_signs)


def _are_signs(labels: Array, where: str) -> None:
    other = labels[np.abs(labels) != 1]
    if other.size:
        raise DataError(f"{where}labels are -1 or 1 here, got {other.flat[0]}. For labels 0 and 1 write 2 * target - 1.")
