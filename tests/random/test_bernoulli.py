"""Bernoulli numbers: the probability is exact, from bytes that decide and, where they cannot, the rest of the number."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError
from autotensor.random import Generator


def told(digits: Any, rest: float | None) -> Generator:
    """A generator whose stream gives these bytes, and one number where they do not decide; None: no number may be asked for."""

    def random_raw(size: int) -> Any:
        words = np.zeros(8 * size, np.uint8)
        words[: len(digits)] = digits
        return words.view("<u8").astype(np.uint64)

    def random(size: int) -> Any:
        assert rest is not None
        return np.full(size, rest)

    found = Generator()
    found.__dict__["_numpy"] = SimpleNamespace(bit_generator=SimpleNamespace(random_raw=random_raw), random=random)
    return found


def test_a_byte_decides_unless_it_is_the_first_digit_of_p() -> None:
    digits = [0, 24, 25, 26, 255]  # 256 * 0.1 = 25.6
    assert told(digits, 0.59).bernoulli((5,), 0.1).tolist() == [True, True, True, False, False]
    assert told(digits, 0.61).bernoulli((5,), 0.1).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("p", [0.0, 2**-12, 0.25, 0.5 - 2**-12, 0.5, 0.5 + 2**-12, 0.8125, 1 - 2**-8, 1 - 2**-12, 1.0])
def test_the_probability_is_exact(p: float) -> None:
    digits = np.arange(256)
    each = [told(digits, i / 16).bernoulli((16, 16), p).sum() for i in range(16)]
    assert sum(each) == p * 4096  # of all numbers with three digits to base 16, as many are below p


@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 255 / 256])
def test_one_byte_is_enough_where_256_p_is_whole(p: float) -> None:
    assert told(np.arange(256), None).bernoulli((256,), p).sum() == 256 * p


@pytest.mark.parametrize("p", [1e-3, 0.1, 1 / 3, 0.5, 0.8, 0.999])
def test_shares_and_neighbours_are_those_of_independent_numbers(p: float) -> None:
    n = 400_000
    found = Generator(11).bernoulli((n,), p)
    for lag in (1, 8, 64):
        both = found[lag:] & found[:-lag]
        assert abs(both.mean() - p * p) < 5 * np.sqrt(3 * p * p * (1 - p) / n) + 1e-5
    assert abs(found.mean() - p) < 5 * np.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ArgumentError, match=r"a probability is a number between 0 and 1, got (-0.1|1.5|nan)"):
        at.random.bernoulli((3,), p)
