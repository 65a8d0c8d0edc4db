"""Between epochs training moves to machine code: nothing is run for it, and no step of the epochs to come compiles anything."""

from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import keras
from autotensor.keras.training import planned_steps
from autotensor.keras.training.planned_steps import PlannedSteps
from autotensor.plan import emit, kernels
from autotensor.plan.plan import Plan
from tests.plan.test_fusion import by_python

layers = keras.layers
X = np.sin(np.arange(40 * 4) * 1.3).reshape(40, 4).astype("float32")
Y = np.cos(np.arange(40 * 3) * 0.7).reshape(40, 3).astype("float32")
DROPOUT = (lambda: layers.Dense(7), layers.BatchNormalization, lambda: layers.Activation("relu"), lambda: layers.Dropout(0.3))


def highest(y_true: Any, y_pred: Any) -> Any:
    """A metric that no plan has: the step gives out what the last kernel writes."""
    return np.full(len(y_pred), float(y_pred.max()))


NETWORKS: dict[str, tuple[Any, Any]] = {
    "dropout and running statistics": (DROPOUT, "mae"),
    "a metric that asks for a number": ([lambda: layers.Dropout(0.5, seed=3)], highest),
}


@pytest.fixture
def own_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="numba is not installed")
    monkeypatch.setenv("AUTOTENSOR_CACHE", str(tmp_path))
    monkeypatch.setattr(kernels, "_known", {})  # kernels that no other test has compiled


def planned(name: str) -> PlannedSteps:
    keras.utils.set_random_seed(4)
    inner, metric = NETWORKS[name]
    model = keras.Sequential([keras.Input((4,)), *(make() for make in inner), layers.Dense(3, "relu")])
    model.compile("sgd", "mse", metrics=[metric], jit_compile="auto")
    steps = PlannedSteps(model, model._admit(X, Y, None, "fit"), 16)
    steps.adopt()
    return steps


def run(steps: PlannedSteps) -> list[float]:
    return [steps.run(steps.take(slice(i, min(i + 16, 40)))) for i in (0, 16, 32)]


def numbers(steps: PlannedSteps) -> list[Any]:
    arrays = [array for arena in steps.arenas for array in (arena.flat, *arena.slots)]
    return [array.copy() for array in (*arrays, *(held.array for held in steps.held.values()))]


def compiled() -> int:
    """How many signatures of kernels have machine code."""
    return sum(len(kernel.overloads) for kernel in kernels._known.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NETWORKS)
def test_kernels_are_compiled_between_epochs_and_nothing_is_run_for_it(own_cache: None, name: str) -> None:
    steps = planned(name)
    expected = [*run(steps), *run(steps)], numbers(steps), at.random.default.state
    assert compiled() == 0
    steps = planned(name)
    losses = run(steps)
    before, state = numbers(steps), at.random.default.state
    steps.move_on(10**9, 1.0)
    ready = compiled()
    assert (steps.backend, ready > 0) == ("numba", True)
    assert at.random.default.state == state
    assert all(np.array_equal(a, b) for a, b in zip(numbers(steps), before, strict=True))
    losses += run(steps)
    assert compiled() == ready  # no step has compiled anything
    assert (losses, at.random.default.state) == (expected[0], expected[2])
    assert all(np.array_equal(a, b) for a, b in zip(numbers(steps), expected[1], strict=True))


NORMALISED = (layers.LayerNormalization, lambda: layers.Activation("gelu"), lambda: layers.Dropout(0.3))
FUSED: dict[str, tuple[Any, Any, Any]] = {
    "softmax, Adam": (
        [lambda: layers.Dense(9, "relu"), lambda: layers.Dense(3, "softmax")],
        "adam",
        "sparse_categorical_crossentropy",
    ),
    "one output, RMSprop": (
        [lambda: layers.Dense(9, "tanh"), lambda: layers.Dense(1, "sigmoid")],
        "rmsprop",
        "binary_crossentropy",
    ),
    "layer norm, gelu, dropout, momentum": (
        [lambda: layers.Dense(9), *NORMALISED, lambda: layers.Dense(2)],
        lambda: keras.optimizers.SGD(0.05, momentum=0.9, clipnorm=1.0),
        "mse",
    ),
    "batch norm, log softmax": (
        [lambda: layers.Dense(9), layers.BatchNormalization, lambda: layers.Dense(3)],
        "adamax",
        lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    ),
}


@pytest.mark.parametrize("name", FUSED)
def test_200_steps_of_kernels_are_those_of_eager_execution(
    name: str, compiled_equals_eager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, run by Python itself: no compiler comes between a kernel's text and its meaning."""
    inner, optimizer, loss = FUSED[name]
    texts: list[str] = []

    def kernel(text: str) -> Any:
        texts.append(text)
        return by_python(text)

    def plan(graph: Any, *args: Any, **settings: Any) -> Plan:
        return Plan(graph, *args, **settings | {"backend": "numba"})

    monkeypatch.setattr(emit, "compiled", kernel)
    monkeypatch.setattr(planned_steps, "Plan", plan)

    def make(**how: Any) -> Any:
        model = keras.Sequential([keras.Input((4,)), *(each() for each in inner)])
        fresh = [each() if callable(each) else each for each in (optimizer, loss)]
        model.compile(*fresh, metrics=["accuracy"], **how)
        return model

    labels = (np.arange(40) * 7) % 3
    y = Y[:, :2] if loss == "mse" else labels % 2 if loss == "binary_crossentropy" else labels

    def use(model: Any) -> Any:
        return model.fit(X, y, batch_size=12, epochs=50, verbose=0)

    assert compiled_equals_eager(make, use)["iterations"] == 200
    assert len(set(texts)) > 4
