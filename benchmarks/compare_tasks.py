"""The networks that compare.py trains, and every framework's own way to train and to predict with them.

All start from the same weights, train in float32 on the same number of batches, shuffled anew every epoch, and report loss and
accuracy where their framework does. Each is used as its documentation advises for speed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
from fit_tasks import Array, Clock, Trainer

from autotensor import keras as our_keras
from autotensor.plan import kernels

PEERS = {"torch": "torch", "jax": "jax", "keras": "keras", "sklearn": "scikit-learn"}
EAGER, PLANNED, AUTO, FUSED = "autotensor, eager", "autotensor on NumPy", "autotensor, auto", "autotensor, kernels"
JAX, JAX_MANY, TORCH, SKLEARN = "Keras on JAX", "Keras on JAX, several steps a call", "PyTorch", "scikit-learn"
OURS = (PLANNED, AUTO, FUSED)  # the compiled ones
RATE, EPSILON, DROPPED = 1e-3, 1e-7, 0.1
NORM_EPSILON = 1e-5


@dataclass(frozen=True)
class Work:
    """Data, and the network that learns it."""

    name: str
    x: Array  # (n, features) float32
    y: Array  # (n,) class numbers, or 0. and 1. in float32
    hidden: tuple[int, ...]
    outputs: int  # 1: sigmoid and binary crossentropy with RMSprop; more: softmax and sparse crossentropy with Adam
    batch: int = 32
    rich: bool = False  # hidden layers with LayerNorm, GELU and Dropout instead of ReLU

    @property
    def binary(self) -> bool:
        return self.outputs == 1

    @property
    def steps(self) -> int:
        """Batches an epoch; the last may be smaller."""
        return -(-len(self.x) // self.batch)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The width of the input and of every layer."""
        return (self.x.shape[1], *self.hidden, self.outputs)

    def weights(self) -> list[Array]:
        """Glorot's uniform weights and zeros, in Keras's order and layout: the start of everybody."""
        generator = np.random.default_rng(1)
        arrays: list[Array] = []
        for i, (n_in, n_out) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            limit = np.sqrt(6 / (n_in + n_out))
            arrays += [generator.uniform(-limit, limit, (n_in, n_out)).astype(np.float32), np.zeros(n_out, np.float32)]
            if self.rich and i < len(self.hidden):
                arrays += [np.ones(n_out, np.float32), np.zeros(n_out, np.float32)]
        return arrays

    def loss(self, probabilities: Array) -> float:
        """Mean crossentropy over the data, by the same formula for all frameworks."""
        p = probabilities.astype(np.float64).reshape(len(self.x), -1)
        chosen = np.where(self.y == 1, p[:, 0], 1 - p[:, 0]) if self.binary else p[np.arange(len(p)), self.y]
        return float(-np.log(np.clip(chosen, 1e-7, 1)).mean())


def works(*, quick: bool) -> dict[str, Work]:
    """The networks by name; `quick` has a few batches of each."""
    (x, y), _ = our_keras.datasets.digits.load_data()
    found = {
        "digits": Work("digits 64-512-10, Adam", x / np.float32(16), y, (512,), 10),
        "binary": Work("binary 100-32-1, RMSprop", *_points(1440, 100, 2), (32,), 1),
        "mnist": Work("MNIST-shaped 784-128-10, Adam", *_points(1440, 784, 10), (128,), 10),
        "wide": Work(
            "wide 784-1024-1024-10, GELU, LayerNorm, Dropout, Adam",
            *_points(256 if quick else 2560, 784, 10),
            (1024, 1024),
            10,
            batch=128,
            rich=True,
        ),
    }
    return found


def _points(n: int, features: int, classes: int) -> tuple[Array, Array]:
    """Random points, and which of some random directions each is nearest to."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((n, features)).astype(np.float32)
    nearest = (x @ generator.standard_normal((features, classes))).argmax(axis=1)
    return x, nearest.astype(np.float32) if classes == 2 else nearest


def no_numba() -> bool:
    """What `kernels.available` says where Numba is not installed."""
    return False


class KerasTrainer:
    """`fit` and `predict`, of autotensor's keras or of Keras itself: the same calls."""

    def __init__(self, work: Work, clock: Clock, keras: Any, *, fused: bool = True, **compiling: Any) -> None:
        self.work, self.clock, self.keras, self.fused = work, clock, keras, fused
        layers = keras.layers
        chain: list[Any] = [keras.Input((work.sizes[0],))]
        for width in work.hidden:
            if work.rich:
                chain += [layers.Dense(width), layers.LayerNormalization(epsilon=NORM_EPSILON), layers.Activation("gelu")]
                chain.append(layers.Dropout(DROPPED))
            else:
                chain.append(layers.Dense(width, activation="relu"))
        chain.append(layers.Dense(work.outputs, activation="sigmoid" if work.binary else "softmax"))
        self.model = keras.Sequential(chain)
        self.model.set_weights(work.weights())
        optimizers = keras.optimizers
        optimizer = (optimizers.RMSprop if work.binary else optimizers.Adam)(learning_rate=RATE, epsilon=EPSILON)
        loss = "binary_crossentropy" if work.binary else "sparse_categorical_crossentropy"
        self.model.compile(optimizer, loss, metrics=["accuracy"], **compiling)

    def epochs(self, n: int) -> float:
        marks = self.marks(n + 1)  # in the first a call of `fit` makes ready
        return marks[-1] - marks[1]

    def marks(self, epochs: int) -> list[float]:
        """When training began and when each epoch ended, for one call of `fit`."""
        marks: list[float] = []
        note = self.keras.callbacks.LambdaCallback(
            on_train_begin=lambda *_: marks.append(self.clock()), on_epoch_end=lambda *_: marks.append(self.clock())
        )
        self.fit(epochs, note)
        return marks

    def fit(self, epochs: int, watcher: Any) -> None:
        """One call of `fit`; where kernels are not wanted, as if Numba were not installed."""
        hidden = contextlib.nullcontext() if self.fused else mock.patch.object(kernels, "available", no_numba)
        with hidden:
            self.model.fit(self.work.x, self.work.y, batch_size=self.work.batch, epochs=epochs, verbose=0, callbacks=[watcher])

    def probabilities(self, x: Array) -> Array:
        return np.asarray(self.model.predict(x, verbose=0))


