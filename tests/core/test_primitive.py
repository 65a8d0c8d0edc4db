"""What the call of a primitive promises beyond the laws, and what its errors say."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, IndexRangeError, ShapeError
from autotensor.core.primitive import registry
from autotensor.core.recording import inside

T = at.tensor
X = np.zeros((2, 3), np.float32)

# a call, the error's type, and what its text must contain
REFUSALS: dict[str, tuple[Callable[[], Any], type[Exception], tuple[str, ...]]] = {
    "add shapes": (lambda: T([1.0, 2.0]) + T([1.0, 2.0, 3.0]), ShapeError, ("add", "(2,)", "(3,)")),
    "matmul inner": (lambda: T(X) @ T(X), ShapeError, ("matmul", "(2, 3) @ (2, 3)", "3 columns", "2 rows")),
    "matmul 0-d": (lambda: at.matmul(T(1.0), T([1.0])), ShapeError, ("at least one axis", "use * for scalars")),
    "matmul batch": (lambda: T(np.zeros((2, 2, 2))) @ T(np.zeros((3, 2, 2))), ShapeError, ("matmul", "do not broadcast")),
    "linear": (lambda: at.linear(T(X), T(X.T)), ShapeError, ("inputs of shape (..., 2)", "got (2, 3)")),
    "reshape": (lambda: T(X).reshape(4), ShapeError, ("cannot reshape (2, 3) (6 elements) to (4,)",)),
    "reshape -1": (lambda: T(X).reshape(4, -1), ShapeError, ("-1 would not be a whole number",)),
    "reshape -1 twice": (lambda: T(X).reshape(-1, -1), ArgumentError, ("single -1",)),
    "sum axis": (lambda: T(X).sum(2), ArgumentError, ("axis 2 is out of range", "[-2, 2)")),
    "sum axis twice": (lambda: T(X).sum((0, -2)), ArgumentError, ("twice",)),
    "max of nothing": (lambda: at.zeros((0, 3)).max(0), ShapeError, ("no max", "(0, 3)", "no elements")),
    "argmax of nothing": (lambda: at.zeros((0,)).argmax(), ShapeError, ("no argmax",)),
    "squeeze": (lambda: T(X).squeeze(0), ShapeError, ("length one", "axis 0")),
    "expand": (lambda: T(X).expand((2, 4)), ShapeError, ("(2, 3)", "does not broadcast to", "(2, 4)")),
    "permute": (lambda: T(X).transpose(0, 0), ArgumentError, ("each of the 2 axes once",)),
    "mT": (lambda: T([1.0]).mT, ShapeError, ("at least two axes", "(1,)")),
    "concat shapes": (lambda: at.concat([T(X), T([1.0])]), ShapeError, ("(2, 3)", "(1,)")),
    "concat nothing": (lambda: at.concat([]), ArgumentError, ("at least one tensor",)),
    "concat 0-d": (lambda: at.concat([T(1.0)]), ShapeError, ("use stack",)),
    "stack shapes": (lambda: at.stack([T(X), T([1.0])]), ShapeError, ("one shape", "(2, 3)", "(1,)")),
    "moveaxis": (lambda: at.moveaxis(T(X), (0, 1), (0,)), ArgumentError, ("as many sources as destinations",)),
    "index outside": (lambda: T(X)[2], IndexRangeError, ("[2]", "(2, 3)", "out of bounds")),
    "index array outside": (lambda: T(X)[[0, 5]], IndexRangeError, ("array of shape (2,)", "(2, 3)")),
    "too many indices": (lambda: T(X)[0, 0, 0], IndexRangeError, ("too many indices",)),
    "index of floats": (lambda: T(X)[[0.5]], DTypeError, ("an index is made of ints",)),
    "index of text": (lambda: T(X)["a"], DTypeError, ("an index is made of ints",)),
    "negative bool": (lambda: -T([True]), DTypeError, ("negative", "bool")),
    "operand of text": (lambda: T([1.0]) + "a", DTypeError, ("tensors hold numbers",)),
    "floor of complex": (lambda: at.floor(T([1j])), DTypeError, ("floor", "complex64")),
    "where shapes": (lambda: at.where(T([True, False]), T(X), 0.0), ShapeError, ("where", "do not broadcast")),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_what_was_expected_and_what_came(name: str) -> None:
    call, kind, parts = REFUSALS[name]
    with pytest.raises(AutotensorError) as caught:
        call()
    assert isinstance(caught.value, kind)
    message = str(caught.value)
    assert [part for part in parts if part not in message] == []
    assert not message.endswith("..")


def test_errors_inside_a_module_name_its_path() -> None:
    with pytest.raises(ShapeError, match=r"^model\.layer1: matmul: "), inside("model"), inside("layer1"):
        T(X) @ T(X)


def test_every_primitive_has_a_name_of_its_own_and_says_it() -> None:
    for name, primitive in registry.items():
        assert primitive.name == name
        assert repr(primitive) == f"<primitive {name}>"


@pytest.mark.parametrize("fortran", [False, True])
def test_results_are_c_ordered_whatever_the_operands(fortran: bool) -> None:
    x = at.asarray(np.asfortranarray(np.ones((3, 4))))
    for y in (x + 1, at.exp(x), at.where(x > 0, x, x), at.maximum(x, x.T.T)):
        assert y.data.flags.c_contiguous


def test_operands_that_are_not_tensors_are_constants() -> None:
    x = T([1.0, 2.0], requires_grad=True)
    y = x * np.array([3.0, 4.0], np.float32) + [1.0, 1.0]
    y.sum().backward()
    assert x.grad is not None
    assert (x.grad.tolist(), x.grad.dtype) == ([3.0, 4.0], np.float32)
