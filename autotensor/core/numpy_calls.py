"""NumPy's own functions on Tensors: `np.tanh(t)` and `np.sum(t)` are autotensor's, and are recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotensor.core.errors import AutotensorError, DTypeError
from autotensor.core.namespace import numpy_functions


class NumPyCalls:
    """The two protocols by which NumPy hands a call on to its operands."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **settings: Any) -> Any:
        ours = numpy_functions.get(ufunc)
        if ours is None or method != "__call__" or settings:
            what = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
            why = f" with {', '.join(settings)}=" if ours is not None and settings else ""
            raise DTypeError(
                f"{what}{why} is not available on Tensors. Use the function of autotensor that does it, "
                f"or leave the graph first: {what}(x.numpy())."
            )
        return ours(*operands)

    def __array_function__(self, function: Any, types: Any, operands: Any, settings: Any) -> Any:
        # by name: functions of a module that NumPy loads at first use
        ours = numpy_functions.get(function) or numpy_functions.get(f"{function.__module__}.{function.__name__}")
        if ours is None:
            raise DTypeError(
                f"np.{function.__name__} is not available on Tensors. Use the function of autotensor that does it, "
                f"or leave the graph first: np.{function.__name__}(x.numpy())."
            )
        try:
            return ours(*operands, **settings)
        except AutotensorError:
            raise
        except TypeError as reason:  # a setting that NumPy's function has and ours has not
            raise DTypeError(f"np.{function.__name__} on a Tensor: {reason}.") from None
