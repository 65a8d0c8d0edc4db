"""Functions that take a function and give its derivative: `at.grad` and its relatives. They nest, in any order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.batching import rows_at_once
from autotensor.autodiff.forward import pushforward
from autotensor.autodiff.inputs import Recorded, outward, record, wrapped
from autotensor.autodiff.reverse import pullback
from autotensor.autodiff.trees import Tree, flatten
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import recorded
from autotensor.core.recording import enable_grad, no_grad
from autotensor.core.spec import Shape, as_array
from autotensor.core.tensor import Tensor
from autotensor.ops.shaping import moveaxis, reshape

Argnums = int | Sequence[int]


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002
    """A function giving (f(...), gradient): of a scalar function, with respect to the arguments numbered `argnums`.

    The gradient has the argument's structure (tensors in tuples, lists and dicts), for several `argnums` a tuple of such. With
    `has_aux`, f returns (y, aux) and the result is ((y, aux), gradient).
    Raises: ShapeError unless f returns a single element; ArgumentError for an argnum that is not there.

    >>> import autotensor as at
    >>> value_and_grad(lambda x: (x**2).sum())(at.tensor([1.0, 3.0]))
    (tensor(10.), tensor([2., 6.]))
    """

    @functools.wraps(f)
    def derivative(*args: Any) -> Any:
        chosen = _chosen(argnums, len(args))
        found = record(f, args, chosen, "grad", has_aux=has_aux)
        if len(found.outputs) != 1 or found.outputs[0].size != 1:
            shapes = [y.shape for y in found.outputs]
            raise ShapeError(
                f"grad needs a function with a single element as result, got shapes {shapes}. Use jacobian, or .sum()."
            )
        (y,) = found.outputs
        flat = _pulled(found, [Tensor(np.ones(y.shape, y.dtype))])
        grads = _per_argument(flat, args, chosen)
        value = found.rebuild([outward(y, found)])
        gradient = grads[0] if isinstance(argnums, int) else tuple(grads)
        return ((value, found.aux), gradient) if has_aux else (value, gradient)

    return derivative


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002
    """A function giving the gradient of a scalar function; as `value_and_grad`, without the value.

    With `has_aux` the result is (gradient, aux).
    Raises: as `value_and_grad`.

    >>> import autotensor as at
    >>> grad(at.tanh)(0.0), grad(grad(grad(at.sin)))(0.0)
    (tensor(1.), tensor(-1.))
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def derivative(*args: Any) -> Any:
        value, gradient = both(*args)
        return (gradient, value[1]) if has_aux else gradient

    return derivative


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(f(*primals), pullback): `pullback(cotangent)` is the tuple of cotangents of the primals. It may be called many times.

    Shapes: the cotangent has the structure and shapes of f's result, those that come back have the primals'.
    Raises: ShapeError if a cotangent does not fit.

    >>> import autotensor as at
    >>> y, back = vjp(lambda a, b: a * b, at.tensor(2.0), at.tensor(5.0))
    >>> y, back(at.tensor(1.0))
    (tensor(10.), (tensor(5.), tensor(2.)))
    """
    everything = range(len(primals))
    found = record(f, primals, everything, "vjp")

    def back(cotangent: Any) -> tuple[Any, ...]:
        seeds = _fitting(cotangent, found.outputs, "cotangent")
        return tuple(_per_argument(_pulled(found, seeds), primals, everything))

    return found.rebuild([outward(y, found) for y in found.outputs]), back


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(f(*primals), push): `push(*tangents)` is the tangent of f's result, linear in the tangents. f itself runs only once.

    Shapes: tangents have the structure and shapes of the primals.
    Raises: ShapeError if a tangent does not fit.

    >>> import autotensor as at
    >>> y, push = linearize(at.exp, at.tensor(0.0))
    >>> y, push(at.tensor(3.0))
    (tensor(1.), tensor(3.))
    """
    found = record(f, primals, range(len(primals)), "linearize")

    def push(*tangents: Any) -> Any:
        return found.rebuild(_pushed(found, _fitting(tangents, [x for p in primals for x in flatten(p)[0]], "tangent")))

    return found.rebuild([outward(y, found) for y in found.outputs]), push


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(f(*primals), its tangent when the primals move by the tangents): forward mode.

    Shapes: tangents have the structure and shapes of the primals, the tangent that comes out has that of f's result.
    Raises: ShapeError if a tangent does not fit; ArgumentError unless both are tuples of one length.

    >>> import autotensor as at
    >>> jvp(lambda a, b: a * b, (at.tensor(2.0), at.tensor(5.0)), (at.tensor(1.0), at.tensor(0.0)))
    (tensor(10.), tensor(5.))
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)) or len(primals) != len(tangents):
        raise ArgumentError("jvp takes a tuple of primals and a tuple of as many tangents: jvp(f, (x,), (t,)).")
    y, push = linearize(f, *primals)
    return y, push(*tangents)


