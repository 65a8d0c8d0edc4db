"""Program 4 with the data from scikit-learn."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from autotensor import keras
from autotensor.keras.layers import Dense
from autotensor.keras.models import Sequential

keras.utils.set_random_seed(0)
digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(digits.data, digits.target, test_size=0.2, random_state=0)

model = Sequential()
model.add(Dense(512, activation="relu", input_shape=(64,)))
model.add(Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()

model.fit(x_train, y_train, epochs=20)
loss, accuracy = model.evaluate(x_test, y_test)
print(f"test accuracy {accuracy:.4f}")
