"""Clipping of gradients: by value, each by its own norm, or all by their common norm.

Pure functions over a list of gradients, written over `ns` as update rules are: they run on plain arrays and can be traced.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autotensor.core.namespace import Namespace


def _square_norm(ns: Namespace, g: Any) -> Any:
    return ns.sum(g * g, axis=tuple(range(len(g.shape))), keepdims=False)


def clip_by_value(ns: Namespace, gradients: Sequence[Any], limit: float) -> list[Any]:
    """Each element limited to [-limit, limit].

    >>> import numpy as np
    >>> from autotensor.core.namespace import plain
    >>> clip_by_value(plain, [np.array([-3.0, 0.5])], 1.0)
    [array([-1. ,  0.5])]
    """
    return [ns.minimum(ns.maximum(g, -limit), limit) for g in gradients]


def clip_by_norm(ns: Namespace, gradients: Sequence[Any], limit: float) -> list[Any]:
    """Each gradient scaled down to a Euclidean norm of at most `limit`: g limit / max(norm(g), limit).

    >>> import numpy as np
    >>> from autotensor.core.namespace import plain
    >>> clip_by_norm(plain, [np.array([3.0, 4.0]), np.array([0.5])], 1.0)
    [array([0.6, 0.8]), array([0.5])]
    """
    return [g * (limit / ns.maximum(ns.sqrt(_square_norm(ns, g)), limit)) for g in gradients]


def global_norm(ns: Namespace, gradients: Sequence[Any]) -> Any:
    """The Euclidean norm of all gradients taken as one vector; there is at least one.

    >>> import numpy as np
    >>> from autotensor.core.namespace import plain
    >>> float(global_norm(plain, [np.array([3.0]), np.array([4.0])]))
    5.0
    """
    first, *others = (_square_norm(ns, g) for g in gradients)
    for square in others:
        first = first + square
    return ns.sqrt(first)


def clip_by_global_norm(ns: Namespace, gradients: Sequence[Any], limit: float) -> list[Any]:
    """All gradients scaled by one factor, so that their common norm is at most `limit`.

    If any element is not finite all gradients become nan: a factor of 0 would hide that training has failed.
    Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", algorithm 1.

    >>> import numpy as np
    >>> from autotensor.core.namespace import plain
    >>> clip_by_global_norm(plain, [np.array([3.0]), np.array([4.0])], 1.0)
    [array([0.6]), array([0.8])]
    """
    if not gradients:
        return []
    norm = global_norm(ns, gradients)
    factor = ns.where(ns.less(norm, math.inf), limit / ns.maximum(norm, limit), math.nan)
    # a factor in double, from gradients of several dtypes, must not widen the others
    return [g * (factor if factor.dtype == g.dtype else ns.cast(factor, dtype=g.dtype)) for g in gradients]
