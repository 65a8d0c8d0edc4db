"""Strings: what they resolve to, what an unknown one is told, and names for objects without one."""

from collections.abc import Iterator

import pytest

from autotensor.core.errors import UnknownNameError
from autotensor.keras import names

TABLE = {"relu": 1, "sigmoid": 2, "Relu": 3, "log_softmax": 4}


@pytest.fixture(autouse=True)
def fresh_names() -> Iterator[None]:
    names.reset_names()
    yield
    names.reset_names()


def test_a_name_gives_what_the_table_holds() -> None:
    assert names.resolve("activation", "relu", TABLE) == 1
    assert names.resolve("activation", "Relu", TABLE) == 3


def test_case_counts_unless_it_is_said_not_to() -> None:
    with pytest.raises(UnknownNameError):
        names.resolve("activation", "SIGMOID", TABLE)
    assert names.resolve("activation", "SIGMOID", TABLE, case_sensitive=False) == 2


def test_an_exact_name_goes_before_one_of_other_case() -> None:
    assert names.resolve("activation", "Relu", TABLE, case_sensitive=False) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rellu", "unknown activation 'rellu'. Did you mean 'relu'? Known: log_softmax, relu, sigmoid."),
        ("logsoftmax", "unknown activation 'logsoftmax'. Did you mean 'log_softmax'? Known: log_softmax, relu, sigmoid."),
        ("qqq", "unknown activation 'qqq'. Known: log_softmax, relu, sigmoid."),
    ],
)
def test_an_unknown_name_is_told_the_nearest_and_all_others(given: str, message: str) -> None:
    with pytest.raises(UnknownNameError) as refusal:
        names.resolve("activation", given, TABLE)
    assert str(refusal.value) == message
    assert isinstance(refusal.value, ValueError)


def test_a_table_of_class_names_alone_is_listed_too() -> None:
    assert "Known: Dense, Flatten." in names.unknown("layer", "dense", {"Dense": 0, "Flatten": 0})


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Dense", "dense"),
        ("MaxPooling2D", "max_pooling2d"),
        ("Conv1DTranspose", "conv1d_transpose"),
        ("LSTM", "lstm"),
        ("PReLU", "p_re_lu"),
        ("KLDivergence", "kl_divergence"),
        ("BinaryIoU", "binary_io_u"),
        ("R2Score", "r2_score"),
        ("TopKCategoricalAccuracy", "top_k_categorical_accuracy"),
    ],
)
def test_class_names_become_snake_case_as_in_keras(class_name: str, name: str) -> None:
    assert names.snake_case(class_name) == name


def test_automatic_names_count_for_each_prefix() -> None:
    assert [names.unique_name("dense") for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert names.unique_name("flatten") == "flatten"


def test_automatic_names_start_again_after_a_reset() -> None:
    names.unique_name("dense")
    names.reset_names()
    assert names.unique_name("dense") == "dense"
