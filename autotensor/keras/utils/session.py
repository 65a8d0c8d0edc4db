"""State that outlives a model: the automatic names."""

from __future__ import annotations

import gc

from autotensor.keras.names import reset_names


def clear_session(free_memory: bool = True) -> None:
    """Forget automatic names: the next `Dense` is `dense` again; `free_memory` also collects models that nobody holds.

    >>> clear_session(free_memory=False)
    """
    reset_names()
    if free_memory:
        gc.collect()
