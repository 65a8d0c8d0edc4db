"""Functions that take a function and give its derivative: `at.grad` and its relatives. They nest, in any order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.forward import pushforward
from autotensor.autodiff.inputs import Recorded, outward, record, wrapped
from autotensor.autodiff.reverse import conjugate, pullback
from autotensor.autodiff.trees import Tree, flatten
from autotensor.core.errors import ArgumentError, DTypeError, ShapeError
from autotensor.core.namespace import recorded
from autotensor.core.recording import enable_grad, no_grad
from autotensor.core.spec import Shape, as_array
from autotensor.core.tensor import Tensor

Argnums = int | Sequence[int]


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002
    """A function giving (f(...), gradient): of a scalar function, with respect to the arguments numbered `argnums`.

    The gradient has the argument's structure (tensors in tuples, lists and dicts), for several `argnums` a tuple of such. With
    `has_aux`, f returns (y, aux) and the result is ((y, aux), gradient). For a complex argument it is dy/dRe + i dy/dIm.
    Raises: ShapeError unless f returns a single element; DTypeError if that is complex; ArgumentError for an argnum that is not
    there.

    >>> import autotensor as at
    >>> value_and_grad(lambda x: (x**2).sum())(at.tensor([1.0, 3.0]))
    (tensor(10.), tensor([2., 6.]))
    """

    @functools.wraps(f)
    def derivative(*args: Any) -> Any:
        chosen = chosen_numbers(argnums, len(args))
        found = record(f, args, chosen, "grad", has_aux=has_aux)
        if len(found.outputs) != 1 or found.outputs[0].size != 1:
            shapes = [y.shape for y in found.outputs]
            raise ShapeError(
                f"grad needs a function with a single element as result, got shapes {shapes}. Use jacobian, or .sum()."
            )
        (y,) = found.outputs
        if y.dtype.kind == "c":
            raise DTypeError(
                f"grad needs a function with a real result, got {y.dtype}. Make it real with at.abs, at.real or at.imag; "
                f"jacobian gives the derivative of a holomorphic function."
            )
        flat = _gradients(found, [Tensor(np.ones(y.shape, y.dtype))])
        grads = per_argument(flat, args, chosen)
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

    Shapes: the cotangent has the structure and shapes of f's result, those that come back have the primals'. Complex ones are
    gradients as `.grad` is, dL/dRe + i dL/dIm.
    Raises: ShapeError if a cotangent does not fit; DTypeError if it is complex where f's result is not.

    >>> import autotensor as at
    >>> y, back = vjp(lambda a, b: a * b, at.tensor(2.0), at.tensor(5.0))
    >>> y, back(at.tensor(1.0))
    (tensor(10.), (tensor(5.), tensor(2.)))
    """
    everything = range(len(primals))
    found = record(f, primals, everything, "vjp")

    def back(cotangent: Any) -> tuple[Any, ...]:
        seeds = _fitting(cotangent, found.outputs, "cotangent")
        return tuple(per_argument(_gradients(found, seeds), primals, everything))

    return found.rebuild([outward(y, found) for y in found.outputs]), back


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(f(*primals), push): `push(*tangents)` is the tangent of f's result, linear in the tangents. f itself runs only once.

    Shapes: tangents have the structure and shapes of the primals.
    Raises: ShapeError if a tangent does not fit; DTypeError if it is complex where its primal is not.

    >>> import autotensor as at
    >>> y, push = linearize(at.exp, at.tensor(0.0))
    >>> y, push(at.tensor(3.0))
    (tensor(1.), tensor(3.))
    """
    found = record(f, primals, range(len(primals)), "linearize")

    def push(*tangents: Any) -> Any:
        return found.rebuild(pushed(found, _fitting(tangents, [x for p in primals for x in flatten(p)[0]], "tangent")))

    return found.rebuild([outward(y, found) for y in found.outputs]), push


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(f(*primals), its tangent when the primals move by the tangents): forward mode.

    Shapes: tangents have the structure and shapes of the primals, the tangent that comes out has that of f's result.
    Raises: ShapeError if a tangent does not fit; DTypeError if it is complex where its primal is not; ArgumentError unless both
    are tuples of one length.

    >>> import autotensor as at
    >>> jvp(lambda a, b: a * b, (at.tensor(2.0), at.tensor(5.0)), (at.tensor(1.0), at.tensor(0.0)))
    (tensor(10.), tensor(5.))
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)) or len(primals) != len(tangents):
        raise ArgumentError("jvp takes a tuple of primals and a tuple of as many tangents: jvp(f, (x,), (t,)).")
    y, push = linearize(f, *primals)
    return y, push(*tangents)


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


def chosen_numbers(argnums: Argnums, count: int) -> list[int]:
    """`argnums` as a list of non-negative ints.

    Raises: ArgumentError for an argument that is not there.
    """
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    for i in numbers:
        if not -count <= i < count:
            raise ArgumentError(f"argnums={argnums!r} names argument {i}, the function was called with {count}.")
    return [i % count for i in numbers]


def per_argument(flat: Sequence[Any], args: Sequence[Any], chosen: Sequence[int]) -> list[Tree]:
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
    for x, dtype in zip(leaves, dtypes, strict=True):
        if x.dtype.kind == "c" and dtype.kind != "c":
            raise DTypeError(f"a {what} is real where the value is ({dtype}), got {x.dtype}. Take its .real or its .imag.")
    return [x if x.dtype == dtype else x.astype(dtype) for x, dtype in zip(leaves, dtypes, strict=True)]


def _gradients(found: Recorded, seeds: Sequence[Tensor]) -> list[Tensor]:
    """`pulled` in the user's convention of complex gradients: conjugated on both sides."""
    with enable_grad():
        return [conjugate(x) for x in pulled(found, [conjugate(seed) for seed in seeds])]


def pulled(found: Recorded, seeds: Sequence[Tensor]) -> list[Tensor]:
    """The cotangents of all inputs, zeros where an output does not depend on one; as the rules have them."""
    ns = recorded if any(seed.node is not None for seed in seeds) else found.ns
    totals: list[Any] = [None] * len(found.inputs)
    with enable_grad() if ns is recorded else no_grad():
        for y, seed in zip(found.outputs, seeds, strict=True):
            if y.node is not None:
                parts = pullback(ns, y.node, seed if ns is recorded else seed.data, found.inputs)
                totals = [b if a is None else a if b is None else a + b for a, b in zip(totals, parts, strict=True)]
        pairs = zip(totals, found.inputs, strict=True)
        return [zeros(*node.spec) if t is None else wrapped(t) for t, node in pairs]


def pushed(found: Recorded, tangents: Sequence[Tensor]) -> list[Tensor]:
    """The tangents of all outputs, zeros where one does not depend on the inputs."""
    ns = recorded if any(t.node is not None for t in tangents) else found.ns
    moving = {node: t if ns is recorded else t.data for node, t in zip(found.inputs, tangents, strict=True)}
    with enable_grad() if ns is recorded else no_grad():
        parts = [None if y.node is None else pushforward(ns, y.node, moving) for y in found.outputs]
        return [zeros(y.shape, y.dtype) if t is None else wrapped(t) for t, y in zip(parts, found.outputs, strict=True)]


def zeros(shape: Shape, dtype: Any) -> Tensor:
    """A derivative that is 0."""
    return Tensor(np.zeros(shape, dtype))
