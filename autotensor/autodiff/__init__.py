"""Readers of recorded graphs: `reverse` carries cotangents back to the leaves, `forward` carries tangents on.

`batching` carries many examples on at once. `transforms` are functions of functions over them: `at.grad` and its relatives.
"""

from autotensor.autodiff import batching, forward, jacobians, reverse, transforms
from autotensor.autodiff.batching import vmap
from autotensor.autodiff.checkpointing import checkpoint
from autotensor.autodiff.jacobians import hessian, jacobian
from autotensor.autodiff.nan_story import explain_nan
from autotensor.autodiff.transforms import grad, hvp, jvp, linearize, value_and_grad, vjp

__all__ = [
    "batching",
    "checkpoint",
    "explain_nan",
    "forward",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jacobians",
    "jvp",
    "linearize",
    "reverse",
    "transforms",
    "value_and_grad",
    "vjp",
    "vmap",
]
