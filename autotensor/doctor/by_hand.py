"""The work of the self-check in NumPy alone: what autotensor's times are divided by."""

from __future__ import annotations

import numpy as np

from autotensor.core.spec import Array

BATCH = 32


def chain(x: Array, w: Array, b: Array, length: int) -> tuple[Array, Array]:
    """The gradients of sum(h) with respect to w and b, for h = tanh(h * w + b), `length` times from h = x."""
    inputs, outputs = [], []
    h = x
    for _ in range(length):
        inputs.append(h)
        h = np.tanh(h * w + b)
        outputs.append(h)
    g, dw, db = np.ones_like(h), np.zeros_like(w), np.zeros_like(b)
    for before, y in zip(reversed(inputs), reversed(outputs), strict=True):
        g = g * (1 - y * y)
        db = db + g
        dw = dw + g * before
        g = g * w
    return dw, db


class Classifier:
    """64-512-10 with ReLU, softmax and Adam, loss and accuracy counted: the network of the demo."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        shapes = ((64, 512), (512,), (512, 10), (10,))
        self.weights = [(0.05 * generator.standard_normal(shape)).astype(np.float32) for shape in shapes]
        self.m = [np.zeros_like(w) for w in self.weights]
        self.v = [np.zeros_like(w) for w in self.weights]
        self.t = 0

    def epoch(self, x: Array, y: Array) -> float:
        """One pass over the data in random order; returns the mean loss."""
        order = np.random.default_rng(self.t).permutation(len(x))
        total, correct = 0.0, 0
        for start in range(0, len(x), BATCH):
            index = order[start : start + BATCH]
            loss, hits = self.step(x.take(index, axis=0), y.take(index))
            total += loss
            correct += hits
        return total / len(x)

    def step(self, x: Array, y: Array) -> tuple[float, int]:
        """One batch: forward, backward, update; returns the sum of its losses and how many it read."""
        w1, b1, w2, b2 = self.weights
        h = np.maximum(x @ w1 + b1, 0)
        scores = h @ w2 + b2
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        rows = np.arange(len(x))
        loss, hits = float(-np.log(p[rows, y]).sum()), np.count_nonzero(p.argmax(axis=1) == y)
        p[rows, y] -= 1
        p /= len(x)
        d = p @ w2.T * (h > 0)
        self._adam([x.T @ d, d.sum(axis=0), h.T @ p, p.sum(axis=0)])
        return loss, int(hits)

    def _adam(self, gradients: list[Array]) -> None:
        self.t += 1
        rate = 0.001 * (1 - 0.999**self.t) ** 0.5 / (1 - 0.9**self.t)
        for w, m, v, g in zip(self.weights, self.m, self.v, gradients, strict=True):
            m[...] += 0.1 * (g - m)
            v[...] += 0.001 * (g * g - v)
            w[...] -= rate * m / (np.sqrt(v) + 1e-7)
