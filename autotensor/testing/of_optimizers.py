"""`check_optimizer`: what every optimizer owes: descent, gradients left alone, and a state from which it goes on exactly."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.tensor import Tensor
from autotensor.testing.outcome import CheckError

Factory = Callable[[list[Tensor]], Any]
STARTS = (np.array([1.5, -2.0, 0.5]), np.array([[1.0, -1.0], [2.0, 0.25]]), np.array(-1.0))
TARGETS = (np.array([0.5, 1.0, -0.5]), np.array([[0.0, 1.0], [-1.0, 0.5]]), np.array(0.5))
CURVATURES = (np.array([1.0, 0.5, 2.0]), np.array([[1.0, 1.5], [0.5, 1.0]]), np.array(1.0))


class Descent(NamedTuple):
    """The loss of a quadratic before and after the steps."""

    first: float
    last: float


def check_optimizer(factory: Factory, *, steps: int = 50, dtype: str = "float32") -> Descent:
    """Check that an optimizer descends a quadratic, leaves gradients and old arrays alone, and resumes exactly from its state.

    `factory` takes a list of Tensors that require gradients and returns the optimizer: `lambda p: Adam(p, lr=0.1)`. After `steps`
    the loss must be lower than at the start. A parameter without a gradient must stay where it is, each must keep its shape
    and dtype, and a step may not write into a gradient or into the array that a parameter had before, which graphs have saved.
    An optimizer made anew that loads the state must go on to the last bit as the first does.
    Raises: CheckError, which says what came instead.

    >>> import autotensor as at
    >>> check_optimizer(lambda p: at.optim.SGD(p, lr=0.5)).last < 0.01
    True
    """
    params = _fresh(dtype)
    optimizer = factory(params)
    first = float(_loss(params).item())
    for _ in range(steps):
        _careful_step(optimizer, params)
    last = float(_loss(params).item())
    if not last < first:
        raise CheckError(
            f"{type(optimizer).__name__} does not descend: a quadratic's loss was {first:.6g}, after {steps} steps {last:.6g}."
        )
    optimizer.zero_grad()
    if any(p.grad is not None and np.any(p.grad.data) for p in params):
        raise CheckError(f"{type(optimizer).__name__}.zero_grad() leaves gradients behind.")
    _resumes(factory, optimizer, params, steps)
    return Descent(first, last)


def _fresh(dtype: str) -> list[Tensor]:
    """The parameters of the quadratic, and one that nothing depends on."""
    return [Tensor(x.astype(dtype)).requires_grad_() for x in (*STARTS, np.array([7.0]))]


def _loss(params: list[Tensor]) -> Tensor:
    total = Tensor(np.zeros((), params[0].dtype))
    for p, target, curvature in zip(params, TARGETS, CURVATURES, strict=False):
        off = p - Tensor(target.astype(p.dtype))
        total = total + (Tensor(curvature.astype(p.dtype)) * off * off).sum() * 0.5
    return total


def _step(optimizer: Any, params: list[Tensor]) -> None:
    optimizer.zero_grad()
    _loss(params).backward()
    optimizer.step()


def _careful_step(optimizer: Any, params: list[Tensor]) -> None:
    """A step, with everything compared that it may not touch."""
    kind = type(optimizer).__name__
    optimizer.zero_grad()
    _loss(params).backward()
    before = [(p.data, p.data.copy(), p.grad, None if p.grad is None else p.grad.data.copy()) for p in params]
    optimizer.step()
    for i, (p, (old, values, grad, numbers)) in enumerate(zip(params, before, strict=True)):
        if p.grad is not grad or (grad is not None and not _equal(grad.data, numbers)):
            raise CheckError(f"{kind}.step() changes the gradient of parameter {i}: it may only read it.")
        if not np.array_equal(old, values):
            raise CheckError(
                f"{kind}.step() writes into the array of parameter {i}: recorded graphs have saved it. Make a new one."
            )
        if p.shape != old.shape or p.dtype != old.dtype:
            raise CheckError(f"{kind}.step() makes parameter {i} {p.shape} {p.dtype}, it was {old.shape} {old.dtype}.")
        if grad is None and not np.array_equal(p.data, values):
            raise CheckError(f"{kind}.step() moves parameter {i}, which has no gradient.")
        if grad is not None and np.shares_memory(p.data, grad.data):
            raise CheckError(f"{kind}.step() makes parameter {i} share memory with its gradient.")


def _resumes(factory: Factory, optimizer: Any, params: list[Tensor], steps: int) -> None:
    kind = type(optimizer).__name__
    saved = optimizer.state_dict()
    kept = copy.deepcopy(saved)
    others = [Tensor(p.data.copy()).requires_grad_() for p in params]
    for _ in range(max(2, steps // 5)):
        _step(optimizer, params)
    if not _equal(saved, kept):
        raise CheckError(f"{kind}.state_dict() changes when the optimizer goes on: it must copy.")
    again = factory(others)
    again.load_state_dict(kept)
    for _ in range(max(2, steps // 5)):
        _step(again, others)
    for i, (p, other) in enumerate(zip(params, others, strict=True)):
        if not np.array_equal(p.data, other.data):
            off = np.max(np.abs(p.data - other.data))
            raise CheckError(f"{kind} does not resume exactly: parameter {i} differs by {off:.3g} after load_state_dict().")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, Tensor):
        return bool(np.array_equal(one.data, other.data))
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)
