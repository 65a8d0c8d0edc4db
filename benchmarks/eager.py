"""The eager engine: what one small operation costs, forward and backward, beside PyTorch, MyGrad and HIPS autograd.

The chain h = tanh(h * w + b), 300 times, on 32 float32 numbers: 900 operations, then the gradients of sum(h) with respect to w
and b. The numbers are few, so what is measured is the cost of recording and sweeping. All gradients are compared before any is
timed. Each peer is used as its documentation advises for speed: MyGrad without memory guarding, HIPS autograd's `grad` of a
function, PyTorch on one thread.
"""

from collections.abc import Callable

import measuring
import numpy as np
from numpy.typing import NDArray

import autotensor as at

Array = NDArray[np.float32]
Gradients = tuple[Array, Array]
LENGTH = 300
OPERATIONS = 3 * LENGTH
PEERS = {"torch": "torch", "mygrad": "mygrad", "autograd": "autograd"}
AIMS = {"PyTorch": "<= 0.8 (stretch 0.65)", "MyGrad": "<= 0.3", "HIPS autograd": "<= 0.3"}

generator = np.random.default_rng(0)
X, W, B = (generator.standard_normal(32).astype(np.float32) for _ in range(3))


def by_autotensor() -> Gradients:
    """Tensors, recorded and swept."""
    w, b = at.tensor(W, requires_grad=True), at.tensor(B, requires_grad=True)
    h = at.tensor(X)
    for _ in range(LENGTH):
        h = at.tanh(h * w + b)
    h.sum().backward()
    assert w.grad is not None
    assert b.grad is not None
    return w.grad.numpy(), b.grad.numpy()


def by_numpy_forward() -> None:
    """The values alone."""
    h = X
    for _ in range(LENGTH):
        h = np.tanh(h * W + B)


def by_numpy() -> Gradients:
    """Both passes by hand, and nothing else: what no recording engine over NumPy can undercut."""
    inputs, outputs = [], []
    h = X
    for _ in range(LENGTH):
        inputs.append(h)
        h = np.tanh(h * W + B)
        outputs.append(h)
    g, dw, db = np.ones_like(h), np.zeros_like(W), np.zeros_like(B)
    for x, y in zip(reversed(inputs), reversed(outputs), strict=True):
        g = g * (1 - y * y)
        db = db + g
        dw = dw + g * x
        g = g * W
    return dw, db


def torch_chain() -> Callable[[], Gradients]:
    """PyTorch, eagerly and on one thread."""
    import torch

    torch.set_num_threads(1)
    x, w, b = torch.from_numpy(X), torch.from_numpy(W).requires_grad_(), torch.from_numpy(B).requires_grad_()

    def chain() -> Gradients:
        w.grad = b.grad = None
        h = x
        for _ in range(LENGTH):
            h = torch.tanh(h * w + b)
        h.sum().backward()
        return w.grad.numpy(), b.grad.numpy()

    return chain


def mygrad_chain(*, guarded: bool) -> Callable[[], Gradients]:
    """MyGrad as it comes, or in its fast mode: operands are not locked while the graph lives."""
    import mygrad

    @(mygrad.mem_guard_on if guarded else mygrad.mem_guard_off)
    def chain() -> Gradients:
        w, b = mygrad.tensor(W), mygrad.tensor(B)
        h = X
        for _ in range(LENGTH):
            h = mygrad.tanh(h * w + b)
        h.sum().backward()
        return w.grad, b.grad

    return chain


def autograd_chain() -> Callable[[], Gradients]:
    """HIPS autograd: `grad` of a function."""
    import autograd
    import autograd.numpy as anp

    def loss(w: Array, b: Array) -> Array:
        h = X
        for _ in range(LENGTH):
            h = anp.tanh(h * w + b)
        return anp.sum(h)

    gradients = autograd.grad(loss, (0, 1))
    return lambda: gradients(W, B)


def discarding(chain: Callable[[], Gradients]) -> Callable[[], None]:
    """A sample for the clock: the chain without its result."""

    def sample() -> None:
        chain()

    return sample


def check_gradients(candidates: dict[str, Callable[[], Gradients]]) -> None:
    """Stop unless all candidates compute the same."""
    expected = by_numpy()
    for name, chain in candidates.items():
        for got, want in zip(chain(), expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5, err_msg=f"gradients of {name}")
    print(f"gradients agree: {', '.join(candidates)}")


def main() -> None:
    """Check, measure, print."""
    options = measuring.options(__doc__, rounds=60, quick=2)
    found = measuring.present(PEERS, alone=options.alone)
    candidates: dict[str, Callable[[], Gradients]] = {"autotensor": by_autotensor}
    if "torch" in found:
        candidates["PyTorch"] = torch_chain()
    if "mygrad" in found:
        candidates["MyGrad"] = mygrad_chain(guarded=True)
        candidates["MyGrad, unguarded"] = mygrad_chain(guarded=False)
    if "autograd" in found:
        candidates["HIPS autograd"] = autograd_chain()
    candidates["NumPy by hand"] = by_numpy
    measuring.facts()
    check_gradients(candidates)
    timed = {name: discarding(chain) for name, chain in candidates.items()} | {"NumPy forward alone": by_numpy_forward}
    samples = measuring.interleaved(timed, options, warm_up=3)
    print(f"\n{OPERATIONS} operations on 32 numbers, forward and backward; {options.rounds} rounds")
    measuring.report(samples, subject="autotensor", unit="us/operation", scale=1e6 / OPERATIONS, aims=AIMS)


if __name__ == "__main__":
    main()
