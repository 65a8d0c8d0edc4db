"""The data sets: `digits` ships with the package, `mnist` is downloaded. Each loads when it is first named."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autotensor.keras.datasets import digits, mnist

__all__ = ["digits", "mnist"]


def __getattr__(name: str) -> Any:
    """A data set; fetching needs urllib and ssl, which programs with data of their own need not load."""
    import importlib

    if name in __all__:
        return importlib.import_module(f"autotensor.keras.datasets.{name}")
    raise AttributeError(f"module 'autotensor.keras.datasets' has no attribute {name!r}")
