"""A few words for an array, a gradient or a setting: what a box has room for."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.spec import SCALARS, Array, Shape, Spec
from autotensor.pictures.diagram import Line

FEW = 6  # elements that are shown as numbers


def shape_and_dtype(spec: Spec, *, always: bool = False) -> str:
    """The shape, and the dtype where it is not the usual float32 or `always`.

    >>> shape_and_dtype(Spec((2, 3), np.dtype("float32"))), shape_and_dtype(Spec((), np.dtype("float64")))
    ('(2, 3)', '() float64')
    """
    return f"{spec.shape} {spec.dtype}" if always or spec.dtype != np.float32 else f"{spec.shape}"


def number(value: Any) -> str:
    """A number with four digits.

    >>> number(0.123456), number(3), number(True), number(1e-9)
    ('0.1235', '3', 'True', '1e-09')
    """
    return f"{value:.4g}" if isinstance(value, (float, complex, np.inexact)) else str(value)


def value_lines(value: Any, *, few_only: bool = False) -> list[Line]:
    """A few elements as they are, more as mean, std, min and max; NaN and infinities are counted apart.

    >>> [line.text for line in value_lines(np.array([0.5, 2.0]))], [line.text for line in value_lines(np.arange(8.0))]
    (['[0.5, 2]'], ['mean 3.5, std 2.291', 'min 0, max 7'])
    """
    if isinstance(value, SCALARS):
        return [Line(number(value))]
    if not value.size:
        return [Line("no elements", "muted")]
    if value.size <= FEW:
        usual = value.dtype.kind not in "fc" or bool(np.isfinite(value).all())
        return [Line(_nested(value.tolist()), "plain" if usual else "warning")]
    return [] if few_only else _statistics(value)


def _nested(value: Any) -> str:
    # at most FEW elements, and NumPy allows 64 axes
    return "[" + ", ".join(map(_nested, value)) + "]" if isinstance(value, list) else number(value)


def _statistics(value: Array) -> list[Line]:
    lines = []
    if value.dtype.kind == "b":
        return [Line(f"{np.count_nonzero(value):,} of {value.size:,} are True")]
    if value.dtype.kind in "fc":
        finite = np.isfinite(value)
        if not finite.all():
            nans = int(np.count_nonzero(np.isnan(value)))
            infinite = value.size - nans - int(np.count_nonzero(finite))
            counted = [f"{count:,} {name}" for count, name in ((nans, "NaN"), (infinite, "infinite")) if count]
            lines.append(Line(f"{', '.join(counted)} of {value.size:,}", "warning"))
            value = value[finite]
            if not value.size:
                return lines
    if value.dtype.kind == "c":
        sizes = np.abs(value)
        return [*lines, Line(f"mean {number(value.mean())}"), Line(f"|z| from {number(sizes.min())} to {number(sizes.max())}")]
    with np.errstate(over="ignore", invalid="ignore"):  # the spread of huge numbers may itself be infinite
        mean, std = value.mean(dtype=np.float64), value.std(dtype=np.float64)
    lines.append(Line(f"mean {number(mean)}, std {number(std)}"))
    lines.append(Line(f"min {number(value.min())}, max {number(value.max())}"))
    return lines


def gradient_line(gradient: Any) -> Line:
    """The Euclidean norm of a gradient, or that there is none; never 0 for what was not computed.

    >>> gradient_line(None), gradient_line(np.array([3.0, 4.0]))
    (Line(text='no gradient yet', tone='muted'), Line(text='gradient norm 5', tone='gradient'))
    """
    if gradient is None:
        return Line("no gradient yet", "muted")
    return norm_line(squared_norm(gradient))


def norm_line(squared: float) -> Line:
    """The line for a gradient whose squared norm is known."""
    return Line(f"gradient norm {number(float(np.sqrt(squared)))}", "gradient" if np.isfinite(squared) else "warning")


def squared_norm(gradient: Array) -> float:
    """Sum of squares, in double precision."""
    flat = np.abs(gradient).astype(np.float64).ravel()
    with np.errstate(over="ignore", invalid="ignore"):
        return float(flat @ flat)


def settings_line(settings: dict[str, Any], operand: Shape | None, result: Shape) -> str:
    """Settings that say more than the shapes of the first operand and of the result do, as a user would write them.

    >>> settings_line({"axis": (1,), "keepdims": True}, (4, 3), (4, 1))
    'axis=1, keepdims'
    >>> settings_line({"axis": (0, 1), "keepdims": False}, (4, 3), ())
    ''
    """
    words = []
    for name, value in settings.items():
        everything = name == "axis" and operand is not None and value == tuple(range(len(operand)))
        known = name == "shape" and tuple(value) == result
        if everything or known or value is None or value is False:
            continue
        words.append(name if value is True else f"{name}={setting(value)}")
    return ", ".join(words)


def setting(value: Any) -> str:
    """One setting: a slice as `1:3`, an array by its shape, a tuple of one as the one.

    >>> setting((slice(None), 1)), setting((2,)), setting((slice(1, None, 2), ..., None))
    ('[:, 1]', '2', '[1::2, ..., None]')
    """
    if isinstance(value, tuple) and any(isinstance(part, (slice, type(...), np.ndarray)) or part is None for part in value):
        return f"[{', '.join(map(setting, value))}]"
    if isinstance(value, tuple) and len(value) == 1:
        return setting(value[0])
    if isinstance(value, slice):
        ends = ["" if end is None else str(end) for end in (value.start, value.stop)]
        return ":".join(ends if value.step is None else [*ends, str(value.step)])
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if value is ...:
        return "..."
    return value.name if isinstance(value, np.dtype) else number(value) if isinstance(value, SCALARS) else str(value)
