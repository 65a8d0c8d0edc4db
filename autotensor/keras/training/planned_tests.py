"""An evaluation as plans: loss and metrics of a batch, with nothing learned."""

from __future__ import annotations

import numpy as np

from autotensor.core.recording import no_grad
from autotensor.core.spec import Array
from autotensor.keras.training.planned import Planned, Step, batch_spec
from autotensor.plan.graph import Value
from autotensor.plan.plan import Plan
from autotensor.plan.trace import TraceError
from autotensor.plan.tracer import Traced


class PlannedTests(Planned):
    """Steps of an evaluation: loss and metrics, nothing changes."""

    training = False

    def traced(self, n: int) -> Step:
        given: dict[Value, Array] = {}
        with self._tracing() as tracer, no_grad():
            bound = [
                tracer.input(batch_spec(a, n), "bound", name=name) for a, name in zip(self.sources, self._names(), strict=True)
            ]
            given |= {v: np.zeros(v.shape, v.dtype) for v in bound}
            inputs = [Traced(v) for v in bound]
            loss, y_pred = self._loss(inputs)
            outputs, measures = self._measures(inputs, loss, y_pred)
        tracer.settle()
        if tracer.assigned:
            raise TraceError("a call in inference changes buffers.")
        plan = Plan(tracer.graph(outputs, {}), "test_step", [y.shape == () for y in outputs], given)
        tensors = [v.source for v in plan.arguments]  # those that the results depend on
        run = plan.instance()
        return Step(lambda: run(*[t.data for t in tensors]), plan, [given[v] for v in bound], measures, n)

    def run(self, step: Step) -> float:
        """One step on the batch in `step.inputs`: metrics take it in; returns the loss."""
        loss, *rest = step.run()
        for measure, value in zip(step.measures, rest, strict=True):
            measure(value, step.inputs)
        return loss
