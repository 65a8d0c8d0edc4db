"""A session that shows a primitive at work: operands, the value and the gradients, with what they print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autotensor import ops
from autotensor.core.errors import AutotensorError
from autotensor.core.primitive import Elementwise, Primitive
from autotensor.core.spec import Array, Shape
from autotensor.core.tensor import Tensor
from autotensor.pictures.wording import written

POOL = (-1.0, -0.5, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)  # numbers for examples


def example_session(primitive: Primitive, names: Sequence[str]) -> Iterator[str]:
    """A session: operands, the value, the gradients of its sum."""
    operands, settings = _example_operands(primitive)
    wanted = [primitive.differentiable and x.dtype.kind in "fc" for x in operands]
    leaves = [Tensor(x).requires_grad_(one) for x, one in zip(operands, wanted, strict=True)]
    y: Tensor = primitive(*leaves, **settings)
    call, imported = _public_call(primitive, leaves, settings, y)
    given = ", ".join([*names[: len(leaves)], *(f"{key}={written(value)}" for key, value in settings.items())])
    yield ">>> import autotensor as at"
    if "np." in given:
        yield ">>> import numpy as np"
    if imported:
        yield f">>> {imported}"
    for name, x, one in zip(names, leaves, wanted, strict=False):
        yield from _broken(f">>> {name} = at.tensor({x.tolist()}{', requires_grad=True' if one else ''})")
    result = "z" if "y" in names else "y"
    yield f">>> {result} = {call}({given})"
    yield f">>> {result}"
    yield from _shown(y)
    if any(wanted):
        ops.real(y).sum().backward()
        yield f">>> {result}.real.sum().backward()" if y.dtype.kind == "c" else f">>> {result}.sum().backward()"
        for name, x in zip(names, leaves, strict=False):
            if x.grad is not None:
                yield f">>> {name}.grad"
                yield from _shown(x.grad)


def _shown(x: Tensor) -> list[str]:
    """What a session prints; a line that is empty is marked, as a session ends at one."""
    return [line or "<BLANKLINE>" for line in repr(x).split("\n")]


def _broken(line: str) -> list[str]:
    """A long line of a session, broken between the rows of a matrix."""
    if len(line) <= 72 or "], [" not in line:
        return [line]
    first, *others = line.replace("], [", "],\n[").split("\n")
    innermost = first.rindex("[") - len("... ")
    return [first, *("... " + " " * innermost + row for row in others)]


def _example_operands(primitive: Primitive) -> tuple[list[Array], dict[str, Any]]:
    """Small numbers that differ, inside the domain; the second operand in reverse, so that functions of two meet a tie."""
    shapes, settings = primitive.examples[0] if primitive.examples else (((3,),), {})
    if isinstance(primitive, Elementwise):
        operands = []
        for i in range(len(primitive.partials)):
            low, high = primitive.domain[i] if primitive.domain else (-np.inf, np.inf)
            fit = [x for x in (POOL if primitive.differentiable else (0.0, 1.0, 2.0)) if low < x < high]
            three = [-1.0, 0.5, 2.0] if {-1.0, 0.5, 2.0} <= set(fit) else [fit[0], fit[len(fit) // 2], fit[-1]]
            operands.append(np.array(three[:: -1 if i else 1], np.float32))
            if primitive.kinds and primitive.kinds[i] == "complex":
                operands[i] = np.asarray(operands[i] + 1j, np.complex64)
        return operands, dict(settings)
    kinds = primitive.kinds or ("float",) * len(shapes)
    classes = settings["classes"] if "classes" in settings else shapes[0][-1] if shapes and shapes[0] else 1
    return [_ramp(shape, kind, classes) for shape, kind in zip(shapes, kinds, strict=True)], dict(settings)


def _ramp(shape: Shape, kind: str, classes: int) -> Array:
    steps = np.arange(int(np.prod(shape))).reshape(shape)
    if kind == "bool":
        return np.asarray(steps % 2 == 0)
    if kind in {"symmetric", "positive"}:  # 3 on the diagonal, 1 beside it
        return np.broadcast_to(np.eye(shape[-1], dtype=np.float32) * 2 + np.float32(1), shape)
    if kind == "complex":
        return np.asarray((steps * 2 + 1) % 5 + 1j, np.complex64)
    return (steps * 2 + 1) % classes if kind == "label" else ((steps * 2 + 1) % 5).astype(np.float32)


def _public_call(primitive: Primitive, leaves: Sequence[Tensor], settings: dict[str, Any], y: Tensor) -> tuple[str, str]:
    """How a user writes the call, and what to import for it: the public function if it does just this, else the table's."""
    for place, prefix in ((ops, "at"), (ops.special, "at.special"), (ops.linalg, "at.linalg"), (ops.fft, "at.fft")):
        function = getattr(place, primitive.name, None)
        try:
            same = callable(function) and np.array_equal(
                function(*leaves, **settings).data, y.data, equal_nan=y.dtype.kind == "f"
            )
        except (TypeError, AttributeError, AutotensorError):
            continue
        if same:
            return f"{prefix}.{primitive.name}", ""
    return f"recorded.{primitive.name}", "from autotensor.core.namespace import recorded"
