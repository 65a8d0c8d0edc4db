"""The engine page: its blocks make a miniature whose gradients are autotensor's."""

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotensor as at

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "docs" / "engine.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
ENGINE = 1 + next(i for i, block in enumerate(BLOCKS) if "def sweep(" in block)  # how many blocks make the engine
RNG = np.random.default_rng(7)
A, B, ROW, COLUMN = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=3), RNG.normal(size=(4, 1))


@pytest.fixture(scope="module")
def miniature() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in BLOCKS[:ENGINE]:
        exec(block, names)
    return names


def test_every_block_of_the_engine_names_the_files_that_it_became() -> None:
    for block in BLOCKS[:ENGINE]:
        last = block.rstrip().split("# became ")[-1]
        files = re.findall(r"[\w/]+\.py", last)
        assert files, block
        assert [file for file in files if not (ROOT / file).is_file()] == []


def test_the_engine_has_about_a_hundred_lines() -> None:
    lines = [line for block in BLOCKS[:ENGINE] for line in block.split("\n")]
    assert 90 <= len([line for line in lines if line.strip() and not line.lstrip().startswith("#")]) <= 120


PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a product": (lambda x, y: (x * y).sum(), (A, A + 1)),
    "one leaf used three times": (lambda x: (x * x * x).sum(), (A,)),
    "a row added to a matrix": (lambda x, b: ((x + b).tanh() * x).sum(), (A, ROW)),
    "a column times a row": (lambda c, r: (c * r).tanh().sum(), (COLUMN, ROW)),
    "a number times a matrix": (lambda s, x: (s * x).tanh().sum(), (np.array(0.5), A)),
    "a matrix product": (lambda x, w: ((x @ w).tanh() * (x @ w)).sum(), (A, B)),
    "differences from both sides": (lambda x: ((1.0 - x) * (x - 2.0)).sum(), (A,)),
    "a network": (lambda x, w, b: ((x + b).tanh() @ w).tanh().sum(), (A, B, ROW)),
}


def leaves_of(make: Any, arrays: tuple[Any, ...]) -> list[Any]:
    return [make(x, requires_grad=True) for x in arrays]


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_are_those_of_autotensor(name: str, miniature: dict[str, Any]) -> None:
    program, arrays = PROGRAMS[name]
    mine, theirs = leaves_of(miniature["tensor"], arrays), leaves_of(at.tensor, arrays)
    y, expected = program(*mine), program(*theirs)
    y.backward()
    expected.backward()
    np.testing.assert_allclose(y.data, expected.data, rtol=1e-14)
    for x, other in zip(mine, theirs, strict=True):
        assert x.grad.shape == x.shape
        np.testing.assert_allclose(x.grad.data, other.grad.data, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_derivatives_are_those_of_autotensor(name: str, miniature: dict[str, Any]) -> None:
    program, arrays = PROGRAMS[name]
    mine, theirs = leaves_of(miniature["tensor"], arrays), leaves_of(at.tensor, arrays)
    program(*mine).backward(create_graph=True)
    program(*theirs).backward(create_graph=True)
    first, other_first = mine[0].grad, theirs[0].grad
    for x in mine:
        x.node.grad = None
    for x in theirs:
        x.grad = None
    (first * first).sum().backward()
    (other_first * other_first).sum().backward()
    for x, other in zip(mine, theirs, strict=True):
        assert (x.grad is None) == (other.grad is None)
        if x.grad is not None:
            np.testing.assert_allclose(x.grad.data, other.grad.data, rtol=1e-12, atol=1e-14)


def test_a_long_chain_does_not_recurse(miniature: dict[str, Any]) -> None:
    x = y = miniature["tensor"](1.0, requires_grad=True)
    for _ in range(20_000):
        y = y + 0.0
    y.backward()
    assert float(x.grad.data) == 1.0


def test_the_training_on_the_page_is_that_of_autotensor(miniature: dict[str, Any]) -> None:
    names = dict(miniature)
    with contextlib.redirect_stdout(io.StringIO()):
        for block in BLOCKS[ENGINE:]:
            exec(block, names)
    (loss, mine), (expected, theirs) = (names["loss_of"](make, names["weights"]) for make in (names["tensor"], at.tensor))
    loss.backward()
    expected.backward()
    assert loss.data < 0.2
    np.testing.assert_allclose(loss.data, expected.data, rtol=1e-13)
    for x, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(x.grad.data, other.grad.data, rtol=1e-11, atol=1e-15)
