"""Array functions of values without numbers: shape and dtype are those of the eager result, or the error names `where`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import AutotensorError
from autotensor.core.spec import Spec
from autotensor.nn import functional as F
from autotensor.plan import Symbol

X, V, M = np.linspace(0.1, 0.9, 12).reshape(3, 4), np.linspace(0.1, 0.9, 4), np.eye(4) + 0.1
LABELS, B = np.array([[0, 1, 2, 0]] * 3), X > 0.5
IMAGES, KERNELS = np.ones((2, 3, 5, 6)), np.ones((4, 3, 2, 3))

FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "special functions": (
        lambda x: at.special.lgamma(x) + at.special.digamma(x) + at.special.logit(x) + at.i0(x) + at.sinc(x),
        (X,),
    ),
    "functions of two": (lambda x, v: at.atan2(x, v) + at.hypot(x, v) + at.logaddexp(x, v), (X, V)),
    "quantiles": (lambda x: (at.median(x, axis=0), at.quantile(x, [0.1, 0.5], axis=1)), (X,)),
    "running": (lambda x: (at.cumulative_sum(x, axis=0), at.cumulative_prod(x, axis=1), at.diff(x)), (X,)),
    "norms": (lambda x: (at.linalg.vector_norm(x, axis=0), at.linalg.matrix_norm(x, ord="nuc")), (X,)),
    "order": (lambda x: (at.sort(x), at.argsort(x), *at.top_k(x, 2)), (X,)),
    "indices": (
        lambda x, i: (at.take_along_axis(x, i, axis=1), x[i[0]], at.take(x, i[1, :2], axis=1), x[..., i[0, 0]]),
        (X, LABELS),
    ),
    "writing": (lambda x: (x.at[np.array([0, 1])].add(1.0), x.at[0].apply(at.sqrt)), (X,)),
    "writing at an index": (lambda x, i: (x.at[i[0, :2]].set(1.0), x.at[:, i[0, 0]].add(x[:, 0])), (X, LABELS)),
    "padding": (lambda x: (at.pad(x, 1), at.pad(x, 1, mode="edge"), at.roll(x, 1), at.repeat(x, 2), at.tile(x, (2, 2))), (X,)),
    "joining": (lambda x: (at.concat([x, x]), at.stack([x, x]), *at.split(x, 3), *at.unstack(x)), (X,)),
    "products": (lambda x, m: (at.einsum("ij,kj->ik", x, m), at.tensordot(x, m, axes=1), at.kron(x, m)), (X, M)),
    "vectors": (lambda v: (at.outer(v, v), at.cross(v[:3], v[1:]), at.diag(v)), (V,)),
    "diagonals": (lambda m: (at.diagonal(m), at.trace(m), at.tril(m), at.einsum("ii->i", m)), (M,)),
    "choice": (lambda x, b: (at.where(b, x, 0.0), at.clip(x, 0.2, 0.5)), (X, B)),
    "interpolation": (lambda x, v: (at.interp(x, v, v), at.interp(x, v, v, period=2.0)), (X, V)),
    "searching": (lambda x, v: (at.searchsorted(v, x), at.isin(x, v), at.isin(x, [0.5], invert=True)), (X, V)),
    "filtering": (lambda x, v: (at.convolve(v, v), at.correlate(x, x[:2, :2]), at.convolve(x, x[1:], "same")), (X, V)),
    "convolution": (lambda x, w: F.conv2d(x, w, stride=2, padding=(1, 0)), (IMAGES, KERNELS)),
    "transposed convolution": (lambda x, w: F.conv_transpose2d(x[:, :2], w[:2], stride=2, output_padding=1), (IMAGES, KERNELS)),
    "vmap": (at.vmap(lambda x: (at.tanh(x).sum(), x[1:]), out_axes=(0, -1)), (X,)),
    "vmap beside what is shared": (at.vmap(lambda x, m: (x @ m, m.sum()), in_axes=(1, None), out_axes=(1, None)), (X.T, M)),
    "vmap of vmap": (at.vmap(at.vmap(lambda a, b: a * b, in_axes=(None, 0)), in_axes=(0, None)), (V, V)),
    "vmap of what is the same for all": (at.vmap(lambda x: at.ones((2,))), (X,)),
}


def specs(result: Any) -> list[Spec]:
    return [Spec(tuple(y.shape), y.dtype) for y in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_shape_and_dtype_are_those_of_the_eager_result(name: str) -> None:
    function, arrays = FUNCTIONS[name]
    found = function(*(Symbol(Spec(x.shape, x.dtype)) for x in arrays))
    assert specs(found) == specs(function(*map(at.tensor, arrays)))


def test_constants_may_stand_beside_values_without_numbers() -> None:
    x = Symbol(Spec((3, 4), np.dtype(np.float32)))
    mixed = at.vmap(lambda a, b: a * b.sum())(x, at.ones((3, 2)))
    assert isinstance(mixed, Symbol)
    assert mixed.shape == (3, 4)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nonzero": (at.nonzero, "the places of what is not zero, how many depends on the numbers"),
    "unique": (at.unique_values, "the distinct elements, how many depends on the numbers"),
    "a mask": (lambda x: x[x > 0], "the array of a symbolic value"),
    "grad": (at.grad(lambda x: x.sum()), "grad of a symbolic value"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_depends_on_the_numbers_is_an_error_that_names_where(name: str) -> None:
    function, words = REFUSED[name]
    with pytest.raises(AutotensorError, match=rf"^{words}.* of shape \(3, 4\): .*Use at\.where"):
        function(Symbol(Spec((3, 4), np.dtype(np.float32))))
