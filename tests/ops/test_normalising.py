"""Mean 0 and variance 1: the numbers, large means, integers, and operands whose elements lie in another order."""

from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import DTypeError
from autotensor.core.namespace import recorded
from autotensor.ops.normalising import standardized

X = np.random.default_rng(3).normal(2, 3, (12, 20, 9))


@pytest.mark.parametrize("axis", [-1, 0, (0, 2), (1, 2), None])
def test_standardized_numbers_agree_with_numpy(axis: Any) -> None:
    y = standardized(at.tensor(X), axis, 1e-3)
    expected = (X - X.mean(axis, keepdims=True)) / np.sqrt(X.var(axis, keepdims=True) + 1e-3)
    np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-14)


def test_a_large_mean_does_not_swallow_the_variance() -> None:
    x = np.float32([1e4, 1e4 + 1, 1e4 + 2])
    np.testing.assert_allclose(standardized(at.tensor(x), -1, 0.0).data, [-np.sqrt(1.5), 0, np.sqrt(1.5)], rtol=1e-6)


def test_integers_become_floating() -> None:
    y = standardized(at.tensor(np.array([1, 3])), 0, 0.0)
    assert (y.dtype, y.tolist()) == (np.float64, [-1.0, 1.0])


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(DTypeError, match="function of real numbers"):
        standardized(at.tensor([1j, 2.0]), 0, 0.1)


LAYOUTS: dict[str, tuple[Any, Any]] = {  # how the numbers are stored, and the view of them that is X again
    "in order": (X, lambda x: x),
    "columns first": (X.T, lambda x: at.permute_dims(x, (2, 1, 0))),
    "the middle axis last": (np.moveaxis(X, 1, -1), lambda x: at.moveaxis(x, -1, 1)),
    "backwards": (X[:, :, ::-1], lambda x: at.flip(x, axis=-1)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: recorded.rms_norm(x, axis=(1, 2), eps=0.1),
        lambda x: recorded.rms_norm(x, axis=(0,), eps=0.1),
        lambda x: recorded.center(x, axis=(0, 2)),
        lambda x: at.softmax(x, axis=(0, 2)),
        lambda x: at.log_softmax(x, axis=1),
        lambda x: recorded.surprisal(x, np.arange(240).reshape(12, 20) % 9),
    ],
)
def test_compiled_gradients_have_the_same_bits_however_the_operand_lies(f: Any, layout: str) -> None:
    """Sums depend on the order of what is added."""
    stored, view = LAYOUTS[layout]
    weights = np.random.default_rng(0).normal(size=X.shape).astype(np.float32)

    def loss(x: Any) -> Any:
        y = f(view(x))
        return (y * weights.reshape(-1)[: y.size].reshape(y.shape)).sum()

    x = at.tensor(np.array(stored, np.float32, order="C"))
    eager, compiled = at.value_and_grad(loss)(x), at.compile(at.value_and_grad(loss))(x)
    for a, b in zip(eager, compiled, strict=True):
        assert a.data.tobytes() == b.data.tobytes()
