"""Transforms: per-sample gradients by `vmap(grad(f))`, and a Hessian, beside NumPy by hand, torch.func and HIPS autograd.

Per-sample gradients: a network of 64 inputs, 32 tanh units and one output, squared error, 1,000 samples, float32; every candidate
makes the same four arrays with a gradient for each sample, (1000, 32, 64) the largest. NumPy by hand is the formula written out,
which no engine over NumPy can undercut. Hessian: Rosenbrock's function of 100 variables, float64. All results are compared before
any is timed.
"""

from collections.abc import Callable

import measuring
import numpy as np
from numpy.typing import NDArray

import autotensor as at

Array = NDArray[np.floating]
Result = tuple[Array, ...]
SAMPLES, INPUTS, UNITS, VARIABLES = 1000, 64, 32, 100
PEERS = {"torch": "torch", "autograd": "autograd"}
SAMPLE_AIMS = {"NumPy by hand": "<= 1.5", "torch.func": "<= 1"}
HESSIAN_AIMS = {"HIPS autograd": "<= 0.5", "torch.func": "<= 1"}

generator = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    """Numbers to start from."""
    return (generator.standard_normal(shape) / 4).astype(np.float32)


W1, B1, W2, B2 = normal(UNITS, INPUTS), normal(UNITS), normal(1, UNITS), normal(1)
X, T = normal(SAMPLES, INPUTS), normal(SAMPLES, 1)
POINT = generator.uniform(-1, 1, VARIABLES)


def samples_by_autotensor() -> Callable[[], Result]:
    """The gradient of one sample's loss, mapped over the samples."""

    def loss(parameters, x, t):
        w1, b1, w2, b2 = parameters
        h = at.tanh(at.linear(x, w1) + b1)
        return ((at.linear(h, w2) + b2 - t) ** 2).sum() * 0.5

    each = at.vmap(at.grad(loss), in_axes=(None, 0, 0))
    parameters = tuple(at.tensor(p) for p in (W1, B1, W2, B2))
    x, t = at.tensor(X), at.tensor(T)
    return lambda: tuple(g.numpy() for g in each(parameters, x, t))


def samples_by_numpy() -> Result:
    """The formula written out."""
    h = np.tanh(X @ W1.T + B1)
    e = h @ W2.T + B2 - T
    dh = (e @ W2) * (1 - h * h)
    return dh[:, :, None] * X[:, None, :], dh, e[:, :, None] * h[:, None, :], e


def samples_by_torch() -> Callable[[], Result]:
    """torch.func on one thread."""
    import torch
    from torch.func import grad, vmap

    torch.set_num_threads(1)

    def loss(parameters, x, t):
        w1, b1, w2, b2 = parameters
        h = torch.tanh(torch.nn.functional.linear(x, w1, b1))
        return ((torch.nn.functional.linear(h, w2, b2) - t) ** 2).sum() * 0.5

    each = vmap(grad(loss), in_dims=(None, 0, 0))
    parameters = tuple(torch.from_numpy(p) for p in (W1, B1, W2, B2))
    x, t = torch.from_numpy(X), torch.from_numpy(T)
    return lambda: tuple(g.numpy() for g in each(parameters, x, t))


def rosenbrock(x):
    """The sum of 100 (x[i+1] - x[i]**2)**2 + (1 - x[i])**2."""
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def hessian_by_autotensor() -> Callable[[], Result]:
    """All rows at once."""
    second, point = at.hessian(rosenbrock), at.tensor(POINT)
    return lambda: (second(point).numpy(),)


def hessian_by_autograd() -> Callable[[], Result]:
    """HIPS autograd: a row after another."""
    import autograd

    second = autograd.hessian(rosenbrock)
    return lambda: (second(POINT),)


def hessian_by_torch() -> Callable[[], Result]:
    """torch.func: forward over reverse, the columns by vmap."""
    import torch

    torch.set_num_threads(1)
    second, point = torch.func.hessian(rosenbrock), torch.from_numpy(POINT)
    return lambda: (second(point).numpy(),)


def hessian_by_numpy() -> Result:
    """The formula written out: three diagonals."""
    h = np.zeros((VARIABLES, VARIABLES))
    i = np.arange(VARIABLES - 1)
    h[i, i] = 1200 * POINT[:-1] ** 2 - 400 * POINT[1:] + 2
    h[i + 1, i + 1] += 200
    h[i, i + 1] = h[i + 1, i] = -400 * POINT[:-1]
    return (h,)


def compared(what: str, candidates: dict[str, Callable[[], Result]], expected: Result) -> dict[str, Callable[[], None]]:
    """Stop unless all candidates compute the same; then what the clock runs."""
    for name, compute in candidates.items():
        for got, want in zip(compute(), expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4, err_msg=f"{what} of {name}")
    print(f"{what} agree: {', '.join(candidates)}")
    return {name: discarding(compute) for name, compute in candidates.items()}


def discarding(compute: Callable[[], Result]) -> Callable[[], None]:
    """A sample for the clock: the computation without its result."""

    def sample() -> None:
        compute()

    return sample


def main() -> None:
    """Check, measure, print."""
    options = measuring.options(__doc__, rounds=60, quick=2)
    found = measuring.present(PEERS, alone=options.alone)
    samples = {"autotensor": samples_by_autotensor()}
    hessians = {"autotensor": hessian_by_autotensor()}
    if "torch" in found:
        samples["torch.func"] = samples_by_torch()
        hessians["torch.func"] = hessian_by_torch()
    if "autograd" in found:
        hessians["HIPS autograd"] = hessian_by_autograd()
    samples["NumPy by hand"] = samples_by_numpy
    hessians["NumPy by hand"] = hessian_by_numpy
    measuring.facts()
    timed = compared("per-sample gradients", samples, samples_by_numpy())
    timed_hessians = compared("Hessians", hessians, hessian_by_numpy())
    print(f"\ngradients of {SAMPLES} samples, one by one; {options.rounds} rounds")
    taken = measuring.interleaved(timed, options, warm_up=3)
    measuring.report(taken, subject="autotensor", unit="ms", scale=1e3, aims=SAMPLE_AIMS)
    print(f"Hessian of {VARIABLES} variables; {options.rounds} rounds")
    taken = measuring.interleaved(timed_hessians, options, warm_up=3)
    measuring.report(taken, subject="autotensor", unit="ms", scale=1e3, aims=HESSIAN_AIMS)


if __name__ == "__main__":
    main()
