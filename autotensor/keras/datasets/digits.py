"""Real handwritten digits, 8 x 8 pixels, that ship with the package and need no network."""

from __future__ import annotations

import io
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

TRAIN_EXAMPLES = 1437  # 80 % of 1,797; the file is stored shuffled, so the split depends on no random generator

DigitsPart = tuple[NDArray[np.float32], NDArray[np.int64]]


def load_data() -> tuple[DigitsPart, DigitsPart]:
    """1,797 handwritten digits as `(x_train, y_train), (x_test, y_test)`, the same split on every machine.

    The split is fixed, and that of scikit-learn's `train_test_split(test_size=0.2, random_state=0)`: the file is stored in
    its order, the first 1,437 examples train and the last 360 test. The writers of the test part also occur in the training
    part. Every call returns new arrays that may be written to.

    Shapes: x_train (1437, 64) float32, y_train (1437,) int64, x_test (360, 64) float32, y_test (360,) int64.
    Range: x 0 (paper) to 16 (ink), row by row from the top left; y 0 to 9.
    Source: Alpaydin and Kaynak 1998, UCI Machine Learning Repository, doi.org/10.24432/C50P49, CC BY 4.0; more in
    data/digits.txt.

    >>> from autotensor.keras.datasets import digits
    >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
    >>> x_train.shape, x_test.shape
    ((1437, 64), (360, 64))
    >>> for row in x_train[1].reshape(8, 8):
    ...     print("".join("_-+oO####"[int(ink) // 2] for ink in row))
    _-###+__
    __#++___
    _+#+-___
    _+####__
    _____#o_
    _____+O_
    __o-_OO_
    _-####-_
    >>> int(y_train[1])
    5
    """
    content = (files("autotensor.keras.datasets") / "data" / "digits.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        # C order: the file keeps columns together because they compress better so
        x = np.ascontiguousarray(archive["x"], dtype=np.float32)
        y = archive["y"].astype(np.int64)
    train, test = slice(None, TRAIN_EXAMPLES), slice(TRAIN_EXAMPLES, None)
    # copies: writing to one part must not keep the other in memory
    return (x[train].copy(), y[train].copy()), (x[test].copy(), y[test].copy())
