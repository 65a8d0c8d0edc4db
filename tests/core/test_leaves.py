"""Leaves and constants: what is copied, what collects a gradient, and what has no part in a graph."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import AutotensorError, Tensor
from autotensor.core.errors import DTypeError, GraphError, ShapeError


def duplicates(x: Tensor) -> list[Tensor]:
    return [copy.deepcopy(x), *(pickle.loads(pickle.dumps(x, protocol)) for protocol in range(2, 6))]


@pytest.mark.parametrize("requires_grad", [False, True])
def test_leaves_are_copied_and_pickled_with_memory_of_their_own(requires_grad: bool) -> None:
    x = at.tensor([1.0, 2.0], requires_grad=requires_grad)
    for twin in duplicates(x):
        assert type(twin) is Tensor
        assert twin.requires_grad is requires_grad
        assert (twin.dtype, twin.tolist()) == (x.dtype, x.tolist())
        assert not np.shares_memory(twin.data, x.data)
        if requires_grad:
            (twin * 3).sum().backward()
            assert twin.grad is not None
            assert twin.grad.tolist() == [3.0, 3.0]
    assert x.grad is None


def test_deepcopy_keeps_what_is_shared_shared() -> None:
    x = at.tensor([1.0], requires_grad=True)
    first, second = copy.deepcopy([x, x])
    assert first is second
    assert first is not x


def test_a_shallow_copy_shares_the_array() -> None:
    x = at.tensor([1.0])
    assert np.shares_memory(copy.copy(x).data, x.data)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_only_leaves_are_copied_or_pickled(duplicate: Any) -> None:
    y = at.tanh(at.tensor([1.0], requires_grad=True))
    with pytest.raises(GraphError, match=r"only leaves can be copied or pickled, .* the result of tanh. Use .detach\(\) first"):
        duplicate(y)
    duplicate(y.detach())


# the graph
def test_requires_grad_is_settable_on_leaves_only() -> None:
    x = at.tensor([1.0])
    x.requires_grad = True
    assert (x.is_leaf, (x * 2).is_leaf) == (True, False)
    with pytest.raises(GraphError, match="requires_grad can be set on leaves only, this tensor is the result of multiply"):
        (x * 2).requires_grad = False
    assert x.requires_grad_(False) is x
    assert not (x * 2).requires_grad


def test_detach_shares_the_array_and_stops_the_gradient() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    d = (x * 2).detach()
    assert not d.requires_grad
    assert np.shares_memory(x.detach().data, x.data)


def test_grad_is_set_in_the_tensors_shape_and_dtype_or_refused() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    x.grad = at.tensor(np.ones(2))
    assert x.grad is not None
    assert x.grad.dtype == np.float32
    x.grad = None
    assert x.grad is None
    with pytest.raises(ShapeError, match=r"grad must have the tensor's shape \(2,\), got \(3,\)"):
        x.grad = at.zeros(3)
    with pytest.raises(DTypeError, match="grad must be a Tensor or None, got ndarray"):
        x.grad = np.ones(2)  # type: ignore[assignment]
    with pytest.raises(GraphError, match="this tensor collects no gradient"):
        at.zeros(2).grad = at.zeros(2)


@pytest.mark.parametrize("call", ["retain_grad", "register_hook", "backward"])
def test_constants_have_no_part_in_the_graph(call: str) -> None:
    x = at.tensor(1.0)
    with pytest.raises(GraphError, match="this one is a constant"):
        getattr(x, call)(*([print] if call == "register_hook" else []))


def test_every_error_is_one_of_ours_and_a_built_in() -> None:
    for error in (ShapeError, DTypeError, GraphError):
        assert issubclass(error, AutotensorError)
        assert issubclass(error, ValueError | TypeError | RuntimeError)
