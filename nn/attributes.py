"""What may stand under a module's attribute names, and the errors that say so."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import AutotensorError, DTypeError
from autotensor.core.spec import as_array
from autotensor.core.tensor import Tensor
from autotensor.nn.walking import Role

REPAIRS = {
    "parameter": "a Parameter or None, got {}. Wrap it: nn.Parameter(x); or change its numbers: p.data = array.",
    "module": "a Module or None, got {}. Pass an instance such as nn.ReLU(), not a class or a function.",
}


class MissingAttributeError(AutotensorError, AttributeError):
    """A name that a module does not have; the message suggests the nearest one."""


class NoForwardError(AutotensorError, NotImplementedError):
    """A module that was called and does not say what it computes."""


def no_forward(kind: str) -> NoForwardError:
    """A module of class `kind` was called and has no forward."""
    return NoForwardError(f"{kind} was called and has no forward. Define it: `def forward(self, x): ...` in class {kind}.")


def uninitialised(kind: str, problem: str) -> MissingAttributeError:
    """Something needs what `Module.__init__` makes, and it has not run."""
    return MissingAttributeError(
        f"{kind} {problem}: its __init__ must call super().__init__() first, before it assigns parameters or modules."
    )


def misfit(kind: str, name: str, role: Role, value: Any) -> DTypeError:
    """A value that cannot stand where a parameter or module stands."""
    given = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
    return DTypeError(f"{kind}.{name} is a {role}: it takes {REPAIRS[role].format(given)}")


def constant(value: Any) -> Any:
    """A buffer: a Tensor outside the graph, or a symbolic value while tracing; an array is copied.

    >>> constant([1.0])
    tensor([1.])
    """
    if isinstance(value, Tensor):
        return value if value.node is None else value.detach()
    return value if hasattr(value, "interpret") else Tensor(np.array(as_array(value), order="C"))
