"""The steps of one `fit`: by plans as long as they can be had, else eagerly; and what callbacks may do in between."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from autotensor.core.errors import AutotensorError, NotBuiltError
from autotensor.keras.training.checks import packed
from autotensor.keras.training.data import Data
from autotensor.keras.training.planned_steps import PlannedSteps
from autotensor.plan.trace import TraceError

BATCH = 32  # samples of a step whose source is asked for before there are data
RETRACED = 4  # times in an epoch that steps are traced again; more cost more than they save


class Kept:
    """The steps of a model's last training, which the model itself holds: they go with it, and a copy of it has none."""

    def __init__(self, compiled: Any = None, plans: PlannedSteps | None = None) -> None:
        self.compiled, self.plans = compiled, plans

    def __deepcopy__(self, memo: Any) -> Kept:
        return Kept()

    def __reduce__(self) -> Any:
        return Kept, ()


class Running:
    """Training steps on one data set.

    With plans, the numbers of weights and optimizer are the plans' while steps run. `look_up` comes before the user's code may
    see the model, `go_on` after it may have changed something.
    """

    def __init__(self, model: Any, data: Data, size: int) -> None:
        self.model = model
        self.data = data
        self.size = size
        self.plans: PlannedSteps | None = None
        self._planned = False
        self._ahead = False  # whether the plans' numbers are newer than the model's
        self._retraced = self._steps = 0
        self._begin = 0.0

    def start_epoch(self) -> None:
        """After on_epoch_begin."""
        self._retraced = self._steps = 0
        self._begin = time.perf_counter()
        if not self._planned:
            self._planned = True
            self.plans = self.model._plans(self.data, self.size)
        self.go_on()

    def move_on(self, steps: int) -> None:
        """After an epoch: to machine code, if the steps to come repay making it."""
        if self.plans is not None and self._steps:
            self.plans.move_on(steps, (time.perf_counter() - self._begin) / self._steps)

    def go_on(self) -> None:
        """Take over what the user's code has replaced; trace again if it has changed more than numbers."""
        if self.plans is None:
            return
        if self.plans.outdated():
            self._retraced += 1
            if self._retraced > RETRACED:
                self._give_up("its layers or their settings change with nearly every step")
                return
            self.plans = self.model._plans(self.data, self.size)
        if self.plans is not None:
            self.plans.turn_to(self.data)  # a callback may have trained on a batch of its own
            self.plans.adopt()

    def look_up(self) -> None:
        """Give weights and optimizer the numbers of the last finished step."""
        if self._ahead and self.plans is not None:
            self._ahead = False
            self.plans.publish()

    def end_epoch(self) -> None:
        """After the last step of an epoch, however it ended: as `look_up`, where the plans' buffers were."""
        if self.plans is not None:
            self.plans.rest()
        self.look_up()

    def step(self, rows: Any) -> Any:
        """One step on these samples; returns the running values, or a function that does."""
        plans = self.plans
        self._steps += 1
        if plans is not None:
            try:
                step = plans.take(rows)
            except Exception as reason:  # noqa: BLE001 - of a batch of another size, which is traced for itself
                self._give_up(reason)
            else:
                self._ahead = True
                compiled = self.model._need_compiled("fit")
                compiled.mean.update(plans.run(step), step.n)
                return compiled.logs
        return self.model.train_step(packed(*self.data.rows(rows)))

    def source(self, n: int) -> str:
        """The source of the step for `n` samples, if it was compiled, else ""."""
        step = None if self.plans is None else self.plans.steps.get(n)
        return "" if step is None else step.plan.source

    def _give_up(self, reason: Any) -> None:
        self.look_up()
        self.plans = None
        self.model._stay_eager("fit", reason)


def executions(rows: Iterable[Any], count: int) -> Iterator[tuple[int, list[Any]]]:
    """Batches in groups of `count`, each with the number of its first: callbacks are called once a group.

    >>> list(executions("abcde", 2))
    [(0, ['a', 'b']), (2, ['c', 'd']), (4, ['e'])]
    """
    left = iter(rows)
    first = 0
    while group := list(islice(left, count)):
        yield first, group
        first += len(group)


def source_of(model: Any) -> str:
    """The source of a training step for 32 samples of the model's input shape; nothing of the model changes.

    Raises: NotBuiltError where the shapes are unknown; TraceError where the step cannot be compiled.
    """
    inputs, shapes, output = _shapes(model)
    x = [np.zeros((BATCH, *shape), dtype) for shape, dtype in zip(shapes, inputs, strict=True)]
    targets = [np.zeros((BATCH, *output), x[0].dtype), np.zeros(BATCH, np.int64)]  # numbers like the outputs, or labels
    kept = [(one, dict(vars(one))) for one in (model.optimizer, model._compiled)]
    refusals = []
    for y in targets:
        try:
            return PlannedSteps(model, Data(x[0] if len(x) == 1 else x, y, None, BATCH)).step(BATCH).plan.source
        except AutotensorError as refusal:
            refusals.append(refusal)
        finally:
            for one, before in kept:
                vars(one).clear()
                vars(one).update(before)
    raise TraceError(
        f"the training step of {model.name} cannot be compiled: {str(refusals[0]).rstrip('.')}. Call fit, which says more."
    )


def _shapes(model: Any) -> tuple[list[Any], list[tuple[int, ...]], tuple[int, ...]]:
    """dtypes and shapes of a sample's inputs, and the shape of its output."""
    _, dtypes = model._inputs()
    given = model.input_shape if isinstance(model.input_shape, list) else [model.input_shape]
    shapes = [tuple(shape[1:]) for shape in (*given, model.output_shape)]
    if any(n is None for shape in shapes for n in shape):
        raise NotBuiltError(f"{model.name} has sizes that only data can tell, {shapes}: call fit, then read train_step_source.")
    return dtypes, shapes[:-1], shapes[-1]
