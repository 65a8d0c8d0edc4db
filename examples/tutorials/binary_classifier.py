"""Program 1: a binary classifier on random data, as it stands in many Keras tutorials. Only the imports are ours."""

import numpy as np

from autotensor.keras.layers import Dense
from autotensor.keras.models import Sequential

rng = np.random.default_rng(0)
data = rng.random((1000, 100))
labels = rng.integers(2, size=(1000, 1))

model = Sequential()
model.add(Dense(32, activation="relu", input_dim=100))
model.add(Dense(1, activation="sigmoid"))
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])

model.fit(data, labels, epochs=10, batch_size=32)
loss, accuracy = model.evaluate(data, labels)
print(f"loss {loss:.4f}, accuracy {accuracy:.4f}")
