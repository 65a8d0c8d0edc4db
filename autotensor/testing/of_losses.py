"""`check_loss`: what every loss owes: gradients under each reduction, reductions that agree, finite numbers at extremes."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.testing import replaying
from autotensor.testing.checking import MODES, check
from autotensor.testing.judging import Settings
from autotensor.testing.outcome import CheckError, GradientReport

REDUCTIONS = ("mean", "sum", "none")
FAR = (-1e4, 1e4)  # exp overflows float32 from 89 on


def check_loss(
    loss: Callable[..., Any],
    prediction: Any,
    target: Any,
    *,
    reductions: Sequence[str] = REDUCTIONS,
    extremes: Sequence[float] = FAR,
    order: int = 2,
    seed: int = 0,
    samples: int = 48,
) -> dict[str, GradientReport]:
    """Check a loss's gradient by `prediction` under each reduction, that reductions agree, and that it stays finite far out.

    `loss` is a function loss(prediction, target, reduction=...), a class with loss(reduction=...)(prediction, target), or an
    object with an attribute `reduction`; one that knows no reductions is checked as it is, under the name "as given".
    "sum" must be the sum of "none" and "mean" its mean. With every prediction at each of `extremes`, and at each in turn, value
    and gradient must be finite in float32 and the value that of float64; for probabilities pass (0.0, 1.0), for no check ().
    Raises: GradientCheckError for a gradient, CheckError for the rest.

    >>> import autotensor as at
    >>> reports = check_loss(at.nn.MSELoss, np.array([0.5, 2.0]), np.array([1.0, 0.0]))
    >>> {name: report.verdict for name, report in reports.items()}
    {'mean': 'pass', 'sum': 'pass', 'none': 'pass'}
    """
    x = np.asarray(prediction.data if isinstance(prediction, Tensor) else prediction, np.float64)
    t = np.asarray(target.data if isinstance(target, Tensor) else target)
    named = {name: _reduced(loss, name) for name in reductions} if _knows_reductions(loss) else {"as given": loss}
    wide = t.astype(np.float64) if t.dtype.kind == "f" else t
    settings = Settings(order, MODES, "auto", seed, samples)
    reports = {}
    for name, f in named.items():
        replay = f"check_loss({getattr(loss, '__name__', 'loss')}, {replaying.written(x)}, {replaying.written(t)})"
        reports[name] = check(_against(f, wide), (x,), settings, f"{replay}  # reduction={name!r}")
    _agree({name: f(Tensor(x), Tensor(wide)).data for name, f in named.items()}, loss)
    for far in _far(x, extremes):
        for name, f in named.items():
            _finite(f, name, far, t)
    return reports


def _against(f: Callable[..., Any], target: Array) -> Callable[[Any], Any]:
    return lambda x: f(x, Tensor(target))


def _knows_reductions(loss: Any) -> bool:
    if hasattr(loss, "reduction"):
        return True
    parameters = inspect.signature(loss).parameters.values()
    return any(p.name == "reduction" or (p.kind is p.VAR_KEYWORD and isinstance(loss, type)) for p in parameters)


def _reduced(loss: Any, reduction: str) -> Callable[..., Any]:
    if isinstance(loss, type):
        made: Callable[..., Any] = loss(reduction=reduction)
        return made
    if hasattr(loss, "reduction"):
        twin = copy.deepcopy(loss)
        twin.reduction = reduction
        return twin
    return lambda x, t: loss(x, t, reduction=reduction)


def _agree(values: dict[str, Array], loss: Any) -> None:
    each = values.get("none")
    if each is None:
        return
    for name, reduce in (("sum", np.sum), ("mean", np.mean)):
        if name not in values:
            continue
        expected, room = reduce(each), 4 * each.size * np.finfo(np.float64).eps * np.max(np.abs(each), initial=0.0)
        if values[name].shape != () or abs(values[name] - expected) > room * (each.size if name == "sum" else 1):
            who = getattr(loss, "__name__", type(loss).__name__)
            raise CheckError(
                f"{who}: reduction='{name}' gives {values[name]} of shape {values[name].shape}, "
                f"the {name} of reduction='none' is {expected}. A weighted mean may differ: leave it out of reductions."
            )


def _far(x: Array, extremes: Sequence[float]) -> list[Array]:
    if not extremes:
        return []
    turns = np.resize(np.asarray(extremes, np.float64), x.size).reshape(x.shape)
    return [*(np.full(x.shape, float(end)) for end in extremes), turns]


def _finite(f: Callable[..., Any], name: str, far: Array, target: Array) -> None:
    narrow = target.astype(np.float32) if target.dtype.kind == "f" else target
    wide = target.astype(np.float64) if target.dtype.kind == "f" else target
    with np.errstate(all="ignore"):
        x = Tensor(far.astype(np.float32)).requires_grad_()
        y = f(x, Tensor(narrow))
        if y.requires_grad:
            y.sum().backward()
        exact = f(Tensor(far), Tensor(wide)).data
    places = f"{replaying.written(far.astype(np.float32))} (reduction={name!r})"
    if not np.isfinite(y.data).all():
        raise CheckError(f"the loss is {y.data.tolist()} in float32 for predictions {places}: it should stay finite.")
    if x.grad is not None and not np.isfinite(x.grad.data).all():
        raise CheckError(f"the loss's gradient is {x.grad.tolist()} in float32 for predictions {places}: it should stay finite.")
    if not np.allclose(y.data, exact, rtol=1e-4, atol=1e-4):
        raise CheckError(f"the loss is {y.data.tolist()} in float32 and {exact.tolist()} in float64 for predictions {places}.")
