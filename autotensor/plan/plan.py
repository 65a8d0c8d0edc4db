"""A plan: a traced graph, optimised, laid out in memory and written as source; calling it runs that source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from autotensor.core.spec import Array
from autotensor.plan.blocks import runs
from autotensor.plan.emit import Source
from autotensor.plan.fuse import fused
from autotensor.plan.graph import Graph, Value
from autotensor.plan.memory import Memory, planned
from autotensor.plan.passes import optimized
from autotensor.plan.xla import Functional

Backend: TypeAlias = Literal["numpy", "numba", "xla"]


class Plan:
    """Compiled steps of one signature. Each caller at a time has an instance with buffers of its own.

    `given` are the arrays of states and of inputs that are bound; a plan with state has one instance only. `approximate` admits
    polynomials in kernels (`polynomials`); `ordered` says that the elements of all arguments will lie in order.
    """

    def __init__(
        self,
        graph: Graph,
        name: str,
        items: Sequence[bool] = (),
        given: dict[Value, Array] | None = None,
        *,
        backend: Backend = "numpy",
        approximate: bool = False,
        ordered: bool = False,
    ) -> None:
        self.traced = graph
        self.graph = optimized(graph)
        self._backend = backend
        if backend == "numba":
            self.graph = fused(self.graph, approximate=approximate)
        items = items or [False] * len(graph.outputs)
        self._source: Source | Functional
        if backend == "xla":  # which plans memory by itself
            self.memory = Memory()
            self._source = Functional(self.graph, name, items)
        else:
            self.memory = planned(self.graph, runs(self.graph))
            self._source = Source(self.graph, self.memory, name, items, ordered=ordered)
        self._given = given or {}
        self._free: list[Callable[..., Any]] = []

    @property
    def source(self) -> str:
        """The source that runs."""
        return self._source.text

    @property
    def arguments(self) -> list[Value]:
        """What a call is given, in its order: those arguments and captured values that are used."""
        return self._source.arguments

    @property
    def peak_bytes(self) -> int:
        """Bytes of workspace that an instance has, beside arguments, state and results."""
        return self._source.workspace if isinstance(self._source, Functional) else self.memory.workspace

    @property
    def names(self) -> dict[Value, str]:
        """What the source calls each value; what shares a buffer has one name. Empty for XLA, which plans memory by itself."""
        return self._source.names if isinstance(self._source, Source) else {}

    def kernel_texts(self) -> list[str]:
        """The kernels that this graph would have with machine code."""
        graph = self.graph if self._backend == "numba" else fused(self.graph)
        found = Source(graph, planned(graph), "train_step", [False] * len(graph.outputs), compiles=False)
        return found.kernels

    def instance(self) -> Callable[..., Any]:
        """The compiled function with buffers of its own."""
        return self._source.instance(self._given)

    def release(self, instance: Callable[..., Any]) -> None:
        """Let go of an instance's buffers at once; it may not be called any more."""
        if isinstance(self._source, Source):
            instance.__globals__.clear()  # which the function itself is in

    def prepare(self, instance: Callable[..., Any]) -> None:
        """Make the machine code of an instance's kernels now instead of at its first call."""
        if isinstance(self._source, Source):
            self._source.prepare(instance)

    def __call__(self, *arrays: Array) -> Any:
        try:
            run = self._free.pop()
        except IndexError:  # all are in use, by other threads
            run = self.instance()
        try:
            return run(*arrays)
        finally:
            self._free.append(run)
