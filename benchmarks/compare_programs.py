"""What compare.py prints of whole programs: import to evaluated, the first epoch, and a `fit` that moves to machine code."""

from __future__ import annotations

import statistics
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import measuring
import numpy as np
from compare_processes import BATCH, Runs
from compare_tables import fewer, print_aims, print_beside, row
from compare_tasks import EAGER, JAX, PLANNED, SKLEARN, TORCH

from autotensor import keras as our_keras
from autotensor.plan import kernels

AUTO_COLD, AUTO_WARM, FORCED = "autotensor, auto, cold", "autotensor, auto, warm cache", "autotensor, kernels, warm cache"
PROGRAM_EPOCHS, LONG = 10, 3000


def programs(options: Namespace, candidates: Mapping[str, Runs], epochs: int) -> None:
    """Run every candidate's process in every round, after a round that fills the caches."""
    (x, y), (x_test, y_test) = our_keras.datasets.digits.load_data()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.npz"
        scale = np.float32(16)
        np.savez(path, x=x / scale, y=y, x_test=x_test / scale, y_test=y_test)
        timed = {label: partial(runs.run, path, epochs) for label, runs in candidates.items()}
        if not options.quick:
            for run in timed.values():
                run()
            for runs in candidates.values():
                runs.forget()
        measuring.interleaved(timed, options, warm_up=0)
    for label, runs in candidates.items():
        assert epochs < PROGRAM_EPOCHS or runs.accuracy > 0.85, f"{label} has not learned: accuracy {runs.accuracy:.2f}"


def whole_programs(found: set[str], options: Namespace) -> None:
    """From import to evaluated, and the first epoch in it."""
    epochs = 2 if options.quick else PROGRAM_EPOCHS
    with tempfile.TemporaryDirectory() as ours_kept, tempfile.TemporaryDirectory() as jax_kept:
        kept = {"AUTOTENSOR_CACHE": ours_kept}
        candidates = {EAGER: Runs("eager", {}), PLANNED: Runs("numpy", {}), AUTO_COLD: Runs("auto", {}, "AUTOTENSOR_CACHE")}
        if kernels.available():
            candidates |= {FORCED: Runs("kernels", kept), AUTO_WARM: Runs("auto", kept)}
        if {"keras", "jax"} <= found:
            always = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}
            candidates |= {
                JAX: Runs("keras", {}),
                f"{JAX}, warm cache": Runs("keras", {"JAX_COMPILATION_CACHE_DIR": jax_kept} | always),
            }
        candidates |= {label: Runs(name, {}) for name, label in (("torch", TORCH), ("sklearn", SKLEARN)) if name in found}
        programs(fewer(options, 7), candidates, epochs)

    print(f"whole process, digits 64-512-10: import, {epochs} epochs, evaluate; accuracy {accuracies(candidates)}")
    whole = {label: runs.whole for label, runs in candidates.items()}
    print_beside(whole, [AUTO_COLD], "s", 1)
    print("first epoch of a fresh process, building and compiling included, importing not")
    first = {label: runs.first for label, runs in candidates.items()}
    print_beside(first, [AUTO_COLD], "ms", 1e3)
    rows = []
    outsiders = [label for label, runs in candidates.items() if runs.program in ("keras", "torch", "sklearn")]
    if outsiders:
        best = min(outsiders, key=lambda label: statistics.median(whole[label]))
        rows.append(row(f"whole process / {best}", measuring.ratio(whole, AUTO_COLD, best), "0.35", "0.25"))
    if JAX in candidates:
        rows.append(row(f"first epoch / {JAX}", measuring.ratio(first, AUTO_COLD, JAX), "0.15", "0.08"))
    print_aims(rows)


def accuracies(candidates: Mapping[str, Runs]) -> str:
    """The range of what was reached on the test data."""
    reached = [runs.accuracy for runs in candidates.values()]
    return f"{min(reached):.2f} to {max(reached):.2f}"


def auto(options: Namespace) -> None:
    """A `fit` long enough that machine code repays: what each way takes in all, and at its end."""
    epochs = 3 if options.quick else LONG
    with tempfile.TemporaryDirectory() as folder:
        candidates = {PLANNED: Runs("numpy", {})}
        if kernels.available():
            kept = {"AUTOTENSOR_CACHE": folder}
            candidates |= {
                "autotensor, kernels, cold": Runs("kernels", {}, "AUTOTENSOR_CACHE"),
                FORCED: Runs("kernels", kept),
                AUTO_COLD: Runs("auto", {}, "AUTOTENSOR_CACHE"),
                AUTO_WARM: Runs("auto", kept),
            }
        programs(fewer(options, 3), candidates, epochs)
    steps = -(-len(our_keras.datasets.digits.load_data()[0][0]) // BATCH)
    print(f"digits 64-512-10, {epochs} epochs of {steps} steps, each in a fresh process")
    rows = [["", "s whole process", "ms first epoch", "ms longest later epoch", "us/step at the end"]]
    for label, runs in candidates.items():
        figures = [(runs.whole, 1.0), (runs.first, 1e3), (runs.longest, 1e3), (runs.step(steps), 1e6)]
        rows.append([label, *(f"{statistics.median(values) * scale:.3g}" for values, scale in figures)])
    measuring.table(rows)
