"""The two training tasks of fit.py, and every framework's way to do them.

A trainer holds one model. `epochs(n)` trains and returns the seconds that the epochs took, `probabilities(x)` predicts. All train
in float32 on batches of 32, shuffled anew every epoch, and report loss and accuracy where their framework does.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Clock = Callable[[], float]
BATCH = 32


@dataclass(frozen=True)
class Task:
    """Data, and the one hidden layer of ReLU that learns it."""

    name: str
    x: Array  # (n, features) float32
    y: Array  # (n,) class numbers, or 0. and 1. in float32
    hidden: int
    outputs: int  # 1: sigmoid and binary crossentropy with RMSprop; more: softmax and sparse crossentropy with Adam

    @property
    def binary(self) -> bool:
        return self.outputs == 1

    @property
    def steps(self) -> int:
        """Batches an epoch; the last is smaller."""
        return -(-len(self.x) // BATCH)

    def loss(self, probabilities: Array) -> float:
        """Mean crossentropy over the data, by the same formula for all frameworks."""
        p = probabilities.astype(np.float64)
        chosen = np.where(self.y == 1, p[:, 0], 1 - p[:, 0]) if self.binary else p[np.arange(len(p)), self.y]
        return float(-np.log(np.clip(chosen, 1e-7, 1)).mean())


class Trainer(Protocol):
    """One framework's model of a task."""

    def epochs(self, n: int) -> float:
        """Train; returns the seconds of the epochs alone."""

    def probabilities(self, x: Array) -> Array:
        """Predictions (n, outputs), by the framework's own way to predict."""


class KerasTrainer:
    """`fit` and `predict`, of autotensor's keras or of Keras itself: the same calls."""

    def __init__(self, task: Task, clock: Clock, keras: Any) -> None:
        self.task, self.clock, self.keras = task, clock, keras
        last = "sigmoid" if task.binary else "softmax"
        layers = keras.layers
        self.model = keras.Sequential(
            [
                keras.Input((task.x.shape[1],)),
                layers.Dense(task.hidden, activation="relu"),
                layers.Dense(task.outputs, activation=last),
            ]
        )
        loss = "binary_crossentropy" if task.binary else "sparse_categorical_crossentropy"
        self.model.compile("rmsprop" if task.binary else "adam", loss, metrics=["accuracy"])

    def epochs(self, n: int) -> float:
        marks: list[float] = []
        note = self.keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda *_: marks.append(-self.clock()), on_epoch_end=lambda *_: marks.append(self.clock())
        )
        self.model.fit(self.task.x, self.task.y, batch_size=BATCH, epochs=n, verbose=0, callbacks=[note])
        return sum(marks)

    def probabilities(self, x: Array) -> Array:
        return np.asarray(self.model.predict(x, verbose=0))


class TorchTrainer:
    """The eager loop of PyTorch's tutorials, with fused Adam; RMSprop has no fused form, and one tensor at a time is fastest."""

    def __init__(self, task: Task, clock: Clock) -> None:
        import torch
        from torch import nn

        self.torch, self.task, self.clock = torch, task, clock
        self.x, self.y = torch.from_numpy(task.x), torch.from_numpy(task.y)
        self.model = nn.Sequential(nn.Linear(task.x.shape[1], task.hidden), nn.ReLU(), nn.Linear(task.hidden, task.outputs))
        if task.binary:
            self.y = self.y[:, None]
            self.criterion: Any = nn.BCEWithLogitsLoss()
            self.optimizer: Any = torch.optim.RMSprop(self.model.parameters(), lr=1e-3, alpha=0.9, eps=1e-7, foreach=False)
        else:
            self.criterion = nn.CrossEntropyLoss()
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)

    def epochs(self, n: int) -> float:
        start = self.clock()
        for _ in range(n):
            total = correct = 0.0
            for index in self.torch.randperm(len(self.x)).split(BATCH):
                x, y = self.x[index], self.y[index]
                self.optimizer.zero_grad()
                scores = self.model(x)
                loss = self.criterion(scores, y)
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(x)
                hits = ((scores > 0) == y) if self.task.binary else (scores.argmax(1) == y)
                correct += hits.sum().item()
        return self.clock() - start

    def probabilities(self, x: Array) -> Array:
        with self.torch.inference_mode():
            scores = self.model(self.torch.from_numpy(x))
            return (scores.sigmoid() if self.task.binary else scores.softmax(1)).numpy()


class SklearnTrainer:
    """MLPClassifier with Adam, without its L2 penalty; it has no RMSprop and reports no accuracy while it trains."""

    def __init__(self, task: Task, clock: Clock) -> None:
        from sklearn.neural_network import MLPClassifier

        self.task, self.clock = task, clock
        never = 10**9
        self.model = MLPClassifier((task.hidden,), batch_size=BATCH, alpha=0.0, warm_start=True, tol=0.0, n_iter_no_change=never)

    def epochs(self, n: int) -> float:
        start = self.clock()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "maximum iterations reached" is what is asked for
            self.model.set_params(max_iter=n).fit(self.task.x, self.task.y)
        return self.clock() - start

    def probabilities(self, x: Array) -> Array:
        return np.asarray(self.model.predict_proba(x))
