"""Initial values: their laws, seeds, shapes and the forms in which they are named."""

import math

import numpy as np
import pytest

from autotensor import keras
from autotensor.core.errors import AutotensorError
from autotensor.keras import initializers

RANDOM = {  # name: (standard deviation for fans 60 and 40, bound)
    "random_normal": (0.05, math.inf),
    "random_uniform": (0.05 / math.sqrt(3), 0.05),
    "truncated_normal": (0.05 * initializers.TRUNCATION, 0.1),
    "glorot_uniform": (math.sqrt(1 / 50), math.sqrt(3 / 50)),
    "glorot_normal": (math.sqrt(1 / 50), 2 * math.sqrt(1 / 50) / initializers.TRUNCATION),
    "he_uniform": (math.sqrt(2 / 60), math.sqrt(6 / 60)),
    "he_normal": (math.sqrt(2 / 60), 2 * math.sqrt(2 / 60) / initializers.TRUNCATION),
    "lecun_uniform": (math.sqrt(1 / 60), math.sqrt(3 / 60)),
    "lecun_normal": (math.sqrt(1 / 60), 2 * math.sqrt(1 / 60) / initializers.TRUNCATION),
    "variance_scaling": (math.sqrt(1 / 60), 2 * math.sqrt(1 / 60) / initializers.TRUNCATION),
    "orthogonal": (math.sqrt(1 / 60), 1.0),
}


@pytest.mark.parametrize("name", RANDOM)
def test_a_random_initializer_has_its_mean_deviation_and_bound(name):
    deviation, bound = RANDOM[name]
    keras.utils.set_random_seed(2)
    values = initializers.get(name)((60, 40))
    assert values.dtype == np.float32
    assert abs(values.mean()) < 4 * deviation / math.sqrt(values.size)
    assert values.std() == pytest.approx(deviation, rel=0.05)
    assert np.abs(values).max() <= bound * (1 + 1e-6)


def test_the_fans_of_a_convolution_count_its_receptive_field():
    keras.utils.set_random_seed(2)
    values = initializers.HeUniform()((3, 3, 10, 20))
    assert np.abs(values).max() == pytest.approx(math.sqrt(6 / 90), rel=0.01)
    assert initializers.fans((7,)) == (7, 7)
    assert initializers.fans(()) == (1, 1)


@pytest.mark.parametrize(("shape", "rows"), [((6, 4), False), ((4, 6), True), ((2, 3, 4), False)])
def test_orthogonal_values_are_orthonormal_along_the_shorter_side(shape, rows):
    values = initializers.Orthogonal(gain=2.0)(shape).reshape(-1, shape[-1])
    gram = values @ values.T if rows else values.T @ values
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


FIXED = {
    "zeros": (initializers.Zeros(), np.zeros((2, 2))),
    "ones": (initializers.Ones(), np.ones((2, 2))),
    "constant": (initializers.Constant(3.0), np.full((2, 2), 3.0)),
    "identity": (initializers.Identity(2.0), 2 * np.eye(2)),
    "an array": (initializers.get(np.arange(4.0).reshape(2, 2)), np.arange(4.0).reshape(2, 2)),
}


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("dtype", [None, "float64"])
def test_a_fixed_initializer_gives_its_values(name, dtype):
    made, wanted = FIXED[name]
    values = made((2, 2), dtype)
    assert np.array_equal(values, wanted)
    assert values.dtype == (dtype or "float32")


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_repeats_and_no_seed_follows_the_global_one(name):
    seeded = initializers.deserialize({"class_name": type(initializers.get(name)).__name__, "config": {"seed": 7}})
    assert np.array_equal(seeded((3, 4)), seeded((3, 4)))
    free = initializers.get(name)
    keras.utils.set_random_seed(5)
    first, second = free((3, 4)), free((3, 4))
    assert not np.array_equal(first, second)
    keras.utils.set_random_seed(5)
    assert np.array_equal(free((3, 4)), first)


def test_every_form_of_naming_means_the_same():
    for form in (
        "he_normal",
        "HeNormal",
        initializers.HeNormal,
        initializers.HeNormal(),
        {"class_name": "HeNormal", "config": {}},
    ):
        assert isinstance(initializers.get(form), initializers.HeNormal)
    for alias, kind in {"zero": "Zeros", "one": "Ones", "normal": "RandomNormal", "uniform": "RandomUniform"}.items():
        assert type(initializers.get(alias)).__name__ == kind
    double = initializers.get(lambda shape, dtype=None: np.full(shape, 2.0, dtype))
    layer = keras.layers.Dense(2, kernel_initializer=double)
    layer.build_for((None, 3))
    assert layer.kernel.tolist() == [[2.0, 2.0]] * 3


WRONG = {
    "a matrix where there is a vector": lambda: initializers.Identity()((3,)),
    "an orthogonal vector": lambda: initializers.Orthogonal()((3,)),
    "an array of another shape": lambda: initializers.get(np.ones(3))((2,)),
    "no scale": lambda: initializers.VarianceScaling(scale=0),
    "an unknown mode": lambda: initializers.VarianceScaling(mode="fan"),
    "an unknown distribution": lambda: initializers.VarianceScaling(distribution="cauchy"),
    "a number": lambda: initializers.get(3),
    "None": lambda: initializers.get(None),
    "a misspelt config": lambda: initializers.get({"class_name": "HeNormall", "config": {}}),
    "a dict without a class": lambda: initializers.get({"config": {}}),
    "one that makes another shape": lambda: keras.layers.Dense(2, kernel_initializer=lambda s, d: np.ones(3))(np.ones((1, 2))),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_initialise_is_refused(case):
    with pytest.raises(AutotensorError):
        WRONG[case]()
