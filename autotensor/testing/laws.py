"""The laws of primitives, each a function of a primitive, operands and settings that raises `LawError` where it is broken.

1. `shape_rule`: the shape rule equals reality.
2. `jvp_is_the_derivative`: the JVP equals the numeric derivative.
3. `vjp_is_the_adjoint`: the VJP is the adjoint of the JVP.
4. `second_order`: reverse over reverse and forward over reverse hold by the same rules.
6. `nothing_is_shared`: no operand is mutated, and a leaf's gradient is its own.
7. `vmap_is_the_stack`: vmap(f) equals the stack of f over examples, nested and composed with grad.

An array that stands twice in `operands` is one leaf used twice; a Python scalar, an integer or a boolean is a constant.

Complex operands obey the same laws with the pairing <a, b> = Re(sum(conj(a) b)): gradients as users see them are then those of
both parts as so many real numbers, and operands move along tangents that have both parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.forward import pushforward
from autotensor.core.errors import AutotensorError
from autotensor.core.namespace import plain
from autotensor.core.primitive import Primitive
from autotensor.core.spec import SCALARS, Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.testing.numeric import Estimate, directional, jitter, rounded
from autotensor.testing.sharing import nothing_is_shared
from autotensor.testing.stacking import vmap_is_the_stack
from autotensor.testing.subject import Claim, LawError, Subject, directions, leaf, real_part, same, subject, subsets

__all__ = [
    "LAWS",
    "shape_rule",
    "jvp_is_the_derivative",
    "vjp_is_the_adjoint",
    "second_order",
    "nothing_is_shared",
    "vmap_is_the_stack",
]

Law = Callable[[Primitive, Sequence[Any], dict[str, Any]], None]


def shape_rule(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> None:
    """Law 1: the shape rule equals reality, in shape and dtype, and an eager result is C-ordered unless declared otherwise."""
    s = subject(primitive, operands, settings)
    try:
        with np.errstate(all="ignore"):
            y = primitive(*operands, **settings)
    except AutotensorError:  # a refusal of integers or booleans: there is no reality to compare with
        if all(isinstance(x, float) or getattr(x, "dtype", np.dtype(bool)).kind == "f" for x in operands):
            raise
        return
    spec = primitive.shape(*(x if isinstance(x, SCALARS) else Spec(x.shape, x.dtype) for x in operands), **settings)
    if tuple(spec.shape) != y.shape:
        raise LawError(f"shape rule: it says {tuple(spec.shape)}, the value has shape {y.shape}, in {s}.")
    if spec.dtype != y.dtype:
        raise LawError(f"shape rule: it says {spec.dtype}, the value has dtype {y.dtype}, in {s}.")
    if type(y.data) is not np.ndarray:
        raise LawError(f"shape rule: the value is a {type(y.data).__name__}, not an array, in {s}.")
    if primitive.c_ordered and not y.data.flags.c_contiguous:
        raise LawError(f"shape rule: the value is not C-ordered (strides {y.data.strides}) and nothing declares it, in {s}.")


def jvp_is_the_derivative(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> None:
    """Law 2: the JVP equals the numeric derivative, for each leaf alone and for all together."""
    s = subject(primitive, operands, settings)
    if not primitive.differentiable:
        return
    for moving in subsets(len(s.point)):
        leaves = [leaf(x) for x in s.point]
        t = directions(s.point, salt=1)
        y = s.record(leaves)
        carried = pushforward(plain, _node(y), {_node(leaves[k]): t[k] for k in moving})
        carried = np.zeros(y.shape) if carried is None else carried

        def moved(point: Sequence[Any], moving: tuple[int, ...] = moving) -> Any:
            full = list(s.point)
            for k, x in zip(moving, point, strict=True):
                full[k] = x
            return s.value(full)

        at, along = [s.point[k] for k in moving], [t[k] for k in moving]
        numeric = directional(moved, at, along, analytic=s.analytic)
        slack = _rounding_of_jvp(s, t, moving, y.data)
        same(
            s,
            f"JVP of {primitive.name} along leaf {', '.join(map(str, moving))}",
            Claim("the jvp rule", carried, slack),
            Claim(_method(s), *numeric),
        )


def _rounding_of_jvp(s: Subject, t: Sequence[Array], moving: tuple[int, ...], y: Array) -> Any:
    """How the rule's rounding may move its answer."""
    if not s.smooth:
        return 0.0

    def rule(arrays: Sequence[Any]) -> Any:
        value, *rest = arrays
        point, along = rest[: len(s.point)], rest[len(s.point) :]
        tangents = [None if k is None or k not in moving else along[k] for k in s.places]
        if all(one is None for one in tangents):
            return np.zeros(y.shape)
        answer = s.primitive.jvp(plain, tangents, value, *s.at(point), **s.settings)
        return np.zeros(y.shape) if answer is None else real_part(answer, y)

    return rounded(rule, (y, *s.point, *t)).error


