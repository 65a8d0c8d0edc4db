"""Losses and their gradients against numbers from Keras, numeric derivatives, and their own limits."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.keras import losses

DATA = Path(__file__).resolve().parents[1] / "data"
GOLDEN = json.loads((DATA / "golden" / "keras-3.15.json").read_text())["losses_per_sample"]
RECORDED = json.loads((DATA / "keras-losses.json").read_text())
LATER = {"binary_focal_crossentropy", "categorical_focal_crossentropy", "dice", "tversky"}  # losses that are not here yet
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "categorical_crossentropy(from_logits)": ("categorical_crossentropy", {"from_logits": True}),
    "binary_crossentropy(from_logits)": ("binary_crossentropy", {"from_logits": True}),
    "categorical_crossentropy(label_smoothing=.1)": ("categorical_crossentropy", {"label_smoothing": 0.1}),
}
FUNCTIONS = (
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "hinge",
    "squared_hinge",
    "categorical_hinge",
    "kl_divergence",
    "poisson",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)


def case_id(case: dict[str, Any]) -> str:
    shapes = f"{np.shape(case['y_true'])}-{np.shape(case['y_pred'])}"
    return f"{case['loss']}-{case['settings']}-{shapes}"


@pytest.mark.parametrize("label", sorted(set(GOLDEN["values"]) - LATER))
def test_a_loss_equals_the_golden_number(label: str) -> None:
    name, settings = SETTINGS.get(label, (label, {}))
    y_true = np.argmax(GOLDEN["y_true"], -1) if name.startswith("sparse") else GOLDEN["y_true"]
    y_pred = np.float32(GOLDEN["y_pred"])
    values = getattr(losses, name)(y_true, y_pred, **settings)
    # float32 cancels x against softplus(-2 x) - ln 2 in log_cosh: an ulp of ln 2 is all that can be asked for
    slack = 6e-8 if name == "log_cosh" else 0
    assert values.dtype == np.float32
    np.testing.assert_allclose(values.numpy(), np.float32(GOLDEN["values"][label]), rtol=1e-6, atol=slack)


@pytest.mark.parametrize("case", RECORDED["functions"], ids=case_id)
def test_values_and_gradients_equal_those_of_keras(case: dict[str, Any]) -> None:
    y_pred = at.tensor(np.array(case["y_pred"], np.float64), requires_grad=True)
    values = getattr(losses, case["loss"])(np.array(case["y_true"]), y_pred, **case["settings"])
    assert values.dtype == np.float64
    assert values.shape == np.shape(case["values"])
    np.testing.assert_allclose(values.numpy(), case["values"], rtol=5e-7, atol=1e-12)  # Keras takes means in float32
    values.sum().backward()
    assert y_pred.grad is not None
    np.testing.assert_allclose(y_pred.grad.numpy(), case["gradient"], rtol=5e-7, atol=1e-12)


def test_every_loss_was_recorded() -> None:
    assert {case["loss"] for case in RECORDED["functions"]} == set(FUNCTIONS)


def is_certain(case: dict[str, Any]) -> bool:
    """Whether predictions hold a 1, of which binary crossentropy takes 1 - (1 - 1e-7): 1.2e-7 in float32."""
    return case["loss"] == "binary_crossentropy" and not case["settings"] and 1.0 in np.array(case["y_pred"])


@pytest.mark.parametrize("case", [case for case in RECORDED["functions"] if not is_certain(case)], ids=case_id)
def test_float32_predictions_give_float32_losses_near_those_of_float64(case: dict[str, Any]) -> None:
    values = getattr(losses, case["loss"])(case["y_true"], np.float32(case["y_pred"]), **case["settings"])
    assert values.dtype == np.float32
    np.testing.assert_allclose(values.numpy(), case["values"], rtol=2e-5, atol=2e-6)


def operands(name: str, from_logits: bool) -> tuple[Any, Any]:
    """Labels and predictions away from kinks, in float64."""
    rng = np.random.default_rng(5)
    if name == "sparse_categorical_crossentropy":
        y_true: Any = np.array([1, 0, 3])
    elif name in {"categorical_crossentropy", "kl_divergence", "categorical_hinge"}:
        y_true = np.eye(4)[[1, 0, 3]] * 0.7 + 0.075
    elif "hinge" in name or name == "binary_crossentropy":
        y_true = np.eye(4)[[1, 0, 3]]
    else:
        y_true = rng.uniform(0.5, 3, (3, 4))
    y_pred = rng.normal(0, 3, (3, 4)) if from_logits else rng.uniform(0.05, 0.95, (3, 4))
    return y_true, y_pred


LOGITS = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")


@pytest.mark.parametrize(("name", "from_logits"), [(n, False) for n in FUNCTIONS] + [(n, True) for n in LOGITS])
def test_gradients_equal_central_differences(name: str, from_logits: bool) -> None:
    y_true, y_pred = operands(name, from_logits)
    settings = {"from_logits": True} if from_logits else {}

    def total(p: np.ndarray) -> float:
        return float(getattr(losses, name)(y_true, p, **settings).sum())

    p = at.tensor(y_pred, requires_grad=True)
    getattr(losses, name)(y_true, p, **settings).sum().backward()
    numeric = np.zeros_like(y_pred)
    for i in np.ndindex(*y_pred.shape):
        step = np.zeros_like(y_pred)
        step[i] = 1e-6
        numeric[i] = (total(y_pred + step) - total(y_pred - step)) / 2e-6
    assert p.grad is not None
    np.testing.assert_allclose(p.grad.numpy(), numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e4, -1e4])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_losses_and_gradients_are_finite_at_huge_predictions(name: str, size: float, dtype: str) -> None:
    y_true: Any = np.array([1, 0]) if name.startswith("sparse") else np.array([[0, 1], [1, 0]])
    p = at.tensor(np.array([[size, 0], [0, size]], dtype), requires_grad=True)
    if name == "poisson":  # a rate is not negative
        p = at.tensor(np.abs(p.numpy()), requires_grad=True)
    settings = {"from_logits": True} if name in LOGITS else {}
    values = getattr(losses, name)(y_true, p, **settings)
    values.sum().backward()
    assert np.isfinite(values.numpy()).all()
    assert p.grad is not None
    assert np.isfinite(p.grad.numpy()).all()


@pytest.mark.parametrize("name", LOGITS)
def test_from_logits_is_exact_in_both_tails(name: str) -> None:
    label: Any = [1] if name.startswith("sparse") else [[0.0, 1.0]]
    wrong = getattr(losses, name)(label, [[1e4, -1e4]], from_logits=True)
    right = getattr(losses, name)(label, [[-1e4, 1e4]], from_logits=True)
    assert wrong.tolist() == [1e4 if name.startswith("binary") else 2e4]
    assert right.tolist() == [0.0]


def test_the_gradient_of_sparse_crossentropy_from_logits_is_softmax_minus_one_hot() -> None:
    p = at.tensor(np.array([[1.0, 2.0, 3.0]]), requires_grad=True)
    losses.sparse_categorical_crossentropy([2], p, from_logits=True).sum().backward()
    assert p.grad is not None
    np.testing.assert_allclose(p.grad.numpy(), at.softmax(at.tensor(p.numpy())).numpy() - [[0, 0, 1]], rtol=1e-14)


def test_sparse_and_one_hot_labels_give_the_same_loss() -> None:
    rng = np.random.default_rng(1)
    p, labels = rng.uniform(0.1, 1, (6, 5)), rng.integers(0, 5, 6)
    sparse = losses.sparse_categorical_crossentropy(labels, p)
    np.testing.assert_allclose(sparse.numpy(), losses.categorical_crossentropy(np.eye(5)[labels], p).numpy(), rtol=1e-15)


def test_sparse_crossentropy_makes_no_one_hot_labels() -> None:
    p = at.tensor([[0.2, 0.8]], requires_grad=True)
    for logits in (False, True):
        node, made = losses.sparse_categorical_crossentropy([1], p, from_logits=logits).node, set()
        todo = [node]
        while todo:
            node = todo.pop()
            if node is not None and node.primitive is not None:
                made.add(node.primitive.name)
                todo.extend(node.parents)
        assert ("surprisal" if logits else "pick") in made


def test_an_ignored_row_may_hold_anything_and_gets_no_gradient() -> None:
    for logits in (False, True):
        p = at.tensor([[0.0, 0.0], [np.nan, np.inf], [0.3, 0.7]], requires_grad=True)
        with np.errstate(invalid="ignore"):
            loss = losses.sparse_categorical_crossentropy([-1, -1, 1], p, ignore_class=-1, from_logits=logits)
            loss.sum().backward()
        assert loss.tolist()[:2] == [0.0, 0.0]
        assert p.grad is not None
        assert p.grad.tolist()[:2] == [[0.0, 0.0], [0.0, 0.0]]
        assert np.isfinite(p.grad.numpy()).all()


def test_cosine_similarity_of_a_zero_vector_is_zero_with_a_finite_gradient() -> None:
    p = at.tensor([[0.0, 0.0]], requires_grad=True)
    loss = losses.cosine_similarity([[1.0, 2.0]], p)
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert p.grad is not None
    assert np.isfinite(p.grad.numpy()).all()


def test_half_precision_is_computed_in_float32() -> None:
    loss = losses.binary_crossentropy([[1.0]], np.array([[0.0]], np.float16))
    assert loss.dtype == np.float32
    np.testing.assert_allclose(loss.numpy(), [-np.log(1e-7)], rtol=1e-6)


def test_hinge_maps_labels_only_if_all_are_zero_or_one() -> None:
    assert losses.hinge([[0.0, 1.0]], [[1.0, 1.0]]).tolist() == [1.0]
    assert losses.hinge([[0.0, -1.0]], [[1.0, 1.0]]).tolist() == [1.5]


@pytest.mark.parametrize("kind", [list, np.array, at.tensor], ids=["list", "array", "tensor"])
@pytest.mark.parametrize("labels", [[0, 1, 1], [False, True, True], [0.0, 1.0, 1.0]], ids=["ints", "bools", "floats"])
def test_labels_may_be_of_any_kind(kind: Any, labels: list[Any]) -> None:
    p = np.array([[0.2, 0.8], [0.4, 0.6], [0.9, 0.1]], np.float32)
    expected = losses.sparse_categorical_crossentropy([0, 1, 1], p).tolist()
    assert losses.sparse_categorical_crossentropy(kind(labels), p).tolist() == expected
    binary = losses.binary_crossentropy(kind(labels), p[:, :1])
    assert binary.dtype == np.float32
    assert binary.tolist() == losses.binary_crossentropy([[0.0], [1.0], [1.0]], p[:, :1]).tolist()


def test_the_gradient_flows_to_recorded_labels_too() -> None:
    t = at.tensor([[1.0, 2.0]], requires_grad=True)
    losses.mean_squared_error(t, [[0.0, 0.0]]).sum().backward()
    assert t.grad is not None
    assert t.grad.tolist() == [[1.0, 2.0]]


def test_a_second_derivative_follows() -> None:
    p = at.tensor(np.array([[0.3, -0.2]]), requires_grad=True)
    losses.categorical_crossentropy([[0.0, 1.0]], p, from_logits=True).sum().backward(create_graph=True)
    first = p.grad
    assert first is not None
    p.grad = None
    first[0, 0].backward()
    s = at.softmax(at.tensor(p.numpy())).numpy()[0]
    assert p.grad is not None
    np.testing.assert_allclose(p.grad.numpy(), [[s[0] * s[1], -s[0] * s[1]]], rtol=1e-12)
