"""What `python -m autotensor demo` shows: a network learns real handwritten digits, and the pictures of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from autotensor import keras
from autotensor.core.errors import ArgumentError
from autotensor.core.tensor import Tensor
from autotensor.pictures import draw, gallery, sparkline, terminal_shows_greys


def run(epochs: int = 10, folder: str = ".") -> None:
    """Train 64-512-10 on 1,437 digits, test it on 360 others, show a few, and write two pictures to `folder`.

    Raises: ArgumentError if `folder` does not exist.
    """
    target = Path(folder)
    if not target.is_dir():
        raise ArgumentError(f"--output must be a folder that exists, got {folder!r}.")
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    print(f"Handwritten digits, 8 x 8 pixels: {len(x_train):,} to learn from, {len(x_test)} to be tested on.\n")

    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()

    start = time.perf_counter()
    history = model.fit(x_train, y_train, epochs=epochs, validation_data=(x_test, y_test))
    seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"\nTrained in {seconds:.1f} s. Of {len(x_test)} digits it has never seen it reads {accuracy:.1%}.")
    print(f"loss      {sparkline(history.history['loss'])}")
    print(f"accuracy  {sparkline(history.history['accuracy'])}\n")

    _show_predictions(model, x_test, y_test)

    loss = model.compute_loss(y=y_test[:4], y_pred=model(Tensor(x_test[:4])))
    loss.backward(retain_graph=True)  # keeps the values, so that the picture shows them beside the gradients
    graph = draw(loss)
    print("Written:")
    print(f"  {graph.save(target / 'digits-graph.svg')}   the computation graph of the loss for four digits")
    curves = target / "digits-curves.svg"
    history.plot(curves)
    print(f"  {curves}  the learning curves")


def _show_predictions(model: keras.Model, x: np.ndarray, y: np.ndarray) -> None:
    """Four digits that it reads and, as far as there are any, two that it misreads."""
    read = model.predict(x, verbose=0).argmax(1)
    wrong = np.flatnonzero(read != y)[:2]
    shown = [*np.flatnonzero(read == y)[: 6 - len(wrong)], *wrong]
    captions = [f"reads {read[i]}" + ("" if read[i] == y[i] else f", is {y[i]}") for i in shown]
    print(gallery([x[i].reshape(8, 8) for i in shown], captions, grey=terminal_shows_greys(sys.stdout)))
    print()
