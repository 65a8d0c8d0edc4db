"""Peak memory of a forward and a backward pass over a chain of 64 layers: plain, and in eight checkpoints of eight layers.

Counted by tracemalloc, which sees NumPy's arrays; the arrays that exist before the pass (input, parameters) are not counted.
"""

import tracemalloc
from collections.abc import Callable

import measuring
import numpy as np

import autotensor as at
from autotensor import nn

DEPTH, BLOCK, WIDTH = 64, 8, 32


def peak_mib(f: Callable[[at.Tensor], at.Tensor], x: at.Tensor, layers: list[nn.Linear]) -> float:
    """MiB at the highest point of one pass."""
    for layer in layers:
        layer.zero_grad()
    x.grad = None
    tracemalloc.start()
    f(x).sum().backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def main() -> None:
    """Measure both and print the ratio."""
    options = measuring.options(__doc__, rounds=1, quick=1)
    at.random.seed(0)
    layers = [nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH)]
    batch = 64 if options.quick else 8192
    x = at.tensor(np.random.default_rng(0).standard_normal((batch, WIDTH)).astype(np.float32), requires_grad=True)

    def block(first: int) -> Callable[[at.Tensor], at.Tensor]:
        def run(z: at.Tensor) -> at.Tensor:
            for layer in layers[first : first + BLOCK]:
                z = at.tanh(layer(z))
            return z

        return run

    def plain(z: at.Tensor) -> at.Tensor:
        for first in range(0, DEPTH, BLOCK):
            z = block(first)(z)
        return z

    def saving(z: at.Tensor) -> at.Tensor:
        for first in range(0, DEPTH, BLOCK):
            z = at.checkpoint(block(first))(z)
        return z

    measuring.facts()
    without, with_checkpoints = (peak_mib(f, x, layers) for f in (plain, saving))
    print(f"\n{DEPTH} layers of {WIDTH}, batch {batch}: peak of one forward and backward pass")
    print(f"plain                       {without:8.1f} MiB")
    print(f"{DEPTH // BLOCK} checkpoints of {BLOCK} layers   {with_checkpoints:8.1f} MiB")
    print(f"ratio                       {with_checkpoints / without:8.2f}      aim <= 0.25")


if __name__ == "__main__":
    main()
