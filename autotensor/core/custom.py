"""Primitives of one's own: a function of arrays and its rules, in a few lines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from autotensor.core.errors import ArgumentError
from autotensor.core.primitive import Elementwise, Primitive, registry

Function = Callable[..., Any]


def primitive(
    value: Function | None = None,
    *,
    partials: Sequence[Any] | None = None,
    vjp: Function | None = None,
    jvp: Function | None = None,
    shape: Function | None = None,
    name: str | None = None,
    domain: Sequence[tuple[float, float]] = (),
    analytic: bool = False,
) -> Any:
    """A primitive from a function of arrays and its rules; also as a decorator. It has derivatives of any order, and nests.

    For a function of each element give `partials`, one `(ns, y, *operands)` or number for each operand; all else follows.
    Otherwise give `vjp(i, ns, g, y, *operands, **settings)`, the cotangent of operand i, for reverse mode;
    `jvp(ns, tangents, y, *operands, **settings)` for forward mode, where a tangent of None is zero; and
    `shape(*specs, **settings) -> Spec` for tracing. Keyword arguments of the function are its settings. In a rule `ns` is the
    namespace to compute in, `g` the cotangent, `y` the result: call `ns.exp`, never `np.exp`, so that the rule itself has
    derivatives. Of complex operands, `g` makes dL = Re(sum(g dy)): a holomorphic rule is `g * dy/dx`, without a conjugate.
    Raises: ArgumentError for a name that autotensor has, or unless there is a partial for each operand. Where a rule that was
    left out is needed, MissingRuleError says which.

    >>> import numpy as np, autotensor as at
    >>> @primitive(partials=(lambda ns, y, x: 3 * ns.square(x),))
    ... def cube(x):
    ...     return x * x * x
    >>> at.grad(cube)(2.0), at.grad(at.grad(cube))(2.0)
    (tensor(12.), tensor(12.))
    """
    if value is None:
        return lambda function: primitive(
            function, partials=partials, vjp=vjp, jvp=jvp, shape=shape, name=name, domain=domain, analytic=analytic
        )
    called = name or value.__name__
    if not called.isidentifier():
        raise ArgumentError(f"a primitive needs a name that is an identifier, got {called!r}; pass name=.")
    if called in registry:
        raise ArgumentError(f"autotensor has a primitive called {called!r}; choose another name for yours.")
    body: dict[str, Any] = {"__doc__": value.__doc__, "__module__": value.__module__, "custom": True}
    body |= {"domain": tuple(domain), "analytic": analytic}
    if partials is not None:
        _check_partials(called, value, partials)
        if vjp is not None or jvp is not None:
            raise ArgumentError(f"{called}: partials say the whole derivative; pass them, or vjp and jvp, not both.")
        return _declared(called, Elementwise, body | {"numpy": staticmethod(value), "partials": tuple(partials)}, shape)
    rules = {"value": value, "vjp": vjp, "jvp": jvp}
    return _declared(called, Primitive, body | {key: staticmethod(rule) for key, rule in rules.items() if rule}, shape)


def _check_partials(name: str, value: Function, partials: Sequence[Any]) -> None:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    count = sum(p.kind in kinds for p in inspect.signature(value).parameters.values())
    if len(partials) != count:
        raise ArgumentError(f"{name} has {count} operands and {len(partials)} partials; give one for each, None if it has none.")


def _declared(name: str, family: type[Primitive], body: dict[str, Any], shape: Function | None) -> Primitive:
    if shape is not None:
        body["shape"] = staticmethod(shape)
    kind: Any = type(name, (family,), body)
    kind.name = name
    made: Primitive = kind()
    return made
