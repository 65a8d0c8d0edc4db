"""The Tensor: an array, and the node that remembers how it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex

import numpy as np
from numpy import ndarray

from autotensor.core.errors import DTypeError, GraphError, ShapeError
from autotensor.core.leaving import Leaving
from autotensor.core.lines import Line
from autotensor.core.methods import Methods
from autotensor.core.namespace import late, recorded
from autotensor.core.node import Node, Watch, leaf, stay
from autotensor.core.numpy_calls import NumPyCalls
from autotensor.core.recording import current, watching
from autotensor.core.spec import Array, DType, Shape, as_array
from autotensor.core.versions import Overwritten


class Tensor(Methods, Leaving, NumPyCalls):
    """An n-dimensional array that can remember how it was made, so that gradients flow back through it.

    Made by `at.tensor`, or by any operation on Tensors. `data` is the NumPy array; `node` is None for a constant.
    A *leaf* with `requires_grad=True` collects `d loss / d leaf` in `grad` when `loss.backward()` runs.

    >>> import autotensor as at
    >>> x = at.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__weakref__", "data", "line", "node")

    data: Array
    node: Node | None
    line: Line | None  # the user's line, set under at.debug() only

    def __init__(self, data: Any, node: Node | None = None) -> None:
        # a rule that is itself recorded may be handed what was overwritten: only its use is an error
        self.data = data if type(data) is ndarray else data if type(data) is Overwritten else as_array(data)  # type: ignore[assignment]
        self.node = node
        if watching and current.watcher is not None:
            self.line = current.watcher.born(self)

    # the graph
    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to or through this Tensor; settable on leaves."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start or stop collecting a gradient, on a leaf; returns the Tensor itself.

        Raises: GraphError on the result of an operation; DTypeError unless the dtype is floating or complex.
        """
        if self.node is not None and not self.node.is_leaf:
            raise GraphError(
                f"requires_grad can be set on leaves only, this tensor is the result of {self.node.label}. "
                f"Use .detach() for a constant copy of the handle, or .retain_grad() to keep its gradient."
            )
        if not requires_grad:
            stay(self.node, "requires_grad_(False)")
            self.node = None
        elif self.node is None:
            if self.data.dtype.kind not in "fc":
                raise DTypeError(
                    f"only floating tensors can require gradients, got dtype {self.data.dtype}. "
                    f"Convert it first: x.astype('float32')."
                )
            self.node = leaf(self.data, self._name())
        return self

    def _name(self) -> str | None:
        return None

    @property
    def is_leaf(self) -> bool:
        """True for a Tensor made by hand, or by operations on constants."""
        return self.node is None or self.node.is_leaf

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward left here, or None; of this Tensor's shape and dtype."""
        return self.node.watch.grad if self.node is not None and self.node.watch is not None else None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is None:
            if self.node is not None and self.node.watch is not None:
                self.node.watch.grad = None
            return
        if self.node is None or self.node.watch is None:
            raise GraphError("this tensor collects no gradient; set requires_grad=True on it before setting .grad.")
        if not isinstance(value, Tensor):
            raise DTypeError(f"grad must be a Tensor or None, got {type(value).__name__}. Wrap it: at.tensor(array).")
        if value.shape != self.shape:
            raise ShapeError(f"grad must have the tensor's shape {self.shape}, got {value.shape}.")
        self.node.watch.grad = value if value.dtype == self.dtype else value.astype(self.dtype)

    def backward(self, gradient: Any = None, *, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Add d self / d leaf to the `grad` of every leaf that this Tensor was computed from.

        Shapes: `gradient` has this Tensor's shape; it may be omitted if that is a single element, and is then 1.
        `retain_graph` (default: the value of `create_graph`) keeps the saved values for another backward;
        `create_graph` records the sweep itself, so that the gradients can be differentiated again.
        Raises: GraphError if nothing was recorded; ShapeError if `gradient` is missing or does not fit; GraphFreedError on a
        second backward without `retain_graph`.

        >>> import autotensor as at
        >>> x = at.tensor(3.0, requires_grad=True)
        >>> (x**2).backward()
        >>> x.grad
        tensor(6.)
        """
        keep = create_graph if retain_graph is None else retain_graph
        late.backward(self, gradient, retain_graph=keep, create_graph=create_graph)

    def retain_grad(self) -> None:
        """Keep the gradient of this intermediate Tensor too when backward passes.

        Raises: GraphError if nothing was recorded.
        """
        if self.node is None:
            raise GraphError("retain_grad() needs a recorded tensor, this one is a constant: no operand requires grad.")
        if self.node.watch is None:
            self.node.watch = Watch()
        self.node.watch.retain = True

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Callable[[], None]:
        """Call `hook(gradient)` when backward passes here; a Tensor that it returns takes the gradient's place.

        Returns: a function that removes the hook again.
        Raises: GraphError if nothing was recorded.

        >>> import autotensor as at
        >>> x = at.tensor(1.0, requires_grad=True)
        >>> remove = x.register_hook(lambda g: g * 10)
        >>> (x * 2).backward()
        >>> x.grad
        tensor(20.)
        """
        if self.node is None:
            raise GraphError("a hook needs a recorded tensor, this one is a constant: no operand requires grad.")
        if self.node.watch is None:
            self.node.watch = Watch(retain=False)
        hooks = self.node.watch.hooks
        key = max(hooks, default=0) + 1
        hooks[key] = hook
        return lambda: hooks.pop(key, None) and None

    def detach(self) -> Tensor:
        """The same array as a constant: nothing flows back through it."""
        if self.node is not None and current.outer.following is not None:
            return recorded.stop(self)  # a constant for gradients, but not one for all of vmap's examples
        return Tensor(self.data)

    def _at(self, node: Node | None) -> Tensor:
        """The same value at another place in the graph."""
        return Tensor(self.data, node)

    def put_into(self, target: Tensor) -> None:
        """Give `target`, such as a running mean, this value's array; a compiled function will do it at each call."""
        stay(self.node, "a new value for a buffer")
        if watching and current.watcher is not None and current.watcher.traces:
            current.watcher.assign(target, self)
        else:
            target.data = self.data

    # what Python asks of an array
    @property
    def shape(self) -> Shape:
        return self.data.shape

    @property
    def dtype(self) -> DType:
        return self.data.dtype

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def nbytes(self) -> int:
        return self.data.nbytes

    def __len__(self) -> int:
        if not self.data.ndim:
            raise DTypeError("len() of a 0-dimensional tensor; use .item() for its value.")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.data.ndim == 0 else format(repr(self), spec)

    def __repr__(self) -> str:
        numbers = np.array2string(self.data, separator=", ", prefix="tensor(")
        notes = "" if self.dtype.name in ("float32", "int64", "bool") else f", dtype={self.dtype.name}"
        if self.node is not None:
            notes += ", requires_grad=True" if self.node.is_leaf else f", made_by={self.node.primitive.name}"
        return f"tensor({numbers}{notes})"

    # copying
    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        twin = memo[id(self)] = self._rebuild(self.data.copy())
        return twin

    def __copy__(self) -> Tensor:
        return self._rebuild(self.data)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return restore, (type(self), self.data, self.requires_grad and self._checked_leaf())

    def _rebuild(self, data: Array) -> Tensor:
        return restore(type(self), data, self.requires_grad and self._checked_leaf())

    def _checked_leaf(self) -> bool:
        stay(self.node, "a copy or pickle")
        if self.node is not None and not self.node.is_leaf:
            raise GraphError(
                f"only leaves can be copied or pickled, this tensor is the result of {self.node.label}. Use .detach() first."
            )
        return True


def restore(kind: type[Tensor], data: Array, requires_grad: bool) -> Tensor:
    """A leaf again, after copying or unpickling."""
    twin = kind.__new__(kind)
    Tensor.__init__(twin, data)
    return twin.requires_grad_(requires_grad)
