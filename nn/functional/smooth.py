"""Activations made of exponentials: none of them overflows, and each is exact in both tails."""

from __future__ import annotations

import math
from typing import Any

from autotensor import ops
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.core.spec import single_axis
from autotensor.nn.functional.checks import here, known
from autotensor.ops.conversion import lift

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def tanh(input: Any) -> Any:
    """Hyperbolic tangent: y = tanh(x).

    >>> import autotensor as at
    >>> tanh(at.tensor([0.0, 1.0]))
    tensor([0.       , 0.7615942])
    """
    return ops.tanh(input)


def sigmoid(input: Any) -> Any:
    """Logistic function: y = 1 / (1 + e**-x).

    >>> import autotensor as at
    >>> sigmoid(at.tensor([0.0, 2.0]))
    tensor([0.5      , 0.8807971])
    """
    return ops.sigmoid(input)


def logsigmoid(input: Any) -> Any:
    """Logarithm of the logistic function: y = -ln(1 + e**-x).

    >>> import autotensor as at
    >>> logsigmoid(at.tensor([0.0]))
    tensor([-0.6931472])
    """
    return ops.log_sigmoid(input)


def elu(input: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: y = x where x > 0, else alpha (e**x - 1).

    Source: Clevert, Unterthiner and Hochreiter 2015, "Fast and accurate deep network learning by ELUs".

    >>> import autotensor as at
    >>> elu(at.tensor([-1.0, 2.0]))
    tensor([-0.6321205,  2.       ])
    """
    x = lift(input)
    above = x > 0
    # where, not minimum: the derivative from the left holds at 0, and e**x never sees a large x
    return ns.where(above, x, ns.expm1(ns.where(above, 0.0, x)) * alpha)


def selu(input: Any) -> Any:
    """Scaled ELU with the fixed constants of self-normalising networks: y = 1.0507 elu(x, 1.6733).

    Source: Klambauer et al. 2017, "Self-normalizing neural networks".

    >>> import autotensor as at
    >>> selu(at.tensor([-1.0, 2.0]))
    tensor([-1.1113307,  2.101402 ])
    """
    return elu(input, SELU_ALPHA) * SELU_SCALE


def celu(input: Any, alpha: float = 1.0) -> Any:
    """Continuously differentiable ELU: y = x where x > 0, else alpha (e**(x/alpha) - 1).

    Raises: ArgumentError if alpha is 0.
    Source: Barron 2017, "Continuously differentiable exponential linear units".

    >>> import autotensor as at
    >>> celu(at.tensor([-1.0, 2.0]), alpha=2.0)
    tensor([-0.7869387,  2.       ])
    """
    if alpha == 0:
        raise ArgumentError(here("celu divides by alpha, got 0."))
    x = lift(input)
    above = x > 0
    return ns.where(above, x, ns.expm1(ns.where(above, 0.0, x) / alpha) * alpha)


def gelu(input: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit: y = x P(Z < x) for a standard normal Z; exact, or by PyTorch's "tanh" formula.

    Raises: UnknownNameError if approximate is neither "none" nor "tanh".
    Source: Hendrycks and Gimpel 2016, "Gaussian error linear units".

    >>> import autotensor as at
    >>> gelu(at.tensor([-1.0, 2.0]))
    tensor([-0.15866,  1.9545 ])
    """
    x = lift(input)
    if known("approximate", approximate, ("none", "tanh")) == "none":
        return x * (ops.special.erf(x * math.sqrt(0.5)) * 0.5 + 0.5)
    # (1 + tanh(u)) / 2 = sigmoid(2 u)
    return x * ns.sigmoid(x * (ns.square(x) * 0.044715 + 1.0) * (2 * math.sqrt(2 / math.pi)))


def silu(input: Any) -> Any:
    """Sigmoid linear unit, also called swish: y = x sigmoid(x).

    Source: Elfwing, Uchibe and Doya 2017, "Sigmoid-weighted linear units".

    >>> import autotensor as at
    >>> silu(at.tensor([2.0]))
    tensor([1.76159])
    """
    x = lift(input)
    return x * ns.sigmoid(x)


def mish(input: Any) -> Any:
    """y = x tanh(softplus(x)).

    Source: Misra 2019, "Mish: a self regularized non-monotonic activation function".

    >>> import autotensor as at
    >>> mish(at.tensor([-1.0, 2.0])).numpy().round(4)
    array([-0.3034,  1.944 ], dtype=float32)
    """
    x = lift(input)
    return x * ns.tanh(ops.softplus(x))


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """y = ln(1 + e**(beta x)) / beta, and x itself where beta x > threshold.

    Raises: ArgumentError if beta is 0.

    >>> import autotensor as at
    >>> softplus(at.tensor([0.0, 2.0]))
    tensor([0.6931472, 2.126928 ])
    """
    if beta == 0:
        raise ArgumentError(here("softplus divides by beta, got 0."))
    x = lift(input)
    scaled = x if beta == 1 else x * beta
    curve = ops.softplus(scaled)
    return ns.where(scaled > threshold, x, curve if beta == 1 else curve / beta)


def softsign(input: Any) -> Any:
    """y = x / (1 + |x|).

    >>> import autotensor as at
    >>> softsign(at.tensor([-1.0, 3.0]))
    tensor([-0.5 ,  0.75])
    """
    x = lift(input)
    return x / (ns.abs(x) + 1.0)


def tanhshrink(input: Any) -> Any:
    """y = x - tanh(x).

    >>> import autotensor as at
    >>> tanhshrink(at.tensor([0.0, 2.0]))
    tensor([0.       , 1.0359724])
    """
    x = lift(input)
    return x - ns.tanh(x)


def glu(input: Any, dim: int = -1) -> Any:
    """Gated linear unit: y = a sigmoid(b), where a and b are the two halves of x along `dim`.

    Raises: ShapeError if that axis has an odd length.
    Source: Dauphin et al. 2016, "Language modeling with gated convolutional networks".

    >>> import autotensor as at
    >>> glu(at.tensor([3.0, 0.0]))
    tensor([1.5])
    """
    x = lift(input)
    axis = single_axis(dim, len(x.shape))
    half, odd = divmod(x.shape[axis], 2)
    if odd:
        raise ShapeError(here(f"glu halves axis {axis}, which has the odd length {x.shape[axis]} in shape {tuple(x.shape)}."))
    lead = (slice(None),) * axis
    return x[(*lead, slice(None, half))] * ns.sigmoid(x[(*lead, slice(half, None))])
