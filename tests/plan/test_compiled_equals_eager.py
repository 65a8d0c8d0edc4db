"""Law 5: compiled equals eager, bit for bit, for every primitive in the registry and for its gradient."""

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
from autotensor.testing.strategies import MIXED, NUMBERS, cases

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


def applied(primitive: Primitive, operands: Any, chosen: Any) -> Any:
    """The primitive as a function of its arrays alone; an array that stands twice is one argument used twice."""
    arrays = list({id(x): x for x in operands if not isinstance(x, SCALARS)}.values())
    places = [None if isinstance(x, SCALARS) else next(i for i, a in enumerate(arrays) if a is x) for x in operands]

    def f(*given: Any) -> Any:
        return primitive(*(x if i is None else given[i] for x, i in zip(operands, places, strict=True)), **chosen)

    return f, [Tensor(a) for a in arrays]


def agree(f: Any, arguments: Any) -> None:
    with np.errstate(all="ignore"):
        try:
            eager = f(*arguments)
        except AutotensorError as refusal:
            with pytest.raises(type(refusal)):
                at.compile(f)(*arguments)
            return
        compiled = at.compile(f)
        for _ in range(2):
            same_bits(compiled(*arguments), eager)
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

    def scalar(*given: Any) -> Any:
        y = f(*given)
        y = at.real(y) + at.imag(y) if y.dtype.kind == "c" else y
        return (y * at.reshape(at.arange(y.size, dtype=y.dtype) + 1, y.shape)).sum()

    agree(at.value_and_grad(scalar, floating), arguments)
