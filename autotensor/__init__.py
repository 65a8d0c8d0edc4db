"""Deep learning on NumPy that one can read: a small set of primitives, and several interpreters over them.

    import autotensor as at

    x = at.tensor([1.0, 2.0], requires_grad=True)
    (x**2).sum().backward()
    x.grad  # tensor([2., 4.])

`at.nn` and `at.optim` follow PyTorch, `at.keras` follows Keras, the array functions follow the array-API standard.
"""

from typing import TYPE_CHECKING, Any

from autotensor import autodiff, core, ops, random
from autotensor._version import __version__
from autotensor.autodiff import grad, hessian, hvp, jacobian, jvp, linearize, value_and_grad, vjp
from autotensor.core.errors import AutotensorError
from autotensor.core.recording import enable_grad, is_grad_enabled, no_grad
from autotensor.core.tensor import Tensor
from autotensor.ops import *  # noqa: F403 - the array functions; ops.__all__ lists them
from autotensor.ops import __all__ as _array_functions

if TYPE_CHECKING:
    from autotensor import keras, nn, optim, pictures, plan, testing
    from autotensor.pictures import draw

__all__ = [  # noqa: PLE0604 - the array functions are listed once, in ops
    "AutotensorError",
    "Tensor",
    "__version__",
    "autodiff",
    "core",
    "draw",
    "enable_grad",
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
    "random",
    "testing",
    "value_and_grad",
    "vjp",
    *_array_functions,
]

_ROOMS = ("keras", "nn", "optim", "pictures", "plan", "testing")


def __getattr__(name: str) -> Any:
    """Rooms that not every program needs load when they are first named, so that importing autotensor stays fast."""
    import importlib

    if name in _ROOMS:
        return importlib.import_module(f"autotensor.{name}")
    if name == "draw":
        return importlib.import_module("autotensor.pictures").draw
    raise AttributeError(f"module 'autotensor' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