def vjp_is_the_adjoint(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> None:
    """Law 3: <g, J t> = <J' g, t> for each leaf alone and all together, with every subset of the leaves recorded."""
    s = subject(primitive, operands, settings)
    if not primitive.differentiable:
        return
    for recording in subsets(len(s.point)):
        leaves = [leaf(x) if k in recording else Tensor(x) for k, x in enumerate(s.point)]
        y = s.record(leaves)
        g, *t = directions([y.data, *s.point], salt=2)
        for k in recording:

            def forward(a: Sequence[Any], k: int = k, y: Tensor = y, leaves: list[Tensor] = leaves) -> Any:
                return _pairing(a[0], _push(y, leaves[k], a[1]))

            def back(a: Sequence[Any], k: int = k, y: Tensor = y, leaves: list[Tensor] = leaves) -> Any:
                return _pairing(a[1], _pull(y, leaves, a[0])[k])

            same(
                s,
                f"VJP of {primitive.name}, leaf {k} of recorded {recording}",
                Claim("<g, J t> by the jvp rule", *rounded(forward, [g, t[k]])),
                Claim("<J' g, t> by the vjp rule", *rounded(back, [g, t[k]])),
            )


def _pairing(a: Any, b: Any) -> Any:
    if np.shape(a) != np.shape(b):
        raise LawError(f"adjoint: a cotangent of shape {np.shape(a)} meets a tangent of shape {np.shape(b)}.")
    return np.sum(np.real(np.conj(a) * np.asarray(b, np.result_type(b, np.float64))))


def _push(y: Tensor, x: Tensor, t: Array) -> Any:
    answer = pushforward(plain, _node(y), {_node(x): t})
    return np.zeros(y.shape) if answer is None else answer


def _pull(y: Tensor, leaves: Sequence[Tensor], g: Array) -> list[Array]:
    """The cotangents of the leaves, by a plain sweep; zeros where none arrives."""
    for x in leaves:
        x.grad = None
    y.backward(g, retain_graph=True)
    return [np.zeros(x.shape) if x.grad is None else x.grad.data for x in leaves]


def second_order(primitive: Primitive, operands: Sequence[Any], settings: dict[str, Any]) -> None:
    """Law 4: the Hessian of <g, f> times u, three ways: reverse over reverse, forward over reverse, and numerically.

    The first two differentiate what the rules recorded, the last the plain VJP. The cotangent is a leaf too: the derivative of
    the VJP by it is the JVP.
    """
    s = subject(primitive, operands, settings)
    if not primitive.differentiable or not s.point:
        return
    y = s.value(s.point)
    g, *u = directions([y, *s.point], salt=3)

    def gradients(point: Sequence[Any]) -> list[Any]:
        """The plain VJP, which must let complex numbers pass; between conjugates, as users see gradients."""
        at = s.at(point)
        value = primitive.value(*at, **settings)
        totals: list[Any] = [0.0] * len(point)
        for i, k in enumerate(s.places):
            if k is not None:
                c = primitive.vjp(i, plain, np.conj(g), value, *at, **settings)
                totals[k] = totals[k] + (0.0 if c is None else _summed_to(c, s.point[k].shape))
        return totals if s.analytic else [real_part(np.conj(c), x) for c, x in zip(totals, s.point, strict=True)]

    by_rules = _second_by_rules(s, g, u, None)
    moved = [_second_by_rules(s, g, u, np.random.default_rng(salt)) for salt in range(3)] if s.smooth else []
    own = _pull(s.record(leaves := [leaf(x) for x in s.point]), leaves, g)
    for k, x in enumerate(s.point):

        def one(point: Sequence[Any], k: int = k, shape: tuple[int, ...] = x.shape) -> Any:
            return np.broadcast_to(gradients(point)[k], shape)

        numeric = directional(one, s.point, u, analytic=s.analytic)
        name = f"second order of {primitive.name}, leaf {k}"
        for way, value in by_rules[k].items():
            slack = 8 * np.max([np.abs(other[k][way] - value) for other in moved], axis=0) if moved else 0.0
            if way in {"reverse over reverse", "forward over reverse"}:
                same(s, name, Claim(way, value, slack), Claim(f"{_method(s)} of the vjp rule", *numeric))
            else:
                same(s, name, Claim(way, value, slack + 4 * np.spacing(np.abs(own[k]))), Claim("the plain vjp rule", own[k]))
    tangent = Estimate(*rounded(lambda a: _push_all(s, a), u)) if u else None
    if tangent is not None:
        slack = 8 * np.max([np.abs(other[-1]["J u"] - by_rules[-1]["J u"]) for other in moved], axis=0) if moved else 0.0
        same(
            s,
            f"second order of {primitive.name}, by the cotangent",
            Claim("the recorded vjp rule", by_rules[-1]["J u"], slack),
            Claim("the jvp rule", *tangent),
        )


def _push_all(s: Subject, u: Sequence[Array]) -> Any:
    leaves = [leaf(x) for x in s.point]
    y = s.record(leaves)
    answer = pushforward(plain, _node(y), {_node(x): t for x, t in zip(leaves, u, strict=True)})
    return np.zeros(y.shape) if answer is None else answer


def _second_by_rules(s: Subject, g: Array, u: Sequence[Array], rng: np.random.Generator | None) -> list[dict[str, Any]]:
    """For each leaf its gradient and both products H u, by the rules; last, the gradient by g. `rng` moves what is saved."""
    leaves, seed = [leaf(x) for x in s.point], leaf(g)
    y = s.record(leaves)
    node = _node(y)
    if rng is not None:
        node.operands = tuple(jitter(x, rng) for x in node.operands or ())
        node.value = jitter(node.value, rng)
    y.backward(seed, create_graph=True)
    first = [x.grad for x in leaves]
    tangents = {_node(x): t for x, t in zip(leaves, u, strict=True)}
    found: list[dict[str, Any]] = []
    for x, v in zip(leaves, first, strict=True):
        zeros = np.zeros(x.shape)
        t = None if v is None or v.node is None else pushforward(plain, v.node, tangents)
        found.append(
            {
                "the recorded vjp rule": zeros if v is None else v.data,
                "forward over reverse": zeros if t is None else t,
            }
        )
    for x in (*leaves, seed):
        x.grad = None
    for v, direction in zip(first, u, strict=True):
        if v is not None and v.requires_grad:
            v.backward(direction, retain_graph=True)
    for x, entry in zip(leaves, found, strict=True):
        entry["reverse over reverse"] = np.zeros(x.shape) if x.grad is None else x.grad.data
    return [*found, {"J u": np.zeros(g.shape) if seed.grad is None else seed.grad.data}]


def _summed_to(c: Any, shape: tuple[int, ...]) -> Any:
    """`c` summed over the axes along which an operand of that shape was stretched."""
    lead = np.ndim(c) - len(shape)
    c = np.sum(c, axis=tuple(range(lead))) if lead > 0 else c
    thin = tuple(i for i, n in enumerate(shape) if n == 1 and np.shape(c)[i] != 1)
    return np.sum(c, axis=thin, keepdims=True) if thin else c


def _node(x: Tensor) -> Any:
    if x.node is None:
        raise LawError("a result with a recorded operand was not recorded.")
    return x.node


def _method(s: Subject) -> str:
    return "the complex step" if s.analytic else "the numeric derivative"


LAWS: dict[str, Law] = {
    "the shape rule equals reality": shape_rule,
    "the JVP equals the numeric derivative": jvp_is_the_derivative,
    "the VJP is the adjoint of the JVP": vjp_is_the_adjoint,
    "second order holds by the same rules": second_order,
    "nothing is mutated or shared": nothing_is_shared,
    "vmap equals the stack over examples": vmap_is_the_stack,
}
