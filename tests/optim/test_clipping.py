"""Clipping by value, by each norm and by the common norm."""

import math

import numpy as np
import pytest

from autotensor.core.namespace import plain, recorded
from autotensor.core.tensor import Tensor
from autotensor.optim.clipping import clip_by_global_norm, clip_by_norm, clip_by_value, global_norm

CLIPS = (clip_by_value, clip_by_norm, clip_by_global_norm)
GRADIENTS = [np.float32([[3.0, -4.0], [0.0, 0.0]]), np.float32([0.3, 0.0]), np.float32(-2.0)]


@pytest.mark.parametrize("clip", CLIPS)
def test_clipping_gives_the_same_on_recorded_tensors_as_on_arrays(clip):
    arrays = clip(plain, GRADIENTS, 1.5)
    tensors = clip(recorded, [Tensor(g) for g in GRADIENTS], 1.5)
    assert all(np.array_equal(a, t.numpy()) for a, t in zip(arrays, tensors, strict=True))


@pytest.mark.parametrize("clip", CLIPS)
def test_clipping_keeps_shapes_and_dtypes_and_writes_into_nothing(clip):
    before = [g.copy() for g in GRADIENTS]
    mixed = [GRADIENTS[0], np.array([1.0, 2.0])]
    assert [(g.shape, g.dtype) for g in clip(plain, mixed, 0.5)] == [((2, 2), "float32"), ((2,), "float64")]
    assert [g.shape for g in clip(plain, GRADIENTS, 0.5)] == [(2, 2), (2,), ()]
    assert all(np.array_equal(a, b) for a, b in zip(GRADIENTS, before, strict=True))


@pytest.mark.parametrize("clip", CLIPS)
def test_small_gradients_and_zeros_pass_unchanged(clip):
    gradients = [np.float32([0.1, -0.2]), np.zeros(3, np.float32)]
    assert all(np.array_equal(a, b) for a, b in zip(clip(plain, gradients, 1.0), gradients, strict=True))


@pytest.mark.parametrize("clip", CLIPS)
def test_no_gradients_are_no_error(clip):
    assert clip(plain, [], 1.0) == []


def test_clip_by_norm_bounds_each_gradient_alone():
    norms = [float(np.linalg.norm(g)) for g in clip_by_norm(plain, GRADIENTS, 1.0)]
    np.testing.assert_allclose(norms, [1.0, 0.3, 1.0], rtol=1e-6)


def test_clip_by_global_norm_scales_all_by_one_factor():
    norm = math.sqrt(25 + 0.09 + 4)
    np.testing.assert_allclose(global_norm(plain, GRADIENTS), norm, rtol=1e-6)
    for clipped, g in zip(clip_by_global_norm(plain, GRADIENTS, 1.0), GRADIENTS, strict=True):
        np.testing.assert_allclose(clipped, g / norm, rtol=1e-6)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_clip_by_global_norm_does_not_hide_what_is_not_finite(bad):
    clipped = clip_by_global_norm(plain, [np.array([1.0, bad]), np.array([2.0])], 1.0)
    assert all(np.isnan(g).all() for g in clipped)
