"""What to do about an operation that gives NaN or infinities, for the primitives where that is known."""

from __future__ import annotations

from typing import Literal

_LOG = "keep the operand above 0, at.log(at.clip(x, 1e-7, None)); for the logarithm of 1 + x use at.log1p(x)."
_DIVISOR = "the divisor is 0: add a small number to it, or divide by at.where(b == 0, 1.0, b) and mask the result."
_EXP = (
    "the exponential of more than 88.7 overflows float32 (709 in float64): subtract the maximum first, as at.softmax and "
    "at.logsumexp do, or clip the operand."
)
_OVERFLOW = "the numbers are too large for the dtype: scale them down, lower the learning rate, or compute in float64."
_UNIT = "the operand must lie within -1 and 1: at.clip(x, -1.0, 1.0)."
_INFINITE = "both operands are infinite, or too large for the dtype: find out where they come from, or use large finite numbers."

FORWARD = {
    "log": _LOG,
    "log2": _LOG.replace("at.log(", "at.log2("),
    "log10": _LOG.replace("at.log(", "at.log10("),
    "log1p": "keep the operand above -1: at.log1p(at.clip(x, -1 + 1e-7, None)).",
    "sqrt": "there is no real root below 0: at.sqrt(at.clip(x, 0.0, None)).",
    "divide": _DIVISOR,
    "reciprocal": _DIVISOR,
    "exp": _EXP,
    "exp2": _EXP.replace("88.7", "128").replace("709", "1024"),
    "expm1": _EXP,
    "sinh": _EXP,
    "cosh": _EXP,
    "power": "0 to a negative power is infinite, a negative number to a broken power is NaN: clip the base.",
    "asin": _UNIT,
    "acos": _UNIT,
    "atanh": _UNIT.replace("1.0, 1.0", "0.999999, 0.999999"),
    "acosh": "the operand must be at least 1: at.clip(x, 1.0, None).",
    "add": _OVERFLOW,
    "subtract": _INFINITE,
    "multiply": _OVERFLOW,
    "square": _OVERFLOW,
    "sum": _OVERFLOW,
    "matmul": _OVERFLOW,
    "linear": _OVERFLOW,
    "cast": "the number is too large for the new dtype: scale it down first, or keep the wider dtype.",
}
BACKWARD = {
    "sqrt": "the slope of sqrt at 0 is infinite, and so is a norm's: add a small number, at.sqrt(x + 1e-12).",
    "log": _LOG.replace("keep the operand above 0", "the slope of log at 0 is infinite: keep the operand above 0"),
    "divide": _DIVISOR,
    "reciprocal": _DIVISOR,
    "power": "the slope at 0 of a power below 1 is infinite: add a small number to the base, (x + 1e-12)**b.",
    "asin": "the slope at -1 and 1 is infinite: at.clip(x, -1 + 1e-6, 1 - 1e-6).",
    "acos": "the slope at -1 and 1 is infinite: at.clip(x, -1 + 1e-6, 1 - 1e-6).",
    "exp": _OVERFLOW,
    "multiply": _OVERFLOW,
    "square": _OVERFLOW,
    "matmul": _OVERFLOW,
    "linear": _OVERFLOW,
}
_TRAP = (
    "0 times an infinite slope is NaN. at.where differentiates both branches, also where it does not choose them: give {name} an "
    "operand that is safe there, at.where(ok, at.{name}(at.where(ok, x, 1.0)), 0.0)."
)


def remedy(name: str, case: Literal["forward", "backward", "trap"]) -> str:
    """What to do about primitive `name`; `trap` is a gradient of 0 that met an infinite slope. Empty where nothing is known.

    >>> remedy("sqrt", "forward")
    'there is no real root below 0: at.sqrt(at.clip(x, 0.0, None)).'
    """
    if case == "trap":
        return _TRAP.format(name=name)
    return (FORWARD if case == "forward" else BACKWARD).get(name, "")
