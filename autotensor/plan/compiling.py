"""`at.compile`: a function of Tensors becomes straight-line NumPy, once for each signature that it is called with.

A call looks up the plan of its signature and runs it. Where more than numbers is asked for - a recorded result, a transform, an
enclosing trace, `at.debug()` - the function itself runs, so that everything sees through it.
"""

from __future__ import annotations

import functools
import keyword
import threading
import warnings
from collections.abc import Callable
from types import MethodType
from typing import Any, NamedTuple, get_args

import numpy as np

from autotensor.autodiff.reverse import backwards_from
from autotensor.autodiff.trees import Tree, flatten
from autotensor.core.errors import ArgumentError, GraphError, missing_extra
from autotensor.core.recording import current, watching
from autotensor.core.spec import DType, Shape
from autotensor.core.tensor import Tensor
from autotensor.plan import kernels, xla
from autotensor.plan.entrances import described, entrance, named_leaves, parameters, spec_at_the_door
from autotensor.plan.graph import Value
from autotensor.plan.plan import Backend, Plan
from autotensor.plan.surroundings import Surroundings
from autotensor.plan.tracer import Traced, Tracer

KEPT = 4  # plans of one signature: a model goes to and fro between training and evaluation
MANY = 16  # traces: more are a sign of a number that should be a Tensor
UNCALLED = "it was not called yet"
GIVEN = "an argument requires grad, so that the result is recorded"
RECORDED = "it uses a tensor from outside that requires grad, so that the result is recorded"


class Outside(NamedTuple):
    """A Tensor that the function reads without taking it as an argument, as it was when it was traced."""

    tensor: Tensor
    shape: Shape
    dtype: DType
    recorded: bool

    def same(self) -> bool:
        """Whether a plan that was made for it serves still."""
        x = self.tensor
        return x.shape == self.shape and x.dtype == self.dtype and (x.node is not None) is self.recorded


class Entry:
    """One signature: a plan, or the reason why the function itself has to run, and what both depend on."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        settings: dict[str, Any],
        name: str,
        backend: Backend = "numpy",
        *,
        presumes: bool = False,
    ) -> None:
        named = list(parameters(function, args, settings))
        self.text = {name: described(x) for name, x in named}
        leaves, rebuild = flatten((args, settings))
        names = [path for name, x in named for path, _ in named_leaves(name, x)]
        tracer = Tracer(presumes=presumes)
        given = {i: _input(tracer, x, names[i]) for i, x in enumerate(leaves) if isinstance(x, (Tensor, np.ndarray))}
        order = {x.value: k for k, x in enumerate(given.values())}
        positional, keywords = rebuild([given.get(i, x) for i, x in enumerate(leaves)])
        with tracer:
            outputs, self._rebuild = flatten(function(*positional, **keywords))
            lifted = [tracer.lift(y) if isinstance(y, (Tensor, np.ndarray)) else y for y in outputs]
        tracer.settle()
        self.presumes = tracer.presumed
        self.eager = RECORDED if current.scope is not None and any(map(_is_recorded, lifted)) else ""
        self.outside = [Outside(x, x.shape, x.dtype, x.node is not None) for x in tracer.captured]
        self.around = Surroundings(function, [x for i, x in enumerate(leaves) if i not in given])
        self._finish(tracer, lifted, order, [id(x) for x in given.values()], name, backend)

    def _finish(
        self, tracer: Tracer, lifted: list[Any], order: dict[Value, int], given: list[int], name: str, backend: Backend
    ) -> None:
        """The plan, and where its arguments come from (by `order`) and its results go; `given` are the arguments' stand-ins."""
        written = [(t, y) for t, y in tracer.assigned.items() if type(t) is not Traced or id(t) in given]
        wanted = {id(y): y for y in lifted if isinstance(y, Traced)}
        places = {key: i for i, key in enumerate(wanted)}
        graph = tracer.graph([*(y.value for y in wanted.values()), *(y.value for _, y in written)], {})
        self.plan = Plan(graph, name, backend="numpy" if self.eager else backend)
        ends = self.plan.graph.outputs
        self._copied = [i for i, y in enumerate(ends) if y in ends[:i]]  # the passes found them equal: two arrays all the same
        self._fixed = list(lifted)
        self._tensors = [(k, places[id(y)]) for k, y in enumerate(lifted) if isinstance(y, Traced)]
        self._written = [(given.index(id(t)) if type(t) is Traced else t, len(wanted) + k) for k, (t, _) in enumerate(written)]
        self._reads: list[int | Tensor] = [order.get(v, v.source) for v in self.plan.arguments]

    def serves(self) -> bool:
        """Whether everything that the trace found outside is as it was then."""
        for x in self.outside:
            if not x.same():
                return False
        return self.around.unchanged()

    def run(self, arrays: list[Any]) -> Tree:
        """The result for the arguments' Tensors and arrays, in their order."""
        reads = [arrays[x] if isinstance(x, int) else x for x in self._reads]
        found = list(self.plan(*[x.data if isinstance(x, Tensor) else x for x in reads]))
        for i in self._copied:
            found[i] = found[i].copy()
        for target, i in self._written:
            given = arrays[target] if isinstance(target, int) else target
            if isinstance(given, Tensor):  # else the function had a Tensor of its own for an array
                given.data = found[i]
        made: dict[int, Tensor] = {}
        outputs = list(self._fixed)
        for k, i in self._tensors:
            outputs[k] = made[i] if i in made else made.setdefault(i, Tensor(found[i]))
        return self._rebuild(outputs)


