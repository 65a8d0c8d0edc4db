"""Convolution over any number of axes, and the two maps that are its transposes.

All three are what is left of one sum of products when one of its three factors is taken away:
sum of x[n, c, s p + d k - before] w[o, c, k] y[n, o, p] over everything, with strides s, dilations d, `before` zeros in front.
So each is linear in the two others, and each one's transposes are the other two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from autotensor.core.errors import ShapeError
from autotensor.core.examples import count
from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Multilinear
from autotensor.core.spec import Array, Shape, Spec
from autotensor.ops.sliding_windows import (
    Sliding,
    add_windows,
    count_windows,
    flattened,
    padded,
    padded_zeros,
    portions,
    windows_of,
)

# The channels of x are (groups, inner), the outputs of w and y (groups, outer): what stands in the first two axes of each.
LAYOUT = {"x": ("N", "GI"), "w": ("GO", "I"), "y": ("N", "GO")}

ONE_AXIS = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
WIDE = {"stride": (2, 1), "padding": ((1, 0), (0, 2)), "dilation": (1, 2), "groups": 2}
DEEP = {"stride": (1, 1, 2), "padding": ((0, 0), (1, 1), (0, 0)), "dilation": (1, 1, 1), "groups": 1}


class _Factor(Multilinear):
    """One of the three: `roles` are those of its operands and of its result."""

    analytic = True
    roles: ClassVar[str]

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        """The examples join the axis that those factors have which differ between them, and no other factor has."""
        examples = count(operands, batched)
        different = {role for role, many in zip(self.roles, (*batched, True), strict=True) if many}
        axis = next(one for one in "NIOG" if different == {role for role in LAYOUT if one in "".join(LAYOUT[role])})
        groups = settings["groups"]
        given = zip(self.roles[:2], operands, batched, strict=True)
        folded = [_folded(ns, x, role, axis, groups) if many else x for role, x, many in given]
        y = getattr(ns, self.name)(*folded, **{**settings, "groups": groups * examples if axis == "G" else groups})
        return _unfolded(ns, y, self.roles[-1], axis, groups, examples)


def _lengths(shape: Shape, role: str, groups: int) -> dict[str, int]:
    """How long each of the axes is that stand in the first two."""
    found: dict[str, int] = {}
    for n, axes in zip(shape, LAYOUT[role], strict=False):
        found.update(zip(axes, (groups, n // groups) if len(axes) == 2 else (n,), strict=True))
    return found


def _folded(ns: Namespace, x: Any, role: str, axis: str, groups: int) -> Any:
    """The examples, axis 0, within `axis`."""
    lengths = _lengths(tuple(x.shape[1:3]), role, groups)
    rest = tuple(x.shape[3:])
    place = [*lengths].index(axis)
    order = (*range(1, place + 1), 0, *range(place + 1, 1 + len(lengths) + len(rest)))
    y = ns.permute(ns.reshape(x, shape=(x.shape[0], *lengths.values(), *rest)), axes=order)
    lengths[axis] *= x.shape[0]
    return ns.reshape(y, shape=(*(math.prod(lengths[one] for one in axes) for axes in LAYOUT[role]), *rest))


def _unfolded(ns: Namespace, y: Any, role: str, axis: str, groups: int, examples: int) -> Any:
    """The examples within `axis` as axis 0."""
    lengths = _lengths(tuple(y.shape[:2]), role, groups * examples if axis == "G" else groups)
    rest = tuple(y.shape[2:])
    lengths[axis] //= examples
    place = [*lengths].index(axis)
    shape = [*lengths.values(), *rest]
    y = ns.reshape(y, shape=(*shape[:place], examples, *shape[place:]))
    y = ns.permute(y, axes=(place, *range(place), *range(place + 1, len(shape) + 1)))
    return ns.reshape(y, shape=(examples, *(math.prod(lengths[one] for one in axes) for axes in LAYOUT[role]), *rest))


def _geometry(x: Shape, w: Shape, y: Shape | None, groups: int, sliding: Sliding) -> Shape:
    """How many windows there are along each axis, when all three factors fit together; `y` is None if it follows from them.

    Raises: ShapeError if they do not.
    """
    spatial = len(sliding.stride)
    if not len(x) == len(w) == spatial + 2:
        raise ShapeError(
            f"convolution over {spatial} axes takes an input (examples, channels, *{spatial} sizes) and a weight "
            f"(outputs, channels / groups, *{spatial} sizes), got shapes {x} and {w}."
        )
    if x[1] != w[1] * groups:
        raise ShapeError(
            f"a weight of shape {w} with groups={groups} takes {w[1] * groups} input channels, the input of shape {x} has "
            f"{x[1]}: a weight is (outputs, channels / groups, *kernel)."
        )
    if w[0] % groups:
        raise ShapeError(f"groups={groups} does not divide the {w[0]} outputs of a weight of shape {w}; take a multiple of it.")
    places = count_windows(x[2:], w[2:], sliding)
    if y is not None and y != (x[0], w[0], *places):
        raise ShapeError(f"an input of shape {x} and a weight of shape {w} give the shape {(x[0], w[0], *places)}, got {y}.")
    return places


def _windows(whole: Array, w: Shape, places: Shape, groups: int, sliding: Sliding) -> Array:
    """The windows of a padded input, by group: (examples, groups, inner, *kernel, *places)."""
    return windows_of(whole.reshape(len(whole), groups, w[1], *whole.shape[2:]), w[2:], places, sliding)


def _by_group(x: Any, axis: int, groups: int) -> Any:
    """An axis as two, the groups and what is in each."""
    return x.reshape(*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :])


def _rows(w: Any, groups: int) -> Any:
    """A weight as matrices: (groups, outer, inner * kernel)."""
    return w.reshape(groups, w.shape[0] // groups, math.prod(w.shape[1:]))


class Convolution(_Factor):
    """Convolution as in neural networks: y[n, o, p] = sum_ck x[n, c, s p + d k - before] w[o, c, k]; no kernel is reversed."""

    roles = "xwy"
    examples = (
        (((2, 2, 4), (3, 2, 2)), ONE_AXIS),
        (((1, 2, 3, 4), (4, 1, 2, 2)), WIDE),
        (((1, 1, 2, 2, 3), (2, 1, 2, 1, 2)), DEEP),
        (((0, 1, 2), (1, 1, 2)), ONE_AXIS),
    )
    transposes = (
        lambda ns, g, x, w, **s: ns.convolution_transpose(g, w, size=tuple(x.shape[2:]), **s),
        lambda ns, g, x, w, **s: ns.convolution_weight(x, g, kernel=tuple(w.shape[2:]), **s),
    )

    def value(self, x: Any, w: Any, *, groups: int, **sliding: Any) -> Any:
        how = Sliding(**sliding)
        places = _geometry(x.shape, w.shape, None, groups, how)
        windows = _windows(padded(x, how.padding), w.shape, places, groups, how)
        y = np.empty((len(x), groups, w.shape[0] // groups, *places), np.result_type(x, w))
        rows, spatial = _rows(w, groups), len(places)
        for part in portions(windows, spatial):
            np.matmul(rows, flattened(windows[part], 2, spatial), out=flattened(y[part], 2, spatial))
        return y.reshape(len(x), w.shape[0], *places)

    def shape(self, x: Spec, w: Spec, *, groups: int, **sliding: Any) -> Spec:  # type: ignore[override]
        places = _geometry(tuple(x.shape), tuple(w.shape), None, groups, Sliding(**sliding))
        return Spec((x.shape[0], w.shape[0], *places), np.result_type(x.dtype, w.dtype))


class ConvolutionTranspose(_Factor):
    """Each element spread over its window: x[n, c, s p + d k - before] = sum of y[n, o, p] w[o, c, k], for x of that `size`."""

    roles = "ywx"
    examples = (
        (((2, 3, 3), (3, 2, 2)), {"size": (4,), **ONE_AXIS}),
        (((1, 4, 2, 4), (4, 1, 2, 2)), {"size": (3, 4), **WIDE}),
        (((1, 2, 1, 4, 1), (2, 1, 2, 1, 2)), {"size": (2, 2, 3), **DEEP}),
    )
    transposes = (
        lambda ns, g, y, w, size, **s: ns.convolution(g, w, **s),
        lambda ns, g, y, w, size, **s: ns.convolution_weight(g, y, kernel=tuple(w.shape[2:]), **s),
    )

    def value(self, y: Any, w: Any, *, size: Shape, groups: int, **sliding: Any) -> Any:
        how = Sliding(**sliding)
        shape = (len(y), w.shape[1] * groups, *size)
        places = _geometry(shape, w.shape, y.shape, groups, how)
        whole, inside = padded_zeros(shape, how.padding, np.result_type(y, w))
        windows = _windows(whole, w.shape, places, groups, how)
        columns, apart, spatial = _rows(w, groups).swapaxes(1, 2), _by_group(y, 1, groups), len(places)
        product = np.multiply if columns.shape[2] == 1 else np.matmul  # of a column and a row: BLAS takes five times as long
        for part in portions(windows, spatial):
            own = windows[part]
            add_windows(own, product(columns, flattened(apart[part], 2, spatial)).reshape(own.shape), w.shape[2:], 3)
        return np.ascontiguousarray(inside)

    def shape(self, y: Spec, w: Spec, *, size: Shape, groups: int, **sliding: Any) -> Spec:  # type: ignore[override]
        shape = (y.shape[0], w.shape[1] * groups, *size)
        _geometry(shape, tuple(w.shape), tuple(y.shape), groups, Sliding(**sliding))
        return Spec(shape, np.result_type(y.dtype, w.dtype))


class ConvolutionWeight(_Factor):
    """Each window by what it gave: w[o, c, k] = sum_np x[n, c, s p + d k - before] y[n, o, p], for a `kernel` of that shape."""

    roles = "xyw"
    examples = (
        (((2, 2, 4), (2, 3, 3)), {"kernel": (2,), **ONE_AXIS}),
        (((1, 2, 3, 4), (1, 4, 2, 4)), {"kernel": (2, 2), **WIDE}),
        (((1, 1, 2, 2, 3), (1, 2, 1, 4, 1)), {"kernel": (2, 1, 2), **DEEP}),
    )
    transposes = (
        lambda ns, g, x, y, kernel, **s: ns.convolution_transpose(y, g, size=tuple(x.shape[2:]), **s),
        lambda ns, g, x, y, kernel, **s: ns.convolution(x, g, **s),
    )

    def value(self, x: Any, y: Any, *, kernel: Shape, groups: int, **sliding: Any) -> Any:
        how = Sliding(**sliding)
        shape = (y.shape[1], x.shape[1] // groups, *kernel)
        places = _geometry(x.shape, shape, y.shape, groups, how)
        windows = _windows(padded(x, how.padding), shape, places, groups, how)
        w = np.zeros((groups, shape[0] // groups, math.prod(shape[1:])), np.result_type(x, y))
        apart, spatial = _by_group(y, 1, groups), len(places)
        for part in portions(windows, spatial):
            each = np.matmul(flattened(apart[part], 2, spatial), flattened(windows[part], 2, spatial).swapaxes(2, 3))
            w += each.sum(axis=0, dtype=w.dtype)
        return w.reshape(shape)

    def shape(self, x: Spec, y: Spec, *, kernel: Shape, groups: int, **sliding: Any) -> Spec:  # type: ignore[override]
        shape = (y.shape[1], x.shape[1] // groups, *kernel)
        _geometry(tuple(x.shape), shape, tuple(y.shape), groups, Sliding(**sliding))
        return Spec(shape, np.result_type(x.dtype, y.dtype))


convolution = Convolution()
convolution_transpose = ConvolutionTranspose()
convolution_weight = ConvolutionWeight()
