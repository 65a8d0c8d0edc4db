"""A training step, a first epoch, a prediction and a whole program, beside Keras on JAX, PyTorch, scikit-learn and code by hand.

Workloads: digits (64-512-10, Adam, beside a step by hand in NumPy and for jax.jit, and the floor), binary (100-32-1, RMSprop),
mnist (784-128-10, Adam, random data), wide (784-1024-1024-10, GELU, LayerNorm, Dropout, batch 128), one-sample (model(x) and
predict), process (import to evaluated; the first epoch), auto (when the default moves to machine code), memory (peak).
A step is the time of an epoch by its number of steps; the first epoch after a call of `fit` is left out. Everybody starts from
the same weights, losses are compared after the warm-up, and who is fast must also have trained.
"""

from __future__ import annotations

import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import measuring
import numpy as np
from compare_by_hand import Floor, JaxTrainer, NumpyTrainer, check_trajectory
from compare_memory import count
from compare_programs import auto, whole_programs
from compare_tables import print_aims, print_beside, row
from compare_tasks import EAGER, FUSED, JAX, JAX_MANY, OURS, PEERS, PLANNED, TORCH, Work, ours, peers, prepare, works
from fit_tasks import Array, Trainer

from autotensor import no_grad
from autotensor.plan import kernels

STEPS = {  # workload -> aim and stretch of our step over the best of Keras on JAX and PyTorch
    "digits": ("0.50", "0.35"),
    "binary": ("0.35", "0.20"),
    "mnist": ("0.60", "0.40"),
    "wide": ("0.9", "0.65"),
}
WORKLOADS = (*STEPS, "one-sample", "process", "auto", "memory")
BY_HAND, QUEUED, READ, FLOOR = "NumPy by hand", "jax.jit by hand, queued", "jax.jit by hand, loss read", "floor"
WARM_UP = 3  # epochs
AGREE = 2.0  # after them, losses within this factor count as of the same size; after the two steps of --quick, four times that
CALLS = 200  # a sample of one prediction


def steps_of(name: str, work: Work, found: set[str], options: Namespace) -> None:
    """A step of one network by everybody, by hand and at the floor."""
    clock = measuring.clock_of(options)
    makers = ours() | peers(found, work)
    if name == "digits":
        makers[BY_HAND] = NumpyTrainer
        if "jax" in found:
            makers |= {QUEUED: partial(JaxTrainer, read=False), READ: partial(JaxTrainer, read=True)}
    epochs = 1 if options.quick or name == "wide" else 3
    print(f"{work.name}: {len(work.x)} samples in batches of {work.batch}, {options.rounds} rounds of {epochs} epochs")
    if name == "digits":
        print(f"loss after every batch as by hand, within {check_trajectory(work, clock):.1e}")

    trainers: dict[str, Trainer] = {label: make(work, clock) for label, make in makers.items()}
    for trainer in trainers.values():
        trainer.epochs(1 if options.quick else WARM_UP)
    before = losses(work, trainers)
    agree = AGREE * (4 if options.quick else 1)
    assert max(before.values()) <= agree * min(before.values()), f"losses differ by more than {agree:g} times: {before}"
    timed = {label: partial(trainer.epochs, epochs) for label, trainer in trainers.items()}
    if name in ("digits", "wide"):
        timed[FLOOR] = partial(Floor(work, clock).epochs, epochs)
    samples = measuring.interleaved(timed, options)
    print_beside(samples, [label for label in OURS if label in timed], "us/step", 1e6 / epochs / work.steps)
    after = losses(work, trainers)
    assert all(after[label] < before[label] for label in trainers), f"somebody has stopped training: {before} -> {after}"

    rows = [row(f"{us} / {best}", measuring.ratio(samples, us, best), *STEPS[name]) for us, best in against_peers(samples)]
    for us in (label for label in OURS if label in timed):
        if BY_HAND in timed:
            aims = ("0.75", "0.6") if us == FUSED else ("1.05", "1.0")
            rows.append(row(f"{us} / {BY_HAND}", measuring.ratio(samples, us, BY_HAND), *aims))
        if FLOOR in timed:
            rows.append(row(f"{us} / {FLOOR}", measuring.ratio(samples, us, FLOOR), "1.6", "1.3"))
    print_aims(rows)
    if name == "digits":
        calls_of_fit(trainers, work, options)


def losses(work: Work, trainers: Mapping[str, Trainer]) -> dict[str, float]:
    """The loss of each on its training data."""
    return {label: work.loss(trainer.probabilities(work.x)) for label, trainer in trainers.items()}


def against_peers(samples: measuring.Samples) -> list[tuple[str, str]]:
    """Each of our compiled ways, with the faster of the peers that the aims name, and with the fastest way to use them."""
    there = [[label for label in group if label in samples] for group in ((JAX, TORCH), (JAX, JAX_MANY, TORCH))]
    fastest = [min(group, key=lambda label: statistics.median(samples[label])) for group in there if group]
    return [(us, best) for best in dict.fromkeys(fastest) for us in OURS if us in samples]


