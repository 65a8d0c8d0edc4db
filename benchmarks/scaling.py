"""How a compiled training step grows: with width, depth and batch; and how tracing and compiling grow with the graph.

A network of ReLU with softmax, crossentropy and Adam, its step compiled to NumPy, run as `fit` runs it. The floor is the step's
bare matrix products and one pass over the parameters. "growth" is the exponent between neighbouring sizes: 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import measuring
import numpy as np
from compare_by_hand import Floor
from compare_tasks import KerasTrainer, Work

from autotensor import keras
from autotensor.keras.training import planned_steps
from autotensor.plan.plan import Plan

FEATURES, CLASSES = 64, 10
ENOUGH = 0.02  # seconds a sample, that the clock's own grain does not count


@dataclass(frozen=True)
class Axis:
    """What grows, and the sizes it takes."""

    name: str
    sizes: tuple[int, ...]
    network: Callable[[int], tuple[tuple[int, ...], int]]  # size -> (hidden layers, batch)


AXES = (
    Axis("width", (16, 64, 256, 1024, 4096), lambda n: ((n,), 32)),
    Axis("depth", (1, 4, 16, 64, 256), lambda n: ((32,) * n, 32)),
    Axis("batch", (1, 4, 16, 64, 256, 1024, 4096), lambda n: ((128,), n)),
)


@dataclass(frozen=True)
class Point:
    """One size: medians in seconds."""

    size: int
    operations: int  # of the graph as it was traced
    tracing: float
    planning: float  # passes, memory, source
    compiling: float  # Python's own, and the arrays
    step: float
    floor: float

    @property
    def ready(self) -> float:
        """From a model to its first step."""
        return self.tracing + self.planning + self.compiling


class Timed(Plan):
    """A plan that knows what making it took."""

    def __init__(self, graph: Any, *arguments: Any, **settings: Any) -> None:
        self.operations = len(graph.values)
        start = time.perf_counter()
        super().__init__(graph, *arguments, **settings)
        self.planning, self.compiling = time.perf_counter() - start, 0.0

    def instance(self) -> Callable[..., Any]:
        start = time.perf_counter()
        made = super().instance()
        self.compiling = time.perf_counter() - start
        return made


def work_of(hidden: tuple[int, ...], batch: int) -> Work:
    """One batch of random points of random classes."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((batch, FEATURES)).astype(np.float32)
    return Work("", x, generator.integers(0, CLASSES, batch), hidden, CLASSES, batch)


def steps_of(work: Work) -> tuple[Any, tuple[float, ...], int]:
    """(training steps of a fresh model, seconds of tracing, planning and compiling one, operations of its graph)."""
    model = KerasTrainer(work, time.perf_counter, keras, fused=False).model
    data = model._admit(work.x, work.y, None, "fit")
    model.train()
    steps = planned_steps.PlannedSteps(model, data)
    steps.adopt()
    with mock.patch.object(planned_steps, "Plan", Timed):
        steps.step(work.batch)  # what is made once a process does not count
        steps.steps.clear()
        start = time.perf_counter()
        plan: Any = steps.step(work.batch).plan
        whole = time.perf_counter() - start
    return steps, (whole - plan.planning - plan.compiling, plan.planning, plan.compiling), plan.operations


def point(size: int, hidden: tuple[int, ...], batch: int, options: Namespace) -> Point:
    """Measure one size."""
    work = work_of(hidden, batch)
    made = [steps_of(work) for _ in range(1 if options.quick else 3)]
    steps, _, operations = made[0]
    tracing, planning, compiling = np.median([seconds for _, seconds, _ in made], axis=0)
    rows = slice(0, batch)
    floor = Floor(work, time.perf_counter)
    repeats = _repeats(lambda: steps.run(steps.take(rows)))
    timed = {"step": partial(_repeat, repeats, lambda: steps.run(steps.take(rows)))}
    timed["floor"] = partial(_repeat, repeats, lambda: floor.step(batch))
    samples = measuring.interleaved(timed, options)
    step, bare = (float(np.median(samples[name])) / repeats for name in timed)
    return Point(size, operations, float(tracing), float(planning), float(compiling), step, bare)


