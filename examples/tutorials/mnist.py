"""Program 3 repaired as its error proposes: softmax and sparse_categorical_crossentropy for integer labels."""

from autotensor.keras import datasets
from autotensor.keras.layers import Dense, Flatten
from autotensor.keras.models import Sequential

(x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = Sequential()
model.add(Flatten(input_shape=(28, 28)))
model.add(Dense(128, "relu"))
model.add(Dense(10, "softmax"))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

model.fit(x_train, y_train, epochs=10)
loss, accuracy = model.evaluate(x_test, y_test)
print(f"test accuracy {accuracy:.4f}")
