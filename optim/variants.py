"""Rules made from other rules: weight decay in its two forms, and ascent.

Each is made once for each rule, so that a rule can be compared by identity.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any, NamedTuple

from autotensor.core.namespace import Namespace
from autotensor.optim.rule import Hyper, Rule, Slots


class Coupled(NamedTuple):
    """Scalars of a rule with L2 regularisation."""

    decay: float
    rule: Any  # the scalars of the rule itself


class Decoupled(NamedTuple):
    """Scalars of a rule with decoupled weight decay."""

    keep: float  # the part of the parameter that is left: 1 - lr * weight_decay
    rule: Any  # the scalars of the rule itself


@functools.cache
def coupled(rule: Rule) -> Rule:
    """L2 regularisation: g + weight_decay * leaf takes the gradient's place, and enters the rule's averages.

    >>> from autotensor.optim.adam import ADAM
    >>> coupled(ADAM)
    <rule coupled adam>
    """

    def scalars(t: int, hyper: Hyper) -> Coupled:
        return Coupled(float(hyper["weight_decay"]), rule.scalars(t, hyper))

    def update(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: Coupled) -> tuple[Any, Slots]:
        return rule.update(ns, leaf, g + s.decay * leaf, slots, s.rule)

    return replace(rule, name=f"coupled {rule.name}", scalars=scalars, update=update)


@functools.cache
def decoupled(rule: Rule) -> Rule:
    """Decoupled weight decay: the leaf shrinks by 1 - lr * weight_decay, and the rule's averages see the gradient alone.

    Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2.

    >>> from autotensor.optim.adam import ADAM
    >>> decoupled(ADAM) is decoupled(ADAM)
    True
    """

    def scalars(t: int, hyper: Hyper) -> Decoupled:
        return Decoupled(1.0 - float(hyper["lr"]) * float(hyper["weight_decay"]), rule.scalars(t, hyper))

    def update(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: Decoupled) -> tuple[Any, Slots]:
        return rule.update(ns, s.keep * leaf, g, slots, s.rule)

    return replace(rule, name=f"decoupled {rule.name}", scalars=scalars, update=update)


@functools.cache
def ascending(rule: Rule) -> Rule:
    """The rule with -g in the gradient's place: it climbs.

    >>> from autotensor.optim.sgd import DESCENT
    >>> ascending(DESCENT)
    <rule ascending descent>
    """

    def update(ns: Namespace, leaf: Any, g: Any, slots: Slots, s: Any) -> tuple[Any, Slots]:
        return rule.update(ns, leaf, -g, slots, s)

    return replace(rule, name=f"ascending {rule.name}", update=update)
