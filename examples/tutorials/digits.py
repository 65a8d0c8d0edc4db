"""Program 4: handwritten digits, 8 x 8 pixels from 0 to 16, shipped with autotensor."""

from autotensor import keras
from autotensor.keras.layers import Dense
from autotensor.keras.models import Sequential

keras.utils.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()

model = Sequential()
model.add(Dense(512, activation="relu", input_shape=(64,)))
model.add(Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()

model.fit(x_train, y_train, epochs=20)
loss, accuracy = model.evaluate(x_test, y_test)
print(f"test accuracy {accuracy:.4f}")
