"""What backward promises: accumulation, freed graphs, hooks, seeds, dtypes, orders above one and very long chains."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor import Tensor
from autotensor.core.errors import DTypeError, GraphError, GraphFreedError, ShapeError
from autotensor.core.recording import inside


def leaf(data: Any, dtype: Any = None) -> Tensor:
    return at.tensor(data, dtype=dtype, requires_grad=True)


def grad(x: Tensor) -> Any:
    assert x.grad is not None
    return x.grad.tolist()


# accumulation
def test_a_leaf_used_twice_receives_both_parts() -> None:
    x = leaf(3.0)
    (x * x + x).backward()
    assert grad(x) == 7.0


def test_an_intermediate_used_twice_is_passed_once_with_the_sum() -> None:
    x = leaf(2.0)
    y = x * x
    passes = []
    y.register_hook(lambda g: passes.append(g.item()))
    (y * 3 + y).backward()
    assert passes == [4.0]
    assert grad(x) == 16.0


def test_gradients_add_up_over_backwards_and_start_anew_from_none() -> None:
    x = leaf(3.0)
    for expected in (6.0, 12.0):
        (x * x).backward()
        assert grad(x) == expected
    x.grad = None
    (x * x).backward()
    assert grad(x) == 6.0


def test_gradient_of_an_unused_leaf_is_none() -> None:
    x, unused = leaf(1.0), leaf(1.0)
    (x * 2).backward()
    assert unused.grad is None


def test_gradient_of_a_leaf_behind_stop_gradient_is_none() -> None:
    x, y = leaf(2.0), leaf(3.0)
    (at.stop_gradient(x) * y).backward()
    assert x.grad is None
    assert grad(y) == 2.0


def test_a_leaf_is_its_own_result() -> None:
    x = leaf([1.0, 2.0])
    x.backward([3.0, 4.0])
    assert grad(x) == [3.0, 4.0]


def test_a_diamond_of_many_levels_is_swept_once_a_node() -> None:
    x = leaf(1.0, np.float64)
    y = x
    for _ in range(60):  # 2**60 paths
        y = y + y
    y.backward()
    assert grad(x) == 2.0**60


def test_only_what_leads_to_a_leaf_is_computed() -> None:
    x, c = leaf(2.0), at.tensor(0.0)
    y = at.pow(at.add(c, 1.0), x)
    y.backward()
    assert c.grad is None
    assert grad(x) == 0.0


# seeds
def test_the_seed_is_one_for_a_single_element_of_any_shape() -> None:
    for shape in ((), (1,), (1, 1)):
        x = leaf(np.full(shape, 3.0))
        (x * x).backward()
        assert grad(x) == np.full(shape, 6.0).tolist()


@pytest.mark.parametrize("seed", [[1.0, 10.0], np.array([1.0, 10.0]), at.tensor([1.0, 10.0]), np.array([1, 10])])
def test_the_seed_may_be_a_list_an_array_or_a_tensor(seed: Any) -> None:
    x = leaf([1.0, 2.0])
    (x * x).backward(seed)
    assert grad(x) == [2.0, 40.0]
    assert x.grad is not None
    assert x.grad.dtype == np.float32


def test_a_missing_or_misshapen_seed_is_refused() -> None:
    y = leaf([1.0, 2.0]) * 2
    with pytest.raises(ShapeError, match=r"starts from a single element, got shape \(2,\).*y.sum\(\).backward\(\)"):
        y.backward()
    with pytest.raises(ShapeError, match=r"gradient must have the shape of the tensor, \(2,\), got \(3,\)"):
        y.backward([1.0, 2.0, 3.0])
    with pytest.raises(DTypeError, match=r"gradient must be real like the tensor \(float32\), got complex64"):
        y.backward([1j, 1j])


# freed graphs
def test_a_second_backward_names_the_operation_that_was_freed() -> None:
    x = leaf(2.0)
    with inside("model"):
        y = at.tanh(x)
    y.backward()
    with pytest.raises(GraphFreedError, match=r"the values that model: tanh saved .* are gone.*Pass retain_graph=True"):
        y.backward()
    assert issubclass(GraphFreedError, RuntimeError)


def test_a_second_backward_through_a_shared_part_is_refused_too() -> None:
    x = leaf(2.0)
    shared = at.exp(x)
    (shared * 2).backward()
    with pytest.raises(GraphFreedError, match="exp"):
        (shared * 3).backward()


def test_retain_graph_allows_another_backward() -> None:
    x = leaf(2.0)
    y = x**3
    y.backward(retain_graph=True)
    y.backward()
    assert grad(x) == 24.0
    with pytest.raises(GraphFreedError):
        y.backward()


def test_create_graph_retains_unless_told_otherwise() -> None:
    x = leaf(2.0)
    y = x**3
    y.backward(create_graph=True)
    y.backward(create_graph=True, retain_graph=False)
    with pytest.raises(GraphFreedError):
        y.backward()


def test_a_freed_graph_keeps_its_structure_and_drops_its_arrays() -> None:
    x = leaf(np.ones((50, 50)))
    y = at.exp(x)
    z = (y * y).sum()
    array = weakref.ref(y.data)
    node = z.node
    assert node is not None
    del y
    z.backward()
    gc.collect()
    assert array() is None
    assert node.freed
    assert node.parents[0] is not None
    assert node.parents[0].primitive.name == "multiply"
    assert node.parents[0].spec.shape == (50, 50)


# retained gradients and hooks
def test_retain_grad_keeps_an_intermediate_gradient() -> None:
    x = leaf(2.0)
    y = x * 3
    z = y * y
    assert y.grad is None
    y.retain_grad()
    z.backward()
    assert grad(y) == 12.0
    assert grad(x) == 36.0


def test_an_intermediate_gradient_is_not_kept_unasked() -> None:
    x = leaf(2.0)
    y = x * 3
    (y * y).backward()
    assert y.grad is None


def test_a_hook_sees_and_may_replace_the_gradient() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.sum().backward()
    assert seen == [[1.0, 1.0]]
    assert grad(x) == [21.0, 21.0]


def test_a_hook_can_be_removed_even_twice() -> None:
    x = leaf(1.0)
    remove = x.register_hook(lambda g: g * 100)
    x.register_hook(lambda g: g + 1)
    remove()
    remove()
    (x * 2).backward()
    assert grad(x) == 3.0


def test_a_hook_that_removes_itself_runs_once() -> None:
    x = leaf(1.0)
    calls = []

    def once(g: Tensor) -> None:
        calls.append(g.item())
        remove()

    remove = x.register_hook(once)
    for _ in range(2):
        (x * 2).backward()
    assert calls == [2.0]


def test_a_hook_that_returns_something_else_is_refused() -> None:
    x = leaf([1.0, 2.0])
    x.register_hook(lambda g: g.sum())
    with pytest.raises(ShapeError, match=r"a hook returns None or a Tensor of shape \(2,\)"):
        (x * 2).sum().backward()


def test_hooks_run_in_higher_orders_and_are_recorded() -> None:
    x = leaf(3.0)
    x.register_hook(lambda g: g * x)
    (x * x).backward(create_graph=True)
    g, x.grad = x.grad, None
    assert g is not None
    assert g.item() == 18.0  # 2 x * x
    g.backward()
    assert grad(x) == 36.0  # d(2 x**2)/dx = 4 x = 12, times x by the hook


# orders above one
def test_third_order_by_backward_alone() -> None:
    x = leaf(2.0, np.float64)
    orders = []
    y = x**4
    for _ in range(3):
        y.backward(create_graph=True)
        y, x.grad = x.grad, None
        assert y is not None
        orders.append(y.item())
    assert orders == [32.0, 48.0, 48.0]  # 4 x**3, 12 x**2, 24 x


def test_third_order_of_functions_that_mix_rules() -> None:
    x = leaf(0.5, np.float64)
    y: Any = at.sigmoid(x) * at.exp(x)
    for _ in range(3):
        y.backward(create_graph=True)
        y, x.grad = x.grad, None
    h = 1e-2  # third central difference, error h**2
    f = lambda t: np.exp(t) / (1 + np.exp(-t))
    numeric = (f(0.5 + 2 * h) - 2 * f(0.5 + h) + 2 * f(0.5 - h) - f(0.5 - 2 * h)) / (2 * h**3)
    assert abs(y.item() - numeric) < 5e-4


def test_the_mixed_derivative_of_a_power_at_exponent_zero_is_one_over_the_base() -> None:
    x, b = leaf(4.0), leaf(0.0)
    (x**b).backward(create_graph=True)
    g, b.grad = x.grad, None
    assert g is not None
    assert g.item() == 0.0
    g.backward()
    assert grad(b) == 0.25


def test_without_create_graph_a_gradient_is_a_constant() -> None:
    x = leaf(2.0)
    (x**3).backward()
    assert x.grad is not None
    assert not x.grad.requires_grad


def test_create_graph_works_under_no_grad() -> None:
    x = leaf(2.0)
    y = x**3
    with at.no_grad():
        y.backward(create_graph=True)
        assert not at.is_grad_enabled()
    assert x.grad is not None
    assert x.grad.requires_grad


def test_a_gradient_penalty_reaches_the_parameters() -> None:
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (w * x * x).sum().backward(create_graph=True)  # d/dx = 2 w x
    g, w.grad = x.grad, None
    assert g is not None
    (g * g).sum().backward()  # sum 4 w**2 x**2, d/dw = 8 w x**2
    assert grad(w) == [72.0, 256.0]


# dtypes and memory
def test_gradients_have_their_leafs_dtype_in_a_mixed_graph() -> None:
    a, b, c = leaf([1.0, 2.0]), leaf(np.ones(2)), leaf(np.ones(2, np.float16))
    y = (a * b + c) * a
    assert y.dtype == np.float64
    y.sum().backward()
    for x in (a, b, c):
        assert x.grad is not None
        assert x.grad.dtype == x.dtype
    assert grad(a) == [3.0, 5.0]


def test_gradients_of_several_leaves_never_share_memory() -> None:
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    seed = np.ones(2, np.float32)
    (a + b).backward(seed)
    assert a.grad is not None
    assert b.grad is not None
    a.grad.data[:] = 7.0
    assert grad(b) == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]


def test_backward_through_empty_tensors() -> None:
    x = leaf(np.zeros((0, 3)))
    (x * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


def test_backward_needs_a_recorded_tensor() -> None:
    with pytest.raises(GraphError, match=r"backward\(\) needs a recorded tensor, this one is a constant"):
        (at.tensor(1.0) * 2).backward()


# long chains
LONG = 200_000


def chain(x: Tensor, n: int) -> Tensor:
    y = x
    for _ in range(n):
        y = y + 1.0
    return y


def test_a_long_chain_is_swept_without_recursion() -> None:
    x = leaf(0.0)
    y = chain(x, LONG)
    y.backward()
    assert grad(x) == 1.0


@pytest.mark.parametrize("swept", [False, True])
def test_a_long_chain_is_freed_without_recursion(swept: bool) -> None:
    x = leaf(0.0)
    y = chain(x, LONG)
    if swept:
        y.backward()
    alive = weakref.ref(y.node)
    del y
    gc.collect()
    assert alive() is None


def test_a_long_chain_is_differentiated_twice_without_recursion() -> None:
    x = leaf(0.5, np.float64)
    y = x
    for _ in range(5_000):
        y = at.sin(y)
    y.backward(create_graph=True)
    g, x.grad = x.grad, None
    assert g is not None
    g.backward()
    assert np.isfinite(grad(x))


def test_a_long_chain_of_one_operand_used_twice() -> None:
    x = leaf(1.0, np.float64)
    y = x
    for _ in range(20_000):
        y = (y + y) * 0.5
    y.backward()
    assert grad(x) == 1.0
