"""Shapes and labels that do not fit a loss: what is reconciled, and what the errors say."""

from typing import Any

import numpy as np
import pytest

from autotensor.core.errors import ArgumentError, DataError, DTypeError, ShapeError
from autotensor.keras import losses

ELEMENTWISE = [
    losses.mean_squared_error,
    losses.mean_absolute_error,
    losses.mean_absolute_percentage_error,
    losses.mean_squared_logarithmic_error,
    losses.cosine_similarity,
    losses.huber,
    losses.log_cosh,
    losses.hinge,
    losses.squared_hinge,
    losses.categorical_hinge,
    losses.kl_divergence,
    losses.poisson,
    losses.binary_crossentropy,
]


@pytest.mark.parametrize("loss", ELEMENTWISE, ids=lambda loss: loss.__name__)
def test_a_vector_and_a_column_are_reconciled(loss: Any) -> None:
    t, p = np.array([0.0, 1.0, 1.0]), np.array([0.3, 0.6, 0.9])
    expected = loss(t[:, None], p[:, None])
    assert expected.shape == (3,)
    assert loss(t, p[:, None]).tolist() == expected.tolist()
    assert loss(t[:, None], p).tolist() == expected.tolist()


def test_a_trailing_axis_of_one_is_dropped_beside_a_matrix() -> None:
    t, p = np.ones((2, 3)), np.zeros((2, 3, 1))
    assert losses.mean_squared_error(t, p).tolist() == [1.0, 1.0]
    assert losses.mean_squared_error(t[..., None], p[..., 0]).tolist() == [1.0, 1.0]


BOTH = "loss='sparse_categorical_crossentropy' with a softmax output, or one-hot labels: keras.utils.to_categorical(y, 10)."
CLASSES = f"If the labels are class numbers, use {BOTH}"
ERRORS = [
    ("binary_crossentropy", (32,), (32, 10), CLASSES),
    ("binary_crossentropy", (32, 1), (32, 10), CLASSES),
    ("categorical_crossentropy", (32,), (32, 10), CLASSES),
    ("categorical_crossentropy", (32, 1), (32, 10), CLASSES),
    ("categorical_crossentropy", (8, 5), (8, 5, 10), CLASSES),
    ("kl_divergence", (32,), (32, 10), CLASSES),
    ("mean_squared_error", (32,), (32, 10), "For one value a sample, give the last layer 1 unit; if the labels are class"),
    ("mean_absolute_error", (32, 1), (32, 3), "For one value a sample, give the last layer 1 unit; if the labels are class"),
    ("mean_squared_error", (32, 3), (32, 1), "The labels hold 3 for each prediction of 1: give the last layer 3 units."),
    ("categorical_crossentropy", (32, 7), (32, 10), "The labels hold 7 for each prediction of 10: give the last layer 7 units."),
    ("mean_squared_error", (31, 3), (32, 3), "The number of samples differs: give one label for each prediction."),
    ("huber", (4, 5, 2), (4, 2), "Bring the labels into the shape (4, 2), or change what the last layer gives."),
    ("hinge", (), (4, 2), "The number of samples differs: give one label for each prediction."),
    (
        "sparse_categorical_crossentropy",
        (32, 10),
        (32, 10),
        "Labels that are one-hot need 'categorical_crossentropy'; for this one pass class numbers: y.argmax(axis=-1).",
    ),
    ("sparse_categorical_crossentropy", (31,), (32, 10), "The number of samples differs: give one label for each prediction."),
    (
        "sparse_categorical_crossentropy",
        (32, 4),
        (32, 10),
        "It takes one class number for each prediction: labels of shape (32,).",
    ),
]


@pytest.mark.parametrize(("name", "labels", "predictions", "repair"), ERRORS)
def test_shapes_that_do_not_fit_name_the_loss_both_shapes_and_the_repair(
    name: str, labels: Any, predictions: Any, repair: str
) -> None:
    got = f"{name} got labels (y_true) of shape {labels} for predictions (y_pred) of shape {predictions}. "
    for loss in (getattr(losses, name), losses.as_loss(name)):
        with pytest.raises(ShapeError) as refusal:
            loss(np.zeros(labels, int), np.zeros(predictions, np.float32))
        assert str(refusal.value).startswith(got + repair)


