"""The function under check, as a function of a flat list of float64 arrays, with the derivatives that the rules give it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autotensor import random
from autotensor.autodiff import transforms
from autotensor.autodiff.inputs import record
from autotensor.autodiff.reverse import backwards_from
from autotensor.autodiff.trees import flatten
from autotensor.core.errors import DTypeError
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.ops.complex_numbers import complex, imag, real
from autotensor.testing.numeric import EPSILON

Function = Callable[..., Any]


class Candidate:
    """A function of Tensors, called with a flat list of those that are differentiated.

    `point` holds each differentiated array once, in float64, with the strides it came with. A complex number is two real ones
    here: a complex input is two arrays of `point`, a complex result two results. Each call starts from the same random state, so
    that dropout drops the same.
    """

    def __init__(self, f: Function, inputs: Sequence[Any]) -> None:
        self.function = f
        leaves, self._rebuild = flatten(tuple(inputs))
        chosen = [isinstance(x, Tensor) and x.requires_grad for x in leaves]
        self.constants: list[Any] = []
        self.places: list[int | None] = []  # for each leaf its position in `point`
        self.plane: set[int] = set()  # positions of real parts, with the imaginary part behind them
        self._pairs: list[bool] = []  # which results are complex
        self.point: list[Array] = []
        self.names: list[str] = []
        self.converted: list[str] = []
        known: dict[int, int] = {}
        for x, wanted, name in zip(leaves, chosen, names_in(tuple(inputs), "inputs"), strict=True):
            array = x.data if isinstance(x, Tensor) else np.asarray(x)
            moves = array.dtype.kind in "fc" and (wanted or not any(chosen))
            self.constants.append(Tensor(_wide(array)) if isinstance(x, (Tensor, np.ndarray, float, builtins.complex)) else x)
            if not moves:
                self.places.append(None)
                continue
            if array.dtype not in (np.float64, np.complex128):
                self.converted.append(f"{name} ({array.dtype})")
            if id(x) not in known:
                known[id(x)] = len(self.point)
                self._enter(array, name)
            self.places.append(known[id(x)])
        self._random = random.default.state
        self._leaves = leaves  # alive, so that identities stay true

    def _enter(self, array: Array, name: str) -> None:
        """One more array of `point`, two if it is complex."""
        if array.dtype.kind == "c":
            self.plane.add(len(self.point))
            self.point += [_wide(array.real), _wide(array.imag)]
            self.names += [f"{name}.real", f"{name}.imag"]
        else:
            self.point.append(_wide(array))
            self.names.append(name)

    def inputs(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        """The inputs as they came, with these in place of what is differentiated."""
        filled = [
            c if k is None else complex(leaves[k], leaves[k + 1]) if k in self.plane else leaves[k]
            for c, k in zip(self.constants, self.places, strict=True)
        ]
        result: tuple[Any, ...] = self._rebuild(filled)
        return result

    def outputs(self, *leaves: Any) -> list[Tensor]:
        """All results, in order, complex ones as two.

        Raises: DTypeError for one that is no floating or complex Tensor.
        """
        before = random.default.state
        random.default.state = self._random
        try:
            found = flatten(self.function(*self.inputs(leaves)))[0]
        finally:
            random.default.state = before
        for y in found:
            if not isinstance(y, Tensor) or y.dtype.kind not in "fc":
                kind = f"a Tensor of dtype {y.dtype}" if isinstance(y, Tensor) else type(y).__name__
                raise DTypeError(
                    f"check_grads needs a function whose results are floating or complex Tensors, it returned {kind}. "
                    f"Compute with autotensor's functions; float(x) and x.numpy() leave the graph."
                )
        if any(x.dtype.kind == "c" for x in leaves):  # a complex step: what a real function makes of it is one result
            if any(self._pairs):
                raise DTypeError("the complex step is for functions with real results.")
            return found
        self._pairs = [y.dtype.kind == "c" for y in found]
        return [part for y in found for part in ((real(y), imag(y)) if y.dtype.kind == "c" else (y,))]

    def row(self, arrays: Sequence[Any]) -> Array:
        """All results in one row."""
        return joined([y.data for y in self.outputs(*(Tensor(np.asarray(x)) for x in arrays))])

    def pulled(self, arrays: Sequence[Array], g: Sequence[Array]) -> list[Array]:
        """J' g by the vjp rules."""
        _, back = transforms.vjp(self.outputs, *(Tensor(x) for x in arrays))
        return [x.data for x in back([Tensor(c) for c in g])]

    def pushed(self, arrays: Sequence[Array], t: Sequence[Array]) -> list[Array]:
        """J t by the jvp rules."""
        primals, tangents = tuple(Tensor(x) for x in arrays), tuple(Tensor(x) for x in t)
        return [y.data for y in transforms.jvp(self.outputs, primals, tangents)[1]]

    def tensors(self) -> list[Tensor]:
        """The point as constants."""
        return [Tensor(x) for x in self.point]

    def derivative(self, cotangents: Sequence[Array], tangents: Sequence[Array], mode: str) -> Candidate:
        """(x, g) -> J(x)' g, or (x, t) -> J(x) t, as a candidate: what the second order is the first order of."""
        n = len(self.point)

        def gradient(*leaves: Any) -> list[Tensor]:
            _, back = transforms.vjp(self.outputs, *leaves[:n])
            return list(back(list(leaves[n:])))

        def tangent(*leaves: Any) -> list[Tensor]:
            return list(transforms.jvp(self.outputs, tuple(leaves[:n]), tuple(leaves[n:]))[1])

        function, seeds, word = (gradient, cotangents, "cotangent") if mode == "reverse" else (tangent, tangents, "tangent")
        further = Candidate(function, [*self.point, *seeds])
        further.names = [*self.names, *(f"{word}[{i}]" for i in range(len(seeds)))]
        return further

    def graph(self) -> tuple[bool, float, str]:
        """Whether all that was recorded is analytic, its largest unit of rounding, and who brought a dtype below float64 in."""
        found = record(self.outputs, [Tensor(x) for x in self.point], range(len(self.point)), "check_grads")
        analytic, epsilon, who = True, EPSILON, ""
        for y in found.outputs:
            for node in [] if y.node is None else backwards_from(y.node):
                if node.is_leaf:
                    continue
                analytic = analytic and node.primitive.analytic
                unit = float(np.finfo(node.spec.dtype).eps)
                if unit >= epsilon and unit > EPSILON:
                    epsilon, who = unit, f"{node.label} ({node.spec.dtype})"
        return analytic, epsilon, who


def _wide(array: Any) -> Any:
    """A floating array in float64, a complex one in complex128, with the strides it has."""
    wide = {"f": np.float64, "c": np.complex128}.get(array.dtype.kind)
    return array if wide is None or array.dtype == wide else array.astype(wide, order="K")


def joined(arrays: Sequence[Any]) -> Array:
    """Arrays in one row."""
    return np.concatenate([np.ravel(x) for x in arrays]) if arrays else np.zeros(0)


def names_in(tree: Any, path: str) -> Iterator[str]:
    """The place of each leaf, as one would write it: inputs[0]["w"].

    >>> list(names_in(({"w": 1}, [2, 3]), "inputs"))
    ["inputs[0]['w']", 'inputs[1][0]', 'inputs[1][1]']
    """
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield from names_in(part, f"{path}[{key!r}]")
    elif isinstance(tree, (tuple, list)):
        for i, part in enumerate(tree):
            yield from names_in(part, f"{path}[{i}]")
    elif tree is not None:
        yield path
