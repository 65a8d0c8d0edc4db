"""The peak memory of a compiled `fit`, for compare.py, beside what its numbers need at least.

Counted by tracemalloc, which sees NumPy's arrays as they are made and dropped; it knows nothing of what the plan says of itself.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from dataclasses import dataclass

import numpy as np
from compare_tasks import KerasTrainer, Work

from autotensor import keras
from autotensor.keras.training.planned_steps import PlannedSteps

MOMENTS = 2  # Adam's slots


@dataclass(frozen=True)
class Counted:
    """Bytes of arrays."""

    fit: int  # at the highest point of an epoch after the first: the model's copies of parameters too, old ones and new ones
    plan: int  # what making a training step adds, and running it: arenas, workspace, the batch, what a step makes and drops
    workspace: int  # what the plan says it has beside arenas and batch
    parameters: int
    activations: int  # the output of each layer for one batch, and the batch

    @property
    def least(self) -> int:
        """Parameters, slots and live activations."""
        return (1 + MOMENTS) * self.parameters + self.activations


def count(work: Work) -> Counted:
    """Train, and count."""
    work = Work(work.name, work.x[: work.batch * 2], work.y[: work.batch * 2], work.hidden, work.outputs, work.batch, work.rich)
    parameters = sum(w.nbytes for w in work.weights())
    layers = 4 if work.rich else 1  # Dense, LayerNormalization, gelu, Dropout; relu is the Dense layer's own
    activations = 4 * work.batch * (work.sizes[0] + layers * sum(work.hidden) + work.outputs)
    return Counted(_fit(work), *_plan(work), parameters, activations)


def _fit(work: Work) -> int:
    """Bytes of arrays at the highest point of `fit`, once its plan is made."""
    tracemalloc.start()
    trainer = KerasTrainer(work, time.perf_counter, keras, fused=False)
    note = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: tracemalloc.reset_peak() if epoch else None)
    trainer.fit(3, note)
    return _peak_of_arrays()


def _plan(work: Work) -> tuple[int, int]:
    """(bytes that the steps of a model need, bytes of workspace that the plan says it has)."""
    trainer = KerasTrainer(work, time.perf_counter, keras, fused=False)
    trainer.marks(1)
    model = trainer.model
    data = model._admit(work.x, work.y, None, "fit")
    model.train()
    gc.collect()
    tracemalloc.start()
    steps = PlannedSteps(model, data)
    steps.adopt()
    rows = slice(0, work.batch)
    said = steps.take(rows).plan.peak_bytes
    gc.collect()
    tracemalloc.reset_peak()
    for _ in range(3):
        steps.run(steps.take(rows))
    return _peak_of_arrays(), said


def _peak_of_arrays() -> int:
    """The highest point since the last reset without Python's own objects; counting ends."""
    now, peak = tracemalloc.get_traced_memory()
    arrays = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)])  # noqa: FBT003
    tracemalloc.stop()
    return peak - (now - sum(trace.size for trace in arrays.traces))
