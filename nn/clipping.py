"""Limits on gradients, between backward and the optimizer's step. Gradients are replaced, never written into."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from autotensor.core.errors import ArgumentError, DataError
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients together so that their joint norm is at most max_norm; returns the norm before.

    The factor is max_norm / (norm + 1e-6) where that is below 1. `norm_type` may be infinite. Without gradients the norm is 0.
    Raises: ArgumentError unless max_norm >= 0 and norm_type > 0; DataError for nan or inf if `error_if_nonfinite`.
    Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".

    >>> import autotensor as at
    >>> x = at.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_norm_([x], 1.0)
    tensor(5.)
    >>> float(x.grad[1])
    0.8000
    """
    if not max_norm >= 0 or not norm_type > 0:
        raise ArgumentError(f"clip_grad_norm_ needs max_norm >= 0 and norm_type > 0, got {max_norm} and {norm_type}.")
    held = _with_gradients(parameters)
    norm = joint_norm([p.grad.data for p in held if p.grad is not None], norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise DataError(f"the norm of the gradients is {norm}, so they cannot be scaled. Look for the step that made it so.")
    factor = max_norm / (norm + 1e-6)
    if not factor >= 1:  # nan too: it must not pass for a small gradient
        for p in held:
            if p.grad is not None:
                p.grad = Tensor(p.grad.data * p.dtype.type(factor))
    return Tensor(np.asarray(norm, held[0].dtype if held else np.float32))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every element of every gradient to [-clip_value, clip_value].

    Raises: ArgumentError unless clip_value >= 0.

    >>> import autotensor as at
    >>> x = at.tensor([3.0, -0.5], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_value_(x, 1.0)
    >>> x.grad
    tensor([ 1. , -0.5])
    """
    if not clip_value >= 0:
        raise ArgumentError(f"clip_grad_value_ needs clip_value >= 0, got {clip_value}.")
    for p in _with_gradients(parameters):
        if p.grad is not None:
            p.grad = Tensor(np.clip(p.grad.data, -clip_value, clip_value))


def joint_norm(arrays: list[Array], norm_type: float = 2.0) -> float:
    """The norm of all elements of all arrays as one vector, summed in float64.

    >>> joint_norm([np.array([3.0]), np.array([[4.0]])])
    5.0
    """
    if math.isinf(norm_type):
        return max((float(np.abs(a).max(initial=0)) for a in arrays), default=0.0)
    if norm_type == 2:
        flat = (np.ravel(a).astype(np.float64, copy=False) for a in arrays)
        return math.sqrt(sum(float(a @ a) for a in flat))
    return float(sum(np.sum(np.abs(a, dtype=np.float64) ** norm_type) for a in arrays)) ** (1 / norm_type)


def _with_gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    several = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p for p in several if p.grad is not None]
