"""What tests of compositions share: one comparison with NumPy, value and gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.testing.numeric import extrapolated

Agreement = Callable[..., None]


def _agrees(ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: Any, gradient: bool = True) -> None:
    leaves = [at.tensor(x, requires_grad=gradient) for x in arrays]
    y, expected = ours(*leaves), np.asarray(theirs(*arrays))
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-12)
    if not gradient or not y.requires_grad:
        assert not gradient or not y.size or all(x.size == 0 for x in arrays) or y.dtype.kind != "f"
        return
    rng = np.random.default_rng(0)
    g, *t = (rng.integers(-8, 9, np.shape(x)) / 8 for x in (expected, *arrays))
    y.backward(g)
    along = sum(np.sum(x.grad.data * d) for x, d in zip(leaves, t, strict=True) if x.grad is not None)
    numeric = extrapolated(lambda point: np.sum(g * theirs(*point)), arrays, t)
    np.testing.assert_allclose(along, numeric.value, rtol=1e-9, atol=1e-9 + float(numeric.error))


@pytest.fixture(scope="session")
def agrees() -> Agreement:
    """`agrees(ours, theirs, *arrays)`: value, shape and dtype of NumPy's, and the gradient that is its derivative."""
    return _agrees
