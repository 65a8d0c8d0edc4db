"""Convolution agrees with its sum written out, whatever the geometry, and says what does not fit."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.errors import AutotensorError, ShapeError
from autotensor.ops import sliding_windows
from autotensor.ops.convolution import convolution, convolution_transpose, convolution_weight

rng = np.random.default_rng(0)


def array(*shape: int) -> Any:
    return rng.integers(-8, 9, shape) / 8


def written_out(x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """y[n, o, p] = sum_ck x[n, c, s p + d k - before] w[o, c, k], term by term."""
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    count = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    y = np.zeros((len(x), len(w), *count), np.result_type(x, w))
    each, inner = len(w) // groups, w.shape[1]
    for o, p, k in itertools.product(range(len(w)), np.ndindex(*count), np.ndindex(*w.shape[2:])):
        at_place = tuple(s * i + d * j for s, i, d, j in zip(stride, p, dilation, k, strict=True))
        own = slice(o // each * inner, (o // each + 1) * inner)
        y[(slice(None), o, *p)] += x[(slice(None), own, *at_place)] @ w[(o, slice(None), *k)]
    return y


@st.composite
def geometries(draw: st.DrawFn) -> tuple[Any, Any, dict[str, Any]]:
    spatial, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(spatial))

    kernel, dilation = each(1, 3), each(1, 2)
    padding = tuple(zip(each(0, 2), each(0, 2), strict=True))
    size = tuple(
        max(1, d * (k - 1) + 1 - sum(p) + more) for d, k, p, more in zip(dilation, kernel, padding, each(0, 3), strict=True)
    )
    inner, outer, examples = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(0, 2))
    x, w = array(examples, groups * inner, *size), array(groups * outer, inner, *kernel)
    return x, w, {"stride": each(1, 3), "padding": padding, "dilation": dilation, "groups": groups}


@given(case=geometries(), at_once=st.sampled_from([1, 200, 2**20]))
def test_convolution_is_its_sum_written_out_however_it_is_portioned(case: Any, at_once: int) -> None:
    x, w, settings = case
    expected = written_out(x, w, **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sliding_windows, "AT_ONCE", at_once)
        y = convolution(at.tensor(x), at.tensor(w), **settings)
        np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-13)
        # the transposes, by the sum of products that all three share
        g = rng.integers(-8, 9, y.shape) / 8
        back = convolution_transpose(at.tensor(g), at.tensor(w), size=x.shape[2:], **settings)
        weight = convolution_weight(at.tensor(x), at.tensor(g), kernel=w.shape[2:], **settings)
    total = np.sum(g * expected)
    assert (back.shape, weight.shape) == (x.shape, w.shape)
    np.testing.assert_allclose([np.sum(back.data * x), np.sum(weight.data * w)], total, rtol=1e-12, atol=1e-11)
    for k in range(min(3, x.size)):  # and one element after another
        unit = np.zeros(x.size)
        unit[k] = 1
        slope = np.sum(g * written_out(unit.reshape(x.shape), w, **settings))
        np.testing.assert_allclose(back.data.flat[k], slope, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128, np.int64])
def test_dtypes_stay(dtype: Any) -> None:
    x, w = np.arange(6).reshape(1, 2, 3).astype(dtype), np.arange(8).reshape(2, 2, 2).astype(dtype)
    settings: Any = {"stride": (1,), "padding": ((1, 0),), "dilation": (1,), "groups": 1}
    y = convolution(x, w, **settings)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.data, written_out(x, w, **settings))
    assert convolution_transpose(y, w, size=(3,), **settings).dtype == dtype
    assert convolution_weight(x, y, kernel=(2,), **settings).dtype == dtype


def test_its_derivatives_of_third_order_are_those_of_a_product_of_three() -> None:
    x, w = array(1, 1, 3), array(1, 1, 2)
    settings: Any = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}

    def cube(w: Any) -> Any:
        return (convolution(at.tensor(x), w, **settings) ** 3).sum()

    third = at.jacobian(at.hessian(cube))(at.tensor(w)).numpy().reshape(2, 2, 2)
    windows = np.array([x[0, 0, :2], x[0, 0, 1:]])
    np.testing.assert_allclose(third, 6 * np.einsum("pi,pj,pk->ijk", windows, windows, windows))


ONE: Any = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
REFUSED: dict[str, tuple[Callable[[], Any], type[AutotensorError], str]] = {
    "channels": (
        lambda: convolution(at.ones((1, 3, 5)), at.ones((4, 2, 2)), **ONE),
        ShapeError,
        r"a weight of shape \(4, 2, 2\) with groups=1 takes 2 input channels, the input of shape \(1, 3, 5\) has 3",
    ),
    "groups": (
        lambda: convolution(at.ones((1, 4, 5)), at.ones((3, 2, 2)), **{**ONE, "groups": 2}),
        ShapeError,
        r"groups=2 does not divide the 3 outputs of a weight of shape \(3, 2, 2\); take a multiple",
    ),
    "kernel": (
        lambda: convolution(at.ones((1, 2, 2)), at.ones((3, 2, 2)), **{**ONE, "dilation": (4,), "padding": ((1, 0),)}),
        ShapeError,
        r"a kernel of shape \(2,\) and dilation \(4,\) covers 5 elements, and axis 0 of the sizes \(2,\) has only 3",
    ),
    "axes": (lambda: convolution(at.ones((1, 2)), at.ones((3, 2, 2)), **ONE), ShapeError, "over 1 axes takes an input"),
    "size": (
        lambda: convolution_transpose(at.ones((1, 3, 4)), at.ones((3, 2, 2)), size=(4,), **ONE),
        ShapeError,
        r"give the shape \(1, 3, 3\), got \(1, 3, 4\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_say_what_was_expected(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()