def jacobian(f: Callable[..., Any], argnums: int = 0, mode: str | None = None) -> Callable[..., Any]:
    """A function giving all derivatives of each output with respect to each input, of shape (*output, *input).

    `mode` "reverse" sweeps back with a row for each output element, "forward" goes on with a row for each input element, all rows
    at once; None takes the fewer rows. Where the argument
    or the result is a container, so is the Jacobian: the result's structure, with the argument's in each place.
    Raises: ArgumentError for another mode.

    >>> import autotensor as at
    >>> jacobian(lambda x: x * x)(at.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if mode not in (None, "reverse", "forward"):
        raise ArgumentError(f"mode is 'reverse', 'forward' or None, got {mode!r}.")

    @functools.wraps(f)
    def derivative(*args: Any) -> Any:
        (i,) = _chosen(argnums, len(args))
        found = record(f, args, [i], "jacobian")
        leaves, rebuild = flatten(args[i])
        xs = [x if isinstance(x, Tensor) else Tensor(as_array(x)) for x in leaves]
        outputs, inputs = sum(y.size for y in found.outputs), sum(x.size for x in xs)
        forward = mode == "forward" or (mode is None and inputs < outputs)
        blocks = (_by_columns if forward else _by_rows)(found, xs)
        return found.rebuild([rebuild(row) for row in blocks])

    return derivative


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function giving the matrix of second derivatives of a scalar function, of shape (*input, *input).

    Raises: as `grad`.

    >>> import autotensor as at
    >>> hessian(lambda x: (x**3).sum())(at.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="reverse")


def hvp(f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The Hessian of a scalar function times a vector, without the Hessian: forward over reverse.

    `primals` and `tangents` are tuples of arguments, or one argument each; the product has their structure.
    Raises: as `grad` and `jvp`.

    >>> import autotensor as at
    >>> hvp(lambda x: (x**3).sum(), at.tensor([1.0, 2.0]), at.tensor([1.0, 0.0]))
    tensor([6., 0.])
    """
    if isinstance(primals, tuple):
        return jvp(grad(f, tuple(range(len(primals)))), primals, tangents)[1]
    return jvp(grad(f), (primals,), (tangents,))[1]


def _chosen(argnums: Argnums, count: int) -> list[int]:
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    for i in numbers:
        if not -count <= i < count:
            raise ArgumentError(f"argnums={argnums!r} names argument {i}, the function was called with {count}.")
    return [i % count for i in numbers]


def _per_argument(flat: Sequence[Any], args: Sequence[Any], chosen: Sequence[int]) -> list[Tree]:
    """A flat list of results, in the structure of each chosen argument."""
    results, start = [], 0
    for i in chosen:
        leaves, rebuild = flatten(args[i])
        results.append(rebuild(flat[start : start + len(leaves)]))
        start += len(leaves)
    return results


def _fitting(given: Tree, like: Sequence[Any], what: str) -> list[Tensor]:
    """The leaves of `given` as Tensors of the shapes and dtypes of `like`."""
    leaves = [x if isinstance(x, Tensor) else Tensor(as_array(x)) for x in flatten(given)[0]]
    shapes = [tuple(np.shape(x)) if not hasattr(x, "shape") else tuple(x.shape) for x in like]
    if [x.shape for x in leaves] != shapes:
        raise ShapeError(f"the {what}s must have shapes {shapes}, got {[x.shape for x in leaves]}.")
    dtypes = [as_array(x).dtype if not isinstance(x, Tensor) else x.dtype for x in like]
    return [x if x.dtype == dtype else x.astype(dtype) for x, dtype in zip(leaves, dtypes, strict=True)]


