"""Checks of derivatives that anyone can use: gradients of functions, modules and losses, and the laws that primitives obey.

`check_grads` compares a function's gradients with numeric derivatives that know their own error; `given_gradients` makes a
property test of it; `check_module`, `check_loss` and `check_optimizer` check what every one of their kind owes; `self_test`
proves that wrong rules are caught. `laws` is what every primitive of autotensor itself is held to.
"""

from autotensor.core.errors import missing_extra

try:
    import hypothesis  # noqa: F401 - this room is what needs it; `import autotensor` does not come here
except ImportError as reason:
    raise missing_extra("hypothesis", "test", "autotensor.testing") from reason

from autotensor.testing import laws, numeric, strategies, subject
from autotensor.testing.checking import check_grads
from autotensor.testing.given import given_gradients
from autotensor.testing.mutation import Outcome, SelfTest, self_test
from autotensor.testing.of_losses import check_loss
from autotensor.testing.of_modules import check_module
from autotensor.testing.of_optimizers import Descent, check_optimizer
from autotensor.testing.outcome import CheckError, Comparison, GradientCheckError, GradientReport

__all__ = [
    # gradients of functions
    "check_grads",
    "GradientReport",
    "Comparison",
    "GradientCheckError",
    "CheckError",
    # as property tests
    "given_gradients",
    "strategies",
    # what every one of a kind owes
    "check_module",
    "check_loss",
    "check_optimizer",
    "Descent",
    # is the checker itself any good
    "self_test",
    "SelfTest",
    "Outcome",
    # the laws of primitives
    "laws",
    "numeric",
    "subject",
]
