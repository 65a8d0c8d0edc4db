"""What a step of `fit` costs on small data, beside Keras on JAX, PyTorch, scikit-learn and NumPy by hand.

Digits: 64-512-10, softmax, sparse categorical crossentropy, Adam. Binary: 100-32-1, sigmoid, binary crossentropy, RMSprop.
Batches of 32 in float32, loss and accuracy reported. A step is the time of an epoch by its number of steps, after warm-up
epochs; what `fit` does once a call is not in it. Then the first epoch of a fresh model, compilation included, and the prediction
of one sample. Losses are compared after the warm-up and must have fallen further at the end: who is fast must also have trained.
"""

import os
from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import partial

import measuring
import numpy as np
from fit_numpy import NumpyTrainer
from fit_tasks import Array, Clock, KerasTrainer, SklearnTrainer, Task, TorchTrainer, Trainer

from autotensor import keras as our_keras

PEERS = {"torch": "torch", "jax": "jax", "keras": "keras", "sklearn": "scikit-learn"}
AUTOTENSOR, JAX, TORCH, SKLEARN, NUMPY = "autotensor", "Keras on JAX", "PyTorch", "scikit-learn", "NumPy by hand"
WARM_UP = 3  # epochs
PREDICTIONS = 20  # a sample
AGREE = 2.0  # after them, losses within this factor count as of the same size

Makers = Mapping[str, Callable[[Task, Clock], Trainer]]


def digits() -> Task:
    """Handwritten digits, pixels in [0, 1]."""
    (x, y), _ = our_keras.datasets.digits.load_data()
    return Task("digits 64-512-10, Adam", x / np.float32(16), y, hidden=512, outputs=10)


def binary() -> Task:
    """On which side of a plane a random point lies."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((1440, 100)).astype(np.float32)
    y = (x @ generator.standard_normal(100) > 0).astype(np.float32)
    return Task("binary 100-32-1, RMSprop", x, y, hidden=32, outputs=1)


def makers(found: set[str], threads: int) -> Makers:
    """How each framework that is there makes a trainer."""
    made: dict[str, Callable[[Task, Clock], Trainer]] = {AUTOTENSOR: partial(KerasTrainer, keras=our_keras)}
    if {"keras", "jax"} <= found:
        os.environ["KERAS_BACKEND"] = "jax"
        if threads == 1:
            os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
        import keras

        made[JAX] = partial(KerasTrainer, keras=keras)
    if "torch" in found:
        import torch

        torch.set_num_threads(threads)
        made[TORCH] = TorchTrainer
    if "sklearn" in found:
        made[SKLEARN] = SklearnTrainer
    return made | {NUMPY: NumpyTrainer}


def measure(task: Task, made: Makers, options: Namespace) -> None:
    """Steps, first epoch and prediction of one task, each with its table."""
    clock = measuring.clock_of(options)
    chosen = {name: make for name, make in made.items() if not (task.binary and name == SKLEARN)}
    epochs = 1 if options.quick else 3
    print(f"{task.name}: {len(task.x)} samples, {task.steps} steps an epoch, {options.rounds} rounds of {epochs} epochs\n")

    trainers = {name: make(task, clock) for name, make in chosen.items()}
    for trainer in trainers.values():
        trainer.epochs(WARM_UP)
    before = losses(task, trainers)
    assert max(before.values()) <= AGREE * min(before.values()), f"losses differ by more than {AGREE:g} times: {before}"
    steps = {name: partial(trainer.epochs, epochs) for name, trainer in trainers.items()}
    samples = measuring.interleaved(steps, options)
    aims = {JAX: "<= 1", TORCH: "<= 1"}
    measuring.report(samples, subject=AUTOTENSOR, unit="us/step", scale=1e6 / epochs / task.steps, aims=aims)
    after = losses(task, trainers)
    print("loss before -> after:", ", ".join(f"{name} {before[name]:.2g} -> {after[name]:.2g}" for name in trainers), end="\n\n")
    assert all(after[name] < before[name] for name in trainers), "somebody has stopped training"

    fewer = Namespace(**vars(options) | {"rounds": min(options.rounds, 5)})
    fresh = {name: partial(first_epoch, make, task, clock) for name, make in chosen.items()}
    samples = measuring.interleaved(fresh, fewer, warm_up=0 if options.quick else 1)
    measuring.report(samples, subject=AUTOTENSOR, unit="ms first epoch", scale=1e3)

    predict = {name: predicting(trainer, task.x[:1]) for name, trainer in trainers.items()}
    samples = measuring.interleaved(predict, options, warm_up=5)
    measuring.report(samples, subject=AUTOTENSOR, unit="us one-sample predict", scale=1e6 / PREDICTIONS)


def first_epoch(make: Callable[[Task, Clock], Trainer], task: Task, clock: Clock) -> float:
    """Seconds to build a model and train it for one epoch: everything that a first `fit` waits for."""
    start = clock()
    make(task, clock).epochs(1)
    return clock() - start


def predicting(trainer: Trainer, x: Array) -> Callable[[], None]:
    """A sample for the clock: so many predictions that the first, with cold caches, does not count for much."""

    def sample() -> None:
        for _ in range(PREDICTIONS):
            trainer.probabilities(x)

    return sample


def losses(task: Task, trainers: Mapping[str, Trainer]) -> dict[str, float]:
    """The loss of each on its training data."""
    return {name: task.loss(np.reshape(trainer.probabilities(task.x), (len(task.x), -1))) for name, trainer in trainers.items()}


def main() -> None:
    """Measure both tasks."""
    options = measuring.options(__doc__, rounds=15, quick=2)
    made = makers(measuring.present(PEERS, alone=options.alone), options.threads)
    measuring.facts()
    print()
    for task in (digits(), binary()):
        measure(task, made, options)


if __name__ == "__main__":
    main()
