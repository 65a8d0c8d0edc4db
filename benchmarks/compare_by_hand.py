"""What a person would write for one network: the step in NumPy, the step for `jax.jit`, and the floor under any step.

For one hidden layer of ReLU with softmax and Adam (the floor: for any layers). Loss and hits are computed in every step, as in
`fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from compare_tasks import EPSILON, RATE, KerasTrainer, Work
from fit_tasks import Array, Clock

from autotensor import keras as our_keras

AGREES = 1e-5  # relative, between our loss after every batch and that by hand


def parts(flat: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Views of a flat array, one a shape."""
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]


def number(x: float) -> Array:
    """An array of no axes: NumPy calculates faster with it than with a Python float."""
    return np.array(x, np.float32)


class NumpyTrainer:
    """Every result has its place, made once for each size of batch; Adam is twelve passes over all weights as one vector."""

    def __init__(self, work: Work, clock: Clock) -> None:
        self.work, self.clock, self.generator = work, clock, np.random.default_rng(0)
        weights = work.weights()
        shapes = [w.shape for w in weights]
        self.p, self.g, self.m, self.v, self.a = np.zeros((5, sum(w.size for w in weights)), np.float32)
        self.w1, self.b1, self.w2, self.b2 = parts(self.p, shapes)
        self.dw1, self.db1, self.dw2, self.db2 = parts(self.g, shapes)
        for place, w in zip((self.w1, self.b1, self.w2, self.b2), weights, strict=True):
            place[...] = w
        self.zero, self.rate = number(0), number(0)
        self.tenth, self.thousandth, self.epsilon = number(1 - 0.9), number(1 - 0.999), number(EPSILON)
        self.places: dict[int, SimpleNamespace] = {}
        self.t = 0

    def _places(self, n: int) -> SimpleNamespace:
        """The arrays of a step on `n` samples."""
        features, hidden, outputs = self.work.sizes
        z, e = np.empty((2, n, outputs), np.float32)
        h, d = np.empty((2, n, hidden), np.float32)
        y, flat, best = np.empty((3, n), np.intp)
        return SimpleNamespace(
            x=np.empty((n, features), np.float32),
            y=y,
            h=h,
            d=d,
            z=z,
            e=e,
            flat=flat,
            best=best,
            active=np.empty((n, hidden), bool),
            row=np.empty((n, 1), np.float32),
            own=np.empty(n, np.float32),
            right=np.empty(n, bool),
            first=np.arange(n) * outputs,
            z_flat=z.reshape(-1),
            e_flat=e.reshape(-1),
            share=number(1 / n),
        )

    def step(self, rows: Array) -> tuple[float, int]:
        """One update on these samples; returns the mean loss, and how many were right."""
        n = len(rows)
        s = self.places.get(n) or self.places.setdefault(n, self._places(n))
        self.work.x.take(rows, 0, s.x, "clip")
        self.work.y.take(rows, 0, s.y, "clip")
        np.matmul(s.x, self.w1, out=s.h)
        np.add(s.h, self.b1, out=s.h)
        np.maximum(s.h, self.zero, out=s.h)
        np.matmul(s.h, self.w2, out=s.z)
        np.add(s.z, self.b2, out=s.z)
        s.z.argmax(1, s.best)
        np.equal(s.best, s.y, out=s.right)
        np.maximum.reduce(s.z, 1, out=s.row, keepdims=True)
        np.subtract(s.z, s.row, out=s.z)
        np.add(s.first, s.y, out=s.flat)
        s.z_flat.take(s.flat, 0, s.own, "clip")
        np.exp(s.z, out=s.e)
        np.add.reduce(s.e, 1, out=s.row, keepdims=True)
        np.divide(s.e, s.row, out=s.e)
        np.log(s.row, out=s.row)
        loss = (np.add.reduce(s.row, axis=None) - np.add.reduce(s.own)) / n
        s.e_flat[s.flat] -= 1
        np.multiply(s.e, s.share, out=s.e)
        np.matmul(s.h.T, s.e, out=self.dw2)
        np.add.reduce(s.e, 0, out=self.db2)
        np.matmul(s.e, self.w2.T, out=s.d)
        np.greater(s.h, self.zero, out=s.active)
        np.multiply(s.d, s.active, out=s.d)
        np.matmul(s.x.T, s.d, out=self.dw1)
        np.add.reduce(s.d, 0, out=self.db1)
        self._adam()
        return float(loss), int(np.count_nonzero(s.right))

    def _adam(self) -> None:
        p, g, m, v, a = self.p, self.g, self.m, self.v, self.a
        self.t += 1
        self.rate[...] = RATE * (1 - 0.999**self.t) ** 0.5 / (1 - 0.9**self.t)
        np.subtract(g, m, out=a)
        np.multiply(a, self.tenth, out=a)
        np.add(m, a, out=m)
        np.multiply(g, g, out=a)
        np.subtract(a, v, out=a)
        np.multiply(a, self.thousandth, out=a)
        np.add(v, a, out=v)
        np.sqrt(v, out=a)
        np.add(a, self.epsilon, out=a)
        np.divide(m, a, out=a)
        np.multiply(a, self.rate, out=a)
        np.subtract(p, a, out=p)

    def epochs(self, n: int) -> float:
        self._epoch()
        start = self.clock()
        for _ in range(n):
            self._epoch()
        return self.clock() - start

    def _epoch(self) -> None:
        order = self.generator.permutation(len(self.work.x))
        total = correct = 0.0
        for first in range(0, len(order), self.work.batch):
            rows = order[first : first + self.work.batch]
            loss, hits = self.step(rows)
            total += loss * len(rows)
            correct += hits

    def probabilities(self, x: Array) -> Array:
        z = np.maximum(x @ self.w1 + self.b1, 0) @ self.w2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