def _repeats(f: Callable[[], object]) -> int:
    """How often a sample calls it."""
    f()
    start = time.perf_counter()
    f()
    return max(1, int(ENOUGH / max(time.perf_counter() - start, 1e-6)))


def _repeat(n: int, f: Callable[[], object]) -> None:
    for _ in range(n):
        f()


def report(axis: Axis, points: list[Point]) -> None:
    """The table of one axis."""
    graph = ["operations", "tracing ms", "planning", "compiling", "growth"]
    rows = [[axis.name, "us/step", "growth", "floor", "step / floor", *graph]]
    for p, step, ready in zip(points, _growth(points, "size", "step"), _growth(points, "operations", "ready"), strict=True):
        times = [f"{seconds * 1e3:.3g}" for seconds in (p.tracing, p.planning, p.compiling)]
        bare = [f"{p.floor * 1e6:.3g}", f"{p.step / p.floor:.2f}"]
        rows.append([str(p.size), f"{p.step * 1e6:.3g}", step, *bare, str(p.operations), *times, ready])
    measuring.table(rows)


def _growth(points: list[Point], size: str, time_of: str) -> Iterator[str]:
    """The exponent from each point's predecessor to it; nothing for the first, and where the size is the same."""
    yield ""
    for a, b in pairwise(points):
        ratio = getattr(b, size) / getattr(a, size)
        yield f"{math.log(getattr(b, time_of) / getattr(a, time_of)) / math.log(ratio):.2f}" if ratio != 1 else ""


def plot(measured: dict[str, list[Point]], path: Path) -> None:
    """Draw step and floor over each axis, and what comes before the first step over the size of the graph."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise SystemExit('--plot needs matplotlib. Install it with: pip install "autotensor[plot]"') from None
    mpl.rcParams["svg.fonttype"] = "none"  # text stays text, and the file small
    mpl.rcParams["svg.hashsalt"] = "autotensor"
    figure = Figure(figsize=(12, 3.2), layout="constrained")
    *axes, last = figure.subplots(1, len(measured) + 1)
    for panel, (name, points) in zip(axes, measured.items(), strict=True):
        sizes = [p.size for p in points]
        panel.loglog(sizes, [p.step * 1e6 for p in points], "o-", label="step")
        panel.loglog(sizes, [p.floor * 1e6 for p in points], "s--", label="floor")
        panel.set(xlabel=name, ylabel="us")
        panel.legend()
    points = measured["depth"]
    for label in ("tracing", "planning", "compiling"):
        last.loglog([p.operations for p in points], [getattr(p, label) * 1e3 for p in points], "o-", label=label)
    last.set(xlabel="operations", ylabel="ms")
    last.legend()
    for panel in (*axes, last):
        panel.grid(alpha=0.3)
    figure.savefig(path, format="svg", metadata={"Date": None})
    print(f"drawn: {path}")


def extend(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark's own."""
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the tables, too (needs matplotlib)")


def main() -> None:
    """Measure along each axis, print, and draw if asked."""
    names = tuple(axis.name for axis in AXES)
    options = measuring.options(__doc__, rounds=9, quick=2, workloads=names, extend=extend)
    asked = options.workloads or names
    if options.plot and set(asked) != set(names):
        raise SystemExit(f"--plot draws all of {', '.join(names)}; name none of them, or all.")
    measuring.facts()
    print(f"\n{FEATURES} features, {CLASSES} classes, Adam; {options.rounds} rounds\n")
    measured = {}
    for axis in AXES:
        if axis.name in asked:
            sizes = axis.sizes[:3] if options.quick else axis.sizes
            measured[axis.name] = [point(size, *axis.network(size), options) for size in sizes]
            report(axis, measured[axis.name])
    if options.plot:
        plot(measured, options.plot)


if __name__ == "__main__":
    main()
