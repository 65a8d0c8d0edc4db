"""All derivatives of each output by each input, at once: `jacobian` and `hessian`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.batching import rows_at_once
from autotensor.autodiff.forward import pushforward
from autotensor.autodiff.inputs import Recorded, record
from autotensor.autodiff.transforms import chosen_numbers, grad, pulled, pushed, zeros
from autotensor.autodiff.trees import flatten
from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.core.namespace import plain
from autotensor.core.spec import as_array
from autotensor.core.tensor import Tensor
from autotensor.ops.complex_numbers import complex, conj
from autotensor.ops.shaping import moveaxis, reshape


def jacobian(f: Callable[..., Any], argnums: int = 0, mode: str | None = None) -> Callable[..., Any]:
    """A function giving all derivatives of each output with respect to each input, of shape (*output, *input).

    `mode` "reverse" sweeps back with a row for each output element, "forward" goes on with a row for each input element, all rows
    at once; None takes the fewer rows. Where the argument
    or the result is a container, so is the Jacobian: the result's structure, with the argument's in each place.
    Of a complex result by a complex input it is dy/dz, and f must be holomorphic; of a real result by a complex input each row
    is a gradient as `.grad` is, dy/dRe + i dy/dIm.
    Raises: ArgumentError for another mode, or if f is not holomorphic where it must be.

    >>> import autotensor as at
    >>> jacobian(lambda x: x * x)(at.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if mode not in (None, "reverse", "forward"):
        raise ArgumentError(f"mode is 'reverse', 'forward' or None, got {mode!r}.")

    @functools.wraps(f)
    def derivative(*args: Any) -> Any:
        (i,) = chosen_numbers(argnums, len(args))
        found = record(f, args, [i], "jacobian")
        leaves, rebuild = flatten(args[i])
        xs = [x if isinstance(x, Tensor) else Tensor(as_array(x)) for x in leaves]
        _check_holomorphic(found, xs)
        outputs, inputs = sum(y.size for y in found.outputs), sum(x.size for x in xs)
        forward = mode == "forward" or (mode is None and inputs < outputs)
        blocks = (_by_columns if forward else _by_rows)(found, xs)
        return found.rebuild([rebuild(row) for row in blocks])

    return derivative


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function giving the matrix of second derivatives of a scalar function, of shape (*input, *input).

    Raises: as `grad`; DTypeError for complex inputs, whose second derivatives are not one complex matrix.

    >>> import autotensor as at
    >>> hessian(lambda x: (x**3).sum())(at.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    matrix = jacobian(grad(f, argnums), argnums, mode="reverse")

    @functools.wraps(f)
    def derivative(*args: Any) -> Any:
        (i,) = chosen_numbers(argnums, len(args))
        for x in flatten(args[i])[0]:
            if _is_complex(x):
                raise DTypeError(
                    "hessian is by real inputs: take the real and the imaginary part of a complex one as two, and put them "
                    "together with at.complex. hvp takes complex inputs."
                )
        return matrix(*args)

    return derivative


def _is_complex(x: Any) -> bool:
    return bool((x if isinstance(x, Tensor) else as_array(x)).dtype.kind == "c")


def _check_holomorphic(found: Recorded, xs: Sequence[Tensor]) -> None:
    """Nothing, if complex outputs move by i dy where complex inputs move by i dx, along one direction of all.

    Raises: ArgumentError.
    """
    outputs = [y for y in found.outputs if _is_complex(y) and y.node is not None]
    if not outputs or not any(map(_is_complex, xs)):
        return
    rng = np.random.default_rng(0)
    moving = {
        node: np.asarray(rng.normal(size=x.shape) + 1j * rng.normal(size=x.shape), x.dtype)
        for node, x in zip(found.inputs, xs, strict=True)
        if _is_complex(x)
    }
    turned = {node: np.asarray(1j * t, t.dtype) for node, t in moving.items()}
    for y in outputs:
        if y.node is None or (t := pushforward(plain, y.node, moving)) is None:
            continue
        off = np.max(np.abs(pushforward(plain, y.node, turned) - 1j * t), initial=0.0)
        if off > float(np.finfo(y.dtype).eps) ** 0.5 * np.max(np.abs(t), initial=0.0):
            raise ArgumentError(
                "the jacobian of a complex function by complex inputs is dy/dz, and this function has none: it is not "
                "holomorphic, as conj, real, imag, abs, angle and sign are not. Take those of at.real(f(x)) and of at.imag(f(x))."
            )


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


def _along(tensors: Sequence[Tensor], unit: Any) -> list[Tensor]:
    """`_one_hot` with `unit` for the 1 of complex tensors, and 0 for that of real ones."""
    ones = _one_hot(tensors)
    return [Tensor(np.asarray(x.data * (unit if x.dtype.kind == "c" else 0), x.dtype)) for x in ones]


def _blocks(rows: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The rows cut into a block for each tensor, whose first axes are the tensor's."""
    found, start = [], 0
    for x in tensors:
        found.append(reshape(rows[start : start + x.size], (*x.shape, *rows.shape[1:])))
        start += x.size
    return found


def _by_rows(found: Recorded, xs: Sequence[Tensor]) -> list[list[Tensor]]:
    """[output][input] -> block of shape (*output, *input): one reverse sweep, for all output elements at once."""
    ys = found.outputs
    if not any(y.size for y in ys):
        return [[zeros((*y.shape, *x.shape), np.result_type(x.dtype, y.dtype)) for x in xs] for y in ys]

    def table(seeds: Sequence[Tensor]) -> list[list[Tensor]]:
        rows = rows_at_once(found.ns, lambda *seeds: pulled(found, seeds), seeds)
        return [_blocks(part, ys) for part in rows]

    columns = table(_one_hot(ys))
    # the cotangent 1 brings Re dy to a real input, and -i brings Im dy
    mixed = any(map(_is_complex, ys)) and not all(map(_is_complex, xs))
    others = table(_along(ys, -1j)) if mixed else columns
    return [
        [
            complex(one[k], other[k])
            if _is_complex(y) and not _is_complex(x)
            else conj(one[k])
            if _is_complex(x) and not _is_complex(y)
            else one[k]
            for one, other, x in zip(columns, others, xs, strict=True)
        ]
        for k, y in enumerate(ys)
    ]


def _by_columns(found: Recorded, xs: Sequence[Tensor]) -> list[list[Tensor]]:
    """[output][input] -> block of shape (*output, *input): one forward pass, for all input elements at once."""
    ys = found.outputs
    if not any(x.size for x in xs):
        return [[zeros((*y.shape, *x.shape), np.result_type(x.dtype, y.dtype)) for x in xs] for y in ys]

    def table(tangents: Sequence[Tensor]) -> list[list[Tensor]]:
        moved = rows_at_once(found.ns, lambda *tangents: pushed(found, tangents), tangents)
        return [
            [
                moveaxis(block, tuple(range(x.ndim)), tuple(range(y.ndim, y.ndim + x.ndim)))
                for block, x in zip(_blocks(t, xs), xs, strict=True)
            ]
            for t, y in zip(moved, ys, strict=True)
        ]

    rows = table(_one_hot(xs))
    # a real output moves by dy/dRe along 1, and by dy/dIm along i
    mixed = any(map(_is_complex, xs)) and not all(map(_is_complex, ys))
    others = table(_along(xs, 1j)) if mixed else rows
    return [
        [
            complex(one, other) if _is_complex(x) and not _is_complex(y) else one
            for one, other, x in zip(row, across, xs, strict=True)
        ]
        for row, across, y in zip(rows, others, ys, strict=True)
    ]
