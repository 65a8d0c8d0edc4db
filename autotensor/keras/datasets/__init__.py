"""Data to train on: `digits` ships with the package, `mnist` is downloaded on first use."""

from autotensor.keras.datasets import digits, mnist

__all__ = ["digits", "mnist"]