def test_two_single_numbers_are_no_batch() -> None:
    with pytest.raises(
        ShapeError, match=r"huber needs an axis to reduce, got two single numbers\. Give them a batch: \[\[y\]\]\."
    ):
        losses.huber(1.0, 2.0)


LABELS = [
    (
        [0, 9, 12, 3],
        10,
        "got label 12 at index 2; the model predicts 10 classes, so labels are 0 to 9. Give the last layer 13 units",
    ),
    (
        [1, 2, 3],
        3,
        "got label 3 at index 2; the model predicts 3 classes, so labels are 0 to 2. The labels start at 1: subtract 1.",
    ),
    ([0, -1, 2], 3, "got label -1 at index 1; the model predicts 3 classes, so labels are 0 to 2. To leave out samples without"),
    ([0, -7, 4], 3, "got label -7 at index 1; "),
    (
        [0, 1, 1],
        1,
        "got label 1 at index 1; the model predicts 1 class, so every label is 0. For two classes use loss='binary_cross",
    ),
    ([0.0, 1.5], 3, "takes class numbers, got 1.5 at index 1. For labels that are no classes use another loss."),
    ([0.0, float("nan")], 3, "takes class numbers, got nan at index 1."),
    ([[0, 1], [2, 5]], 3, "got label 5 at index (1, 1); "),
]


@pytest.mark.parametrize(("labels", "classes", "message"), LABELS)
def test_labels_that_name_no_class_are_refused(labels: Any, classes: int, message: str) -> None:
    p = np.full((*np.shape(labels), classes), 0.5, np.float32)
    for given in (labels, np.array(labels), np.float32(labels)):
        with pytest.raises(losses.LabelError) as refusal:
            losses.sparse_categorical_crossentropy(given, p)
        assert str(refusal.value).startswith(f"sparse_categorical_crossentropy {message}")
    assert isinstance(refusal.value, DataError)
    assert isinstance(refusal.value, ValueError)


def test_an_infinite_label_is_refused() -> None:
    with pytest.raises(losses.LabelError, match=r"takes class numbers, got inf at index 1"):
        losses.sparse_categorical_crossentropy([0.0, float("inf")], [[0.5, 0.5], [0.5, 0.5]])


def test_labels_of_a_whole_data_set_are_looked_at_before_training() -> None:
    labels = np.arange(100) % 11
    for name in ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", "ce"):
        with pytest.raises(losses.LabelError, match=r"got label 10 at index 10; the model predicts 10 classes"):
            losses.check_labels(losses.as_loss(name), labels, (1, 10))
        losses.check_labels(losses.as_loss(name), labels % 10, (1, 10))
    losses.check_labels(losses.SparseCategoricalCrossentropy(ignore_class=10), labels, (1, 10))
    losses.check_labels(losses.as_loss("mse"), labels, (1, 1))
    losses.check_labels(losses.as_loss(lambda y_true, y_pred: y_pred), labels, (1, 10))


def test_labels_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(DTypeError, match=r"cannot make a tensor of list: could not convert"):
        losses.mean_squared_error(["cat"], [[1.0]])


def test_complex_predictions_are_refused() -> None:
    with pytest.raises(DTypeError, match=r"predictions \(y_pred\) must be real, got dtype complex128"):
        losses.mean_squared_error([[1.0]], np.array([[1j]]))


@pytest.mark.parametrize("smoothing", [-0.1, 1.1])
@pytest.mark.parametrize("loss", [losses.binary_crossentropy, losses.categorical_crossentropy], ids=lambda loss: loss.__name__)
def test_a_smoothing_outside_zero_to_one_is_refused(loss: Any, smoothing: float) -> None:
    with pytest.raises(ArgumentError, match=rf"{loss.__name__}: label_smoothing must be in \[0, 1\], got {smoothing}"):
        loss([[0.0, 1.0]], [[0.5, 0.5]], label_smoothing=smoothing)


def test_one_class_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"categorical_crossentropy over one class is always 0 \(y_pred has shape \(1, 1\)\)\."):
        losses.categorical_crossentropy([[1.0]], [[0.7]])


def test_an_error_names_the_loss_object_that_it_happened_in() -> None:
    with pytest.raises(ShapeError, match=r"^my_loss: mean_squared_error got labels"):
        losses.MeanSquaredError(name="my_loss")(np.zeros(3), np.zeros((3, 2)))
