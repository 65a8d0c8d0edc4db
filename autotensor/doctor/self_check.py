"""About two seconds of work: whether gradients and products are right here, and what things cost beside NumPy by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from autotensor import keras, nn, ops
from autotensor.autodiff import grad
from autotensor.core.spec import Array
from autotensor.core.tensor import Tensor
from autotensor.doctor import by_hand
from autotensor.doctor.facts import Measured, Timing
from autotensor.doctor.surroundings import THREADS

SIZES = (128, 1024)  # of the matrices: one that stays in a processor's cache, one that all threads share
LENGTH = 100  # of the chain
STEP = 1e-6  # of the central differences, in float64: cutting off and rounding then both leave about 1e-10
SECONDS = 0.2  # for each pair of figures

EXAMPLES = 640  # of the digits: 20 steps an epoch

FRESH = """
import time
clock = time.perf_counter
start = clock()
import numpy as np
middle = clock()
import autotensor
print(middle - start, clock() - middle)
for size, rounds in ((%d, 100), (%d, 3)):
    a, b = np.ones((2, size, size), np.float32)
    best = float("inf")
    for _ in range(rounds + 1):
        start = clock()
        a @ b
        best = min(best, clock() - start)
    print(best)
"""


def measure() -> Measured:
    """The whole self-check."""
    start = time.perf_counter()
    gradient, exact = gradient_difference(), product_is_exact()
    timings = [*map(matmul, SIZES), eager(), training()]
    one_thread: tuple[float, ...] = ()
    samples = fresh_processes()
    if samples:
        numpy, autotensor, *products = (min(column) for column in zip(*samples, strict=True))
        timings.append(_timing("import, beyond NumPy's", "ms", autotensor * 1e3, numpy * 1e3, usual=1.2))
        one_thread = tuple(map(_rate, SIZES, products))
    return Measured(gradient, exact, tuple(timings), one_thread, time.perf_counter() - start)


def gradient_difference() -> float:
    """How far a small network's gradients are from central differences of its loss in NumPy, by the largest of them."""
    generator = np.random.default_rng(0)
    x, target = generator.standard_normal((6, 4)), generator.standard_normal((6, 2))
    weights = [generator.standard_normal(shape) for shape in ((5, 4), (5,), (2, 5), (2,))]

    def loss(w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
        h = ops.tanh(nn.functional.linear(Tensor(x), w1, b1))
        return nn.functional.mse_loss(nn.functional.linear(h, w2, b2), Tensor(target))

    def value(w1: Array, b1: Array, w2: Array, b2: Array) -> float:
        error = np.tanh(x @ w1.T + b1) @ w2.T + b2 - target
        return float((error * error).mean())

    gradients = grad(loss, (0, 1, 2, 3))(*map(Tensor, weights))
    found = np.concatenate([gradient.numpy().ravel() for gradient in gradients])
    numeric = []
    for w in weights:
        for index in np.ndindex(w.shape):
            middle = w[index]
            w[index] = middle + STEP
            above = value(*weights)
            w[index] = middle - STEP
            numeric.append((above - value(*weights)) / (2 * STEP))
            w[index] = middle
    return float(np.abs(found - numeric).max() / np.abs(numeric).max())


def product_is_exact(size: int = 192) -> bool:
    """Whether BLAS multiplies matrices of small whole numbers as NumPy's integer loops do, in float32 and float64."""
    a, b = np.random.default_rng(0).integers(-9, 10, (2, size, size))
    expected = a @ b  # no BLAS knows integers; sums stay below 2**24, so that floats hold them exactly
    return all(np.array_equal(a.astype(dtype) @ b.astype(dtype), expected) for dtype in (np.float32, np.float64))


def matmul(size: int) -> Timing:
    """A product of square float32 matrices, of Tensors and of arrays."""
    a, b = np.random.default_rng(0).standard_normal((2, size, size)).astype(np.float32)
    x, w = Tensor(a), Tensor(b)
    ours, theirs = best_of(lambda: x @ w, lambda: a @ b)
    return Timing(f"matmul {size} x {size}", "GFLOP/s", _rate(size, ours), _rate(size, theirs), ours / theirs, usual=2.0)


def eager() -> Timing:
    """An operation of a chain on 32 numbers, forward and backward."""
    x, w, b = np.random.default_rng(0).standard_normal((3, 32)).astype(np.float32)

    def chain() -> None:
        weight, bias = ops.tensor(w, requires_grad=True), ops.tensor(b, requires_grad=True)
        h = Tensor(x)
        for _ in range(LENGTH):
            h = ops.tanh(h * weight + bias)
        h.sum().backward()

    ours, theirs = best_of(chain, lambda: by_hand.chain(x, w, b, LENGTH))
    return _timing("an eager operation", "us", ours * 1e6 / (3 * LENGTH), theirs * 1e6 / (3 * LENGTH), usual=4.5)


def training() -> Timing:
    """A step of `fit` on the digits, 64-512-10, batches of 32, Adam."""
    (x, y), _ = keras.datasets.digits.load_data()
    x, y = x[:EXAMPLES] / np.float32(16), y[:EXAMPLES]
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(512, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    classifier = by_hand.Classifier()
    ours, theirs = best_of(lambda: model.fit(x, y, verbose=0), lambda: classifier.epoch(x, y))
    steps = EXAMPLES // by_hand.BATCH
    return _timing("a step of fit, digits", "us", ours * 1e6 / steps, theirs * 1e6 / steps, usual=4.0)


def fresh_processes(n: int = 2) -> list[list[float]]:
    """Seconds in fresh processes with one thread: importing NumPy, then autotensor, then a product of each of SIZES.

    Empty where no process can be started.
    """
    samples = []
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    command = [sys.executable, "-B", "-c", FRESH % SIZES]  # -B: nothing is written, not even bytecode
    for _ in range(n):
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            return []
        samples.append([float(word) for word in done.stdout.split()])
    return samples


def best_of(ours: Callable[[], object], theirs: Callable[[], object], seconds: float = SECONDS) -> tuple[float, float]:
    """The shortest time of each, in turns until the seconds are over, once at least: what disturbs only adds."""
    clock = time.perf_counter
    best = [float("inf"), float("inf")]
    end = clock() + seconds
    ours(), theirs()
    while best[0] == float("inf") or clock() < end:
        for i, work in enumerate((ours, theirs)):
            start = clock()
            work()
            best[i] = min(best[i], clock() - start)
    return best[0], best[1]


def _rate(size: int, seconds: float) -> float:
    """GFLOP/s of a product of square matrices."""
    return 2 * size**3 / seconds / 1e9


def _timing(name: str, unit: str, here: float, hand: float, *, usual: float) -> Timing:
    return Timing(name, unit, here, hand, here / hand, usual)