class TorchTrainer:
    """The eager loop of PyTorch's tutorials, with fused Adam; RMSprop has no fused form, and one tensor at a time is fastest."""

    def __init__(self, work: Work, clock: Clock) -> None:
        import torch
        from torch import nn

        self.torch, self.work, self.clock = torch, work, clock
        self.x, self.y = torch.from_numpy(work.x), torch.from_numpy(work.y)
        chain: list[Any] = []
        for i, (n_in, n_out) in enumerate(zip(work.sizes, work.sizes[1:], strict=False)):
            chain.append(nn.Linear(n_in, n_out))
            if i < len(work.hidden):
                rich = [nn.LayerNorm(n_out, eps=NORM_EPSILON), nn.GELU(), nn.Dropout(DROPPED)]
                chain += rich if work.rich else [nn.ReLU()]
        self.model = nn.Sequential(*chain)
        with torch.no_grad():
            for p, w in zip(self.model.parameters(), work.weights(), strict=True):
                p.copy_(torch.from_numpy(np.ascontiguousarray(w.T)))
        if work.binary:
            self.y = self.y[:, None]
            self.criterion: Any = nn.BCEWithLogitsLoss()
            settings: dict[str, Any] = {"alpha": 0.9, "foreach": False}
            self.optimizer: Any = torch.optim.RMSprop(self.model.parameters(), lr=RATE, eps=EPSILON, **settings)
        else:
            self.criterion = nn.CrossEntropyLoss()
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=RATE, eps=EPSILON, fused=True)

    def epochs(self, n: int) -> float:
        self.model.train()
        self._epoch()
        start = self.clock()
        for _ in range(n):
            self._epoch()
        return self.clock() - start

    def _epoch(self) -> None:
        total = correct = 0.0
        for index in self.torch.randperm(len(self.x)).split(self.work.batch):
            x, y = self.x[index], self.y[index]
            self.optimizer.zero_grad()
            scores = self.model(x)
            loss = self.criterion(scores, y)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
            hits = ((scores > 0) == y) if self.work.binary else (scores.argmax(1) == y)
            correct += hits.sum().item()

    def probabilities(self, x: Array) -> Array:
        self.model.eval()
        with self.torch.inference_mode():
            scores = self.model(self.torch.from_numpy(x))
            return (scores.sigmoid() if self.work.binary else scores.softmax(1)).numpy()


class SklearnTrainer:
    """MLPClassifier's `partial_fit`, an epoch a call, without its L2 penalty; it has no RMSprop, and reports no accuracy."""

    def __init__(self, work: Work, clock: Clock) -> None:
        from sklearn.neural_network import MLPClassifier

        self.work, self.clock = work, clock
        self.model = MLPClassifier(
            work.hidden, batch_size=work.batch, alpha=0.0, learning_rate_init=RATE, epsilon=EPSILON, random_state=0
        )

    def epochs(self, n: int) -> float:
        classes = np.arange(self.work.outputs)
        self.model.partial_fit(self.work.x, self.work.y, classes=classes)
        start = self.clock()
        for _ in range(n):
            self.model.partial_fit(self.work.x, self.work.y, classes=classes)
        return self.clock() - start

    def probabilities(self, x: Array) -> Array:
        return np.asarray(self.model.predict_proba(x))


Maker = Callable[[Work, Clock], Trainer]


def prepare(found: set[str], threads: int) -> None:
    """Give the frameworks that are there their number of threads, and Keras its back end: before any is imported."""
    os.environ["KERAS_BACKEND"] = "jax"
    if threads == 1:
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    if "torch" in found:
        import torch

        torch.set_num_threads(threads)


def ours() -> dict[str, Maker]:
    """autotensor's ways to run a step, as far as they are there."""
    made: dict[str, Maker] = {
        EAGER: partial(KerasTrainer, keras=our_keras, jit_compile=False),
        PLANNED: partial(KerasTrainer, keras=our_keras, jit_compile="auto", fused=False),
    }
    if kernels.available():
        made[AUTO] = partial(KerasTrainer, keras=our_keras)
        made[FUSED] = partial(KerasTrainer, keras=our_keras, jit_compile=True)
    return made


def peers(found: set[str], work: Work) -> dict[str, Maker]:
    """How each other framework that is there, and can do this work, makes a trainer."""
    made: dict[str, Maker] = {}
    if {"keras", "jax"} <= found:
        import keras

        made[JAX] = partial(KerasTrainer, keras=keras)
        whole = max(k for k in range(1, 17) if work.steps % k == 0)
        made[JAX_MANY] = partial(KerasTrainer, keras=keras, steps_per_execution=whole)
    if "torch" in found:
        made[TORCH] = TorchTrainer
    if "sklearn" in found and not work.binary and not work.rich:
        made[SKLEARN] = SklearnTrainer
    return made
