"""to_categorical against Keras 3.15.1, and what Keras lets pass."""

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, DataError, DTypeError
from autotensor.keras.utils import np_utils, to_categorical

FROM_KERAS = [
    ([0, 1, 2], None, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    ([[0], [2]], None, [[1, 0, 0], [0, 0, 1]]),
    ([[0, 1], [2, 0]], 4, [[[1, 0, 0, 0], [0, 1, 0, 0]], [[0, 0, 1, 0], [1, 0, 0, 0]]]),
    ([[[0]], [[1]]], None, [[[1, 0]], [[0, 1]]]),
    (3, None, [0, 0, 0, 1]),
    (["1", "0"], None, [[0, 1], [1, 0]]),
    ([True, False], None, [[0, 1], [1, 0]]),
    ([1], 0, [[0, 1]]),
    (np.array([1.0, 0.0], "float32"), 2, [[0, 1], [1, 0]]),
    (np.array([1, 0], object), 2, [[0, 1], [1, 0]]),
]


@pytest.mark.parametrize(("x", "classes", "expected"), FROM_KERAS)
def test_values_and_shapes_are_those_of_keras(x, classes, expected):
    got = to_categorical(x, classes)
    assert type(got) is np.ndarray
    assert got.dtype == np.float64
    assert got.tolist() == expected
    assert got.shape == np.shape(expected)


def test_no_labels_give_no_rows_if_the_number_of_classes_is_known():
    assert to_categorical([], 3).shape == (0, 3)
    with pytest.raises(DataError, match="Pass num_classes"):
        to_categorical([])


def test_the_dtype_of_keras_2_can_be_asked_for():
    assert to_categorical([0, 1], 2, "float32").dtype == np.float32


def test_a_tensor_gives_a_tensor_of_float32():
    got = to_categorical(at.Tensor(np.array([0, 1])), 2)
    assert isinstance(got, at.Tensor)
    assert (got.dtype, got.tolist()) == (np.float32, [[1, 0], [0, 1]])


def test_the_path_of_keras_2_leads_to_the_same_function():
    assert np_utils.to_categorical is to_categorical


@pytest.mark.parametrize(
    ("x", "classes", "message"),
    [
        ([0, -1], None, r"the label at \[1\] is -1, which is negative. Class numbers begin at 0"),
        ([[0, 1], [2, 5]], 3, r"the label at \[1, 1\] is 5, outside the 3 classes 0 to 2. Pass a greater num_classes"),
        ([1, 2, 3], 3, r"the label at \[2\] is 3, outside the 3 classes 0 to 2. Subtract 1: these labels begin at 1."),
        ([0.9, 0.1], None, r"the label at \[0\] is 0.9, which is not a whole number. Pass class numbers"),
        ([1.0, float("nan")], None, r"the label at \[1\] is nan, which is not a whole number"),
        (7, 3, "the label is 7, outside"),
    ],
)
def test_a_label_that_is_no_class_is_an_error_that_shows_it(x, classes, message):
    with pytest.raises(DataError, match=message):
        to_categorical(x, classes)


def test_names_are_an_error_that_says_how_to_number_them():
    with pytest.raises(DTypeError, match="return_inverse=True"):
        to_categorical(["cat", "dog"])


def test_ragged_labels_are_an_error():
    with pytest.raises(DTypeError, match="cannot make integers of"):
        to_categorical([[0], [1, 2]])


def test_a_negative_number_of_classes_is_an_error():
    with pytest.raises(ArgumentError, match="num_classes > 0, got -2"):
        to_categorical([0], -2)


def test_the_labels_are_left_alone():
    x = np.array([[2], [0]])
    to_categorical(x)[:] = 9
    assert x.tolist() == [[2], [0]]
