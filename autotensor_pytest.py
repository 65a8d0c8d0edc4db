"""The pytest plugin of autotensor: the fixture `gradcheck`, and profiles for Hypothesis.

It lies beside the package and not in it: importing a module of a package imports the package, and pytest loads a plugin in every
run of every project. So it imports autotensor only when the fixture is used. `pytest -p no:autotensor` does without it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Generator
from typing import Any

import pytest

FIXTURE = "gradcheck"
PROFILES = {  # name -> examples a test
    "autotensor-dev": 15,
    "autotensor-ci": 60,
    "autotensor-thorough": 1000,
}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Register the profiles before a conftest may load one."""
    if importlib.util.find_spec("hypothesis") is not None:
        register_profiles()


def register_profiles() -> None:
    """Make the profiles known to Hypothesis, and load none: `--hypothesis-profile=autotensor-ci` or `settings.load_profile` does.

    No deadline and no complaint about slow data: a loaded machine is not a failure. "ci" is the same in every run.
    """
    from hypothesis import HealthCheck, settings

    patient: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    steady: dict[str, Any] = {"derandomize": True, "database": None, "print_blob": True}
    default = settings.get_profile("default")  # not what is loaded now
    for name, examples in PROFILES.items():
        more = steady if name == "autotensor-ci" else {}
        settings.register_profile(name, default, max_examples=examples, **patient, **more)


@pytest.fixture(scope="session")  # so that Hypothesis, which calls a test many times, does not object to it
def gradcheck() -> Callable[..., Any]:
    """`autotensor.testing.check_grads`. The test fails if it leaves recording off, or a module's path behind."""
    from autotensor.testing import check_grads

    return check_grads


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Compare the recording state before and after a test that uses the fixture, and put it back."""
    if FIXTURE not in pyfuncitem.fixturenames:
        return (yield)
    from autotensor.testing.leaks import Recording

    before = Recording.now()
    try:
        result = yield
    finally:
        leak = before.restored()
    if leak:
        pytest.fail(f"{pyfuncitem.name} leaks recording state: {leak}", pytrace=False)
    return result
