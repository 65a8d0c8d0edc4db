"""Random numbers: one seed, one stream; the state saved and restored; ranges and moments."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, DTypeError
from autotensor.random import Generator

DRAWS: dict[str, Callable[[Generator], Any]] = {
    "uniform": lambda g: g.uniform((3, 2)),
    "normal": lambda g: g.normal((3, 2)),
    "bernoulli": lambda g: g.bernoulli((5, 7), 0.3),
    "truncated_normal": lambda g: g.truncated_normal((3, 2)),
    "integers": lambda g: g.integers(0, 1000, (5,)),
    "permutation": lambda g: g.permutation(10),
}


@pytest.fixture(autouse=True)
def own_stream() -> Any:
    before = at.random.default.state
    yield
    at.random.default.state = before


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_seed_gives_the_same_stream(name: str) -> None:
    draw = DRAWS[name]
    one, other = Generator(7), Generator(7)
    for _ in range(3):
        np.testing.assert_array_equal(draw(one), draw(other))
    assert not np.array_equal(draw(Generator(7)), draw(Generator(8)))


@pytest.mark.parametrize("name", DRAWS)
def test_the_state_survives_json_and_continues_the_stream(name: str) -> None:
    draw, generator = DRAWS[name], Generator(3)
    draw(generator)
    state = json.loads(json.dumps(generator.state))
    expected = [draw(generator) for _ in range(2)]
    generator.state = state
    for one in expected:
        np.testing.assert_array_equal(draw(generator), one)


def test_a_saved_state_does_not_move_on_with_the_generator() -> None:
    generator = Generator(3)
    state = generator.state
    generator.uniform((10,))
    assert state != generator.state
    assert state == Generator(3).state


def test_seeding_the_project_repeats_everything_it_draws() -> None:
    def everything() -> list[Any]:
        at.random.seed(5)
        r = at.random
        numbers = [r.uniform((2,)), r.normal((2,)), r.integers(0, 99, (3,)), r.permutation(5), r.bernoulli((9,))]
        return [x.tolist() for x in numbers]

    assert everything() == everything()


def test_without_a_seed_streams_differ() -> None:
    assert not np.array_equal(Generator().uniform((8,)), Generator().uniform((8,)))
    generator = Generator(1)
    generator.seed(None)
    assert not np.array_equal(generator.uniform((8,)), Generator(1).uniform((8,)))


@pytest.mark.parametrize(
    ("seed", "kind", "text"),
    [
        (-1, ArgumentError, "a seed is an int >= 0 or None, got -1"),
        (1.5, DTypeError, "a seed is an int >= 0 or None, got 1.5"),
        ("x", DTypeError, "a seed is an int"),
    ],
)
def test_wrong_seeds_are_refused(seed: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        at.random.seed(seed)
    with pytest.raises(kind, match=text):
        Generator(seed)


@pytest.mark.parametrize("state", [{}, {"bit_generator": "MT19937"}, 3])
def test_a_foreign_state_is_refused(state: Any) -> None:
    with pytest.raises(ArgumentError, match="not the state of such a generator"):
        Generator(0).state = state


def test_numbers_are_in_their_ranges() -> None:
    g = Generator(0)
    u = g.uniform((10_000,), -2.0, 3.0)
    assert (u.min() >= -2, u.max() < 3) == (True, True)
    assert abs(u.mean() - 0.5) < 0.1
    n = g.normal((10_000,), 4.0, 0.5)
    assert abs(n.mean() - 4.0) < 0.05
    assert abs(n.std() - 0.5) < 0.05
    assert np.abs(g.truncated_normal((10_000,), std=0.1)).max() <= 0.2
    i = g.integers(2, 5, (1000,))
    assert set(i.tolist()) == {2, 3, 4}
    assert sorted(g.permutation(6).tolist()) == list(range(6))


@pytest.mark.parametrize("draw", [at.random.uniform, at.random.normal])
def test_dtypes_are_float32_unless_another_floating_one_is_named(draw: Any) -> None:
    assert draw((2,)).dtype == np.float32
    for dtype in ("float16", "float64"):
        assert draw((2,), dtype=dtype).dtype == dtype
    with pytest.raises(DTypeError, match="have a floating dtype, got int64"):
        draw((2,), dtype="int64")


def test_random_tensors_are_constants() -> None:
    r = at.random
    for x in (r.uniform((2,)), r.normal(3), r.integers(0, 2), r.permutation(3), r.bernoulli(3)):
        assert isinstance(x, at.Tensor)
        assert not x.requires_grad


INTO: dict[str, Callable[[Generator, Any], Any]] = {
    "uniform": lambda g, out: g.uniform((3, 5), -1.0, 3.0, out=out),
    "uniform, float64": lambda g, out: g.uniform((3, 5), dtype="float64", out=out),
    "uniform, float16": lambda g, out: g.uniform((3, 5), 2.0, 4.0, dtype="float16", out=out),
    "uniform, no axes": lambda g, out: g.uniform((), out=out),
    "normal": lambda g, out: g.normal((4,), 3.0, 0.5, out=out),
    "bernoulli": lambda g, out: g.bernoulli((3, 7), 0.3, out),
    "bernoulli, no axes": lambda g, out: g.bernoulli((), 0.3, out),
    "bernoulli of nothing": lambda g, out: g.bernoulli((0, 3), 0.3, out),
    "integers": lambda g, out: g.integers(0, 1000, (5,), out),
    "permutation": lambda g, out: g.permutation(10, out),
    "permutations": lambda g, out: g.permutations((2, 3), 4, out),
}


@pytest.mark.parametrize("name", INTO)
def test_numbers_drawn_into_an_array_are_those_of_a_new_one(name: str) -> None:
    draw, one, other = INTO[name], Generator(7), Generator(7)
    new = draw(one, None)
    place = np.ones_like(new)
    found = draw(other, place)
    assert found is place
    assert (found.dtype, found.shape) == (new.dtype, new.shape)
    np.testing.assert_array_equal(found, new)
    assert one.state == other.state
