"""Random programs of views, writes in place and recorded operations: a derivative is right or an InPlaceError, never wrong.

Beside each tensor runs an array of NumPy's, which shares memory as NumPy has it, and the Jacobian that was computed when the
operation ran. A write is not recorded: it changes numbers, and no Jacobian.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

import autotensor as at
from autotensor import Tensor
from autotensor.autodiff.forward import pushforward
from autotensor.core.errors import InPlaceError
from autotensor.core.namespace import plain

SHAPE = (2, 3)
SIZE = 6


class Twin(NamedTuple):
    tensor: Tensor
    array: Any  # what the tensor should hold
    jacobian: Any  # (*shape, leaves' elements), or None for a constant


VIEWS: dict[str, Callable[[Any], Any]] = {
    "rows": lambda x: x[1:],
    "reversed": lambda x: x[::-1],
    "row": lambda x: x[0],
    "flat": lambda x: x.reshape(-1) if isinstance(x, np.ndarray) else x.reshape((-1,)),
}
UNARY: dict[str, tuple[Any, Any, Callable[[Any], Any]]] = {
    "sin": (at.sin, np.sin, np.cos),
    "tanh": (at.tanh, np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "square": (at.square, np.square, lambda x: 2 * x),
    "negative": (at.negative, np.negative, lambda x: -np.ones_like(x)),
    "add 1": (lambda x: x + 1, lambda x: x + 1, np.ones_like),
}
BINARY: dict[str, tuple[Any, Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "add": (np.add, lambda a, b: np.ones_like(a), lambda a, b: np.ones_like(a)),
    "subtract": (np.subtract, lambda a, b: np.ones_like(a), lambda a, b: -np.ones_like(a)),
    "multiply": (np.multiply, lambda a, b: b, lambda a, b: a),
}
STEPS = ("view", "unary", "binary", "take", "detach", "checkpoint", "write", "write", "update", "update")


def scaled(slope: Any, jacobian: Any) -> Any:
    return None if jacobian is None else slope[..., None] * jacobian


def total(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b


class Program:
    """What has been computed so far."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        rng = np.random.default_rng(draw(st.integers(0, 9)))
        values = [rng.uniform(-1, 1, SHAPE) for _ in range(4)]
        self.leaves = [at.tensor(x, requires_grad=True) for x in values[:2]]
        units = np.eye(2 * SIZE).reshape(2, *SHAPE, 2 * SIZE)
        self.twins = [Twin(w, x.copy(), j) for w, x, j in zip(self.leaves, values[:2], units, strict=True)]
        self.twins += [Twin(at.tensor(x), x.copy(), None) for x in values[2:]]
        self.index = at.tensor([1, 0]), np.array([1, 0])
        self.writes = 0

    def pick(self, among: list[Twin]) -> Twin:
        return among[self.draw(st.integers(0, len(among) - 1))]

    def step(self) -> None:
        getattr(self, self.draw(st.sampled_from(STEPS)))()

    def view(self) -> None:
        x = self.pick([one for one in self.twins if one.array.ndim > 1 and len(one.array) > 1])
        view = VIEWS[self.draw(st.sampled_from(sorted(VIEWS)))]
        array = view(x.array)
        rows = view(np.arange(x.array.size).reshape(x.array.shape))
        j = None if x.jacobian is None else x.jacobian.reshape(-1, 2 * SIZE)[rows]
        self.twins.append(Twin(view(x.tensor), array, j))

    def unary(self) -> None:
        ours, theirs, slope = UNARY[self.draw(st.sampled_from(sorted(UNARY)))]
        x = self.pick(self.twins)
        self.twins.append(Twin(ours(x.tensor), theirs(x.array), scaled(slope(x.array), x.jacobian)))

    def binary(self) -> None:
        name = self.draw(st.sampled_from(sorted(BINARY)))
        a = self.pick(self.twins)
        b = self.pick([one for one in self.twins if one.array.shape == a.array.shape])
        self.twins.append(self.combined(name, a, b, getattr(at, name)(a.tensor, b.tensor)))

    def combined(self, name: str, a: Twin, b: Twin, y: Tensor) -> Twin:
        theirs, by_a, by_b = BINARY[name]
        j = total(scaled(by_a(a.array, b.array), a.jacobian), scaled(by_b(a.array, b.array), b.jacobian))
        return Twin(y, theirs(a.array, b.array), j)

    def take(self) -> None:
        x = self.pick([one for one in self.twins if one.array.shape[0] > 1])
        ours, theirs = self.index
        self.twins.append(Twin(x.tensor[ours], x.array[theirs], None if x.jacobian is None else x.jacobian[theirs]))

    def detach(self) -> None:
        x = self.pick(self.twins)
        self.twins.append(Twin(x.tensor.detach(), x.array, None))

    def checkpoint(self) -> None:
        x = self.pick(self.twins)
        c = self.pick([one for one in self.twins if one.array.shape == x.array.shape])
        y = at.checkpoint(lambda u: at.sin(u * c.tensor))(x.tensor)
        product = self.combined("multiply", x, c, y)
        self.twins.append(Twin(y, np.sin(product.array), scaled(np.cos(product.array), product.jacobian)))

    def writable(self) -> Twin:
        own = [one for one in self.twins if one.jacobian is None or any(one.tensor is w for w in self.leaves)]
        return self.pick(own)

    def write(self) -> None:
        self.writes += 1
        if self.draw(st.integers(0, 5)) == 0:
            ours, theirs = self.index
            ours[0] = theirs[0] = self.draw(st.integers(0, 1))
            return
        x, value = self.writable(), self.pick(self.twins)
        index: Any = self.draw(st.sampled_from([0, -1, slice(None), slice(1, None), ..., [0]]))
        with at.no_grad():
            if value.array.shape == x.array[index].shape:
                x.tensor[index] = value.tensor
                x.array[index] = value.array
            else:
                x.tensor[index] = x.array[index] = 0.5

    def update(self) -> None:
        x, name = self.writable(), self.draw(st.sampled_from(sorted(BINARY)))
        v = self.pick([one for one in self.twins if one.array.shape == x.array.shape])
        sign = {"add": "__iadd__", "subtract": "__isub__", "multiply": "__imul__"}[name]
        if v.jacobian is not None and x.jacobian is None:  # recorded: x names the sum from now on
            self.twins.append(self.combined(name, x, v, getattr(x.tensor, sign)(v.tensor)))
            return
        self.writes += 1
        with at.no_grad():
            assert getattr(x.tensor, sign)(v.tensor) is x.tensor
        BINARY[name][0](x.array, v.array, out=x.array)


