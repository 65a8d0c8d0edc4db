"""`given_gradients`: a function of tensors becomes a property test of its gradients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given, reject, target  # noqa: TID253 - see the room's __init__
from hypothesis import settings as hypothesis_settings  # noqa: TID253 - the same
from hypothesis import strategies as st  # noqa: TID253 - the same

from autotensor.core.errors import ArgumentError
from autotensor.core.spec import Shape
from autotensor.testing.checking import MODES, Mode, check_grads
from autotensor.testing.measuring import Method
from autotensor.testing.outcome import GradientCheckError
from autotensor.testing.strategies import FLOATS, LAYOUTS, REACH, Domain, tensors

Test = Callable[..., Any]


def given_gradients(
    *,
    domain: Domain | Sequence[Domain] = (-REACH, REACH),
    shapes: Sequence[Shape] | st.SearchStrategy[Sequence[Shape]] | None = None,
    dtypes: Sequence[str] = FLOATS,
    layouts: Sequence[str] = LAYOUTS,
    constants: bool = True,
    repeated: bool = True,
    order: int = 2,
    modes: Sequence[Mode] = MODES,
    method: Method = "auto",
    most_skipped: float = 0.5,
    settings: hypothesis_settings | None = None,
) -> Callable[[Test], Callable[[], None]]:
    """A decorator: Hypothesis draws the function's parameters, all of them tensors, and `check_grads` checks what it returns.

    What is drawn: as `strategies.tensors`; how it is checked: as `check_grads`. Hypothesis is steered towards the largest error.
    An example at a kink is drawn again, and too many of those fail Hypothesis's health check. `settings` are Hypothesis's, in
    place of a decorator `@settings`; without them those of the profile hold, and no deadline. `test.function` is the function as
    it was.
    Raises: GradientCheckError for the smallest example with a wrong gradient; ArgumentError if the function has no parameters.

    >>> @given_gradients(domain=(0.5, 2.0), shapes=[(3,)], settings=hypothesis_settings(max_examples=5))
    ... def test_the_logarithm(x):
    ...     return x.log()
    >>> test_the_logarithm()
    """

    def decorator(f: Test) -> Callable[[], None]:
        names = list(inspect.signature(f).parameters)
        if not names:
            raise ArgumentError("given_gradients needs a function with at least one parameter, for the tensors that are drawn.")
        drawn = tensors(
            len(names),
            shapes=shapes,
            domain=domain,
            dtypes=dtypes,
            layouts=layouts,
            constants=constants,
            repeated=repeated,
        )

        def test(inputs: Any) -> None:
            try:
                report = check_grads(f, *inputs, order=order, modes=modes, method=method, most_skipped=most_skipped)
            except GradientCheckError as error:
                if error.verdict == "not differentiable here":
                    reject()
                raise
            target(float(report.ratio), label="error in units of the tolerance")

        # not functools.wraps: pytest would look behind it, see f's parameters and ask for fixtures of those names
        test.__name__, test.__qualname__, test.__module__, test.__doc__ = f.__name__, f.__qualname__, f.__module__, f.__doc__
        chosen = settings or hypothesis_settings(deadline=None)
        result = chosen(given(inputs=drawn)(test))
        result.function = f  # type: ignore[attr-defined]
        return result

    return decorator