class Compiled:
    """What `at.compile` gives: the function, with a plan for each signature that it was called with."""

    def __init__(self, function: Callable[..., Any], backend: Backend = "numpy") -> None:
        self._function = function
        self._backend = backend
        self._entries: dict[Any, list[Entry]] = {}
        self._unusual: set[Any] = set()  # signatures where the usual may not be presumed
        self._last: Entry | None = None
        self._why = UNCALLED
        self._lock = threading.RLock()  # two threads trace one after the other
        self._traces = 0
        functools.update_wrapper(self, function, updated=())
        self._name = _name(function)

    def __call__(self, *args: Any, **settings: Any) -> Any:
        if (watching and current.watcher is not None) or current.outer.following is not None:
            return self._function(*args, **settings)
        arrays: list[Any] = []
        key = (current.scope is None, entrance(args, arrays), entrance(settings, arrays) if settings else None)
        if any(hasattr(x, "interpret") for x in arrays):  # symbolic: shapes alone are asked for
            return self._function(*args, **settings)
        if current.scope is not None and any(x.node is not None for x in arrays if isinstance(x, Tensor)):
            self._why = GIVEN
            return self._function(*args, **settings)
        entry = self._entry(key, args, settings)
        if entry.eager:
            self._why = entry.eager
            return self._function(*args, **settings)
        self._last = entry
        try:
            return entry.run(arrays)
        except (ValueError, TypeError, IndexError):
            found = self._function(*args, **settings)  # it says in its own words what does not fit, and where
            if not entry.presumes:
                raise
            self._unusual.add(key)  # all is well, and the plan took too much for granted
            self._entries.pop(key, None)
            return found

    def _entry(self, key: Any, args: Any, settings: Any) -> Entry:
        """The entry of a signature, made if there is none, or if what is outside has changed."""
        for entry in self._entries.get(key, ()):
            if entry.serves():
                return entry
        with self._lock:
            for entry in self._entries.get(key, ()):
                if entry.serves():
                    return entry
            usual = self._backend != "xla" and key not in self._unusual  # XLA's code refuses nothing
            entry = Entry(self._function, args, settings, self._name, self._backend, presumes=usual)
            self._entries[key] = [entry, *self._entries.get(key, [])[: KEPT - 1]]
            self._traces += 1
            if self._traces == MANY + 1:
                self._warn()
            return entry

    def _warn(self) -> None:
        texts = [entry.text for entries in self._entries.values() for entry in entries]
        came = {name: list(dict.fromkeys(text.get(name, "nothing") for text in texts)) for text in texts for name in text}
        worst = max(came, key=lambda name: len(came[name]), default="")
        if worst and len(came[worst]) > 1:
            what = (
                f"argument {worst} came as {', '.join(came[worst][:3])}, ... Pass a number that changes as a Tensor, "
                f"at.tensor({worst}), and pad what changes its shape."
            )
        else:
            what = "a name that it reads, or an attribute of a module, is another object at each call. Make it an argument."
        warnings.warn(f"at.compile({self._name}) has been traced {self._traces} times: {what}", stacklevel=4)

    # what a person asks
    def plan_for(self, *args: Any, **settings: Any) -> Plan:
        """The plan that a call with these arguments runs; nothing is computed.

        Raises: GraphError if such a call runs the function itself, because its result would be recorded.
        """
        arrays: list[Any] = []
        key = (current.scope is None, entrance(args, arrays), entrance(settings, arrays) if settings else None)
        recorded = current.scope is not None and any(x.node is not None for x in arrays if isinstance(x, Tensor))
        entry = None if recorded else self._entry(key, args, settings)
        if entry is None or entry.eager:
            raise GraphError(_not_compiled(self._name, entry.eager if entry else GIVEN))
        self._last = entry
        return entry.plan

    @property
    def plan(self) -> Plan:
        """The plan that ran last.

        Raises: GraphError if none has run.
        """
        if self._last is None:
            raise GraphError(_not_compiled(self._name, self._why))
        return self._last.plan

    @property
    def source(self) -> str:
        """The source of the plan that ran last.

        Raises: GraphError if none has run.
        """
        return self.plan.source

    @property
    def signatures(self) -> tuple[str, ...]:
        """What it was compiled for, a line each."""
        compiled = [entry for entries in self._entries.values() for entry in entries if not entry.eager]
        return tuple(f"({', '.join(f'{name}: {text}' for name, text in entry.text.items())})" for entry in compiled)

    def __get__(self, instance: Any, kind: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        n = len(self.signatures)
        return f"<compiled {self._name}, {n} signature{'' if n == 1 else 's'}>"


def compile(f: Callable[..., Any], *, backend: Backend = "numpy") -> Compiled:
    """The function compiled: traced once for each signature, and from then on run as straight-line NumPy source.

    Arguments and results are Tensors, in tuples, lists and dicts as they like; other arguments, as Python numbers, are part of
    the signature. Results equal those of `f` bit for bit and share no memory with anything. Tensors and names that `f` reads
    from outside are looked at anew at each call, random numbers are drawn anew. Where the result would be recorded, and inside
    other transforms, `f` itself runs: compile the gradient, `at.compile(at.grad(loss))`, or call under `at.no_grad()`. It may be
    a decorator. `.source` is what ran last, `.signatures` what it was compiled for, `.plan_for(*args)` a plan without a call.
    `backend`: "numpy"; "numba" runs elementwise operations as loops in machine code, bit for bit too (extra `fast`); "xla" runs
    all by `jax.jit` (extra `xla`), where sums may be taken in another order and what is out of range, or singular, is NaN or 0,
    not an error.
    Raises: ArgumentError on another back end; MissingExtraError without its package; TraceError if `f` asks for numbers, as
    float(x), x.numpy() and `if x > 0` do; InPlaceError if it writes to arguments.

    >>> import autotensor as at
    >>> f = compile(lambda x, w: (x @ w).sum())
    >>> f(at.ones((2, 3)), at.ones((3, 4)))
    tensor(24.)
    >>> print(f.source)
    def function(x, w):
        # the function itself
        matmul(x, w, out=h)
        add.reduce(h, axis=(0, 1), out=h_2)
        return (h_2.copy(),)
    """
    if backend not in get_args(Backend):
        raise ArgumentError(f"backend is one of {', '.join(map(repr, get_args(Backend)))}, got {backend!r}.")
    if backend == "numba" and not kernels.available():
        raise missing_extra("numba", "fast", 'backend="numba"')
    if backend == "xla" and not xla.available():
        raise missing_extra("jax", "xla", 'backend="xla"')
    return Compiled(f, backend)


def _input(tracer: Tracer, x: Any, name: str) -> Traced:
    return Traced(tracer.input(spec_at_the_door(x), "argument", name=name))


def _is_recorded(y: Any) -> bool:
    """Whether a leaf that collects a gradient leads to a result; a transform's own leaves collect none."""
    node = getattr(y, "node", None)
    return node is not None and any(one.is_leaf and one.watch is not None for one in backwards_from(node))


def _name(function: Any) -> str:
    """A name for the source that hides none of those that it uses."""
    name = getattr(function, "__name__", None) or type(function).__name__.lower()
    if not name.isidentifier() or keyword.iskeyword(name):
        return "function"
    return f"{name}_" if hasattr(np, name) else name


def _not_compiled(name: str, why: str) -> str:
    if why == UNCALLED:
        return f"{name} has no source before its first call: call it once, or pass examples of its arguments to plan_for."
    return (
        f"{name} was not compiled for its last call: {why}. Compile its gradient, at.compile(at.grad(f)), call it under "
        f"at.no_grad(), or pass x.detach()."
    )
