"""A primitive states its value and its derivative once; everything else in autotensor reads that statement.

Three families. An *Elementwise* primitive states a partial derivative for each operand, a *Multilinear* one a transpose for each
operand, and a bare *Primitive* states all of its rules. Rules receive `ns`, the namespace to compute in: with plain arrays they
cost what arrays cost, with recorded Tensors their result can be differentiated again. So one rule serves every order.

Complex numbers: inside, the cotangent g of a complex y is what makes dL = Re(sum(g dy)), so that a holomorphic rule is
`g * dy/dx` without a conjugate, and real rules serve as they are. Users see PyTorch's convention, dL/dRe + i dL/dIm, which is
conj(g): the conjugate is taken where gradients go in and out (`autodiff.reverse.conjugate`), nowhere else.

In every rule: `ns` namespace, `g` cotangent, `t` tangent, `y` output, `x, a, b` operands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy import ndarray

from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, MissingRuleError
from autotensor.core.examples import aligned, one_by_one, spread
from autotensor.core.namespace import Namespace, numpy_functions, plain, recorded
from autotensor.core.node import Node
from autotensor.core.recording import current, watching
from autotensor.core.signatures import Signature
from autotensor.core.spec import SCALARS, Array, Scalar, Spec, as_array, broadcast_shapes
from autotensor.core.tensor import Tensor

registry: dict[str, Primitive] = {}
_new = object.__new__
customs: dict[str, Primitive] = {}
REALS = (-np.inf, np.inf)
MATRICES = frozenset({"regular", "symmetric", "positive"})  # operands that are whole matrices, well-conditioned for the laws


class Primitive:
    """A differentiable function that states all of its rules: value, shape, vjp and jvp."""

    name: ClassVar[str]
    numpy_names: ClassVar[tuple[Any, ...]] = ()  # NumPy functions that mean this primitive
    differentiable: ClassVar[bool] = True  # False: the result is never recorded
    analytic: ClassVar[bool] = False  # True: the complex step is exact for it
    data_dependent_shape: ClassVar[bool] = False  # True: tracing it is an error
    c_ordered: ClassVar[bool] = True  # False: the value may be a view
    domain: ClassVar[tuple[tuple[float, float], ...]] = ()  # an open interval for each operand; empty: all reals
    examples: ClassVar[tuple[tuple[tuple[Any, ...], dict[str, Any]], ...]] = ()  # (operand shapes, settings) for the laws
    reads_values: bool = True  # False: an Elementwise whose partials are numbers, so that its rules need no array
    shortcuts: tuple[Any, ...] = ()  # an Elementwise's partials, for the sweep to read without a call
    custom: ClassVar[bool] = False  # True: a user's, made by `at.primitive`; the registry holds autotensor's own
    rowwise: ClassVar[bool] = False  # True: leading axes are examples already, and all operands have them
    kinds: ClassVar[
        tuple[str, ...]
    ] = ()  # of each operand: "float", "complex", "bool", "label" or one of MATRICES; empty: all float
    __signature__ = Signature()

    def __init_subclass__(cls) -> None:
        cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self) -> None:
        (customs if self.custom else registry)[self.name] = self
        setattr(plain, self.name, self.value)
        setattr(recorded, self.name, self.__call__)  # bound: calling a method is faster than calling an object
        self.__doc__ = type(self).__doc__
        self.__name__ = self.name
        for function in self.numpy_names:
            numpy_functions[function] = self

    def value(self, *operands: Any, **settings: Any) -> Any:
        """The result for arrays; never a view of an operand unless `c_ordered` is False."""
        raise self._unstated("value")

    def shape(self, *operands: Spec | Scalar, **settings: Any) -> Spec:
        """The result's shape and dtype from those of the operands alone."""
        raise self._unstated("shape")

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, *operands: Any, **settings: Any) -> Any:
        """The cotangent of operand `i`; axes that broadcasting added are summed by the sweep."""
        return self._no_derivative("vjp")

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, *operands: Any, **settings: Any) -> Any:
        """The tangent of the result; a tangent of None is zero, and at least one is not None."""
        return self._no_derivative("jvp")

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        """The results of many examples, along axis 0; see `core.examples`. Unless stated otherwise, one example after another."""
        apply = getattr(ns, self.name)
        if self.rowwise:
            return apply(*spread(ns, operands, batched), **settings)
        return one_by_one(apply, ns, operands, batched, settings)

    def kinks(self, *operands: Array, **settings: Any) -> Any:
        """The distance of the operands to the nearest point without a derivative."""
        return np.inf

    def _unstated(self, rule: str) -> MissingRuleError:
        return MissingRuleError(f"primitive {self.name!r} states no {rule}: define {type(self).__name__}.{rule}().")

    def _no_derivative(self, rule: str) -> None:
        if self.differentiable:
            raise self._unstated(rule)  # else vmap has recorded it, and nothing passes

    def __call__(self, *operands: Any, **settings: Any) -> Any:
        """Compute, and record when an operand requires a gradient."""
        if watching and current.watcher is not None:
            return current.watcher.call(self, operands, settings)
        arrays: list[Any] = []
        parents: list[Node | None] = []
        tracked = False
        for x in operands:
            if isinstance(x, Tensor):
                node = x.node
                arrays.append(x.data)
                parents.append(node)
                if node is not None:
                    tracked = True
            elif hasattr(x, "interpret"):  # a symbolic value: its interpreter takes over
                return x.interpret(self, operands, settings)
            else:
                arrays.append(x if isinstance(x, SCALARS) else as_array(x))
                parents.append(None)
        if not tracked and all(isinstance(x, SCALARS) for x in operands):
            arrays = [as_array(x) for x in operands]  # Python scalars are weak beside an array, float32 on their own
        try:
            value = self.value(*arrays, **settings) if settings else self.value(*arrays)
        except AutotensorError:
            raise
        except (ValueError, TypeError) as reason:
            raise self.complaint(arrays, settings, reason) from None
        if value.ndim > 1 and self.c_ordered and not value.flags.c_contiguous:
            value = np.ascontiguousarray(value)
        scope = current.scope
        if tracked and scope is not None and self.differentiable:
            y = _new(Tensor)  # by hand what Tensor() does: on small arrays its call is 4 % of an operation
            y.data = value if type(value) is ndarray else np.asarray(value)
            y.node = Node(self, parents, arrays, value, settings, scope)
            return y
        if tracked and current.outer.following is not None:  # vmap follows what gradients do not, also under no_grad
            y = Tensor(value, Node(self, parents, arrays, value, settings, current.outer))
            return recorded.stop(y) if self.differentiable else y
        return Tensor(value)

    def complaint(self, arrays: Sequence[Any], settings: dict[str, Any], reason: Exception) -> AutotensorError:
        """NumPy's refusal, with the operation, the module path and the operands."""
        where = f"{current.outer}: " if current.outer.path else ""
        what = " and ".join(str(a.shape) if hasattr(a, "shape") else repr(a) for a in arrays)
        kinds = " and ".join(str(a.dtype) if hasattr(a, "dtype") else type(a).__name__ for a in arrays)
        why = str(reason).rstrip(".")
        if isinstance(reason, TypeError):
            return DTypeError(f"{where}{self.name} does not take dtypes {kinds} (shapes {what}): {why}.")
        try:
            self.shape(*(Spec(a.shape, a.dtype) if hasattr(a, "shape") else a for a in arrays), **settings)
        except AutotensorError as refusal:
            return type(refusal)(f"{where}{self.name}: {refusal}")
        # the shapes fit: it is the values or the settings that do not
        return ArgumentError(f"{where}{self.name} cannot be computed for operands of shapes {what}, dtypes {kinds}: {why}.")

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return registered, (self.name,)  # a copy, or what is unpickled, is the primitive itself


