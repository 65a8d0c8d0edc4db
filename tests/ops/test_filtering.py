"""Convolution and correlation of whole arrays, over several axes, agree with their sums written out."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.errors import ShapeError


def whole(a: Any, v: Any) -> Any:
    """y_k = sum_i a_i v_(k-i), term by term."""
    y = np.zeros([n + m - 1 for n, m in zip(a.shape, v.shape, strict=True)])
    for i in np.ndindex(*a.shape):
        y[tuple(slice(j, j + m) for j, m in zip(i, v.shape, strict=True))] += a[i] * v
    return y


def middle(y: Any, size: Any) -> Any:
    """The middle of an array, the earlier one of two."""
    return y[tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(y.shape, size, strict=True))]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    ndim = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return tuple(rng.integers(-8, 9, [draw(st.integers(1, 4)) for _ in range(ndim)]) / 8 for _ in range(2))


@given(pair=pairs())
def test_convolution_over_several_axes(pair: Any, agrees: Any) -> None:
    a, v = pair
    agrees(at.convolve, whole, a, v)
    longest = [max(n, m) for n, m in zip(a.shape, v.shape, strict=True)]
    agrees(lambda a, v: at.convolve(a, v, "same"), lambda a, v: middle(whole(a, v), longest), a, v)
    size = [abs(n - m) + 1 for n, m in zip(a.shape, v.shape, strict=True)]
    if all(n >= m for n, m in zip(a.shape, v.shape, strict=True)) or all(n <= m for n, m in zip(a.shape, v.shape, strict=True)):
        agrees(lambda a, v: at.convolve(a, v, "valid"), lambda a, v: middle(whole(a, v), size), a, v)
    else:
        with pytest.raises(ShapeError, match="one of them to be as long as the other along every axis"):
            at.convolve(a, v, "valid")


@given(pair=pairs())
def test_correlation_is_convolution_with_one_of_them_reversed(pair: Any) -> None:
    a, v = pair
    np.testing.assert_allclose(at.correlate(a, v, "full").data, whole(a, np.flip(v)), atol=1e-14)
    if all(n >= m for n, m in zip(a.shape, v.shape, strict=True)):
        np.testing.assert_allclose(
            at.correlate(a, v).data,
            middle(whole(a, np.flip(v)), [n - m + 1 for n, m in zip(a.shape, v.shape, strict=True)]),
            atol=1e-14,
        )


def test_a_filter_maps_over_images() -> None:
    images, kernel = np.arange(24.0).reshape(2, 3, 4), np.array([[1.0, -1.0]])
    edges = at.vmap(lambda image: at.correlate(image, kernel))(at.tensor(images))
    np.testing.assert_array_equal(edges.data, images[:, :, :-1] - images[:, :, 1:])
    blurred = at.convolve(at.ones((4, 4, 4)), at.full((2, 2, 2), 1 / 8), "valid")
    assert math.isclose(float(blurred.sum()), 27)


def test_operands_need_as_many_axes() -> None:
    with pytest.raises(ShapeError, match=r"as many axes of both, with elements, got \(3, 3\) and \(2,\)"):
        at.convolve(at.ones((3, 3)), at.ones((2,)))
