"""Padding, rolling, repeating, tiling, splitting and grids agree with NumPy, and the gradient finds its way back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, ShapeError

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def ramp(shape: tuple[int, ...]) -> Any:
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape)


@given(data=st.data(), shape=SHAPES, mode=st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
def test_pad_agrees_with_numpy(data: st.DataObject, shape: Any, mode: Any, agrees: Any) -> None:
    pair = st.tuples(st.integers(0, 5), st.integers(0, 5))
    width = data.draw(st.integers(0, 4) | pair | st.tuples(*(pair for _ in shape)))
    more: Any = {"constant_values": data.draw(st.sampled_from([0, 2.5, (1, -1)]))} if mode == "constant" else {}
    agrees(lambda x: at.pad(x, width, mode=mode, **more), lambda x: np.pad(x, width, mode=mode, **more), ramp(shape))


def test_an_infinite_constant_stays_outside() -> None:
    assert at.pad(at.tensor([1.0]), (0, 1), constant_values=np.inf).tolist() == [1.0, np.inf]


@given(data=st.data(), shape=SHAPES)
def test_roll_agrees_with_numpy(data: st.DataObject, shape: Any, agrees: Any) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1) | hnp.valid_tuple_axes(len(shape), min_size=1))
    shifts = st.integers(-6, 6)
    shift = data.draw(shifts | st.tuples(*(shifts for _ in axis)) if isinstance(axis, tuple) else shifts)
    agrees(lambda x: at.roll(x, shift, axis=axis), lambda x: np.roll(x, shift, axis), ramp(shape))


@given(data=st.data(), shape=SHAPES)
def test_repeat_agrees_with_numpy(data: st.DataObject, shape: Any, agrees: Any) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    n = int(np.prod(shape)) if axis is None else shape[axis]
    counts = data.draw(st.integers(0, 3) | st.lists(st.integers(0, 2), min_size=n, max_size=n))
    agrees(lambda x: at.repeat(x, counts, axis=axis), lambda x: np.repeat(x, counts, axis), ramp(shape))


@given(shape=SHAPES, times=st.lists(st.integers(0, 3), max_size=4) | st.integers(0, 3))
def test_tile_agrees_with_numpy(shape: Any, times: Any, agrees: Any) -> None:
    agrees(lambda x: at.tile(x, times), lambda x: np.tile(x, times), ramp(shape))


@given(data=st.data(), shape=SHAPES, parts=st.integers(1, 4))
def test_parts_agree_with_numpy_and_join_again(data: st.DataObject, shape: Any, parts: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = ramp(shape)
    where = data.draw(st.just(parts) | st.lists(st.integers(0, shape[axis]), max_size=3).map(sorted))
    ours, theirs = at.array_split(at.tensor(x), where, axis=axis), np.array_split(x, where, axis)
    assert len(ours) == len(theirs)
    for y, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_array_equal(
        at.concat(at.unstack(at.expand_dims(at.tensor(x), axis=axis), axis=axis), axis=0).data.size, x.size
    )
    if isinstance(where, list) or shape[axis] % where == 0:
        assert [y.tolist() for y in at.split(at.tensor(x), where, axis=axis)] == [y.tolist() for y in theirs]


@given(sides=st.lists(st.integers(0, 3), min_size=0, max_size=4), indexing=st.sampled_from(["xy", "ij"]))
def test_grids_agree_with_numpy(sides: list[int], indexing: Any) -> None:
    rows = [np.arange(n) * 1.0 for n in sides]
    ours, theirs = at.meshgrid(*rows, indexing=indexing), np.meshgrid(*rows, indexing=indexing)
    assert [y.shape for y in ours] == [y.shape for y in theirs]
    assert [y.tolist() for y in ours] == [y.tolist() for y in theirs]


REFUSED: dict[str, tuple[Callable[[], Any], type[AutotensorError], str]] = {
    "mode": (lambda: at.pad(at.ones((2,)), 1, mode="mean"), ArgumentError, "pad knows the modes constant, .*, got 'mean'"),
    "width": (lambda: at.pad(at.ones((2,)), -1), ArgumentError, "ints >= 0, got -1"),
    "widths": (lambda: at.pad(at.ones((2,)), [(1, 1)] * 3), ArgumentError, "one pair for each of 1 axes"),
    "nothing to repeat": (lambda: at.pad(at.ones((0,)), 1, mode="edge"), ShapeError, "nothing to repeat along axis 0"),
    "shifts": (lambda: at.roll(at.ones((2, 2)), (1, 2, 3), axis=(0, 1)), ArgumentError, "a shift for each axis"),
    "counts": (lambda: at.repeat(at.ones((2,)), [1, 2, 3]), ArgumentError, "each of the 2 elements of axis 0, got"),
    "times": (lambda: at.tile(at.ones((2,)), -1), ArgumentError, "n >= 0 times, got -1"),
    "unequal parts": (lambda: at.split(at.ones((3,)), 2), ShapeError, r"axis 0 of shape \(3,\) cannot be cut into 2 equal parts"),
    "no parts": (lambda: at.array_split(at.ones((3,)), 0), ArgumentError, "at least one part, got 0"),
    "nothing to unstack": (lambda: at.unstack(at.tensor(1.0)), ShapeError, "at least one axis"),
    "a grid of matrices": (lambda: at.meshgrid(at.ones((2, 2))), ShapeError, r"tensors of one axis, got shape \(2, 2\)"),
    "indexing": (lambda: at.meshgrid(at.ones((2,)), indexing="yx"), ArgumentError, '"xy" or "ij", got \'yx\''),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_say_what_was_expected(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()
