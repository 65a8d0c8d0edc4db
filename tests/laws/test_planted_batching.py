"""Wrong batching rules, each caught by the law of vmap; none of them stays in the registry."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from autotensor.core.namespace import Namespace
from autotensor.core.primitive import Elementwise, Primitive, registry
from autotensor.ops.comparison import Where
from autotensor.ops.indexing import Getitem, Pick, Scatter
from autotensor.ops.joining import Concatenate
from autotensor.ops.products import Linear, Matmul
from autotensor.ops.reduction import Argmax, Max, Sum
from autotensor.ops.shaping import Expand, Permute, Reshape
from autotensor.ops.sorting import Searchsorted
from autotensor.testing import laws
from autotensor.testing.strategies import cases

pytestmark = pytest.mark.usefixtures("own_registry")
Operands, Batched, Settings = Sequence[Any], Sequence[bool], dict[str, Any]


def breaks(primitive: Primitive) -> bool:
    """Whether the law finds a counterexample within a few examples."""

    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def search(data: st.DataObject) -> None:
        laws.vmap_is_the_stack(primitive, *data.draw(cases(primitive)))

    try:
        search()
    except laws.LawError:
        return True
    return False


class RanksNotAligned(Elementwise):
    # (3, 2) with examples of shape (2,) meets (2,): the batch axis lines up with an axis of the other operand
    numpy = np.multiply
    partials = (lambda ns, y, a, b: b, lambda ns, y, a, b: a)

    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        return ns.multiply(*operands)


class OverTheBatch(Sum):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        return ns.sum(operands[0], **settings)


class KeptAlways(Max):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        return ns.max(operands[0], axis=tuple(i + 1 for i in settings["axis"]), keepdims=True)


class FlattenedWithTheBatch(Argmax):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        axis = settings["axis"]
        return registry["argmax"](operands[0], axis=None if axis is None else axis + 1, keepdims=settings["keepdims"])


class FirstExampleOnly(Permute):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        x = operands[0]
        one = ns.permute(ns.getitem(x, index=(0,)), **settings)
        return ns.expand(one, shape=(x.shape[0], *one.shape))


class BatchLast(Reshape):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        x = operands[0]
        return ns.reshape(x, shape=(*settings["shape"], x.shape[0]))


class NewAxisInFront(Expand):
    # without ones after the batch axis (3, 2) to (2, 3, 2) puts the examples in the wrong place
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        x, shape = operands[0], settings["shape"]
        return ns.expand(
            ns.reshape(x, shape=(x.shape[0], *x.shape[1:], *(1,) * (len(shape) + 1 - len(x.shape)))), shape=(x.shape[0], *shape)
        )


class AlongTheBatch(Concatenate):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        return ns.concatenate(*operands, **settings)


class ArraysApart(Getitem):
    # arrays with a slice between: NumPy puts their axes first, before the batch axis
    examples = ((((2, 3, 2),), {"index": (np.array([0, 1]), slice(None), np.array([1, 0]))}),)

    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        return ns.getitem(operands[0], index=(slice(None), *settings["index"]))


class LastWriterWins(Scatter):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        y = np.zeros((operands[0].shape[0], *settings["shape"]))
        y[(slice(None), *settings["index"])] = getattr(operands[0], "data", operands[0])
        return y if isinstance(operands[0], np.ndarray) else type(operands[0])(y)


class LabelsShared(Pick):
    rowwise = False

    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        x, label = operands
        if batched[1]:
            label = ns.expand(ns.getitem(label, index=(0,)), shape=tuple(label.shape))
        return super().batch(ns, (x, label), batched, settings)


class ConditionShared(Where):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        condition, a, b = operands
        if batched[0]:
            condition = ns.expand(ns.getitem(condition, index=(slice(1), ...)), shape=tuple(condition.shape))
        return super().batch(ns, (condition, a, b), batched, settings)


class TransposedForAll(Matmul):
    examples = ((((2, 2), (2, 2)), {}),)

    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        a, b = operands
        return ns.matmul(a, ns.permute(b, axes=(*range(len(b.shape) - 2), len(b.shape) - 1, len(b.shape) - 2)))


class WeightsOfTheFirst(Linear):
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        x, w = operands
        if batched[1]:
            w = ns.expand(ns.getitem(w, index=(slice(1), ...)), shape=tuple(w.shape))
        return super().batch(ns, (x, w), batched, settings)


class Detached(Elementwise):
    # right values, but what encloses the vmap receives nothing
    numpy = np.exp
    partials = (lambda ns, y, x: y,)

    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        return ns.exp(ns.stop(operands[0]))


class SaidToBeRowwise(Searchsorted):
    rowwise = True


PLANTED = (
    RanksNotAligned,
    OverTheBatch,
    KeptAlways,
    FlattenedWithTheBatch,
    FirstExampleOnly,
    BatchLast,
    NewAxisInFront,
    AlongTheBatch,
    ArraysApart,
    LastWriterWins,
    LabelsShared,
    ConditionShared,
    TransposedForAll,
    WeightsOfTheFirst,
    Detached,
    SaidToBeRowwise,
)


@pytest.mark.parametrize("planted", PLANTED)
def test_a_wrong_batching_rule_is_caught(planted: type[Primitive]) -> None:
    assert breaks(planted())


class NoRule(Sum):
    # a primitive that states no rule is computed example by example
    def batch(self, ns: Namespace, operands: Operands, batched: Batched, settings: Settings) -> Any:
        return Primitive.batch(self, ns, operands, batched, settings)


@pytest.mark.parametrize("right", [NoRule, Getitem, Scatter, Matmul, Where, Concatenate, Argmax, Searchsorted])
def test_the_search_finds_nothing_wrong_with_right_rules(right: type[Primitive]) -> None:
    assert not breaks(right())