def check_trajectory(work: Work, clock: Clock, epochs: int = 2) -> float:
    """Stop unless our compiled `fit` and the step by hand lose the same after every batch; returns the largest difference."""
    trainer = KerasTrainer(work, clock, our_keras)
    losses: list[float] = []
    note = our_keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs: losses.append(logs["loss"]))
    trainer.model.fit(work.x, work.y, batch_size=work.batch, epochs=epochs, shuffle=False, verbose=0, callbacks=[note])
    by_hand = NumpyTrainer(work, clock)
    expected = []
    for _ in range(epochs):
        total = seen = 0.0
        for first in range(0, len(work.x), work.batch):
            rows = np.arange(first, min(first + work.batch, len(work.x)))
            total += by_hand.step(rows)[0] * len(rows)
            seen += len(rows)
            expected.append(total / seen)
    np.testing.assert_allclose(losses, expected, rtol=AGREES, err_msg="the loss of fit and that of the step by hand")
    return float(np.max(np.abs(np.divide(losses, expected) - 1)))


class JaxTrainer:
    """The whole step a `jax.jit` of its own, in donated buffers; `read`: every loss is waited for, else steps queue up."""

    def __init__(self, work: Work, clock: Clock, *, read: bool) -> None:
        import jax
        import jax.numpy as jnp

        self.work, self.clock, self.read, self.generator = work, clock, read, np.random.default_rng(0)
        self.x, self.y = jnp.asarray(work.x), jnp.asarray(work.y)
        p = [jnp.asarray(w) for w in work.weights()]
        self.state: Any = (p, [jnp.zeros_like(w) for w in p], [jnp.zeros_like(w) for w in p], jnp.zeros((), jnp.int32))

        def scores(p: Any, x: Any) -> Any:
            return jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3]

        def loss(p: Any, x: Any, y: Any) -> Any:
            z = scores(p, x)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)
            return -chosen.mean(), (z.argmax(axis=1) == y).sum()

        @partial(jax.jit, donate_argnums=0)
        def step(state: Any, sums: Any, x: Any, y: Any, rows: Any) -> Any:
            p, m, v, t = state
            (value, hits), g = jax.value_and_grad(loss, has_aux=True)(p, x[rows], y[rows])
            t = t + 1
            m = [a + 0.1 * (b - a) for a, b in zip(m, g, strict=True)]
            v = [a + 0.001 * (b * b - a) for a, b in zip(v, g, strict=True)]
            rate = RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            p = [a - rate * b / (jnp.sqrt(c) + EPSILON) for a, b, c in zip(p, m, v, strict=True)]
            return (p, m, v, t), (sums[0] + value * len(rows), sums[1] + hits), value

        self.step = step
        self.sums = (jnp.zeros(()), jnp.zeros((), jnp.int32))
        self.softmax = jax.jit(lambda p, x: jax.nn.softmax(scores(p, x)))

    def epochs(self, n: int) -> float:
        self._epoch()
        start = self.clock()
        for _ in range(n):
            self._epoch()
        return self.clock() - start

    def _epoch(self) -> None:
        order = self.generator.permutation(len(self.x)).astype(np.int32)
        sums, value = self.sums, None
        for first in range(0, len(order), self.work.batch):
            self.state, sums, value = self.step(self.state, sums, self.x, self.y, order[first : first + self.work.batch])
            if self.read:
                float(value)
        float(sums[0])  # the epoch's loss is what every training prints

    def probabilities(self, x: Array) -> Array:
        return np.asarray(self.softmax(self.state[0], x))


class Floor:
    """What no step can undercut: its matrix products, with places for their results, and one pass over the parameters."""

    def __init__(self, work: Work, clock: Clock) -> None:
        self.work, self.clock = work, clock
        generator = np.random.default_rng(0)
        pairs = list(zip(work.sizes, work.sizes[1:], strict=False))
        self.p, self.g = np.zeros((2, sum(w.size for w in work.weights())), np.float32)
        self.weights, self.gradients = (parts(flat[: sum(a * b for a, b in pairs)], pairs) for flat in (self.p, self.g))
        self.p[:] = generator.uniform(0.01, 0.02, self.p.size)
        self.places: dict[int, tuple[list[Array], ...]] = {}
        for n in {work.batch, len(work.x) % work.batch or work.batch}:
            inputs = [generator.uniform(0.01, 0.02, (n, size)).astype(np.float32) for size in work.sizes]
            cotangents = [(a * np.float32(1e-6)) for a in inputs[1:]]  # the parameters stay small for millions of steps
            self.places[n] = (inputs, cotangents, [np.empty_like(a) for a in inputs], [np.empty_like(a) for a in inputs])

    def step(self, n: int) -> None:
        """Products of a batch of `n`, forward and backward, and one pass."""
        inputs, cotangents, outputs, passed = self.places[n]
        for i, w in enumerate(self.weights):
            np.matmul(inputs[i], w, out=outputs[i + 1])
        for i in range(len(self.weights) - 1, -1, -1):
            np.matmul(inputs[i].T, cotangents[i], out=self.gradients[i])
            if i:
                np.matmul(cotangents[i], self.weights[i].T, out=passed[i])
        np.add(self.p, self.g, out=self.p)

    def epochs(self, n: int) -> float:
        sizes = [min(self.work.batch, len(self.work.x) - first) for first in range(0, len(self.work.x), self.work.batch)]
        start = self.clock()
        for _ in range(n):
            for size in sizes:
                self.step(size)
        return self.clock() - start