def _pulled(found: Recorded, seeds: Sequence[Tensor]) -> list[Tensor]:
    """The cotangents of all inputs, zeros where an output does not depend on one."""
    ns = recorded if any(seed.node is not None for seed in seeds) else found.ns
    totals: list[Any] = [None] * len(found.inputs)
    with enable_grad() if ns is recorded else no_grad():
        for y, seed in zip(found.outputs, seeds, strict=True):
            if y.node is not None:
                parts = pullback(ns, y.node, seed if ns is recorded else seed.data, found.inputs)
                totals = [b if a is None else a if b is None else a + b for a, b in zip(totals, parts, strict=True)]
        pairs = zip(totals, found.inputs, strict=True)
        return [_zeros(*node.spec) if t is None else wrapped(t) for t, node in pairs]


def _pushed(found: Recorded, tangents: Sequence[Tensor]) -> list[Tensor]:
    """The tangents of all outputs, zeros where one does not depend on the inputs."""
    ns = recorded if any(t.node is not None for t in tangents) else found.ns
    moving = {node: t if ns is recorded else t.data for node, t in zip(found.inputs, tangents, strict=True)}
    with enable_grad() if ns is recorded else no_grad():
        parts = [None if y.node is None else pushforward(ns, y.node, moving) for y in found.outputs]
        return [_zeros(y.shape, y.dtype) if t is None else wrapped(t) for t, y in zip(parts, found.outputs, strict=True)]


def _zeros(shape: Shape, dtype: Any) -> Tensor:
    return Tensor(np.zeros(shape, dtype))


def _one_hot(tensors: Sequence[Tensor]) -> list[Tensor]:
    """For each tensor an array with a row for every element of all of them: 1 at its own, 0 elsewhere."""
    rows = sum(x.size for x in tensors)
    found, start = [], 0
    for x in tensors:
        units = np.zeros((rows, x.size), x.dtype)
        units[start : start + x.size] = np.eye(x.size, dtype=x.dtype)
        found.append(Tensor(units.reshape(rows, *x.shape)))
        start += x.size
    return found


def _blocks(rows: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The rows cut into a block for each tensor, whose first axes are the tensor's."""
    found, start = [], 0
    for x in tensors:
        found.append(reshape(rows[start : start + x.size], (*x.shape, *rows.shape[1:])))
        start += x.size
    return found


def _by_rows(found: Recorded, xs: Sequence[Tensor]) -> list[list[Tensor]]:
    """[output][input] -> block of shape (*output, *input): one reverse sweep, for all output elements at once."""
    if not any(y.size for y in found.outputs):
        return [[_zeros((*y.shape, *x.shape), y.dtype) for x in xs] for y in found.outputs]
    rows = rows_at_once(found.ns, lambda *seeds: _pulled(found, seeds), _one_hot(found.outputs))
    columns = [_blocks(part, found.outputs) for part in rows]
    return [[column[k] for column in columns] for k in range(len(found.outputs))]


def _by_columns(found: Recorded, xs: Sequence[Tensor]) -> list[list[Tensor]]:
    """[output][input] -> block of shape (*output, *input): one forward pass, for all input elements at once."""
    if not any(x.size for x in xs):
        return [[_zeros((*y.shape, *x.shape), y.dtype) for x in xs] for y in found.outputs]
    moved = rows_at_once(found.ns, lambda *tangents: _pushed(found, tangents), _one_hot(xs))
    return [
        [
            moveaxis(block, tuple(range(x.ndim)), tuple(range(y.ndim, y.ndim + x.ndim)))
            for block, x in zip(_blocks(t, xs), xs, strict=True)
        ]
        for t, y in zip(moved, found.outputs, strict=True)
    ]
