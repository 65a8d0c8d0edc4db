"""The laws with complex operands, alone and beside real ones, for every primitive that takes them; the others say so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autotensor as at
from autotensor.core.errors import DTypeError
from autotensor.core.primitive import MATRICES, registry
from autotensor.testing import laws
from autotensor.testing.strategies import COMPLEX, cases

REFUSE = {
    # no such function of complex numbers
    "atan2",
    "bessel_i",
    "bessel_j",
    "ceil",
    "complex",
    "copysign",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "floor",
    "floor_divide",
    "heaviside",
    "hypot",
    "lgamma",
    "log_ndtr",
    "logaddexp",
    "ndtri",
    "nextafter",
    "polygamma",
    "remainder",
    "rfft",
    "rms_norm",
    "signbit",
    "softplus",
    "trunc",
}
MAYBE = {"float", "complex", *MATRICES}  # bits and labels are never complex; "full" has no operands
TAKE = sorted(name for name in set(registry) - REFUSE - {"full"} if not registry[name].kinds or MAYBE & {*registry[name].kinds})
takes_complex = pytest.mark.parametrize("name", TAKE)


@pytest.mark.parametrize("name", sorted(REFUSE))
@settings(max_examples=5)
@given(data=st.data())
def test_a_primitive_that_has_no_complex_form_says_so(name: str, data: st.DataObject) -> None:
    operands, chosen = data.draw(cases(registry[name], ("complex128",)))
    with pytest.raises(DTypeError, match=f"{name} does not take dtypes .*complex128"):
        registry[name](*operands, **chosen)


@takes_complex
@given(data=st.data())
def test_the_shape_rule_equals_reality(name: str, data: st.DataObject) -> None:
    laws.shape_rule(registry[name], *data.draw(cases(registry[name], (*COMPLEX, "complex64", "float32"))))


@takes_complex
@given(data=st.data())
def test_the_jvp_equals_the_numeric_derivative(name: str, data: st.DataObject) -> None:
    laws.jvp_is_the_derivative(registry[name], *data.draw(cases(registry[name], COMPLEX)))


@takes_complex
@given(data=st.data())
def test_the_vjp_is_the_adjoint_of_the_jvp(name: str, data: st.DataObject) -> None:
    laws.vjp_is_the_adjoint(registry[name], *data.draw(cases(registry[name], COMPLEX)))


@takes_complex
@given(data=st.data())
def test_second_order_holds_by_the_same_rules(name: str, data: st.DataObject) -> None:
    laws.second_order(registry[name], *data.draw(cases(registry[name], COMPLEX)))


@takes_complex
@given(data=st.data())
def test_nothing_is_mutated_and_no_gradient_is_shared(name: str, data: st.DataObject) -> None:
    laws.nothing_is_shared(registry[name], *data.draw(cases(registry[name], (*COMPLEX, "complex64", "float32"))))


@takes_complex
@settings(max_examples=4)  # each example is every subset of operands, nested and differentiated
@given(data=st.data())
def test_vmap_equals_the_stack_over_examples(name: str, data: st.DataObject) -> None:
    laws.vmap_is_the_stack(registry[name], *data.draw(cases(registry[name], COMPLEX)))


def test_the_complex_cases_have_both_parts_and_meet_real_ones() -> None:
    drawn: set[tuple[str, ...]] = set()

    @settings(max_examples=50, database=None, derandomize=True)
    @given(data=st.data())
    def search(data: st.DataObject) -> None:
        operands, _ = data.draw(cases(registry["multiply"], COMPLEX))
        drawn.add(tuple(np.asarray(x).dtype.kind for x in operands))
        for x in operands:
            assert not np.iscomplexobj(x) or np.size(x) == 0 or np.any(np.imag(x) != 0) or np.size(x) < 3

    search()
    assert {("c", "c"), ("c", "f"), ("f", "c")} <= drawn
    assert at.ops  # importing it fills the registry
