"""Loss objects: reductions and sample weights as in Keras, subclasses, names and configs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from autotensor.keras import losses, names

RECORDED = json.loads((Path(__file__).resolve().parents[1] / "data" / "keras-losses.json").read_text())
OBJECTS = [getattr(losses, name) for name in losses.__all__ if name[0].isupper()]
BUILT_IN = [kind for kind in OBJECTS if kind not in {losses.Loss, losses.LossFunctionWrapper, losses.LabelError}]
X, Y = np.array([[1.0, 3.0], [2.0, 5.0]]), np.array([[1.0, 2.0], [4.0, 5.0]])


def case_id(case: dict[str, Any]) -> str:
    weight = None if case["sample_weight"] is None else np.shape(case["sample_weight"])
    return f"{case['loss']}-{case['settings']}-{np.shape(case['y_pred'])}-{weight}"


@pytest.mark.parametrize("case", RECORDED["objects"], ids=case_id)
def test_a_loss_reduces_and_weighs_as_keras_does(case: dict[str, Any]) -> None:
    loss = getattr(losses, case["loss"])(**case["settings"])
    value = loss(np.array(case["y_true"]), np.array(case["y_pred"]), case["sample_weight"])
    assert value.shape == np.shape(case["value"])
    np.testing.assert_allclose(value.numpy(), case["value"], rtol=5e-7, atol=1e-12)


def test_every_reduction_was_recorded() -> None:
    recorded = {case["settings"].get("reduction", "sum_over_batch_size") for case in RECORDED["objects"]}
    assert recorded == {"sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None}


def test_weights_of_samples_apply_to_all_their_steps() -> None:
    # Keras broadcasts (n,) against (n, t) from the right: an error, or for n = t the weights of other samples
    loss = losses.MeanSquaredError(reduction="none")
    values = loss(np.zeros((2, 2, 1)), np.ones((2, 2, 1)), [1.0, 3.0])
    assert values.tolist() == [[1.0, 1.0], [3.0, 3.0]]


def test_weights_are_no_part_of_the_dtype() -> None:
    value = losses.MeanSquaredError()(X, X.astype(np.float32) + 1, np.array([1.0, 1.0]))
    assert value.dtype == np.float32


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"])
def test_no_samples_give_zero(reduction: str) -> None:
    assert losses.MeanSquaredError(reduction=reduction)(np.zeros((0, 2)), np.zeros((0, 2))).tolist() == 0.0


@pytest.mark.parametrize("reduction", ["mean_with_sample_weight", "sum_over_batch_size"])
def test_weights_that_are_all_zero_give_zero_and_no_gradient(reduction: str) -> None:
    p = at.tensor(X, requires_grad=True)
    loss = losses.MeanSquaredError(reduction=reduction)(Y, p, [0.0, 0.0])
    loss.backward()
    assert loss.item() == 0.0
    assert p.grad is not None
    assert p.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_gradient_of_a_weighted_loss_is_weighted() -> None:
    p = at.tensor(X, requires_grad=True)
    losses.MeanSquaredError()(Y, p, [1.0, 2.0]).backward()
    assert p.grad is not None
    np.testing.assert_allclose(p.grad.numpy(), 2 * (X - Y) / 2 / 2 * [[1.0], [2.0]])


@pytest.mark.parametrize("weight", [np.ones(3), np.ones((2, 3)), np.ones((2, 1, 1))])
def test_weights_that_do_not_fit_are_refused(weight: np.ndarray) -> None:
    with pytest.raises(
        ShapeError, match=r"sample_weight of shape .* does not fit losses of shape \(2,\): give one weight for each"
    ):
        losses.MeanSquaredError()(X, Y, weight)


def test_an_unknown_reduction_is_told_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match=r"reduction is one of .* got 'sum_over_batch'. Did you mean 'sum_over_batch_size'\?"
    ):
        losses.MeanSquaredError(reduction="sum_over_batch")


def test_a_dtype_decides_what_is_computed_in() -> None:
    assert losses.MeanSquaredError(dtype="float64")(X, np.float32(Y)).dtype == np.float64
    assert losses.MeanSquaredError(dtype="float32")(X, Y).dtype == np.float32
    assert losses.MeanSquaredError()(X, Y).dtype == np.float64


class Scaled(losses.Loss):
    def __init__(self, factor: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.factor = factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        assert isinstance(y_true, at.Tensor)
        assert isinstance(y_pred, at.Tensor)
        assert y_true.dtype == y_pred.dtype
        return (self.factor * at.abs(y_true - y_pred)).mean(axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def test_a_users_loss_overrides_call_and_gets_converted_operands() -> None:
    p = at.tensor([[1.0], [3.0]], requires_grad=True)
    loss = Scaled(2.0)([[0], [0]], p)
    loss.backward()
    assert loss.item() == 4.0
    assert p.grad is not None
    assert p.grad.tolist() == [[1.0], [1.0]]


def test_a_users_loss_is_named_after_its_class() -> None:
    names.reset_names()
    assert [Scaled().name, Scaled().name, Scaled(name="mine").name] == ["scaled", "scaled_1", "mine"]


def test_a_users_loss_goes_through_its_config() -> None:
    config = losses.serialize(Scaled(3.0, name="s", reduction="sum"))
    assert config["config"] == {"name": "s", "reduction": "sum", "factor": 3.0}
    again = losses.deserialize(config, custom_objects={"Scaled": Scaled})
    assert (type(again), again.factor, again.reduction) == (Scaled, 3.0, "sum")


def test_a_loss_without_call_says_so() -> None:
    with pytest.raises(ArgumentError, match=r"Loss does not say its values: define call\(self, y_true, y_pred\)\."):
        losses.Loss()(X, Y)


def test_a_function_is_given_operands_of_one_rank() -> None:
    seen = []

    def distance(y_true: Any, y_pred: Any) -> Any:
        seen.append((y_true.shape, y_pred.shape, y_true.dtype))
        return abs(y_true - y_pred).mean(axis=-1)

    assert losses.as_loss(distance)([1, 2], [[1.0], [4.0]]).item() == 1.0
    assert seen == [((2, 1), (2, 1), np.float32)]
    assert losses.as_loss(distance).name == "distance"


def test_a_function_may_return_one_number() -> None:
    assert losses.as_loss(lambda y_true, y_pred: at.sum((y_true - y_pred) ** 2))(X, Y).item() == 5.0


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.__name__)
def test_an_object_goes_through_its_config(kind: type[losses.Loss]) -> None:
    loss = kind(reduction="sum", name="mine")
    config = losses.serialize(loss)
    assert (config["module"], config["class_name"], config["registered_name"]) == ("keras.losses", kind.__name__, None)
    again = losses.deserialize(json.loads(json.dumps(config)))
    assert type(again) is kind
    assert again.get_config() == loss.get_config()
    assert kind.from_config(loss.get_config()).get_config() == loss.get_config()


def test_settings_are_attributes_and_in_the_config() -> None:
    loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, dtype="float64")
    assert (loss.from_logits, loss.label_smoothing, loss.axis, loss.dtype) == (True, 0.1, -1, "float64")
    assert loss.get_config() == {
        "name": "categorical_crossentropy",
        "reduction": "sum_over_batch_size",
        "dtype": "float64",
        "from_logits": True,
        "label_smoothing": 0.1,
        "axis": -1,
    }


def test_a_wrapped_function_goes_through_its_config() -> None:
    loss = losses.LossFunctionWrapper(losses.huber, name="h", delta=3.0)
    config = losses.serialize(loss)
    assert config["config"]["fn"] == {
        "module": "builtins",
        "class_name": "function",
        "config": "huber",
        "registered_name": "function",
    }
    for again in (losses.deserialize(config), losses.LossFunctionWrapper.from_config(config["config"])):
        assert (again.fn, again.settings, again.name) == (losses.huber, {"delta": 3.0}, "h")


def test_a_function_goes_through_its_config() -> None:
    assert losses.deserialize(losses.serialize(losses.hinge)) is losses.hinge


NAMES = {case["loss"]: case["loss"] for case in RECORDED["functions"]}
for _short, _long in (
    ("mse", "mean_squared_error"),
    ("mae", "mean_absolute_error"),
    ("mape", "mean_absolute_percentage_error"),
    ("msle", "mean_squared_logarithmic_error"),
    ("bce", "binary_crossentropy"),
    ("kld", "kl_divergence"),
):
    NAMES |= {_short: _long, _short.upper(): _long}
NAMES |= {"huber_loss": "huber", "logcosh": "log_cosh", "kullback_leibler_divergence": "kl_divergence"}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_gives_the_function(name: str) -> None:
    assert losses.get(name) is getattr(losses, NAMES[name])
    assert losses.as_loss(name).name == name


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.__name__)
def test_a_class_name_or_class_gives_an_object(kind: type[losses.Loss]) -> None:
    assert type(losses.get(kind.__name__)) is kind
    assert type(losses.get(kind)) is kind


def test_get_passes_on_what_is_no_name() -> None:
    loss = losses.Huber()
    assert losses.get(loss) is loss
    assert losses.get(max) is max
    assert losses.get(None) is None
    assert losses.as_loss(loss) is loss
    with pytest.raises(DTypeError, match=r"a loss is a name, a Loss, a function \(y_true, y_pred\) or a config dict, got 5\."):
        losses.get(5)


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("mean_square_error", "mean_squared_error"),
        ("binary_cross_entropy", "binary_crossentropy"),
        ("sparse_categorical_cross_entropy", "sparse_categorical_crossentropy"),
        ("Mse", "mse"),
        ("hubber", "huber"),
    ],
)
def test_a_misspelt_loss_is_told_the_nearest_and_all_names(given: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError) as refusal:
        losses.get(given)
    assert str(refusal.value).startswith(f"unknown loss {given!r}. Did you mean {nearest!r}? Known: bce, binary_crossentropy, ")


@pytest.mark.parametrize(
    ("y_true", "y_pred", "name"),
    [
        ([[0], [1]], [[0.3], [0.6]], "binary_crossentropy"),
        ([0, 1], [[0.3], [0.6]], "binary_crossentropy"),
        ([1, 0], [[0.3, 0.7], [0.6, 0.4]], "sparse_categorical_crossentropy"),
        ([[1], [0]], [[0.3, 0.7], [0.6, 0.4]], "sparse_categorical_crossentropy"),
        ([[0, 1], [1, 0]], [[0.3, 0.7], [0.6, 0.4]], "categorical_crossentropy"),
    ],
)
@pytest.mark.parametrize("short", ["ce", "CE", "crossentropy"])
def test_crossentropy_is_chosen_by_shapes(y_true: Any, y_pred: Any, name: str, short: str) -> None:
    assert losses.as_loss(short)(y_true, y_pred).item() == losses.as_loss(name)(y_true, y_pred).item()
