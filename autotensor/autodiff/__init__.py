"""Derivatives of recorded graphs: `reverse` carries cotangents back to the leaves, `forward` carries tangents on.

`transforms` are functions of functions over both: `at.grad` and its relatives.
"""

from autotensor.autodiff import forward, reverse, transforms
from autotensor.autodiff.transforms import grad, hessian, hvp, jacobian, jvp, linearize, value_and_grad, vjp

__all__ = [
    "forward",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "reverse",
    "transforms",
    "value_and_grad",
    "vjp",
]
