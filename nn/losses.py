"""Losses as modules: each names its function and the settings it is called with.

`reduction` is "mean", "sum" or "none". Settings are keywords, but for a class weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autotensor.nn import functional as F  # noqa: N812 - PyTorch's customary name
from autotensor.nn.functional.checks import REDUCTIONS, known
from autotensor.nn.module import Module


class Loss(Module):
    """A function of input and target as a module; its settings are attributes, read again at each call.

    Raises: UnknownNameError for another reduction.

    >>> import autotensor as at
    >>> HuberLoss(delta=2.0)(at.tensor([3.0]), at.tensor([0.0]))
    tensor(4.)
    """

    function: ClassVar[Callable[..., Any]]
    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __init__(self, *, reduction: str = "mean", **settings: Any) -> None:
        super().__init__()
        self.reduction = known("reduction", reduction, self.reductions)
        self._settings = ("reduction", *settings)
        self.__dict__.update(settings)

    def forward(self, *operands: Any) -> Any:
        own = self.__dict__
        return type(self).function(*operands, **{name: own[name] for name in self._settings})

    def _weigh(self, **weights: Any) -> None:
        """Hold weights as buffers, as PyTorch does; None is no weight."""
        for name, weight in weights.items():
            self.register_buffer(name, weight)
        self._settings = (*self._settings, *weights)


class _Plain(Loss):
    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class MSELoss(_Plain):
    """Squared error: (x - t)**2."""

    function = staticmethod(F.mse_loss)


class L1Loss(_Plain):
    """Absolute error: |x - t|."""

    function = staticmethod(F.l1_loss)


class SoftMarginLoss(_Plain):
    """Logistic loss for labels -1 and 1: ln(1 + e**(-t x))."""

    function = staticmethod(F.soft_margin_loss)


class SmoothL1Loss(Loss):
    """d**2 / (2 beta) where |d| < beta, else |d| - beta/2."""

    function = staticmethod(F.smooth_l1_loss)

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction, beta=beta)


class HuberLoss(Loss):
    """d**2 / 2 where |d| <= delta, else delta (|d| - delta/2)."""

    function = staticmethod(F.huber_loss)

    def __init__(self, *, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class CrossEntropyLoss(Loss):
    """Cross-entropy of softmax(scores) with class labels or probabilities; see `functional.cross_entropy`."""

    function = staticmethod(F.cross_entropy)

    def __init__(
        self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index, label_smoothing=label_smoothing)
        self._weigh(weight=weight)


class NLLLoss(Loss):
    """Negative log-likelihood of the right class: -x[label], for log-probabilities x."""

    function = staticmethod(F.nll_loss)

    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self._weigh(weight=weight)


class MultiMarginLoss(Loss):
    """Hinge loss of many classes; see `functional.multi_margin_loss`."""

    function = staticmethod(F.multi_margin_loss)

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction, p=p, margin=margin)
        self._weigh(weight=weight)


class BCELoss(Loss):
    """-(t ln p + (1 - t) ln(1 - p)) for probabilities p."""

    function = staticmethod(F.binary_cross_entropy)

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self._weigh(weight=weight)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of sigmoid(x), without overflow."""

    function = staticmethod(F.binary_cross_entropy_with_logits)

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(reduction=reduction)
        self._weigh(weight=weight, pos_weight=pos_weight)


class KLDivLoss(Loss):
    """Kullback-Leibler divergence t (ln t - x) for log-probabilities x; reduction may also be "batchmean"."""

    function = staticmethod(F.kl_div)
    reductions = (*REDUCTIONS, "batchmean")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction, log_target=log_target)


class HingeEmbeddingLoss(Loss):
    """For distances x: x where the label is 1, max(0, margin - x) where it is -1."""

    function = staticmethod(F.hinge_embedding_loss)

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction, margin=margin)


class MarginRankingLoss(Loss):
    """max(0, margin - t (x1 - x2)), called with x1, x2 and t."""

    function = staticmethod(F.margin_ranking_loss)

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction, margin=margin)
