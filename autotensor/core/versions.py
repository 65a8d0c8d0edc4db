"""What was written in place, and when: no derivative is computed with numbers that are no longer there.

Each write is noted in one table by the same clock that orders the nodes of a graph. A node that is older than a write to memory
which it saved has lost those numbers. While nothing has been written the table is empty, and that is all anybody asks.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autotensor.core.errors import InPlaceError
from autotensor.core.lines import MADE, Line, users_line
from autotensor.core.node import Node, _next
from autotensor.core.recording import current, watching
from autotensor.core.spec import Array, DType, Shape


class Write(NamedTuple):
    """The latest write to one piece of memory."""

    order: int  # when: by the clock of the nodes
    what: str  # such as "x += v", with the module path
    shape: Shape  # of the tensor that was written to
    line: Line | None  # known under at.debug() only
    memory: weakref.ref[Array]


class Writes(dict[int, Write]):
    """By the id of the array that owns the memory, as long as it lives."""

    __slots__ = ("latest",)

    def __init__(self) -> None:
        self.latest = -1  # the moment of the last write anywhere: what is younger need not be looked at


moment = _next  # the clock
writes = Writes()
_lock = threading.RLock()  # two threads may write to one tensor: the later moment must stay


def memory_of(x: Any) -> Any:
    """The array that owns the memory of `x`; all views of it have the same.

    >>> x = np.zeros((2, 3))
    >>> memory_of(x[0][1:]) is x
    True
    """
    while isinstance(base := getattr(x, "base", None), np.ndarray):
        x = base
    return x


def wrote(x: Array, what: str) -> None:
    """Note that `x` has just been written to."""
    memory = memory_of(x)
    key = id(memory)
    line = users_line() if watching and current.watcher is not None else None
    label = f"{current.outer}: {what}" if current.outer.path else what
    with _lock:
        # the clock is read after the write: whatever is younger has seen the new numbers
        writes.latest = moment()
        writes[key] = Write(writes.latest, label, x.shape, line, weakref.ref(memory, lambda _: writes.pop(key, None)))


def write_after(order: int, x: Any) -> Write | None:
    """The write to the memory of `x` that is younger than `order`, if there is one."""
    found = writes.get(id(memory_of(x)))
    return found if found is not None and found.order > order else None


class Overwritten:
    """In the place of an array whose numbers were lost: its shape and dtype can be asked, anything else is an InPlaceError."""

    __slots__ = ("dtype", "node", "shape", "which", "write")

    def __init__(self, x: Array, node: Node, which: str, write: Write) -> None:
        self.shape: Shape = x.shape
        self.dtype: DType = x.dtype
        self.node = node
        self.which = which
        self.write = write

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    def _refuse(self, *given: Any, **settings: Any) -> NoReturn:
        raise overwritten(self.node, self.which, self.shape, self.write)

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()

    def __array_function__(self, function: Any, types: Any, given: Any, settings: Any) -> Any:
        if function in (np.shape, np.ndim, np.size):
            return function(np.broadcast_to(np.zeros((), self.dtype), self.shape))
        return self._refuse()

    __array__ = __array_ufunc__ = __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = __contains__ = _refuse
    __getitem__ = __abs__ = __neg__ = __pos__ = __invert__ = _refuse
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = __matmul__ = _refuse
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __rmatmul__ = _refuse
    __and__ = __or__ = __xor__ = __lshift__ = __rshift__ = __rand__ = __ror__ = __rxor__ = __rlshift__ = __rrshift__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = object.__hash__


def overwritten(node: Node, which: str, shape: Shape, write: Write) -> InPlaceError:
    """The error that names what saved the numbers and what wrote over them; after `at.debug()` with both lines."""
    lines = (
        (f"\n  {node.label} {node.spec.shape}, {MADE}", node.scope.line),
        (f"\n  {write.what}, written at ", write.line),
    )
    return InPlaceError(
        f"{node.label} still needs {which}, of shape {shape}, as it was then: "
        f"{write.what} on a tensor of shape {write.shape} has overwritten it since. "
        f"Write before {node.label} or after backward(), or not in place: x = x + v, x = x.at[index].set(v)."
        + "".join(f"{what}{line}" for what, line in lines if line is not None)
    )


def saved(node: Node) -> tuple[Sequence[Any], Any]:
    """What a node's rules compute with: its operands and its value, `Overwritten` in the place of those that were.

    Raises: InPlaceError if it is an array among the settings that was.
    """
    operands = node.operands or ()
    if node.order > writes.latest:
        return operands, node.value
    for name, x in arrays_in(node.settings.items()):  # an index that was a Tensor is held as its array
        if (write := write_after(node.order, x)) is not None:
            raise overwritten(node, f"its {name}", x.shape, write)
    several = len(operands) > 1
    kept = [_kept(node, f"operand {i + 1}" if several else "its operand", x) for i, x in enumerate(operands)]
    return kept, _kept(node, "its result", node.value)


def arrays_in(settings: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Array]]:
    """The arrays among settings, each with the setting's name."""
    for name, x in settings:
        if isinstance(x, np.ndarray):
            yield name, x
        elif isinstance(x, (tuple, list)):
            yield from arrays_in((name, one) for one in x)


def _kept(node: Node, which: str, x: Any) -> Any:
    write = write_after(node.order, x)
    return x if write is None else Overwritten(x, node, which, write)


def intact(node: Node) -> None:
    """Make sure that all the arrays a node has saved are as they were.

    Raises: InPlaceError.
    """
    operands, value = saved(node)
    for x in (*operands, value):
        if isinstance(x, Overwritten):
            raise overwritten(node, x.which, x.shape, x.write)


def guarded(flow: Callable[..., None]) -> Callable[..., None]:
    """`flow`, which carries a node's cotangent on to its operands, with `Overwritten` in the place of what was."""

    def careful(ns: Any, node: Node, g: Any, parents: Sequence[Node | None], cotangents: dict[Node, Any]) -> None:
        if node.order > writes.latest:
            flow(ns, node, g, parents, cotangents)
            return
        kept = node.operands, node.value
        node.operands, node.value = saved(node)
        try:
            flow(ns, node, g, parents, cotangents)
        finally:
            node.operands, node.value = kept

    return careful
