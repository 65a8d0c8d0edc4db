"""The tasks of fit.py in NumPy alone: no graph, no checks, fixed buffers, updates in place."""

from typing import Any

import numpy as np
from fit_tasks import BATCH, Array, Clock, Task


class NumpyTrainer:
    """One hidden layer of ReLU with its gradients written out, and Adam or RMSprop over all weights as one vector."""

    def __init__(self, task: Task, clock: Clock) -> None:
        self.task, self.clock, self.generator = task, clock, np.random.default_rng(0)
        features = task.x.shape[1]
        shapes = [(features, task.hidden), (task.hidden,), (task.hidden, task.outputs), (task.outputs,)]
        size = sum(int(np.prod(shape)) for shape in shapes)
        self.weights, self.gradient, self.m, self.v, self.a, self.b = np.zeros((6, size), np.float32)
        self.w1, self.b1, self.w2, self.b2 = self._parts(self.weights, shapes)
        self.dw1, self.db1, self.dw2, self.db2 = self._parts(self.gradient, shapes)
        for w in (self.w1, self.w2):
            limit = np.sqrt(6 / sum(w.shape))
            w[...] = self.generator.uniform(-limit, limit, w.shape)
        self.t = 0

    @staticmethod
    def _parts(vector: Array, shapes: list[Any]) -> list[Array]:
        ends = np.cumsum([np.prod(shape) for shape in shapes])
        return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]

    def _forward(self, x: Array) -> tuple[Array, Array]:
        h = x @ self.w1
        h += self.b1
        np.maximum(h, 0, out=h)
        scores = h @ self.w2
        scores += self.b2
        if self.task.binary:
            return h, 1 / (1 + np.exp(-scores))
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return h, scores

    def epochs(self, n: int) -> float:
        start = self.clock()
        for _ in range(n):
            order = self.generator.permutation(len(self.task.x))
            total = correct = 0.0
            for first in range(0, len(order), BATCH):
                index = order[first : first + BATCH]
                loss, hits = self._step(self.task.x.take(index, axis=0), self.task.y.take(index))
                total += loss
                correct += hits
        return self.clock() - start

    def _step(self, x: Array, y: Array) -> tuple[float, int]:
        h, p = self._forward(x)
        if self.task.binary:
            g = p - y[:, None]
            loss = -np.log(np.clip(np.where(y == 1, p[:, 0], 1 - p[:, 0]), 1e-7, 1)).sum()
            hits = np.count_nonzero((p[:, 0] > 0.5) == y)
        else:
            rows = np.arange(len(x))
            loss = -np.log(np.maximum(p[rows, y], 1e-7)).sum()
            hits = np.count_nonzero(p.argmax(axis=1) == y)
            g = p
            g[rows, y] -= 1
        g /= len(x)
        np.matmul(h.T, g, out=self.dw2)
        np.add.reduce(g, axis=0, out=self.db2)
        d = g @ self.w2.T
        d *= h > 0
        np.matmul(x.T, d, out=self.dw1)
        np.add.reduce(d, axis=0, out=self.db1)
        self._rmsprop() if self.task.binary else self._adam()
        return float(loss), hits

    def _adam(self) -> None:
        g, m, v, a, b = self.gradient, self.m, self.v, self.a, self.b
        self.t += 1
        np.subtract(g, m, out=a)
        a *= 0.1
        m += a
        np.multiply(g, g, out=a)
        a -= v
        a *= 0.001
        v += a
        np.sqrt(v, out=a)
        a += 1e-7
        np.multiply(m, -0.001 * (1 - 0.999**self.t) ** 0.5 / (1 - 0.9**self.t), out=b)
        b /= a
        self.weights += b

    def _rmsprop(self) -> None:
        g, v, a, b = self.gradient, self.v, self.a, self.b
        np.multiply(g, g, out=a)
        a -= v
        a *= 0.1
        v += a
        np.sqrt(v, out=a)
        a += 1e-7
        np.multiply(g, -0.001, out=b)
        b /= a
        self.weights += b

    def probabilities(self, x: Array) -> Array:
        return self._forward(x)[1]
