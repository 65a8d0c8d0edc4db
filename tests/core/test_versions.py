"""A graph is told what was written in place: a derivative that needs the old numbers is an error that names both operations."""

import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

import autotensor as at
from autotensor import Tensor
from autotensor.core.errors import InPlaceError
from autotensor.core.versions import writes


def leaf(*numbers: float) -> Tensor:
    return at.tensor(list(numbers), requires_grad=True)


def gradient_after(use: Callable[[Any, Any], Any], *, create_graph: bool = False) -> Any:
    """The gradient of `use(w, x)` with respect to w after x was written to."""
    w, x = leaf(3.0, 4.0), at.tensor([1.0, 2.0])
    y = use(w, x)
    x[0] = 5.0
    y.sum().backward(create_graph=create_graph)
    assert w.grad is not None
    return w.grad.tolist()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("use", "wanted"),
    [
        (lambda w, x: w + x, [1.0, 1.0]),
        (lambda w, x: x - w, [-1.0, -1.0]),
        (lambda w, x: at.concat([w, x]), [1.0, 1.0]),
        (lambda w, x: at.where(True, w, x), [1.0, 1.0]),
        (lambda w, x: w * at.tensor(x), [1.0, 2.0]),
    ],
)
def test_a_rule_that_does_not_need_the_numbers_is_not_disturbed(use: Any, wanted: Any, create_graph: bool) -> None:
    assert gradient_after(use, create_graph=create_graph) == wanted


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("use", "text"),
    [
        (lambda w, x: w * x, r"multiply still needs operand 2, of shape \(2,\), .* x\[index\] = v on a tensor of shape \(2,\)"),
        (lambda w, x: w[None] @ x[:, None], r"matmul still needs operand 2"),
        (lambda w, x: at.maximum(w, x.reshape(2)), r"maximum still needs operand 2"),
        (lambda w, x: at.checkpoint(lambda u: u * x)(w), r"a checkpoint computes again, and multiply would read other numbers"),
    ],
)
def test_a_rule_that_needs_what_was_overwritten_names_both(use: Any, text: str, create_graph: bool) -> None:
    with pytest.raises(InPlaceError, match=text):
        gradient_after(use, create_graph=create_graph)


def test_an_index_that_was_overwritten_is_noticed() -> None:
    w, i = leaf(1.0, 2.0), at.tensor([0])
    y = w[i]
    i += 1
    with pytest.raises(InPlaceError, match="getitem still needs its index"):
        y.sum().backward()


def test_a_leaf_updated_between_forward_and_backward_is_noticed() -> None:
    w = leaf(1.0, 2.0)
    y = (w * w).sum()
    with at.no_grad():
        w -= 1.0
    with pytest.raises(InPlaceError, match=r"multiply still needs operand 2, .* x -= v on a tensor"):
        y.backward()


def test_a_result_overwritten_by_way_of_detach_is_noticed() -> None:
    w = leaf(1.0, 2.0)
    y = at.exp(w)
    d = y.detach()
    d[0] = 0.0
    with pytest.raises(InPlaceError, match="exp still needs its result"):
        y.sum().backward()


@pytest.mark.parametrize("derive", [at.vjp, at.linearize])
def test_a_pullback_or_a_push_after_a_write_is_refused(derive: Any) -> None:
    x = at.tensor([1.0, 2.0])
    _, carry = derive(lambda x: x * x, x)
    x += 1
    with pytest.raises(InPlaceError, match="multiply still needs operand"):
        carry(at.ones(2))


def test_vmap_refuses_a_write_to_what_its_function_has_read() -> None:
    x, c = at.ones((3, 2)), at.ones((2,))

    def f(target: Any) -> Any:
        def g(e: Any) -> Any:
            y = e * c
            target[0] = 7.0
            return y

        return g

    with pytest.raises(InPlaceError, match="multiply still needs operand 2"):
        at.vmap(f(c))(x)
    with pytest.raises(InPlaceError, match=r"overwritten its argument of shape \(3, 2\)"):
        at.vmap(f(x))(x)


def test_explanations_refuse_overwritten_numbers() -> None:
    w, x = leaf(3.0), at.tensor([2.0])
    y = (w * x).sum()
    x[0] = 5.0
    for explain in (lambda: at.explain(y, wrt=w), lambda: at.explain_nan(y)):
        with pytest.raises(InPlaceError, match="multiply still needs operand 2"):
            explain()


def test_a_hook_may_be_the_first_to_write() -> None:
    gc.collect()
    writes.clear()
    w, x = leaf(3.0), at.tensor([2.0])
    z = w * x
    y = z * 1.0

    def hook(g: Any) -> None:
        x[0] = 5.0

    y.register_hook(hook)
    with pytest.raises(InPlaceError, match="multiply still needs operand 2"):
        y.sum().backward()


def test_debug_names_both_lines() -> None:
    with at.debug():
        w, x = leaf(1.0), at.tensor([2.0])
        y = w * x
        x += 1
        with pytest.raises(InPlaceError) as caught:
            y.sum().backward()
    first, second = str(caught.value).splitlines()[1:]
    assert first.startswith("  multiply (1,), made at ")
    assert first.endswith("y = w * x")
    assert second.startswith("  x += v, written at ")
    assert second.endswith("x += 1")


def test_a_write_before_the_use_or_after_backward_disturbs_nothing() -> None:
    w, x = leaf(3.0), at.tensor([2.0])
    for k in range(3):
        x[0] = float(k)
        (w * x).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [3.0]


def test_the_table_forgets_memory_that_is_gone() -> None:
    gc.collect()
    before = len(writes)
    x = at.zeros((2,))
    x[0] = 1.0
    view = x[1:]
    view += 1
    assert len(writes) == before + 1
    del x, view
    gc.collect()
    assert len(writes) == before


def test_threads_write_and_sweep_at_once() -> None:
    wrong: list[Any] = []

    def work(k: float) -> None:
        for _ in range(200):
            w, x = leaf(1.0, 1.0), at.zeros((2,))
            x += k
            (w * x).sum().backward()
            if w.grad is None or w.grad.tolist() != [k, k]:
                wrong.append((k, w.grad))

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
