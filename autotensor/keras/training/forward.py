"""The model's outputs in inference as plans, one for each shape of the inputs: what `predict` and a call on plain data run."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotensor.autodiff.trees import flatten
from autotensor.core.recording import no_grad
from autotensor.core.spec import Array, Spec
from autotensor.core.tensor import Tensor
from autotensor.keras.training.present import NOTED, Content, Present, settled
from autotensor.keras.training.stepper import Stepper
from autotensor.nn import changes
from autotensor.plan.plan import Plan
from autotensor.plan.trace import TraceError
from autotensor.plan.tracer import Traced, Tracer

LIMIT = 16  # shapes of inputs that are remembered for a model


class Forward:
    """Plans of one model's outputs, as the model was when `stamp` was taken."""

    def __init__(self, model: Any) -> None:
        self.stamp = changes.count()
        self._model = weakref.ref(model)
        self._plans: dict[Any, Signature | None] = {}
        self._content: Content | None = None  # after the first trace
        modules = list(model.modules())
        own = type(model).predict_step is not Stepper.predict_step
        # what looks on, or behaves as in training, runs eagerly
        self._eager = own or any(
            m.training or m._hooks or m._pre_hooks or getattr(m, "activity_regularizer", None) is not None for m in modules
        )

    def signature(self, arrays: Sequence[Array]) -> Signature | None:
        """The plan for these inputs, or None if the model cannot be compiled for them."""
        key = tuple([(a.shape, a.dtype) for a in arrays]) if len(arrays) > 1 else (arrays[0].shape, arrays[0].dtype)
        try:
            return self._plans[key]
        except KeyError:
            if len(self._plans) >= LIMIT:
                self._plans.clear()
            found: Signature | None = None
            with contextlib.suppress(Exception):  # what the user's code raises here it raises, or not, when it runs eagerly
                model = self._model()
                if model is not None and not self._eager and model.built:  # the first call of all makes weights
                    found, present = settled(Present(model), lambda: Signature(model, arrays))
                    self._content = Content(present.found.values(), apart=NOTED)
            self.stamp = changes.count()
            self._plans[key] = found
            return found

    def holds(self) -> bool:
        """Whether the model is still what was traced."""
        return self.stamp == changes.count() and (self._content is None or not self._content.changed())


class Signature:
    """The plan for inputs of one shape."""

    def __init__(self, model: Any, arrays: Sequence[Array]) -> None:
        tracer = Tracer()
        with tracer, no_grad():
            inputs = [Traced(tracer.input(Spec(a.shape, a.dtype), "argument", name="x")) for a in arrays]
            outputs, self.rebuild = flatten(model(inputs[0] if len(inputs) == 1 else inputs, training=False))
            values = [tracer.lift(y).value for y in outputs]
        tracer.settle()
        if tracer.assigned:
            raise TraceError("a call in inference changes buffers.")
        self.single = len(values) == 1
        self.plan = Plan(tracer.graph(values, {}), "predict", ordered=True)
        places = {y: i for i, y in enumerate(self.plan.graph.outputs)}
        self.copied = [i for i, y in enumerate(self.plan.graph.outputs) if places[y] != i]  # found to be one value: two arrays
        used = self.plan.arguments
        self.tensors = [v.source for v in used if v.kind == "captured"]
        self.specs = [(t.shape, t.dtype, True) for t in self.tensors]
        self.seen = [weakref.ref(t.data) if t.data.flags.c_contiguous else _nothing for t in self.tensors]  # held by nobody here
        self.idle = {i for i, x in enumerate(inputs) if x.value not in used}  # inputs that the outputs do not depend on

    def __call__(self, arrays: Sequence[Array]) -> Any:
        """The outputs, new arrays in the model's structure; None if a weight has another shape or order by now."""
        given = [t.data for t in self.tensors]
        for now, before, spec in zip(given, self.seen, self.specs, strict=True):
            if now is not before() and _spec(now) != spec:
                return None
        if self.idle:
            arrays = [a for i, a in enumerate(arrays) if i not in self.idle]
        outputs = self.plan(*arrays, *given)
        if self.single:
            return outputs[0]
        return self.rebuild([y.copy() if i in self.copied else y for i, y in enumerate(outputs)])


def _spec(array: Array) -> tuple[Any, ...]:
    """What the plan takes for granted of a weight: shape, dtype, and that its elements lie in order."""
    return array.shape, array.dtype, array.flags.c_contiguous


def _nothing() -> None:
    """In the place of a weak reference: it is no array."""


_known: weakref.WeakKeyDictionary[Any, Forward] = weakref.WeakKeyDictionary()


def outputs_of(model: Any, arrays: Sequence[Array]) -> Any:
    """The model's outputs for arrays, by a plan; None if there is none."""
    known = _known.get(model)
    if known is None or not known.holds():
        known = _known[model] = Forward(model)
    found = known.signature(arrays)
    if found is None:
        return None
    ordered = [a if a.flags.c_contiguous else np.ascontiguousarray(a) for a in arrays]
    return found(ordered)


def as_tensors(outputs: Any) -> Any:
    """The same structure with Tensors for arrays."""
    if type(outputs) is np.ndarray:
        return Tensor(outputs)
    leaves, rebuild = flatten(outputs)
    return rebuild([Tensor(y) for y in leaves])
