"""Settings of the functions of convolution, in all their forms; the numbers are PyTorch's, in test_torch_numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, ShapeError, UnknownNameError
from autotensor.nn import functional as F

X, W = at.tensor(np.arange(30.0).reshape(1, 2, 3, 5)), at.tensor(np.linspace(-1, 1, 24).reshape(3, 2, 2, 2))


def test_settings_have_several_forms() -> None:
    def same(*forms: dict[str, Any]) -> None:
        first, *others = (F.conv2d(X, W, **form).numpy() for form in forms)
        for other in others:
            np.testing.assert_array_equal(first, other)

    same({}, {"stride": 1, "padding": "valid"}, {"stride": (1,), "dilation": [1, 1], "padding": (0, 0)})
    same({"padding": 1}, {"padding": [1]}, {"padding": ((1, 1), [1, 1])})
    same({"padding": "same"}, {"padding": ((0, 1), (0, 1))})
    same({"padding": "same", "dilation": (1, 2)}, {"padding": ((0, 1), (1, 1)), "dilation": (1, 2)})


def test_padding_may_differ_between_the_sides() -> None:
    padded = at.pad(X, ((0, 0), (0, 0), (2, 0), (0, 1)))
    np.testing.assert_array_equal(F.conv2d(X, W, padding=((2, 0), (0, 1))).numpy(), F.conv2d(padded, W).numpy())


def test_one_example_needs_no_axis_of_examples() -> None:
    np.testing.assert_array_equal(F.conv2d(X[0], W).numpy(), F.conv2d(X, W).numpy()[0])
    y = F.conv2d(X, W)
    np.testing.assert_array_equal(F.conv_transpose2d(y[0], W).numpy(), F.conv_transpose2d(y, W).numpy()[0])


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_transposed_convolution_is_the_gradient_of_the_convolution(stride: int) -> None:
    x = at.tensor(np.zeros((1, 2, 7, 6)), requires_grad=True)
    y = F.conv2d(x, W, stride=stride, padding=1)
    g = np.random.default_rng(0).standard_normal(y.shape)
    y.backward(g)
    more = [n - ((m - 1) * stride - 2 + 2) for n, m in zip((7, 6), y.shape[2:], strict=True)]
    spread = F.conv_transpose2d(at.tensor(g), W, stride=stride, padding=1, output_padding=more)
    np.testing.assert_allclose(spread.numpy(), x.grad.numpy(), atol=1e-14)  # type: ignore[union-attr]


def test_gradients_of_examples_one_by_one() -> None:
    images = at.tensor(np.random.default_rng(0).standard_normal((4, 2, 3, 3)))

    def loss(w: Any, image: Any) -> Any:
        return (F.conv2d(image, w, padding=1) ** 2).sum()

    each = at.vmap(at.grad(loss), in_axes=(None, 0))(W, images)
    for one, image in zip(each, images, strict=True):
        np.testing.assert_allclose(one.numpy(), at.grad(loss)(W, image).numpy(), rtol=1e-12)


REFUSED: dict[str, tuple[Callable[[], Any], type[AutotensorError], str]] = {
    "axes": (
        lambda: F.conv2d(X[0, 0], W),
        ShapeError,
        r"conv2d expects an input of shape \(N, C, H, W\) or \(C, H, W\), got \(3, 5\)",
    ),
    "weight": (lambda: F.conv2d(X, W[0]), ShapeError, r"a weight of 4 axes, the last 2 its kernel, got \(2, 2, 2\)"),
    "bias": (lambda: F.conv2d(X, W, at.ones(2)), ShapeError, r"a bias with one entry for each of 3 outputs, got \(2,\)"),
    "stride": (lambda: F.conv2d(X, W, stride=0), ArgumentError, "conv2d: stride is made of ints of at least 1, got 0"),
    "strides": (lambda: F.conv2d(X, W, stride=(1, 1, 1)), ArgumentError, r"stride is one number or 2, got \(1, 1, 1\)"),
    "dilation": (lambda: F.conv2d(X, W, dilation=1.5), ArgumentError, "dilation is made of ints of at least 1, got 1.5"),
    "padding": (lambda: F.conv2d(X, W, padding=-1), ArgumentError, "padding is made of ints of at least 0, got -1"),
    "paddings": (lambda: F.conv2d(X, W, padding=((1, 1),)), ArgumentError, r"or \(before, after\) for each, got \(\(1, 1\),\)"),
    "a word": (lambda: F.conv2d(X, W, padding="sam"), UnknownNameError, "Did you mean 'same'"),
    "same with a stride": (lambda: F.conv2d(X, W, stride=2, padding="same"), ArgumentError, "needs a stride of 1, got 2"),
    "groups": (lambda: F.conv2d(X, W, groups=0), ArgumentError, "groups is made of ints of at least 1, got 0"),
    "kernel": (lambda: F.conv2d(X[:, :, :1], W), ShapeError, "a kernel of shape .* covers 2 elements, and axis 0"),
    "output_padding": (
        lambda: F.conv_transpose2d(at.ones((1, 3, 2, 2)), W, output_padding=1),
        ArgumentError,
        r"output_padding is less than the stride or the dilation, got \(1, 1\) for \(1, 1\)",
    ),
    "too much padding": (
        lambda: F.conv_transpose2d(at.ones((1, 3, 1, 1)), W, padding=1),
        ShapeError,
        r"would give the sizes \(0, 0\). Take less padding",
    ),
    "same, transposed": (lambda: F.conv_transpose2d(at.ones((1, 3, 1, 1)), W, padding="same"), ArgumentError, "does not know"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_say_what_was_expected(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_an_error_names_the_module() -> None:
    class Filter(at.nn.Module):
        def forward(self, x: Any) -> Any:
            return F.conv2d(x, at.ones((1, 5, 2, 2)))

    with pytest.raises(ShapeError, match=r"^0: a weight .* takes 5 input channels"):
        at.nn.Sequential(Filter())(X)
