"""The law that the tests of compiled training share: whatever is done with a model, compiled it does the same as eagerly."""

import math

import numpy as np
import pytest

import autotensor as at
from autotensor import keras
from tests.keras.misbehaving_server import site, target  # noqa: F401 - fixtures of the tests of downloading

SEED = 11


def state_of(model):
    """All that training changes: weights, what the optimizer keeps, the random streams."""
    optimizer = model.optimizer
    kept = optimizer._state
    own = [m._generator.state for m in model.modules() if getattr(m, "_generator", None) is not None]
    return {
        "weights": model.get_weights(),
        "slots": [list(slots) for slots in kept.slots],
        "averages": list(kept.averages),
        "sums": list(kept.sums),
        "iterations": optimizer.iterations,
        "applied": optimizer._applied,
        "random state": at.random.default.state,
        "own random states": own,
        "training": [m.training for m in model.modules()],
    }


def assert_same(ours, eager, what="result"):
    """Equal bit for bit; floats, which are sums of doubles in another order, to 1e-12."""
    if isinstance(eager, dict):
        assert list(ours) == list(eager), what
        for key, value in eager.items():
            assert_same(ours[key], value, f"{what}[{key!r}]")
    elif isinstance(eager, (list, tuple)):
        assert len(ours) == len(eager), what
        for i, (a, b) in enumerate(zip(ours, eager, strict=True)):
            assert_same(a, b, f"{what}[{i}]")
    elif isinstance(eager, np.ndarray):
        assert (ours.shape, ours.dtype) == (eager.shape, eager.dtype), what
        if ours.tobytes() != eager.tobytes():  # another NaN is no difference
            np.testing.assert_array_equal(ours, eager, err_msg=what, strict=True)
    elif isinstance(eager, float):
        assert ours == pytest.approx(eager, rel=1e-12, abs=1e-300, nan_ok=True), what
    else:
        assert ours == eager, what


def outcome(make, use, seed, **how):
    keras.utils.set_random_seed(seed)
    model = make(**how)
    returned = use(model)
    if isinstance(returned, keras.callbacks.History):
        returned = returned.history
    return {"returned": returned, **state_of(model)}


@pytest.fixture(scope="session")
def compiled_equals_eager():
    """The law: `use(make(**how))` gives and leaves behind the same compiled (or it raises) as recorded step by step.

    `make(**how)` makes a model and passes `how` on to `compile`; `use(model)` does what is to be compared.
    """

    def law(make, use, seed=SEED, how="auto"):  # a warning that nothing was compiled is an error
        ours = outcome(make, use, seed, jit_compile=how)
        assert_same(ours, outcome(make, use, seed, run_eagerly=True))
        assert all(math.isfinite(abs(w).max(initial=0)) for w in ours["weights"])
        return ours

    return law


@pytest.fixture(scope="session")
def falls_back():
    """The same where steps cannot be compiled: one warning, which is returned, and what eager execution gives."""

    def law(make, use, seed=SEED):
        with pytest.warns(UserWarning, match="is not compiled") as caught:
            ours = outcome(make, use, seed, jit_compile="auto")
        assert len(caught) == 1, [str(w.message) for w in caught]
        assert_same(ours, outcome(make, use, seed, run_eagerly=True))
        return str(caught[0].message)

    return law
