"""Whole programs for compare.py: a fresh Python process that imports a framework, trains it on digits and evaluates it.

Nothing is warm but the bytecode, and the caches that a row names. All read the same file of data. A program prints what it
measured of itself, as JSON; the parent measures it from start to end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

BATCH, HIDDEN, CLASSES = 32, 512, 10


# programs: each imports what it needs, and returns (seconds when each epoch had ended, from before the model was built; accuracy)
def by_keras(keras: Any, data: Any, epochs: int, **compiling: Any) -> tuple[list[float], float]:
    """Of autotensor, or Keras itself."""
    begin, marks = time.perf_counter(), []
    layers = [keras.layers.Dense(HIDDEN, activation="relu"), keras.layers.Dense(CLASSES, activation="softmax")]
    model = keras.Sequential([keras.Input((data["x"].shape[1],)), *layers])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **compiling)
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: marks.append(time.perf_counter() - begin))
    model.fit(data["x"], data["y"], batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[note])
    return marks, model.evaluate(data["x_test"], data["y_test"], verbose=0)[1]


def autotensor_program(data: Any, epochs: int, *, jit_compile: Any, fused: bool) -> tuple[list[float], float]:
    """Of autotensor; not `fused`: as if Numba were not installed."""
    from autotensor import keras

    if not fused:
        from autotensor.plan import kernels

        kernels.available = lambda: False
    return by_keras(keras, data, epochs, jit_compile=jit_compile)


def keras_program(data: Any, epochs: int) -> tuple[list[float], float]:
    """Of Keras on JAX."""
    import keras

    return by_keras(keras, data, epochs)


def torch_program(data: Any, epochs: int) -> tuple[list[float], float]:
    """Of PyTorch: the eager loop of its tutorials."""
    import torch
    from torch import nn

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    begin, marks = time.perf_counter(), []
    x, y, x_test, y_test = (torch.from_numpy(data[name]) for name in ("x", "y", "x_test", "y_test"))
    model = nn.Sequential(nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), fused=True)
    for _ in range(epochs):
        total = correct = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            scores = model(x[index])
            loss = criterion(scores, y[index])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
            correct += (scores.argmax(1) == y[index]).sum().item()
        marks.append(time.perf_counter() - begin)
    model.eval()
    with torch.inference_mode():
        scores = model(x_test)
        criterion(scores, y_test).item()
        return marks, (scores.argmax(1) == y_test).float().mean().item()


def sklearn_program(data: Any, epochs: int) -> tuple[list[float], float]:
    """Of scikit-learn: an epoch a call."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    begin, marks = time.perf_counter(), []
    model = MLPClassifier((HIDDEN,), batch_size=BATCH, alpha=0.0)
    for _ in range(epochs):
        model.partial_fit(data["x"], data["y"], classes=np.arange(CLASSES))
        marks.append(time.perf_counter() - begin)
    return marks, model.score(data["x_test"], data["y_test"])


PROGRAMS: Mapping[str, Callable[[Any, int], tuple[list[float], float]]] = {
    "eager": lambda data, n: autotensor_program(data, n, jit_compile=False, fused=False),
    "numpy": lambda data, n: autotensor_program(data, n, jit_compile="auto", fused=False),
    "auto": lambda data, n: autotensor_program(data, n, jit_compile="auto", fused=True),
    "kernels": lambda data, n: autotensor_program(data, n, jit_compile=True, fused=True),
    "keras": keras_program,
    "torch": torch_program,
    "sklearn": sklearn_program,
}


def child(name: str, path: str, epochs: int) -> None:
    """The program of a fresh process."""
    import numpy as np

    with np.load(path) as file:
        data = dict(file)
    marks, accuracy = PROGRAMS[name](data, epochs)
    print(json.dumps({"marks": marks, "accuracy": accuracy}))


# the parent's side
@dataclass
class Runs:
    """What the processes of one candidate took, one entry a round."""

    program: str
    environment: dict[str, str]
    fresh: str = ""  # a variable of the environment that names a new, empty folder in each round
    whole: list[float] = field(default_factory=list)  # seconds, start to end
    marks: list[list[float]] = field(default_factory=list)  # seconds when each epoch had ended
    accuracy: float = 0.0

    def run(self, path: Path, epochs: int) -> float:
        """One process; returns its seconds."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        here = str(Path(__file__).resolve().parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [here, environment.get("PYTHONPATH")]))
        with tempfile.TemporaryDirectory() as empty:
            own = self.environment | ({self.fresh: empty} if self.fresh else {})
            call = f"from compare_processes import child; child({self.program!r}, {str(path)!r}, {epochs})"
            start = time.perf_counter()
            done = subprocess.run(  # noqa: S603 - one of PROGRAMS
                [sys.executable, "-c", call], env=environment | own, check=True, capture_output=True, text=True
            )
            seconds = time.perf_counter() - start
        measured = json.loads(done.stdout.splitlines()[-1])
        self.whole.append(seconds)
        self.marks.append(measured["marks"])
        self.accuracy = measured["accuracy"]
        return seconds

    def forget(self) -> None:
        """After the warm-up: what was measured does not count."""
        self.whole.clear()
        self.marks.clear()

    @property
    def first(self) -> list[float]:
        """Seconds to build, compile and train for one epoch."""
        return [marks[0] for marks in self.marks]

    def step(self, steps: int) -> list[float]:
        """Seconds of a step at the end: the last tenth of the epochs, two at least."""
        last = [marks[-max(len(marks) // 10, 2) :] for marks in self.marks]
        return [(marks[-1] - marks[0]) / (len(marks) - 1) / steps for marks in last]

    @property
    def longest(self) -> list[float]:
        """Seconds of the longest epoch after the first."""
        return [max(b - a for a, b in pairwise(marks)) for marks in self.marks]
