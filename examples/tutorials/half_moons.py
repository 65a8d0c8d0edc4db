"""Program 2: three hidden units on two interleaved half-moons, which no straight line separates. Only the imports are ours."""

import numpy as np

from autotensor.keras.layers import Activation, Dense, Input
from autotensor.keras.models import Sequential
from autotensor.keras.optimizers import Adam
from autotensor.keras.utils import set_random_seed


def half_moons(n, noise, seed):
    """Two half circles of n / 2 points each, one above the other and shifted, with normal noise."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, np.pi, n // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    points = np.concatenate([upper, lower]) + rng.normal(0, noise, (n // 2 * 2, 2))
    return points, np.repeat([0, 1], n // 2)


def best_line(x, y):
    """The accuracy of the best of all straight lines, in 720 directions."""
    best = 0.0
    for angle in np.linspace(0, 2 * np.pi, 720, endpoint=False):
        ordered = y[np.argsort(x @ [np.cos(angle), np.sin(angle)])]
        right = np.cumsum(ordered == 0) + np.sum(ordered == 1) - np.cumsum(ordered == 1)
        best = max(best, right.max() / len(y))
    return best


set_random_seed(3)
x, y = half_moons(400, noise=0.1, seed=0)

model = Sequential()
model.add(Input(shape=(2,)))
model.add(Dense(3))
model.add(Activation("relu"))
model.add(Dense(1))
model.add(Activation("sigmoid"))
model.compile(optimizer=Adam(), loss="binary_crossentropy", metrics=["accuracy"])
model.summary()

model.fit(x, y, epochs=400, batch_size=8, verbose=0)
loss, accuracy = model.evaluate(x, y, verbose=0)
print(f"accuracy {accuracy:.4f}, of the best straight line {best_line(x, y):.4f}")
