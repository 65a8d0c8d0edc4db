"""Deep learning on NumPy that one can read: a small set of primitives, and several interpreters over them.

    import autotensor as at

    x = at.tensor([1.0, 2.0], requires_grad=True)
    (x**2).sum().backward()
    x.grad  # tensor([2., 4.])

`at.nn` and `at.optim` follow PyTorch, `at.keras` follows Keras, the array functions follow the array-API standard.
"""

import sys
from typing import TYPE_CHECKING, Any

from autotensor import autodiff, core, ops, random
from autotensor._version import __version__
from autotensor.autodiff import checkpoint, explain_nan, grad, hessian, hvp, jacobian, jvp, linearize, value_and_grad, vjp, vmap
from autotensor.core.custom import primitive
from autotensor.core.errors import AutotensorError
from autotensor.core.recording import enable_grad, is_grad_enabled, no_grad
from autotensor.core.tensor import Tensor
from autotensor.core.watching import debug
from autotensor.ops import *  # noqa: F403 - the array functions; ops.__all__ lists them
from autotensor.ops import __all__ as _array_functions

if TYPE_CHECKING:
    from autotensor import keras, nn, optim, pictures, plan, testing
    from autotensor.pictures import draw, explain
    from autotensor.plan import compile

__all__ = [  # noqa: PLE0604 - the array functions are listed once, in ops
    "AutotensorError",
    "Tensor",
    "__version__",
    "autodiff",
    "checkpoint",
    "compile",
    "core",
    "debug",
    "draw",
    "enable_grad",
    "explain",
    "explain_nan",
    "grad",
    "hessian",
    "hvp",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "keras",
    "linearize",
    "nn",
    "no_grad",
    "ops",
    "optim",
    "pictures",
    "plan",
    "primitive",
    "random",
    "testing",
    "value_and_grad",
    "vjp",
    "vmap",
    *_array_functions,
]


def _namespace(api_version: str | None = None) -> Any:
    """This module, as the namespace of the array-API standard."""
    ops.interchange.checked_version(api_version)
    return sys.modules[__name__]


core.namespace.late.namespace = _namespace

_ROOMS = ("keras", "nn", "optim", "pictures", "plan", "testing")


def __getattr__(name: str) -> Any:
    """Rooms that not every program needs load when they are first named, so that importing autotensor stays fast."""
    import importlib

    if name in _ROOMS:
        return importlib.import_module(f"autotensor.{name}")
    if name == "compile":
        return importlib.import_module("autotensor.plan").compile
    if name in ("draw", "explain"):
        return getattr(importlib.import_module("autotensor.pictures"), name)
    raise AttributeError(f"module 'autotensor' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
