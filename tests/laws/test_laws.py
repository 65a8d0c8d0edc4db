"""The laws of the design, for every primitive in the registry. Law 5 is in tests/plan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.primitive import registry
from autotensor.testing import laws
from autotensor.testing.strategies import MIXED, NUMBERS, cases

assert at.ops  # importing it fills the registry
every_primitive = pytest.mark.parametrize("name", sorted(registry))


@every_primitive
@given(data=st.data())
def test_the_shape_rule_equals_reality(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    laws.shape_rule(primitive, *data.draw(cases(primitive, NUMBERS)))


@every_primitive
@given(data=st.data())
def test_the_jvp_equals_the_numeric_derivative(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    laws.jvp_is_the_derivative(primitive, *data.draw(cases(primitive)))


@every_primitive
@given(data=st.data())
def test_the_vjp_is_the_adjoint_of_the_jvp(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    laws.vjp_is_the_adjoint(primitive, *data.draw(cases(primitive)))


@every_primitive
@given(data=st.data())
def test_second_order_holds_by_the_same_rules(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    laws.second_order(primitive, *data.draw(cases(primitive)))


@every_primitive
@given(data=st.data())
def test_nothing_is_mutated_and_no_gradient_is_shared(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    laws.nothing_is_shared(primitive, *data.draw(cases(primitive, MIXED)))


@every_primitive
@settings(max_examples=15)  # each example is every subset of operands, nested and differentiated
@given(data=st.data())
def test_vmap_equals_the_stack_over_examples(name: str, data: st.DataObject) -> None:
    primitive = registry[name]
    laws.vmap_is_the_stack(primitive, *data.draw(cases(primitive)))


def test_a_bessel_function_small_beside_its_neighbours_is_as_lawful() -> None:
    laws.jvp_is_the_derivative(registry["bessel_j"], (np.array(1 / 64),), {"order": 2})


@pytest.mark.parametrize("name", ["alike", "spread", "collect"])
def test_other_examples_of_values_that_are_apart_are_apart_too(name: str) -> None:
    values = np.array([[[0.265625, -1.71875]], [[-1.71875, -1.109375]]])  # one place on, they would meet an equal one
    shape = (2, 1, 2) if name == "spread" else (2, 2, 2)
    laws.vmap_is_the_stack(registry[name], (np.arange(1.0, 1 + np.prod(shape)).reshape(shape), values), {"case": "svd"})