def calls_of_fit(trainers: Mapping[str, Any], work: Work, options: Namespace) -> None:
    """A whole call of `fit` for one epoch of a model that was trained before: what it makes ready in each call counts here."""
    chosen = {label: trainers[label] for label in (EAGER, *OURS, JAX) if label in trainers}
    timed = {label: partial(whole_call, trainer) for label, trainer in chosen.items()}
    samples = measuring.interleaved(timed, options)
    print(f"a call of fit for one epoch of {work.steps} steps, the model already trained")
    print_beside(samples, [label for label in OURS if label in timed], "ms", 1e3)


def whole_call(trainer: Any) -> None:
    """A sample for the clock."""
    trainer.marks(1)


def one_sample(work: Work, found: set[str], options: Namespace) -> None:
    """One digit through the model, and through `predict`."""
    clock = measuring.clock_of(options)
    x = work.x[:1]
    made: dict[str, Any] = {label: make(work, clock) for label, make in peers(found, work).items() if label != JAX_MANY}
    own: Any = ours()[PLANNED](work, clock)
    expected = own.probabilities(x)
    for label, trainer in made.items():
        if label in (JAX, TORCH):  # they have the same weights
            np.testing.assert_allclose(trainer.probabilities(x), expected, rtol=1e-4, atol=1e-6, err_msg=label)
    timed = {"model(x)": calling(own.model, x), "predict": predicting(own, x)}
    if TORCH in made:
        timed["PyTorch, inference mode"] = torch_calling(made[TORCH].model, x)
    if JAX in made:
        timed[f"{JAX}, predict"] = predicting(made[JAX], x)
    for label in made.keys() - {TORCH, JAX}:
        made[label].epochs(1)
        timed[f"{label}, predict_proba"] = predicting(made[label], x)
    samples = measuring.interleaved(timed, options, warm_up=3)
    print(f"{work.name}: the prediction of one sample, {options.rounds} rounds of {CALLS} calls")
    print_beside(samples, ["model(x)", "predict"], "us", 1e6 / CALLS)
    rows = []
    if TORCH in made:
        rows.append(row("model(x) / PyTorch", measuring.ratio(samples, "model(x)", "PyTorch, inference mode"), "0.8", "0.6"))
    more = statistics.median(a - b for a, b in zip(samples["predict"], samples["model(x)"], strict=True))
    print_aims([*rows, ["predict - model(x)", f"{more * 1e6 / CALLS:.1f} us", "5 us", "3 us"]])


def calling(model: Any, x: Array) -> Callable[[], None]:
    """A sample for the clock: calls of the model that record nothing."""

    def sample() -> None:
        with no_grad():
            for _ in range(CALLS):
                model(x)

    return sample


def torch_calling(network: Any, x: Array) -> Callable[[], None]:
    """The same of PyTorch, with its tensor made before."""
    import torch

    model, given = torch.nn.Sequential(*network, torch.nn.Softmax(1)).eval(), torch.from_numpy(x)

    def sample() -> None:
        with torch.inference_mode():
            for _ in range(CALLS):
                model(given)

    return sample


def predicting(trainer: Trainer, x: Array) -> Callable[[], float]:
    """A sample for the clock of the framework's own way to predict: few calls, for some take a millisecond, and few before."""

    def sample() -> float:
        for _ in range(2):
            start = time.perf_counter()
            for _ in range(CALLS // 10):
                trainer.probabilities(x)
        return (time.perf_counter() - start) * 10

    return sample


def memory(work: Work) -> None:
    """The peak of `fit`, and of its plan alone, over what the numbers need at least."""
    counted = count(work)
    mib = 2**20
    print(f"{work.name}, batch {work.batch}: peak memory of arrays")
    rows = [["", "MiB", "over the least", "aim", "stretch"]]
    rows.append(["least: parameters, slots, activations", f"{counted.least / mib:.2f}", "", "", ""])
    aims = ["1.3", "1.1"]
    rows.append(["plan: arenas, workspace, batch", f"{counted.plan / mib:.2f}", f"{counted.plan / counted.least:.2f}", *aims])
    rows.append(["fit: with the model's own arrays", f"{counted.fit / mib:.2f}", f"{counted.fit / counted.least:.2f}", *aims])
    measuring.table(rows)
    print(f"the plan says of its workspace, gradients in it: {counted.workspace / mib:.2f} MiB\n")


def main() -> None:
    """Measure the workloads that are asked for."""
    options = measuring.options(__doc__, rounds=15, quick=2, workloads=WORKLOADS)
    asked = options.workloads or WORKLOADS
    found = measuring.present(PEERS, alone=options.alone)
    prepare(found, options.threads)
    if not kernels.available():
        print('without kernels: Numba is not installed. Install it with: pip install "autotensor[fast]"')
    made = works(quick=options.quick)
    measuring.facts()
    print()
    for name in asked:
        if name in STEPS:
            steps_of(name, made[name], found, options)
    if "one-sample" in asked:
        one_sample(made["digits"], found, options)
    if "process" in asked:
        whole_programs(found, options)
    if "auto" in asked:
        auto(options)
    if "memory" in asked:
        memory(made["wide"])


if __name__ == "__main__":
    main()
