"""Reductions that pass over NaN agree with NumPy's, and NaN has no gradient."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autotensor as at

NUMBERS = st.sampled_from([-1.5, 0.0, 2.0, 7.0, np.nan])


@pytest.mark.parametrize("name", ["nansum", "nanmean", "nanmax", "nanmin"])
@given(data=st.data(), x=hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=4), elements=NUMBERS))
def test_reductions_pass_over_nan_as_numpys(name: str, data: st.DataObject, x: Any) -> None:
    axis = data.draw(st.none() | st.integers(0, x.ndim - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns where there is nothing but NaN
        expected = getattr(np, name)(x, axis=axis)
    leaf = at.tensor(x, requires_grad=True)
    y = getattr(at, name)(leaf, axis)
    np.testing.assert_allclose(y.data, expected, rtol=1e-15)
    y.sum().backward()
    assert leaf.grad is not None
    assert (leaf.grad.data[np.isnan(x)] == 0).all()


def test_numbers_are_put_in_the_place_of_what_is_none() -> None:
    x = at.tensor([np.nan, np.inf, -np.inf, 1.0])
    assert at.nan_to_num(x, nan=5.0, posinf=6.0, neginf=7.0).tolist() == [5.0, 6.0, 7.0, 1.0]
    assert at.nan_to_num(at.tensor([1])).tolist() == [1]
