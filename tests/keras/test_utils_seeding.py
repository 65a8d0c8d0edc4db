"""set_random_seed, clear_session and normalize."""

import gc
import random
import weakref

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.keras.names import unique_name
from autotensor.keras.utils import clear_session, normalize, set_random_seed


@pytest.fixture(autouse=True)
def streams_are_put_back():
    python, ours = random.getstate(), at.random.default.state
    numpy = np.random.get_state()  # noqa: NPY002  # the global stream is what is tested
    yield
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002
    at.random.default.state = ours


def draws():
    return random.random(), np.random.rand(), at.random.normal(()).item()  # noqa: NPY002


def test_a_seed_repeats_all_three_streams():
    set_random_seed(5)
    first = draws()
    second = draws()
    set_random_seed(np.int64(5))
    assert draws() == first
    assert draws() == second
    set_random_seed(6)
    assert not any(a == b for a, b in zip(draws(), first, strict=True))


def test_the_streams_of_python_and_numpy_are_those_of_their_own_seeds():
    set_random_seed(11)
    assert random.random() == random.Random(11).random()
    assert np.random.rand() == np.random.RandomState(11).rand()  # noqa: NPY002


@pytest.mark.parametrize("seed", [1.0, None, "1"])
def test_a_seed_that_is_no_integer_is_refused(seed):
    with pytest.raises(DTypeError, match="expects an int, got"):
        set_random_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_outside_the_range_of_numpy_is_refused_before_anything_is_seeded(seed):
    before = random.getstate()
    with pytest.raises(ArgumentError, match="0 to 2\\*\\*32 - 1, got"):
        set_random_seed(seed)
    assert random.getstate() == before


def test_clear_session_counts_names_from_the_start():
    clear_session()
    assert [unique_name("probe") for _ in range(2)] == ["probe", "probe_1"]
    clear_session()
    assert unique_name("probe") == "probe"
    clear_session(free_memory=False)


def test_clear_session_frees_what_nobody_holds():
    class Knot:
        pass

    gc.disable()
    try:
        knot = Knot()
        knot.self = knot
        gone = weakref.ref(knot)
        del knot
        clear_session(free_memory=False)
        assert gone() is not None
        clear_session()
        assert gone() is None
    finally:
        gc.enable()


def test_normalize_gives_the_values_of_keras():
    assert np.allclose(normalize(np.array([[3.0, 4.0], [0, 0]])), [[0.6, 0.8], [0, 0]])
    assert np.allclose(normalize(np.array([[3, 4], [1, 1]]), order=1), [[0.42857143, 0.57142857], [0.5, 0.5]])
    along = normalize(np.arange(12.0).reshape(2, 3, 2), axis=1)
    assert np.allclose(along[1], [[0.42426407, 0.44183608], [0.56568542, 0.56807496], [0.70710678, 0.69431384]])
    assert normalize(np.array([3.0, 4.0], "float32")).dtype == np.float32


def test_normalize_takes_the_first_axis_where_keras_does_not():
    assert np.allclose(np.linalg.norm(normalize(np.ones((2, 3)), axis=0), axis=0), 1)


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
def test_normalize_agrees_on_tensors_and_arrays(order):
    x = np.array([[3.0, -4.0, 1.0], [0.5, 0.25, 2.0]])
    assert np.allclose(normalize(at.Tensor(x), order=order).numpy(), normalize(x, order=order))


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
def test_gradients_flow_through_normalize_and_are_finite_at_zero(order):
    x = at.Tensor(np.array([[3.0, 4.0], [0.0, 0.0]])).requires_grad_()
    normalize(x, order=order)[0, 0].backward()
    assert np.isfinite(x.grad.numpy()).all()
    assert x.grad.numpy()[0].any()
