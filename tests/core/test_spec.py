"""Axes, shapes and dtypes in normal form, and the errors' small helpers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from autotensor.core import errors
from autotensor.core.broadcasting import sum_to_shape
from autotensor.core.errors import ArgumentError, AutotensorError, ShapeError, did_you_mean, missing_extra
from autotensor.core.namespace import plain
from autotensor.core.spec import broadcast_shapes, normalise_axis, normalise_shape, reduced_shape, single_axis


@pytest.mark.parametrize(
    ("axis", "ndim", "expected"),
    [
        (None, 2, (0, 1)),
        (-1, 3, (2,)),
        ((1, 0), 2, (0, 1)),
        ((), 2, ()),
        (np.int64(1), 2, (1,)),
        ([0, -1], 3, (0, 2)),
        (None, 0, ()),
    ],
)
def test_axes_become_a_sorted_tuple(axis: Any, ndim: int, expected: tuple[int, ...]) -> None:
    assert normalise_axis(axis, ndim) == expected


@pytest.mark.parametrize(
    ("axis", "ndim", "text"),
    [
        (2, 2, r"axis 2 is out of range for a 2-dimensional tensor; must be in \[-2, 2\)"),
        (-3, 2, r"axis -3 is out of range"),
        (0, 0, r"there is none \(it is 0-dimensional\)"),
        ((0, -2), 2, r"names an axis of a 2-dimensional tensor twice"),
        (0.5, 2, r"an axis is an int or a tuple of ints, got 0.5"),
        ("rows", 2, r"an axis is an int or a tuple of ints"),
    ],
)
def test_wrong_axes_are_refused_with_the_range(axis: Any, ndim: int, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        normalise_axis(axis, ndim)


def test_one_axis_is_one_int() -> None:
    assert single_axis(-1, 3) == 2
    with pytest.raises(ArgumentError, match="an axis is an int"):
        single_axis((0,), 3)  # type: ignore[arg-type]


def test_shapes_become_tuples_of_python_ints() -> None:
    assert normalise_shape(3) == (3,)
    assert normalise_shape([np.int64(2), 3]) == (2, 3)
    assert all(type(n) is int for n in normalise_shape((np.int32(2),)))
    with pytest.raises(ArgumentError, match="a shape is an int or a tuple of ints"):
        normalise_shape((1.5,))  # type: ignore[arg-type]


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0))
def test_broadcast_shapes_agree_with_numpy(shapes: Any) -> None:
    assert broadcast_shapes(*shapes.input_shapes) == shapes.result_shape


def test_shapes_that_do_not_broadcast_are_named() -> None:
    with pytest.raises(ShapeError, match=r"shapes \(2,\) and \(3,\) do not broadcast"):
        broadcast_shapes((2,), (3,))


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=1, min_side=0), result=hnp.array_shapes(min_dims=0, min_side=0))
def test_summing_to_a_shape_is_the_transpose_of_broadcasting(shapes: Any, result: Any) -> None:
    (shape,) = shapes.input_shapes
    g = np.arange(float(np.prod(shapes.result_shape))).reshape(shapes.result_shape)
    summed = sum_to_shape(plain, g, shape)
    x = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    assert summed.shape == shape
    assert np.sum(summed * x) == np.sum(g * np.broadcast_to(x, g.shape))


def test_reduced_shapes() -> None:
    assert reduced_shape((2, 3, 4), (0, 2), keepdims=False) == (3,)
    assert reduced_shape((2, 3, 4), (0, 2), keepdims=True) == (1, 3, 1)
    assert reduced_shape((), (), keepdims=False) == ()


def test_the_nearest_name_is_suggested_and_nonsense_is_not() -> None:
    assert did_you_mean("Adm", ["SGD", "Adam"]) == " Did you mean 'Adam'?"
    assert did_you_mean("zzz", ["sgd"]) == ""
    assert did_you_mean(3, []) == ""


def test_a_missing_extra_says_how_to_get_it() -> None:
    error = missing_extra("h5py", "io", "Reading .h5 files")
    assert isinstance(error, ImportError)
    assert str(error) == (
        "Reading .h5 files needs the package 'h5py', which is not installed. Install it with: pip install 'autotensor[io]'"
    )


def test_every_error_derives_from_ours_and_from_a_built_in_one() -> None:
    ours = [
        e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, AutotensorError) and e is not AutotensorError
    ]
    assert len(ours) > 8
    for error in ours:
        assert any(base.__module__ == "builtins" and base is not Exception for base in error.__mro__[:-3])