def registered(name: str) -> Primitive:
    """The primitive of a name."""
    return registry[name] if name in registry else customs[name]


class Elementwise(Primitive):
    """A function of each element: it states one partial derivative for each operand.

    A partial is a function `(ns, y, *operands)`, or a number when the derivative is constant (0, 1 and -1 cost nothing), or None
    for an operand that has no derivative. Its VJP is `g * partial`, its JVP the sum of `partial * t`; where these are complex and
    the operand, or the result, is real, their real part is meant: of a real y, a partial p of a complex x says dy = Re(p dx).
    """

    numpy: ClassVar[Callable[..., Any]]
    partials: ClassVar[tuple[Any, ...]] = ()

    def __init__(self) -> None:
        self.shortcuts = self.partials if type(self).vjp is Elementwise.vjp else ()
        self.reads_values = not self.shortcuts or any(callable(partial) for partial in self.shortcuts)
        self.value = self.numpy  # type: ignore[method-assign]  # the ufunc itself: no call in between
        super().__init__()
        if isinstance(self.numpy, np.ufunc):
            numpy_functions[self.numpy] = self

    def shape(self, *operands: Spec | Scalar, **settings: Any) -> Spec:
        specs = [x for x in operands if isinstance(x, Spec)]
        # the dtype by asking the function itself, on no elements at all
        probes = [np.empty((0,), x.dtype) if isinstance(x, Spec) else x for x in operands]
        return Spec(broadcast_shapes(*(x.shape for x in specs)), self.value(*probes, **settings).dtype)

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, *operands: Any, **settings: Any) -> Any:
        partial = self.partials[i]
        if partial is None:
            return None
        if type(partial) is not int:
            return g * partial(ns, y, *operands)
        return g if partial == 1 else -g if partial == -1 else g * partial

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, *operands: Any, **settings: Any) -> Any:
        total = None
        for t, partial in zip(tangents, self.partials, strict=True):
            if t is not None and partial is not None:
                term = t * (partial(ns, y, *operands) if callable(partial) else partial)
                total = term if total is None else total + term
        return total if total is None or total.shape == y.shape else ns.expand(total, shape=tuple(y.shape))

    def batch(self, ns: Namespace, operands: Sequence[Any], batched: Sequence[bool], settings: dict[str, Any]) -> Any:
        return getattr(ns, self.name)(*aligned(ns, operands, batched), **settings)


class Multilinear(Primitive):
    """A function that is linear in each operand: it states one transpose `(ns, g, *operands, **settings)` for each.

    Its VJP is the transpose, its JVP the function itself with the tangent in the operand's place.
    """

    transposes: ClassVar[tuple[Callable[..., Any] | None, ...]]

    def vjp(self, i: int, ns: Namespace, g: Any, y: Any, *operands: Any, **settings: Any) -> Any:
        transpose = self.transposes[i]
        return None if transpose is None else transpose(ns, g, *operands, **settings)

    def jvp(self, ns: Namespace, tangents: Sequence[Any], y: Any, *operands: Any, **settings: Any) -> Any:
        apply = getattr(ns, self.name)
        total = None
        for i, t in enumerate(tangents):
            if t is not None:
                term = apply(*operands[:i], t, *operands[i + 1 :], **settings)
                total = term if total is None else total + term
        return total
