"""Law 5: compiled equals eager, bit for bit, for every primitive in the registry and for its gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autotensor as at
from autotensor.autodiff.trees import flatten
from autotensor.core.errors import AutotensorError
from autotensor.core.primitive import Primitive, registry
from autotensor.core.spec import SCALARS
from autotensor.core.tensor import Tensor
from autotensor.testing.strategies import COMPLEX, MIXED, NUMBERS, cases

assert at.ops  # importing it fills the registry
every_primitive = pytest.mark.parametrize("name", sorted(registry))


def same_bits(one: Any, other: Any) -> None:
    """Equal in structure, shape, dtype and every bit; any NaN equals any other."""
    ours, theirs = flatten(one)[0], flatten(other)[0]
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        x, y = np.array(a.data), np.array(b.data)
        nan = np.isnan(x) & np.isnan(y) if x.dtype.kind in "fc" else np.zeros(x.shape, bool)
        x[nan] = y[nan] = 0
        assert x.tobytes() == y.tobytes(), (a, b)


def nearly_same(one: Any, other: Any) -> None:
    """Equal in all but the last bits."""
    for a, b in zip(flatten(one)[0], flatten(other)[0], strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a.data, b.data, rtol=32 * np.finfo(a.dtype).eps, atol=32 * np.finfo(a.dtype).eps)


def _scalar(y: Any) -> Any:
    """A sum of all elements with weights of their own, which is real."""
    y = at.real(y) + at.imag(y) if y.dtype.kind == "c" else y
    return (y * at.reshape(at.arange(y.size, dtype=y.dtype) + 1, y.shape)).sum()


def applied(primitive: Primitive, operands: Any, chosen: Any) -> Any:
    """The primitive as a function of its arrays alone; an array that stands twice is one argument used twice."""
    arrays = list({id(x): x for x in operands if not isinstance(x, SCALARS)}.values())
    places = [None if isinstance(x, SCALARS) else next(i for i, a in enumerate(arrays) if a is x) for x in operands]

    def f(*given: Any) -> Any:
        return primitive(*(x if i is None else given[i] for x, i in zip(operands, places, strict=True)), **chosen)

    return f, [Tensor(a) for a in arrays]


def agree(f: Any, arguments: Any, same: Callable[[Any, Any], None] = same_bits) -> None:
    with np.errstate(all="ignore"):
        try:
            eager = f(*arguments)
        except AutotensorError as refusal:
            with pytest.raises(type(refusal)):
                at.compile(f)(*arguments)
            return
        compiled = at.compile(f)
        for _ in range(2):
            same(compiled(*arguments), eager)
        assert len(compiled.signatures) == 1


@every_primitive
@settings(max_examples=10)  # each is traced, planned and run twice
@given(data=st.data())
def test_a_compiled_primitive_equals_the_eager_one(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    if primitive.data_dependent_shape:
        return
    f, arguments = applied(primitive, *data.draw(cases(primitive, NUMBERS)))
    agree(f, arguments)


@every_primitive
@settings(max_examples=10)  # each is traced, planned and run twice
@given(data=st.data())
def test_the_compiled_gradient_of_a_primitive_equals_the_eager_one(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    f, arguments = applied(primitive, *data.draw(cases(primitive, MIXED)))
    floating = [i for i, x in enumerate(arguments) if x.dtype.kind == "f"]
    if not primitive.differentiable or not floating:
        return
    agree(at.value_and_grad(lambda *given: _scalar(f(*given)), floating), arguments)


# beside real operands, and in single precision; what has no complex form refuses, compiled as eagerly
@every_primitive
@settings(max_examples=4)
@given(data=st.data())
def test_a_compiled_primitive_of_complex_numbers_equals_the_eager_one(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    if primitive.data_dependent_shape:
        return
    f, arguments = applied(primitive, *data.draw(cases(primitive, (*COMPLEX, "complex64", "float32"))))
    agree(f, arguments)


@every_primitive
@settings(max_examples=4)
@given(data=st.data())
def test_the_compiled_gradient_of_a_primitive_by_complex_numbers_equals_the_eager_one(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    f, arguments = applied(primitive, *data.draw(cases(primitive, (*COMPLEX, "complex64", "float32"))))
    moving = [i for i, x in enumerate(arguments) if x.dtype.kind in "fc"]
    if not primitive.differentiable or not moving:
        return
    # of complex numbers without axes NumPy rounds a product of scalars, as rules may meet them, in another way than one of arrays
    single = any(x.shape == () and x.dtype.kind == "c" for x in (*arguments, *results(f, arguments)))
    agree(at.value_and_grad(lambda *given: _scalar(f(*given)), moving), arguments, nearly_same if single else same_bits)


def results(f: Any, arguments: Any) -> list[Any]:
    """The result, if it is not refused."""
    try:
        with np.errstate(all="ignore"):
            return [f(*arguments)]
    except AutotensorError:
        return []


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_a_product_of_single_complex_numbers_is_rounded_as_eagerly(dtype: str) -> None:
    numbers = np.sin(np.arange(400.0)).reshape(100, 2, 2).view("complex128").astype(dtype)  # (100, 2, 1)
    compiled = at.compile(lambda a, b: (a * b) * b * (a + b))  # which NumPy rounds in another way where it writes over an operand
    for a, b in numbers:
        same_bits(compiled(a, b), (Tensor(a) * b) * b * (Tensor(a) + b))
