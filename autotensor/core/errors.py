"""Every error that autotensor raises on purpose: what was expected, what came, what to do.

Each is also a subclass of the built-in error that a NumPy, PyTorch or Keras user would catch.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np


class AutotensorError(Exception):
    """The base of all errors raised on purpose by autotensor."""

    def happened_in(self, path: str) -> None:
        """Put the path of a module before the message, unless it is named there."""
        if self.args and isinstance(self.args[0], str):
            text = self.args[0]
            named = text.startswith((f"{path}:", f"{path}.")) or (not path[-1:].isdigit() and path in text)
            if not named:
                self.args = (f"{path}: {text}", *self.args[1:])


class ShapeError(AutotensorError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(AutotensorError, TypeError):
    """A type or dtype that the operation does not take."""


class ArgumentError(AutotensorError, ValueError):
    """A setting with a value outside its range."""


class LinAlgError(AutotensorError, np.linalg.LinAlgError):
    """A matrix that the operation cannot take: singular, not positive definite, not finite."""


class UnknownNameError(ArgumentError):
    """A name that stands for nothing; the message suggests the nearest one."""


class UnknownKeywordError(AutotensorError, TypeError):
    """A keyword argument that the callable does not take."""


class IndexRangeError(AutotensorError, IndexError):
    """An index outside its axis."""


class AxisRangeError(ArgumentError, IndexRangeError):
    """An axis that the tensor does not have; a ValueError and an IndexError, as NumPy's."""


class DataError(AutotensorError, ValueError):
    """Data that cannot be trained on: empty, corrupt, of unequal lengths, with labels out of range."""


class DownloadError(AutotensorError, OSError):
    """A data set that could not be fetched."""


class GraphError(AutotensorError, RuntimeError):
    """A step that the recorded graph does not allow."""


class GraphFreedError(GraphError):
    """A second backward through a graph whose saved values are gone."""


class InPlaceError(GraphError):
    """A write in place that a recorded graph does not allow, or that has taken from it what a derivative needs."""


class NonFiniteError(AutotensorError, FloatingPointError):
    """A value or gradient that is NaN or infinite, found by `at.debug(nan="raise")`; `birth` tells its story."""

    birth: Any = None  # a finite.Birth

    def happened_in(self, path: str) -> None:
        """Nothing to add: the story names the module of the birth."""


class BatchingError(GraphError):
    """Inside `vmap`, a step that would take one example's number for all of them."""


class NotBuiltError(AutotensorError, ValueError):
    """A layer or model used before its shapes are known."""


class NotCompiledError(AutotensorError, ValueError):
    """A model trained or evaluated before `compile()`."""


class MissingRuleError(AutotensorError, NotImplementedError):
    """A rule that a subclass should have stated and did not."""


class MissingExtraError(AutotensorError, ImportError):
    """An optional package that is not installed; the message names the extra."""


class MissingRendererError(MissingExtraError):
    """A picture format that needs a renderer which is not installed."""


def did_you_mean(name: object, options: Iterable[str]) -> str:
    """The nearest known name as a sentence to append to a message, or an empty string.

    >>> did_you_mean("adma", ["sgd", "adam", "adamax"])
    " Did you mean 'adam'?"
    """
    names = {option.lower(): option for option in options}
    given = str(name).lower()
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.6)
    near.sort(key=lambda option: sorted(option) != sorted(given))  # letters swapped: "adma" is adam before it is adamax
    return f" Did you mean {names[near[0]]!r}?" if near else ""


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtraError:
    """The error for an optional package that is absent: what needs it and how to get it."""
    return MissingExtraError(
        f"{purpose} needs the package {package!r}, which is not installed. Install it with: pip install 'autotensor[{extra}]'"
    )
