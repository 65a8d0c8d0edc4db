"""Metrics against numbers from Keras, and how they accumulate."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.keras import losses, metrics

RECORDED = json.loads((Path(__file__).resolve().parents[1] / "data" / "keras-metrics.json").read_text())["metrics"]


def case_id(case: dict[str, Any]) -> str:
    return f"{case['metric']}-{case['settings']}-{'-'.join(str(np.shape(x)) for x in case['batches'][0])}"


@pytest.mark.parametrize("case", RECORDED, ids=case_id)
def test_a_metric_accumulates_as_keras_does(case: dict[str, Any]) -> None:
    metric = getattr(metrics, case["metric"])(dtype="float64", **case["settings"])
    for batch, expected in zip(case["batches"], case["results"], strict=True):
        metric.update_state(*(x if x is None else np.array(x) for x in batch))
        assert float(metric.result()) == pytest.approx(expected, rel=5e-7, abs=1e-12)


def test_every_metric_was_recorded() -> None:
    objects = {name for name in metrics.__all__ if name[0].isupper()}
    assert {case["metric"] for case in RECORDED} == objects - {"Metric", "MetricVariable", "MeanMetricWrapper"}


@pytest.mark.parametrize("kind", sorted({case["metric"] for case in RECORDED}))
def test_a_metric_before_its_first_batch_and_after_a_reset_is_zero(kind: str) -> None:
    case = next(case for case in RECORDED if case["metric"] == kind)
    metric = getattr(metrics, kind)(**case["settings"])
    assert float(metric.result()) == 0.0
    metric.update_state(*(np.array(x) for x in case["batches"][0]))
    assert float(metric.result()) != 0.0
    metric.reset_state()
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize("kind", [list, np.array, at.tensor], ids=["list", "array", "tensor"])
def test_labels_and_predictions_may_be_of_any_kind(kind: Any) -> None:
    y, p = kind([1, 0, 1]), kind([[0.2, 0.8], [0.4, 0.6], [0.1, 0.9]])
    assert metrics.SparseCategoricalAccuracy()(y, p).item() == pytest.approx(2 / 3)
    assert metrics.SparseCategoricalCrossentropy()(y, p).item() > 0
    assert metrics.MeanAbsoluteError()(p, p).item() == 0


def test_nothing_is_recorded_of_predictions_in_a_graph() -> None:
    p = at.tensor([[0.2, 0.8]], requires_grad=True) * 1.0
    seen = []

    def distance(y_true: Any, y_pred: Any) -> Any:
        seen.append((y_true * y_pred).requires_grad)
        return abs(y_true - y_pred)

    for metric in ("accuracy", "mse", distance, losses.Huber(), metrics.RootMeanSquaredError()):
        made = metrics.as_metric(metric)
        made.update_state([[0.0, 1.0]], p)
        assert not made.result().requires_grad
    assert seen == [False]


def test_a_result_is_a_tensor_of_the_metrics_dtype() -> None:
    assert metrics.Mean()([1.0, 2.0]).dtype == np.float32
    assert metrics.Mean(dtype="float64")([1.0, 2.0]).dtype == np.float64
    assert f"{metrics.Mean()([1.0, 2.0]):.4f}" == "1.5000"


def test_a_mean_of_many_does_not_stand_still() -> None:
    mean = metrics.Mean(dtype="float64")
    mean.total = mean.count = 2.0**24  # where a float32 count cannot grow
    mean.update_state(np.ones(3, np.float32))
    assert mean.count == 2**24 + 3


def test_the_mean_weighs_batches_by_their_size() -> None:
    metric = metrics.as_metric("mae")
    metric.update_state(np.zeros((3, 1)), np.ones((3, 1)))
    metric.update_state(np.zeros((1, 1)), np.full((1, 1), 5.0))
    assert metric.result().item() == 2.0


def test_a_loss_object_as_a_metric_weighs_batches_by_their_size_too() -> None:
    # Keras takes the mean of the batches' means
    metric = metrics.as_metric(losses.MeanAbsoluteError())
    metric.update_state(np.zeros((3, 1)), np.ones((3, 1)))
    metric.update_state(np.zeros((1, 1)), np.full((1, 1), 5.0))
    assert metric.result().item() == 2.0


def test_a_loss_object_that_sums_gives_the_mean_of_its_sums() -> None:
    metric = metrics.as_metric(losses.MeanAbsoluteError(reduction="sum"))
    metric.update_state(np.zeros((3, 1)), np.ones((3, 1)))
    metric.update_state(np.zeros((1, 1)), np.full((1, 1), 5.0))
    assert metric.result().item() == 4.0


@pytest.mark.parametrize("made", ["metric", "loss"])
def test_ignored_labels_do_not_count(made: str) -> None:
    # Keras counts them, as zeros, unless there are sample weights
    p = [[0.5, 0.5], [0.1, 0.9], [0.5, 0.5]]
    kind = metrics if made == "metric" else losses
    metric = metrics.as_metric(kind.SparseCategoricalCrossentropy(ignore_class=-1))
    assert metric([0, -1, 1], p).item() == pytest.approx(np.log(2))
    assert metric([0, -1, 1], p, [1.0, 5.0, 1.0]).item() == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("function", "y_true", "y_pred", "hits"),
    [
        (metrics.binary_accuracy, [1, 0, 1, 0], [[0.6], [0.5], [0.5], [0.6]], [[1], [1], [0], [0]]),
        (metrics.categorical_accuracy, [[0, 1, 0], [1, 0, 0]], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]], [1, 0]),
        (metrics.sparse_categorical_accuracy, [[1], [0]], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]], [1, 0]),
        (metrics.top_k_categorical_accuracy, [[0, 0, 1], [1, 0, 0]], [[0.1, 0.8, 0.2], [0.2, 0.5, 0.3]], [1, 1]),
        (metrics.sparse_top_k_categorical_accuracy, [2, 0], [[0.1, 0.8, 0.2], [0.2, 0.5, 0.3]], [1, 1]),
    ],
)
def test_accuracies_as_functions_give_one_value_for_each_sample(function: Any, y_true: Any, y_pred: Any, hits: Any) -> None:
    found = function(y_true, y_pred)
    assert found.dtype == np.float32
    assert found.tolist() == hits


def test_ties_share_a_rank_and_nan_is_in_no_top_k() -> None:
    found = metrics.sparse_top_k_categorical_accuracy([0, 1, 2], [[0.5, 0.5, 0.5], [0.6, 0.5, 0.6], [0.1, 0.2, np.nan]], k=1)
    assert found.tolist() == [1.0, 0.0, 0.0]