def backward(y: Tensor, leaves: list[Tensor], create_graph: bool) -> Any:
    for w in leaves:
        w.grad = None
    y.backward(at.ones(y.shape, dtype=y.dtype), retain_graph=True, create_graph=create_graph)
    return np.concatenate([np.zeros(SIZE) if w.grad is None else w.grad.data.reshape(-1) for w in leaves])


def forward(y: Tensor, leaves: list[Tensor], tangent: Any) -> Any:
    parts = dict(zip([w.node for w in leaves if w.node], tangent.reshape(2, *SHAPE), strict=True))
    assert y.node is not None
    moved = pushforward(plain, y.node, parts)
    return np.zeros(y.shape) if moved is None else moved


@settings(max_examples=300)
@given(data=st.data())
def test_a_derivative_after_writes_is_right_or_refused(data: st.DataObject) -> None:
    program = Program(data.draw)
    for _ in range(data.draw(st.integers(1, 14))):
        program.step()
    for one in program.twins:
        np.testing.assert_array_equal(one.tensor.data, one.array)  # what is written is seen in every view
    results = [one for one in program.twins if one.jacobian is not None]
    y, _, jacobian = results[data.draw(st.integers(2, len(results) - 1))] if len(results) > 2 else results[0]
    tangent = np.linspace(-1, 1, 2 * SIZE)
    gradient = jacobian.reshape(-1, 2 * SIZE).sum(axis=0)
    for derivative, wanted in (
        (lambda: backward(y, program.leaves, create_graph=False), gradient),
        (lambda: backward(y, program.leaves, create_graph=True), gradient),
        (lambda: forward(y, program.leaves, tangent), jacobian @ tangent),
    ):
        try:
            found = derivative()
        except InPlaceError:
            assert program.writes, "nothing was written"
            event("refused")
        else:
            event(f"right, {'after writes' if program.writes else 'without writes'}")
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
