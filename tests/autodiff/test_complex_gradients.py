"""Complex gradients where they go in and out: dL/dRe + i dL/dIm by every way, tangents as they are, and refusals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.core.errors import ArgumentError, AutotensorError, DTypeError, GraphError

Z = np.array([0.5 - 0.75j, -1.25 + 0.5j])


def z() -> at.Tensor:
    return at.tensor(Z, requires_grad=True)


def test_the_gradient_of_a_real_loss_is_that_of_both_parts() -> None:
    x = z()
    at.square(at.abs(x)).sum().backward()  # Re**2 + Im**2
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.data, 2 * Z, rtol=1e-15)


def test_a_step_against_the_gradient_descends() -> None:
    x = z()
    loss = at.abs(x * x - (1 + 2j)).sum()
    loss.backward()
    assert x.grad is not None
    after = at.abs((x.detach() - 0.01 * x.grad) ** 2 - (1 + 2j)).sum()
    expected = 0.01 * float(np.sum(np.abs(x.grad.data) ** 2))
    assert float(loss) - float(after) == pytest.approx(expected, rel=0.05)


def test_backward_takes_a_gradient_of_a_complex_result() -> None:
    x = z()
    (x * (2 + 1j)).backward(np.array([1, 1j]))
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, np.array([1, 1j]) * (2 - 1j))  # conj(dy/dx) times what comes in


def test_a_real_leaf_in_a_complex_computation_has_a_real_gradient() -> None:
    x = at.tensor([1.0, 2.0], requires_grad=True)
    at.imag(x * (2 + 3j)).sum().backward()
    assert x.grad is not None
    assert (x.grad.dtype, x.grad.tolist()) == (np.float32, [3.0, 3.0])


def test_operands_of_both_kinds_broadcast() -> None:
    a, x = at.tensor(np.array([[1.0], [2.0]]), requires_grad=True), z()
    at.real(a * x).sum().backward()
    assert a.grad is not None
    assert x.grad is not None
    np.testing.assert_allclose(a.grad.data, np.full((2, 1), Z.real.sum()))
    np.testing.assert_array_equal(x.grad.data, np.full(2, 3.0 + 0j))


def test_hooks_and_retained_gradients_have_the_convention_of_grad() -> None:
    x = z()
    y = x * 1j
    y.retain_grad()
    seen: list[at.Tensor] = []
    y.register_hook(seen.append)
    x.register_hook(lambda g: g * 1j)
    at.imag(y).sum().backward()  # Im(i z) = Re z
    assert y.grad is not None
    assert x.grad is not None
    assert seen[0].tolist() == y.grad.tolist() == [1j, 1j]
    assert x.grad.tolist() == [1j, 1j]  # 1 by the rules, times what the hook says


def test_gradients_accumulate() -> None:
    x = z()
    for _ in range(2):
        at.imag(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2j, 2j]


def test_a_recorded_gradient_can_be_differentiated_again() -> None:
    x = z()
    at.real(x**3).sum().backward(create_graph=True)  # the gradient is conj(3 z**2)
    g, x.grad = x.grad, None
    assert g is not None
    np.testing.assert_allclose(g.data, np.conj(3 * Z**2), rtol=1e-14)
    at.imag(g).sum().backward()  # Im conj(3 z**2) = -Im(3 z**2), whose gradient is conj(6i z)... of -Re(-i 3 z**2)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.data, np.conj(6j * Z), rtol=1e-14)


def test_grad_and_vjp_give_what_backward_gives() -> None:
    x = z()

    def loss(x: Any) -> Any:
        return (at.abs(at.exp(x)) * at.angle(x)).sum()

    loss(x).backward()
    assert x.grad is not None
    np.testing.assert_array_equal(at.grad(loss)(Z).data, x.grad.data)
    g = np.array([1 - 2j, 0.5j])
    x.grad = None
    at.sin(x).backward(g)
    _, back = at.vjp(at.sin, Z)
    np.testing.assert_array_equal(back(g)[0].data, x.grad.data)


def test_tangents_are_taken_and_given_as_they_are() -> None:
    t = np.array([1j, 2.0])
    y, moved = at.jvp(at.exp, (Z,), (t,))
    np.testing.assert_allclose(moved.data, y.data * t, rtol=1e-15)
    assert at.jvp(at.conj, (Z,), (t,))[1].tolist() == np.conj(t).tolist()
    np.testing.assert_allclose(at.jvp(at.abs, (Z,), (t,))[1].data, np.real(np.conj(Z) * t) / np.abs(Z), rtol=1e-15)


def test_the_derivative_of_a_gradient_along_a_direction_is_a_finite_difference() -> None:
    def loss(x: Any) -> Any:
        return (at.abs(x) ** 3 + at.real(x * x * x)).sum()

    t = np.array([0.3 - 1j, 1 + 0.5j])
    slope = (at.grad(loss)(Z + 1e-6 * t).data - at.grad(loss)(Z - 1e-6 * t).data) / 2e-6
    np.testing.assert_allclose(at.hvp(loss, Z, t).data, slope, rtol=1e-8)


@pytest.mark.parametrize("mode", ["reverse", "forward", None])
def test_the_jacobian_of_a_holomorphic_function_is_its_derivative(mode: str | None) -> None:
    j = at.jacobian(lambda x: at.matmul(at.tensor([[1, 2j], [3, 4]]), x * x), mode=mode)(Z)
    np.testing.assert_allclose(j.data, np.array([[1, 2j], [3, 4]]) @ np.diag(2 * Z), rtol=1e-15)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_jacobian_of_a_real_result_has_gradients_as_rows(mode: str) -> None:
    j = at.jacobian(lambda x: at.square(at.abs(x)) + at.imag(x[0]), mode=mode)(Z)
    np.testing.assert_allclose(j.data, np.add(np.diag(2 * Z), [[1j, 0], [1j, 0]]), rtol=1e-15)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_jacobian_of_a_complex_result_by_real_inputs_is_complex(mode: str) -> None:
    x = np.array([1.0, 2.0, -1.0])
    j = at.jacobian(at.fft.fft, mode=mode)(x)
    np.testing.assert_allclose(j.data, np.fft.fft(np.eye(3)), atol=1e-15)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_jacobian_of_mixed_containers_has_each_block_of_its_kind(mode: str) -> None:
    j = at.jacobian(lambda p: (p["z"] * p["x"], at.imag(p["z"]) * p["x"]), mode=mode)({"z": 1 + 2j, "x": 3.0})
    assert [[block[key].item() for key in ("z", "x")] for block in j] == [[3, 1 + 2j], [3j, 2]]


def test_the_jacobian_of_a_function_that_is_not_holomorphic_is_refused() -> None:
    for f in (at.conj, lambda x: x * at.abs(x), at.sign):
        with pytest.raises(ArgumentError, match=r"not holomorphic.*at\.real\(f\(x\)\)"):
            at.jacobian(f)(Z)


def test_checkpoints_and_vmap_keep_the_convention() -> None:
    def loss(x: Any) -> Any:
        return at.real(at.exp(x) * at.conj(x)).sum()

    expected = at.grad(loss)(Z)
    np.testing.assert_array_equal(at.grad(at.checkpoint(loss))(Z).data, expected.data)
    np.testing.assert_allclose(at.vmap(at.grad(loss))(Z[:, None]).data[:, 0], expected.data, rtol=1e-15)


def test_a_primitive_of_ones_own_needs_no_conjugate() -> None:
    @at.primitive(partials=(lambda ns, y, x: 3 * ns.square(x),), name="complex_cube")
    def cube(x: Any) -> Any:
        return x * x * x

    np.testing.assert_allclose(at.grad(lambda x: at.real(cube(x)).sum())(Z).data, np.conj(3 * Z**2), rtol=1e-15)
    at.testing.check_grads(cube, Z)


def test_the_gradient_of_abs_and_of_angle_at_0_is_0() -> None:
    for f in (at.abs, at.angle, lambda x: at.real(at.sign(x))):
        assert at.grad(lambda x, f=f: f(x))(0j).item() == 0
        assert np.isfinite(at.hvp(f, 0j, 1 + 1j).item())


REFUSALS: dict[str, tuple[Callable[[], Any], type[AutotensorError], str]] = {
    "a complex loss": (
        lambda: z().sum().backward(),
        DTypeError,
        r"starts from a real number, got complex128.*at\.abs, y\.real or",
    ),
    "grad of a complex result": (lambda: at.grad(at.exp)(1j), DTypeError, r"a real result, got complex64.*at\.abs.*jacobian"),
    "a complex gradient of a real loss": (
        lambda: at.abs(z()).backward(Z),
        DTypeError,
        r"gradient must be real like the tensor \(float64\), got complex128",
    ),
    "a complex cotangent": (lambda: at.vjp(at.abs, 1j)[1](1j), DTypeError, r"a cotangent is real.*\(float32\), got complex64"),
    "a complex tangent": (lambda: at.jvp(at.exp, (1.0,), (1j,)), DTypeError, "a tangent is real where the value is"),
    "a hessian": (lambda: at.hessian(lambda x: at.abs(x).sum())(Z), DTypeError, r"hessian is by real inputs.*at\.complex.*hvp"),
    "a complex gradient set on a real leaf": (
        lambda: setattr(at.tensor([1.0], requires_grad=True), "grad", at.tensor([1j])),
        DTypeError,
        "would lose the imaginary part",
    ),
    "a constant": (lambda: at.tensor([1j]).backward(), GraphError, "this one is a constant"),
    "an optimizer": (
        lambda: at.optim.SGD([z()], lr=0.1),
        DTypeError,
        r"parameter 0 of shape \(2,\) is complex.*at\.complex\(re, im\)",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_has_no_meaning_for_complex_numbers_is_refused(name: str) -> None:
    call, kind, text = REFUSALS[name]
    with pytest.raises(kind, match=text):
        call()


def test_check_grads_checks_both_parts_of_complex_inputs() -> None:
    report = at.testing.check_grads(lambda x, w: at.exp(x) * at.conj(w) / at.abs(w).sum(), Z, Z + 1)
    assert report.verdict == "pass"
    assert report.compared > 100

    @at.primitive(vjp=lambda i, ns, g, y, x: g * ns.conj(y), jvp=lambda ns, t, y, x: t[0] * y, name="conjugated_exp")
    def wrong(x: Any) -> Any:
        return np.exp(x)

    with pytest.raises(at.testing.GradientCheckError, match=r"gradient of inputs\[0\]\.real, reverse mode is wrong"):
        at.testing.check_grads(wrong, Z)


def test_single_precision_is_checked_in_double() -> None:
    report = at.testing.check_grads(at.exp, Z.astype(np.complex64))
    assert report.notes == ("converted to float64 for the check: inputs[0] (complex64)",)


def test_the_complex_step_is_refused_for_complex_results() -> None:
    with pytest.raises(ArgumentError, match="the complex step is for functions with real results"):
        at.testing.check_grads(at.fft.fft, np.ones(3), method="complex")
