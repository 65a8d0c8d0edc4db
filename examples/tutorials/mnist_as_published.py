"""Program 3 as it was published. It cannot train: (n,) labels meet ten outputs. Run it to see what our error says."""

from autotensor.keras import datasets
from autotensor.keras.layers import Dense, Flatten
from autotensor.keras.models import Sequential

(x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = Sequential()
model.add(Flatten(input_shape=(28, 28)))
model.add(Dense(128, "relu"))
model.add(Dense(10, "sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])

model.fit(x_train, y_train, epochs=10)
model.evaluate(x_test, y_test)
