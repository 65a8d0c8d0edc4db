"""What losses refuse, and what their messages say."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.core.errors import (
    ArgumentError,
    AutotensorError,
    DataError,
    DTypeError,
    IndexRangeError,
    ShapeError,
    UnknownNameError,
)
from autotensor.nn import functional as F

SCORES = at.zeros((3, 4))
PAIRED = [F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.binary_cross_entropy, F.binary_cross_entropy_with_logits]
PAIRED += [F.soft_margin_loss, F.hinge_embedding_loss, F.kl_div]


@pytest.mark.parametrize("loss", PAIRED)
def test_losses_never_broadcast(loss: Callable[..., Any]) -> None:
    with pytest.raises(ShapeError, match=r"input has shape \(3,\) and target \(3, 1\).*target\.reshape\(\(3,\)\)"):
        loss(at.ones(3), at.ones((3, 1)))
    with pytest.raises(ShapeError, match=r"\(3,\) and target \(4,\).*one target for each input"):
        loss(at.ones(3), at.ones(4))


@pytest.mark.parametrize("loss", [*PAIRED, F.cross_entropy, F.nll_loss, F.multi_margin_loss])
def test_a_misspelt_reduction_is_answered_with_the_nearest(loss: Callable[..., Any]) -> None:
    labelled = loss in (F.cross_entropy, F.nll_loss, F.multi_margin_loss)
    operands = (SCORES, at.tensor([0, 1, 2])) if labelled else (at.ones(3), at.ones(3))
    with pytest.raises(UnknownNameError, match=r"reduction is one of 'mean', 'sum', 'none'.*got 'maen'\. Did you mean 'mean'\?"):
        loss(*operands, reduction="maen")


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss, F.multi_margin_loss])
@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ([0, 9, 4], IndexRangeError, r"label 9 at index \(1,\) is outside the 4 classes: labels are 0 to 3"),
        ([0, 4, -7], IndexRangeError, r"label -7 at index \(2,\)"),
        ([0.0, 1.0, 2.0], DTypeError, r"labels are integers from 0 to 3, got dtype float32.*astype\('int64'\)"),
        ([[0], [1], [2]], ShapeError, r"labels of shape \(3,\) expected.*got \(3, 1\)\. Write target\.reshape\(\(3,\)\)"),
        ([0, 1], ShapeError, r"labels of shape \(3,\) expected, one for each row of 4 scores, got \(2,\)\."),
    ],
)
def test_labels_that_do_not_fit_are_named(
    loss: Callable[..., Any], target: list[Any], error: type[AutotensorError], message: str
) -> None:
    with pytest.raises(error, match=message):
        loss(SCORES, at.tensor(target))


REFUSALS = [
    (lambda: F.cross_entropy(SCORES, at.zeros((3, 4), dtype=np.int64)), DTypeError, "holds probabilities, got dtype int64"),
    (
        lambda: F.cross_entropy(SCORES, at.tensor([0, 1, 2]), weight=at.ones(3)),
        ShapeError,
        r"each of the 4 classes, got shape \(3,\)",
    ),
    (lambda: F.cross_entropy(SCORES, at.tensor([0, 1, 2]), label_smoothing=1.5), ArgumentError, "between 0 and 1, got 1.5"),
    (lambda: F.cross_entropy(SCORES, at.tensor([-100, -100, -100])), DataError, "all are ignored"),
    (lambda: F.cross_entropy(at.tensor(1.0), at.tensor(0)), ShapeError, "scores have a class axis"),
    (lambda: F.multi_margin_loss(SCORES, at.tensor([0, 1, 2]), p=3), ArgumentError, "p = 1 or p = 2, got 3"),
    (lambda: F.multi_margin_loss(at.zeros((2, 3, 4)), at.zeros((2, 4))), ShapeError, r"\(batch, classes\), got \(2, 3, 4\)"),
    (lambda: F.binary_cross_entropy(at.tensor([0.5, -3.0, 1.5]), at.ones(3)), DataError, "from 0 to 1, got -3.0"),
    (lambda: F.binary_cross_entropy(at.tensor([0.5, 1.5]), at.ones(2)), DataError, "got 1.5. Apply sigmoid first"),
    (lambda: F.soft_margin_loss(at.ones(2), at.tensor([1.0, 0.0])), DataError, r"-1 or 1 here, got 0\.0.*2 \* target - 1"),
    (lambda: F.hinge_embedding_loss(at.ones(2), at.tensor([1, 0])), DataError, "-1 or 1 here"),
    (lambda: F.margin_ranking_loss(at.ones(2), at.ones(3), at.ones(2)), ShapeError, r"input1 has shape \(2,\) and input2 \(3,\)"),
    (lambda: F.margin_ranking_loss(at.ones(2), at.ones(2), at.ones(3)), ShapeError, r"input1 has shape \(2,\) and target \(3,\)"),
    (lambda: F.huber_loss(at.ones(2), at.ones(2), delta=0.0), ArgumentError, "delta > 0, got 0"),
    (lambda: F.smooth_l1_loss(at.ones(2), at.ones(2), beta=-1.0), ArgumentError, "beta >= 0, got -1"),
    (lambda: F.kl_div(at.tensor(0.0), at.tensor(1.0), reduction="batchmean"), ShapeError, r"first axis, got shape \(\)"),
    (lambda: nn.MSELoss(reduction="avg"), UnknownNameError, "got 'avg'"),
    (lambda: nn.KLDivLoss(reduction="batchmaen"), UnknownNameError, "Did you mean 'batchmean'"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS)
def test_a_loss_says_what_it_expected(call: Callable[[], Any], error: type[AutotensorError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_ignored_labels_do_not_count_and_receive_no_gradient() -> None:
    x = at.tensor([[1.0, 2.0], [5.0, -5.0]], requires_grad=True)
    loss = F.cross_entropy(x, at.tensor([0, -100]))
    loss.backward()
    assert loss.item() == pytest.approx(F.cross_entropy(x[:1], at.tensor([0])).item())
    assert x.grad is not None
    assert x.grad.numpy()[1].tolist() == [0, 0]


def test_the_sum_over_ignored_labels_is_0() -> None:
    assert F.cross_entropy(SCORES, at.tensor([-100] * 3), reduction="sum").item() == 0


def test_arrays_and_integer_targets_serve_as_targets_and_the_loss_keeps_the_inputs_dtype() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    for target in (np.array([1, 3]), np.array([1.0, 3.0]), [1.0, 3.0]):
        loss = F.mse_loss(x, target)
        assert loss.dtype == np.float32
        assert loss.item() == 0.5


WITH_WEIGHT = {
    nn.CrossEntropyLoss: (at.tensor([[1.0, 2.0]]), at.tensor([0])),
    nn.NLLLoss: (at.tensor([[1.0, 2.0]]), at.tensor([0])),
    nn.MultiMarginLoss: (at.tensor([[1.0, 2.0]]), at.tensor([0])),
    nn.BCELoss: (at.tensor([0.25, 0.5]), at.tensor([0.0, 1.0])),
    nn.BCEWithLogitsLoss: (at.tensor([0.25, 0.5]), at.tensor([0.0, 1.0])),
}


@pytest.mark.parametrize("loss", WITH_WEIGHT)
def test_a_class_weight_is_a_buffer_and_is_used(loss: type[Any]) -> None:
    input, target = WITH_WEIGHT[loss]
    module = loss(weight=at.tensor([2.0, 3.0]), reduction="sum")
    assert [name for name, _ in module.named_buffers()] == ["weight"]
    assert module.state_dict()["weight"].tolist() == [2.0, 3.0]
    assert list(loss().state_dict()) == []
    function = type(module).function
    expected = function(input, target, weight=np.array([2.0, 3.0], np.float32), reduction="sum")
    assert module(input, target).item() == pytest.approx(expected.item())
    assert module(input, target).item() != pytest.approx(loss(reduction="sum")(input, target).item())


def test_every_loss_module_passes_its_settings_on() -> None:
    x, t, s = at.tensor([0.2, 0.9, 2.5]), at.tensor([0.0, 1.0, 1.0]), at.tensor([-1.0, 1.0, 1.0])
    pairs = [
        (nn.MSELoss(reduction="none")(x, t), F.mse_loss(x, t, "none")),
        (nn.L1Loss(reduction="sum")(x, t), F.l1_loss(x, t, "sum")),
        (nn.SmoothL1Loss(beta=0.3)(x, t), F.smooth_l1_loss(x, t, beta=0.3)),
        (nn.HuberLoss(delta=0.3)(x, t), F.huber_loss(x, t, delta=0.3)),
        (nn.SoftMarginLoss()(x, s), F.soft_margin_loss(x, s)),
        (nn.HingeEmbeddingLoss(2.0)(x, s), F.hinge_embedding_loss(x, s, 2.0)),
        (nn.MarginRankingLoss(0.5)(x, t, s), F.margin_ranking_loss(x, t, s, 0.5)),
        (nn.KLDivLoss(reduction="batchmean", log_target=True)(x, t), F.kl_div(x, t, "batchmean", log_target=True)),
        (nn.BCEWithLogitsLoss(pos_weight=at.tensor(3.0))(x, t), F.binary_cross_entropy_with_logits(x, t, pos_weight=3.0)),
        (nn.CrossEntropyLoss(label_smoothing=0.2)(x, at.tensor(1)), F.cross_entropy(x, at.tensor(1), label_smoothing=0.2)),
        (nn.NLLLoss(ignore_index=1, reduction="sum")(x, at.tensor(1)), at.tensor(0.0)),
        (nn.MultiMarginLoss(2, 0.5)(x, at.tensor(1)), F.multi_margin_loss(x, at.tensor(1), p=2, margin=0.5)),
    ]
    for given, expected in pairs:
        np.testing.assert_allclose(given.numpy(), expected.numpy(), rtol=1e-6)
